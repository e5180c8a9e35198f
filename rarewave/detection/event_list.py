"""The events of scanned recordings."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rarewave.base.tables import DETECTED, Schema, conform
from rarewave.detection import postprocessing
from rarewave.detection.postprocessing import Joining
from rarewave.detection.scanning import Scan
from rarewave.frontend import cleaning
from rarewave.frontend.transform import FrontEnd

# Where an event lies in what was scanned.
IN_STREAM: Schema = dict.fromkeys(("scan", "piece", "first", "after"), "int64")
IN_STREAM |= {"begin_s": "float64", "end_s": "float64"}


def events(
    scans: Sequence[Scan],
    front_end: FrontEnd,
    classes: Mapping[str, int],
    thresholds: Mapping[str, float],
    how: Joining,
    bands: Mapping[str, tuple[float, float]],
) -> pd.DataFrame:
    """The events of streams, each with the file in which it begins: table DETECTED.

    Columns are added: `scan`, and `piece` of its stream; `begin_s` and `end_s` in that stream; and
    the windows from `first` up to `after`.

    An event across a file boundary is one event, of the first of the two files. Times are from
    the start of its file, by that file's own rate: clocks that are a little off do not add up.

    Parameters
    ----------
    classes : name to column of the scores.
    bands : Hz, of each class; one that is not there gets the band of the front end.
    """
    grid, rate = front_end.grid, front_end.clean.sample_rate_hz
    whole = front_end.band_hz
    rows: list[dict[str, Any]] = []
    for order, found in enumerate(scans):
        count = len(found.P)
        if not count:
            continue
        start, length = found.first[:count], grid.window_samples
        scale = cleaning.raw_per_cleaned(found.stream.sample_rate, front_end.clean)
        for event in postprocessing.events(
            found.P, start, length, found.length, rate, classes, thresholds, how
        ):
            samples = (round(event[name] * rate) * scale for name in ("onset_s", "offset_s"))
            number, onset, offset = found.stream.span(*samples)
            low, high = bands.get(event["label"], whole)
            rows.append(
                event
                | {
                    "recording_id": found.stream.pieces[number].header.recording_id,
                    "scan": order,
                    "piece": number,
                    "begin_s": event["onset_s"],
                    "end_s": event["offset_s"],
                    "onset_s": onset,
                    "offset_s": offset,
                    "low_hz": low,
                    "high_hz": high,
                }
            )
    schema = DETECTED | IN_STREAM
    return conform(pd.DataFrame(rows, columns=[*schema]), schema, "events")
