"""Pictures of relevance: what speaks for a class and what against it, beside another map."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.plots.axes import extent, limits_of, name_rows, picture, rows_label
from rarewave.plots.style import GREY, figure, looks, save, several, shortened, styled

FOR_AND_AGAINST = "RdBu_r"
_WIDTH = 34  # characters of a title


def title_of(case: str, name: str, p: float, labels: Sequence[str]) -> str:
    """Three lines: the case and its score, the class that it is about, what the window holds."""
    held = f"holds {several(labels, _WIDTH - 6)}"
    return f"{case.replace('_', ' ')}: p = {p:.3f}\n{shortened(name, _WIDTH)}\n{held}"


def draw_relevance(axes: Any, heat: NDArray[np.floating], bounds: tuple[float, ...]) -> float:
    """A map, red for and blue against, up to its 99.5th percentile, which is given back."""
    reach = float(np.percentile(np.abs(heat), 99.5)) or float(np.abs(heat).max()) or 1.0
    axes.imshow(
        heat,
        cmap=FOR_AND_AGAINST,
        vmin=-reach,
        vmax=reach,
        origin="lower",
        aspect="auto",
        extent=bounds,
        interpolation="nearest",
    )
    return reach


@styled
def contact_sheet(
    path: Path,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    time_s: NDArray[np.float64],
    frequency_hz: NDArray[np.float64],
    names: tuple[str, str],
    title: str,
    window_s: tuple[float, float] | None = None,
) -> None:
    """Windows side by side, a band of three pictures for each kind: spectrogram and two maps.

    Parameters
    ----------
    rows : kind of case to cases with spectrogram, relevance, other (all (frequencies, frames)) and
        title.
    names : of the two maps.
    window_s : from where to where the window lies, where context around it is seen, too: dotted.
    """
    rows = {kind: cases for kind, cases in rows.items() if cases}
    columns = max(len(cases) for cases in rows.values())
    made = figure(2.3 * columns + 0.6, 3.4 * len(rows) + 0.4)
    bands = made.subfigures(len(rows), 1, squeeze=False)
    bounds = extent(time_s, len(frequency_hz))
    for (kind, cases), band in zip(rows.items(), bands[:, 0], strict=True):
        grid = band.subplots(3, columns, squeeze=False, sharex=True)
        for c in range(columns):
            mine = grid[:, c]
            if c >= len(cases):
                for axes in mine:
                    axes.axis("off")
                continue
            _one(mine, cases[c], bounds, frequency_hz, labelled=c == 0)
            for axes, at in product(mine, window_s or ()):
                axes.axvline(at, color=GREY, linewidth=0.8, linestyle=":")
        for axes, name in zip(grid[:, 0], ("spectrogram", *names), strict=True):
            axes.set_ylabel(f"{name}\n{rows_label(frequency_hz)}", fontsize=6)
        for axes in grid[-1]:
            axes.set_xlabel("time [s]", fontsize=6)
        band.suptitle(kind.replace("_", " "), fontsize=8, x=0.01, ha="left")
    made.suptitle(title, fontsize=9)
    save(path, made)


def _one(
    panels: Any,
    case: Mapping[str, Any],
    bounds: tuple[float, float, float, float],
    frequency_hz: NDArray[np.float64],
    labelled: bool,
) -> None:
    look: Any = {"origin": "lower", "aspect": "auto", "extent": bounds, "interpolation": "nearest"}
    limits = limits_of(case["spectrogram"], frequency_hz, (5, 99.5))
    for axes in (panels[0], panels[2]):
        given = axes, case["spectrogram"], frequency_hz, "gray", limits
        picture(*given, extent=bounds, interpolation="nearest")
    draw_relevance(panels[1], case["relevance"], bounds)
    if case["other"] is not None:
        heat = case["other"]
        panels[2].imshow(heat, cmap="inferno", alpha=0.7 * heat, vmin=0, vmax=1, **look)
    panels[0].set_title(case["title"], fontsize=6)
    for axes in panels:
        name_rows(axes, frequency_hz, 4)
        axes.tick_params(labelsize=5, labelleft=labelled)
        axes.locator_params(axis="x", nbins=4)


@styled
def faithfulness(
    path: Path, curves: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]], windows: int
) -> None:
    """Mean deletion and insertion curves of several maps.

    Parameters
    ----------
    curves : name of the map to its two mean curves, from none of the window to all of it.
    """
    made = figure(9, 3.6)
    left, right = made.subplots(1, 2, sharey=True)
    look = looks(list(curves))
    for name, (deletion, insertion) in curves.items():
        share = 100 * np.linspace(0, 1, len(deletion))
        left.plot(share, deletion, label=name, **look[name].curve)
        right.plot(share, insertion, label=name, **look[name].curve)
    what = "from the highest of the map on [%]"
    left.set(xlabel=f"taken away, {what}", ylabel="share of the answer left")
    right.set(xlabel=f"shown, {what}")
    left.set_title("Deletion: the lower, the more faithful")
    right.set_title(f"Insertion: the higher ({windows} windows)")
    right.legend(fontsize=7)
    save(path, made)
