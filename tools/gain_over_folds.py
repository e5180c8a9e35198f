"""How much better the network tells tags than a baseline, over parts held out in turn.

`python -m tools.gain_over_folds RUN [RUN ...]`: DVC experiments, or folders of this project, each
with another test part. A score is the mean over the parts; its interval and that of the gain are
of recordings drawn anew within each part, the same for both detectors.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.experiments.dvc import stored_table
from rarewave.metrics import tags
from rarewave.metrics.bootstrap import group_weights, interval
from stages.shared import artifacts

SHOWN = ("macro_average_precision", "macro_roc_auc")
RESAMPLES, SEED = 300, 1


def table(run: str, path: Path) -> pd.DataFrame:
    """A table of an experiment or of a folder."""
    kept = Path(run) / path
    return pd.read_parquet(kept) if kept.exists() else stored_table(str(path), run)


def part(run: str, baseline: str) -> NDArray[np.float64]:
    """Scores (1 + resamples, network and baseline, shown) of a run's test part."""
    mine = table(run, artifacts.EVALUATED).set_index("window_id")
    others = table(run, artifacts.BASELINE_SCORES)
    others = others[others["detector"] == baseline].set_index("window_id").loc[mine.index]
    columns = [c for c in mine if c.startswith("p_")]
    names = [c.removeprefix("p_") for c in columns]
    truth = np.array([[name in held for name in names] for held in mine["labels"]], np.int8)
    unit = mine["unit"].to_numpy("U")
    weights = group_weights(unit, np.zeros(len(unit)), RESAMPLES, SEED)
    found = []
    for p in (mine[columns].to_numpy(float), others[columns].to_numpy(float)):
        rests_on, at = tags.known(truth, p), dict.fromkeys(names, 0.5)
        drawn = [np.ones(len(unit)), *weights]
        scores = [tags.measure(truth, p, at, names, w, rests_on) for w in drawn]
        found.append([[one[name] for name in SHOWN] for one in scores])
    return np.array(found).swapaxes(0, 1)


def main() -> None:
    """Print the scores of each part, their means, and the gain."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--baseline", default="forest")
    given = parser.parse_args()
    each = np.stack([part(run, given.baseline) for run in given.runs])
    units = sum(table(run, artifacts.EVALUATED)["unit"].nunique() for run in given.runs)
    for k, name in enumerate(SHOWN):
        folds = ", ".join(f"{one[0, 0, k]:.3f} ({one[0, 1, k]:.3f})" for one in each)
        print(f"{name}, network ({given.baseline}): {folds}")
        network, baseline = each[:, :, 0, k].mean(axis=0), each[:, :, 1, k].mean(axis=0)
        for what, values, low in (
            ("network", network, 0.0),
            (given.baseline, baseline, 0.0),
            ("gain", network - baseline, -1.0),
        ):
            ends = interval(values[0], values[1:], units, low)
            print(f"  {what} {values[0]:.3f} [{ends[0]:.3f}, {ends[1]:.3f}]")


if __name__ == "__main__":
    main()
