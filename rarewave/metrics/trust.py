"""Whether probabilities can be trusted: likelihood, calibration, and which decisions are wrong."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.metrics import binary
from rarewave.metrics.bootstrap import Bootstrap, group_weights, interval
from rarewave.metrics.decisions import LEAST, Array, Decisions

COVERAGE = 0.8  # share of the surest decisions whose accuracy is told
BINS = 15
LESS_IS_BETTER = ("nll", "brier", "calibration_error", "risk_coverage_area")
LIMITS = {"nll": (0.0, np.inf), "brier": (0.0, 2.0)}


class Ready(NamedTuple):
    """What does not change with the weights."""

    p: Array  # (k, options)
    made: Decisions
    wrong: NDArray[np.int64]  # (k,)
    doubts: Array  # (k,) probability that what was decided is not so
    ranks: binary.Ranks  # of the doubts
    first: NDArray[np.intp]  # of the surest first: where each group of equal doubts begins
    surest: NDArray[np.intp]  # (k,) the order
    other: Mapping[str, tuple[Array, binary.Ranks]]  # other signs of a wrong decision


def doubt(p: Array, decided: NDArray[np.int64]) -> Array:
    """Probability (k,) that a decision is wrong: that of all options but the one decided."""
    return 1 - p[np.arange(len(p)), decided]


def on_test(
    p: Array, made: Decisions, test: NDArray[np.bool_], signs: Mapping[str, Array]
) -> Ready:
    """What scores are made of, of the decisions (k,) that are of the test part.

    Parameters
    ----------
    p : (k, options)
    signs : of a wrong decision beside the doubt, (k,) each.
    """
    seen = Decisions(made.true[test], made.decided[test], made.unit[test])
    return ready(p[test], seen, {name: values[test] for name, values in signs.items()})


def ready(p: Array, made: Decisions, other: Mapping[str, Array]) -> Ready:
    """What scores are made of; `other` signs of a wrong decision are (k,) each."""
    doubts = doubt(p, made.decided)
    surest = np.argsort(doubts, kind="stable")
    ranked = doubts[surest]
    first = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    wrong = (~made.right).astype(np.int64)
    signs = {name: (values, binary.ranks(values)) for name, values in other.items()}
    return Ready(p, made, wrong, doubts, binary.ranks(doubts), first, surest, signs)


def foreseen(p: Array, true: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Array]:
    """What was given a probability (k,) and whether it was so: of several options the likeliest."""
    if p.shape[1] == 2:
        return true[:, 1], p[:, 1]
    return true[np.arange(len(p)), p.argmax(axis=1)], p.max(axis=1)


def measure(given: Ready, weights: Array | None) -> dict[str, float]:
    """All scores of some decisions.

    `nll`: negative log-likelihood in nats. `brier`: squared distance of probability and outcome
    (Brier 1950), of several classes summed over them. Of a window that holds two classes their
    probabilities together are the likelihood, and a half of each is the outcome.
    `calibration_error`: the expected one in 15 bins, of events and tags of their probability, of
    classes of the most probable one's (Naeini et al. 2015). `error_auroc`: area under the ROC of
    the doubt as a sign of a wrong decision, and `error_auroc_...` of other signs.
    `risk_coverage_area`: mean share of wrong decisions over all shares of the surest (Geifman et
    al. 2019). `accuracy_at_80`: of the surest 80 %.

    Parameters
    ----------
    weights : (k,), None for ones.
    """
    p, made, wrong = given.p, given.made, given.wrong
    w = np.ones(len(p)) if weights is None else weights
    true = np.clip(np.where(made.true, p, 0.0).sum(axis=1), LEAST, 1.0)
    if p.shape[1] == 2:
        brier = binary.brier(made.true[:, 1], p[:, 1], w)
    else:
        apart = p - made.true / made.true.sum(axis=1, keepdims=True)
        brier = float(np.average((apart**2).sum(axis=1), weights=w))
    share, risk = risk_coverage(given, w)
    width = np.diff(share, prepend=0.0)
    right = 1 - np.interp(COVERAGE, share, risk)
    auroc = partial(binary.roc_auc, wrong, weights=w)
    others = {
        f"error_auroc_{name}": auroc(values, known=known)
        for name, (values, known) in given.other.items()
    }
    return {
        "nll": -float(np.average(np.log(true), weights=w)),
        "brier": brier,
        "calibration_error": binary.calibration_error(*foreseen(p, made.true), w, BINS),
        "error_auroc": auroc(given.doubts, known=given.ranks),
        **others,
        "risk_coverage_area": float((risk * width).sum()),
        "accuracy_at_80": right,
        "accuracy": float(np.average(1 - wrong, weights=w)),
    }


def risk_coverage(given: Ready, weights: Array) -> tuple[Array, Array]:
    """Share of decisions taken, the surest first, and share of wrong ones among them.

    A point for each distinct doubt: equally sure decisions are taken together.
    """
    w, wrong = weights[given.surest], given.wrong[given.surest]
    taken = np.cumsum(np.add.reduceat(w, given.first))
    missed = np.cumsum(np.add.reduceat(w * wrong, given.first))
    some = taken > 0
    return taken[some] / taken[-1], missed[some] / taken[some]


def compare(
    versions: Mapping[str, Sequence[Ready]], references: Mapping[str, str], bootstrap: Bootstrap
) -> tuple[pd.DataFrame, dict[str, dict[str, dict[str, float]]]]:
    """Scores of versions of one network with intervals, and how they differ from others of them.

    Parameters
    ----------
    versions : all of the same decisions; of several networks, each alone, the mean of their scores.
    references : of a version, the one that it is compared with.

    Returns
    -------
    A table of version, metric, value, low and high (95 %); and for each version with a reference
    and each metric the gain over that, above 0 where it is better, with its paired interval; that
    in `nll` is the share of the reference's.
    """
    unit = next(iter(versions.values()))[0].made.unit
    weights = group_weights(unit, np.zeros(len(unit)), bootstrap.resamples, bootstrap.seed)
    units = len(np.unique(unit))
    points = {name: _mean(given, None) for name, given in versions.items()}
    draws = {
        name: pd.DataFrame([_mean(given, w) for w in weights]) for name, given in versions.items()
    }
    rows = [
        {"version": name, "metric": metric, "value": value}
        | _ends(value, draws[name][metric], units, *LIMITS.get(metric, (0.0, 1.0)))
        for name, found in points.items()
        for metric, value in found.items()
    ]
    gains: dict[str, dict[str, dict[str, float]]] = {}
    for name, reference in references.items():
        gains[name] = {}
        for metric in points[name].keys() & points[reference].keys():
            mine, theirs = points[name][metric], points[reference][metric]
            drawn, base = draws[name][metric], draws[reference][metric]
            if metric == "nll":
                value, apart = 1 - mine / theirs, 1 - drawn / base
            else:
                sign = -1 if metric in LESS_IS_BETTER else 1
                value, apart = sign * (mine - theirs), sign * (drawn - base)
            ends = _ends(value, apart, units, -np.inf, np.inf)
            gains[name][metric] = {"value": value} | ends
    return pd.DataFrame(rows), gains


def _mean(given: Sequence[Ready], weights: Array | None) -> dict[str, float]:
    """Each score, the mean over networks."""
    found = [measure(one, weights) for one in given]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def report(
    table: pd.DataFrame, gains: Mapping[str, Mapping[str, Mapping[str, float]]], network: str
) -> dict[str, Any]:
    """Every score of every version, intervals of one of them, and the gains, for JSON."""
    values = {
        str(version): dict(zip(mine["metric"], mine["value"], strict=True))
        for version, mine in table.groupby("version", sort=False)
    }
    own = table[table["version"] == network].set_index("metric")
    ends = {str(metric): row.to_dict() for metric, row in own[["low", "high"]].iterrows()}
    return values | {"interval": ends, "gain": gains}


def text(table: pd.DataFrame) -> str:
    """A row for each version, a column for each score."""
    wide = table.pivot(index="version", columns="metric", values="value")
    wide = wide.loc[list(dict.fromkeys(table["version"])), list(dict.fromkeys(table["metric"]))]
    wide.columns.name = wide.index.name = None
    return wide.to_string(float_format="{:.3f}".format, na_rep="-")


def _ends(value: float, draws: pd.Series, units: int, low: float, high: float) -> dict[str, float]:
    first, last = interval(value, draws.to_numpy(float), units, low, high)
    return {"low": first, "high": last}
