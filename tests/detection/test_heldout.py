"""Recordings that a part of a split holds as a whole, and what is true of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support import tiny
from support.speed import processor_seconds

from rarewave.base.errors import DataError
from rarewave.base.tables import DETECTED, EVENTS, RECORDINGS, conform
from rarewave.base.tasks import Task
from rarewave.detection import judging
from rarewave.detection.heldout import Heldout, heldout, in_doubt, on_streams
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.event_based import Matching, match

RATE = 100.0


def recordings(**parts: tuple[float, list[str]]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Recordings of so many seconds, with windows of 10 s, and the parts of these windows."""
    rows: list[dict[str, Any]] = []
    windows: list[dict[str, Any]] = []
    split: list[dict[str, Any]] = []
    for name, (seconds, each) in parts.items():
        about = {"recording_id": name, "path": f"{name}.wav", "channel": "1", "start": pd.NaT}
        about |= {"sample_rate": RATE, "n_samples": round(seconds * RATE), "group": name}
        rows.append(about | {"content": name, "fold": "", "labelled": name != "unseen"})
        for number, part in enumerate(each):
            one = {"window_id": f"{name}/{number}", "recording_id": name, "start_s": 10.0 * number}
            one |= {"new_s": 10.0, "status": "used", "level_db": -20.0}
            one |= {"duration_s": 10.0, "group": name}
            windows.append(one)
            split.append({"window_id": one["window_id"], "row": len(split), "part": part})
    table = pd.DataFrame(rows)
    table["start"] = pd.to_datetime(table["start"], utc=True)
    return conform(table, RECORDINGS, "r"), pd.DataFrame(windows), pd.DataFrame(split)


def events(*rows: tuple[str, float, float, str, bool]) -> pd.DataFrame:
    """Table EVENTS of recording, onset, offset, label, certain."""
    table = pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label", "certain"])
    table["certain"] = table["certain"].astype(bool)
    table = table.assign(low_hz=np.nan, high_hz=np.nan, weak=False)
    return conform(table.assign(event_id=[f"e{k}" for k in range(len(table))]), EVENTS, "events")


LISTED, WINDOWS, SPLIT = recordings(
    train=(20, ["train", "train"]),
    mixed=(30, ["test", "train", "test"]),
    test=(30, ["test", "purged", "test"]),
    purged=(10, ["purged"]),
    unseen=(10, ["test"]),
    other=(20, ["test", "test"]),
)


NO_GAPS = pd.DataFrame({"recording_id": pd.Series(dtype=str), "onset_s": 0.0, "offset_s": 0.0})
NEAR = Matching(collar_s=1.0, offset_collar_s=None, offset_fraction=None, overlap=None, segment_s=1)
EVENT = Task("event", ("background", "event"))
CLASSES = Task("classes", ("background", "a", "b"))


def of_part(part: str, table: pd.DataFrame, task: Task = CLASSES, **given: Any) -> Heldout:
    """The recordings of a part, but for the one of two parts."""
    some = LISTED[LISTED["recording_id"] != "mixed"]
    return heldout(part, given.get("listed", some), table, WINDOWS, given.get("gaps", NO_GAPS),
                   SPLIT, task)  # fmt: skip


def test_only_labelled_recordings_that_lie_in_the_part_as_a_whole() -> None:
    """Not one that is all purged, nor one nobody looked at."""
    part = of_part("test", events())
    assert part.recordings["recording_id"].tolist() == ["test", "other"]
    assert part.durations == {"test": 30.0, "other": 20.0}
    assert part.hours == pytest.approx(50 / 3600)
    assert set(part.windows["recording_id"]) == {"test", "other"} and len(part.windows) == 5
    files = [piece for stream in part.streams for piece in stream.pieces]
    assert [(str(p), h.recording_id, h.n_samples) for p, h, _ in files] == [
        ("test.wav", "test", 3000),
        ("other.wav", "other", 2000),
    ]
    with pytest.raises(DataError, match="no labelled recording lies in the validation part"):
        of_part("validation", events())


def test_the_truth_is_cut_at_the_ends_and_parted_by_certainty() -> None:
    """Events of other recordings and those outside are left out."""
    table = events(
        ("test", -5, 5, "a", True), ("test", 25, 40, "b", True), ("test", 40, 50, "a", True),
        ("other", 1, 2, "a", False), ("train", 1, 2, "a", True),
    )  # fmt: skip
    part = of_part("test", table)
    columns = ["recording_id", "onset_s", "offset_s", "label"]
    assert part.truth[columns].to_numpy().tolist() == [["test", 0, 5, "a"], ["test", 25, 30, "b"]]
    assert part.doubtful[columns].to_numpy().tolist() == [["other", 1, 2, "a"]]
    assert list(part.truth.index) == [0, 1]
    binary = of_part("test", table, EVENT)
    assert set(binary.truth["label"]) == {"event"}
    song = of_part("test", table, Task("event", ("background", "song")))
    assert set(song.truth["label"]) == {"song"}


