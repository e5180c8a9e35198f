"""Recordings of different parts that are copies: shifted, trimmed, louder, lossy, of fewer bits."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.splits import fingerprints
from rarewave.splits.fingerprints import Likeness, Scale
from rarewave.splits.parts import PARTS

_QUERIES = 3000  # stretches of validation and test that are compared, but one of each recording
_BLOCK = 1 << 12  # stretches compared with them at once: it bounds the memory
_BEST = 4  # candidates for each
_LEAST = 0.4  # cosine of fingerprints of a candidate
# From which on two recordings are copies, see `Likeness`: of all that lies in both, or very nearly
# the same of some of it.
CORRELATION, THROUGHOUT, NEARBY, BREADTH = 0.6, 0.7, 0.9, 0.5


class Copy(NamedTuple):
    """Two recordings of different parts, or places of one, that hold the same sound."""

    recording: str
    part: str
    at_s: float  # from its start
    other: str
    other_part: str
    other_at_s: float
    correlation: float


class _Windows(NamedTuple):
    """The windows of a recording that are of a part, in order of time."""

    begin: NDArray[np.int64]  # (n,) samples
    end: NDArray[np.int64]
    rank: NDArray[np.int64]  # (n,) place in PARTS


class _Stretches(NamedTuple):
    """Stretches of recordings that lie where windows of a part are."""

    recording: NDArray[np.int64]  # (n,)
    begin: NDArray[np.int64]  # (n,) first sample
    rank: NDArray[np.int64]  # (n,) of the part
    shape: NDArray[np.float32]  # (n, SIZE) fingerprint


def near_duplicates(
    windows: pd.DataFrame,
    part: NDArray[np.str_],
    samples: NDArray[np.float32],
    where: pd.DataFrame,
    sample_rate: float,
) -> list[Copy]:
    """Pairs of recordings of different parts that hold the same sound.

    Stretches of validation and test are compared with those of the parts before them by
    fingerprints; candidates are proved by the correlation of their waveforms, so that different
    calls are not accused.

    Parameters
    ----------
    windows : used rows of table WINDOWS; `part` (n,) is that of each.
    samples : cleaned, of all recordings; `where` each lies in them (table WAVEFORMS).
    sample_rate : Hz, of the samples.

    Returns
    -------
    One for each pair, in the order of their names; none where recordings are too short.
    """
    known = where[where["recording_id"].isin(windows["recording_id"])]
    scale = fingerprints.scale_of(known["count"].to_numpy()) if len(known) else None
    if scale is None:
        return []
    of = _by_recording(windows, part, known["recording_id"], sample_rate)
    ends = known["first"] + known["count"]
    cut = [samples[a:b] for a, b in zip(known["first"], ends, strict=True)]
    queries = _queries(cut, of, scale)
    found: dict[tuple[int, int], Copy] = {}
    for row, other, begin in _candidates(queries, _places(cut, of, scale), scale):
        one, at = int(queries.recording[row]), int(queries.begin[row])
        if (one, other) in found:
            continue
        proof = fingerprints.likeness(
            cut[one], cut[other], at + scale.length // 2, begin - at, scale, CORRELATION
        )
        leak = _leak(of[one], of[other], proof) if _alike(proof) else None
        if leak is not None:
            found[one, other] = Copy(
                str(known["recording_id"].iloc[one]),
                PARTS[leak.rank],
                round(leak.at / sample_rate, 3),
                str(known["recording_id"].iloc[other]),
                PARTS[leak.other_rank],
                round((leak.at + proof.later) / sample_rate, 3),
                round(proof.correlation, 3),
            )
    return sorted(found.values())


def _alike(proof: Likeness) -> bool:
    same = proof.throughout >= THROUGHOUT or proof.nearby >= NEARBY
    return same and proof.breadth >= BREADTH


def _by_recording(
    windows: pd.DataFrame, part: NDArray[np.str_], names: "pd.Series[str]", sample_rate: float
) -> list[_Windows]:
    """The windows of each of some recordings that are of a part."""
    table = pd.DataFrame(
        {
            "recording": windows["recording_id"].to_numpy(),
            "begin": (windows["start_s"].to_numpy() * sample_rate).round().astype(np.int64),
            "length": (windows["duration_s"].to_numpy() * sample_rate).round().astype(np.int64),
            "rank": [PARTS.index(name) if name in PARTS else -1 for name in part],
        }
    )
    groups = dict(tuple(table[table["rank"] >= 0].sort_values("begin").groupby("recording")))
    found = []
    for name in names:
        mine = groups.get(name, table[:0])
        begin = mine["begin"].to_numpy()
        found.append(_Windows(begin, begin + mine["length"].to_numpy(), mine["rank"].to_numpy()))
    return found


def _ranks_of(mine: _Windows, count: int, scale: Scale) -> NDArray[np.int64]:
    """The part (count,) of the window nearest to each stretch of a recording; -1 far from any."""
    middle = np.arange(count) * scale.step + scale.length // 2
    centre = (mine.begin + mine.end) // 2
    after = np.searchsorted(centre, middle).clip(max=len(centre) - 1)
    before = (after - 1).clip(min=0)
    closer = np.abs(centre[before] - middle) < np.abs(centre[after] - middle)
    nearest = np.where(closer, before, after)
    reach = (scale.length + mine.end[nearest] - mine.begin[nearest]) // 2
    return np.where(np.abs(centre[nearest] - middle) < reach, mine.rank[nearest], -1)


def _places(
    cut: Sequence[NDArray[np.float32]], of: Sequence[_Windows], scale: Scale
) -> Iterator[_Stretches]:
    """All stretches of the parts that others are compared with, some at a time."""
    for number, (samples, mine) in enumerate(zip(cut, of, strict=True)):
        if not len(mine.rank) or mine.rank.min() == len(PARTS) - 1:
            continue
        cells = fingerprints.cells(samples, scale)
        ranks = _ranks_of(mine, fingerprints.stretches(cells, scale), scale)
        kept = np.flatnonzero(ranks >= 0)
        for at in range(0, len(kept), _BLOCK):
            yield _cut_out(number, cells, ranks, kept[at : at + _BLOCK], scale)


def _queries(
    cut: Sequence[NDArray[np.float32]], of: Sequence[_Windows], scale: Scale
) -> _Stretches:
    """Stretches of validation and test that do not overlap.

    Of each recording the middle one, then more of all as far as they go.
    """
    apart = max(1, scale.length // scale.step)
    made, turns = [], []
    for number, (samples, mine) in enumerate(zip(cut, of, strict=True)):
        if not mine.rank.any():
            continue
        cells = fingerprints.cells(samples, scale)
        ranks = _ranks_of(mine, fingerprints.stretches(cells, scale), scale)
        held = np.flatnonzero(ranks > 0)
        rows = np.unique(np.concatenate([held[::apart], held[-1:]]))
        made.append(_cut_out(number, cells, ranks, rows, scale))
        turns.append(np.argsort(np.argsort(np.abs(np.arange(len(rows)) - len(rows) // 2))))
    if not made:
        return _together([])
    turn, every = np.concatenate(turns), _together(made)
    most = max(_QUERIES, int((turn == 0).sum()))
    rows = np.sort(np.argsort(turn, kind="stable")[:most])
    return _Stretches(*(column[rows] for column in every))


def _cut_out(
    number: int,
    cells: NDArray[np.float64],
    ranks: NDArray[np.int64],
    rows: NDArray[np.int64],
    scale: Scale,
) -> _Stretches:
    shape = fingerprints.fingerprints(cells, scale, rows)
    return _Stretches(np.full(len(rows), number), rows * scale.step, ranks[rows], shape)


def _together(some: Sequence[_Stretches]) -> _Stretches:
    if not some:
        nothing = np.zeros(0, np.int64)
        return _Stretches(nothing, nothing, nothing, np.zeros((0, fingerprints.SIZE), np.float32))
    return _Stretches(*(np.concatenate(column) for column in zip(*some, strict=True)))


def _candidates(
    queries: _Stretches, places: Iterator[_Stretches], scale: Scale
) -> Iterator[tuple[int, int, int]]:
    """Row of a query, recording and first sample of a stretch like it; the most similar first."""
    score = np.full((len(queries.rank), 0), 0.0, np.float32)
    recording = begin = np.zeros((len(queries.rank), 0), np.int64)
    for block in _blocks(places):
        cosine = queries.shape @ block.shape.T
        same = queries.recording[:, None] == block.recording
        near = np.abs(queries.begin[:, None] - block.begin) < scale.length
        cosine[(block.rank >= queries.rank[:, None]) | (same & near)] = 0
        best = np.argpartition(-cosine, min(_BEST, cosine.shape[1]) - 1, axis=1)[:, :_BEST]
        score = np.hstack([score, np.take_along_axis(cosine, best, axis=1)])
        recording = np.hstack([recording, block.recording[best]])
        begin = np.hstack([begin, block.begin[best]])
        kept = np.argsort(-score, axis=1, kind="stable")[:, :_BEST]
        score = np.take_along_axis(score, kept, axis=1)
        recording = np.take_along_axis(recording, kept, axis=1)
        begin = np.take_along_axis(begin, kept, axis=1)
    rows, columns = np.nonzero(score >= _LEAST)
    order = np.argsort(-score[rows, columns], kind="stable")
    seen = set()
    for row, column in zip(rows[order], columns[order], strict=True):
        other = int(recording[row, column])
        if (row, other) not in seen:  # its neighbours half a cell away say the same
            seen.add((row, other))
            yield int(row), other, int(begin[row, column])


def _blocks(places: Iterator[_Stretches]) -> Iterator[_Stretches]:
    """Those of short recordings together."""
    waiting: list[_Stretches] = []
    for some in places:
        waiting.append(some)
        if sum(len(one.begin) for one in waiting) >= _BLOCK:
            yield _together(waiting)
            waiting = []
    if waiting:
        yield _together(waiting)


class _Leak(NamedTuple):
    """Where windows of different parts hold the same."""

    rank: int
    other_rank: int
    at: int  # sample of the first recording


def _leak(one: _Windows, other: _Windows, proof: Likeness) -> _Leak | None:
    """The first window where recordings are alike that lies over one of another part."""
    begin, end = proof.around if proof.throughout >= THROUGHOUT else proof.here
    mine = _inside(one, begin, end)
    theirs = _inside(other, begin + proof.later, end + proof.later)
    for row in np.flatnonzero(mine):
        first, last = one.begin[row] + proof.later, one.end[row] + proof.later
        shared = np.minimum(last, other.end) - np.maximum(first, other.begin)
        half = np.minimum(last - first, other.end - other.begin) / 2
        leaking = np.flatnonzero(theirs & (shared >= half) & (other.rank != one.rank[row]))
        if len(leaking):
            at = max(begin, int(one.begin[row]), int(other.begin[leaking[0]]) - proof.later)
            return _Leak(int(one.rank[row]), int(other.rank[leaking[0]]), at)
    return None


def _inside(some: _Windows, begin: int, end: int) -> NDArray[np.bool_]:
    """Which windows share half of themselves, or of the place, with it."""
    shared = np.minimum(some.end, end) - np.maximum(some.begin, begin)
    return shared >= np.minimum(some.end - some.begin, end - begin) / 2
