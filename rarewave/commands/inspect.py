"""Layers, shapes, parameters and statistics of weights."""

import argparse
from pathlib import Path

from rarewave.commands.paths import path

MODEL = Path("artifacts/train/detector.keras")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("model", nargs="?", type=path, default=MODEL, help="a .keras file")


def run(arguments: argparse.Namespace) -> None:
    """Print layers, shapes, parameters and statistics of weights."""
    from rarewave.model import inspection

    model = inspection.load(arguments.model)
    print(f"{'layer':<12}{'kind':<24}{'output':<16}{'array':<16}{'count':>8}", end="")
    print("".join(f"{name:>10}" for name in ("mean", "std", "min", "max")))
    for row in inspection.layer_table(model):
        print(f"{row['layer']:<12}{row['kind']:<24}{row['output']:<16}", end="")
        print(f"{row['array']:<16}{row['count']:>8,}", end="")
        print("".join(f"{row[n]:>10.4f}" for n in ("mean", "std", "min", "max") if n in row))
    found = inspection.totals(model)
    print(f"\nweights {found['weights']:,}; with the optimiser's {found['with_optimiser']:,}")
