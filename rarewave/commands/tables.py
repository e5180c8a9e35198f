"""What detect writes of all recordings together: times as fine as they are known, and counts."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rarewave.frontend.transform import FrontEnd

RECORDINGS = "recordings.csv"
NOVEL = "novel.csv"  # events that --abstain leaves out of all other files
COMBINED = "csv"  # the form of the table of all recordings, which every run has
_MOST_PLACES = 3  # ms


def places(front_end: FrontEnd) -> int:
    """Decimals of seconds for a tenth of the hop of the windows, milliseconds at the finest."""
    hop_s = front_end.grid.hop_samples / front_end.clean.sample_rate_hz
    return min(_MOST_PLACES, max(0, math.ceil(-math.log10(hop_s)) + 1))


def rounded(events: pd.DataFrame, front_end: FrontEnd, duration_s: pd.Series) -> pd.DataFrame:
    """Events with rounded onset_s and offset_s, which end no later than their recording does.

    Parameters
    ----------
    events : of any recordings; one may go on into the file that follows its own.
    duration_s : of the recording of each.
    """
    digits = places(front_end)
    end = np.floor(duration_s.to_numpy(float) * 10**digits) / 10**digits
    onset, offset = (events[name].round(digits) for name in ("onset_s", "offset_s"))
    inside = events["offset_s"].to_numpy() <= duration_s.to_numpy(float)
    offset = offset.where(~inside, np.minimum(offset, end))
    good = onset < offset  # shorter than what is told apart: as it is
    return events.assign(
        onset_s=onset.where(good, events["onset_s"]),
        offset_s=offset.where(good, events["offset_s"]),
    )


def by_recording(
    coverage: pd.DataFrame, events: pd.DataFrame, labels: Sequence[str]
) -> pd.DataFrame:
    """One row a recording: the hours of it, those scanned, events in all and of each class.

    Of what was not scanned at all nothing is known: its counts are empty, not 0.

    Parameters
    ----------
    coverage : table COVERAGE.
    events : path, recording_id and label of each.
    """
    keys = ["path", "recording_id"]
    table = coverage[keys].assign(
        hours=(coverage["duration_s"] / 3600).round(6),
        hours_scanned=(coverage["scored_s"].fillna(0.0) / 3600).round(6),
    )
    at = pd.MultiIndex.from_frame(table[keys])
    seen = (table["hours_scanned"] > 0).to_numpy()
    for name in ("", *labels):
        mine = events if not name else events[events["label"] == name]
        counts = mine.groupby(keys).size().reindex(at, fill_value=0)
        column = pd.array(counts.to_numpy(), "Int64")
        column[~seen] = pd.NA
        table[name or "events"] = column
    return table.assign(problem=coverage["problem"])
