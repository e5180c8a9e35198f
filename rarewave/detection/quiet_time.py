"""Where recordings were recorded and nothing is labelled."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.intervals import union
from rarewave.detection.heldout import Heldout, cleaned_seconds
from rarewave.frontend import cleaning
from rarewave.frontend.transform import FrontEnd
from rarewave.recordings.streams import Stream


def quiet(held: Heldout, stream: Stream, front_end: FrontEnd, margin_s: float) -> NDArray[np.int64]:
    """Quiet stretches (k, 2) of one of the streams, in cleaned samples.

    No labelled event, certain or not, and no gap is nearer than `margin_s`. The ends of the
    recording are left out as far as they are tapered, or the profile of the noise, and so are those
    of each of its files: what is known of the noise there is of the files cleaned one by one.
    """
    rate, name = front_end.clean.sample_rate_hz, stream.pieces[0].header.recording_id
    tables = (held.truth, held.doubtful, held.gaps)
    closed = pd.concat([table[["recording_id", "onset_s", "offset_s"]] for table in tables])
    mine = closed[closed["recording_id"] == name].sort_values("onset_s")
    sides = (cleaned_seconds(mine[column], stream, front_end) for column in ("onset_s", "offset_s"))
    spans = np.stack([*sides], axis=1) + np.array([-margin_s, margin_s])
    length = pd.Series([held.durations[name]])
    end_s = float(cleaned_seconds(length, stream, front_end)[0])
    taper = front_end.clean.taper_s
    begin_s = max(taper, front_end.clean.noise_s or 0.0)  # an event there would be its profile
    ends = np.array([[-np.inf, begin_s], [end_s - taper, np.inf]])
    scale = cleaning.raw_per_cleaned(stream.sample_rate, front_end.clean) * rate
    begins = [piece.first / scale for piece in stream.pieces[1:]] if taper else []
    joints = np.array(begins, float).reshape(-1, 1)
    busy = np.concatenate([ends, spans, joints + np.array([-taper, taper])])
    busy = union(busy[np.argsort(busy[:, 0], kind="stable")])
    open_s = np.stack([busy[:-1, 1], busy[1:, 0]], axis=1)
    found = np.stack([np.ceil(open_s[:, 0] * rate), np.floor(open_s[:, 1] * rate)], axis=1)
    return found[found[:, 0] < found[:, 1]].astype(np.int64)


def places(stretches: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Where something of `length` samples may begin: (k, 2) first and one after the last."""
    room = np.stack([stretches[:, 0], stretches[:, 1] - length + 1], axis=1)
    return room[room[:, 0] < room[:, 1]]
