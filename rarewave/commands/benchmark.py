"""How fast a detector scans, beside its network alone."""

import argparse

from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("model", help="as for detect")
    parser.add_argument("recordings", nargs="+", type=path)


def run(arguments: argparse.Namespace) -> None:
    """Print how fast a detector scans recordings, beside its network alone."""
    from rarewave.commands import benchmarking

    for name, value in benchmarking.benchmark(arguments.model, arguments.recordings).items():
        print(f"{name:<16}{value:12.2f}")
