"""Pictures of explained windows: spectrogram, activation map and waveform."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.plots.axes import extent, limits_of, name_rows, picture, rows_label
from rarewave.plots.style import figure, save, shortened, styled

_ROOM = 10  # characters of a time of day that fit beside two others


def clocked(ticks: NDArray[np.float64], start: pd.Timestamp) -> list[str]:
    """Seconds from the start, and the time of day with as many digits as tell the ticks apart.

    Parameters
    ----------
    start : UTC; NaT where it is not known.
    """
    step = float(np.diff(ticks).min())
    places = int(np.clip(np.ceil(1 - np.log10(step)), 0, 6))
    seconds = [f"{t:.{places}f} s" for t in ticks]
    if pd.isna(start):
        return seconds
    clock = [start + pd.Timedelta(seconds=float(t)) for t in ticks]
    parts = [f"{c:%H:%M:%S.%f}" for c in clock]
    times = [part[: 9 + places] if places else part[:8] for part in parts]
    return [f"{s}\n{time}" for s, time in zip(seconds, times, strict=True)]


def _explained(axes_pair: Any, case: dict[str, Any], front: dict[str, NDArray], most: int) -> None:
    """Spectrogram with heatmap above, waveform below, on a time axis in UTC where known.

    Lines of the title have at most so many characters.
    """
    upper, lower = axes_pair
    seconds, hertz = front["time_s"], front["frequency_hz"]
    shown = ~(hertz > front["top_hz"])
    bounds = extent(seconds, int(shown.sum()))
    seen, heat = case["spectrogram"][shown], case["heat"][shown]
    look = {"origin": "lower", "aspect": "auto", "extent": bounds}
    limits = limits_of(seen, hertz[shown], (5, 99.5))
    picture(upper, seen, hertz[shown], "gray", limits, extent=bounds)
    upper.imshow(heat, cmap="inferno", alpha=0.6 * heat, vmin=0, vmax=1, **look)
    if heat.max() > 0.5 and min(heat.shape) > 1:  # for a grey print: half of the maximum
        places = {"origin": "lower", "extent": bounds}
        upper.contour(heat, [0.5], colors="white", linewidths=0.7, **places)
    name_rows(upper, hertz[shown], 5)
    lines = case["title"].split("\n")  # of many tags the middle is left out
    upper.set_title("\n".join(shortened(line, most) for line in lines), fontsize=7)
    wave = case["waveform"]
    times = np.arange(len(wave)) / front["rate_hz"]  # of the window; its context is not drawn
    lower.plot(times, wave, color="black", linewidth=0.4)
    lower.set_yticks([])
    end = float(front["duration_s"])
    limits = min(float(bounds[0]), 0.0), max(float(bounds[1]), end)
    ticks = np.linspace(0, end, 3)
    if limits[1] - limits[0] > 1.5 * end:  # beside much context those of the window have no room
        ticks = np.linspace(limits[0], limits[1], 3)
        for axes in axes_pair:
            for at in (0, end):
                axes.axvline(at, color="grey", linewidth=0.7, linestyle=":")
    labels = clocked(ticks, case["start"])
    if len(labels[1].split("\n")[-1]) > _ROOM:  # as 22:30:01.9214: three of them overlap
        labels[1] = labels[1].split("\n")[0]
    upper.set_xticks(ticks, [])
    lower.set_xticks(ticks, labels, fontsize=6)
    for label, side in zip(lower.get_xticklabels(), ("left", "center", "right"), strict=True):
        label.set_horizontalalignment(side)  # so that those of neighbours stay apart
    for axes in axes_pair:  # after the ticks, which would widen the lower one alone
        axes.set_xlim(*limits)
    upper.tick_params(labelsize=6)


@styled
def overlay(path: Path, case: dict[str, Any], front: dict[str, NDArray]) -> None:
    """One explained window.

    `case`: spectrogram and heat (frequencies, frames), waveform (samples), start (UTC), title.
    `front`: time_s, frequency_hz, top_hz, rate_hz, duration_s.
    """
    made = figure(6, 4.2)
    upper, lower = made.subplots(2, 1, height_ratios=[3, 1])
    _explained((upper, lower), case, front, 90)
    upper.set_ylabel(rows_label(front["frequency_hz"]))
    lower.set_ylabel("waveform")
    start = case["start"]
    day = "" if pd.isna(start) else f", UTC {start:%Y-%m-%d}"
    lower.set_xlabel(f"time from the start of the window{day}")
    save(path, made)


@styled
def contact_sheet(
    path: Path, rows: dict[str, list[dict[str, Any]]], front: dict[str, NDArray], title: str
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
                _explained(pair, cases[c], front, 34)
            else:
                pair[0].axis("off")
                pair[1].axis("off")
        rows_are = rows_label(front["frequency_hz"]).removeprefix("frequency ")
        grid[2 * r][0].set_ylabel(f"{kind.replace('_', ' ')}\n{rows_are}", fontsize=8)
    made.suptitle(title, fontsize=9)
    save(path, made)
