"""Recordings that a part of a split holds as a whole, and what is true of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support import tiny

from rarewave.base.errors import DataError
from rarewave.base.tables import EVENTS, RECORDINGS, conform
from rarewave.base.tasks import Task
from rarewave.detection.heldout import Heldout, heldout

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
            windows.append(one)
            split.append({"window_id": one["window_id"], "row": len(split), "part": part})
    table = pd.DataFrame(rows)
    table["start"] = pd.to_datetime(table["start"], utc=True)
    return conform(table, RECORDINGS, "r"), pd.DataFrame(windows), pd.DataFrame(split)


def events(*rows: tuple[str, float, float, str, bool]) -> pd.DataFrame:
    """Table EVENTS of recording, onset, offset, label, certain."""
    table = pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label", "certain"])
    table["certain"] = table["certain"].astype(bool)
    table = table.assign(low_hz=np.nan, high_hz=np.nan)
    return conform(table.assign(event_id=[f"e{k}" for k in range(len(table))]), EVENTS, "events")


LISTED, WINDOWS, SPLIT = recordings(
    train=(20, ["train", "train"]),
    mixed=(30, ["test", "train", "test"]),
    test=(30, ["test", "purged", "test"]),
    purged=(10, ["purged"]),
    unseen=(10, ["test"]),
    other=(20, ["test", "test"]),
)


EVENT = Task("event", ("background", "event"))
CLASSES = Task("classes", ("background", "a", "b"))


def of_part(part: str, table: pd.DataFrame, task: Task = CLASSES) -> Heldout:
    """The recordings of a part."""
    return heldout(part, LISTED, table, WINDOWS, SPLIT, task)


def test_only_labelled_recordings_that_lie_in_the_part_as_a_whole() -> None:
    """Not one with a window in training, nor one that is all purged, nor one nobody looked at."""
    part = of_part("test", events())
    assert part.recordings["recording_id"].tolist() == ["test", "other"]
    assert part.durations == {"test": 30.0, "other": 20.0}
    assert part.hours == pytest.approx(50 / 3600)
    assert set(part.windows["recording_id"]) == {"test", "other"} and len(part.windows) == 5
    assert [(str(p), h.recording_id, h.n_samples) for p, h in part.files] == [
        ("test.wav", "test", 3000),
        ("other.wav", "other", 2000),
    ]
    with pytest.raises(DataError, match="no recording lies in the validation part as a whole"):
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
    # At -10 the doubtful one is found as well, and left out.
    assert find("event", -10.0)["recording_id"].tolist() == ["test"]
    assert candidates.min() == -20 and candidates.max() == -5 and (np.diff(candidates) > 0).all()
    at_1 = np.arange(5) == 1
    table = part.windows.assign(
        status=part.windows["status"].mask(at_1, "gap"), level_db=level.mask(at_1, 3.0)
    )
    find, candidates = part._replace(windows=table).from_windows("level_db", front, how)
    assert find("event", -6.0)[columns[1:3]].to_numpy().tolist() == [[20, 30]]
    assert candidates.max() == -5
