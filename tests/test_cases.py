"""The windows to explain are the surest of each kind."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rarewave.cases import surest


@given(
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])), max_size=25),
    st.integers(1, 6),
)
def test_cases_are_the_surest_hits_false_alarms_and_misses(
    rows: list[tuple[int, float]], count: int
) -> None:
    """By sorting: falling p for what was decided an event, rising p for what was missed."""
    y = np.array([r[0] for r in rows], int)
    p = np.array([r[1] for r in rows], float)
    found = surest(y, p, 0.5, count)
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
