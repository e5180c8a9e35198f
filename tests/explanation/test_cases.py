"""The windows to explain are the surest of each kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarewave.base.tasks import Task
from rarewave.explanation.cases import KINDS, Case, one_of_each, surest

P = st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])


EVENT = Task("event", ("background", "event"))


def by_kind(cases: list[Case]) -> dict[str, list[Case]]:
    """Cases of each kind, numbered from 1."""
    found = {kind: [case for case in cases if case.kind == kind] for kind in KINDS}
    for kind, mine in found.items():
        assert [case.number for case in mine] == list(range(1, len(mine) + 1))
        assert [case.title for case in mine] == [f"{kind}_{k + 1}" for k in range(len(mine))]
    return found


@given(st.lists(st.tuples(st.integers(0, 1), P), max_size=25), st.integers(1, 6))
def test_cases_are_the_surest_hits_false_alarms_and_misses(
    rows: list[tuple[int, float]], count: int
) -> None:
    """By sorting: falling p for what was decided an event, rising p for what was missed."""
    y = np.array([r[0] for r in rows], int)
    p = np.array([r[1] for r in rows], float)
    truth = np.stack([1 - y, y], axis=1)
    found = by_kind(surest(EVENT, y, truth, np.stack([1 - p, p], axis=1), {"event": 0.5}, count))
    hits = [i for i in range(len(y)) if y[i] == 1 and p[i] >= 0.5]
    alarms = [i for i in range(len(y)) if y[i] == 0 and p[i] >= 0.5]
    misses = [i for i in range(len(y)) if y[i] == 1 and p[i] < 0.5]
    for kind, members, sign in (
        ("hit", hits, -1),
        ("false_alarm", alarms, -1),
        ("miss", misses, 1),
    ):
        windows = [case.window for case in found[kind]]
        assert set(windows) <= set(members)
        assert len(set(windows)) == min(count, len(members))
        best = sorted(sign * p[i] for i in members)[:count]
        assert [sign * p[i] for i in windows] == best == [sign * case.p for case in found[kind]]
        assert {case.name for case in found[kind]} <= {"event"}


@pytest.mark.parametrize("background", [0, 2, -1])
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 999)), max_size=25),
    st.integers(1, 6),
)
def test_an_event_taken_for_another_is_a_false_alarm_and_a_miss(
    background: int, rows: list[tuple[int, int]], count: int
) -> None:
    """By sorting: by the p of what was said where it was wrong, by that of what it was."""
    names = [f"kind {k}" for k in range(4)]
    if background >= 0:
        names[background] = "background"
    task = Task("classes", tuple(names))
    y = np.array([r[0] for r in rows], int)
    p = np.array([np.random.default_rng(r[1]).random(4) for r in rows]).reshape(-1, 4)
    decided = p.argmax(axis=1) if len(p) else y
    truth = np.eye(4, dtype=np.int8)[y]
    found = by_kind(surest(task, y, truth, p, {}, count))
    every = range(len(rows))
    hits = [i for i in every if y[i] == decided[i] != background]
    alarms = [i for i in every if y[i] != decided[i] != background]
    misses = [i for i in every if decided[i] != y[i] != background]
    for kind, members, score in (
        ("hit", hits, [-p[i, decided[i]] for i in every]),
        ("false_alarm", alarms, [-p[i, decided[i]] for i in every]),
        ("miss", misses, [p[i, y[i]] for i in every]),
    ):
        windows = [case.window for case in found[kind]]
        assert set(windows) <= set(members)
        assert [score[i] for i in windows] == sorted(score[i] for i in members)[:count]
        said = decided if kind != "miss" else y
        assert [case.name for case in found[kind]] == [names[said[i]] for i in windows]


def test_every_tag_of_a_window_counts_for_itself() -> None:
    """One window may be a hit of one tag, a false alarm of another and a miss of a third."""
    task = Task("tags", ("a", "b", "c"))
    truth = np.array([[1, 0, 1], [0, 0, 0]], np.int8)
    p = np.array([[0.9, 0.8, 0.2], [0.1, 0.6, 0.3]])
    found = by_kind(surest(task, np.array([0, -1]), truth, p, dict.fromkeys("abc", 0.5), 5))
    assert [(c.window, c.name) for c in found["hit"]] == [(0, "a")]
    assert [(c.window, c.name) for c in found["false_alarm"]] == [(0, "b"), (1, "b")]
    assert [(c.window, c.name) for c in found["miss"]] == [(0, "c")]


def test_one_of_each_is_the_surest_that_holds_it() -> None:
    """In the order of the names; of many the surest, each window once, none that nothing holds."""
    truth = np.array([[1, 0, 1, 0], [1, 1, 0, 0], [0, 1, 1, 0]], np.int8)
    p = np.array([[0.2, 0.9, 0.4, 1.0], [0.3, 0.1, 0.9, 1.0], [0.9, 0.7, 0.35, 1.0]])
    names = ("a", "b", "c", "nowhere")
    found = one_of_each(names, truth, p, 9)
    wanted = [("a", 1, 0.3), ("b", 2, 0.7), ("c", 0, 0.4)]
    assert [(case.name, case.window, case.p) for case in found] == wanted
    assert [case.name for case in one_of_each(names, truth, p, 2)] == ["b", "c"]
    p[2, 2] = 0.5  # of both b and c the surest is one window
    assert [case.name for case in one_of_each(names, truth, p, 9)] == ["a", "b"]
