"""Find the windows of recordings that are most like one that is given."""

import argparse

from rarewave.annotations.writing import WRITERS
from rarewave.base.errors import DataError
from rarewave.commands.channels import channel_of
from rarewave.commands.detect import forms_of
from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("model", help="as for detect")
    parser.add_argument("query", type=path, help="a recording")
    parser.add_argument(
        "--from", dest="begin", type=float, metavar="S", help="what is looked for begins there, s"
    )
    parser.add_argument(
        "--to", dest="end", type=float, metavar="S", help="and ends there (default: all of it)"
    )
    parser.add_argument(
        "--in",
        dest="places",
        nargs="+",
        type=path,
        required=True,
        metavar="PLACE",
        help="files, folders of them, or an index",
    )
    parser.add_argument("--out", type=path, required=True, metavar="FOLDER", help="a new folder")
    parser.add_argument(
        "--index",
        type=path,
        metavar="FOLDER",
        help="an index that is made or grows by what is in --in and not yet in it; then all of it "
        "is searched",
    )
    parser.add_argument(
        "--count", type=int, default=20, metavar="N", help="windows to find (default: 20)"
    )
    parser.add_argument(
        "--format",
        type=forms_of,
        action="extend",
        metavar="FORMAT,...",
        help=f"one or more of {', '.join(WRITERS)} (default: raven)",
    )
    parser.add_argument("--channel", type=channel_of, help="as for detect")
    parser.add_argument("--start-pattern", metavar="PATTERN", help="as for detect")
    parser.add_argument("--any-level", action="store_true", help="as for detect")


def run(arguments: argparse.Namespace) -> None:
    """Find the windows of recordings that are most like one that is given."""
    span = (arguments.begin, arguments.end)
    if (span[0] is None) != (span[1] is None):
        raise DataError("--from and --to go together: give both or neither")
    if arguments.count < 1:
        raise DataError(f"--count is {arguments.count}: at least 1 window is found")
    out = arguments.out  # before TensorFlow is loaded
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"--out {out} is there, and is no empty folder: name a new one")
    from rarewave.commands import each_file, finding_similar

    wanted = finding_similar.Wanted(
        arguments.query,
        None if span[0] is None else span,
        tuple(arguments.places),
        arguments.index,
        arguments.count,
        tuple(dict.fromkeys(arguments.format or ["raven"])),
    )
    wishes = each_file.Wishes(arguments.channel, arguments.start_pattern, arguments.any_level)
    if not finding_similar.similar(arguments.model, wanted, out, wishes):
        raise DataError("some recordings were not seen in full: they are named above")
