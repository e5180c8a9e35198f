"""Scores of the windows around one event, of a recording that may have something put into it."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.baselines.options import Baselines
from rarewave.baselines.registry import SIGNALS
from rarewave.baselines.signal import Signal
from rarewave.detection import postprocessing
from rarewave.detection.clean_stream import CleanStream
from rarewave.detection.postprocessing import Joining, Levels
from rarewave.detection.scanning import Scorer
from rarewave.frontend import transform
from rarewave.frontend.transform import FrontEnd, Read

MEMORY = 5  # long averages before a section that STA/LTA hears: 99 % of what it knows


class System(NamedTuple):
    """One detector among those compared."""

    name: str
    columns: Mapping[str, int]  # of the scores, by what it may say; none: of the signal itself
    how: Joining

    def levels(
        self,
        P: NDArray[np.floating],
        signals: Mapping[str, NDArray[np.float64]],
        first: NDArray[np.int64],
        length: int,
        n_samples: int,
        rate: float,
    ) -> dict[str, Levels]:
        """The score of every moment, of each name; that of a baseline of the signal has none.

        Parameters
        ----------
        P : (windows, columns); NaN where a window was not scored.
        signals : name of a baseline of the signal to its scores (windows,).
        first, length, n_samples : of the windows and the recording, in cleaned samples.
        """
        cut = postprocessing.cells(first, length, n_samples, self.how.combine)
        scores = {label: P[:, column] for label, column in self.columns.items()}
        scores = scores or {"": signals[self.name]}
        return {k: postprocessing.levels(p, cut, rate, self.how) for k, p in scores.items()}

    def finds(
        self,
        levels: Mapping[str, Levels],
        label: str,
        span: tuple[int, int],
        rate: float,
        threshold: float,
    ) -> bool:
        """Whether an event of this label meets a span of cleaned samples."""
        mine = levels[label if self.columns else ""]
        rows = postprocessing.spans_of(mine, rate, threshold, self.how)
        begin, end = span[0] / rate, span[1] / rate
        return any(row["onset_s"] < end and row["offset_s"] > begin for row in rows)


def rows_around(
    front_end: FrontEnd, first: NDArray[np.int64], span: tuple[int, int], how: Joining
) -> NDArray[np.int64]:
    """The windows that something in a span of cleaned samples may change, and one on each side."""
    grid, rate = front_end.grid, front_end.clean.sample_rate_hz
    more = grid.context_samples + round((how.smooth_s + how.gap_s) * rate)
    begin = int(np.searchsorted(first, span[0] - more - grid.window_samples, side="right"))
    end = int(np.searchsorted(first, span[1] + more))
    return np.arange(max(0, begin - 1), min(len(first), end + 1))


def of_signal(
    read: Read,
    n_samples: int,
    gaps: NDArray[np.int64],
    first: NDArray[np.int64],
    front_end: FrontEnd,
    options: Baselines,
) -> dict[str, NDArray[np.float64]]:
    """Scores (windows,) of the baselines of the signal, of windows in a row.

    Parameters
    ----------
    read : gives cleaned samples [start, stop).
    gaps : (k, 2) of the recording, in cleaned samples.
    """
    rate, length = front_end.clean.sample_rate_hz, front_end.grid.window_samples
    start = max(0, int(first[0]) - round(MEMORY * options.lta_s * rate))
    stop = min(n_samples, int(first[-1]) + length)
    mine = np.clip(gaps - start, 0, stop - start)
    mine = mine[mine[:, 0] < mine[:, 1]]
    signal = Signal(read(start, stop), mine, first - start, length, rate)
    return {name: score(signal, options) for name, score in SIGNALS.items()}


def spectrograms(
    front_end: FrontEnd, cleaned: CleanStream, first: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What a network sees of some windows (n, ...), and which of these were recorded (n,).

    Parameters
    ----------
    first : of all windows.
    rows : of some in a row.
    """
    length, most = front_end.grid.window_samples, front_end.grid.max_gap
    # A floor that runs along needs all windows; else none but these are looked at.
    known = first if front_end.spectrogram.floor_s else first[rows]
    chosen = np.isin(known, first[rows])

    def recorded(some: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
        return cleaned.missing(known[some], length) <= most

    given = front_end, cleaned.read, cleaned.length, known, lambda some: chosen[some], recorded
    X = np.concatenate([X for _, X in transform.spectra(*given)])
    return X, cleaned.missing(first[rows], length) <= most


def of_segments(
    scorer: Scorer, cleaned: CleanStream, first: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Scores (n, columns) of some segments in a row, by a network that scores stretches."""
    assert scorer.segments is not None
    wanted = np.zeros(len(first), bool)
    wanted[rows] = True
    P = np.full((len(first), len(scorer.names)), np.nan)
    given = scorer.front_end, scorer.segments, cleaned.read, cleaned.length, first
    for some, X, before in transform.stretches(*given, lambda part: wanted[part]):
        P[some] = scorer.score(X)[before : before + len(some)]
    good = cleaned.missing(first[rows], scorer.front_end.grid.window_samples)
    P = P[rows]
    P[good > scorer.front_end.grid.max_gap] = np.nan
    return P
