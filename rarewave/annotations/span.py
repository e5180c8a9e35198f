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
    declared : begin and end of the span (UTC); None: from the first to the last UTC day on which
        an event begins.

    Returns
    -------
    Table EVENTS; table RECORDINGS with `labelled`; and a report of the span and of recordings
    outside.

    Raises
    ------
    DataError
        No recording lies within.
    """
    begin, end = declared or _of_events(catalogue)
    start = recordings["start"]
    finish = start + pd.to_timedelta(recordings["n_samples"] / recordings["sample_rate"], unit="s")
    recordings = recordings.assign(labelled=(start < end) & (finish > begin))
    said = f"{begin:%Y-%m-%dT%H:%M} to {end:%Y-%m-%dT%H:%M}"
    if not recordings["labelled"].any():
        raise DataError(
            f"no recording lies within the time that the catalogues speak of, {said}: see "
            "ingest.catalogue_span and the start times of the recordings"
        )
    outside = recordings["path"][~recordings["labelled"]].tolist()
    print(f"the catalogues speak of {said}" + ("" if declared else " (ingest.catalogue_span)"))
    rows = []
    for row in recordings[recordings["labelled"]].to_dict("records"):
        length = row["n_samples"] / row["sample_rate"]
        before, after = ((t - row["start"]).total_seconds() for t in (begin, end))
        for onset, offset in ((0.0, before), (max(after, 0.0), length)):
            if offset > onset:
                about = {"event_id": OUTSIDE, "recording_id": row["recording_id"], "label": OUTSIDE}
                times = {"onset_s": onset, "offset_s": offset, "certain": False}
                rows.append(about | times | {"low_hz": np.nan, "high_hz": np.nan})
    if rows:
        events = pd.concat([events, pd.DataFrame(rows)[list(EVENTS)]], ignore_index=True)
    report = {"catalogue_span": said, "outside_the_catalogue_span": outside}
    return conform(events, EVENTS, "events"), recordings, report


def _of_events(catalogue: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    if not len(catalogue):
        raise DataError(
            "the catalogues hold no event, so nobody knows of what time they speak: give "
            "ingest.catalogue_span"
        )
    day = pd.Timedelta(days=1)
    return catalogue["start"].min().floor("D"), catalogue["start"].max().floor("D") + day
