"""Scores to events: against a slow reference that looks at every sample."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.properties import examples

from rarewave.base.errors import DataError
from rarewave.detection import postprocessing
from rarewave.detection.postprocessing import Joining
from rarewave.frontend.grid import Grid, starts

PLAIN = Joining("mean", smooth_s=0.0, off_ratio=1.0, gap_s=0.0, min_s=0.0)
Combine = Literal["mean", "max", "centre"]
WAYS: list[Combine] = ["mean", "max", "centre"]
COMBINE = st.sampled_from(WAYS)
NAN = math.nan
COLUMNS = ["onset_s", "offset_s", "peak", "mean", "windows"]


def join(*given: object) -> pd.DataFrame:
    """The spans of one class as a table."""
    return pd.DataFrame(postprocessing.spans(*given), columns=COLUMNS)  # type: ignore[arg-type]


@st.composite
def grids(draw: st.DrawFn, most: int = 12) -> tuple[np.ndarray, int, int]:
    """Starts, window length and length of a short recording on a grid."""
    length = draw(st.integers(16, 24))
    hop = draw(st.integers(1, length))
    n = length + draw(st.integers(0, most * hop))
    return starts(n, Grid(length, hop, 0, 0.1, False)), length, n


def scores(count: int) -> st.SearchStrategy[list[float]]:
    """Eighths, whose sums are exact, and NaN."""
    one = st.one_of(st.integers(0, 8).map(lambda k: k / 8), st.just(NAN))
    return st.lists(one, min_size=count, max_size=count)


def at_sample(p: np.ndarray, start: np.ndarray, length: int, t: int, combine: str) -> float:
    """The score of one sample, in the plainest way."""
    if combine == "centre":
        far = np.abs(t + 0.5 - (start + length / 2))
        return float(p[np.flatnonzero(far == far.min())[-1]])
    values = [v for v, s in zip(p, start, strict=True) if s <= t < s + length and v == v]
    if not values:
        return NAN
    return max(values) if combine == "max" else sum(values) / len(values)


def slow(
    score: list[float], p: np.ndarray, start: np.ndarray, length: int, threshold: float,
    rate: float, how: Joining,
) -> list[tuple[float, ...]]:  # fmt: skip
    """Events from the score of every sample, by their definition."""
    runs: list[list[int]] = []
    for t, value in enumerate(score):
        if value >= threshold * how.off_ratio:
            if runs and runs[-1][1] == t:
                runs[-1][1] = t + 1
            else:
                runs.append([t, t + 1])
    runs = [run for run in runs if max(score[run[0] : run[1]]) >= threshold]
    merged: list[list[int]] = []
    for a, b in runs:
        if merged and (a - merged[-1][1]) / rate < how.gap_s:
            merged[-1][1] = b
        else:
            merged.append([a, b])
    found: list[tuple[float, ...]] = []
    for a, b in merged:
        if (b - a) / rate < how.min_s:
            continue
        if how.combine == "centre":
            mine = {
                int(np.flatnonzero(far == far.min())[-1])
                for t in range(a, b)
                if len(far := np.abs(t + 0.5 - (start + length / 2)))
            }
        else:
            mine = {k for k, s in enumerate(start) if s < b and s + length > a}
        inside = [p[k] for k in sorted(mine) if p[k] == p[k]]
        found.append((a / rate, b / rate, max(inside), sum(inside) / len(inside), len(inside)))
    return found


@given(grids(), COMBINE, st.data())
def test_every_sample_lies_in_one_cell_with_its_windows(
    grid: tuple[np.ndarray, int, int], combine: str, data: st.DataObject
) -> None:
    """Cells are disjoint, cover the recording, and score each sample as its definition says."""
    start, length, n = grid
    p = np.array(data.draw(scores(len(start))))
    edges, first, last = postprocessing.cells(start, length, n, combine)
    assert edges[0] == 0 and edges[-1] == n and (np.diff(edges) > 0).all()
    assert len(first) == len(last) == len(edges) - 1
    found = postprocessing.cell_scores(p, first, last, combine)
    per_sample = np.repeat(found, np.diff(edges))
    wanted = [at_sample(p, start, length, t, combine) for t in range(n)]
    np.testing.assert_array_equal(per_sample, wanted)


def test_a_padded_recording_is_one_cell() -> None:
    """A window longer than the recording ends with it."""
    for combine in WAYS:
        edges, first, last = postprocessing.cells(np.zeros(1, np.int64), 100, 60, combine)
        assert (edges.tolist(), first.tolist(), last.tolist()) == ([0, 60], [0], [1])


@given(scores(40), st.integers(0, 8).map(lambda k: 2 * k + 1))
def test_the_running_median_is_that_of_pandas(values: list[float], width: int) -> None:
    """Of the known ones around; an unknown cell stays unknown."""
    series = pd.Series(values, dtype=float)
    wanted = series.rolling(width, center=True, min_periods=1).median().where(series.notna())
    found = postprocessing.running_median(np.array(values), width)
    np.testing.assert_array_equal(found, wanted.to_numpy())


@given(
    grids(),
    COMBINE,
    st.sampled_from([0.3, 0.5, 0.9]),
    st.sampled_from([0.3, 0.6, 1.0]),
    st.sampled_from([0.0, 0.9, 2.1]),
    st.sampled_from([0.0, 1.1, 3.3]),
    st.data(),
)
def test_events_are_those_of_the_slow_reference(
    grid: tuple[np.ndarray, int, int],
    combine: Combine,
    threshold: float,
    off: float,
    gap_s: float,
    min_s: float,
    data: st.DataObject,
) -> None:
    """Every combination of combining, hysteresis, gap and least length, whatever the block."""
    start, length, n = grid
    p, rate = np.array(data.draw(scores(len(start)))), 8.0
    how = Joining(combine, 0.0, off, gap_s, min_s)
    score = [at_sample(p, start, length, t, combine) for t in range(n)]
    wanted = slow(score, p, start, length, threshold, rate, how)
    for block in (1 << 16, 1, 5):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postprocessing, "_BLOCK", block)
            found = join(p, start, length, n, rate, threshold, how)
        assert list(found.itertuples(index=False, name=None)) == [
            pytest.approx(row, abs=1e-12) for row in wanted
        ]


@given(st.integers(1, 4), st.integers(0, 20), st.sampled_from(WAYS[:2]), st.data())
@settings(max_examples=examples(20))
def test_smoothed_events_are_those_of_the_slow_reference(
    parts: int, more: int, combine: Combine, data: st.DataObject
) -> None:
    """A running median of cells of one hop, of so many seconds, whatever the block."""
    hop, rate = 20, 10.0
    length = parts * hop
    n = length + more * hop
    start = starts(n, Grid(length, hop, 0, 0.1, False))
    p = np.array(data.draw(scores(len(start))))
    seconds = data.draw(st.sampled_from([2.0, 4.0, 6.0, 10.0, 14.0]))
    how = replace(PLAIN, combine=combine, smooth_s=seconds, off_ratio=0.5)
    rough = pd.Series([at_sample(p, start, length, t, combine) for t in range(0, n, hop)], None)
    width = 2 * round(seconds * rate / hop / 2 - 1e-9) + 1
    if round(seconds * rate / hop) % 2:  # an odd number of hops is taken as it is
        width = round(seconds * rate / hop)
    smooth = rough.rolling(width, center=True, min_periods=1).median().where(rough.notna())
    wanted = slow(smooth.repeat(hop).tolist(), p, start, length, 0.5, rate, how)
    for block in (1 << 16, 1, 7):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postprocessing, "_BLOCK", block)
            found = join(p, start, length, n, rate, 0.5, how)
        assert list(found[["onset_s", "offset_s"]].itertuples(index=False, name=None)) == [
            pytest.approx(row[:2]) for row in wanted
        ]


def find(p: Sequence[float], how: Joining, threshold: float = 0.5) -> list[tuple[float, float]]:
    """Onset and offset of events over windows of 10 samples side by side, at 1 Hz."""
    start = np.arange(len(p)) * 10
    found = join(np.array(p), start, 10, 10 * len(p), 1.0, threshold, how)
    return list(found[["onset_s", "offset_s"]].itertuples(index=False, name=None))


def test_a_window_that_was_not_scored_breaks_an_event() -> None:
    """Nothing is known there, so nothing is claimed, smoothed or not."""
    for smooth_s in (0.0, 30.0):
        how = replace(PLAIN, smooth_s=smooth_s)
        assert find([1, 1, 1, NAN, 1, 1], how) == [(0, 30), (40, 60)]


def test_hysteresis_needs_the_threshold_once() -> None:
    """It begins and ends at half of it; a stretch that only reaches half is nothing."""
    p = [0, 0.3, 0.6, 0.3, 0, 0.3, 0.4, 0]
    assert find(p, replace(PLAIN, off_ratio=0.5)) == [(10, 40)]
    assert find(p, PLAIN) == [(20, 30)]


def test_gaps_and_lengths_at_their_limits() -> None:
    """Nearer than gap_s is one event, exactly gap_s is two; exactly min_s is kept."""
    p = [1, 0, 1, 0, 0, 1]
    assert find(p, replace(PLAIN, gap_s=10.0)) == [(0, 10), (20, 30), (50, 60)]
    assert find(p, replace(PLAIN, gap_s=10.1)) == [(0, 30), (50, 60)]
    assert find(p, replace(PLAIN, gap_s=10.1, min_s=30.0)) == [(0, 30)]
    assert find(p, replace(PLAIN, min_s=10.0)) == [(0, 10), (20, 30), (50, 60)]
    assert find(p, replace(PLAIN, min_s=10.1)) == []


def test_how_overlapping_windows_are_combined() -> None:
    """One loud window of three that overlap by half: its mean, its whole, its middle."""
    start, p = np.array([0, 10, 20]), np.array([0.0, 0.8, 0.0])
    spans = {}
    for combine in WAYS:
        found = join(p, start, 20, 40, 1.0, 0.5, replace(PLAIN, combine=combine))
        spans[combine] = found[["onset_s", "offset_s"]].to_numpy().tolist()
    assert spans == {"mean": [], "max": [[10, 30]], "centre": [[15, 25]]}


def test_smoothing_lasts_as_long_as_declared() -> None:
    """A burst shorter than half of the median is gone, whatever the hop."""
    for hop in (64, 96):
        start = np.arange(40) * hop
        p = np.zeros(40)
        p[20:22] = 1.0  # hop + 128 samples
        how = replace(PLAIN, combine="max", smooth_s=6.0 * hop)
        assert not len(join(p, start, 128, int(start[-1]) + 128, 1.0, 0.5, how))


def test_overlapping_classes_stay_two_events() -> None:
    """Each class for itself, in order of time; a class without a threshold is refused."""
    P = np.zeros((10, 3))
    P[2:6, 1], P[4:8, 2], P[9, 1] = 0.9, 0.8, 0.7
    classes, start = {"a": 1, "b": 2}, np.arange(10) * 10
    at = {"a": 0.5, "b": 0.5}
    found = postprocessing.events(P, start, 10, 100, 1.0, classes, at, PLAIN)
    columns = ["label", "onset_s", "offset_s", "peak", "windows"]
    assert [tuple(row[name] for name in columns) for row in found] == [
        ("a", 20, 60, 0.9, 4),
        ("b", 40, 80, 0.8, 4),
        ("a", 90, 100, 0.7, 1),
    ]
    with pytest.raises(DataError, match="no threshold for b"):
        postprocessing.events(P, start, 10, 100, 1.0, classes, {"a": 0.5}, PLAIN)


@given(st.lists(st.integers(0, 8).map(lambda k: k / 8), min_size=1, max_size=30))
@example([1.0, 0.0, 1.0])
def test_a_higher_threshold_finds_less_time(p: list[float]) -> None:
    """Without hysteresis the time found at 0.75 lies inside that at 0.5."""
    more, less = (find(p, PLAIN, at) for at in (0.5, 0.75))
    for a, b in less:
        assert any(c <= a and b <= d for c, d in more)
