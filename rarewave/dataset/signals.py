"""Cleaned recordings with their windows and gaps, for baselines of the signal itself."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.baselines.signal import Signal
from rarewave.frontend.level import amplitudes
from rarewave.frontend.transform import FrontEnd


def signals(
    X_clean: NDArray[np.float32],
    where: pd.DataFrame,
    gaps: pd.DataFrame,
    windows: pd.DataFrame,
    front_end: FrontEnd,
) -> Iterator[tuple[pd.DataFrame, Signal]]:
    """Each recording: the window_id of its windows in order of time, and the recording.

    Parameters
    ----------
    X_clean : all recordings, one behind the other.
    where, gaps, windows : tables WAVEFORMS, GAPS and WINDOWS.
    """
    rate, length = front_end.clean.sample_rate_hz, front_end.grid.window_samples
    of_gaps, of_windows = (dict(list(t.groupby("recording_id"))) for t in (gaps, windows))
    for name, at, count in where.itertuples(index=False, name=None):
        table = of_windows[name].sort_values("start_s")
        first = np.rint(table["start_s"].to_numpy() * rate).astype(np.int64)
        missing = np.zeros((0, 2), np.int64)
        if name in of_gaps:
            missing = of_gaps[name][["start", "stop"]].to_numpy()
        samples = amplitudes(X_clean[at : at + count], front_end.spectrogram)
        yield table[["window_id"]], Signal(samples, missing, first, length, rate)
