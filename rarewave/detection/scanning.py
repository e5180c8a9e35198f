"""Events in whole recordings: scan, join, account for every second."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.parallel import ahead
from rarewave.detection.clean_stream import CleanStream
from rarewave.frontend import cleaning, transform
from rarewave.frontend.grid import starts
from rarewave.frontend.transform import FrontEnd
from rarewave.recordings.streams import Stream


class Scorer(NamedTuple):
    """What gives scores to spectrograms: a network, or a baseline."""

    front_end: FrontEnd
    names: Sequence[str]  # of the columns of scores
    score: Callable[[NDArray[np.float32]], NDArray[np.float64]]  # (n, names)


class Scan(NamedTuple):
    """The scores of a stream."""

    stream: Stream
    first: NDArray[np.int64]  # (windows,) first cleaned samples
    P: NDArray[np.float32]  # (windows, names) a memory map; NaN where not recorded
    length: int  # cleaned samples of the stream
    problem: str  # why the scan ended early, else empty


def key(stream: Stream, model_digest: str) -> str:
    """A name for the scores of a stream by a model: the same while neither changes."""
    total = hashlib.sha256(model_digest.encode())
    for path, header, first in stream.pieces:
        about = path.stat()
        part = (str(path.resolve()), header.channel, first, about.st_size, about.st_mtime_ns)
        total.update(repr(part).encode())
    return total.hexdigest()[:24]


def scan(
    scorer: Scorer,
    stream: Stream,
    scores: Path,
    progress: Callable[[float], object] = lambda seconds: None,
) -> Scan:
    """Score every window of one stream; see `scans`."""
    return scans(scorer, [(stream, scores)], progress)[0]


def scans(
    scorer: Scorer,
    work: Sequence[tuple[Stream, Path]],
    progress: Callable[[float], object] = lambda seconds: None,
) -> list[Scan]:
    """Score every window of streams, each to a file of its own (raw float32).

    The file is written chunk by chunk; where it holds scores already, the scan goes on behind
    them. Reading and cleaning go ahead of the network in another thread. Memory does not grow
    with the recordings, and the result depends on nothing but scorer and recording.

    Parameters
    ----------
    progress : called with the seconds of recording that each step advances.
    """
    width, grid = len(scorer.names), scorer.front_end.grid
    rate = scorer.front_end.clean.sample_rate_hz
    plans = [_planned(scorer, stream, scores) for stream, scores in work]
    for scan, done in plans:
        progress(_reached(scan.first, done, grid.window_samples, rate))
    problems = [scan.problem for scan, _ in plans]
    for number, made in ahead(_prepared(scorer, plans)):
        if isinstance(made, str):
            problems[number] = made
            continue
        rows, X, recorded = made
        p = scorer.score(X)
        p[~recorded] = np.nan
        _append(work[number][1], p.astype(np.float32))
        first = plans[number][0].first
        before = _reached(first, int(rows[0]), grid.window_samples, rate)
        progress(_reached(first, int(rows[-1]) + 1, grid.window_samples, rate) - before)
    return [
        scan._replace(P=_scores(path, width), problem=problem)
        for (scan, _), (_, path), problem in zip(plans, work, problems, strict=True)
    ]


def kept(
    front_end: FrontEnd,
    width: int,
    work: Sequence[tuple[Stream, Path]],
    problems: Sequence[str],
) -> list[Scan]:
    """The scans that `scans` left in files, read again.

    Parameters
    ----------
    width : columns of scores.
    problems : of each scan, as it said then.

    Raises
    ------
    DataError
        A file is not there, or is of other recordings.
    """
    if len(problems) != len(work):
        raise DataError("the kept scores are of other recordings: run the stage scan")
    found = []
    for (stream, path), problem in zip(work, problems, strict=True):
        P = _scores(path, width)
        first, length = np.zeros(0, np.int64), 0
        if not problem or len(P):
            length = cleaning.plan(stream.n_samples, stream.sample_rate, front_end.clean).length
            first = starts(length, front_end.grid)
        if not problem and len(P) != len(first):
            raise DataError(f"{path} holds {len(P)} of {len(first)} scores: run the stage scan")
        found.append(Scan(stream, first, P, length, problem))
    return found


def _append(path: Path, rows: NDArray[np.float32]) -> None:
    try:
        with open(path, "ab") as out:
            out.write(rows.tobytes())
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}): free some space") from None


def _planned(scorer: Scorer, stream: Stream, scores: Path) -> tuple[Scan, int]:
    """The windows of a stream, and how many of them the file holds already; it is cut there."""
    width, front_end = len(scorer.names), scorer.front_end
    nothing = np.zeros((0, width), np.float32)
    try:
        length = cleaning.plan(stream.n_samples, stream.sample_rate, front_end.clean).length
    except DataError as error:
        problem = f"{stream.pieces[0].path}: {error}"
        return Scan(stream, np.zeros(0, np.int64), nothing, 0, problem), 0
    done = len(_scores(scores, width)) // transform.CHUNK * transform.CHUNK
    scores.parent.mkdir(parents=True, exist_ok=True)
    with open(scores, "ab") as out:
        out.truncate(done * width * 4)
    return Scan(stream, starts(length, front_end.grid), nothing, length, ""), done


Prepared = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]


def _prepared(
    scorer: Scorer, plans: Sequence[tuple[Scan, int]]
) -> Iterator[tuple[int, Prepared | str]]:
    """Windows still to score, their spectrograms and which were recorded; or what went wrong."""
    front_end = scorer.front_end
    for number, (scan, done) in enumerate(plans):
        if done >= len(scan.first):
            continue
        try:
            first = scan.first
            cleaned = CleanStream(scan.stream, front_end.clean, transform.reach(front_end))

            def recorded(
                some: slice | NDArray[np.int64],
                cleaned: CleanStream = cleaned,
                first: NDArray[np.int64] = first,
            ) -> NDArray[np.bool_]:
                missing = cleaned.missing(first[some], front_end.grid.window_samples)
                return missing <= front_end.grid.max_gap

            def wanted(some: slice, done: int = done) -> NDArray[np.bool_]:
                return np.arange(some.start, some.stop) >= done

            for rows, X in transform.spectra(
                front_end, cleaned.read, cleaned.length, first, wanted, recorded
            ):
                yield number, (rows, X, recorded(rows))
        except (DataError, OSError, MemoryError) as error:
            # What cannot be read costs itself.
            yield number, str(error) or type(error).__name__


def _scores(path: Path, width: int) -> NDArray[np.float32]:
    rows = path.stat().st_size // (4 * width) if path.exists() else 0
    if not rows:
        return np.zeros((0, width), np.float32)
    return np.memmap(path, np.float32, "r", shape=(rows, width))


def _reached(first: NDArray[np.int64], count: int, length: int, rate: float) -> float:
    """Seconds covered by the first `count` windows."""
    return (int(first[count - 1]) + length) / rate if count else 0.0