def test_a_grid_covers_the_recordings() -> None:
    """Windows around calls do not, and baselines would have been scored in places only."""
    part = of_part("test", events(), EVENT)
    assert part.grid
    assert not part._replace(windows=part.windows.iloc[1:]).grid
    assert not part._replace(windows=part.windows[part.windows["recording_id"] == "test"]).grid


def test_events_of_a_baseline() -> None:
    """A level that rises twice: found above the threshold, not within gaps or uncertain time."""
    part = of_part("test", events(("other", 0, 9, "a", False)), EVENT)
    level = pd.Series([-20.0, -5.0, -5.0, -8.0, -20.0], part.windows.index)
    part = part._replace(windows=part.windows.assign(level_db=level))
    grid = replace(tiny.FRONT.grid, window_samples=1000, hop_samples=1000)
    clean = replace(tiny.CLEANING, sample_rate_hz=RATE)
    front = replace(tiny.FRONT, grid=grid, clean=clean)
    how = replace(tiny.JOINING, off_ratio=0.5)
    find, candidates = part.from_windows("level_db", front, how)
    columns = ["recording_id", "onset_s", "offset_s", "label", "peak", "windows"]
    assert find("event", -6.0)[columns].to_numpy().tolist() == [["test", 10, 30, "event", -5, 2]]
    # At -10 the doubtful one is found as well, and does not count.
    assert find("event", -10.0)["recording_id"].tolist() == ["test", "other"]
    assert part.scored(find("event", -10.0), NEAR)["recording_id"].tolist() == ["test"]
    assert candidates.min() == -20 and candidates.max() == -5 and (np.diff(candidates) > 0).all()
    at_1 = np.arange(5) == 1
    table = part.windows.assign(
        status=part.windows["status"].mask(at_1, "gap"), level_db=level.mask(at_1, 3.0)
    )
    find, candidates = part._replace(windows=table).from_windows("level_db", front, how)
    assert find("event", -6.0)[columns[1:3]].to_numpy().tolist() == [[20, 30]]
    assert candidates.max() == -5


def found_of(*rows: tuple[str, float, float, str]) -> pd.DataFrame:
    """Table DETECTED of recording, onset, offset, label."""
    table = pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label"])
    table = table.assign(low_hz=np.nan, high_hz=np.nan, peak=1.0, mean=1.0, windows=1)
    return conform(table, DETECTED, "events")


def test_detections_in_uncertain_time() -> None:
    """More than half of them; exactly half is scored, and other recordings are not concerned."""
    doubtful = events(("r", 10, 20, "a", False), ("t", 0, 100, "a", False))
    found = found_of(
        ("r", 0, 5, "a"), ("r", 5, 15, "a"), ("r", 5.1, 15.1, "a"), ("r", 12, 13, "b"),
        ("r", 19, 30, "a"), ("s", 12, 13, "a"),
    )  # fmt: skip
    assert in_doubt(found, doubtful).tolist() == [False, False, True, True, False, False]
    assert not in_doubt(found, doubtful.iloc[:0]).any()
    assert not len(in_doubt(found.iloc[:0], doubtful))
    # Four and four of ten seconds, counted once where they overlap.
    several = events(("r", 0, 4, "a", False), ("r", 2, 4, "b", False), ("r", 6, 10, "a", False))
    assert in_doubt(found_of(("r", 0, 10, "a")), several).tolist() == [True]


def test_a_hit_that_reaches_into_uncertain_time_is_a_hit() -> None:
    """An event with a long coda, found to the end of it: matched first, and then forgiven."""
    table = events(("test", 2, 6, "a", True), ("test", 6, 25, "a", False))
    part = of_part("test", table)
    found = found_of(("test", 1.5, 24, "a"), ("test", 12, 20, "b"), ("other", 3, 5, "a"))
    kept = part.scored(found, NEAR)
    assert list(zip(kept["recording_id"], kept["onset_s"], strict=True)) == [
        ("other", 3),
        ("test", 1.5),
    ]
    assert len(match(part.truth, kept, NEAR)) == 1


