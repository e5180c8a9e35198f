"""A stream cleaned as it is read."""

import numpy as np
from numpy.typing import NDArray

from rarewave.base import intervals
from rarewave.frontend import cleaning
from rarewave.frontend.cleaning import Cleaned, Cleaning
from rarewave.recordings.streams import Stream


class CleanStream:
    """A stream cleaned where it is read; a few blocks are kept, so memory stays flat.

    `reach` is how many cleaned samples back from the last read another one may begin.
    """

    def __init__(self, stream: Stream, options: Cleaning, reach: int = 0) -> None:
        self.stream, self.options, self.reach = stream, options, reach
        self.plan = cleaning.plan(stream.n_samples, stream.sample_rate, options)
        self.respond = stream.respond(options.output, options.low_hz, options.high_hz)
        self.kept: dict[int, Cleaned] = {}
        self.limit: NDArray[np.float64] | None = None  # of the noise, where that is taken out

    @property
    def length(self) -> int:
        """Samples after cleaning."""
        return self.plan.length

    def _parts(self, start: int, stop: int) -> list[tuple[Cleaned, slice]]:
        size, last = self.plan.size_out, self.plan.n_blocks - 1
        found = []
        begin = min(start // size, last) if size else 0
        for number in range(begin, min(max(stop - 1, 0) // size, last) + 1 if size else 1):
            if number not in self.kept:
                read, rate = self.stream.read, self.stream.sample_rate
                given = self.options, self.plan, self.respond
                if self.limit is None:
                    self.limit = cleaning.noise_limit(read, rate, *given)
                self.kept[number] = cleaning.block(read, number, rate, *given, self.limit)
            offset = number * size
            found.append((self.kept[number], slice(max(0, start - offset), stop - offset)))
        for old in [n for n in self.kept if (n + 1) * size <= start - self.reach]:
            del self.kept[old]
        return found

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Cleaned samples [start, stop)."""
        return np.concatenate([c.samples[some] for c, some in self._parts(start, stop)])

    def lost(self, start: int, stop: int) -> NDArray[np.int64]:
        """Runs (k, 2) of raw samples that were not recorded, of cleaned samples [start, stop)."""
        return self._inside([c.lost for c, _ in self._parts(start, stop)], start, stop)

    def silent(self, start: int, stop: int) -> NDArray[np.int64]:
        """As `lost`, of raw samples that are left out as silence."""
        return self._inside([c.silent for c, _ in self._parts(start, stop)], start, stop)

    def _inside(self, found: list[NDArray[np.int64]], start: int, stop: int) -> NDArray[np.int64]:
        """Runs (k, 2) of raw samples, cut to cleaned samples [start, stop)."""
        runs = np.concatenate(found)
        scale = cleaning.raw_per_cleaned(self.stream.sample_rate, self.options)
        end = self.stream.n_samples if stop >= self.length else round(stop * scale)
        runs = np.clip(runs, round(start * scale), end)
        return runs[runs[:, 0] < runs[:, 1]]

    def missing(self, first: NDArray[np.int64], length: int) -> NDArray[np.float64]:
        """The share of each of some windows (in order) that was not recorded."""
        start, stop = int(first[0]), int(first[-1]) + length
        gap = np.concatenate([c.gap[some] for c, some in self._parts(start, stop)])
        return intervals.gap_share(intervals.gaps_of(gap, start), first, length)
