"""Polyphonic Sound Detection Score: one number for a detector at all its thresholds.

Bilen, Ferroni, Tuveri, Azcarreta and Krstulovic (2020), "A framework for the robust evaluation of
sound event detection"; the curve is the staircase of psds_eval, not interpolated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, AtLeast, Fraction
from rarewave.metrics.intersection_based import intersections

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Criteria:
    """What counts as found, and what errors cost.

    `dtc`, `gtc` and `cttc`: shares of intersection, see `intersection_based.intersections`.
    `alpha_ct`: cost of a cross-trigger, beside that of the false alarm that it is.
    `alpha_st`: cost of the standard deviation over the classes.
    `e_max`: effective false alarms per hour at which the curve ends.
    """

    dtc: Fraction
    gtc: Fraction
    cttc: Fraction
    alpha_ct: Fraction
    alpha_st: Annotated[float, AtLeast(0)]
    e_max: Annotated[float, Above(0)]


# The two scenarios of DCASE since 2021: react fast and place events well; do not mix up classes.
PSDS1 = Criteria(dtc=0.7, gtc=0.7, cttc=0.3, alpha_ct=0.0, alpha_st=1.0, e_max=100.0)
PSDS2 = Criteria(dtc=0.1, gtc=0.1, cttc=0.3, alpha_ct=0.5, alpha_st=1.0, e_max=100.0)


@dataclass(frozen=True)
class Score:
    """The score and its curves, steps that hold from one rate to the next.

    value : 0 to 1, the area under `etpr` up to `e_max`, over `e_max`; NaN without any event.
    efpr : (k,) effective false alarms per hour, rising from 0, perhaps beyond `e_max`.
    tpr : (classes, k) share of the events of a class found; NaN for a class without events.
    etpr : (k,) mean over the classes with events less `alpha_st` standard deviations, 0 at least.
    """

    value: float
    efpr: Array
    tpr: Array
    etpr: Array


def psds(
    truth: pd.DataFrame,
    detections_by_threshold: Mapping[float, pd.DataFrame],
    classes: Sequence[str],
    hours: float,
    criteria: Criteria,
) -> Score:
    """Score detections at several thresholds; the more thresholds, the finer the curve.

    `hours` is how much was searched. The effective rate of a class is its false alarms per hour
    and `alpha_ct` times the mean over the other classes of its cross-triggers on one, per hour of
    events of that one. At each rate a class has the best share of any threshold with at most this
    rate, and 0 below all. A class without events has no share and is left out of the mean; so is
    it among those triggered on.

    Raises
    ------
    DataError
        No threshold is given, or `hours` is not above 0; or as `intersection_based.intersections`.
    """
    if not hours > 0:
        raise DataError(f"{hours} hours were searched: false alarms per hour need more than 0")
    if not detections_by_threshold:
        raise DataError("a PSDS needs detections at one threshold at least")
    points = [
        _point(truth, found, classes, hours, criteria) for found in detections_by_threshold.values()
    ]
    rates = np.stack([rate for rate, _ in points], axis=1)
    shares = np.stack([share for _, share in points], axis=1)
    efpr = np.unique(np.append(rates, 0.0))
    tpr = np.stack([staircase(efpr, r, s) for r, s in zip(rates, shares, strict=True)])
    tpr[np.isnan(shares).any(axis=1)] = np.nan
    known = tpr[~np.isnan(tpr).any(axis=1)]
    if not len(known):
        nothing = np.full(len(efpr), np.nan)
        return Score(float("nan"), efpr, tpr, nothing)
    etpr = np.maximum(known.mean(axis=0) - criteria.alpha_st * known.std(axis=0), 0.0)
    return Score(area(efpr, etpr, criteria.e_max), efpr, tpr, etpr)


def staircase(at: Array, rates: Array, shares: Array) -> Array:
    """The best share of any point with at most the rate, for each rate `at`; 0 without a point."""
    order = np.argsort(rates, kind="stable")
    best = np.maximum.accumulate(np.concatenate(([0.0], shares[order])))
    return best[np.searchsorted(rates[order], at, side="right")]


def area(efpr: Array, etpr: Array, e_max: float) -> float:
    """The mean of steps, each held up to the next rate, from 0 to `e_max`."""
    edges = np.minimum(np.append(efpr, np.inf), e_max)
    return float((np.diff(edges) * etpr).sum() / e_max)


def _point(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    classes: Sequence[str],
    hours: float,
    criteria: Criteria,
) -> tuple[Array, Array]:
    """Effective false alarms per hour and share of events found, of each class."""
    counts = intersections(truth, found, classes, criteria.dtc, criteria.gtc, criteria.cttc)
    present = counts.reference > 0
    share = np.full(len(classes), np.nan)
    share[present] = counts.tp[present] / counts.reference[present]
    per_hour = counts.cross[:, present] / (counts.truth_s[present] / 3600.0)
    others = present.sum() - present  # a class never triggers on itself
    crossed = per_hour.sum(axis=1) / np.maximum(others, 1)
    return counts.fp / hours + criteria.alpha_ct * crossed, share
