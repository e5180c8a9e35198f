"""Postprocessing that is longer than events, or than the time between them, is said."""

from dataclasses import replace

import numpy as np
import pytest
from support import tiny

from rarewave.detection import notices

EVENTS = np.array([0.1, 0.12, 0.12, 0.2, 0.99])
GAPS = np.array([0.4, 0.5, 3.0])


def test_lengths_below_those_of_the_events_are_silent() -> None:
    fitting = replace(tiny.JOINING, smooth_s=0.1, min_s=0.05, gap_s=0.3)
    for joining in (tiny.JOINING, fitting):
        assert notices.longer_than_events(joining, EVENTS, GAPS) == []
    assert notices.longer_than_events(fitting, np.zeros(0), np.zeros(0)) == []


@pytest.mark.parametrize(
    ("name", "key", "value", "said"),
    [
        ("smooth_s", "smoothing_longer_than_events", 0.3 / 0.12, "less than half its length"),
        ("min_s", "events_shorter_than_least", 0.3 / 0.12, "are dropped as too short"),
        ("gap_s", "events_joined", 0.6 / 0.5, "neighbours become one event"),
    ],
)
def test_lengths_above_those_of_the_events(name: str, key: str, value: float, said: str) -> None:
    seconds = 0.6 if name == "gap_s" else 0.3
    joining = replace(tiny.JOINING, **{name: seconds})
    (notice,) = notices.longer_than_events(joining, EVENTS, GAPS)
    assert notice.key == key and notice.value == pytest.approx(value)
    assert f"detect.{name} is {seconds} s" in notice.says and said in notice.says


def test_thresholds_of_events_at_the_edge_of_the_scores() -> None:
    scores = {"a": np.array([0.1, 0.5, np.nan, 0.9]), "b": np.array([0.2, 0.3])}
    assert notices.at_the_edge({"a": 0.5, "b": 0.25}, scores) == []
    (notice,) = notices.at_the_edge({"a": 0.9, "b": 0.25}, scores)
    assert notice.key == "event_threshold_at_edge" and "for a (0.9):" in notice.says


def test_labels_without_times() -> None:
    assert notices.without_times([]) == []
    (notice,) = notices.without_times(["validation", "test"])
    assert notice.key == "labels_without_times"
    assert "labels of validation and test are of whole recordings" in notice.says
