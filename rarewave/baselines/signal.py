"""What a baseline of the signal itself is given: one cleaned recording and its windows."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
        for at in range(0, len(self.samples), BLOCK):
            piece = np.square(self.samples[at : at + BLOCK], dtype=np.float64)
            recorded = np.ones(len(piece), bool)
            for start, stop in self.gaps:
                recorded[max(0, start - at) : max(0, stop - at)] = False
            yield at, piece, recorded

    def within(self, at: int, size: int) -> Iterator[tuple[int, int, int]]:
        """The windows that a piece touches: number, and first and last sample within the piece."""
        begin, end = np.searchsorted(self.first, [at - self.length + 1, at + size])
        for row in range(begin, end):
            left = int(self.first[row]) - at
            yield row, max(left, 0), min(left + self.length, size)
