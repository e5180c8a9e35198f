"""Pictures of what is just found: shares of events against their signal-to-noise ratio."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from rarewave.plots.style import GREY, figure, looks, save, shortened, styled

_MOST = 6  # types with a panel of their own
_ACROSS = 3


@styled
def shares(
    path: Path,
    curve: pd.DataFrame,
    fitted: Mapping[str, Mapping[str, Any]],
    points: pd.DataFrame,
    title: str,
) -> None:
    """A panel for each type: shares found with Wilson intervals, and the fitted curves.

    A dotted line is the share of places at which a detector finds something without an event.

    Parameters
    ----------
    curve : kind, detector, snr_db, share, low, high.
    fitted : by type and detector `curve`, intercept and slope of a logistic curve.
    points : kind, detector, by_chance.
    """
    chance = points.set_index(["kind", "detector"])["by_chance"]
    every = list(dict.fromkeys(curve["kind"]))
    kinds = every[: _MOST + 1]  # of all types first, where there are several
    if len(kinds) < len(every):
        title += f"; {len(kinds) - 1} of {len(every) - 1} types"
    rows = -(-len(kinds) // _ACROSS)
    made = figure(3.1 * min(len(kinds), _ACROSS) + 1.6, 2.9 * rows + 0.3)
    across = min(len(kinds), _ACROSS)
    panels = made.subplots(rows, across, squeeze=False, sharex=True, sharey=True).ravel()
    looked = looks(list(dict.fromkeys(curve["detector"])))
    x = np.linspace(curve["low_db"].min(), curve["high_db"].max(), 200)
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    for number, (axes, kind) in enumerate(zip(panels, kinds, strict=False)):
        axes.axhline(0.5, color=GREY, linewidth=0.8)
        for place, (name, look) in enumerate(looked.items()):
            mine = curve[(curve["kind"] == kind) & (curve["detector"] == name)]
            mine = mine[mine["events"] > 0]
            a, b = fitted[kind][name]["curve"]
            axes.plot(x, expit(a + b * x), linewidth=1.4, **look.curve)
            axes.axhline(chance[kind, name], color=look.colour, linewidth=0.8, linestyle=":")
            shift = 0.3 * (place - (len(looked) - 1) / 2)  # so that bars do not hide each other
            ends = np.stack([mine["share"] - mine["low"], mine["high"] - mine["share"]])
            axes.errorbar(
                mine["snr_db"] + shift,
                mine["share"],
                np.maximum(ends, 0),
                fmt=look.mark,
                color=look.colour,
                markersize=3.5,
                linewidth=0.8,
                label=name.replace("_", " "),
            )
        axes.set(ylim=(-0.03, 1.03), title=shortened(kind, 28))
        axes.tick_params(labelbottom=True)
        if number % across == 0:
            axes.set_ylabel("share found")
        axes.set_xlabel("signal-to-noise ratio [dB]")
    panels[across - 1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    made.suptitle(title, fontsize=10)
    save(path, made)
