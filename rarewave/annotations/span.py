"""The time that a catalogue speaks of: outside of it, silence says nothing."""

from typing import Any

import numpy as np
import pandas as pd

from rarewave.base.errors import DataError
from rarewave.base.tables import EVENTS, conform

OUTSIDE = "outside the catalogue"


def within(
    catalogue: pd.DataFrame,
    recordings: pd.DataFrame,
    events: pd.DataFrame,
    declared: tuple[pd.Timestamp, pd.Timestamp] | None,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Events and recordings as far as a catalogue speaks of them.

    A recording outside of the span, or without a start time, is unlabelled; the part of a
    recording that lies outside is uncertain.

    Parameters
    ----------
    catalogue : as `reading.read_catalogue` returns.
    events : table EVENTS of the recordings.
    declared : begin and end of the span (UTC); None: of each catalogue from the first to the last
        UTC day of its events.

    Returns
    -------
    Table EVENTS; table RECORDINGS with `labelled`; and a report of the span and of recordings
    outside.

    Raises
    ------
    DataError
        No recording lies within.
    """
    spans = [declared] if declared else _of_events(catalogue)
    start = recordings["start"]
    finish = start + pd.to_timedelta(recordings["n_samples"] / recordings["sample_rate"], unit="s")
    inside = [(start < end) & (finish > begin) for begin, end in spans]
    recordings = recordings.assign(labelled=np.logical_or.reduce(inside))
    said = ", ".join(f"{a:%Y-%m-%dT%H:%M} to {b:%Y-%m-%dT%H:%M}" for a, b in spans)
    if not recordings["labelled"].any():
        raise DataError(
            f"no recording lies within the time that the catalogues speak of, {said}: see "
            "ingest.catalogue_span and the start times of the recordings"
        )
    outside = recordings["path"][~recordings["labelled"]].tolist()
    print(f"the catalogues speak of {said}" + ("" if declared else " (ingest.catalogue_span)"))
    rows: list[dict[str, Any]] = []
    for row in recordings[recordings["labelled"]].to_dict("records"):
        length, at = row["n_samples"] / row["sample_rate"], 0.0
        known = [((t - row["start"]).total_seconds() for t in span) for span in spans]
        for begin, end in [*known, (length, length)]:
            if min(begin, length) > at:
                name = f"{OUTSIDE} {row['recording_id']} {len(rows)}"  # no piece is another's
                about = {"event_id": name, "recording_id": row["recording_id"], "label": OUTSIDE}
                times = {"onset_s": at, "offset_s": min(begin, length), "certain": False}
                rows.append(about | times | {"low_hz": np.nan, "high_hz": np.nan, "weak": False})
            at = max(at, end)
    if rows:
        events = pd.concat([events, pd.DataFrame(rows)[list(EVENTS)]], ignore_index=True)
    report = {"catalogue_span": said, "outside_the_catalogue_span": outside}
    return conform(events, EVENTS, "events"), recordings, report


def _of_events(catalogue: pd.DataFrame) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """The span of each catalogue, in order of time; those that touch are one."""
    if not len(catalogue):
        raise DataError(
            "the catalogues hold no event, so nobody knows of what time they speak: give "
            "ingest.catalogue_span"
        )
    day = pd.Timedelta(days=1)
    last = catalogue["end"].fillna(catalogue["start"]).groupby(catalogue["source"]).max()
    times = pd.DataFrame({"first": catalogue.groupby("source")["start"].min(), "last": last})
    found: list[tuple[pd.Timestamp, pd.Timestamp]] = []
    for begin, end in sorted((a.floor("D"), b.floor("D") + day) for a, b in times.to_numpy()):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found
