"""Shares of events found against their ratio of signal to noise: curves, points, differences."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit, logit

Array = NDArray[np.float64]
POINTS = {"half_db": 0.5, "ninety_db": 0.9}
_STEPS, _FAR = 60, 5.0


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); NaN of none."""
    if not count:
        return float("nan"), float("nan")
    found = stats.binomtest(hits, count).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def logistic(x: Array, hit: NDArray[np.bool_], weights: Array | None = None) -> Array:
    """Intercept and slope (r, 2) of a logistic curve, by Firth's penalised likelihood.

    The penalty (Firth 1993; Heinze and Schemper 2002) takes the first order of the bias away, and
    keeps the slope finite where a threshold parts hits from misses without an error, as it does
    where a detector is good and events are few.

    Parameters
    ----------
    x : (n,) ratios of signal to noise.
    weights : (r, n) how often each event counts, of a bootstrap; None: each once.
    """
    w = np.ones((1, len(x))) if weights is None else weights
    middle, scale = float(np.mean(x)), max(float(np.std(x)), 1e-9)
    z, y = (x - middle) / scale, hit.astype(np.float64)
    a, b = np.zeros(len(w)), np.zeros(len(w))
    for _ in range(_STEPS):
        p = expit(a[:, None] + b[:, None] * z)
        v = w * p * (1 - p)
        s0, s1, s2 = v.sum(axis=1), v @ z, v @ (z * z)
        det = np.maximum(s0 * s2 - s1 * s1, 1e-300)
        # Leverage of each event: v times x' I^-1 x; the score gets leverage x (1/2 - p).
        far = (s2[:, None] - 2 * s1[:, None] * z + s0[:, None] * (z * z)) / det[:, None]
        residual = w * (y - p) + v * far * (0.5 - p)
        u0, u1 = residual.sum(axis=1), residual @ z
        step_a = np.clip((s2 * u0 - s1 * u1) / det, -_FAR, _FAR)
        step_b = np.clip((s0 * u1 - s1 * u0) / det, -_FAR, _FAR)
        a, b = a + step_a, b + step_b
        if max(np.abs(step_a).max(initial=0), np.abs(step_b).max(initial=0)) < 1e-8:
            break
    return np.stack([a - b * middle / scale, b / scale], axis=1)


def point(curve: Array, share: float, low: float, high: float) -> Array:
    """Where curves (r, 2) reach a share, at least `low` and at most `high`.

    A curve that does not rise reaches it at an end: `low` where it is above the share half-way.
    """
    a, b = curve[:, 0], curve[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (logit(share) - a) / b
    end = np.where(a + b * (low + high) / 2 > logit(share), low, high)
    return np.where(b > 0, np.clip(at, low, high), end)


class Tested(NamedTuple):
    """Events that were put in, and which of them each detector found."""

    snr_db: Array  # (n,)
    found: dict[str, NDArray[np.bool_]]  # of each detector (n,)
    low_db: float  # the range that was tested
    high_db: float


def draws(count: int, resamples: int, seed: int) -> Array:
    """Weights (resamples, n) of a bootstrap over the events."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.multinomial(count, np.full(count, 1 / count), resamples).astype(np.float64)


def points(tested: Tested, resamples: int, seed: int) -> dict[str, dict[str, Any]]:
    """The 50 % and 90 % points of each detector in dB, with 95 % intervals of the bootstrap.

    Returns
    -------
    For each detector and point `value`, `low`, `high` and `beyond`: "above" or "below" where the
    point lies at that end of the tested range, or beyond it, else empty; and under `draws` those
    of the bootstrap, the same events for all detectors.
    """
    weights = draws(len(tested.snr_db), resamples, seed)
    ends = tested.low_db, tested.high_db
    found: dict[str, dict[str, Any]] = {}
    for name, hit in tested.found.items():
        one, many = logistic(tested.snr_db, hit), logistic(tested.snr_db, hit, weights)
        found[name] = {"curve": one[0]}
        for key, share in POINTS.items():
            value, drawn = float(point(one, share, *ends)[0]), point(many, share, *ends)
            low, high = np.quantile(drawn, [0.025, 0.975])
            about = {"value": value, "low": float(low), "high": float(high)}
            beyond = {ends[0]: "below", ends[1]: "above"}.get(value, "")
            found[name][key] = about | {"beyond": beyond, "draws": drawn}
    return found


def differences(
    known: dict[str, dict[str, Any]], detector: str, key: str = "half_db"
) -> dict[str, dict[str, Any]]:
    """How many dB fainter the events are that a detector finds, than those of each other one.

    Paired: both find, or miss, the same events, and the bootstrap draws these.

    Returns
    -------
    `value`, `low`, `high`, and `bound`: "at least" or "at most" where one of the points lies beyond
    the tested range, "unknown" where both do, else empty.
    """
    mine, rows = known[detector][key], {}
    for name, other in known.items():
        if name == detector:
            continue
        theirs = other[key]
        low, high = np.quantile(theirs["draws"] - mine["draws"], [0.025, 0.975])
        bound = ""
        if mine["beyond"] or theirs["beyond"]:
            bound = "unknown"
            if not mine["beyond"]:
                bound = "at least" if theirs["value"] > mine["value"] else "at most"
            elif not theirs["beyond"]:
                bound = "at least" if mine["value"] < theirs["value"] else "at most"
        value = theirs["value"] - mine["value"]
        rows[name] = {"value": value, "low": float(low), "high": float(high), "bound": bound}
    return rows


def bins(tested: Tested, step_db: float) -> pd.DataFrame:
    """Shares found of each detector in steps of the ratio: Wilson intervals, and the fitted curve.

    Returns
    -------
    detector, low_db, high_db, snr_db (the middle), events, found, share, low, high.
    """
    count = max(1, round((tested.high_db - tested.low_db) / step_db))
    edges = np.linspace(tested.low_db, tested.high_db, count + 1)
    at = np.clip(np.searchsorted(edges, tested.snr_db, side="right") - 1, 0, count - 1)
    rows = []
    for name, hit in tested.found.items():
        for number in range(count):
            inside = hit[at == number]
            hits, events = int(inside.sum()), len(inside)
            low, high = wilson(hits, events)
            about = {"detector": name, "low_db": edges[number], "high_db": edges[number + 1]}
            about["snr_db"] = (edges[number] + edges[number + 1]) / 2
            share = hits / events if events else float("nan")
            about |= {"events": events, "found": hits, "share": share, "low": low, "high": high}
            rows.append(about)
    return pd.DataFrame(rows)
