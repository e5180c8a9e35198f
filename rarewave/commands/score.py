"""Score recordings as a whole, a row each, or each of their segments."""

import argparse

from rarewave.base.errors import DataError
from rarewave.commands import given


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    given.arguments(parser, "a new table, .csv or .parquet")
    parser.add_argument(
        "--segments",
        action="store_true",
        help="a row for each segment (of a network that scores none: window) with its times",
    )
    parser.add_argument(
        "--aggregate",
        choices=("mean", "max"),
        help="of the windows of a recording (default: mean); a network of segments pools them as "
        "it learnt",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the scores of recordings into a table."""
    given.refuse_out(arguments.out)  # before TensorFlow is loaded
    from rarewave.commands import each_file, scoring

    wishes = each_file.Wishes(arguments.channel, arguments.start_pattern, arguments.any_level)
    good = scoring.score(
        arguments.model, arguments.recordings, arguments.out, wishes, arguments.segments,
        arguments.aggregate,
    )  # fmt: skip
    if not good:
        raise DataError(f"some recordings were not seen in full: problem in {arguments.out}")
