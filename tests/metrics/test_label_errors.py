"""Labels that are likely wrong: planted ones come first, right ones are left alone."""

import warnings

import numpy as np
import pytest
from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class

from rarewave.base.errors import DataError
from rarewave.base.tasks import BACKGROUND, Task
from rarewave.metrics.label_errors import doubtful

CLASSES = Task("classes", (BACKGROUND, "a", "b"))
EVENT = Task("event", (BACKGROUND, "quake"))
TAGS = Task("tags", ("a", "b", "c"))


def scores(task: Task, truth: np.ndarray, seed: int = 0) -> np.ndarray:
    """Probabilities of a good network."""
    p = np.exp(4 * truth + np.random.default_rng(seed).normal(0, 1, truth.shape))
    return p / (p + 8) if task.kind == "tags" else p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("task", [CLASSES, EVENT])
def test_planted_errors_come_first(task: Task) -> None:
    """With what they were before, and the network's doubt in them."""
    rng = np.random.default_rng(1)
    true = rng.choice(len(task.names), 300)
    p = scores(task, np.eye(len(task.names))[true])
    planted = rng.choice(300, 15, replace=False)
    given = true.copy()
    given[planted] = (true[planted] + 1) % len(task.names)
    labels = [task.names[k] for k in given]
    truth = np.eye(len(task.names), dtype=np.int8)[given]
    found = doubtful(task, labels, truth, p)
    first = found.head(12)
    assert set(first["row"]) <= set(planted) and len(set(found["row"]) & set(planted)) >= 13
    for row in first.to_dict("records"):
        assert row["given"] == labels[row["row"]]
        assert row["suggested"] == task.names[true[row["row"]]]
        assert row["quality"] == pytest.approx(p[row["row"], given[row["row"]]])
    assert found["quality"].is_monotonic_increasing
    every = doubtful(task, labels, truth, p, every=True)
    assert set(found["row"]) <= set(every["row"]) and (every["given"] != every["suggested"]).all()


@pytest.mark.parametrize("task", [CLASSES, EVENT, TAGS])
def test_one_label_alone_is_no_error(task: Task) -> None:
    """Nothing is known of the others; no traceback, and no warning of cleanlab's options."""
    for k in range(len(task.names)):
        truth = np.tile(np.eye(len(task.names), dtype=np.int8)[k], (30, 1))
        p = np.random.default_rng(k).dirichlet(np.ones(len(task.names)), 30)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert not len(doubtful(task, [task.names[k]] * 30, truth, p))


def test_a_class_that_shares_the_window_is_no_error() -> None:
    """Where a and b overlap, the network may prefer either."""
    truth = np.tile(np.array([[0, 1, 1]], np.int8), (40, 1))
    p = np.tile([0.02, 0.08, 0.9], (40, 1))
    assert not len(doubtful(CLASSES, ["a"] * 40, truth, p, every=True))


def test_tags_that_are_missing_or_too_many_are_told_apart() -> None:
    """Each tag on its own, as cleanlab has it for several labels."""
    rng = np.random.default_rng(2)
    true = (rng.random((400, 3)) < [0.5, 0.3, 0.2]).astype(np.int8)
    p = scores(TAGS, true)
    given = true.copy()
    planted = [(row, k) for row, k in zip(rng.choice(400, 24, False), [0, 1, 2] * 8, strict=True)]
    for row, k in planted:
        given[row, k] = 1 - given[row, k]
    found = doubtful(TAGS, ["a"] * 400, given, p)
    for row in found.to_dict("records"):
        tag = row["given"] if row["suggested"] == BACKGROUND else row["suggested"]
        present = given[row["row"], TAGS.names.index(tag)]
        assert (row["given"] == tag) == bool(present)
        assert {row["given"], row["suggested"]} == {tag, BACKGROUND}
    told = {(r, TAGS.names.index(g if s == BACKGROUND else s)) for r, g, s, _ in found.to_numpy()}
    assert len(told & set(planted)) >= 18
    lists = [list(np.flatnonzero(row)) for row in given]
    theirs = np.argwhere(find_multilabel_issues_per_class(lists, p, n_jobs=1))
    assert told <= {tuple(pair) for pair in theirs.tolist()}


def test_nothing_to_look_at_is_said() -> None:
    with pytest.raises(DataError, match="no scored windows"):
        doubtful(EVENT, [], np.zeros((0, 2), np.int8), np.zeros((0, 2)))
    with pytest.raises(DataError, match="no numbers"):
        doubtful(EVENT, [BACKGROUND], np.array([[1, 0]], np.int8), np.array([[np.nan, 0.5]]))
