"""Pictures of scores: confusion matrix, detectors side by side."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.pictures import COLOURS, figure, save, styled


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
