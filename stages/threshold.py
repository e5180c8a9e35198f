"""Choose the threshold of the detector and of every baseline on the validation part."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.base.classes import multi_hot
from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_csv, write_json
from rarewave.base.tables import SCORES, WINDOWS, read_table, with_scores
from rarewave.metrics import comparison, thresholds
from rarewave.metrics.thresholds import Objective
from rarewave.plots import charts
from stages import common


def main() -> None:
    """Sweep, choose, say how flat the optimum is."""
    (objective,) = common.options("threshold", Objective)
    made = read_json(Path("artifacts/clean/frontend.json"))
    classes = made["classes"]
    schema = with_scores(SCORES, classes)
    scores = read_table(Path("artifacts/train/scores.parquet"), schema)
    scores = scores[scores["part"] == "validation"]
    windows = read_table(Path("artifacts/clean/windows.parquet"), WINDOWS)
    table = scores.merge(windows, on="window_id", validate="one_to_one")
    truth = multi_hot(table["labels"], classes)
    hop_s = made["grid"]["hop_samples"] / made["clean"]["sample_rate_hz"]

    chosen: dict[str, dict[str, dict[str, Any]]] = {}
    sweeps: dict[str, dict[str, Any]] = {}
    for detector, columns in comparison.score_columns(classes).items():
        chosen[detector], sweeps[detector] = {}, {}
        present = {n: c for n, c in columns.items() if truth[:, classes.index(n)].any()}
        for name, column in (present or columns).items():
            y, values = truth[:, classes.index(name)], table[column].to_numpy(float)
            try:
                sweep = thresholds.sweep(y, values, objective.prevalence, hop_s)
            except DataError as error:
                if len(columns) == 1:
                    raise
                raise DataError(f"class {name}: {error}") from None
            sweeps[detector][name] = sweep
            chosen[detector][name] = thresholds.choose(sweep, objective)
        lacking = [name for name in columns if name not in chosen[detector]]
        if lacking:
            middle = float(np.median([c["threshold"] for c in chosen[detector].values()]))
            chosen[detector] |= {name: {"threshold": middle, "borrowed": True} for name in lacking}
            print(
                f"{detector}: validation has no window of {', '.join(lacking)}: these classes take "
                f"the median threshold of the others, {middle:.3g}"
            )
    write_json(
        Path("artifacts/threshold/threshold.json"),
        {d: {n: c["threshold"] for n, c in found.items()} for d, found in chosen.items()},
    )
    network = chosen["network"]
    single = len(network) == 1
    write_json(Path("metrics/threshold.json"), next(iter(network.values())) if single else network)
    write_json(Path("artifacts/threshold/detectors.json"), chosen)
    if single:
        draw(pd.DataFrame(next(iter(sweeps["network"].values()))), next(iter(network.values())))
    else:
        draw(thresholds.mean_sweep(list(sweeps["network"].values())), None)


def draw(sweep: pd.DataFrame, chosen: dict[str, float] | None) -> None:
    """Precision, recall and F1 against the threshold, of one class or the mean of all."""
    shown = sweep.iloc[np.unique(np.linspace(0, len(sweep) - 1, 200).astype(int))]
    write_csv(Path("plots/threshold/sweep.csv"), shown.to_dict("records"))
    x = shown["threshold"].to_numpy()
    names = ("precision", "recall", "f1")
    title = "Validation: mean over classes, each chooses its own threshold"
    if chosen:
        title = f"Validation: threshold {chosen['threshold']:.3f}, "
        title += f"flat from {chosen['flat_low']:.3f} to {chosen['flat_high']:.3f}"
    charts.curves(
        Path("plots/threshold/sweep.png"),
        {name: (x, shown[name].to_numpy()) for name in names},
        title,
        "threshold",
        "score",
        mark={name: (chosen["threshold"], chosen[name]) for name in names} if chosen else None,
    )


if __name__ == "__main__":
    common.run("threshold", main)
