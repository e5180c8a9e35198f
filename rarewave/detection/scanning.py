"""Events in whole recordings: scan, join, account for every second."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base import intervals
from rarewave.base.errors import DataError
from rarewave.base.parallel import ahead
from rarewave.detection import checksums
from rarewave.detection.clean_stream import CleanStream
from rarewave.frontend import cleaning, transform
from rarewave.frontend.grid import starts
from rarewave.frontend.transform import FrontEnd, Segments
from rarewave.recordings import reading
from rarewave.recordings.streams import Stream


class Scorer(NamedTuple):
    """What gives scores to spectrograms: a network, or a baseline.

    With `segments` it scores those of a long spectrogram (1, frequencies, frames, channels) in
    one pass, and the windows of `front_end` are the segments.
    """

    front_end: FrontEnd
    names: Sequence[str]  # of the columns of scores
    score: Callable[[NDArray[np.float32]], NDArray[np.float64]]  # (n, names)
    segments: Segments | None = None


class Scan(NamedTuple):
    """The scores of a stream."""

    stream: Stream
    first: NDArray[np.int64]  # (windows,) first cleaned samples
    scores: Callable[[], NDArray[np.float32]]  # opens the file of scores, see `P`
    length: int  # cleaned samples of the stream
    problem: str  # why the scan ended early, else empty
    gaps: NDArray[np.int64]  # (k, 2) runs of samples of the stream that were not recorded
    silent: NDArray[np.int64] = np.zeros((0, 2), np.int64)  # and those left out as silence

    @property
    def P(self) -> NDArray[np.float32]:  # noqa: N802
        """Scores (windows, names), a memory map; NaN where too little of a window was recorded.

        Mapped anew each time, as a map holds a file open and there may be thousands of scans.
        """
        return self.scores()


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
    them, as far as its checksum holds (`.sums`). What was not recorded stands beside it (`.gaps`,
    pairs of int64; the second negative where it is silence that was left out). Reading and
    cleaning go ahead of the network in another thread. Memory does not grow with the recordings,
    and the result depends on nothing but scorer and recording.

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
        rows, X, margin, recorded, lost = made
        p = scorer.score(X)[margin : margin + len(rows)]
        p[~recorded] = np.nan
        # Gaps first: those behind the scores are cut off where the work goes on.
        checksums.write(_beside(work[number][1]), lost.tobytes())
        checksums.append(work[number][1], p.astype(np.float32).tobytes())
        first = plans[number][0].first
        before = _reached(first, int(rows[0]), grid.window_samples, rate)
        progress(_reached(first, int(rows[-1]) + 1, grid.window_samples, rate) - before)
    return [
        scan._replace(
            scores=partial(_scores, path, width),
            problem=problem,
            gaps=_runs(path, silent=False),
            silent=_runs(path, silent=True),
        )
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
        A file is not there, is of other recordings, or was changed.
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
        if checksums.intact(path) != 4 * P.size or not _probabilities(P):
            raise DataError(f"{path} holds what are no scores: run the stage scan")
        if len(P) and not _beside(path).exists():
            raise DataError(f"{_beside(path)} does not exist: run the stage scan")
        scores = partial(_scores, path, width)
        runs = (_runs(path, silent) for silent in (False, True))
        found.append(Scan(stream, first, scores, length, problem, *runs))
    return found


def _planned(scorer: Scorer, stream: Stream, scores: Path) -> tuple[Scan, int]:
    """The windows of a stream, and how many of them the file holds already; it is cut there."""
    width, front_end = len(scorer.names), scorer.front_end
    opened, nothing = partial(_scores, scores, width), np.zeros((0, 2), np.int64)
    try:
        length = cleaning.plan(stream.n_samples, stream.sample_rate, front_end.clean).length
    except DataError as error:
        piece = stream.pieces[0]
        why = error.of_recording if isinstance(error, cleaning.RateError) else error
        problem = f"{reading.said(piece.path, piece.header.channel)}: {why}"
        return Scan(stream, np.zeros(0, np.int64), opened, 0, problem, nothing), 0
    first = starts(length, front_end.grid)
    done = checksums.intact(scores) // (4 * width) // transform.CHUNK * transform.CHUNK
    if not _beside(scores).exists() or not _probabilities(opened()[:done]):
        done = 0  # from the start: what is there was not written by a scan
    scale = cleaning.raw_per_cleaned(stream.sample_rate, front_end.clean)
    reached = round(_ends(first, done, front_end.grid.window_samples) * scale)
    known = int((_pairs(scores)[:, 0] < reached).sum())
    scores.parent.mkdir(parents=True, exist_ok=True)
    with open(_beside(scores), "ab") as out:
        out.truncate(known * 16)
    checksums.cut(scores, done * width * 4)
    return Scan(stream, first, opened, length, "", nothing), done


# Windows, spectrograms, scores in front of theirs, which windows were recorded, and gaps that no
# window before them covers.
Prepared = tuple[NDArray[np.int64], NDArray[np.float32], int, NDArray[np.bool_], NDArray[np.int64]]


def _prepared(
    scorer: Scorer, plans: Sequence[tuple[Scan, int]]
) -> Iterator[tuple[int, Prepared | str]]:
    """Windows still to score, their spectrograms and which were recorded; or what went wrong."""
    front_end = scorer.front_end
    length = front_end.grid.window_samples
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
                missing = cleaned.missing(first[some], length)
                return missing <= front_end.grid.max_gap

            def wanted(some: slice, done: int = done) -> NDArray[np.bool_]:
                return np.arange(some.start, some.stop) >= done

            given = cleaned.read, cleaned.length, first, wanted
            for rows, X, before in _spectrograms(scorer, *given, recorded):
                begin, end = (_ends(first, int(n), length) for n in (rows[0], rows[-1] + 1))
                lost, silent = cleaned.lost(begin, end), cleaned.silent(begin, end)
                runs = np.concatenate([lost, silent * [1, -1]])
                runs = runs[np.argsort(runs[:, 0], kind="stable")]
                yield number, (rows, X, before, recorded(rows), runs)
        except (DataError, OSError, MemoryError) as error:
            # What cannot be read costs itself.
            yield number, str(error) or type(error).__name__


def _spectrograms(
    scorer: Scorer,
    read: transform.Read,
    n_samples: int,
    first: NDArray[np.int64],
    wanted: Callable[[slice], NDArray[np.bool_]],
    recorded: Callable[[slice], NDArray[np.bool_]],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], int]]:
    """Windows with a spectrogram each, or segments with one for all, and how many are in front."""
    if scorer.segments is None:
        for rows, X in transform.spectra(
            scorer.front_end, read, n_samples, first, wanted, recorded
        ):
            yield rows, X, 0
        return
    yield from transform.stretches(
        scorer.front_end, scorer.segments, read, n_samples, first, wanted
    )


def _scores(path: Path, width: int) -> NDArray[np.float32]:
    rows = path.stat().st_size // (4 * width) if path.exists() else 0
    if not rows:
        return np.zeros((0, width), np.float32)
    return np.memmap(path, np.float32, "r", shape=(rows, width))


def _probabilities(P: NDArray[np.float32]) -> bool:
    """Whether all scores are from 0 to 1, or NaN where nothing was recorded."""
    return all(
        bool((((some >= 0) & (some <= 1)) | np.isnan(some)).all())
        for some in np.array_split(P, max(1, len(P) >> 16))
    )


def _beside(scores: Path) -> Path:
    return scores.with_suffix(".gaps")


def _pairs(scores: Path) -> NDArray[np.int64]:
    """Runs (k, 2) that a file beside scores holds, cut where chunks were; none without a file."""
    content = _beside(scores).read_bytes() if _beside(scores).exists() else b""
    return np.frombuffer(content[: len(content) // 16 * 16], np.int64).reshape(-1, 2)


def _runs(scores: Path, silent: bool) -> NDArray[np.int64]:
    """Runs (k, 2) of samples that were not recorded, or that are silence."""
    pairs = _pairs(scores)
    return intervals.union(np.abs(pairs[(pairs[:, 1] < 0) == silent]))


def _ends(first: NDArray[np.int64], count: int, length: int) -> int:
    """The sample at which the first `count` windows end."""
    return int(first[count - 1]) + length if count else 0


def _reached(first: NDArray[np.int64], count: int, length: int, rate: float) -> float:
    """Seconds covered by the first `count` windows."""
    return _ends(first, count, length) / rate
