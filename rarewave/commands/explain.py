"""Why a model finds what it finds in one recording."""

import argparse
from pathlib import Path

from rarewave.commands.channels import channel_of
from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("model", help="as for detect")
    parser.add_argument("audio", type=path, help="a recording, sound or seismic")
    parser.add_argument(
        "--channel",
        type=channel_of,
        help="of a sound file: from 1, or mean; of others a pattern, as 'XA.S12.*.MHZ' (default: "
        "the model's)",
    )
    parser.add_argument("--out", type=path, default=Path("explanation"), help="a folder")
    parser.add_argument("--at", type=float, metavar="SECONDS", help="only the window there")
    parser.add_argument("--top", type=int, default=1, metavar="N", help="windows of each class")


def run(arguments: argparse.Namespace) -> None:
    """Say why a model finds what it finds in one recording."""
    from rarewave.explanation import recording

    recording.explain(
        arguments.model,
        arguments.audio,
        arguments.out,
        arguments.at,
        arguments.top,
        arguments.channel,
    )
