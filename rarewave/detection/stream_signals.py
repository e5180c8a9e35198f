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
from rarewave.frontend.transform import FrontEnd, Read

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
    rate, tables = front_end.clean.sample_rate_hz, []
    for scan in scans:
        P = scan.P
        signal = signal_of(held, scan, cleaned(scan, X_clean, where, front_end), front_end)
        status = np.where(np.isfinite(P).all(axis=1), "used", "gap")
        name = scan.stream.pieces[0].header.recording_id
        start_s = signal.first / rate
        table = pd.DataFrame({"recording_id": name, "start_s": start_s, "status": status})
        scores = {name: score(signal, options) for name, score in SIGNALS.items()}
        tables.append(table.assign(part=part, **scores))
    return conform(pd.concat(tables, ignore_index=True), SCHEMA, "signals")


def cleaned(
    scan: Scan, X_clean: NDArray[np.float32], where: pd.DataFrame, front_end: FrontEnd
) -> Read:
    """Gives cleaned samples [start, stop) of a stream, whose files were each cleaned alone."""
    at = where.set_index("recording_id")
    scale = cleaning.raw_per_cleaned(scan.stream.sample_rate, front_end.clean)
    lies = [
        (round(piece.first / scale), *at.loc[piece.header.recording_id, ["first", "count"]])
        for piece in scan.stream.pieces  # each file was rounded to a sample of its own
    ]

    def read(start: int, stop: int) -> NDArray[np.float32]:
        samples = np.zeros(stop - start, np.float32)
        for begin, first, count in lies:
            a, b = max(start, begin), min(stop, begin + int(count))
            if a < b:
                samples[a - start : b - start] = X_clean[first + a - begin : first + b - begin]
        return samples

    return read


def gaps_of(held: Heldout, scan: Scan, front_end: FrontEnd) -> NDArray[np.int64]:
    """Runs (k, 2) of cleaned samples of a stream that were not recorded."""
    rate, name = front_end.clean.sample_rate_hz, scan.stream.pieces[0].header.recording_id
    mine = held.gaps[held.gaps["recording_id"] == name]
    return np.rint(mine[["onset_s", "offset_s"]].to_numpy(float) * rate).astype(np.int64)


def signal_of(held: Heldout, scan: Scan, read: Read, front_end: FrontEnd) -> Signal:
    """What baselines of the signal see of a stream: the windows that were scanned."""
    first, length = scan.first[: len(scan.P)], front_end.grid.window_samples
    gaps, rate = gaps_of(held, scan, front_end), front_end.clean.sample_rate_hz
    samples = amplitudes(read(0, scan.length), front_end.spectrogram)
    return Signal(samples, gaps, first, length, rate)
