"""Write spectrograms as grey PNGs without axes, whose pixels can be read back as dB."""

import argparse
from pathlib import Path

from rarewave.base.errors import DataError
from rarewave.commands.channels import channel_of
from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument(
        "recordings",
        nargs="*",
        type=path,
        help="files, or folders of them, as --model sees them; none: the windows of this project's "
        "data set, in a folder for each label",
    )
    parser.add_argument("--model", help="as for detect; needed for recordings")
    parser.add_argument("--out", type=path, default=Path("images"), help="a new folder")
    parser.add_argument("--bits", type=int, choices=(8, 16), default=16, help="of a pixel (16)")
    parser.add_argument("--whole", action="store_true", help="each recording as one picture")
    parser.add_argument("--channel", type=channel_of, help="as for detect")
    parser.add_argument("--any-level", action="store_true", help="as for detect")


def run(arguments: argparse.Namespace) -> None:
    """Write the pictures, and images.json beside them."""
    if arguments.recordings and not arguments.model:
        raise DataError("say with --model which model's eyes the recordings are seen with")
    if arguments.model and not arguments.recordings:
        raise DataError("--model is for recordings: name some, or leave it out for the data set")
    if arguments.whole and not arguments.recordings:
        raise DataError("--whole is for recordings: name some, and a --model")
    from rarewave.commands import each_file, exporting

    if not arguments.recordings:
        exporting.of_data_set(arguments.out, arguments.bits)
        return
    wishes = each_file.Wishes(arguments.channel, None, arguments.any_level)
    given = arguments.model, arguments.recordings, arguments.out, arguments.bits, arguments.whole
    if not exporting.of_recordings(*given, wishes):
        raise DataError("some recordings were not seen in full: they are named above")
