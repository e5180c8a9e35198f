"""Files that follow one another without a gap, read and cleaned as one recording."""

import heapq
import itertools
import re
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import rates
from rarewave.recordings import reading
from rarewave.recordings.reading import Header
from rarewave.recordings.responses import Respond, Responses


class Piece(NamedTuple):
    """One file of a stream."""

    path: Path
    header: Header
    first: int  # sample of the stream that is the file's first


class Stream(NamedTuple):
    """Files in order; each begins where the one before ends."""

    pieces: tuple[Piece, ...]
    responses: Responses | None = None  # of its instruments, where they are removed

    def respond(self, output: str, low_hz: float | None, high_hz: float | None) -> Respond | None:
        """What makes ground motion of its counts; None where no responses are known."""
        if output == "counts" or self.responses is None:
            return None
        header = self.pieces[0].header
        return self.responses.of(header.channel, header.start, output, low_hz, high_hz)

    @property
    def sample_rate(self) -> float:
        """In Hz."""
        return self.pieces[0].header.sample_rate

    @property
    def n_samples(self) -> int:
        """Of all files together."""
        return self.pieces[-1].first + self.pieces[-1].header.n_samples

    @property
    def start(self) -> pd.Timestamp:
        """UTC, NaT where unknown."""
        return self.pieces[0].header.start

    def apart_s(self, one: int, two: int) -> float:
        """Seconds between the starts of two of the files, the first before the second.

        By the files' own clocks, so that a rate that is a little off does not add up; by their
        samples where a start is not known or not where the file before ends.
        """
        pairs = itertools.pairwise(piece.header for piece in self.pieces[one : two + 1])
        return sum(_step_s(before, after) for before, after in pairs)

    def span(self, start: float, stop: float) -> tuple[int, float, float]:
        """The file in which samples [start, stop) begin; seconds of both from that file's start."""
        # What rounding leaves before a file is of that file.
        one = bisect_right(self.pieces, start + 1e-6, key=_first) - 1
        two = max(one, bisect_right(self.pieces, stop - 1e-6, key=_first) - 1)
        onset, offset = (
            (sample - self.pieces[number].first) / self.pieces[number].header.sample_rate
            for sample, number in ((start, one), (stop, two))
        )
        return one, onset, offset + self.apart_s(one, two)

    def read(self, start: int, stop: int) -> NDArray[np.float64]:
        """Raw samples [start, stop), across files."""
        parts = []
        for path, header, first in self.pieces:
            a, b = max(start - first, 0), min(stop - first, header.n_samples)
            if a < b:
                parts.append(reading.read(path, header.channel, a, b))
        return np.concatenate(parts) if parts else np.zeros(0)


def join(
    files: Sequence[tuple[Path, Header]], in_order: bool = False, alone: bool = False
) -> list[Stream]:
    """Streams of files of one channel and rate, each beginning where another ends.

    Times decide, to half a sample, among the files of one folder whose names differ in digits
    only (one recorder). Files without a start time stay alone, unless `in_order` says that the
    files are given in the order of recording. With `alone` all do, as where the beginning of each
    says what its noise is.
    """
    if alone:
        return [Stream((Piece(path, header, 0),)) for path, header in files]
    streams: list[list[Piece]] = []
    waiting: dict[tuple[str, ...], list[_End]] = {}
    for path, header in files if in_order else _by_start(files):
        # Two recorders may share a folder, and a channel number says nothing.
        name = "" if "." in header.channel else re.sub(r"\d", "#", path.name)
        ends = waiting.setdefault((header.channel, str(path.parent), name), [])
        if in_order:
            number = len(streams) - 1
            follows = bool(streams) and _same_kind(streams[-1][-1].header, header)
        else:
            number = _taken(ends, header, streams)
            follows = number >= 0
        if not follows:
            number = len(streams)
            streams.append([])
        before = streams[number][-1:]
        first = sum(piece.first + piece.header.n_samples for piece in before)
        streams[number].append(Piece(path, header, first))
        if pd.notna(header.start):
            heapq.heappush(ends, (_end_ns(header), number))
    return [Stream(tuple(pieces)) for pieces in streams]


_End = tuple[int, int]  # when a stream ends, ns, and its number


def _by_start(files: Sequence[tuple[Path, Header]]) -> list[tuple[Path, Header]]:
    known = [f for f in files if pd.notna(f[1].start)]
    ordered = sorted(known, key=lambda f: (f[1].start, f[1].channel, str(f[0])))
    return ordered + [f for f in files if pd.isna(f[1].start)]


def _taken(ends: list[_End], header: Header, streams: Sequence[Sequence[Piece]]) -> int:
    """The first stream that ends where a file begins, taken out of `ends`; -1 without one.

    Files come in order of their starts: what ended before this one goes on no more, and leaves
    `ends`, so that many files cost no more than each for itself.
    """
    if pd.isna(header.start):
        return -1
    start = header.start.value
    reached = []
    while ends and ends[0][0] <= start + _near_ns(header):
        reached.append(heapq.heappop(ends))
    number = -1
    for end in sorted(reached, key=lambda end: end[1]):
        last = streams[end[1]][-1].header
        if start - end[0] > _near_ns(last):
            continue
        if number < 0 and _same_kind(last, header) and abs(start - end[0]) <= _near_ns(last):
            number = end[1]
        else:
            heapq.heappush(ends, end)
    return number


def _same_kind(one: Header, other: Header) -> bool:
    return one.channel == other.channel and rates.same(one.sample_rate, other.sample_rate)


def _first(piece: Piece) -> int:
    return piece.first


def _step_s(before: Header, after: Header) -> float:
    """Seconds from the start of a file to that of the one that follows it."""
    by_samples = before.n_samples / before.sample_rate
    if pd.isna(before.start) or pd.isna(after.start):
        return by_samples
    by_clock = (after.start - before.start).total_seconds()
    near = 0.5 / before.sample_rate + 1e-6
    return float(by_clock) if abs(by_clock - by_samples) <= near else by_samples


def _end_ns(header: Header) -> int:
    return int(header.start.value) + round(1e9 * header.n_samples / header.sample_rate)


def _near_ns(header: Header) -> float:
    """Half a sample."""
    return 0.5e9 / header.sample_rate
