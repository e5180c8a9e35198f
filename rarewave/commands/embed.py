"""Write the features that a model has of every segment or window of recordings."""

import argparse

from rarewave.base.errors import DataError
from rarewave.commands import given


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    given.arguments(parser, "a new table, .parquet or .csv")


def run(arguments: argparse.Namespace) -> None:
    """Write features of recordings into a table."""
    given.refuse_out(arguments.out)  # before TensorFlow is loaded
    from rarewave.commands import each_file, embedding

    wishes = each_file.Wishes(arguments.channel, arguments.start_pattern, arguments.any_level)
    if not embedding.embed(arguments.model, arguments.recordings, arguments.out, wishes):
        raise DataError("some recordings were not seen in full: they are named above")
