"""What a baseline of the signal itself is given: one cleaned recording and its windows."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.intervals import union

# Samples looked at together: bounds the memory, not the result.
BLOCK = 1 << 20


class Signal(NamedTuple):
    """A cleaned recording, and its windows in order."""

    samples: NDArray[np.float32]  # (n,) may be a memory map
    gaps: NDArray[np.int64]  # (k, 2) start and stop of what was not recorded, but filled
    first: NDArray[np.int64]  # (windows,) first samples
    length: int  # samples of a window
    rate: float  # Hz

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.bool_]]]:
        """Consecutive pieces: where each begins, its squares, and which samples were recorded."""
        gaps = union(self.gaps[np.argsort(self.gaps[:, 0], kind="stable")])
        for at in range(0, len(self.samples), BLOCK):
            piece = np.square(self.samples[at : at + BLOCK], dtype=np.float64)
            recorded = np.ones(len(piece), bool)
            begin = np.searchsorted(gaps[:, 1], at, side="right")
            end = np.searchsorted(gaps[:, 0], at + len(piece))
            for start, stop in gaps[begin:end] - at:
                recorded[max(0, start) : stop] = False
            yield at, piece, recorded

    def within(self, at: int, size: int) -> tuple[slice, NDArray[np.int64], NDArray[np.int64]]:
        """The windows that a piece touches, and where each begins and ends within the piece."""
        begin, end = np.searchsorted(self.first, [at - self.length + 1, at + size])
        left = self.first[begin:end] - at
        return slice(begin, end), np.maximum(left, 0), np.minimum(left + self.length, size)
