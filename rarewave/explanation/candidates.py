"""Which windows of a recording an explanation is about."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.detection import event_list, scanning
from rarewave.detection.scanning import Scan, Scorer
from rarewave.frontend import cleaning
from rarewave.model import beside
from rarewave.model.detector import Detector
from rarewave.model.package import Package, Source
from rarewave.recordings import reading, sound
from rarewave.recordings.streams import Piece, Stream

REACH = 10  # windows on either side of the explained one that a measured event may fill


class Chosen(NamedTuple):
    """A window to explain, and for which class."""

    scan: int
    window: int
    label: str
    reached: bool  # whether its score reaches the threshold
    threshold: float
    event: Mapping[str, Any] | None  # of this class that `detect` lists there


def scanned(package: Package, path: Path, source: Source) -> tuple[Package, list[Scan], str]:
    """The scores of all windows of a file, a scan for each channel of it, and what was unreadable.

    The package is that given, but for a file that is shorter than a window, and whose segments the
    network scores all the same: then its windows are as long as the file.

    Raises
    ------
    DataError
        There is nothing to score: why.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder: name one recording")
    if not path.exists():
        raise DataError(f"{path} does not exist")
    pattern = source.start_pattern
    if pattern and not (sound.is_sound(path) and sound.has_time(path, pattern)):
        pattern = None
    headers, _, problem = reading.readable(
        path, source.channel, pattern, source.time_zone, source.channels
    )
    known = package.responses
    streams = [Stream((Piece(path, header, 0),), known) for header in headers if header.n_samples]
    if not streams:
        raise DataError(problem or f"{path} holds no sample")
    inner = _fitting(package.detector, streams)
    scorer = Scorer(inner.front_end, inner.task.names, inner.score)
    with tempfile.TemporaryDirectory() as folder:
        work = [(stream, Path(folder) / f"{n}.f32") for n, stream in enumerate(streams)]
        scans = [_kept(scan) for scan in scanning.scans(scorer, work)]
    problem = problem or next((s.problem for s in scans if s.problem), "")
    if not any(len(s.P) for s in scans):
        rate, grid = inner.front_end.clean.sample_rate_hz, inner.scans.grid
        longest = max(s.stream.n_samples / s.stream.sample_rate for s in scans)
        raise DataError(
            _of(path, problem)
            or f"{path} is shorter than a window: {longest:.3g} s, and a window has "
            f"{grid.window_samples / rate:.3g} s"
        )
    if not any(np.isfinite(s.P).any() for s in scans):
        share = inner.front_end.grid.max_gap
        raise DataError(f"{path}: of every window more than {share:.0%} of the samples are missing")
    return package._replace(detector=inner), scans, problem


def _fitting(inner: Detector, streams: Sequence[Stream]) -> Detector:
    """A detector whose windows are as long as recordings that are shorter, but hold a segment."""
    front_end = inner.front_end
    if inner.segments is None or front_end.grid.pad_short:
        return inner
    try:
        lengths = [cleaning.plan(s.n_samples, s.sample_rate, front_end.clean) for s in streams]
    except DataError:  # the scan says so
        return inner
    longest = max(plan.length for plan in lengths)
    if not inner.scans.grid.window_samples <= longest < front_end.grid.window_samples:
        return inner
    grid = replace(front_end.grid, window_samples=longest, hop_samples=longest)
    return replace(inner, front_end=replace(front_end, grid=grid))


def _kept(scan: Scan) -> Scan:
    """With its scores in memory: the file goes."""
    P = np.array(scan.P)
    return scan._replace(scores=lambda: P)


def _of(path: Path, problem: str) -> str:
    return f"{path}: {problem}" if problem and str(path) not in problem else problem


