"""An experiment for every fold, and their scores."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("--folds", nargs="+", type=int, default=[], help="(default: all)")
    parser.add_argument("--name", default="fold", help="of the experiments, a number behind it")
    parser.add_argument("changes", nargs="*", metavar="section.name=value", help="for all folds")


def run(arguments: argparse.Namespace) -> None:
    """Run an experiment for every fold, then print their scores, mean and spread."""
    from rarewave.experiments import crossvalidation

    names = crossvalidation.run(arguments.folds, arguments.changes, arguments.name)
    print(crossvalidation.text(crossvalidation.collect(names)))
