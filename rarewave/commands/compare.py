"""Average precision over experiments, network and baselines."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("experiments", nargs="+", help="names, as dvc exp show prints them")


def run(arguments: argparse.Namespace) -> None:
    """Print average precision over several experiments, each a test part of its own."""
    from rarewave.experiments import comparing

    print(comparing.text(arguments.experiments))
