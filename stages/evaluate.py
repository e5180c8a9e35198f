"""Score the test part, beside baselines that had the same split and threshold rule."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave import (
    backend,
    dataset,
    detector,
    evaluation,
    pictures,
    registry,
    scorecards,
    scoring,
    summaries,
)
from rarewave.evaluation import Bootstrap
from rarewave.files import read_json, write_csv, write_json
from rarewave.hyperparameters import Training
from rarewave.tables import EVALUATED, SPLIT, WINDOWS, read_table, write_table
from stages import common, logbook

MODEL = Path("artifacts/train/spectrogram_seismic_detector.keras")
THRESHOLD = Path("artifacts/threshold/threshold.json")


def main() -> None:
    """Score, compare, draw, and log the model."""
    (bootstrap,) = common.options("evaluate", Bootstrap)
    (hyper,) = common.options("train", Training)
    backend.start(hyper.threads)
    model = detector.load(MODEL)
    data = dataset.load(Path("artifacts/npz/lunar_spectrogram_dataset.npz"))
    split = read_table(Path("artifacts/split/split.parquet"), SPLIT)
    windows = read_table(Path("artifacts/clean/windows.parquet"), WINDOWS)
    test = split[split["part"] == "test"]
    rows = test["row"].to_numpy()
    p = model.score(data.X_spec[rows], data.made_by())
    about = windows.set_index("row", drop=False).loc[rows].assign(p_event=p)
    about["unit"] = evaluation.units(about, bootstrap)
    write_table(Path("artifacts/evaluate/scores.parquet"), about, EVALUATED)

    scores = {name: about[c].to_numpy(float) for name, c in evaluation.DETECTORS.items()}
    thresholds = read_json(THRESHOLD)
    y, unit = data.y_all[rows], about["unit"].to_numpy("U")
    table, gains = evaluation.compare(y, data.event_type[rows], unit, scores, thresholds, bootstrap)
    write_csv(Path("artifacts/evaluate/table.csv"), table.to_dict("records"))
    write_json(Path("metrics/evaluate.json"), headline(table, gains))
    print(summaries.text(table))
    draw(y, scores, thresholds, table)
    run = logbook.open_run("evaluate")
    with logbook.clock():
        registry.log_detector(run, MODEL, THRESHOLD, model.front_end)
    logbook.close(run, "evaluate")


def headline(table: pd.DataFrame, gains: dict[str, dict[str, float]]) -> dict[str, Any]:
    """What `dvc exp show` compares; the rest is in artifacts/evaluate/table.csv."""
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
    found["interval"] = {
        m: f"{network.loc[m, 'low']:.3f} to {network.loc[m, 'high']:.3f}"
        for m in ("average_precision", "f1")
    }
    found["gain_over_level"] = gains["level"]
    return found


def draw(
    y: np.ndarray,
    scores: dict[str, np.ndarray],
    thresholds: dict[str, float],
    table: pd.DataFrame,
) -> None:
    """Confusion matrix, PR, ROC and reliability as data for DVC and as PNG."""
    out = Path("plots/evaluate")
    names = np.array(["background", "event"])
    decided = (scores["network"] >= thresholds["network"]).astype(int)
    pairs = zip(names[y], names[decided], strict=True)
    write_csv(
        out / "confusion.csv",
        [{"actual": str(a), "predicted": str(b)} for a, b in pairs],
    )
    scorecards.confusion_matrix(
        out / "confusion.png", scoring.confusion(y, decided), "Test windows, network"
    )
    pr, roc = {}, {}
    for name, values in scores.items():
        points = scoring.curve(y, values)
        recall = points["tp"] / points["positives"]
        precision = points["tp"] / (points["tp"] + points["fp"])
        pr[name] = (recall, precision)
        roc[name] = (
            np.concatenate(([0.0], points["fp"] / points["negatives"])),
            np.concatenate(([0.0], recall)),
        )
    write_csv(out / "pr.csv", _rows("recall", "precision", *pr["network"]))
    write_csv(out / "roc.csv", _rows("false_positive_rate", "recall", *roc["network"]))
    pictures.curves(out / "pr.png", pr, "Test: precision and recall", "recall", "precision")
    pictures.curves(
        out / "roc.png",
        roc,
        "Test: ROC",
        "false positive rate",
        "recall",
        diagonal=True,
    )
    bins = scoring.reliability(y, scores["network"])
    write_csv(out / "reliability.csv", bins)
    x, observed = (np.array([b[k] for b in bins]) for k in ("probability", "observed"))
    pictures.curves(
        out / "reliability.png",
        {"network": (x, observed)},
        "Test: reliability",
        "mean probability",
        "share of events",
        diagonal=True,
    )
    scorecards.grouped_intervals(
        out / "detectors.png",
        table,
        summaries.SHOWN,
        "Test: network and baselines",
        "score, 95 % interval",
    )


def _rows(x_name: str, y_name: str, x: np.ndarray, y: np.ndarray) -> list[dict[str, float]]:
    keep = np.unique(np.linspace(0, len(x) - 1, 300).astype(int))
    return [{x_name: float(a), y_name: float(b)} for a, b in zip(x[keep], y[keep], strict=True)]


if __name__ == "__main__":
    common.run("evaluate", main)
