"""Intervals by drawing whole groups again.

Percentiles of such draws are far too narrow where groups are few: of two groups they hold the
truth half of the time. Intervals here are Student's, of the draws' standard error on a logit scale,
so that they stay within a score's limits (Hesterberg 2015, "What teachers should know about the
bootstrap", on the first; `tools/interval_coverage.py` measures how often they hold the truth).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from rarewave.base.parameters import Above, AtLeast


@dataclass(frozen=True)
class Bootstrap:
    """What the bootstrap draws whole, how often, and its seed.

    `unit`: whole groups of the split, or, where the test part has too few of them, a `block`:
    each event with all its windows, and stretches of `block_s` seconds of background.
    """

    unit: Literal["group", "block"]
    block_s: Annotated[float, Above(0)]
    resamples: Annotated[int, AtLeast(1)]
    seed: Annotated[int, AtLeast(0)]


def units(windows: pd.DataFrame, bootstrap: Bootstrap) -> NDArray[np.str_]:
    """The unit of each window, from rows of table WINDOWS; see `Bootstrap`."""
    if bootstrap.unit == "group":
        return windows["group"].to_numpy("U")
    block = (windows["start_s"] // bootstrap.block_s).astype(int).astype(str)
    event = windows["event_id"]
    return event.where(event != "", windows["recording_id"] + " " + block).to_numpy("U")


def group_weights(
    groups: NDArray[np.str_], y: NDArray, resamples: int, seed: int
) -> NDArray[np.float64]:
    """Weights (resamples, windows) of a bootstrap that draws whole groups with replacement.

    Groups with an event and groups without are drawn apart, as many as there are of each: where
    a handful of groups hold all events, a third of plain resamples would hold none, and no score.
    """
    names, index = np.unique(groups, return_inverse=True)
    eventful = np.zeros(len(names), bool)
    np.logical_or.at(eventful, index, y == 1)
    rng = np.random.Generator(np.random.PCG64(seed))
    counts = np.zeros((resamples, len(names)))
    for stratum in (np.flatnonzero(eventful), np.flatnonzero(~eventful)):
        if len(stratum):
            drawn = stratum[rng.integers(0, len(stratum), (resamples, len(stratum)))]
            np.add.at(counts, (np.arange(resamples)[:, None], drawn), 1.0)
    return counts[:, index]


# Where a score is all but at a limit, the logit of its standard error would run away.
_EDGE = 1e-3


def interval(
    value: float, draws: NDArray[np.float64], units: int, low: float = 0.0, high: float = 1.0
) -> tuple[float, float]:
    """The 95 % interval of a score.

    Parameters
    ----------
    value : as measured.
    draws : (resamples,) the score of each; those that are undefined are left out.
    units : how many groups the score rests on.
    low, high : limits of the score; an infinite `high` keeps the plain scale.

    Returns
    -------
    Both ends, NaN with fewer than two units. Where no draw differs, as for a precision of 1, they
    are those of Clopper and Pearson (1934) for a share of as many units.
    """
    draws = draws[np.isfinite(draws)]
    if units < 2 or not len(draws) or not np.isfinite(value):
        return float("nan"), float("nan")
    error = float(draws.std()) * np.sqrt(units / (units - 1))
    reach = float(stats.t.ppf(0.975, units - 1))
    if not np.isfinite(high):
        return max(low, value - reach * error), value + reach * error
    span = high - low
    share = (value - low) / span
    if error < 1e-12 * span:
        if low < 0:
            return value, value  # a difference that no draw changes
        hits = share * units
        ends = stats.beta.ppf([0.025, 0.975], [hits, hits + 1], [units - hits + 1, units - hits])
        return (low + span * (ends[0] if hits > 1e-9 else 0.0)), (
            low + span * (ends[1] if units - hits > 1e-9 else 1.0)
        )
    inside = np.clip(share, _EDGE, 1 - _EDGE)
    error /= span * inside * (1 - inside)
    ends = low + span * special.expit(special.logit(inside) + np.array([-reach, reach]) * error)
    return min(float(ends[0]), value), max(float(ends[1]), value)
