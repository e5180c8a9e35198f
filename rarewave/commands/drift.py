"""Tell how far recordings differ from those that a model learnt from."""

import argparse
from pathlib import Path

from rarewave.base.errors import DataError
from rarewave.commands.channels import channel_of
from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("model", help="as for detect")
    parser.add_argument("recordings", nargs="+", type=path, help="files, or folders of them")
    parser.add_argument("--out", type=path, default=Path("drift"), help="a folder")
    parser.add_argument("--channel", type=channel_of, help="as for detect")


def run(arguments: argparse.Namespace) -> None:
    """Write a table and a picture, and say it in a sentence."""
    from rarewave.commands import drifting, each_file

    wishes = each_file.Wishes(arguments.channel, any_level=True)  # another level is what is asked
    if not drifting.measure(arguments.model, arguments.recordings, arguments.out, wishes):
        raise DataError("some recordings were not seen: they are named above")
