"""The events of scanned recordings."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rarewave.base.tables import DETECTED, conform
from rarewave.detection import postprocessing
from rarewave.detection.postprocessing import Joining
from rarewave.detection.scanning import Scan
from rarewave.frontend.transform import FrontEnd


def events(
    scans: Sequence[Scan],
    front_end: FrontEnd,
    classes: Mapping[str, int],
    thresholds: Mapping[str, float],
    how: Joining,
    bands: Mapping[str, tuple[float, float]],
) -> pd.DataFrame:
    """The events of streams, each with the file in which it begins: table DETECTED.

    Two columns are added: `scan`, and `piece` of its stream.

    An event across a file boundary is one event, of the first of the two files.

    Parameters
    ----------
    classes : name to column of the scores.
    bands : Hz, of each class; one that is not there gets the band of the front end.
    """
    grid, rate = front_end.grid, front_end.clean.sample_rate_hz
    hertz = front_end.frequencies_hz
    whole = float(hertz[0]), float(hertz[-1])
    rows: list[dict[str, Any]] = []
    for order, found in enumerate(scans):
        count = len(found.P)
        if not count:
            continue
        start, length = found.first[:count], grid.window_samples
        begins = np.array([p.first / p.header.sample_rate for p in found.stream.pieces])
        for event in postprocessing.events(
            found.P, start, length, found.length, rate, classes, thresholds, how
        ):
            number = int(np.searchsorted(begins, event["onset_s"], side="right")) - 1
            low, high = bands.get(event["label"], whole)
            rows.append(
                event
                | {
                    "recording_id": found.stream.pieces[number].header.recording_id,
                    "scan": order,
                    "piece": number,
                    "onset_s": event["onset_s"] - begins[number],
                    "offset_s": event["offset_s"] - begins[number],
                    "low_hz": low,
                    "high_hz": high,
                }
            )
    table = pd.DataFrame(rows, columns=[*DETECTED, "scan", "piece"])
    return conform(table, DETECTED | {"scan": "int64", "piece": "int64"}, "events")
