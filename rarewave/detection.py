"""Events in whole recordings: scan, join, account for every second."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave import cleaning, frontend, joining, windows
from rarewave.errors import DataError
from rarewave.frontend import FrontEnd
from rarewave.joining import Joining
from rarewave.parallel import ahead
from rarewave.streams import CleanStream, Stream
from rarewave.tables import COVERAGE, DETECTED, conform


class Scorer(NamedTuple):
    """What gives scores to spectrograms: a network, or a baseline."""

    front_end: FrontEnd
    classes: Sequence[str]
    score: Callable[[NDArray[np.float32]], NDArray[np.float64]]  # (n, classes)


class Scan(NamedTuple):
    """The scores of a stream."""

    stream: Stream
    first: NDArray[np.int64]  # (windows,) first cleaned samples
    P: NDArray[np.float32]  # (windows, classes) a memory map; NaN where not recorded
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
    width, grid = len(scorer.classes), scorer.front_end.grid
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


def _append(path: Path, rows: NDArray[np.float32]) -> None:
    try:
        with open(path, "ab") as out:
            out.write(rows.tobytes())
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}): free some space") from None


def _planned(scorer: Scorer, stream: Stream, scores: Path) -> tuple[Scan, int]:
    """The windows of a stream, and how many of them the file holds already; it is cut there."""
    width, front_end = len(scorer.classes), scorer.front_end
    nothing = np.zeros((0, width), np.float32)
    try:
        length = cleaning.plan(stream.n_samples, stream.sample_rate, front_end.clean).length
    except DataError as error:
        problem = f"{stream.pieces[0].path}: {error}"
        return Scan(stream, np.zeros(0, np.int64), nothing, 0, problem), 0
    done = len(_scores(scores, width)) // frontend.CHUNK * frontend.CHUNK
    scores.parent.mkdir(parents=True, exist_ok=True)
    with open(scores, "ab") as out:
        out.truncate(done * width * 4)
    return Scan(stream, windows.starts(length, front_end.grid), nothing, length, ""), done


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
            cleaned = CleanStream(scan.stream, front_end.clean, frontend.reach(front_end))

            def recorded(
                some: slice | NDArray[np.int64],
                cleaned: CleanStream = cleaned,
                first: NDArray[np.int64] = first,
            ) -> NDArray[np.bool_]:
                missing = cleaned.missing(first[some], front_end.grid.window_samples)
                return missing <= front_end.grid.max_gap

            def wanted(some: slice, done: int = done) -> NDArray[np.bool_]:
                return np.arange(some.start, some.stop) >= done

            for rows, X in frontend.spectra(
                front_end, cleaned.read, cleaned.length, first, wanted, recorded
            ):
                yield number, (rows, X, recorded(rows))
        except DataError as error:
            yield number, str(error)


def _scores(path: Path, width: int) -> NDArray[np.float32]:
    rows = path.stat().st_size // (4 * width) if path.exists() else 0
    if not rows:
        return np.zeros((0, width), np.float32)
    return np.memmap(path, np.float32, "r", shape=(rows, width))


def _reached(first: NDArray[np.int64], count: int, length: int, rate: float) -> float:
    """Seconds covered by the first `count` windows."""
    return (int(first[count - 1]) + length) / rate if count else 0.0


def coverage(found: Scan, front_end: FrontEnd) -> pd.DataFrame:
    """For each file of a stream what was scored, a gap, too short, or unreadable: table COVERAGE.

    Every kind is counted from the windows; together they make up the file.
    """
    grid, rate = front_end.grid, front_end.clean.sample_rate_hz
    count = len(found.P)
    start = found.first[:count].astype(float)
    stop = start + grid.window_samples
    # Resampling rounds the length to a sample: the last window reaches the end of the last file.
    whole = found.stream.n_samples * rate / found.stream.sample_rate
    if count:
        at_end = found.first[:count] + grid.window_samples >= found.length
        stop[at_end] = whole
    good = np.isfinite(found.P[:, 0]) if count else np.zeros(0, bool)
    seen = _union(start, stop)
    scored = _union(start[good], stop[good])
    rows = []
    for path, header, first in found.stream.pieces:
        scale = rate / header.sample_rate
        begin, end = first * scale, (first + header.n_samples) * scale
        duration = header.n_samples / header.sample_rate
        in_scored, in_seen = (_inside(u, begin, end) / rate for u in (scored, seen))
        short = duration if not len(found.first) and not found.problem else 0.0
        lost = duration - in_seen if found.problem and duration - in_seen > 1e-6 else 0.0
        problem = found.problem if lost else ("shorter than a window" if short else "")
        rows.append(
            {
                "path": str(path),
                "recording_id": header.recording_id,
                "duration_s": duration,
                "scored_s": in_scored,
                "gap_s": in_seen - in_scored,
                "short_s": short,
                "unreadable_s": lost,
                "problem": problem,
            }
        )
    return conform(pd.DataFrame(rows), COVERAGE, "coverage")


def unaccounted(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of table COVERAGE whose kinds do not add up to the file, to a millisecond."""
    kinds = table[["scored_s", "gap_s", "short_s", "unreadable_s"]].sum(axis=1)
    return table[(kinds - table["duration_s"]).abs() > 1e-3]


