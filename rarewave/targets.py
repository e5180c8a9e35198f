"""What a network is to tell apart: classes, their order, and the windows' targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.errors import DataError
from rarewave.splits import Split, held_out, published
from rarewave.windows import BACKGROUND, Placement

EVENT = "event"


@dataclass(frozen=True)
class Target:
    """`event`: event or background. `label`: every label is a class, background one of them."""

    target: Literal["event", "label"]


def classes_of(table: pd.DataFrame, target: Target) -> list[str]:
    """Class names in the order of the targets, from table WINDOWS: background first, if any."""
    if target.target == "event":
        return [BACKGROUND, EVENT]
    used = table[table["status"] == "used"]
    labels = sorted({name for joined in used["labels"] for name in joined.split("+")})
    first = [BACKGROUND] if BACKGROUND in labels else []
    return first + [name for name in labels if name != BACKGROUND]


def binary(classes: Sequence[str]) -> bool:
    """Whether the classes are background and event, whatever its label."""
    return list(classes) == [BACKGROUND, EVENT]


def event_classes(classes: Sequence[str]) -> list[str]:
    """The classes that are not background."""
    return [name for name in classes if name != BACKGROUND]


def indices(labels: pd.Series, classes: Sequence[str]) -> NDArray[np.int8]:
    """The class (n,) of each main label; int16 where there are more classes than int8 counts.

    Raises
    ------
    DataError
        A label is none of the classes: it holds the sign that joins labels.
    """
    if binary(classes):
        return (labels != BACKGROUND).to_numpy(np.int8)
    found = pd.Index(classes).get_indexer(labels)
    if (found < 0).any():
        raise DataError(
            f"the label {labels.to_numpy()[found < 0][0]!r} is no class: + joins the labels of a "
            "window that holds several; write another sign in the label files"
        )
    return found.astype(np.int8 if len(classes) <= np.iinfo(np.int8).max else np.int16)


def multi_hot(labels: pd.Series, classes: Sequence[str]) -> NDArray[np.int8]:
    """Targets (n, classes): 1 for every label of a window, several where calls overlap."""
    if binary(classes):
        event = (labels != BACKGROUND).to_numpy(np.int8)
        return np.stack([1 - event, event], axis=1)
    at = {name: number for number, name in enumerate(classes)}
    found = np.zeros((len(labels), len(classes)), np.int8)
    for row, joined in enumerate(labels):
        for name in joined.split("+"):
            found[row, at[name]] = 1
    return found


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
    groups, folds = (recordings[c].to_numpy("U") for c in ("group", "fold"))
    named = held_out(groups, folds, split)
    named[published(recordings["recording_id"], split)] = 2
    tested = (named == 2).any()
    if placement.window_samples is None and not tested:
        raise DataError(
            "clean.window_samples is null, so the longest call of the training recordings sizes "
            "the windows: name the test recordings with split.test_groups, split.test_fold or "
            "split.test_recordings"
        )
    training = recordings["recording_id"][named < 0]
    mine = events[events["recording_id"].isin(training) & events["certain"]]
    longest = (mine["offset_s"] - mine["onset_s"]).max()
    low, high = (mine["low_hz"].min(), mine["high_hz"].max()) if tested else (np.nan, np.nan)
    found = {"longest_s": longest, "low_hz": low, "high_hz": high}
    if placement.window_samples is None and not longest > 0:
        raise DataError("clean.window_samples is null, and no training recording has a call")
    return {name: float(v) if np.isfinite(v) else None for name, v in found.items()}


def bands(
    events: pd.DataFrame, windows: pd.DataFrame, split: pd.DataFrame, classes: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """Median low and high frequency in Hz of the training calls of each class, where known.

    Parameters
    ----------
    events, windows, split : the tables of those names; a call is of the training part where a
        window of it is.
    """
    training = split["window_id"][split["part"] == "train"]
    names = windows["event_id"][windows["window_id"].isin(training)]
    mine = events[events["event_id"].isin(names)].dropna(subset=["low_hz", "high_hz"])
    labels = pd.Series(EVENT, mine.index) if binary(classes) else mine["label"]
    middle = mine.groupby(labels)[["low_hz", "high_hz"]].median()
    return {str(name): (float(low), float(high)) for name, low, high in middle.itertuples()}


def refuse_one_class(table: pd.DataFrame, events: pd.DataFrame, target: Target) -> None:
    """Raise `DataError` where the used windows of table WINDOWS are all of one class."""
    labels = table["label"][table["status"] == "used"]
    count, recordings = len(labels), table["recording_id"].nunique()
    background = int((labels == BACKGROUND).sum())
    if background == count and len(events) and not events["certain"].any():
        raise DataError(
            f"no event has an end: {events['event_id'].nunique()} onsets only make time uncertain; "
            "give the ends in a catalogue with event_id, start, end, type"
        )
    if background == count:
        raise DataError(
            f"no event: none of the {count} windows of {recordings} recordings is one; check "
            "that the labels' times fall into the recordings (artifacts/ingest/report.json)"
        )
    if not background and target.target == "event":
        raise DataError(
            f"only events: all of the {count} windows are events; add recordings of quiet time"
        )
    if labels.nunique() < 2:
        raise DataError(f"only one class: all {count} windows are {labels.iloc[0]}")
