"""Experiments side by side: scores, paired differences, and the parameters that differ."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument(
        "experiments", nargs="+", metavar="EXP",
        help="a name as dvc exp show prints it, a revision of Git, or workspace",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Print experiments side by side, best first."""
    from rarewave.experiments import comparing

    print(comparing.text(arguments.experiments))
