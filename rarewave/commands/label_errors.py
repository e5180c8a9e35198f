"""Labels that are likely wrong, as tables to look through."""

import argparse
from pathlib import Path

from rarewave.annotations.writing import WRITERS
from rarewave.base.errors import DataError
from rarewave.commands.detect import forms_of
from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument(
        "experiments",
        nargs="*",
        metavar="EXP",
        help="as for compare, each with other test windows (default: workspace, the test part of "
        "the last dvc repro)",
    )
    parser.add_argument("--name", help="the folds that crossvalidate --name NAME left, all of them")
    parser.add_argument("--out", type=path, default=Path("label_errors"), help="a new folder")
    parser.add_argument(
        "--count",
        type=int,
        metavar="N",
        help="the N labels that scores contradict most (default: what cleanlab calls errors)",
    )
    parser.add_argument(
        "--format",
        type=forms_of,
        action="extend",
        metavar="FORMAT,...",
        help=f"one or more of {', '.join(WRITERS)} (default: raven,audacity); csv in any case",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write labels that are likely wrong as tables to look through."""
    if arguments.count is not None and arguments.count < 1:
        raise DataError(f"--count is {arguments.count}: at least 1 label is listed")
    if arguments.experiments and arguments.name:
        raise DataError("experiments and --name go apart: give one or the other")
    out = arguments.out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"--out {out} is there, and is no empty folder: name a new one")
    from rarewave.commands import reviewing

    forms = tuple(dict.fromkeys(arguments.format or ["raven", "audacity"]))
    reviewing.label_errors(arguments.experiments, arguments.name, out, forms, arguments.count)
