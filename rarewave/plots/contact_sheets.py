"""Spectrograms side by side: examples of each class, and what augmentation does to one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.plots.axes import limits_of, log_scale, name_rows, picture, round_ticks, rows_label
from rarewave.plots.style import figure, looks, save, shortened, styled

MEASURED = {"duration_s": "duration [s]", "bandwidth_hz": "bandwidth [Hz]", "snr_db": "SNR [dB]"}
# Of a class so many points are drawn.
_MOST_POINTS = 300


@styled
def examples(path: Path, rows: Mapping[str, Sequence[dict[str, Any]]], title: str) -> None:
    """A row of calls for each class.

    Each call: `db` (frequencies, frames), `seconds` (first and last), `hertz` (lowest and
    highest), `onset_s` and `offset_s` of the call, marked, and `name`.
    """
    columns = max(len(calls) for calls in rows.values())
    made = figure(1.5 * columns + 0.8, 1.5 * len(rows) + 0.6)
    grid = made.subplots(len(rows), columns, squeeze=False)
    alike = len({call["hertz"] for calls in rows.values() for call in calls}) == 1
    for r, (label, calls) in enumerate(rows.items()):
        for c, axes in enumerate(grid[r]):
            if c >= len(calls):
                axes.axis("off")
                continue
            _example(axes, calls[c])
            if alike and c:
                axes.tick_params(labelleft=False)
        grid[r][0].set_ylabel(f"{shortened(label, 24)}\n[Hz]", fontsize=7)
    made.suptitle(title, fontsize=9)
    made.supxlabel("time from the start of the recording [s]; dotted: the label", fontsize=7)
    save(path, made)


def _example(axes: Any, call: dict[str, Any]) -> None:
    low, high = np.percentile(call["db"], [20, 99.7])
    extent = (*call["seconds"], *call["hertz"])
    look = {"origin": "lower", "aspect": "auto", "cmap": "magma", "extent": extent}
    axes.imshow(call["db"], vmin=low, vmax=max(high, low + 1), **look)
    for at in (call["onset_s"], call["offset_s"]):
        axes.axvline(at, color="white", linewidth=0.8, linestyle=":")
    axes.set_xlim(*call["seconds"])  # a label may reach beyond the recording
    axes.xaxis.set_major_locator(round_ticks(3))
    axes.yaxis.set_major_locator(round_ticks(5))
    axes.set_title(shortened(call["name"], 30), fontsize=5.5)
    axes.tick_params(labelsize=5.5)


@styled
def variants(
    path: Path,
    groups: Sequence[Mapping[str, NDArray[np.float32]]],
    frequency_hz: NDArray[np.float64],
    seconds: float,
    title: str,
    window_s: tuple[float, float] | None = None,
) -> None:
    """Spectrograms (rows, frames) as they are and as augmentation makes them, named.

    Those of one group have one scale of colours.

    Parameters
    ----------
    window_s : before the window and of the window itself, where the network sees more than it: then
        dotted lines are its ends, and time is counted from its start.
    """
    before, length = window_s or (0.0, seconds)
    shown = [
        (name, seen, limits_of(np.stack(list(group.values())), frequency_hz, (5, 99.7)))
        for group in groups
        for name, seen in group.items()
    ]
    columns = min(4, len(shown))
    lines = -(-len(shown) // columns)
    made = figure(max(2.3 * columns, 4.2), 1.8 * lines + 0.5)
    grid = made.subplots(lines, columns, squeeze=False).ravel()
    for axes in grid[len(shown) :]:
        axes.axis("off")
    for number, (axes, (name, seen, limits)) in enumerate(zip(grid, shown, strict=False)):
        extent = (-before, seconds - before, 0, len(seen))
        picture(axes, seen, frequency_hz, "magma", limits, extent=extent)
        for at in (0.0, length) if before else ():
            axes.axvline(at, color="white", linewidth=0.8, linestyle=":")
        name_rows(axes, frequency_hz, 5)
        axes.xaxis.set_major_locator(round_ticks(4))
        axes.set_title(name, fontsize=7)
        axes.tick_params(labelsize=6, labelleft=number % columns == 0)
    made.supylabel(rows_label(frequency_hz), fontsize=8)
    made.supxlabel("time [s]", fontsize=8)
    made.suptitle(title, fontsize=9)
    save(path, made)


@styled
def distributions(
    path: Path, table: pd.DataFrame, title: str, columns: Mapping[str, str] = MEASURED
) -> None:
    """Durations, bandwidths and SNR of each class as strips of points with their medians.

    What is not known of any event has no panel.

    Parameters
    ----------
    columns : of the table, to what their axes are called.
    """
    shown = [(column, unit) for column, unit in columns.items() if table[column].notna().any()]
    look = looks(sorted(table["label"].unique()))
    sizes = table["label"].value_counts()
    made = figure(2.0 + 2.5 * len(shown), 1.3 + 0.28 * len(look))
    rng = np.random.Generator(np.random.PCG64(0))
    panels = made.subplots(1, len(shown), squeeze=False, sharey=True)[0]
    for axes, (column, unit) in zip(panels, shown, strict=True):
        for row, (label, drawn) in enumerate(look.items()):
            values = table[column][table["label"] == label].dropna().to_numpy(float)
            if len(values) > _MOST_POINTS:
                values = rng.choice(values, _MOST_POINTS, replace=False)
            at = row + rng.uniform(-0.25, 0.25, len(values))
            axes.plot(values, at, ".", color=drawn.colour, markersize=3, alpha=0.5)
            if len(values):
                axes.plot(np.median(values), row, "|", color="black", markersize=12)
        axes.set_xlabel(unit)
        if column in ("duration_s", "bandwidth_hz"):
            log_scale(axes.xaxis, table[column].to_numpy(float))
        else:
            axes.xaxis.set_major_locator(round_ticks(5))
    names = [f"{shortened(str(label), 26)} ({sizes[label]})" for label in look]
    panels[0].set_yticks(range(len(look)), names, fontsize=8)
    panels[0].set_ylim(len(look) - 0.5, -0.5)
    made.suptitle(f"{title} (their number), with the median", fontsize=10)
    save(path, made)
