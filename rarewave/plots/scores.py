"""Pictures of scores: confusion matrix, detectors side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.files import write_csv
from rarewave.metrics import binary, multiclass
from rarewave.plots.charts import curves
from rarewave.plots.style import COLOURS, figure, save, styled


@styled
def confusion_matrix(path: Path, counts: dict[str, float], title: str) -> None:
    """The four counts, coloured by their share of the row."""
    table = np.array([[counts["tn"], counts["fp"]], [counts["fn"], counts["tp"]]])
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    made = figure(4.2, 3.6)
    axes = made.add_subplot()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(table):
        ink = "white" if share[i, j] > 0.55 else "black"
        name = (("TN", "FP"), ("FN", "TP"))[i][j]
        text = f"{name}\n{value:.0f}\n{share[i, j]:.1%}"
        axes.text(j, i, text, ha="center", va="center", color=ink)
    axes.set_xticks([0, 1], ["background", "event"])
    axes.set_yticks([0, 1], ["background", "event"])
    axes.set(xlabel="decided", ylabel="labelled")
    axes.set_title(title)
    save(path, made)


@styled
def grouped_intervals(
    path: Path, table: pd.DataFrame, metrics: Sequence[str], title: str, x_label: str
) -> None:
    """Detectors side by side with 95 % intervals.

    `table` has the columns detector, metric, value, low and high.
    """
    detectors = list(dict.fromkeys(table["detector"]))
    made = figure(7, 0.8 + 0.22 * len(metrics) * (len(detectors) + 1))
    axes = made.add_subplot()
    for d, detector in enumerate(detectors):
        rows = table[table["detector"] == detector].set_index("metric")
        for m, metric in enumerate(metrics):
            if metric not in rows.index or not np.isfinite(rows.loc[metric, "value"]):
                continue
            at = m * (len(detectors) + 1) + d
            value, low, high = (float(rows.loc[metric, c]) for c in ("value", "low", "high"))
            axes.plot([low, high], [at, at], color=COLOURS[d], linewidth=2)
            axes.plot(value, at, "o", color=COLOURS[d], label=detector if m == 0 else None)
    step = len(detectors) + 1
    axes.set_yticks([m * step + (step - 2) / 2 for m in range(len(metrics))], list(metrics))
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.grid(axis="x", color="#EEEEEE")
    axes.set_xlabel(x_label)
    axes.set_title(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(path, made)


@styled
def matrix(path: Path, table: NDArray[np.float64], classes: Sequence[str], title: str) -> None:
    """Counts of what it was (rows) and what was decided, coloured by their share of the row."""
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    size = max(4.2, 1.6 + 0.42 * len(classes))
    made = figure(size, size * 0.92)
    axes = made.add_subplot()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(table):
        if value:
            ink = "white" if share[i, j] > 0.55 else "black"
            axes.text(j, i, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=7)
    axes.set_xticks(range(len(classes)), list(classes), rotation=60, ha="right")
    axes.set_yticks(range(len(classes)), list(classes))
    axes.set(xlabel="decided", ylabel="labelled")
    axes.set_title(title)
    save(path, made)


@styled
def recall_by_size(
    path: Path, table: pd.DataFrame, counts: NDArray[np.int64], classes: Sequence[str]
) -> None:
    """Recall of each class, with its 95 % interval, over its training windows; CSV and PNG.

    `table` has the columns detector, metric, value, low and high; `path` is without suffix.
    """
    made = figure(7, 4)
    axes = made.add_subplot()
    rows = []
    for d, (detector, colour) in enumerate(zip(("network", "forest"), COLOURS, strict=False)):
        mine = table[table["detector"] == detector].set_index("metric")
        for name, count in zip(classes, counts, strict=True):
            recall = mine.loc[f"recall.{name}"]
            value, low, high = (float(recall[c]) for c in ("value", "low", "high"))
            support = int(mine.loc[f"support.{name}", "value"])
            if not np.isfinite(value):
                continue
            at = max(count, 0.5) * (1 + 0.03 * d)  # side by side, and none lost on a log axis
            axes.plot([at, at], [low, high], color=colour, linewidth=1, alpha=0.5)
            axes.plot(at, value, "o", color=colour, markersize=4, label=detector)
            about = {"detector": detector, "class": name, "training_windows": int(count)}
            rows.append(
                about | {"test_windows": support, "recall": value, "low": low, "high": high}
            )
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.03)
    axes.grid(color="#EEEEEE")
    axes.set(xlabel="training windows of the class", ylabel="recall on test, 95 % interval")
    axes.set_title("Recall by class size")
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    axes.legend(unique.values(), unique.keys(), loc="lower right")
    write_csv(path.with_suffix(".csv"), rows)
    save(path.with_suffix(".png"), made)


def event_plots(
    out: Path, y: NDArray, scores: Mapping[str, NDArray[np.float64]], threshold: float
) -> None:
    """Confusion matrix, PR, ROC and reliability of event detectors, for DVC and as PNG."""
    decided = (scores["network"] >= threshold).astype(int)
    _pairs(out / "confusion.csv", y, decided, ["background", "event"])
    counts = binary.confusion(y, decided)
    confusion_matrix(out / "confusion.png", counts, "Test windows, network")
    pr, roc = {}, {}
    for name, values in scores.items():
        pr[name], roc[name] = _curves(y, values)
    bins = binary.reliability(y, scores["network"])
    _draw_curves(out, pr, roc, bins, "network")


def class_plots(out: Path, y: NDArray, p: NDArray[np.float64], classes: Sequence[str]) -> None:
    """The same for several classes: a curve each; reliability is that of the decided class."""
    decided = multiclass.decide(p)
    _pairs(out / "confusion.csv", y, decided, classes)
    table = multiclass.confusion(y, decided, len(classes))
    matrix(out / "confusion.png", table, classes, "Test, network")
    pr, roc = {}, {}
    for k, name in enumerate(classes):
        if 0 < (y == k).sum() < len(y):
            pr[name], roc[name] = _curves((y == k).astype(np.int8), p[:, k])
    bins = binary.reliability((decided == y).astype(np.int8), p.max(axis=1))
    _draw_curves(out, pr, roc, bins, next(iter(pr)))


def _pairs(path: Path, y: NDArray, decided: NDArray, classes: Sequence[str]) -> None:
    pairs = zip(y, decided, strict=True)
    write_csv(path, [{"actual": classes[a], "predicted": classes[b]} for a, b in pairs])


Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def _curves(y: NDArray, values: NDArray[np.float64]) -> tuple[Curve, Curve]:
    points = binary.curve(y, values)
    recall = points["tp"] / points["positives"]
    precision = points["tp"] / (points["tp"] + points["fp"])
    false = np.concatenate(([0.0], points["fp"] / points["negatives"]))
    return (recall, precision), (false, np.concatenate(([0.0], recall)))


def _draw_curves(
    out: Path,
    pr: dict[str, Curve],
    roc: dict[str, Curve],
    bins: list[dict[str, float]],
    first: str,
) -> None:
    write_csv(out / "pr.csv", _rows("recall", "precision", *pr[first]))
    write_csv(out / "roc.csv", _rows("false_positive_rate", "recall", *roc[first]))
    write_csv(out / "reliability.csv", bins)
    curves(out / "pr.png", pr, "Test: precision and recall", "recall", "precision")
    curves(out / "roc.png", roc, "Test: ROC", "false positive rate", "recall", diagonal=True)
    x, observed = (np.array([b[k] for b in bins]) for k in ("probability", "observed"))
    title, label = "Test: reliability", "share of events"
    shown = {"network": (x, observed)}
    curves(out / "reliability.png", shown, title, "mean probability", label, diagonal=True)


def _rows(x_name: str, y_name: str, x: NDArray, y: NDArray) -> list[dict[str, float]]:
    keep = np.unique(np.linspace(0, len(x) - 1, 300).astype(int))
    return [{x_name: float(a), y_name: float(b)} for a, b in zip(x[keep], y[keep], strict=True)]
