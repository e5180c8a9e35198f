"""Where the time of the last run went, stage by stage."""

import argparse

from rarewave.base.errors import DataError


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing stands behind the command."""


def run(arguments: argparse.Namespace) -> None:
    """Print where the time of the last run went."""
    from rarewave.base import timing

    rows = timing.last_run()
    if not rows:
        raise DataError("no run yet: dvc repro makes one")
    columns = ("work", "imports", "MLflow", "DVC")
    print(f"{'seconds':<14}" + "".join(f"{name:>10}" for name in columns))
    for row in rows:
        print(f"{row['stage']:<14}" + "".join(f"{row[name]:>10.2f}" for name in columns))
    total = {name: sum(float(row[name]) for row in rows) for name in columns}
    print(f"{'total':<14}" + "".join(f"{total[name]:>10.2f}" for name in columns))
