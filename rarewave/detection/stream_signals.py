"""Baselines of the signal itself at every window of whole recordings."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.tables import Schema, conform
from rarewave.baselines.options import Baselines
from rarewave.baselines.registry import SIGNALS
from rarewave.baselines.signal import Signal
from rarewave.detection.heldout import Heldout
from rarewave.detection.scanning import Scan
from rarewave.frontend import cleaning
from rarewave.frontend.level import amplitudes
from rarewave.frontend.transform import FrontEnd

SCHEMA: Schema = {
    "part": "str",
    "recording_id": "str",
    "start_s": "float64",
    "status": "str",
} | dict.fromkeys(SIGNALS, "float64")


def stream_signals(
    held: Heldout,
    part: str,
    scans: Sequence[Scan],
    X_clean: NDArray[np.float32],
    where: pd.DataFrame,
    front_end: FrontEnd,
    options: Baselines,
) -> pd.DataFrame:
    """Signal level and STA/LTA of every window of streams: table SCHEMA.

    Parameters
    ----------
    scans : of the streams of `held`.
    X_clean, where : cleaned recordings, one behind the other, and table WAVEFORMS.
    """
    rate, length = front_end.clean.sample_rate_hz, front_end.grid.window_samples
    at = where.set_index("recording_id")
    tables = []
    for scan in scans:
        scale = cleaning.raw_per_cleaned(scan.stream.sample_rate, front_end.clean)
        names = [piece.header.recording_id for piece in scan.stream.pieces]
        samples = np.zeros(scan.length, np.float32)
        for piece in scan.stream.pieces:  # each file was rounded to a sample of its own
            row, begin = at.loc[piece.header.recording_id], round(piece.first / scale)
            some = X_clean[row["first"] :][: row["count"]][: scan.length - begin]
            samples[begin : begin + len(some)] = some
        mine = held.gaps[held.gaps["recording_id"] == names[0]]
        gaps = np.rint(mine[["onset_s", "offset_s"]].to_numpy(float) * rate).astype(np.int64)
        P = scan.P
        first = scan.first[: len(P)]
        signal = Signal(amplitudes(samples, front_end.spectrogram), gaps, first, length, rate)
        status = np.where(np.isfinite(P).all(axis=1), "used", "gap")
        table = pd.DataFrame({"recording_id": names[0], "start_s": first / rate, "status": status})
        scores = {name: score(signal, options) for name, score in SIGNALS.items()}
        tables.append(table.assign(part=part, **scores))
    return conform(pd.concat(tables, ignore_index=True), SCHEMA, "signals")
