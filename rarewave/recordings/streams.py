"""Files that follow one another without a gap, read and cleaned as one recording."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import rates
from rarewave.recordings import reading
from rarewave.recordings.reading import Header


class Piece(NamedTuple):
    """One file of a stream."""

    path: Path
    header: Header
    first: int  # sample of the stream that is the file's first


class Stream(NamedTuple):
    """Files in order; each begins where the one before ends."""

    pieces: tuple[Piece, ...]

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

    def read(self, start: int, stop: int) -> NDArray[np.float64]:
        """Raw samples [start, stop), across files."""
        parts = []
        for path, header, first in self.pieces:
            a, b = max(start - first, 0), min(stop - first, header.n_samples)
            if a < b:
                parts.append(reading.read(path, header.channel, a, b))
        return np.concatenate(parts) if parts else np.zeros(0)


def join(files: Sequence[tuple[Path, Header]], in_order: bool = False) -> list[Stream]:
    """Streams of files of one channel and rate, each beginning where another ends.

    Times decide, to half a sample, among the files of one folder whose names differ in digits
    only (one recorder). Files without a start time stay alone, unless `in_order` says that the
    files are given in the order of recording.
    """
    streams: list[list[Piece]] = []
    open_ones: dict[tuple[str, ...], list[list[Piece]]] = {}
    ordered = list(files)
    if not in_order:
        known = [f for f in files if pd.notna(f[1].start)]
        ordered = sorted(known, key=lambda f: (f[1].start, f[1].channel, str(f[0])))
        ordered += [f for f in files if pd.isna(f[1].start)]
    for path, header in ordered:
        # Two recorders may share a folder, and a channel number says nothing.
        name = "" if "." in header.channel else re.sub(r"\d", "#", path.name)
        place = () if in_order else (header.channel, str(path.parent), name)
        candidates = open_ones.setdefault(place, [])
        for stream in candidates[-1:] if in_order else candidates:
            last = stream[-1]
            if _follows(last.header, header, in_order):
                stream.append(Piece(path, header, last.first + last.header.n_samples))
                break
        else:
            streams.append([Piece(path, header, 0)])
            candidates.append(streams[-1])
    return [Stream(tuple(pieces)) for pieces in streams]


def _follows(one: Header, other: Header, in_order: bool) -> bool:
    if one.channel != other.channel or not rates.same(one.sample_rate, other.sample_rate):
        return False
    if in_order:
        return True
    if pd.isna(one.start) or pd.isna(other.start):
        return False
    end = one.start + pd.Timedelta(seconds=one.n_samples / one.sample_rate)
    return abs((other.start - end).total_seconds()) <= 0.5 / one.sample_rate
