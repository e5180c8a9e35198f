"""Intervals by drawing whole groups again."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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


def interval(samples: list[dict[str, Any]], name: str) -> tuple[float, float]:
    """The central 95 % of a metric over bootstrap resamples; NaN where it is undefined."""
    values = np.array([sample[name] for sample in samples], float)
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
