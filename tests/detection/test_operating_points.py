"""Where a detector of events is operated, against choices made by looking at every candidate."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.properties import examples

from rarewave.base.tables import DETECTED, EVENTS, conform
from rarewave.detection import operating_points, postprocessing
from rarewave.detection.operating_points import Find, Judge
from rarewave.detection.postprocessing import Joining
from rarewave.metrics import event_based
from rarewave.metrics.event_based import Matching

NEAR = Matching(1.0, None, None, None, 1.0)
ALONE = Joining(combine="mean", smooth_s=0, off_ratio=1.0, gap_s=0, min_s=0)
AT = np.round(np.linspace(0.1, 0.9, 9), 2)


def truth_of(*rows: tuple[str, float, float, str]) -> pd.DataFrame:
    """Table EVENTS of recording, onset, offset, label."""
    table = pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label"])
    table = table.assign(low_hz=np.nan, high_hz=np.nan, certain=True, weak=False)
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


def judge_of(find: Find, truth: pd.DataFrame) -> Judge:
    """The detections at a threshold, all of which count, and the hits of them."""

    def judge(label: str, threshold: float) -> tuple[pd.DataFrame, int]:
        found = find(label, threshold)
        return found, len(event_based.match(truth, found, NEAR))

    return judge


def test_the_threshold_of_best_f1() -> None:
    """All three events and one false alarm: F1 6/7 from 0.2 to 0.4, of which the middle."""
    assert operating_points.best_f1(judge_of(find, TRUTH), "a", 3, AT) == 0.3


def test_a_class_without_events_gets_the_highest_threshold() -> None:
    """Nothing can be learnt, so as little as possible is claimed."""
    assert operating_points.best_f1(judge_of(find, TRUTH), "c", 0, AT) == 0.9


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
    chosen = operating_points.best_f1(judge_of(some, mine), "a", len(mine), AT)
    assert f1(chosen) == pytest.approx(max(f1(at) for at in AT))


@pytest.mark.parametrize(("wanted", "at", "count"), [(2, 0.4, 4), (1, 0.4, 4), (0, 0.8, 1)])
def test_the_threshold_that_finds_most_with_so_many_false_alarms(
    wanted: int, at: float, count: int
) -> None:
    """In any order of candidates; of equals the one with the fewest false alarms."""
    truth = TRUTH[TRUTH["label"] == "a"].reset_index(drop=True)
    for candidates in (AT, AT[::-1]):
        chosen, table = operating_points.same_false_alarms(
            judge_of(find, truth), "a", candidates, wanted
        )
        assert (chosen, len(table)) == (at, count)


@given(st.integers(0, 9999), st.integers(0, 6))
@settings(max_examples=examples(25))
def test_no_threshold_finds_more_with_so_few_false_alarms(seed: int, wanted: int) -> None:
    """Of a real level, whose events join as the threshold falls: counts that rise and fall."""
    rng = np.random.default_rng(seed)
    p = np.round(np.convolve(rng.random(80), np.ones(3) / 3, "same"), 2)
    cut = postprocessing.cells(np.arange(80) * 10, 10, 800, ALONE.combine)
    known = postprocessing.levels(p, cut, 10.0, ALONE)
    onsets = np.sort(rng.choice(75, 4, replace=False))
    truth = truth_of(*[("r", float(t), t + 2.0, "a") for t in onsets])

    def some(label: str, threshold: float) -> pd.DataFrame:
        rows = postprocessing.spans_of(known, 10.0, threshold, ALONE)
        return found_of(*[("r", row["onset_s"], row["offset_s"], label) for row in rows])

    def hits_and_alarms(found: pd.DataFrame) -> tuple[int, int]:
        hits = len(event_based.match(truth, found, NEAR))
        return hits, len(found) - hits

    distinct = np.unique(p)
    _, table = operating_points.same_false_alarms(judge_of(some, truth), "a", distinct, wanted)
    every = [hits_and_alarms(some("a", at)) for at in distinct]
    hits, alarms = hits_and_alarms(table)
    assert alarms <= wanted
    assert hits == max([h for h, a in every if a <= wanted], default=0)


def test_nothing_is_found_where_no_threshold_has_so_few_false_alarms() -> None:
    """Two false alarms at any threshold: the threshold is infinite."""
    wrong = found_of(("r", 80, 81, "a"), ("r", 90, 91, "a"))

    def find(label: str, threshold: float) -> pd.DataFrame:
        return wrong[:0] if np.isinf(threshold) else wrong

    at, table = operating_points.same_false_alarms(judge_of(find, TRUTH), "a", AT, 1)
    assert np.isinf(at) and not len(table)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=300), st.integers(4, 60))
def test_candidates_are_distinct_scores(values: list[float], most: int) -> None:
    """All of them, or so many, the highest and the lowest among them, finer towards the top."""
    scores = np.array([*values, np.nan])
    found = operating_points.candidates(scores, most)
    distinct = np.unique(values)
    assert np.isin(found, distinct).all() and (np.diff(found) > 0).all()
    assert found[0] == distinct[0] and found[-1] == distinct[-1]
    assert len(found) == len(distinct) if len(distinct) <= most else len(found) <= most
