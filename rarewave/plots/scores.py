"""Pictures of scores: confusion matrix, detectors side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import write_csv
from rarewave.base.tasks import Task
from rarewave.metrics import binary, multiclass
from rarewave.metrics.comparison import NETWORK, SHOWN, Truth
from rarewave.plots.axes import log_scale
from rarewave.plots.charts import curves
from rarewave.plots.style import COLOURS, GREY, Look, figure, looks, save, shortened, styled

_MOST_ROWS = 40  # of classes, each with a row of its own


@styled
def confusion_matrix(
    path: Path, counts: Mapping[str, float], title: str, names: Sequence[str]
) -> None:
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
    axes.set_xticks([0, 1], list(names))
    axes.set_yticks([0, 1], list(names))
    axes.set(xlabel="decided", ylabel="labelled")
    axes.set_title(title)
    save(path, made)


@styled
def grouped_intervals(
    path: Path, table: pd.DataFrame, metrics: Sequence[str], title: str, x_label: str
) -> None:
    """Detectors side by side with 95 % intervals.

    `table` has the columns detector, metric, value, low and high; NaN: no interval is known.
    """
    look = looks(list(dict.fromkeys(table["detector"])))
    step = len(look) + 1
    made = figure(7.5, 0.9 + 0.15 * len(metrics) * step)
    axes = made.add_subplot()
    for d, (detector, one) in enumerate(look.items()):
        rows = table[table["detector"] == detector].set_index("metric")
        axes.plot([], [], one.mark, color=one.colour, markersize=5, label=detector)
        for m, metric in enumerate(metrics):
            if metric not in rows.index or not np.isfinite(rows.loc[metric, "value"]):
                continue
            value, low, high = (float(rows.loc[metric, c]) for c in ("value", "low", "high"))
            axes.plot([low, high], [m * step + d] * 2, color=one.colour, linewidth=1.8)
            axes.plot(value, m * step + d, one.mark, color=one.colour, markersize=5)
    for m in range(1, len(metrics)):
        axes.axhline(m * step - 1, color="#EEEEEE", linewidth=0.8)
    said = [metric.replace("_", " ") for metric in metrics]
    axes.set_yticks([m * step + (step - 2) / 2 for m in range(len(metrics))], said)
    axes.set_ylim(len(metrics) * step - 1, -1)
    lowest = table[table["metric"].isin(metrics)]["low"].min()
    axes.set_xlim(min(0.0, lowest if np.isfinite(lowest) else 0.0) - 0.02, 1.02)
    axes.grid(axis="x", color="#EEEEEE")
    axes.set_xlabel(x_label)
    axes.set_title(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(path, made)


@styled
def matrix(path: Path, table: NDArray[np.float64], classes: Sequence[str], title: str) -> None:
    """Counts of what it was (rows) and what was decided, coloured by their share of the row."""
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    many = len(classes) > _MOST_ROWS
    size = max(4.2, 1.6 + (0.15 if many else 0.42) * len(classes))
    made = figure(size, size * 0.92)
    axes = made.add_subplot()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(table):
        if value:
            ink = "white" if share[i, j] > 0.55 else "black"
            axes.text(
                j, i, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=4 if many else 7
            )
    named = [shortened(str(name), 26) for name in classes]
    small: Any = {"fontsize": 5} if many else {}
    turned: Any = {"rotation": 90} if many else {"rotation": 60, "ha": "right"}
    axes.set_xticks(range(len(classes)), named, **turned, **small)
    axes.set_yticks(range(len(classes)), named, **small)
    axes.set(xlabel="decided", ylabel="labelled")
    axes.set_title(title)
    save(path, made)


@styled
def recall_by_size(
    path: Path, table: pd.DataFrame, counts: NDArray[np.int64], classes: Sequence[str]
) -> None:
    """Recall of each class, with its 95 % interval, by its training windows; CSV and PNG.

    A row for each class, the one with most windows first; of more than 40 classes points against
    their number. `table` has the columns detector, metric, value, low and high; `path` is without
    suffix.
    """
    rows = []
    look = looks(["network", "forest"])
    for detector in look:
        mine = table[table["detector"] == detector].set_index("metric")
        for name, count in zip(classes, counts, strict=True):
            recall = mine.loc[f"recall.{name}"]
            value, low, high = (float(recall[c]) for c in ("value", "low", "high"))
            support = int(mine.loc[f"support.{name}", "value"])
            if not np.isfinite(value):
                continue
            about = {"detector": detector, "class": name, "training_windows": int(count)}
            rows.append(
                about | {"test_windows": support, "recall": value, "low": low, "high": high}
            )
    write_csv(path.with_suffix(".csv"), rows)
    found = pd.DataFrame(rows)
    if not len(found):
        return
    many = found["class"].nunique() > _MOST_ROWS
    made = figure(7.5, 4 if many else 1.2 + 0.28 * found["class"].nunique())
    axes = made.add_subplot()
    (_recall_against_size if many else _recall_in_rows)(axes, found, look)
    axes.grid(color="#EEEEEE", axis="both" if many else "x")
    axes.set_title("Recall by class, from the most training windows to the fewest")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(path.with_suffix(".png"), made)


def _recall_in_rows(axes: Any, found: pd.DataFrame, look: Mapping[str, Look]) -> None:
    size = found.drop_duplicates("class").set_index("class")["training_windows"]
    size = size.sort_values(ascending=False, kind="stable")
    place = {name: row for row, name in enumerate(size.index)}
    for d, (detector, one) in enumerate(look.items()):
        axes.plot([], [], one.mark, color=one.colour, markersize=5, label=detector)
        for row in found[found["detector"] == detector].to_dict("records"):
            at = place[row["class"]] + 0.3 * d - 0.15
            axes.plot([row["low"], row["high"]], [at, at], color=one.colour, linewidth=1.5)
            axes.plot(row["recall"], at, one.mark, color=one.colour, markersize=5)
    axes.set_yticks(range(len(size)), [f"{shortened(str(n), 26)} ({c})" for n, c in size.items()])
    axes.set(xlim=(-0.02, 1.02), ylim=(len(size) - 0.5, -0.5))
    axes.set(xlabel="recall on test, 95 % interval", ylabel="class (training windows)")


def _recall_against_size(axes: Any, found: pd.DataFrame, look: Mapping[str, Look]) -> None:
    for d, (detector, one) in enumerate(look.items()):
        mine = found[found["detector"] == detector]
        at = mine["training_windows"].clip(lower=0.5) * (1 + 0.03 * d)  # side by side
        axes.vlines(at, mine["low"], mine["high"], color=one.colour, linewidth=1, alpha=0.5)
        axes.plot(
            at,
            mine["recall"],
            one.mark,
            color=one.colour,
            markersize=4,
            label=detector,
            linewidth=0,
        )
    log_scale(axes.xaxis, found["training_windows"].clip(lower=0.5).to_numpy(float))
    axes.set(ylim=(-0.03, 1.03), xlabel="training windows of the class")
    axes.set_ylabel("recall on test, 95 % interval")


@styled
def reliability(path: Path, bins: Sequence[Mapping[str, float]], title: str, observed: str) -> None:
    """Share observed in each bin of probability with its 95 % interval, and how many are in it.

    The interval is Wilson's, of cases that are independent; those of one recording are not.

    Parameters
    ----------
    bins : probability, observed (0 to 1) and weight (number of cases) of each that is not empty.
    """
    p, share, weight = (
        np.array([b[k] for b in bins]) for k in ("probability", "observed", "weight")
    )
    made = figure(5.6, 5.0)
    upper, lower = made.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    upper.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    z2 = 1.96**2
    middle = (share + z2 / (2 * weight)) / (1 + z2 / weight)
    half = np.sqrt(z2 * (share * (1 - share) / weight + z2 / (4 * weight**2))) / (1 + z2 / weight)
    upper.vlines(p, middle - half, middle + half, color=COLOURS[0], linewidth=1.2)
    upper.plot(p, share, "o-", color=COLOURS[0], linewidth=1, markersize=5)
    upper.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel=observed)
    upper.set_title(title if len(p) > 2 else f"{title}: {len(p)} of 10 bins hold all")
    edges = np.minimum(np.floor(p * 10), 9) / 10
    lower.bar(edges, weight, width=0.1, align="edge", color=GREY, edgecolor="black", linewidth=0.5)
    log_scale(lower.yaxis, np.append(weight, 1.0))
    lower.set(xlabel="probability given, ten bins", ylabel="cases")
    save(path, made)


def evaluation(
    out: Path,
    task: Task,
    truth: Truth,
    scores: Mapping[str, NDArray[np.float64]],
    thresholds: Mapping[str, float],
) -> None:
    """Confusion, precision and recall, ROC and reliability, for DVC and as PNG.

    Of an event task every detector has a curve, else the network has one for each name. The
    reliability of classes is that of the decided one.

    Parameters
    ----------
    scores : name of the detector to (n, names).
    thresholds : of the network.
    """
    p, pr, roc = scores[NETWORK], {}, {}
    if task.kind == "event":
        for name, values in scores.items():
            pr[name], roc[name] = _curves(truth.y, values[:, 1])
        bins = binary.reliability(truth.y, p[:, 1])
    else:
        told = truth.all
        for k, name in enumerate(task.names):
            if 0 < told[:, k].sum() < len(told):
                pr[name], roc[name] = _curves(told[:, k], p[:, k])
        right = told[np.arange(len(told)), np.argmax(p, axis=1)]
        tagged = told.ravel(), p.ravel()
        bins = binary.reliability(*(tagged if task.kind == "tags" else (right, p.max(axis=1))))
    _confusion(out, task, truth, task.decide(p, thresholds))
    if not pr:
        raise DataError(
            "the test part holds windows of one kind only: there is nothing to tell apart; add "
            "recordings, or change split.test_groups"
        )
    observed = {"event": "share of events", "classes": "share decided rightly",
                "tags": "share of tags that are there"}[task.kind]  # fmt: skip
    first = NETWORK if task.kind == "event" else next(iter(pr))
    _draw_curves(out, pr, roc, bins, first, observed)


def _confusion(out: Path, task: Task, truth: Truth, decided: NDArray[np.bool_]) -> None:
    """What it was and what was decided; of tags, whether each is there in each window."""
    if task.kind == "classes":
        said, names = decided.argmax(axis=1), list(task.names)
        y = multiclass.answered(truth.all, truth.y, said)
        table = multiclass.confusion(y, said, len(names))
        matrix(out / "confusion.png", table, names, "Test, network")
    else:
        tags = task.kind == "tags"
        y = (truth.all if tags else truth.y).ravel().astype(int)
        said = (decided if tags else decided[:, 1]).ravel().astype(int)
        names = ["absent", "present"] if tags else list(task.names)
        counts = binary.confusion(y, said)
        title = "Test, all tags together, network" if tags else "Test windows, network"
        confusion_matrix(out / "confusion.png", counts, title, names)
    _pairs(out / "confusion.csv", y, said, names)


def comparison(out: Path, task: Task, table: pd.DataFrame, counts: NDArray[np.int64]) -> None:
    """Detectors side by side, and for several names their recall against their size."""
    shown = [name for name in SHOWN[task.kind] if name in set(table["metric"])]
    title, label = "Test: network and baselines", "score, 95 % interval"
    grouped_intervals(out / "detectors.png", table, shown, title, label)
    if task.kind != "event":
        recall_by_size(out / "recall_by_size", table, counts, task.names)


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
    observed: str,
) -> None:
    write_csv(out / "pr.csv", _rows("recall", "precision", *pr[first]))
    write_csv(out / "roc.csv", _rows("false_positive_rate", "recall", *roc[first]))
    write_csv(out / "reliability.csv", bins)
    curves(out / "pr.png", pr, "Test: precision and recall", "recall", "precision")
    curves(out / "roc.png", roc, "Test: ROC", "false positive rate", "recall", diagonal=True)
    reliability(out / "reliability.png", bins, "Test: reliability of the network", observed)


def _rows(x_name: str, y_name: str, x: NDArray, y: NDArray) -> list[dict[str, float]]:
    keep = np.unique(np.linspace(0, len(x) - 1, 300).astype(int))
    return [{x_name: float(a), y_name: float(b)} for a, b in zip(x[keep], y[keep], strict=True)]
