"""Build the network anew and check it layer by layer."""

import argparse
from pathlib import Path

from rarewave.commands.inspect import MODEL
from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("model", nargs="?", type=path, default=MODEL, help="a .keras file")
    parser.add_argument("--out", type=path, default=Path("rebuilt_detector.keras"))


def run(arguments: argparse.Namespace) -> None:
    """Build the network anew, load the weights, compare and save."""
    from rarewave.model import inspection
    from rarewave.networks import kerasfile

    kerasfile.save(inspection.rebuild(arguments.model), arguments.out)
    print(f"{arguments.out}: identical, layer by layer")
