"""What calls say about sizes and bands, and windows that leave nothing to tell apart."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.dataset import targets, training_calls
from rarewave.dataset.placement import Placement
from rarewave.dataset.targets import Target
from rarewave.splits.parts import Split

EVENT, LABEL = Target("event"), Target("label")
SPLIT = Split(
    validation=0.2,
    test=0.25,
    test_groups=("t*",),
    validation_groups=("v",),
    test_fold=None,
    test_recordings=(),
    purge_s=0.0,
    clock="shared",
    seed=1,
)
CALLS = Placement(
    placement="calls",
    window_samples=None,
    hop_samples=None,
    context_samples=0,
    max_gap=0.1,
    pad_short=False,
    jitter=0.0,
    background_ratio=1.0,
    placement_seed=1,
)


def windows(labels: list[str], status: list[str] | None = None) -> pd.DataFrame:
    """Of table WINDOWS what classes are made of."""
    return pd.DataFrame(
        {
            "label": labels,
            "labels": [[label] for label in labels],
            "status": status or ["used"] * len(labels),
            "recording_id": "r",
        },
        dtype=object,
    )


@pytest.fixture
def archive() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Calls of 2 s in training, longer ones elsewhere, and an uncertain one longer still."""
    recordings = pd.DataFrame(
        {
            "recording_id": ["one", "two", "three", "four"],
            "group": ["a", "b", "v", "t1"],
            "fold": ["1", "2", "1", "3"],
        }
    )
    events = pd.DataFrame(
        [
            ("one", 1.0, 3.0, 200.0, 900.0, True),
            ("two", 1.0, 2.5, 300.0, 1200.0, True),
            ("two", 5.0, 5.5, np.nan, np.nan, True),
            ("two", 0.0, 9.0, 10.0, 5000.0, False),
            ("three", 0.0, 4.0, 100.0, 2000.0, True),
            ("four", 0.0, 7.0, 50.0, 3000.0, True),
        ],
        columns=["recording_id", "onset_s", "offset_s", "low_hz", "high_hz", "certain"],
    )
    return recordings, events


