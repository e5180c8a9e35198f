"""Pictures as PNG, the same bytes for the same numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.plots.axes import round_ticks
from rarewave.plots.style import GREY, PALE, Look, figure, looks, save, shortened, styled

# More would have no look of their own, or no place.
_MOST_COLUMNS = 20
_MOST_ROWS = 30


@styled
def stacked_bars(
    path: Path,
    counts: pd.DataFrame,
    title: str,
    unit: str,
    first: str | None = None,
    aside: Sequence[str] = (),
    thing: str = "recording",
    groups: pd.Series | None = None,
) -> None:
    """Horizontal bars, a row of `counts` each, stacked by column.

    Of many columns the smallest are one. More than 30 rows are summed by group, and where that
    leaves too many or one, there are the sums of each column and how the rows are distributed.

    Parameters
    ----------
    counts : a row for each `thing`, named by the index.
    first : the column to begin with, in grey.
    aside : columns to end with, hatched in grey: what has no label.
    groups : of each row, of the same index.
    """
    counts = _of_fewer_columns(counts.set_axis([str(c) for c in counts.columns], axis=1), first)
    if len(counts) > _MOST_ROWS and groups is not None:
        named = groups.reindex(counts.index).astype(str)
        sizes = named.value_counts()
        if 1 < len(sizes) <= _MOST_ROWS:
            title = f"{title.replace(f'per {thing}', 'per group')} (of so many {thing}s)"
            counts = counts.groupby(named.to_numpy()).sum()
            counts.index = [f"{name} ({sizes[name]})" for name in counts.index]
    looked = _looks_of(list(counts.columns), first, aside)
    if len(counts) > _MOST_ROWS:
        _sums(path, counts, title, unit, thing, looked)
        return
    made = figure(8, 1.2 + 0.2 * len(counts))
    axes = made.add_subplot()
    rows, left = np.arange(len(counts)), np.zeros(len(counts))
    for column, look in looked.items():
        width = counts[column].to_numpy(float)
        axes.barh(rows, width, left=left, label=column, **look.bar)
        left = left + width
    axes.set_yticks(rows, [shortened(str(name), 36) for name in counts.index], fontsize=7)
    axes.set_ylim(len(counts) - 0.4, -0.6)
    axes.xaxis.set_major_locator(round_ticks(6, integer=_whole(counts)))
    axes.set_xlabel(unit)
    axes.set_title(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(path, made)


def _looks_of(columns: list[str], first: str | None, aside: Sequence[str]) -> dict[str, Look]:
    """A look for each column, in the order of drawing."""
    grey = [name for name in columns if name in aside]
    looked = looks([name for name in columns if name != first and name not in grey])
    begin = {first: Look(GREY, "-", "o", "")} if first in columns else {}
    end = {name: Look(PALE, one.line, one.mark, one.hatch) for name, one in looks(grey).items()}
    return {name: look for name, look in (begin | looked | end).items() if name is not None}


def _of_fewer_columns(counts: pd.DataFrame, first: str | None) -> pd.DataFrame:
    """The largest columns, and the sum of the rest."""
    rest = counts.drop(columns=[first], errors="ignore").sum().sort_values(ascending=False)
    if len(rest) <= _MOST_COLUMNS:
        return counts
    small = list(rest.index[_MOST_COLUMNS - 1 :])
    others = counts[small].sum(axis=1).rename(f"{len(small)} others")
    return pd.concat([counts.drop(columns=small), others], axis=1)


def _whole(counts: pd.DataFrame) -> bool:
    return all(np.issubdtype(kind, np.integer) for kind in counts.dtypes)


def _sums(
    path: Path, counts: pd.DataFrame, title: str, unit: str, thing: str, looked: Mapping[str, Look]
) -> None:
    """The sum of each column with the rows that have some of it; a histogram of the rows' sums."""
    total = counts.sum(axis=1)
    alike = bool(total.min() == total.max())
    made = figure(8, 1.4 + 0.2 * max(len(looked), 6))
    panels = made.subplots(1, 1 if alike else 2, squeeze=False)[0]
    left, rows = panels[0], np.arange(len(looked))
    for row, (name, look) in zip(rows, looked.items(), strict=True):
        value, having = counts[name].sum(), int((counts[name] > 0).sum())
        left.barh(row, value, label=name, **look.bar)
        left.annotate(
            f"{value:g} in {having}", (value, row), (3, 0), textcoords="offset points",
            va="center", fontsize=7,
        )  # fmt: skip
    left.set_yticks(rows, [shortened(name, 28) for name in looked], fontsize=7)
    left.set_ylim(len(rows) - 0.4, -0.6)
    left.set_xlim(0, 1.3 * max(float(counts.sum().max()), 1e-9))
    left.xaxis.set_major_locator(round_ticks(5, integer=_whole(counts)))
    left.set_xlabel(f"{unit} in all, and in how many {thing}s")
    if alike:
        title = f"{title}: {total.iloc[0]:g} in each of {len(counts)} {thing}s"
    else:
        right = panels[1]
        span = int(total.max() - total.min())
        each = _whole(counts) and span < 25  # a bar for each number
        edges = np.arange(total.min(), total.max() + 2) - 0.5 if each else 20
        right.hist(total, bins=edges, color=GREY, edgecolor="black", linewidth=0.5)
        for axis in (right.xaxis, right.yaxis):
            axis.set_major_locator(round_ticks(5, integer=True))
        right.set(xlabel=f"{unit} of a {thing}", ylabel=f"{thing}s")
    made.suptitle(f"{title} ({len(counts)} {thing}s)" if not alike else title, fontsize=10)
    save(path, made)


