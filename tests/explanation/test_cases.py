"""The windows to explain are the surest of each kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarewave.explanation.cases import surest

P = st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])


@given(st.lists(st.tuples(st.integers(0, 1), P), max_size=25), st.integers(1, 6))
def test_cases_are_the_surest_hits_false_alarms_and_misses(
    rows: list[tuple[int, float]], count: int
) -> None:
    """By sorting: falling p for what was decided an event, rising p for what was missed."""
    y = np.array([r[0] for r in rows], int)
    p = np.array([r[1] for r in rows], float)
    decided = (p >= 0.5).astype(int)
    found = surest(y, decided, np.stack([1 - p, p], axis=1), 0, count)
    hits = [i for i in range(len(y)) if y[i] == 1 and p[i] >= 0.5]
    alarms = [i for i in range(len(y)) if y[i] == 0 and p[i] >= 0.5]
    misses = [i for i in range(len(y)) if y[i] == 1 and p[i] < 0.5]
    for kind, members, sign in (
        ("hit", hits, -1),
        ("false_alarm", alarms, -1),
        ("miss", misses, 1),
    ):
        assert set(found[kind]) <= set(members)
        assert len(set(found[kind])) == min(count, len(members))
        best = sorted(sign * p[i] for i in members)[:count]
        assert [sign * p[i] for i in found[kind]] == best


@pytest.mark.parametrize("background", [0, 2, -1])
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 999)), max_size=25),
    st.integers(1, 6),
)
def test_an_event_taken_for_another_is_a_false_alarm_and_a_miss(
    background: int, rows: list[tuple[int, int, int]], count: int
) -> None:
    """By sorting: by the p of what was said where it was wrong, by that of what it was."""
    y, decided = (np.array([r[k] for r in rows], int) for k in (0, 1))
    p = np.array([np.random.default_rng(r[2]).random(4) for r in rows]).reshape(-1, 4)
    found = surest(y, decided, p, background, count)
    every = range(len(rows))
    hits = [i for i in every if y[i] == decided[i] != background]
    alarms = [i for i in every if y[i] != decided[i] != background]
    misses = [i for i in every if decided[i] != y[i] != background]
    for kind, members, score in (
        ("hit", hits, [-p[i, decided[i]] for i in every]),
        ("false_alarm", alarms, [-p[i, decided[i]] for i in every]),
        ("miss", misses, [p[i, y[i]] for i in every]),
    ):
        assert set(found[kind]) <= set(members)
        assert [score[i] for i in found[kind]] == sorted(score[i] for i in members)[:count]