def test_events_are_scored_where_labels_have_times() -> None:
    """On recordings without a weak label, if any event has times; else on all."""
    table = events(("test", 0, 30, "a", True), ("other", 2, 6, "a", True))
    everything = of_part("test", table.assign(weak=[True, False]))
    assert everything.weak and everything.hours == pytest.approx(50 / 3600)
    part = everything.with_times()
    assert part.recordings["recording_id"].tolist() == ["other"] and not part.weak
    assert part.durations == {"other": 20.0} and part.hours == pytest.approx(20 / 3600)
    assert part.truth["recording_id"].tolist() == ["other"]
    assert set(part.windows["recording_id"]) == {"other"}
    for weak in (True, False):
        same = of_part("test", table.assign(weak=weak))
        assert same.with_times() is same and same.weak == weak
    empty = of_part("test", table[:1].assign(weak=True))  # and `other` was listened to: nothing
    assert empty.with_times() is empty


def test_hours_are_those_where_a_detection_is_right_or_wrong() -> None:
    """Neither gaps nor uncertain time, where they overlap counted once."""
    table = events(("test", 20, 30, "a", False), ("test", 2, 6, "a", True))
    gaps = pd.DataFrame({"recording_id": ["test", "other"], "onset_s": [25.0, 0.0],
                         "offset_s": [28.0, 4.0]})  # fmt: skip
    part = of_part("test", table, gaps=gaps)
    assert part.hours == pytest.approx((50 - 10 - 4) / 3600)


def test_blocks_of_one_recording_are_scored_each_in_its_part() -> None:
    """Other blocks are neither searched nor scored; an event lies where most of it does."""
    table = events(
        ("mixed", 2, 6, "a", True), ("mixed", 8, 18, "a", True), ("mixed", 22, 26, "b", True)
    )  # fmt: skip
    windows = WINDOWS[WINDOWS["recording_id"] == "mixed"]
    windows = windows.assign(group=[f"mixed/000{k}" for k in range(3)])
    listed = LISTED[LISTED["recording_id"] == "mixed"]
    part = heldout("test", listed, table, windows, NO_GAPS, SPLIT, CLASSES, block_s=10.0)
    assert part.truth["onset_s"].tolist() == [2, 22]
    assert part.hours == pytest.approx(18 / 3600)  # the torn event reaches 2 s into this part
    found = found_of(("mixed", 2, 5, "a"), ("mixed", 11, 17, "b"), ("mixed", 27, 29, "a"))
    assert part.scored(found, NEAR)["onset_s"].tolist() == [2, 27]
    few = windows.iloc[[0, 1]]  # where windows lie around calls only, all of a block is searched
    part = heldout("test", listed, table, few, NO_GAPS, SPLIT, CLASSES, block_s=10.0)
    assert part.hours == pytest.approx(8 / 3600)


def test_silent_groups_count() -> None:
    """Ten false alarms in one of 25 recordings: precision is not sure, as others have none."""
    names = [f"r{k}" for k in range(25)]
    listed, windows, split = recordings(**{name: (20, ["test", "test"]) for name in names})
    table = events(*[(f"r{k}", 2, 6, "a", True) for k in range(5)])
    part = heldout("test", listed, table, windows, NO_GAPS, split, CLASSES)
    hits = [(f"r{k}", 2, 5, "a") for k in range(5)]
    found = {"network": found_of(*hits, *[("r9", k, k + 0.5, "a") for k in range(10)])}
    rule = Bootstrap(unit="group", block_s=5.0, resamples=200, seed=1)
    low, high, _ = judging.intervals(part, found, NEAR, ["a", "b"], rule)["network"]["precision"]
    assert low < 0.2 and high > 0.6


def files_in_a_row() -> Heldout:
    """Three files of 20 s, one after the other, each of its own group; another recorder."""
    start = pd.Timestamp("2024-01-01T00:00:00Z")
    listed, windows, split = recordings(
        rec_0=(20, ["test", "test"]), rec_1=(20, ["test", "test"]), rec_2=(20, ["test", "test"])
    )
    listed["start"] = [start + pd.Timedelta(seconds=20 * k) for k in range(3)]
    # A catalogue's event from 15 to 45 s has a row in each file, in the seconds of that file.
    rows = [("rec_0", 15, 45), ("rec_1", -5, 25), ("rec_2", -25, 5)]
    table = events(*[(name, a, b, "a", True) for name, a, b in rows])
    table["event_id"] = "e"
    gaps = pd.DataFrame({"recording_id": ["rec_2"], "onset_s": [10.0], "offset_s": [13.0]})
    return heldout("test", listed, table, windows, gaps, split, CLASSES)


