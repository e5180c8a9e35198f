"""Pictures of what scores are worth: reliability, risk against coverage, signs of wrong ones."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.metrics import binary
from rarewave.metrics.trust import BINS, Ready, foreseen, risk_coverage
from rarewave.plots.axes import log_scale
from rarewave.plots.style import GREY, figure, looks, save, styled

KINDS = ("right", "hit", "false alarm", "miss")
_FEW = 10  # decisions: a share of fewer is not drawn


@styled
def histograms(
    path: Path,
    signs: Mapping[str, NDArray[np.float64]],
    kinds: NDArray[np.str_],
    title: str,
    units: Mapping[str, str],
) -> None:
    """Each sign of a wrong decision: how it is distributed over each kind of decision.

    Shares of the decisions of a kind, so that rare ones are seen beside the others. Signs that are
    0 throughout are left out.

    Parameters
    ----------
    signs : name to (k,) values.
    kinds : (k,) of `KINDS`.
    units : of each sign, for its axis.
    """
    signs = {name: values for name, values in signs.items() if values.any()} or signs
    made = figure(3.2 * len(signs) + 1.2, 3.4)
    panels = made.subplots(1, len(signs), squeeze=False)[0]
    look = looks([kind for kind in KINDS if (kinds == kind).any()])
    for axes, (name, values) in zip(panels, signs.items(), strict=True):
        edges = np.linspace(0, max(float(values.max()), 1e-9), 21)
        for kind, one in look.items():
            mine = values[kinds == kind]
            share = np.histogram(mine, edges)[0] / len(mine)
            axes.stairs(share, edges, label=f"{kind} ({len(mine)})", linewidth=1.6, **one.curve)
        axes.set(xlabel=f"{name.replace('_', ' ')} ({units[name]})", ylim=(0, None))
    panels[0].set_ylabel("share of the decisions of that kind")
    panels[-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    made.suptitle(title, fontsize=10)
    save(path, made)


@styled
def reliability(path: Path, versions: Mapping[str, Ready]) -> None:
    """How often what was given a probability is so, and how many decisions were given it."""
    made = figure(7.0, 5.6)
    axes, below = made.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    several, drawn = False, []
    for name, one in looks(list(versions)).items():
        given = versions[name]
        several = given.p.shape[1] > 2
        hit, p = foreseen(given.p, given.made.true)
        rows = pd.DataFrame(binary.reliability(hit, p, None, BINS))
        if (rows["weight"] >= _FEW).any():
            rows = rows[rows["weight"] >= _FEW]  # a share of a handful jumps up and down
        apart = np.flatnonzero(np.diff(np.floor(rows["probability"] * BINS)) > 1) + 1
        points = [np.insert(rows[c].to_numpy(), apart, np.nan) for c in ("probability", "observed")]
        axes.plot(*points, one.mark, label=name.replace("_", " "), markersize=5, **one.curve)
        counts, edges = np.histogram(p, BINS, (0, 1))
        below.stairs(counts, edges, linewidth=1.4, **one.curve)
        drawn.append(counts.astype(float))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="share that is so")
    axes.set_title(f"Test: how often what was given a probability is so ({_FEW} decisions or more)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3)
    of = "probability of the most probable class" if several else "probability"
    below.set(xlabel=of, ylabel="decisions")
    log_scale(below.yaxis, np.concatenate(drawn))
    save(path, made)


@styled
def risk_against_coverage(path: Path, versions: Mapping[str, Ready]) -> None:
    """Share of wrong decisions among the surest, for every share of them."""
    made = figure(7.0, 4.2)
    axes = made.add_subplot()
    for name, one in looks(list(versions)).items():
        points = risk_coverage(versions[name], np.ones(len(versions[name].p)))
        axes.plot(*points, label=name.replace("_", " "), linewidth=1.6, **one.curve)
    axes.set(xlim=(0, 1), ylim=(0, None), xlabel="share of decisions taken, surest first")
    axes.set_ylabel("share of wrong ones")
    axes.set_title("Test: wrong decisions among the surest")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3)
    save(path, made)
