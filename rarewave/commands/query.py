"""What is looked for: windows of one recording, as a network sees them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.commands import each_file
from rarewave.commands.each_file import Recording, Wishes
from rarewave.detection import scanning
from rarewave.detection.clean_stream import CleanStream
from rarewave.detection.scanning import Scorer
from rarewave.frontend import cleaning, transform
from rarewave.frontend.grid import starts
from rarewave.frontend.transform import FrontEnd
from rarewave.model.package import Package
from rarewave.recordings.streams import Stream

_ABOUT = 1.25  # windows: up to there a query is one window, around its middle


class Query(NamedTuple):
    """The windows of a query."""

    path: Path
    features: NDArray[np.float32]  # (m, hidden)
    begin_s: NDArray[np.float64]  # (m,) from the start of the file
    end_s: NDArray[np.float64]
    channel: NDArray[np.str_]  # (m,)


def query(
    package: Package,
    scorer: Scorer,
    path: Path,
    span: tuple[float, float] | None,
    wishes: Wishes,
    folder: Path,
) -> Query:
    """The windows of a recording, or of a span of it.

    A span of about a window is the window around its middle, a longer one all windows that lie
    in it. Of a network of segments, whose windows lie on a grid, those whose middle is in the
    span, else the one nearest to it.

    Parameters
    ----------
    span : from and to, s from the start of the file; None: all of it.
    folder : for scores on the way.

    Raises
    ------
    DataError
        No such recording, the span lies outside of it, or nothing was recorded there.
    """
    if path.is_dir():
        raise DataError(f"the query {path} is a folder: name one recording")
    found = each_file.recordings(package, [path], wishes)
    made = []
    for number, one in enumerate(found):
        if one.stream is None or one.header is None:
            raise DataError(f"the query cannot be read: {one.problem}")
        _refuse_span(one, span)
        by_window = package.detector.segments is None and not scorer.front_end.spectrogram.floor_s
        try:
            if by_window:
                begin_s, end_s, features = _windows(scorer, one.stream, span)
            else:
                scores = folder / f"{number}.f32"
                begin_s, end_s, features = _of_grid(scorer, one.stream, span, scores)
        except cleaning.RateError as error:
            raise DataError(f"the query {path}: {error.of_recording}") from None
        names = np.full(len(begin_s), one.header.channel)
        made.append((features, begin_s, end_s, names))
    features, begin_s, end_s, names = (np.concatenate(c) for c in zip(*made, strict=True))
    if not len(features):
        raise DataError(
            f"the query {path} has no window: it is shorter than one, or more than "
            f"{scorer.front_end.grid.max_gap:.0%} of it was not recorded"
        )
    return Query(path, features.astype(np.float32), begin_s, end_s, names)


def _refuse_span(one: Recording, span: tuple[float, float] | None) -> None:
    """Raise `DataError` where a span is none, or not of a recording."""
    if span is None or one.stream is None:
        return
    seconds = one.stream.n_samples / one.stream.sample_rate
    if not 0 <= span[0] < span[1]:
        raise DataError(f"--from {span[0]:g} --to {span[1]:g} is no span: from 0, and to after it")
    if span[1] > seconds + 1e-3:
        raise DataError(f"--to {span[1]:g} lies outside of {one.path}, which has {seconds:.6g} s")


Windows = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _windows(scorer: Scorer, stream: Stream, span: tuple[float, float] | None) -> Windows:
    """Begin and end (m,) s, and features (m, hidden), of windows that lie as the query does."""
    front_end = scorer.front_end
    cleaned = CleanStream(stream, front_end.clean, transform.reach(front_end))
    first = _first(front_end, cleaned.length, span)
    if not len(first):
        return np.zeros(0), np.zeros(0), np.zeros((0, len(scorer.names)))
    good = cleaned.missing(first, front_end.grid.window_samples) <= front_end.grid.max_gap
    rows = transform.spectra(
        front_end,
        CleanStream(stream, front_end.clean, transform.reach(front_end)).read,
        cleaned.length,
        first,
        lambda some: good[some],
        lambda some: good[some],
    )
    features = [scorer.score(X) for _, X in rows]
    scale = cleaning.raw_per_cleaned(stream.sample_rate, front_end.clean)
    begin = np.asarray(first[good] * scale / stream.sample_rate, np.float64)
    end = begin + front_end.grid.window_samples * scale / stream.sample_rate
    last = stream.n_samples / stream.sample_rate
    width = len(scorer.names)
    return begin, end.clip(max=last), np.concatenate([np.zeros((0, width)), *features])


def _first(
    front_end: FrontEnd, n_samples: int, span: tuple[float, float] | None
) -> NDArray[np.int64]:
    """The first cleaned samples of the windows of a query."""
    rate, length = front_end.clean.sample_rate_hz, front_end.grid.window_samples
    begin, end = (0, n_samples) if span is None else (round(s * rate) for s in span)
    if n_samples < length:
        return starts(n_samples, front_end.grid)
    end = min(end, n_samples)
    if end - begin <= _ABOUT * length:
        middle = (begin + end) // 2 - length // 2
        return np.array([min(max(0, middle), n_samples - length)], np.int64)
    return begin + starts(end - begin, front_end.grid)


def _of_grid(
    scorer: Scorer, stream: Stream, span: tuple[float, float] | None, scores: Path
) -> Windows:
    """As `_windows`, of the windows or segments that a scan has."""
    scan = scanning.scan(scorer, stream, scores)
    if scan.problem:
        raise DataError(f"the query cannot be read: {scan.problem}")
    P = np.array(scan.P, np.float64)
    begin, end = each_file.spans(scan, scorer.front_end, scan.first[: len(P)])
    good = np.flatnonzero(np.isfinite(P[:, 0]))
    if span is not None and len(good):
        middle = (begin[good] + end[good]) / 2
        inside = (middle >= span[0]) & (middle <= span[1])
        nearest = np.argsort(np.abs(middle - sum(span) / 2), kind="stable")[:1]
        good = good[inside] if inside.any() else good[nearest]
    return begin[good], end[good], P[good]
