"""Pictures as PNG, the same bytes for the same numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rarewave.files import whole

# Okabe and Ito's colours, told apart by colour-blind readers too.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#999999"]
GREY = "#BBBBBB"

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "legend.frameon": False,
}


def figure(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    made = Figure((width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(made)
    return made


def save(path: Path, drawn: Figure) -> None:
    """Write a PNG without dates or program names."""
    with whole(path) as part:
        drawn.savefig(part, format="png", metadata={"Software": None})


def styled(draw: Any) -> Any:
    """Run a drawing function in the common style."""

    def inner(*args: Any, **kwargs: Any) -> Any:
        with mpl.rc_context(_STYLE):
            return draw(*args, **kwargs)

    inner.__doc__ = draw.__doc__
    return inner


@styled
def stacked_bars(
    path: Path, counts: pd.DataFrame, title: str, unit: str, first: str | None = None
) -> None:
    """Horizontal bars, a row of `counts` each, stacked by column."""
    columns = [str(c) for c in counts.columns]
    if first in columns:
        columns = [first, *[c for c in columns if c != first]]
    made = figure(8, 1.2 + 0.2 * len(counts))
    axes = made.add_subplot()
    left = np.zeros(len(counts))
    palette = iter(COLOURS * 4)
    for column in columns:
        colour = GREY if column == first else next(palette)
        values = counts[column].to_numpy(float)
        axes.barh(range(len(counts)), values, left=left, label=column, color=colour)
        left += values
    axes.set_yticks(range(len(counts)), [str(name) for name in counts.index], fontsize=6)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.set_title(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(path, made)


@styled
def curves(
    path: Path,
    lines: dict[str, tuple[NDArray, NDArray]],
    title: str,
    x_label: str,
    y_label: str,
    mark: dict[str, tuple[float, float]] | None = None,
    diagonal: bool = False,
    log_x: bool = False,
    unit_square: bool = True,
) -> None:
    """One or more curves; `mark` adds a dot on the curve of that name."""
    made = figure(5.6, 4.2)
    axes = made.add_subplot()
    if diagonal:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    for (name, (x, y)), colour in zip(lines.items(), COLOURS * 3, strict=False):
        axes.plot(x, y, label=name, color=colour, linewidth=1.6)
        if mark and name in mark:
            axes.plot(*mark[name], "o", color=colour, markersize=6)
    if unit_square:
        axes.set_ylim(-0.02, 1.02)
    if log_x:
        axes.set_xscale("log")
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.set_title(title)
    if len(lines) > 1:
        axes.legend()
    save(path, made)


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


def _explained(axes_pair: Any, case: dict[str, Any], front: dict[str, NDArray]) -> None:
    """Spectrogram with heatmap above, waveform below, on a time axis in UTC where known."""
    upper, lower = axes_pair
    seconds, hertz = front["time_s"], front["frequency_hz"]
    step = seconds[1] - seconds[0]
    shown = hertz <= front["top_hz"]
    extent = (seconds[0] - step / 2, seconds[-1] + step / 2, hertz[0], hertz[shown][-1])
    picture, heat = case["spectrogram"][shown], case["heat"][shown]
    low, high = np.percentile(picture, [5, 99.5])
    look = {"origin": "lower", "aspect": "auto", "extent": extent}
    upper.imshow(picture, cmap="gray", vmin=low, vmax=max(high, low + 1), **look)
    upper.imshow(heat, cmap="inferno", alpha=0.6 * heat, vmin=0, vmax=1, **look)
    upper.set_title(case["title"], fontsize=8)
    wave = case["waveform"]
    times = np.arange(len(wave)) / front["rate_hz"] - front["before_s"]
    lower.plot(times, wave, color="black", linewidth=0.4)
    lower.set_xlim(extent[:2])
    upper.set_xlim(extent[:2])
    upper.tick_params(labelbottom=False)
    lower.set_yticks([])
    ticks = np.linspace(0, front["duration_s"], 4)
    if pd.isna(case["start"]):
        labels = [f"{t:.0f} s" for t in ticks]
    else:
        clock = [case["start"] + pd.Timedelta(seconds=float(t)) for t in ticks]
        labels = [f"{t:.0f} s\n{c:%H:%M:%S}" for t, c in zip(ticks, clock, strict=True)]
    lower.set_xticks(ticks, labels, fontsize=6)
    upper.tick_params(labelsize=6)


@styled
def overlay(path: Path, case: dict[str, Any], front: dict[str, NDArray]) -> None:
    """One explained window.

    `case`: spectrogram and heat (frequencies, frames), waveform (samples), start (UTC), title.
    `front`: time_s, frequency_hz, top_hz, rate_hz, before_s, duration_s.
    """
    made = figure(6, 4.2)
    upper, lower = made.subplots(2, 1, height_ratios=[3, 1])
    _explained((upper, lower), case, front)
    upper.set_ylabel("frequency [Hz]")
    lower.set_ylabel("amplitude")
    start = case["start"]
    day = "" if pd.isna(start) else f", UTC {start:%Y-%m-%d}"
    lower.set_xlabel(f"time from the start of the window{day}")
    save(path, made)


@styled
def contact_sheet(
    path: Path, rows: dict[str, list[dict[str, Any]]], front: dict[str, NDArray]
) -> None:
    """Explained windows side by side, a row for each kind."""
    rows = {kind: cases for kind, cases in rows.items() if cases}
    columns = max(len(cases) for cases in rows.values())
    made = figure(2.3 * columns, 2.4 * len(rows))
    heights = [3, 1] * len(rows)
    grid = made.subplots(2 * len(rows), columns, height_ratios=heights, squeeze=False)
    for r, (kind, cases) in enumerate(rows.items()):
        for c in range(columns):
            pair = grid[2 * r][c], grid[2 * r + 1][c]
            if c < len(cases):
                _explained(pair, cases[c], front)
            else:
                pair[0].axis("off")
                pair[1].axis("off")
        grid[2 * r][0].set_ylabel(f"{kind}\n[Hz]", fontsize=8)
    save(path, made)
