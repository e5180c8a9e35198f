"""What the calls of the training part say about windows and bands."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.dataset.placement import Placement
from rarewave.splits.held_out import held_out, published
from rarewave.splits.parts import Split


def durations(events: pd.DataFrame) -> NDArray[np.float64]:
    """Seconds (n,) of the certain ones of some events."""
    mine = events[events["certain"]]
    return (mine["offset_s"] - mine["onset_s"]).to_numpy(float)


def pauses(events: pd.DataFrame) -> NDArray[np.float64]:
    """Seconds (n,) between neighbours of some events of one label in one recording."""
    rows = events[events["certain"]].sort_values("onset_s")
    groups = rows.groupby(["recording_id", "label"])
    after = rows["onset_s"] - groups["offset_s"].shift()
    return after[after > 0].to_numpy(float)


def lengths(events: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`durations` and `pauses`."""
    return durations(events), pauses(events)


def of_training(events: pd.DataFrame, windows: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """The events of which a window is of the training part; the tables are of those names."""
    training = split["window_id"][split["part"] == "train"]
    names = windows["event_id"][windows["window_id"].isin(training)]
    return events[events["event_id"].isin(names)]


def named(events: pd.DataFrame, recordings: pd.DataFrame, split: Split) -> pd.DataFrame:
    """The events of recordings that the split names for neither test nor validation."""
    return events[events["recording_id"].isin(_training(recordings, split)[0])]


def _training(recordings: pd.DataFrame, split: Split) -> tuple[pd.Series, bool]:
    """Recordings that are named for neither test nor validation, and whether any is for test."""
    groups, folds = (recordings[c].to_numpy("U") for c in ("group", "fold"))
    part = held_out(groups, folds, split)
    part[published(recordings["recording_id"], split)] = 2
    return recordings["recording_id"][part < 0], bool((part == 2).any())


def sizes(
    events: pd.DataFrame, recordings: pd.DataFrame, split: Split, placement: Placement
) -> dict[str, Any]:
    """The longest call and the broadest band of the training recordings.

    Recordings that the split names for test and validation are left out.

    Returns
    -------
    longest_s, low_hz and high_hz, None where no label says; the band also where no test
    recordings are named, whose calls would set it too.

    Raises
    ------
    DataError
        A window is to be sized by the calls, and no test recordings are named: their calls would
        size it too.
    """
    training, tested = _training(recordings, split)
    if placement.window_samples is None and not tested:
        raise DataError(
            "clean.window_samples is null, so the longest call of the training recordings sizes "
            "the windows: name the test recordings with split.test_groups, split.test_fold or "
            "split.test_recordings"
        )
    mine = events[events["recording_id"].isin(training) & events["certain"]]
    longest = (mine["offset_s"] - mine["onset_s"]).max()
    low, high = (mine["low_hz"].min(), mine["high_hz"].max()) if tested else (np.nan, np.nan)
    found = {"longest_s": longest, "low_hz": low, "high_hz": high}
    if placement.window_samples is None and not longest > 0:
        raise DataError("clean.window_samples is null, and no training recording has a call")
    return {name: float(v) if np.isfinite(v) else None for name, v in found.items()}


def in_blocks(
    recordings: pd.DataFrame, events: pd.DataFrame, block_s: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Recordings and events where every stretch of `block_s` seconds is a recording and a group."""
    seconds = recordings["n_samples"] / recordings["sample_rate"]
    numbers = [range(max(1, int(np.ceil(s / block_s)))) for s in seconds]
    table = recordings.assign(block=numbers).explode("block", ignore_index=True)
    suffix = table["block"].map("/{:04d}".format)
    table["recording_id"], table["group"] = table["recording_id"] + suffix, table["group"] + suffix
    at = (events["onset_s"].clip(lower=0) // block_s).astype(int).map("/{:04d}".format)
    return table, events.assign(recording_id=events["recording_id"] + at)


def bands(events: pd.DataFrame, task: Task, most_hz: float) -> dict[str, tuple[float, float]]:
    """Median low and high frequency in Hz of the training calls of each class, where known.

    Parameters
    ----------
    events : what `of_training` gives.
    most_hz : half the rate that is worked at; labels of faster recordings may reach above it.
    """
    mine = events.dropna(subset=["low_hz", "high_hz"])
    labels = mine["label"]
    if task.kind == "event":
        labels = pd.Series(task.events[0], mine.index)
    middle = mine.groupby(labels)[["low_hz", "high_hz"]].median()
    middle = middle[middle["low_hz"] < most_hz].clip(upper=most_hz)
    return {str(name): (float(low), float(high)) for name, low, high in middle.itertuples()}
