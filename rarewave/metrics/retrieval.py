"""How many of the nearest training windows are of a query's class: precision at k."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.metrics.bootstrap import Bootstrap, group_weights, interval

AT = (1, 5, 10)
ALL = "all"  # the mean over the classes, each as much as another
_BLOCK = 256  # queries at once: it bounds the memory


class Side(NamedTuple):
    """Windows that are looked for, or among."""

    features: NDArray[np.float32]  # (n, features)
    truth: NDArray[np.int8]  # (n, names)
    unit: NDArray[np.str_]  # (n,) of queries what is drawn whole; else what counts once, an event


def precision(
    queries: Side, searched: Side, names: Sequence[str], columns: Sequence[int], draw: Bootstrap
) -> pd.DataFrame:
    """Precision at k of each class: the share of the k most similar that are of the class too.

    Similar is what has the highest cosine. Windows of one event count once, by the most similar
    of them: ten windows of one event are one finding. A query of several tags is one of each.

    Parameters
    ----------
    names, columns : the classes, and where they are among the columns of truth.

    Returns
    -------
    A row for each class that a query has, and one of their mean: class, queries, units, chance
    (the precision of any order), and p_at_<k> with the ends of its 95 % interval over units.
    """
    _, first, number = np.unique(searched.unit, return_index=True, return_inverse=True)
    held = np.zeros((len(first), len(columns)), bool)
    np.logical_or.at(held, number, searched.truth[:, columns] > 0)
    hits = _hits(_unit(queries.features), _unit(searched.features), number, held)
    wanted = queries.truth[:, columns] > 0
    weights = group_weights(queries.unit, np.ones(len(wanted)), draw.resamples, draw.seed)
    rows: list[dict[str, Any]] = []
    values, draws = [], []
    for column, name in enumerate(names):
        mine = wanted[:, column]
        if not mine.any():
            continue
        values.append(hits[mine, column].mean(axis=0))
        weight = weights[:, mine]
        total = weight.sum(axis=1, keepdims=True)
        drawn = weight @ hits[mine, column]
        draws.append(np.divide(drawn, total, out=np.full_like(drawn, np.nan), where=total > 0))
        rows.append(_about(name, queries.unit[mine], float(held[:, column].mean())))
    if rows:
        chance = float(np.mean([row["chance"] for row in rows]))
        rows.append(_about(ALL, queries.unit[wanted.any(axis=1)], chance))
        values.append(np.mean(values, axis=0))
        draws.append(np.ma.masked_invalid(draws).mean(axis=0).filled(np.nan))  # of those drawn
    for row, value, drawn in zip(rows, values, draws, strict=True):
        for place, k in enumerate(AT):
            low, high = interval(float(value[place]), drawn[:, place], row["units"])
            row |= {f"p_at_{k}": value[place], f"p_at_{k}_low": low, f"p_at_{k}_high": high}
    return pd.DataFrame(rows)


def _about(name: str, units: NDArray[np.str_], chance: float) -> dict[str, Any]:
    return {
        "class": name,
        "queries": len(units),
        "units": len(np.unique(units)),
        "chance": chance,
    }


def _unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return np.divide(features, length, out=np.zeros_like(features), where=length > 0)


def _hits(
    queries: NDArray[np.float32],
    searched: NDArray[np.float32],
    number: NDArray[np.int64],
    held: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Precision (queries, classes, k) of each query for each class."""
    order = np.argsort(number, kind="stable")
    begins = np.searchsorted(number[order], np.arange(len(held)))
    inside = searched[order]
    found = np.zeros((len(queries), held.shape[1], len(AT)))
    for at in range(0, len(queries), _BLOCK):
        cosine = np.maximum.reduceat(queries[at : at + _BLOCK] @ inside.T, begins, axis=1)
        nearest = np.argsort(-cosine, axis=1, kind="stable")[:, : max(AT)]
        for place, k in enumerate(AT):
            found[at : at + _BLOCK, :, place] = held[nearest[:, :k]].mean(axis=1)
    return found
