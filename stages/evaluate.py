"""Score the test part, beside baselines that had the same split and threshold rule."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.base.classes import EVENT, binary, indices
from rarewave.base.files import read_json, write_csv, write_json
from rarewave.base.tables import (
    EVALUATED,
    SPLIT,
    WINDOWS,
    assign_scores,
    read_table,
    with_scores,
    write_table,
)
from rarewave.baselines import classical
from rarewave.dataset import archive, targets
from rarewave.experiments import summaries
from rarewave.metrics import comparison, multiclass
from rarewave.metrics.bootstrap import Bootstrap, units
from rarewave.metrics.comparison import Unit
from rarewave.model import detector
from rarewave.networks import backend
from rarewave.plots.scores import class_plots, event_plots, grouped_intervals, recall_by_size
from rarewave.training import few_labels
from rarewave.training.hyperparameters import Training
from stages import common, logbook

MODEL = Path("artifacts/train/spectrogram_seismic_detector.keras")
THRESHOLD = Path("artifacts/threshold/threshold.json")
PLOTS = Path("plots/evaluate")


def main() -> None:
    """Score, compare, draw, and log the model."""
    bootstrap, unit = common.options("evaluate", Bootstrap, Unit)
    (hyper,) = common.options("train", Training)
    backend.start(hyper.threads)
    model = detector.load(MODEL)
    data = archive.load(Path("artifacts/npz/lunar_spectrogram_dataset.npz"))
    split = read_table(Path("artifacts/split/split.parquet"), SPLIT)
    windows = read_table(Path("artifacts/clean/windows.parquet"), WINDOWS)
    classes = list(model.classes)
    rows = split["row"][split["part"] == "test"].to_numpy()
    about = windows.set_index("row", drop=False).loc[rows]
    about["unit"] = units(about, bootstrap)
    p = model.score(data.X_spec[rows], data.made_by())
    about = assign_scores(about, p, classes)
    scored = comparison.per_recording(about, classes) if unit.per == "recording" else about
    write_table(Path("artifacts/evaluate/scores.parquet"), scored, with_scores(EVALUATED, classes))
    if binary(classes):
        table, found = events(scored, read_json(THRESHOLD), bootstrap)
    else:
        y, unit_of = data.y_all, data.labelled_at_once
        training = split["row"][split["part"] == "train"].to_numpy()
        # Of all training windows, also where few labels are used: the rarest stay the same.
        counts = np.bincount(y[training], minlength=len(classes))
        training = few_labels.labelled(y, unit_of, training, hyper.labels, hyper.seed)
        beside = {"network": scored}
        for name, fit in (("forest", classical.fit), ("linear", classical.fit_linear)):
            fitted = fit(data.X_spec, y, training, bootstrap.seed)
            by = assign_scores(
                about, classical.score(fitted, data.X_spec[rows], len(classes)), classes
            )
            beside[name] = by
            if unit.per == "recording":
                beside[name] = comparison.per_recording(by, classes)
        table, found = kinds(beside, counts, classes, bootstrap)
    write_csv(Path("artifacts/evaluate/table.csv"), table.to_dict("records"))
    write_json(Path("metrics/evaluate.json"), found)
    print(summaries.text(table))
    run = logbook.open_run("evaluate")
    logbook.close(run, "evaluate")


def events(
    scored: pd.DataFrame, thresholds: dict[str, dict[str, float]], bootstrap: Bootstrap
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Event or not: network, level and STA/LTA, each at its own threshold."""
    scores = {name: scored[c].to_numpy(float) for name, c in comparison.DETECTORS.items()}
    at = {name: thresholds[name][EVENT] for name in scores}
    y = indices(scored["label"], [targets.BACKGROUND, EVENT])
    kinds, unit = scored["label"].to_numpy("U"), scored["unit"].to_numpy("U")
    table, gains = comparison.compare(y, kinds, unit, scores, at, bootstrap)
    event_plots(PLOTS, y, scores, at["network"])
    shown = summaries.SHOWN
    grouped_intervals(
        PLOTS / "detectors.png", table, shown, "Test: network and baselines", "score, 95 % interval"
    )
    values = table.pivot(index="detector", columns="metric", values="value")
    network = table[table["detector"] == "network"].set_index("metric")
    types = [m for m in network.index if m.startswith("recall.")]
    found: dict[str, Any] = {
        name: {metric: values.loc[name, metric] for metric in ("average_precision", "f1")}
        for name in values.index
    }
    found["network"] = network["value"].drop(types).to_dict()
    found["network"]["recall_per_type"] = {
        m.removeprefix("recall."): network.loc[m, "value"] for m in types
    }
    found["interval"] = intervals(network, ("average_precision", "f1"))
    found["gain_over_level"] = gains["level"]
    return table, found


def kinds(
    beside: dict[str, pd.DataFrame],
    counts: np.ndarray,
    classes: list[str],
    bootstrap: Bootstrap,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Several classes: network and baselines, each by its most probable class."""
    columns = [f"p_{name}" for name in classes]
    scores = {name: table[columns].to_numpy() for name, table in beside.items()}
    scored = beside["network"]
    y, unit = indices(scored["label"], classes), scored["unit"].to_numpy("U")
    table, gains = multiclass.compare(y, unit, scores, counts, classes, bootstrap)
    class_plots(PLOTS, y, scores["network"], classes)
    recall_by_size(PLOTS / "recall_by_size", table, counts, classes)
    shown = [m for m in multiclass.OVERALL if m in set(table["metric"])]
    grouped_intervals(
        PLOTS / "detectors.png", table, shown, "Test: network and baselines", "score, 95 % interval"
    )
    values = table.pivot(index="detector", columns="metric", values="value")
    network = table[table["detector"] == "network"].set_index("metric")
    found: dict[str, Any] = {
        name: {m: values.loc[name, m] for m in ("accuracy", "macro_f1", "rare_recall")}
        for name in values.index
    }
    found["network"] = network["value"].loc[list(multiclass.OVERALL)].to_dict()
    for metric in ("f1", "recall"):
        found["network"][f"{metric}_per_class"] = {
            name: network.loc[f"{metric}.{name}", "value"] for name in classes
        }
    found["training_windows"] = dict(zip(classes, counts.tolist(), strict=True))
    found["interval"] = intervals(network, ("accuracy", "macro_f1", "rare_recall"))
    found |= {f"gain_over_{name}": gains[name] for name in ("forest", "linear")}
    return table, found


def intervals(network: pd.DataFrame, metrics: tuple[str, ...]) -> dict[str, str]:
    """95 % intervals as text, for `dvc exp show`."""
    return {m: f"{network.loc[m, 'low']:.3f} to {network.loc[m, 'high']:.3f}" for m in metrics}


if __name__ == "__main__":
    common.run("evaluate", main)
