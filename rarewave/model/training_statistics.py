"""What the recordings that a packaged model learnt from are like: what drift is measured against.

Their windows lie as `detect` cuts recordings, not as training drew them: there calls and
background are as frequent as a parameter says.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base import intervals
from rarewave.base.arrays import read_npz
from rarewave.base.errors import DataError
from rarewave.base.files import write_npz
from rarewave.base.spread import evenly
from rarewave.frontend import transform
from rarewave.frontend.grid import starts
from rarewave.frontend.transform import FrontEnd
from rarewave.measurement import pictures

FILE = "statistics.npz"  # in a package
MOST = 5000  # windows kept: some 0.3 MB
REACH_WINDOWS = 256  # training windows that the range of each row is taken from


class Reach(NamedTuple):
    """Between which values training windows lie, as a network takes them; rows by channels."""

    low: NDArray[np.float32]  # (frequencies, channels)
    middle: NDArray[np.float32]
    high: NDArray[np.float32]


def reach_of(inputs: NDArray[np.float32]) -> Reach:
    """The range of all but one in a thousand values on either side of each row, and the median.

    Parameters
    ----------
    inputs : (n, frequencies, frames, channels), normalised.
    """
    low, middle, high = np.quantile(inputs, [0.001, 0.5, 0.999], axis=(0, 2)).astype(np.float32)
    return Reach(low, middle, high)


class Statistics(NamedTuple):
    """Statistics of windows of the training recordings, and the range of what the network took."""

    names: NDArray[np.str_]  # (k,) of what is measured, see `pictures.names_of`
    values: NDArray[np.float32]  # (n, k)
    recording: NDArray[np.int32]  # (n,) a number for each recording
    each: NDArray[np.int64]  # (1,) windows of a recording, at most
    low: NDArray[np.float32]  # as in `Reach`
    middle: NDArray[np.float32]
    high: NDArray[np.float32]

    @property
    def reach(self) -> Reach:
        """The range of what the network took."""
        return Reach(self.low, self.middle, self.high)


class Waveform(NamedTuple):
    """One cleaned recording."""

    samples: NDArray[np.float32]
    gaps: NDArray[np.int64]  # (k, 2) runs of samples that were not recorded


def collect(
    front_end: FrontEnd, count: int, waveform: Callable[[int], Waveform], reach: Reach
) -> Statistics:
    """Statistics of the recordings that trained, of each so many windows, evenly spread.

    Parameters
    ----------
    count : of recordings; of more than `MOST` some are taken, evenly spread.
    waveform : gives each.
    """
    each, made = max(1, MOST // max(count, 1)), pictures.plain(front_end)
    values, recording = [], []
    for number, at in enumerate(evenly(count, MOST)):
        for some in _measured(made, waveform(int(at)), each):
            values.append(some)
            recording.append(np.full(len(some), number, np.int32))
    names = pictures.names_of(front_end)
    return Statistics(
        np.array(names),
        np.concatenate(values) if values else np.zeros((0, len(names)), np.float32),
        np.concatenate(recording) if recording else np.zeros(0, np.int32),
        np.array([each]),
        *reach,
    )


def _measured(front_end: FrontEnd, one: Waveform, each: int) -> Iterator[NDArray[np.float32]]:
    """Statistics (some, k) of windows of a recording, those left out that are mostly gaps."""
    grid, length = front_end.grid, len(one.samples)
    first = starts(length, grid)
    if not len(first):
        return
    first = first[evenly(len(first), each)]
    good = intervals.gap_share(one.gaps, first, grid.window_samples) <= grid.max_gap
    first = first[good]
    if not len(first):
        return
    everything = np.ones(len(first), bool)
    for _, X in transform.spectra(
        front_end,
        lambda a, b: one.samples[a:b],
        length,
        first,
        lambda rows: everything[rows],
        lambda rows: everything[rows],
    ):
        yield pictures.of_windows(front_end, X).astype(np.float32)


def save(path: Path, known: Statistics) -> None:
    """Write an `.npz`; the same content gives the same bytes."""
    write_npz(path, known._asdict())


def load(path: Path) -> Statistics:
    """Read what `save` wrote.

    Raises
    ------
    DataError
        The file is broken or holds something else.
    """
    broken, again = "holds no statistics of training", "run the stage detect again"
    found = Statistics(**read_npz(path, Statistics._fields, broken, again))
    fits = found.values.shape == (len(found.recording), len(found.names))
    reach = found.low.ndim == 2 and found.low.shape == found.middle.shape == found.high.shape
    if not fits or not reach or found.each.shape != (1,) or found.each[0] < 1:
        raise DataError(f"{path} {broken}: {again}")
    return found
