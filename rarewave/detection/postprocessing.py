"""Scores of windows to events: smoothed, joined by two thresholds, each class for itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.intervals import gaps_of
from rarewave.base.parameters import Between, Seconds

# Cells looked at together: bounds the memory, not the result.
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Joining:
    """How windows become events.

    Where windows overlap, `combine` says what a moment's score is: their `mean`, their largest
    (`max`), or that of the window whose `centre` is nearest, for windows that were centred on
    whole calls in training.
    `smooth_s` is the length of a running median, 0: none. An event begins and ends where the
    score reaches `off_ratio` times the threshold, and reaches the threshold itself somewhere
    between (hysteresis). Events nearer than `gap_s` are one; events shorter than `min_s` are
    dropped.
    """

    combine: Literal["mean", "max", "centre"]
    smooth_s: Seconds
    off_ratio: Annotated[float, Between(0.01, 1)]
    gap_s: Seconds
    min_s: Seconds


class Cells(NamedTuple):
    """A recording cut into pieces that the same windows cover."""

    edges: NDArray[np.int64]  # (cells + 1,) in samples
    first: NDArray[np.int64]  # (cells,) the first window that covers each
    last: NDArray[np.int64]  # (cells,) the first after that which does not


def cells(start: NDArray[np.int64], length: int, n_samples: int, combine: str) -> Cells:
    """The recording cut wherever a window begins or ends, or half-way between centres.

    Parameters
    ----------
    start : (windows,) first samples, rising.
    length : samples of a window.
    """
    ends = np.minimum(start + length, n_samples)
    if combine == "centre":
        middle = (start[1:] + start[:-1] + length) // 2
        index = np.arange(len(start))
        return Cells(np.concatenate(([start[0]], middle, ends[-1:])), index, index + 1)
    edges = np.union1d(start, ends)
    middle = edges[:-1]
    first = np.searchsorted(ends, middle, side="right")
    last = np.searchsorted(start, middle, side="right")
    return Cells(edges, first, last)


def cell_scores(
    p: NDArray[np.floating], first: NDArray[np.int64], last: NDArray[np.int64], combine: str
) -> NDArray[np.float64]:
    """Mean or largest score (cells,) of the windows [first, last) over each cell, NaN left out.

    NaN where no window of a cell is scored.
    """
    base = int(first[0])
    values = np.asarray(p[base : int(last[-1])], np.float64)
    total, count = np.zeros(len(first)), np.zeros(len(first))
    most = np.full(len(first), -np.inf)
    for shift in range(int((last - first).max(initial=0))):
        at = first + shift
        inside = at < last
        found = np.where(inside, values[np.minimum(at, last - 1) - base], np.nan)
        known = np.isfinite(found)
        total[known] += found[known]
        count += known
        most = np.where(known, np.maximum(most, found), most)
    if combine == "max":
        return np.where(count > 0, most, np.nan)
    return np.divide(total, count, out=np.full(len(first), np.nan), where=count > 0)


def running_median(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Median over `width` (odd) cells, of known ones only; a cell without a score keeps none."""
    if width <= 1:
        return values
    half = width // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    view = np.lib.stride_tricks.sliding_window_view(padded, width)
    result = np.full(len(values), np.nan)
    known = np.isfinite(values)
    result[known] = np.nanmedian(view[known], axis=1)
    return result


class Levels(NamedTuple):
    """The score of every moment of a recording."""

    p: NDArray[np.floating]  # (windows,) scores
    cut: Cells
    score: NDArray[np.float64]  # (cells,) combined and smoothed


def levels(p: NDArray[np.floating], cut: Cells, rate: float, joining: Joining) -> Levels:
    """The score of every moment at once, for many thresholds, from scores (windows,)."""
    score = cell_scores(p, cut.first, cut.last, joining.combine)
    return Levels(p, cut, running_median(score, _width(cut.edges, rate, joining)))


def spans_of(
    given: Levels, rate: float, threshold: float, joining: Joining
) -> list[dict[str, Any]]:
    """What `spans` gives, from scores that are known."""
    runs = _above(given.score, 0, threshold, joining, [])
    return _rows(given.p, given.cut, runs, rate, joining)


