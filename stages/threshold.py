"""Choose the threshold of the detector and of every baseline on the validation part."""

from pathlib import Path

import numpy as np
import pandas as pd

from rarewave import pictures, thresholds
from rarewave.evaluation import DETECTORS
from rarewave.files import read_json, write_csv, write_json
from rarewave.tables import SCORES, WINDOWS, read_table
from rarewave.thresholds import Objective
from rarewave.windows import BACKGROUND
from stages import common


def main() -> None:
    """Sweep, choose, say how flat the optimum is."""
    (objective,) = common.options("threshold", Objective)
    scores = read_table(Path("artifacts/train/scores.parquet"), SCORES)
    scores = scores[scores["part"] == "validation"]
    windows = read_table(Path("artifacts/clean/windows.parquet"), WINDOWS)
    table = scores.merge(windows, on="window_id", validate="one_to_one")
    y = (table["label"] != BACKGROUND).to_numpy(np.int8)
    grid = read_json(Path("artifacts/clean/frontend.json"))
    hop_s = grid["grid"]["hop_samples"] / grid["clean"]["sample_rate_hz"]

    chosen, sweeps = {}, {}
    for detector, column in DETECTORS.items():
        values = table[column].to_numpy(float)
        sweeps[detector] = thresholds.sweep(y, values, objective.prevalence, hop_s)
        chosen[detector] = thresholds.choose(sweeps[detector], objective)
    write_json(
        Path("artifacts/threshold/threshold.json"),
        {name: found["threshold"] for name, found in chosen.items()},
    )
    write_json(Path("metrics/threshold.json"), chosen["network"])
    write_json(Path("artifacts/threshold/detectors.json"), chosen)
    draw(pd.DataFrame(sweeps["network"]), chosen["network"])


def draw(sweep: pd.DataFrame, chosen: dict[str, float]) -> None:
    """Precision, recall and F1 against the threshold."""
    shown = sweep.iloc[np.unique(np.linspace(0, len(sweep) - 1, 200).astype(int))]
    write_csv(Path("plots/threshold/sweep.csv"), shown.to_dict("records"))
    x = shown["threshold"].to_numpy()
    names = ("precision", "recall", "f1")
    pictures.curves(
        Path("plots/threshold/sweep.png"),
        {name: (x, shown[name].to_numpy()) for name in names},
        f"Validation: threshold {chosen['threshold']:.3f}, "
        f"flat from {chosen['flat_low']:.3f} to {chosen['flat_high']:.3f}",
        "threshold",
        "score",
        mark={name: (chosen["threshold"], chosen[name]) for name in names},
    )


if __name__ == "__main__":
    common.run("threshold", main)
