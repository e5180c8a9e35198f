"""Pictures of events along recordings: what was labelled, and what was found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

from rarewave.plots.style import COLOURS, GREY, figure, save, styled


@styled
def timelines(
    path: Path,
    lengths: Mapping[str, float],
    tables: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    title: str,
) -> None:
    """A panel for each recording, a row of bars for each table, coloured by class.

    Parameters
    ----------
    lengths : recording_id to seconds, at most eight are legible.
    tables : name of the row to events with recording_id, onset_s, offset_s, label.
    """
    made = figure(9, 0.9 + (0.35 + 0.28 * len(tables)) * len(lengths))
    panels = made.subplots(len(lengths), 1, squeeze=False)[:, 0]
    palette = [*COLOURS, *mpl.colormaps["tab20b"].colors]  # type: ignore[attr-defined]
    colours = {name: palette[k % len(palette)] for k, name in enumerate(classes)}
    for axes, (name, length) in zip(panels, lengths.items(), strict=True):
        unit, label = (3600.0, "h") if length > 3 * 3600 else (1.0, "s")
        for row, table in enumerate(tables.values()):
            mine = table[table["recording_id"] == name]
            for event in mine.to_dict("records"):
                width = (event["offset_s"] - event["onset_s"]) / unit
                axes.barh(
                    row,
                    width,
                    left=event["onset_s"] / unit,
                    height=0.8,
                    color=colours[event["label"]],
                )
        axes.axhline(0.5, color=GREY, linewidth=0.5)
        axes.set_yticks(range(len(tables)), list(tables), fontsize=7)
        axes.set_ylim(len(tables) - 0.5, -0.5)
        axes.set_xlim(0, length / unit)
        axes.set_title(f"{name} [{label}]", fontsize=8)
        axes.tick_params(labelsize=7)
    handles = [panels[0].barh(0, 0, color=colours[name], label=name) for name in classes]
    made.legend(handles, list(classes), loc="outside right upper", fontsize=7)
    made.suptitle(title, fontsize=10)
    save(path, made)


@styled
def class_bars(path: Path, table: pd.DataFrame, title: str) -> None:
    """Event F1 of each class, detectors side by side; `table` has detector, label and f1."""
    wide = table.pivot(index="label", columns="detector", values="f1")
    names = list(dict.fromkeys(table["detector"]))
    made = figure(1.8 + 0.45 * len(wide) * max(1, len(names) / 2), 3.2)
    axes = made.add_subplot()
    width = 0.8 / len(names)
    for k, name in enumerate(names):
        x = np.arange(len(wide)) + (k - (len(names) - 1) / 2) * width
        axes.bar(x, wide[name], width, color=COLOURS[k], label=name)
    axes.set_xticks(range(len(wide)), [str(name) for name in wide.index])
    axes.set(ylim=(0, 1.02), ylabel="event F1", xlabel="class")
    axes.set_title(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(path, made)