def spans(
    p: NDArray[np.floating],
    start: NDArray[np.int64],
    length: int,
    n_samples: int,
    rate: float,
    threshold: float,
    joining: Joining,
) -> list[dict[str, Any]]:
    """Events of one class in one recording.

    Parameters
    ----------
    p : (windows,) scores, NaN where a window was not scored; may be a memory map.
    start : (windows,) first samples of the windows.
    length, n_samples : samples of a window and of the recording.
    rate : in Hz.

    Returns
    -------
    onset_s, offset_s, peak and mean (of the scores of the windows in the event) and windows; of
    these `first` and the one `after` the last.
    """
    cut = cells(start, length, n_samples, joining.combine)
    runs = _runs(p, cut, _width(cut.edges, rate, joining), threshold, joining)
    return _rows(p, cut, runs, rate, joining)


def _width(edges: NDArray[np.int64], rate: float, joining: Joining) -> int:
    """Cells of the running median."""
    cell = (edges[-1] - edges[0]) / (len(edges) - 1)
    half = min(round(joining.smooth_s * rate / cell) // 2, len(edges))
    return int(2 * half + 1)


def _rows(
    p: NDArray[np.floating],
    cut: Cells,
    runs: list[list[Any]],
    rate: float,
    joining: Joining,
) -> list[dict[str, Any]]:
    """The events of runs; see `spans`."""
    (edges, first, last), rows = cut, []
    for onset, offset in _joined(runs, edges, joining.gap_s * rate):
        if offset - onset < joining.min_s * rate:
            continue
        begin, end = np.searchsorted(edges, [onset, offset])
        inside = slice(int(first[begin]), int(last[end - 1]))
        scores = np.asarray(p[inside], np.float64)
        scores = scores[np.isfinite(scores)]
        rows.append(
            {
                "onset_s": onset / rate,
                "offset_s": offset / rate,
                "peak": float(scores.max()),
                "mean": float(scores.mean()),
                "windows": len(scores),
                "first": inside.start,
                "after": inside.stop,
            }
        )
    return rows


def _runs(
    p: NDArray[np.floating], cut: Cells, width: int, threshold: float, joining: Joining
) -> list[list[Any]]:
    """Runs of cells above the lower threshold: first, one after the last, whether any is high.

    `width` is that of the running median, in cells.
    """
    runs: list[list[Any]] = []
    _, first, last = cut
    for begin in range(0, len(first), _BLOCK):
        end = min(begin + _BLOCK, len(first))
        a, b = max(0, begin - width), min(len(first), end + width)
        score = cell_scores(p, first[a:b], last[a:b], joining.combine)
        score = running_median(score, width)[begin - a : end - a]
        runs = _above(score, begin, threshold, joining, runs)
    return runs


def _above(
    score: NDArray[np.float64],
    begin: int,
    threshold: float,
    joining: Joining,
    runs: list[list[Any]],
) -> list[list[Any]]:
    """The runs so far, and those of a stretch of cells from `begin`."""
    high = score >= threshold
    low = score >= threshold * joining.off_ratio
    for i, j in gaps_of(low, begin):
        run = [i, j, bool(high[i - begin : j - begin].any())]
        if runs and runs[-1][1] == run[0]:
            runs[-1] = [runs[-1][0], run[1], runs[-1][2] or run[2]]
        else:
            runs.append(run)
    return runs


def _joined(runs: list[list[Any]], edges: NDArray[np.int64], gap: float) -> list[list[int]]:
    """Onset and offset in samples of runs that reach the threshold; those nearer than `gap` one."""
    joined: list[list[int]] = []
    for i, j, reached in runs:
        if not reached:
            continue
        onset, offset = int(edges[i]), int(edges[j])
        if joined and onset - joined[-1][1] < gap and gap:
            joined[-1][1] = offset
        else:
            joined.append([onset, offset])
    return joined


def events(
    P: NDArray[np.floating],
    start: NDArray[np.int64],
    length: int,
    n_samples: int,
    rate: float,
    classes: Mapping[str, int],
    thresholds: Mapping[str, float],
    joining: Joining,
) -> list[dict[str, Any]]:
    """Events of all classes in one recording, in order of time; overlapping classes stay apart.

    Parameters
    ----------
    P : (windows, outputs) scores.
    classes : name to column of `P`.

    Raises
    ------
    DataError
        A class has no threshold.
    """
    found = []
    for name, column in classes.items():
        if name not in thresholds:
            raise DataError(f"the model has no threshold for {name}: run the stage threshold")
        at = thresholds[name]
        rows = spans(P[:, column], start, length, n_samples, rate, at, joining)
        found += [row | {"label": name} for row in rows]
    return sorted(found, key=lambda row: (row["onset_s"], row["offset_s"], row["label"]))
