"""Spectrograms side by side: examples of each class, and what augmentation does to one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.plots.style import COLOURS, figure, save, styled


@styled
def examples(path: Path, rows: Mapping[str, Sequence[dict[str, Any]]], title: str) -> None:
    """A row of calls for each class.

    Each call: `db` (frequencies, frames), `seconds` (first and last), `hertz` (lowest and
    highest), `onset_s` and `offset_s` of the call, marked, and `name`.
    """
    columns = max(len(calls) for calls in rows.values())
    made = figure(1.5 * columns + 0.8, 1.5 * len(rows) + 0.4)
    grid = made.subplots(len(rows), columns, squeeze=False)
    for r, (label, calls) in enumerate(rows.items()):
        for c, axes in enumerate(grid[r]):
            if c >= len(calls):
                axes.axis("off")
                continue
            call = calls[c]
            low, high = np.percentile(call["db"], [20, 99.7])
            extent = (*call["seconds"], *call["hertz"])
            look = {"origin": "lower", "aspect": "auto", "cmap": "magma", "extent": extent}
            axes.imshow(call["db"], vmin=low, vmax=max(high, low + 1), **look)
            for at in (call["onset_s"], call["offset_s"]):
                axes.axvline(at, color="white", linewidth=0.6, linestyle=":")
            axes.set_title(call["name"], fontsize=5)
            axes.tick_params(labelsize=5)
        grid[r][0].set_ylabel(f"{label}\n[Hz]", fontsize=7)
    made.suptitle(title, fontsize=9)
    save(path, made)


@styled
def variants(
    path: Path, pictures: Mapping[str, NDArray[np.float32]], seconds: float, title: str
) -> None:
    """One spectrogram (frequencies, frames) as it is and as augmentation makes it, named."""
    columns = min(4, len(pictures))
    lines = -(-len(pictures) // columns)
    made = figure(2.2 * columns, 1.7 * lines + 0.4)
    grid = made.subplots(lines, columns, squeeze=False).ravel()
    first = next(iter(pictures.values()))
    low, high = np.percentile(first, [5, 99.7])
    for axes in grid[len(pictures) :]:
        axes.axis("off")
    for axes, (name, picture) in zip(grid, pictures.items(), strict=False):
        extent = (0, seconds, 0, len(picture))
        look = {"origin": "lower", "aspect": "auto", "cmap": "magma", "extent": extent}
        axes.imshow(picture, vmin=low, vmax=max(high, low + 1), **look)
        axes.set_title(name, fontsize=7)
        axes.tick_params(labelsize=5)
    made.suptitle(title, fontsize=9)
    save(path, made)


@styled
def distributions(path: Path, table: pd.DataFrame, title: str) -> None:
    """Durations, bandwidths and SNR of each class as strips of points with their medians."""
    shown = [("duration_s", "duration [s]"), ("bandwidth_hz", "bandwidth [Hz]"),
             ("snr_db", "SNR [dB]")]  # fmt: skip
    labels = sorted(table["label"].unique())
    made = figure(9, 1.2 + 0.28 * len(labels))
    rng = np.random.Generator(np.random.PCG64(0))
    for axes, (column, unit) in zip(made.subplots(1, 3), shown, strict=True):
        for row, label in enumerate(labels):
            values = table[column][table["label"] == label].dropna().to_numpy()
            values = rng.choice(values, 300, replace=False) if len(values) > 300 else values
            colour = COLOURS[row % len(COLOURS)]
            at = row + rng.uniform(-0.25, 0.25, len(values))
            axes.plot(values, at, ".", color=colour, markersize=2, alpha=0.5)
            if len(values):
                axes.plot(np.median(values), row, "|", color="black", markersize=12)
        axes.set_yticks(range(len(labels)), labels if column == "duration_s" else [])
        axes.invert_yaxis()
        axes.set_xlabel(unit)
        if column != "snr_db" and (table[column] > 0).any():
            axes.set_xscale("log")
    made.suptitle(title, fontsize=10)
    save(path, made)
