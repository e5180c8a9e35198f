"""Choose the threshold of the detector and of every baseline on the validation part."""

from typing import Any

import numpy as np
import pandas as pd

from rarewave.base.files import write_csv, write_json
from rarewave.base.notices import WARNINGS, Notice, listed
from rarewave.base.tasks import Task
from rarewave.metrics import notices, thresholds
from rarewave.metrics.comparison import NETWORK
from rarewave.metrics.thresholds import Objective
from rarewave.plots import charts
from stages.shared import artifacts, params
from stages.shared.run import run
from stages.shared.whole import on_grid


def main() -> None:
    """Sweep, choose, say how flat the optimum is."""
    (objective,) = params.options("threshold", Objective)
    made = artifacts.about_clean()
    task = Task.from_dict(made["task"])
    rate = made["clean"]["sample_rate_hz"]
    hop_s, window_s = (made["grid"][f"{n}_samples"] / rate for n in ("hop", "window"))
    scores = validation(task)
    chosen: dict[str, dict[str, dict[str, Any]]] = {}
    off: list[Notice] = []
    for detector, table in scores.groupby("detector", sort=False):
        truth = task.truth(table["labels"])
        name = str(detector)
        chosen[name], sweeps = thresholds.of_each(task, truth, table, objective, hop_s, name)
        if detector == NETWORK:
            draw(chosen[name], sweeps)
            off = notices.at_the_edge(chosen[name], sweeps)
    values = {d: {n: c["threshold"] for n, c in found.items()} for d, found in chosen.items()}
    write_json(artifacts.THRESHOLD, values)
    shown = {
        d: {n: thresholds.told(c, window_s) for n, c in found.items()}
        for d, found in chosen.items()
    }
    write_json(artifacts.THRESHOLDS, shown)
    mine = shown[NETWORK]
    each = {f"({name})" if name == WARNINGS else name: told for name, told in mine.items()}
    found = next(iter(mine.values())) if len(mine) == 1 else each
    write_json(artifacts.metrics("threshold"), found | listed(off))


def validation(task: Task) -> pd.DataFrame:
    """Scores of all detectors with the labels: of the grid where training has windows on calls."""
    if parts := on_grid(task):
        return parts["validation"]
    labels = artifacts.windows()[["window_id", "labels"]]
    network = artifacts.scores(artifacts.TRAINED, labels["window_id"], task)
    others = artifacts.scores(artifacts.BASELINE_SCORES, labels["window_id"], task)
    scores = pd.concat([network.assign(detector=NETWORK), others])
    return scores[scores["part"] == "validation"].merge(labels, on="window_id", how="left")


def draw(chosen: dict[str, dict[str, Any]], sweeps: dict[str, thresholds.Sweep]) -> None:
    """Precision, recall and F1 against the threshold, of one class or the mean of all."""
    names, single = ("precision", "recall", "f1"), next(iter(chosen.values()))
    title, mark = "Validation: mean over classes, each chooses its own threshold", None
    sweep = thresholds.mean_sweep(list(sweeps.values()))
    if len(chosen) == 1:
        sweep = pd.DataFrame(next(iter(sweeps.values())))
        title = f"Validation: threshold {single['threshold']:.3f}, "
        title += f"flat from {single['flat_low']:.3f} to {single['flat_high']:.3f}"
        mark = {name: (single["threshold"], single[name]) for name in names}
    kept = np.linspace(0, len(sweep) - 1, 200).astype(int)
    if len(chosen) == 1:  # decisions at a threshold are those at the lowest score that reaches it
        kept = np.append(kept, int((sweep["threshold"] >= single["threshold"]).sum()) - 1)
    shown = sweep.iloc[np.unique(kept)]
    folder = artifacts.plots("threshold")
    write_csv(folder / "sweep.csv", shown.to_dict("records"))
    rising = shown[::-1]
    curves = {name: (rising["threshold"].to_numpy(), rising[name].to_numpy()) for name in names}
    charts.curves(folder / "sweep.png", curves, title, "threshold", "score", mark=mark, steps=True)


if __name__ == "__main__":
    run("threshold", main, needs_labels=True)
