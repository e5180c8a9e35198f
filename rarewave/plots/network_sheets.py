"""Contact sheets of a network's layers: filters, feature maps, inputs that channels answer most to.

Every tile says its channel, every sheet its layer; axes are Hz (or rows) and seconds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.plots.axes import (
    extent,
    is_waveform,
    limits_of,
    name_rows,
    picture,
    round_ticks,
    rows_label,
)
from rarewave.plots.style import figure, save, shortened, styled

SIGNED = "RdBu_r"


class Tile(NamedTuple):
    """One picture of a sheet."""

    values: NDArray[np.floating]  # (rows, frames)
    title: str


class Scale(NamedTuple):
    """What the axes of small tiles count: a step in each direction, and its unit."""

    rows: float
    frames: float
    rows_unit: str
    frames_unit: str


@styled
def filters(
    path: Path, rows: Sequence[Sequence[Tile]], scale: Scale, title: str, unit: str
) -> None:
    """Weights, a tile each, red above and blue below 0, all on one scale of colours.

    Parameters
    ----------
    unit : of the weights.
    """
    columns = max(len(row) for row in rows)
    shape = rows[0][0].values.shape
    made = figure(max(1.15 * columns + 1.3, 5.2), 1.25 * len(rows) + 1.1)
    grid = made.subplots(len(rows), columns, squeeze=False, sharex=True, sharey=True)
    reach = max(float(np.abs(tile.values).max()) for row in rows for tile in row) or 1.0
    bounds = (0.0, shape[1] * scale.frames, 0.0, shape[0] * scale.rows)
    shown: Any = None
    for line, row in zip(grid, rows, strict=True):
        for axes in line[len(row) :]:
            axes.axis("off")
        for axes, tile in zip(line, row, strict=False):
            look: Any = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
            given = {"cmap": SIGNED, "vmin": -reach, "vmax": reach, "extent": bounds}
            shown = axes.imshow(tile.values, **look, **given)
            axes.set_title(tile.title, fontsize=6)
            axes.tick_params(labelsize=5)
            axes.xaxis.set_major_locator(round_ticks(3))
            axes.yaxis.set_major_locator(round_ticks(3))
            if shape[0] == 1:
                axes.set_yticks([])
    made.colorbar(shown, ax=grid, label=unit, shrink=0.8, aspect=30)
    _named(made, title, scale.frames_unit, "" if shape[0] == 1 else scale.rows_unit)
    save(path, made)


@styled
def mosaic(
    path: Path, rows: Sequence[Sequence[Tile]], names: Sequence[str], title: str, unit: str
) -> None:
    """Weights of many small filters in one picture: a row for each channel, a name over each tile.

    Parameters
    ----------
    names : of the rows.
    """
    columns = max(len(row) for row in rows)
    reach = max(float(np.abs(tile.values).max()) for row in rows for tile in row) or 1.0
    made = figure(max(0.85 * columns + 2.2, 6.0), 0.95 * len(rows) + 1.0)
    axes = made.subplots()
    look: Any = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
    look |= {"cmap": SIGNED, "vmin": -reach, "vmax": reach}
    shown: Any = None
    for r, row in enumerate(rows):
        for c, tile in enumerate(row):
            bounds = (c + 0.05, c + 0.95, -r - 0.95, -r - 0.25)
            shown = axes.imshow(tile.values, extent=bounds, **look)
            axes.text(c + 0.05, -r - 0.22, tile.title, fontsize=6, va="bottom")
    axes.set_xlim(0, columns)
    axes.set_ylim(-len(rows), 0.05)
    axes.set_yticks(-np.arange(len(rows)) - 0.6, names, fontsize=7)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    made.colorbar(shown, ax=axes, label=unit, shrink=0.8, aspect=30)
    _named(made, title, "", "")
    save(path, made)


@styled
def waveform_filters(
    path: Path, tiles: Sequence[Tile], seconds: float, title: str, unit: str
) -> None:
    """Filters of a waveform (1, samples) as lines over time, all on one scale."""
    columns = min(4, len(tiles))
    lines = -(-len(tiles) // columns)
    made = figure(2.2 * columns + 0.6, 1.3 * lines + 0.9)
    grid = made.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes in grid[len(tiles) :]:
        axes.axis("off")
    for axes, tile in zip(grid, tiles, strict=False):
        wave = tile.values[0]
        times = np.arange(len(wave)) * seconds
        axes.plot(1000 * times, wave, color="black", linewidth=0.8)
        axes.axhline(0, color="grey", linewidth=0.4)
        axes.set_title(tile.title, fontsize=7)
        axes.tick_params(labelsize=6)
    _named(made, title, "time [ms]", unit)
    save(path, made)


class Front(NamedTuple):
    """The axes of what a network sees."""

    time_s: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]  # of the rows; NaN where they are none
    window_s: tuple[float, float]  # beyond is context


class Place(NamedTuple):
    """Where the positions of a layer lie in what the network sees, in its frames and rows."""

    start: tuple[float, float]  # centre of the first: row, frame
    step: tuple[float, float]


@styled
def maps(
    path: Path,
    windows: Sequence[Tile],
    layer: Sequence[Sequence[Tile]],
    place: Place | None,
    front: Front,
    title: str,
) -> None:
    """Windows, a row each: the spectrogram, then what channels of a layer make of it.

    Colours of a channel are the same for all windows, from its lowest to its highest value.

    Parameters
    ----------
    layer : for each window a tile for each channel, (rows, frames) of the layer.
    place : None where its positions are no places of the input.
    """
    count = len(layer[0])
    wide, high = 1.25 * (count + 1) + 1.2, 1.35 * len(windows) + 0.8
    made = figure(wide, high)
    made.set_layout_engine(None)  # the constrained one takes seconds for so many axes
    made.subplots_adjust(0.75 / wide, 0.45 / high, 1 - 0.1 / wide, 1 - 0.55 / high, 0.12, 0.3)
    given: Any = {"squeeze": False, "sharex": place is not None}
    grid = made.subplots(len(windows), count + 1, width_ratios=[1.5] + [1] * count, **given)
    ranges = [
        (min(float(row[k].values.min()) for row in layer),
         max(float(row[k].values.max()) for row in layer))
        for k in range(count)
    ]  # fmt: skip
    for n, (line, window, row) in enumerate(zip(grid, windows, layer, strict=True)):
        _window(line[0], window, front)
        for axes, tile, limits in zip(line[1:], row, ranges, strict=True):
            _map(axes, tile, limits, place, front)
            if n == 0:
                axes.set_title(tile.title, fontsize=6)
    _named(made, title, "time [s]", rows_label(front.frequency_hz))
    save(path, made)


def _window(axes: Any, tile: Tile, front: Front) -> None:
    """What the network sees, its rows and seconds named, its context marked off."""
    bounds = extent(front.time_s, len(front.frequency_hz))
    limits = limits_of(tile.values, front.frequency_hz, (5, 99.5))
    picture(axes, tile.values, front.frequency_hz, "magma", limits, extent=bounds)
    name_rows(axes, front.frequency_hz, 4)
    axes.set_title(tile.title, fontsize=6)
    _context(axes, front, bounds)


def _map(
    axes: Any, tile: Tile, limits: tuple[float, float], place: Place | None, front: Front
) -> None:
    low, high = limits
    look: Any = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
    look |= {"cmap": "viridis", "vmin": low, "vmax": high if high > low else low + 1}
    axes.tick_params(labelsize=5)
    if place is None:
        axes.imshow(tile.values, **look)
        axes.set_yticks([])
        return
    rows, frames = tile.values.shape
    whole = extent(front.time_s, len(front.frequency_hz))
    frame_s = front.time_s[1] - front.time_s[0]
    left = front.time_s[0] + (place.start[1] - place.step[1] / 2) * frame_s
    bottom = place.start[0] + 0.5 - place.step[0] / 2
    reach = (left, left + frames * place.step[1] * frame_s, bottom, bottom + rows * place.step[0])
    if rows == 1:  # what a position sees may be all rows
        reach = (*reach[:2], 0.0, whole[3])
    axes.imshow(tile.values, extent=reach, **look)
    axes.set_xlim(*whole[:2])
    axes.set_ylim(*whole[2:])
    axes.set_yticks([])
    axes.xaxis.set_major_locator(round_ticks(4))
    _context(axes, front, whole)


def _context(axes: Any, front: Front, bounds: tuple[float, ...]) -> None:
    """Dotted lines where the window ends and its context begins."""
    axes.tick_params(labelsize=5)
    axes.xaxis.set_major_locator(round_ticks(4))
    step = (bounds[1] - bounds[0]) / max(len(front.time_s), 1)
    if front.window_s[0] - bounds[0] > step:
        for at in front.window_s:
            axes.axvline(at, color="white", linewidth=0.8, linestyle=":")


@styled
def maximised(
    path: Path,
    rows: Sequence[Sequence[Tile]],
    front: Front,
    limits: tuple[float, float],
    title: str,
    unit: str,
) -> None:
    """Inputs that channels answer most to, on one scale of colours; waveforms as lines."""
    columns = max(len(row) for row in rows)
    made = figure(1.9 * columns + 1.2, 1.7 * len(rows) + 0.9)
    grid = made.subplots(len(rows), columns, squeeze=False)
    bounds = extent(front.time_s, len(front.frequency_hz))
    shown = None
    for line, row in zip(grid, rows, strict=True):
        for axes in line[len(row) :]:
            axes.axis("off")
        for n, (axes, tile) in enumerate(zip(line, row, strict=False)):
            colours = front.frequency_hz, "magma", limits
            found = picture(axes, tile.values, *colours, extent=bounds, interpolation="nearest")
            shown = found or shown
            name_rows(axes, front.frequency_hz, 4)
            axes.set_title(tile.title, fontsize=6)
            axes.tick_params(labelsize=5, labelleft=n == 0)
            _context(axes, front, bounds)
    if shown is not None:
        made.colorbar(shown, ax=grid, label=unit, shrink=0.8, aspect=30)
    _named(made, title, "time [s]", rows_label(front.frequency_hz))
    save(path, made)


def _named(made: Any, title: str, below: str, beside: str) -> None:
    made.suptitle("\n".join(shortened(line, 150) for line in title.split("\n")), fontsize=9)
    made.supxlabel(below, fontsize=7)
    if beside != "waveform":
        # Without a layout engine 0.02 of a wide sheet is where the numbers are.
        at = {} if made.get_layout_engine() else {"x": 0.1 / made.get_figwidth()}
        made.supylabel(beside, fontsize=7, **at)


def is_line(front: Front) -> bool:
    """Whether the network takes a waveform."""
    return is_waveform(front.frequency_hz)
