"""Scores of several experiments, mean and spread."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("experiments", nargs="+", help="names, as dvc exp show prints them")


def run(arguments: argparse.Namespace) -> None:
    """Print the scores of several experiments, mean and spread."""
    from rarewave.experiments import crossvalidation

    print(crossvalidation.text(crossvalidation.collect(arguments.experiments)))