@styled
def curves(
    path: Path,
    lines: Mapping[str, tuple[NDArray, NDArray]],
    title: str,
    x_label: str,
    y_label: str,
    mark: Mapping[str, tuple[float, float]] | None = None,
    diagonal: bool = False,
    steps: bool = False,
) -> None:
    """One or more curves in the unit square; `mark` adds a dot on the curve of that name.

    With `steps` a value holds from the x before it to its own; x rises.
    """
    many = len(lines) > _MOST_COLUMNS
    made = figure(5.6 if many or len(lines) == 1 else 7.0, 4.2)
    axes = made.add_subplot()
    if diagonal:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    for name, look in looks(list(lines)).items():
        style = "steps-pre" if steps else "default"
        axes.plot(*lines[name], label=name, linewidth=1.6, drawstyle=style, **look.curve)
        if mark and name in mark:
            axes.plot(*mark[name], look.mark, color=look.colour, markersize=6)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=x_label, ylabel=y_label)
    axes.set_title(f"{title} ({len(lines)} curves)" if many else title)
    if len(lines) > 1 and not many:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3)
    save(path, made)


@styled
def scatter(
    path: Path, points: Mapping[str, tuple[NDArray, NDArray]], title: str, x: str, y: str
) -> None:
    """Points of several kinds, each with a colour and a mark of its own."""
    made = figure(7.2, 5.2)
    axes = made.add_subplot()
    for name, look in looks(list(points)).items():
        axes.plot(
            *points[name], look.mark, label=name, color=look.colour, markersize=4, alpha=0.6,
            linewidth=0,
        )  # fmt: skip
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), markerscale=1.5)
    save(path, made)


@styled
def over_epochs(
    path: Path,
    history: Sequence[Mapping[str, float]],
    panels: Mapping[str, Sequence[str]],
    title: str,
) -> None:
    """Columns of a training's history against whole epochs, a panel for each axis.

    Parameters
    ----------
    history : a row for each epoch, with `epoch`.
    panels : name of the axis to columns; those without a number are left out.
    """
    epochs = np.array([row["epoch"] for row in history])
    values = {
        label: {name: np.array([row.get(name, np.nan) for row in history]) for name in names}
        for label, names in panels.items()
    }
    shown = {
        label: {name: y for name, y in lines.items() if np.isfinite(y).any()}
        for label, lines in values.items()
    }
    shown = {label: lines for label, lines in shown.items() if lines}
    made = figure(7.0, 0.8 + 1.9 * len(shown))
    grid: Any = made.subplots(len(shown), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (label, lines) in zip(grid, shown.items(), strict=True):
        for name, look in looks(list(lines)).items():
            mark = look.mark if len(epochs) < 12 else ""
            said = name.removeprefix("val_").replace("_", " ")
            axes.plot(epochs, lines[name], marker=mark, markersize=4, label=said, **look.curve)
        axes.set_ylabel(label)
        if "0 to 1" in label:
            axes.set_ylim(-0.02, 1.02)
        if len(lines) > 1:
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3)
    places = round_ticks(8, integer=True)
    grid[-1].xaxis.set_major_locator(places)
    grid[-1].set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    grid[-1].set_xlabel("epoch")
    made.suptitle(title, fontsize=10)
    save(path, made)
