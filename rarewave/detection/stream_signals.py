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
from rarewave.frontend.transform import FrontEnd

SCHEMA: Schema = {"recording_id": "str", "start_s": "float64", "status": "str"} | dict.fromkeys(
    SIGNALS, "float64"
)


def stream_signals(
    held: Heldout,
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
        names = [piece.header.recording_id for piece in scan.stream.pieces]
        parts = [X_clean[at.loc[n, "first"] :][: at.loc[n, "count"]] for n in names]
        samples = parts[0] if len(parts) == 1 else np.concatenate(parts)
        mine = held.gaps[held.gaps["recording_id"] == names[0]]
        gaps = np.rint(mine[["onset_s", "offset_s"]].to_numpy(float) * rate).astype(np.int64)
        first = scan.first[: len(scan.P)]
        signal = Signal(samples, gaps, first, length, rate)
        status = np.where(np.isfinite(scan.P).all(axis=1), "used", "gap")
        table = pd.DataFrame({"recording_id": names[0], "start_s": first / rate, "status": status})
        scores = {name: score(signal, options) for name, score in SIGNALS.items()}
        tables.append(table.assign(**scores))
    return conform(pd.concat(tables, ignore_index=True), SCHEMA, "signals")
