"""What several runs on the same test parts say together: the mean of their probabilities.

`python -m tools.ensemble RUN [RUN ...]`: DVC experiments, or folders of this project. Runs that
hold out the same recordings are members of one ensemble; each part of recordings is scored, then
all of them, with an interval over whole groups. Of classes only.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.experiments.dvc import stored_table
from rarewave.metrics.bootstrap import group_weights, interval
from stages.shared import artifacts

RESAMPLES, SEED = 5000, 1


def scores(run: str) -> pd.DataFrame:
    """Rows of table EVALUATED of an experiment or of a folder."""
    kept = Path(run) / artifacts.EVALUATED
    table = pd.read_parquet(kept) if kept.exists() else stored_table(str(artifacts.EVALUATED), run)
    return table.set_index("window_id").sort_index()


def together(members: list[pd.DataFrame]) -> pd.DataFrame:
    """Whether the mean of the members' probabilities is right, with the group of each row."""
    columns = [c for c in members[0] if c.startswith("p_")]
    p = np.mean([m[columns].to_numpy() for m in members], axis=0)
    told = np.array([c.removeprefix("p_") for c in columns])[p.argmax(axis=1)]
    first = members[0]
    return pd.DataFrame({"right": told == first["label"].to_numpy(), "unit": first["unit"]})


def main() -> None:
    """Print the accuracy of each test part and of all, of the members alone and together."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parts: dict[tuple[str, ...], list[pd.DataFrame]] = defaultdict(list)
    for run in parser.parse_args().runs:
        table = scores(run)
        parts[tuple(table.index)].append(table)
    found = []
    for number, members in enumerate(parts.values(), start=1):
        alone = " ".join(f"{together([m])['right'].mean():.3f}" for m in members)
        found.append(together(members))
        print(f"part {number}: {found[-1]['right'].mean():.3f} together, {alone} alone")
    every = pd.concat(found)
    right, unit = every["right"].to_numpy(float), every["unit"].to_numpy("U")
    weights = group_weights(unit, np.zeros(len(unit)), RESAMPLES, SEED)
    draws = (weights * right).sum(axis=1) / weights.sum(axis=1)
    low, high = interval(right.mean(), draws, len(np.unique(unit)))
    mean = np.mean([part["right"].mean() for part in found])
    print(f"mean of {len(found)} parts {mean:.3f}, all {right.mean():.3f} [{low:.3f}, {high:.3f}]")


if __name__ == "__main__":
    main()
