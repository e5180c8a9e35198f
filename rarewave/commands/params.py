"""What parameters mean, what they may be and what they are now."""

import argparse
import textwrap
from pathlib import Path

INDENT = 6 * " "


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("section", nargs="?", help="of params.yaml (default: all of them)")


def run(arguments: argparse.Namespace) -> None:
    """Print the parameters of one section, or of all."""
    from rarewave.experiments import meanings, recipes

    for section in [arguments.section] if arguments.section else recipes.SECTIONS:
        groups = meanings.of_section(section, Path("recipes"), Path("params.yaml"))
        for title, rows in groups.items():
            print(f"# {title}")
            for row in rows:
                other = f"   (recipe {recipes.DEFAULT}: {row.default})"
                print(f"{row.name} = {row.value}" + other * (row.value != row.default))
                limits = row.limits + f"; {row.unit}" * bool(row.unit)
                for text in filter(None, (row.text, limits)):
                    print(textwrap.fill(text, 88, initial_indent=INDENT, subsequent_indent=INDENT))
            print()
