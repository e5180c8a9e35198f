"""What training is to tell apart, and whether the windows allow it."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from rarewave.base.errors import DataError
from rarewave.base.tasks import BACKGROUND


@dataclass(frozen=True)
class Target:
    """What labels mean.

    `event`: event or background. `label`: every label is a class of its own, background one of
    them; one label beside background is a detector of that event. `tags`: any of the labels at
    once, or none.
    """

    target: Literal["event", "label", "tags"]


def refuse_one_class(table: pd.DataFrame, events: pd.DataFrame, target: Target) -> None:
    """Raise `DataError` where the used windows of table WINDOWS leave nothing to tell apart."""
    labels = table["label"][table["status"] == "used"]
    count, recordings = len(labels), table["recording_id"].nunique()
    background = int((labels == BACKGROUND).sum())
    if len(table) and not count:
        why = ", ".join(f"{n} {status}" for status, n in table["status"].value_counts().items())
        raise DataError(
            f"no window is left to learn from: of {len(table)} windows of {recordings} recordings "
            f"there are {why}; where these were left out as silence, lower clean.silence_db"
        )
    if background == count and len(events) and not events["certain"].any():
        raise DataError(
            f"no event is certain: {events['event_id'].nunique()} only make time uncertain, as "
            "they have no end (give it in a catalogue with event_id, start, end, type), or their "
            "labels are dropped by ingest.classes or named in ingest.uncertain_labels (keep one)"
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
