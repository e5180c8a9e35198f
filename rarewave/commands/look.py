"""Look into a model: its filters, feature maps, and channels that are dead or redundant."""

import argparse
from pathlib import Path

from rarewave.commands.channels import channel_of
from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("model", help="as for detect")
    parser.add_argument(
        "recording",
        nargs="?",
        type=path,
        help="sound or seismic: its windows have feature maps, and channels are counted over them",
    )
    parser.add_argument("--channel", type=channel_of, help="of the recording, as for explain")
    parser.add_argument("--out", type=path, default=Path("look"), help="a folder")
    parser.add_argument(
        "--layers",
        nargs="+",
        metavar="NAME",
        help="convolutions (default: all; inspect lists them)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Draw and count what is in a model."""
    import dataclasses

    from rarewave.explanation import looked_into
    from rarewave.explanation.looking import DEFAULTS
    from rarewave.networks import backend

    backend.start(2)  # another count of threads rounds otherwise, and colours may differ
    layers = tuple(arguments.layers) if arguments.layers else None
    options = dataclasses.replace(DEFAULTS, layers=layers)
    given = arguments.model, arguments.recording, arguments.out, options, arguments.channel
    looked_into.look(*given)
