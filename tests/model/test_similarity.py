"""Nearest windows, without overlaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarewave.base.errors import DataError
from rarewave.model import similarity


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 12))
def test_windows_are_the_best_that_do_not_overlap(seed: int, windows: int, count: int) -> None:
    """As a plain loop over all cosines finds them."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((windows, 3))
    stored = (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float16)
    queries = rng.standard_normal((2, 3)).astype(np.float32)
    begin = rng.uniform(0, 5, windows)
    recording = rng.integers(0, 3, windows)
    taken = [(0, 0.0, 1.0)]
    best = similarity.exact(stored, queries)
    found = similarity.apart(
        best, windows, lambda r: (int(recording[r]), begin[r], begin[r] + 1), count, taken
    )
    unit = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    cosine = stored.astype(np.float32) @ unit.T
    kept, wanted = list(taken), []
    for row in np.argsort(-cosine.max(axis=1), kind="stable"):
        span = (int(recording[row]), begin[row], begin[row] + 1)
        if len(wanted) < count and not any(
            span[0] == n and span[1] < b and a < span[2] for n, a, b in kept
        ):
            kept.append(span)
            wanted.append((int(row), int(cosine[row].argmax())))
    assert [(one.row, one.query) for one in found] == wanted
    rows, near = similarity.of_each(stored, unit, min(4, windows))
    exact = np.sort(cosine, axis=0)[::-1][: near.shape[1]].T
    np.testing.assert_allclose(np.sort(near, axis=1)[:, ::-1], exact, rtol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(cosine.T, rows, axis=1), near, rtol=1e-6)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of windows nor of the candidates that are looked at."""
    rng = np.random.default_rng(0)
    stored = rng.standard_normal((500, 4)).astype(np.float16)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True).astype(np.float16)
    queries = rng.standard_normal((3, 4)).astype(np.float32)
    spans = lambda row: (0, row / 10, row / 10 + 2.0)  # noqa: E731
    whole = similarity.apart(similarity.exact(stored, queries), 500, spans, 15)
    monkeypatch.setattr(similarity, "_BLOCK", 7)
    monkeypatch.setattr(similarity, "_FIRST", 1)
    pieces = similarity.apart(similarity.exact(stored, queries), 500, spans, 15)
    assert [one.row for one in whole] == [one.row for one in pieces]
    np.testing.assert_allclose([o.cosine for o in whole], [o.cosine for o in pieces], rtol=1e-6)


def test_features_of_another_network_and_of_nothing_are_refused() -> None:
    """With what to do."""
    stored = np.eye(3, dtype=np.float16)
    with pytest.raises(DataError, match="3 features and the network 2"):
        similarity.exact(stored, np.ones((1, 2), np.float32))
    with pytest.raises(DataError, match="sees nothing in the query"):
        similarity.exact(stored, np.zeros((1, 3), np.float32))
