"""Distributions of measured numbers: those of training beside others, and by part."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.measurement.pictures import named
from rarewave.plots.axes import round_ticks
from rarewave.plots.style import figure, looks, save, shortened, styled

_BINS = 30
_COLUMNS = 5


@styled
def beside(
    path: Path,
    names: Sequence[str],
    training: NDArray[np.floating],
    new: NDArray[np.floating],
    table: pd.DataFrame,
    title: str,
) -> None:
    """A panel for each number: how it is distributed over windows of training and of others.

    Parameters
    ----------
    training, new : (windows, names).
    table : from `drift.compare`.
    """
    groups = {"training": training, "new": new}
    about = table.set_index("statistic")
    below = {
        name: f"PSI {row['stability']:.2g} ({row['size']}), q {row['q']:.2g}"
        for name, row in about.to_dict("index").items()
    }
    panels(path, names, groups, title, below)


@styled
def panels(
    path: Path,
    names: Sequence[str],
    groups: Mapping[str, NDArray[np.floating]],
    title: str,
    below: Mapping[str, str] | None = None,
) -> None:
    """A panel for each number, a line for each group: its share of windows in each bin.

    Parameters
    ----------
    groups : name to (windows, names); what is NaN is left out.
    below : what stands below the name of a number.
    """
    shown = [k for k in range(len(names)) if any(_known(g[:, k]).size for g in groups.values())]
    columns = min(_COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    made = figure(2.1 * columns + 0.8, 1.75 * lines + 1.0)
    grid = made.subplots(lines, columns, squeeze=False).ravel()
    look = looks(list(groups))
    for axes in grid[len(shown) :]:
        axes.axis("off")
    for axes, k in zip(grid, shown, strict=False):
        _panel(axes, {name: _known(values[:, k]) for name, values in groups.items()}, look)
        note = (below or {}).get(names[k], "")
        axes.set_title(shortened(named(names[k]), 34) + (f"\n{note}" if note else ""), fontsize=7)
    handles, labels = grid[0].get_legend_handles_labels()
    made.legend(handles, labels, loc="outside lower center", ncols=min(6, len(labels)), fontsize=7)
    made.suptitle(_lines(title, 30 * columns), fontsize=8)
    made.supylabel("share of windows", fontsize=7)
    save(path, made)


def _panel(axes: Any, groups: Mapping[str, NDArray[np.float64]], look: Mapping[str, Any]) -> None:
    every = np.concatenate(list(groups.values()))
    low, high = np.quantile(every, [0.002, 0.998])
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    for name, values in groups.items():
        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
        axes.stairs(counts / max(len(values), 1), edges, label=name, **_line(look[name]))
    axes.xaxis.set_major_locator(round_ticks(4))
    axes.yaxis.set_major_locator(round_ticks(3))
    axes.tick_params(labelsize=6)


def _line(look: Any) -> dict[str, Any]:
    return {"edgecolor": look.colour, "linestyle": look.line, "linewidth": 1.1}


def _known(values: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(values[np.isfinite(values)], np.float64)


def _lines(text: str, most: int) -> str:
    """Text in lines of at most so many characters."""
    import textwrap

    return "\n".join(textwrap.wrap(text, max(most, 40)))
