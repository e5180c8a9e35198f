"""Cleaned samples of windows, read from the waveforms of whole recordings."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.frontend.grid import Grid, filled

Waveforms = Callable[[NDArray[np.int64]], NDArray[np.float32]]  # rows to (rows, samples)


def reader(
    X_clean: NDArray[np.float32], where: pd.DataFrame, table: pd.DataFrame, rate: float, grid: Grid
) -> Waveforms:
    """Gives the samples of some windows; a recording shorter than one is filled up.

    Parameters
    ----------
    X_clean : all recordings, one behind the other.
    where : table WAVEFORMS.
    table : recording_id and start_s of each window.
    rate : in Hz.
    """
    length = grid.window_samples
    lies = where.set_index("recording_id").loc[table["recording_id"]]
    first = lies["first"].to_numpy() + np.rint(table["start_s"].to_numpy() * rate).astype(int)
    end = (lies["first"] + lies["count"]).to_numpy()

    def read(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        x = np.empty((len(rows), length), np.float32)
        for samples, begin, stop in zip(x, first[rows], end[rows], strict=True):
            cut = X_clean[begin : min(begin + length, stop)]
            samples[:] = filled(cut, length, grid.pad_short)
        return x

    return read
