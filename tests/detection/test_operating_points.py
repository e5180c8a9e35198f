"""Where a detector of events is operated, against choices made by looking at every candidate."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.properties import examples

from rarewave.base.tables import DETECTED, EVENTS, conform
from rarewave.detection import operating_points
from rarewave.metrics import event_based
from rarewave.metrics.event_based import Matching

NEAR = Matching(1.0, 1.0, None, None, 1.0)
AT = np.round(np.linspace(0.1, 0.9, 9), 2)


def truth_of(*rows: tuple[str, float, float, str]) -> pd.DataFrame:
    """Table EVENTS of recording, onset, offset, label."""
    table = pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label"])
    table = table.assign(low_hz=np.nan, high_hz=np.nan, certain=True)
    return conform(table.assign(event_id=[f"e{k}" for k in range(len(table))]), EVENTS, "events")


def found_of(*rows: tuple[str, float, float, str]) -> pd.DataFrame:
    """Table DETECTED likewise."""
    table = pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label"])
    table = table.assign(low_hz=np.nan, high_hz=np.nan, peak=1.0, mean=1.0, windows=1)
    return conform(table, DETECTED, "events")


TRUTH = truth_of(("r", 10, 12, "a"), ("r", 30, 32, "a"), ("s", 10, 12, "a"), ("s", 50, 51, "b"))
# Score, recording, onset: what a detector of class a would say at any threshold below the score.
SAID = [(0.85, "r", 10), (0.75, "r", 70), (0.65, "r", 30.5), (0.45, "s", 10.2), (0.15, "s", 80)]


def find(label: str, threshold: float) -> pd.DataFrame:
    """The detections at a threshold."""
    return found_of(
        *[(r, t, t + 2.0, label) for p, r, t in SAID if p >= threshold and label == "a"]
    )


def test_the_threshold_of_best_f1() -> None:
    """All three events and one false alarm: F1 6/7 from 0.2 to 0.4, of which the middle."""
    assert operating_points.best_f1(find, TRUTH, "a", AT, NEAR) == 0.3


def test_a_class_without_events_gets_the_highest_threshold() -> None:
    """Nothing can be learnt, so as little as possible is claimed."""
    assert operating_points.best_f1(find, TRUTH, "c", AT, NEAR) == 0.9


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 40)), max_size=8))
@settings(max_examples=examples(12))
def test_no_candidate_is_better(said: list[tuple[int, int]]) -> None:
    """Against F1 counted by hand, at every candidate."""

    def some(label: str, threshold: float) -> pd.DataFrame:
        times = [t for p, t in said if p / 10 >= threshold - 1e-9]
        return found_of(*[("r", t, t + 2.0, label) for t in times])

    def f1(threshold: float) -> float:
        found = some("a", threshold)
        hits = len(event_based.match(mine, found, NEAR))
        return 2 * hits / (len(mine) + len(found))

    mine = TRUTH[TRUTH["label"] == "a"].reset_index(drop=True)
    chosen = operating_points.best_f1(some, TRUTH, "a", AT, NEAR)
    assert f1(chosen) == pytest.approx(max(f1(at) for at in AT))


@pytest.mark.parametrize(("wanted", "at", "count"), [(2, 0.1, 5), (1, 0.2, 4), (0, 0.8, 1)])
def test_the_lowest_threshold_with_so_many_false_alarms(wanted: int, at: float, count: int) -> None:
    """In any order of candidates."""
    truth = TRUTH[TRUTH["label"] == "a"].reset_index(drop=True)
    for candidates in (AT, AT[::-1]):
        chosen, table = operating_points.same_false_alarms(
            find, truth, "a", candidates, NEAR, wanted
        )
        assert (chosen, len(table)) == (at, count)


def test_nothing_is_found_where_no_threshold_has_so_few_false_alarms() -> None:
    """Two false alarms at any threshold: the threshold is infinite."""
    wrong = found_of(("r", 80, 81, "a"), ("r", 90, 91, "a"))

    def find(label: str, threshold: float) -> pd.DataFrame:
        return wrong[:0] if np.isinf(threshold) else wrong

    at, table = operating_points.same_false_alarms(find, TRUTH, "a", AT, NEAR, 1)
    assert np.isinf(at) and not len(table)


def test_detections_in_uncertain_time_are_left_out() -> None:
    """More than half of them; exactly half is scored, and other recordings are not concerned."""
    doubtful = truth_of(("r", 10, 20, "a"), ("t", 0, 100, "a"))
    found = found_of(
        ("r", 0, 5, "a"), ("r", 5, 15, "a"), ("r", 5.1, 15.1, "a"), ("r", 12, 13, "b"),
        ("r", 19, 30, "a"), ("s", 12, 13, "a"),
    )  # fmt: skip
    kept = operating_points.without_doubtful(found, doubtful)
    assert list(zip(kept["recording_id"], kept["onset_s"], strict=True)) == [
        ("r", 0), ("r", 5), ("r", 19), ("s", 12),
    ]  # fmt: skip
    assert len(operating_points.without_doubtful(found, doubtful.iloc[:0])) == 6
    assert len(operating_points.without_doubtful(found.iloc[:0], doubtful)) == 0


def test_uncertain_intervals_add_up() -> None:
    """Four and four of ten seconds, counted once where they overlap."""
    doubtful = truth_of(("r", 0, 4, "a"), ("r", 2, 4, "b"), ("r", 6, 10, "a"))
    assert not len(operating_points.without_doubtful(found_of(("r", 0, 10, "a")), doubtful))


def test_a_day_is_what_its_recordings_say() -> None:
    """Two recordings of one day, and one without a clock, which is its own day."""
    recordings = pd.DataFrame(
        {
            "recording_id": ["r", "s", "t"],
            "start": pd.to_datetime(["2024-03-01T02:00", "2024-03-01T22:00", None], utc=True),
            "sample_rate": 10.0,
            "n_samples": [36_000, 36_000, 72_000],
        }
    )
    found = {"network": find("a", 0.4), "other": found_of(("t", 5, 6, "a"))}
    table = operating_points.per_day(TRUTH, found, recordings, NEAR)
    assert table.to_dict("list") == {
        "day": ["2024-03-01", "t"],
        "hours": [2.0, 2.0],
        "events": [4, 0],
        "network_hits": [3, 0],
        "network_false_alarms": [1, 0],
        "other_hits": [0, 0],
        "other_false_alarms": [0, 1],
    }
