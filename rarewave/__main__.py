"""The command line: python -m rarewave COMMAND."""

import argparse
import importlib
import re
import sys
from collections.abc import Sequence

from rarewave.base.ending import one_message

# Files of rarewave/commands, in the order in which they are needed.
COMMANDS = (
    "new", "use", "params", "inspect", "rebuild", "compare", "crossvalidate", "study", "collect",
    "label-errors", "detect", "score", "embed", "similar", "explain", "look", "export-images",
    "drift", "benchmark", "times", "summary",
)  # fmt: skip
SETTING = re.compile(r"\w+(\.\w+)+=")


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments; the first line of a command's file is its help."""
    top = argparse.ArgumentParser(prog="python -m rarewave", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        command = importlib.import_module(f"rarewave.commands.{name.replace('-', '_')}")
        said = (command.__doc__ or "").splitlines()[0].rstrip(".")
        said = said[0].lower() + said[1:]
        made = commands.add_parser(name, help=said, description=said)
        made.set_defaults(run=command.run)
        command.arguments(made)
    return top


def parse(given: Sequence[str]) -> argparse.Namespace:
    """Arguments of a command; section.name=value may stand behind a list, such as --folds 1 2."""
    takes_settings = given[:1] and given[0] in ("use", "crossvalidate", "study")
    settings = [text for text in given if takes_settings and SETTING.match(text)]
    arguments = parser().parse_args([text for text in given if text not in settings])
    if settings:
        arguments.changes = [*arguments.changes, *settings]
    return arguments


def main() -> None:
    """Run a command; what goes wrong ends it with one message and exit code 1."""
    with one_message("rarewave", "stopped"):
        arguments = parse(sys.argv[1:])
        arguments.run(arguments)


if __name__ == "__main__":
    main()