def test_only_training_calls_size_the_windows(
    archive: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    """Test and validation must not be looked at, nor what is uncertain."""
    recordings, events = archive
    found = training_calls.sizes(events, recordings, SPLIT, CALLS)
    assert found == {"longest_s": 2.0, "low_hz": 200.0, "high_hz": 1200.0}
    fold = replace(SPLIT, test_groups=(), validation_groups=(), test_fold=1)
    found = training_calls.sizes(events, recordings, fold, CALLS)
    assert found == {"longest_s": 7.0, "low_hz": 50.0, "high_hz": 3000.0}


def test_sizes_that_no_label_tells_are_none(archive: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """A band where labels are of time alone; a length where nothing is labelled."""
    recordings, events = archive
    events[["low_hz", "high_hz"]] = np.nan
    found = training_calls.sizes(events, recordings, SPLIT, CALLS)
    assert found == {"longest_s": 2.0, "low_hz": None, "high_hz": None}
    given_size = replace(CALLS, window_samples=100)
    found = training_calls.sizes(events[:0], recordings, SPLIT, given_size)
    assert found == {"longest_s": None, "low_hz": None, "high_hz": None}


def test_windows_sized_by_calls_need_calls_and_a_test_part(
    archive: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    """Else the calls of the test part would size them; given sizes need neither."""
    recordings, events = archive
    unnamed = replace(SPLIT, test_groups=())
    with pytest.raises(DataError, match=r"clean\.window_samples is null.*split\.test_groups, "):
        training_calls.sizes(events, recordings, unnamed, CALLS)
    with pytest.raises(DataError, match="no training recording has a call"):
        training_calls.sizes(events[4:], recordings, SPLIT, CALLS)
    sized = replace(CALLS, window_samples=64)
    found = training_calls.sizes(events, recordings, unnamed, sized)
    assert found == {"longest_s": 7.0, "low_hz": None, "high_hz": None}  # no band of test calls


def test_recordings_of_a_published_test_part_size_nothing(
    archive: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    """Named by `test_recordings` instead of their groups."""
    recordings, events = archive
    published = replace(SPLIT, test_groups=(), test_recordings=("fo*", "two"))
    found = training_calls.sizes(events, recordings, published, CALLS)
    assert found == {"longest_s": 2.0, "low_hz": 200.0, "high_hz": 900.0}


def test_the_band_of_a_class_is_the_median_of_its_training_calls() -> None:
    """Of calls that a training window holds; classes without a band have none."""
    events = pd.DataFrame(
        {
            "event_id": list("abcdef"),
            "label": ["x", "x", "x", "y", "z", "x"],
            "low_hz": [100.0, 200.0, 600.0, 50.0, np.nan, 9.0],
            "high_hz": [1000.0, 3000.0, 2000.0, 80.0, np.nan, 9.0],
        }
    )
    table = pd.DataFrame({"window_id": [f"w{i}" for i in range(7)], "event_id": [*"abcdef", ""]})
    part = ["train"] * 5 + ["test", "train"]
    split = pd.DataFrame({"window_id": table["window_id"], "part": part})
    known = training_calls.of_training(events, table, split)
    found = training_calls.bands(known, Task("classes", ("background", "x", "y", "z")), 8000.0)
    assert found == {"x": (200.0, 2000.0), "y": (50.0, 80.0)}
    merged = training_calls.bands(known, Task("event", ("background", "event")), 8000.0)
    assert merged == {"event": (150.0, 1500.0)}


def test_no_band_reaches_above_half_the_rate_that_is_worked_at() -> None:
    """A label up to 9 kHz on a recording that is worked at with 16 kHz; one all above says none."""
    events = pd.DataFrame({"label": ["x", "y"], "low_hz": [500.0, 8500.0], "high_hz": 9000.0})
    found = training_calls.bands(events, Task("classes", ("background", "x", "y")), 8000.0)
    assert found == {"x": (500.0, 8000.0)}


NO_EVENTS = pd.DataFrame({"event_id": ["e"], "certain": [True]})


@pytest.mark.parametrize(
    ("labels", "target", "words"),
    [
        (["background"] * 3, EVENT, "no event: none of the 3 windows of 1 recordings is one"),
        (["background"] * 3, LABEL, "no event: none of the 3 windows"),
        (["a", "b", "b"], EVENT, "only events: all of the 3 windows are events"),
        (["a"] * 3, LABEL, "only one class: all 3 windows are a"),
    ],
)
def test_one_class_is_nothing_to_learn(labels: list[str], target: Target, words: str) -> None:
    """Which it is, and where to look."""
    with pytest.raises(DataError, match=words):
        targets.refuse_one_class(windows(labels), NO_EVENTS, target)


def test_two_classes_are_enough() -> None:
    """Background and an event, or two labels; only used windows count."""
    targets.refuse_one_class(windows(["background", "a"]), NO_EVENTS, EVENT)
    targets.refuse_one_class(windows(["b", "a"]), NO_EVENTS, LABEL)
    with pytest.raises(
        DataError, match=r"of 2 windows of 1 recordings there are 2 gap; .* silence"
    ):
        targets.refuse_one_class(windows(["a", "b"]).assign(status="gap"), NO_EVENTS, LABEL)
    with pytest.raises(DataError, match="no event: none of the 2 windows"):
        table = windows(["background", "background", "a"], ["used", "used", "gap"])
        targets.refuse_one_class(table, NO_EVENTS, LABEL)


def test_onsets_without_an_end_are_told() -> None:
    """They make time uncertain and nothing an event, as labels do that ingest.classes drops."""
    events = pd.DataFrame({"event_id": ["e", "f", "f"], "certain": [False] * 3})
    says = "no event is certain: 2 only make time uncertain.* end .*or their labels are dropped"
    with pytest.raises(DataError, match=says):
        targets.refuse_one_class(windows(["background"] * 3), events, EVENT)
