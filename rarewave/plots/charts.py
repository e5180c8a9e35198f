"""Pictures as PNG, the same bytes for the same numbers."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.plots.style import COLOURS, GREY, figure, save, styled

# More would have no colour of their own, or no place.
_MOST_COLUMNS = 20
_MOST_ROWS = 80


@styled
def stacked_bars(
    path: Path, counts: pd.DataFrame, title: str, unit: str, first: str | None = None
) -> None:
    """Horizontal bars, a row of `counts` each, stacked by column.

    Of many columns the smallest are one, and of many rows not each is named.
    """
    counts = counts.set_axis([str(c) for c in counts.columns], axis=1)
    rest = counts.drop(columns=[first], errors="ignore").sum().sort_values(ascending=False)
    if len(rest) > _MOST_COLUMNS:
        small = list(rest.index[_MOST_COLUMNS - 1 :])
        others = counts[small].sum(axis=1).rename(f"{len(small)} others")
        counts = pd.concat([counts.drop(columns=small), others], axis=1)
    columns = sorted(counts.columns, key=lambda c: c != first)
    rows = np.arange(len(counts))
    made = figure(8, 1.2 + 0.2 * min(len(counts), _MOST_ROWS))
    axes = made.add_subplot()
    left = np.zeros(len(counts))
    palette = itertools.cycle(COLOURS)
    for column in columns:
        colour = GREY if column == first else next(palette)
        right = left + counts[column].to_numpy(float)
        if len(counts) <= _MOST_ROWS:
            axes.barh(rows, right - left, left=left, label=column, color=colour)
        else:
            axes.fill_betweenx(rows, left, right, step="mid", label=column, color=colour)
        left = right
    named = rows[:: -(-len(rows) // _MOST_ROWS)]
    axes.set_yticks(named, [str(counts.index[row]) for row in named], fontsize=6)
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
    for (name, (x, y)), colour in zip(lines.items(), itertools.cycle(COLOURS), strict=False):
        axes.plot(x, y, label=name, color=colour, linewidth=1.6)
        if mark and name in mark:
            axes.plot(*mark[name], "o", color=colour, markersize=6)
    if unit_square:
        axes.set_ylim(-0.02, 1.02)
    if log_x:
        axes.set_xscale("log")
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.set_title(title)
    if 1 < len(lines) <= _MOST_COLUMNS:
        axes.legend()
    elif len(lines) > 1:
        axes.set_title(f"{title} ({len(lines)} curves)")
    save(path, made)


@styled
def scatter(
    path: Path, points: Mapping[str, tuple[NDArray, NDArray]], title: str, x: str, y: str
) -> None:
    """Points of several kinds, each with a colour and a mark of its own."""
    made = figure(7.2, 5.2)
    axes = made.add_subplot()
    marks = itertools.cycle("osD^v<>Ph*Xd")
    looks = zip(points.items(), itertools.cycle(COLOURS), marks, strict=False)
    for (name, places), colour, mark in looks:
        axes.plot(*places, mark, label=name, color=colour, markersize=3, alpha=0.5, linewidth=0)
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), markerscale=2)
    save(path, made)


def over_epochs(
    path: Path,
    history: Sequence[Mapping[str, float]],
    names: Sequence[str],
    title: str,
    label: str,
    unit_square: bool = True,
) -> None:
    """Curves of some columns of a training's history."""
    epochs = np.array([row["epoch"] for row in history])
    lines = {name: (epochs, np.array([row.get(name, np.nan) for row in history])) for name in names}
    curves(path, lines, title, "epoch", label, unit_square=unit_square)
