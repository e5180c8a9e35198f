"""The common table of labelled intervals, and what it refuses."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.annotations.cells import unwritable
from rarewave.base.errors import DataError

# One labelled interval a row, whatever program wrote it.
SCHEMA = {
    "file": "str",  # recording that the row names; empty where the file belongs to one recording
    "onset_s": "float64",  # from the start of that recording
    "offset_s": "float64",
    "low_hz": "float64",  # NaN where unknown
    "high_hz": "float64",
    "label": "str",
    "channel": "int64",  # from 1; 0 where unknown
    "certain": "bool",  # false: it may be or not be
    "row": "int64",  # line as a text editor counts, the first being 1
    "source": "str",  # name of the label file
}
COLUMNS = list(SCHEMA)
_LONGEST = 200  # characters of a label: it names columns and files


def empty() -> pd.DataFrame:
    """The common table without a row: nothing was found in a recording that was looked through."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in SCHEMA.items()})


def checked(table: pd.DataFrame, path: Path, labels: str = "") -> pd.DataFrame:
    """The common table in its columns and types, if all of its rows can be events.

    Parameters
    ----------
    table: columns of COLUMNS but `row` (its index) and `source` (the name of `path`); those
        that are not there are unknown.
    labels: name of the column of labels in the file, for the message.

    Raises
    ------
    DataError
        A time before 0, an end at or before its start, frequencies below 0 or the wrong way
        round, an empty or reserved label. File, row and fix are named.
    """
    path = Path(path)
    full = _filled(table).assign(row=table.index, source=path.name)[COLUMNS]
    full = full.astype(SCHEMA).reset_index(drop=True)
    unlabelled = full["row"][full["label"] == ""]
    if labels and len(unlabelled):
        raise DataError(
            f"{path}, row {unlabelled.iloc[0]}: column {labels} has no label: write one, delete "
            "the row, or name another column in ingest.label_column"
        )
    for event in full.itertuples():
        mistake = _mistake(event.onset_s, event.offset_s, event.low_hz, event.high_hz)
        mistake = mistake or bad_label(event.label)
        if mistake:
            raise DataError(f"{path}, row {event.row}: {mistake}")
    return full


def writable(events: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Events that a label file can hold so that reading gives them back.

    Parameters
    ----------
    events: needs onset_s, offset_s (s) and label; file, low_hz, high_hz and channel may be there.

    Returns
    -------
    The events, numbered from 0, with file, low_hz, high_hz and channel where they were not.

    Raises
    ------
    DataError
        As `checked`, and a label or file name with a tab, a line end or space around it. The
        row counts from 1.
    """
    missing = [name for name in ("onset_s", "offset_s", "label") if name not in events]
    if missing:
        raise DataError(f"{path}: events have no column {', '.join(missing)}: add it")
    full = _filled(events).reset_index(drop=True)
    full["channel"] = full["channel"].clip(lower=1)
    for row, event in enumerate(full.itertuples(), start=1):
        mistake = _mistake(event.onset_s, event.offset_s, event.low_hz, event.high_hz)
        mistake = mistake or bad_label(event.label) or unwritable("file name", event.file)
        if mistake:
            raise DataError(f"{path}, event {row} cannot be written: {mistake}")
    return full


def drawn_band(event: Mapping[str, Any], where: str) -> tuple[float, float]:
    """Low and high frequency in Hz for a program that draws a box round every event.

    Unknown ones become 0 and `nyquist_hz`, the whole band; without it 0 and 0.

    Raises
    ------
    DataError
        A high frequency is unknown where the low one is known and `nyquist_hz` is not.
    """
    low = 0.0 if np.isnan(event["low_hz"]) else event["low_hz"]
    known = [event["high_hz"], event.get("nyquist_hz", np.nan), 0.0]
    high = next(value for value in known if not np.isnan(value))
    if high < low:
        raise DataError(
            f"{where} cannot be written: its high frequency is unknown: add column nyquist_hz or "
            "the frequency"
        )
    return low, high


def _filled(events: pd.DataFrame) -> pd.DataFrame:
    """With the columns that an event may lack, as unknown."""
    defaults = {"file": "", "low_hz": np.nan, "high_hz": np.nan, "channel": 0, "certain": True}
    return events.assign(**{name: events.get(name, value) for name, value in defaults.items()})


def _mistake(onset: float, offset: float, low: float, high: float) -> str:
    if not (np.isfinite(onset) and np.isfinite(offset)):
        return f"interval {onset} to {offset} s is not finite: correct its times"
    if onset < 0:
        return f"begins at {onset} s, before the recording: move it to 0 or later"
    if onset == offset:
        return (
            f"is a point at {onset} s and no interval: give it an end after its start or delete it"
        )
    if onset > offset:
        return f"ends at {offset} s before its start {onset} s: exchange or correct them"
    if np.isinf(low) or np.isinf(high) or low < 0 or high < 0:
        return f"band {low} to {high} Hz cannot be: write frequencies from 0 or leave them out"
    if low > high:
        return f"low frequency {low} Hz is above high frequency {high} Hz: exchange them"
    return ""


def bad_label(label: str) -> str:
    """What is wrong with the label of an event, and what to do; empty if nothing."""
    if not isinstance(label, str) or label == "":
        return "has no label: write one or delete the row"
    if label == "background":
        return "an event cannot be labelled background: delete the row or name what it is"
    if len(label) > _LONGEST:
        return f"label {label[:40]!r}… has {len(label)} characters: shorten it to {_LONGEST}"
    return unwritable("label", label)