def candidates(
    inner: Detector, scans: Sequence[Scan], at: float | None, path: Path
) -> list[NDArray[np.int64]]:
    """The windows of each scan that may be explained: all scored ones, or the one around `at`.

    Raises
    ------
    DataError
        `at` lies outside of the recording, or in a gap.
    """
    scored = [np.flatnonzero(np.isfinite(scan.P[:, 0])) for scan in scans]
    if at is None:
        return scored
    rate, grid = inner.front_end.clean.sample_rate_hz, inner.front_end.grid
    longest = max(s.stream.n_samples / s.stream.sample_rate for s in scans)
    if not 0 <= at < longest:
        raise DataError(f"--at {at:g} lies outside of {path}, which has {longest:.6g} s")
    found = []
    for scan, good in zip(scans, scored, strict=True):
        centre = scan.first[: len(scan.P)] + grid.window_samples / 2
        over = np.flatnonzero(np.abs(centre - at * rate) <= grid.window_samples / 2 + 1)
        nearest = over[np.argsort(np.abs(centre[over] - at * rate), kind="stable")[:1]]
        found.append(np.intersect1d(nearest, good))
    if not any(len(rows) for rows in found):
        problem = next((scan.problem for scan in scans if scan.problem), "")
        raise DataError(
            f"--at {at:g}: the window there is a gap or could not be read"
            + (f" ({problem})" if problem else "")
        )
    return found


def choose(
    package: Package, scans: Sequence[Scan], allowed: Sequence[NDArray[np.int64]], top: int
) -> list[Chosen]:
    """The windows to explain, class by class, the highest score first."""
    inner, thresholds = package.detector, thresholds_of(package)
    grid, rate = inner.front_end.grid, inner.front_end.clean.sample_rate_hz
    classes = {name: inner.task.names.index(name) for name in inner.task.events}
    events = _listed(package, scans, classes)

    def made(scan: int, row: int, label: str, reached: bool) -> Chosen:
        mine = events[(events["scan"] == scan) & (events["label"] == label)]
        begin = scans[scan].first[row] / rate
        event = _over(mine, begin, grid.window_samples / rate)
        return Chosen(scan, row, label, reached, thresholds[label], event)

    def scores(scan: int, k: int) -> NDArray[np.float64]:
        return scans[scan].P[allowed[scan], k].astype(np.float64)

    found = []
    for label, k in classes.items():
        over = [
            (-p, n, int(row))
            for n, rows in enumerate(allowed)
            for p, row in zip(scores(n, k), rows, strict=True)
            if p >= thresholds[label]
        ]
        taken: list[tuple[int, float, float]] = []
        for _, n, row in sorted(over):
            if len(taken) == top:
                break
            chosen = made(n, row, label, True)
            begin, end = reaches(chosen, scans[n], grid.window_samples, rate)
            if not any(n == m and begin < b and a < end for m, a, b in taken):
                taken.append((n, begin, end))
                found.append(chosen)
    if found:
        return found
    _, label, n, row = max(
        (
            (float(p.max()), label, n, int(allowed[n][np.argmax(p)]))
            for label, k in classes.items()
            for n in range(len(scans))
            if len(p := scores(n, k))
        ),
        key=lambda best: best[0],
    )
    return [made(n, row, label, False)]


def thresholds_of(package: Package) -> Mapping[str, float]:
    """Those that windows reach or not: of a network of segments not those of `detect`'s scores."""
    return package.thresholds if package.detector.segments is None else package.of_windows


def _listed(package: Package, scans: Sequence[Scan], classes: Mapping[str, int]) -> pd.DataFrame:
    """The events that `detect` makes of some recordings, from segments where it scores those."""
    inner = package.detector
    given = package.thresholds, package.joining, package.bands
    if inner.segments is None:
        return event_list.events(scans, inner.front_end, classes, *given)
    with tempfile.TemporaryDirectory() as folder:
        work = [(scan.stream, Path(folder) / f"{n}.f32") for n, scan in enumerate(scans)]
        found = scanning.scans(beside.scorer_alone(inner), work)
        return event_list.events(found, inner.scans, classes, *given)


def _over(events: pd.DataFrame, begin: float, seconds: float) -> Mapping[str, Any] | None:
    """The event that shares most of a window, the earliest of several; None where none does."""
    until = events["offset_s"].clip(upper=begin + seconds)
    shared = (until - events["onset_s"].clip(lower=begin)).to_numpy(float)
    return events.iloc[int(shared.argmax())].to_dict() if (shared > 0).any() else None


def reaches(chosen: Chosen, scan: Scan, length: int, rate: float) -> tuple[float, float]:
    """Seconds from which to which the window or its event reaches, at most `REACH` windows off."""
    begin = scan.first[chosen.window] / rate
    end, far = begin + length / rate, REACH * length / rate
    if chosen.event is None:
        return begin, end
    onset, offset = chosen.event["onset_s"], chosen.event["offset_s"]
    return max(min(begin, onset), begin - far), min(max(end, offset), end + far)