def _union(start: NDArray[np.float64], stop: NDArray[np.float64]) -> NDArray[np.float64]:
    """Disjoint intervals (k, 2) that cover the same samples; starts are in order."""
    if not len(start):
        return np.zeros((0, 2))
    reach = np.maximum.accumulate(stop)
    fresh = np.concatenate(([True], start[1:] > reach[:-1]))
    ends = np.append(reach[np.flatnonzero(fresh)[1:] - 1], reach[-1])
    return np.stack([start[fresh], ends], axis=1)


def _inside(intervals: NDArray[np.float64], begin: float, end: float) -> float:
    a, b = np.maximum(intervals[:, 0], begin), np.minimum(intervals[:, 1], end)
    return float(np.maximum(b - a, 0.0).sum())


def events(
    scans: Sequence[Scan],
    front_end: FrontEnd,
    classes: Mapping[str, int],
    thresholds: Mapping[str, float],
    how: Joining,
    bands: Mapping[str, tuple[float, float]],
) -> pd.DataFrame:
    """The events of streams, each with the file in which it begins: table DETECTED.

    Two columns are added: `scan`, and `piece` of its stream.

    An event across a file boundary is one event, of the first of the two files.

    Parameters
    ----------
    classes : name to column of the scores.
    bands : Hz, of each class; one that is not there gets the band of the front end.
    """
    grid, rate = front_end.grid, front_end.clean.sample_rate_hz
    hertz = front_end.frequencies_hz
    whole = float(hertz[0]), float(hertz[-1])
    rows: list[dict[str, Any]] = []
    for order, found in enumerate(scans):
        count = len(found.P)
        if not count:
            continue
        start, length = found.first[:count], grid.window_samples
        begins = np.array([p.first / p.header.sample_rate for p in found.stream.pieces])
        for event in joining.events(
            found.P, start, length, found.length, rate, classes, thresholds, how
        ):
            number = int(np.searchsorted(begins, event["onset_s"], side="right")) - 1
            low, high = bands.get(event["label"], whole)
            rows.append(
                event
                | {
                    "recording_id": found.stream.pieces[number].header.recording_id,
                    "scan": order,
                    "piece": number,
                    "onset_s": event["onset_s"] - begins[number],
                    "offset_s": event["offset_s"] - begins[number],
                    "low_hz": low,
                    "high_hz": high,
                }
            )
    table = pd.DataFrame(rows, columns=[*DETECTED, "scan", "piece"])
    return conform(table, DETECTED | {"scan": "int64", "piece": "int64"}, "events")