def test_an_event_across_files_is_one_event() -> None:
    """On the axis of the stream, where its detection is a hit and not three misses."""
    part = files_in_a_row()
    columns = ["recording_id", "onset_s", "offset_s"]
    assert part.truth[columns].to_numpy().tolist() == [["rec_0", 15, 45]]
    assert part.gaps[columns].to_numpy().tolist() == [["rec_0", 50, 53]]
    assert part.durations == {"rec_0": 60.0}
    found = found_of(("rec_0", 15.2, 44, "a"), ("rec_0", 50, 51, "a"))
    assert len(match(part.truth, part.scored(found, NEAR), NEAR)) == 1
    back = part.in_files(found)
    assert back[columns].to_numpy().tolist() == [["rec_0", 15.2, 44], ["rec_2", 10, 11]]
    pd.testing.assert_frame_equal(on_streams(back, part.streams), found)
    days = judging.per_day(part, {"network": found}, NEAR)
    assert days.to_dict("list") == {
        "day": ["2024-01-01"], "hours": [60 / 3600], "events": [1],
        "network_hits": [1], "network_false_alarms": [1],
    }  # fmt: skip


def test_a_baseline_runs_on_across_files() -> None:
    """A level that is high from the first file into the second: one event."""
    part = files_in_a_row()
    level = pd.Series([-20.0, -5.0, -5.0, -20.0, -20.0, -20.0], part.windows.index)
    part = part._replace(windows=part.windows.assign(level_db=level))
    grid = replace(tiny.FRONT.grid, window_samples=1000, hop_samples=1000)
    front = replace(tiny.FRONT, grid=grid, clean=replace(tiny.CLEANING, sample_rate_hz=RATE))
    find, _ = part.from_windows("level_db", front, tiny.JOINING)
    columns = ["recording_id", "onset_s", "offset_s"]
    assert find("a", -6.0)[columns].to_numpy().tolist() == [["rec_0", 10, 30]]


def test_a_recording_without_a_clock_is_its_own_day() -> None:
    """And hits are counted on the day of their file."""
    part = of_part("test", events(("test", 2, 6, "a", True), ("other", 3, 5, "b", True)))
    found = {"network": found_of(("test", 2, 5, "a"), ("other", 9, 10, "b"))}
    assert judging.per_day(part, found, NEAR).to_dict("list") == {
        "day": ["other", "test"],
        "hours": [20 / 3600, 30 / 3600],
        "events": [1, 1],
        "network_hits": [0, 1],
        "network_false_alarms": [1, 0],
    }


@pytest.mark.parametrize("unit", ["group", "block"])
def test_event_scores_have_intervals(unit: str) -> None:
    """Of whole groups, or of events and stretches; too few are named."""
    table = events(("test", 2, 6, "a", True), ("test", 12, 16, "b", True),
                   ("other", 3, 5, "a", True))  # fmt: skip
    part = of_part("test", table)
    found = {"network": found_of(("test", 2, 5, "a"), ("other", 9, 10, "b"))}
    rule = Bootstrap(unit=unit, block_s=5.0, resamples=50, seed=1)
    known = judging.intervals(part, found, NEAR, ["a", "b"], rule)
    low, high, units = known["network"]["recall"]
    assert units == {"group": 2, "block": 3}[unit]
    assert 0 <= low < 1 / 3 < high <= 1
    of_b = known["network"]["recall.b"]
    assert np.isnan(of_b[:2]).all() and of_b[2] == 1
    shown = judging.by_detector(part, found, NEAR, ["a", "b"], known).set_index("label")
    assert np.isnan(shown.loc["b", "recall_low"]) and shown.loc["b", "recall"] == 0
    metrics = judging.metrics(
        part, found, shown.reset_index(), {0.5: found["network"]}, NEAR, known
    )
    assert metrics["network"]["interval"]["recall"] == {"low": low, "high": high}
    assert metrics["network"]["recall"] == pytest.approx(1 / 3)


def test_thousands_of_detections_in_uncertain_time_are_told_at_once() -> None:
    """As by the shares of each for itself, over disjoint doubts."""
    rng = np.random.default_rng(0)
    onset = np.arange(4000) * 10.0
    doubtful = events(*[("r", t, t + rng.uniform(1, 9), "a", False) for t in onset[::2]])
    found = found_of(
        *[("r", t, t + d, "a") for t, d in zip(onset + 3, rng.uniform(1, 7, 4000), strict=True)]
    )
    told: list[np.ndarray] = []
    assert processor_seconds(lambda: told.append(in_doubt(found, doubtful))) < 2
    ends = np.full(4000, -1.0)
    ends[::2] = doubtful["offset_s"]
    covered = np.minimum(found["offset_s"], ends) - found["onset_s"]
    wanted = covered / (found["offset_s"] - found["onset_s"]) > 0.5
    np.testing.assert_array_equal(told[0], wanted)
