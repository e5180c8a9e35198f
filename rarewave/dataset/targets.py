"""What a network is to tell apart: classes, their order, and the windows' targets."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from rarewave.base.classes import BACKGROUND, EVENT
from rarewave.base.errors import DataError


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
