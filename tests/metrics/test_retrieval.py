"""Precision at k of a search, against a plain loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarewave.metrics import retrieval
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.retrieval import Side

DRAW = Bootstrap("group", 60.0, 200, 1)


def of_one(queries: Side, searched: Side, query: int, column: int, k: int) -> float:
    """Precision of one query for one class, an event at a time."""
    cosine = searched.features @ queries.features[query]
    cosine = cosine / np.linalg.norm(searched.features, axis=1)
    best: dict[str, float] = {}
    for unit, value in zip(searched.unit, cosine, strict=True):
        best[unit] = max(best.get(unit, -2.0), value)
    first = sorted(best, key=lambda unit: -best[unit])[:k]
    return float(np.mean([searched.truth[searched.unit == unit, column].any() for unit in first]))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(12, 60))
def test_precision_is_that_of_a_loop(seed: int, count: int) -> None:
    """Of each class, windows of one event counted once; classes without a query have no row."""
    rng = np.random.default_rng(seed)
    units = np.array([f"e{k}" for k in rng.integers(0, count // 2, count)])
    searched = Side(rng.standard_normal((count, 3)), rng.integers(0, 2, (count, 4)), units)
    truth = rng.integers(0, 2, (7, 4))
    truth[:, 3] = 0
    queries = Side(rng.standard_normal((7, 3)), truth, np.array(list("aabbccd")))
    names, columns = ["x", "y", "z"], [1, 2, 3]
    table = retrieval.precision(queries, searched, names, columns, DRAW)
    classes = [name for name, k in zip(names, columns, strict=True) if truth[:, k].any()]
    assert table["class"].tolist() == [*classes, retrieval.ALL] * bool(classes)
    for row in table.to_dict("records")[:-1]:
        column = columns[names.index(row["class"])]
        mine = np.flatnonzero(truth[:, column])
        assert row["queries"] == len(mine)
        for k in retrieval.AT:
            wanted = np.mean([of_one(queries, searched, q, column, k) for q in mine])
            assert row[f"p_at_{k}"] == pytest.approx(wanted)
    if classes:
        means = table.iloc[:-1][[f"p_at_{k}" for k in retrieval.AT]].mean()
        np.testing.assert_allclose(table.iloc[-1][list(means.index)].astype(float), means)


def test_intervals_hold_the_mean_and_grow_with_fewer_groups() -> None:
    """Which are what is drawn; a single one has none."""
    rng = np.random.default_rng(0)
    searched = Side(
        rng.standard_normal((300, 4)).astype(np.float32),
        rng.integers(0, 2, (300, 1)),
        np.arange(300).astype("U"),
    )
    X, truth = rng.standard_normal((80, 4)).astype(np.float32), np.ones((80, 1), np.int8)
    rare = np.zeros((80, 2), np.int8)  # most draws hold none of the second class
    rare[:, 0], rare[0, 1] = 1, 1
    queries = Side(X, rare, (np.arange(80) % 40).astype("U"))
    both = searched._replace(truth=np.hstack([searched.truth, 1 - searched.truth]))
    table = retrieval.precision(queries, both, ["x", "y"], [0, 1], DRAW)
    assert table["p_at_5_low"].iloc[-1] < table["p_at_5"].iloc[-1] < table["p_at_5_high"].iloc[-1]
    wide = {}
    for groups in (1, 4, 40):
        queries = Side(X, truth, (np.arange(80) % groups).astype("U"))
        row = retrieval.precision(queries, searched, ["x"], [0], DRAW).iloc[0]
        wide[groups] = row["p_at_10_high"] - row["p_at_10_low"]
        assert row["chance"] == pytest.approx(searched.truth.mean())
        assert groups == 1 or row["p_at_10_low"] <= row["p_at_10"] <= row["p_at_10_high"]
    assert np.isnan(wide[1]) and wide[4] > wide[40] > 0
