"""Cut recordings into windows, label them, and account for every second."""

import itertools
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.checks import AtLeast, Fraction
from rarewave.errors import DataError

BACKGROUND = "background"
UNLABELLED = "unlabelled"  # status of windows of recordings that nobody has looked at


def _refuse_hop(hop: int, window: int) -> None:
    raise DataError(
        f"hop_samples ({hop}) must not exceed window_samples ({window}): time between windows "
        "would never be seen"
    )


@dataclass(frozen=True)
class Grid:
    """Where windows lie; part of the front end that a model carries.

    The network sees `context_samples` more on either side of a window, the label is the
    window's. A window with more than `max_gap` of its samples missing is not used. With
    `pad_short` a recording shorter than a window becomes one, silence behind it.
    """

    window_samples: Annotated[int, AtLeast(16)]
    hop_samples: Annotated[int, AtLeast(1)]
    context_samples: Annotated[int, AtLeast(0)]
    max_gap: Fraction
    pad_short: bool

    def __post_init__(self) -> None:
        if self.hop_samples > self.window_samples:
            _refuse_hop(self.hop_samples, self.window_samples)


@dataclass(frozen=True)
class Placement:
    """How windows are laid for training.

    `grid`: every hop, and one flush with the end. `calls`: one centred on each labelled call,
    moved by up to `jitter` of a window, and `background_ratio` times as many of the same length
    where no label is. `window_samples` null: the longest call of the training recordings;
    `hop_samples` null: half a window. Recordings scored later are always windowed on the grid.
    """

    placement: Literal["grid", "calls"]
    window_samples: Annotated[int, AtLeast(16)] | None
    hop_samples: Annotated[int, AtLeast(1)] | None
    context_samples: Annotated[int, AtLeast(0)]
    max_gap: Fraction
    pad_short: bool
    jitter: Fraction
    background_ratio: Annotated[float, AtLeast(0)]
    placement_seed: Annotated[int, AtLeast(0)]

    def __post_init__(self) -> None:
        if self.window_samples and self.hop_samples and self.hop_samples > self.window_samples:
            _refuse_hop(self.hop_samples, self.window_samples)


def grid_of(placement: Placement, longest_s: float, rate: float) -> Grid:
    """The grid of a model: sizes that are null come from the longest call, in seconds."""
    window = placement.window_samples or max(16, math.ceil(longest_s * rate))
    hop = placement.hop_samples or max(1, window // 2)
    context, max_gap = placement.context_samples, placement.max_gap
    return Grid(window, hop, context, max_gap, placement.pad_short)


@dataclass(frozen=True)
class Labelling:
    """When a window is an event, background, or neither.

    An event: at least `event_overlap` of the window inside an event, or at least
    `event_inside` of an event inside the window. Background: at most `background_overlap` of
    the window inside an event and at most `max_uncertain` inside uncertain time. Events of one
    label that follow one another within less than `least_gap_s` are shortened until they are so
    far apart: what is to be found one by one must be learnt with a gap between.
    """

    event_overlap: Fraction
    event_inside: Fraction
    background_overlap: Fraction
    max_uncertain: Fraction
    least_gap_s: Annotated[float, AtLeast(0)]

    def __post_init__(self) -> None:
        if self.background_overlap > self.event_overlap:
            raise DataError("background_overlap must not exceed event_overlap")


def starts(n_samples: int, grid: Grid) -> NDArray[np.int64]:
    """First samples of the windows: every hop, and one flush with the end.

    The last window makes sure that no second goes unseen. A recording shorter than a window
    has none, or one with `pad_short`.
    """
    if n_samples < grid.window_samples:
        return np.zeros(1 if grid.pad_short and n_samples else 0, np.int64)
    last = n_samples - grid.window_samples
    regular = np.arange(0, last + 1, grid.hop_samples, dtype=np.int64)
    return regular if regular[-1] == last else np.append(regular, last)


def around_calls(
    events: pd.DataFrame,
    n_samples: int,
    rate: float,
    window: int,
    placement: Placement,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """First samples of windows centred on calls, and of background windows between them.

    Background is drawn, without overlap where there is room, from time that no label touches
    (certain or not), `background_ratio` times as often as there are calls, at least once. Calls
    whose windows are the same, as at the end of a recording, share it.

    Parameters
    ----------
    events : the rows of table EVENTS of this recording.
    window : samples in a window.
    """
    last = n_samples - window
    if last < 0:
        return np.zeros(1 if placement.pad_short and n_samples else 0, np.int64)
    calls = events[events["certain"].to_numpy(bool)]
    centre = (calls["onset_s"] + calls["offset_s"]).to_numpy(float) / 2 * rate
    moved = rng.uniform(-1, 1, len(calls)) * placement.jitter * window
    first = np.clip(np.rint(centre - window / 2 + moved), 0, last).astype(np.int64)
    wanted = max(1, round(placement.background_ratio * len(calls)))
    if placement.background_ratio == 0:
        return np.unique(first)
    drawn: list[int] = []
    for apart in (window, 1):  # overlap only where there is no other room
        free = _free(events, last, window, rate)
        for at in drawn:
            free[max(0, at - apart + 1) : at + apart] = False
        while len(drawn) < wanted and free.any():
            choices = np.flatnonzero(free)
            at = int(choices[rng.integers(len(choices))])
            drawn.append(at)
            free[max(0, at - apart + 1) : at + apart] = False
    return np.unique(np.concatenate([first, np.array(drawn, np.int64)]))


def _free(events: pd.DataFrame, last: int, window: int, rate: float) -> NDArray[np.bool_]:
    """First samples (up to `last`) of windows that no event touches."""
    free = np.ones(last + 1, bool)
    for onset, offset in zip(events["onset_s"], events["offset_s"], strict=True):
        begin = max(0, math.floor(onset * rate) - window + 1)
        free[begin : max(begin, math.ceil(offset * rate))] = False
    return free


def separated(events: pd.DataFrame, least_gap_s: float) -> pd.DataFrame:
    """Events of one recording, those of one label at least `least_gap_s` apart in time.

    Both neighbours give way by half of what lacks, at most a third of their length. Overlapping
    events are left alone.
    """
    table = events.sort_values("onset_s", kind="stable").reset_index(drop=True)
    onset, offset = table["onset_s"].to_numpy(float), table["offset_s"].to_numpy(float)
    begin, end = onset.copy(), offset.copy()
    for _, mine in table[table["certain"]].groupby("label"):
        for i, j in itertools.pairwise(mine.index):
            gap = onset[j] - offset[i]
            if 0 <= gap < least_gap_s:
                lacking = (least_gap_s - gap) / 2
                end[i] -= min(lacking, (offset[i] - onset[i]) / 3)
                begin[j] += min(lacking, (offset[j] - onset[j]) / 3)
    return table.assign(onset_s=begin, offset_s=end)


def extent(
    first: NDArray[np.int64], length: int, context: int, n_samples: int
) -> tuple[int, int, int, int]:
    """What to read for some windows in order: start, stop, and samples to add before and behind."""
    begin, end = int(first[0]) - context, int(first[-1]) + length + context
    return max(0, begin), min(n_samples, end), max(0, -begin), max(0, end - n_samples)


def cut(
    samples: NDArray[np.float32],
    first: NDArray[np.int64],
    length: int,
    context: int = 0,
) -> NDArray[np.float32]:
    """Windows (n, length + 2 context) from cleaned samples.

    Beyond the recording the context is mirrored; a recording shorter than a window is followed
    by silence.
    """
    short = max(0, length - len(samples))
    padded = np.pad(samples, (0, short)) if short else samples
    padded = np.pad(padded, context, mode="reflect") if context else padded
    return np.lib.stride_tricks.sliding_window_view(padded, length + 2 * context)[first]


def gaps_of(flags: NDArray[np.bool_], first: int = 0) -> NDArray[np.int64]:
    """Runs (k, 2) of flagged samples, start and stop, counted from `first`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.view(np.int8), [0]))))
    return edges.reshape(-1, 2).astype(np.int64) + first


def gap_share(gaps: NDArray[np.int64], first: NDArray[np.int64], length: int) -> NDArray:
    """The share of each window inside gaps (k, 2), which are in order and do not overlap."""
    if not len(gaps):
        return np.zeros(len(first))
    edges = gaps.ravel()
    total = np.zeros(len(edges))
    total[1::2] = np.cumsum(gaps[:, 1] - gaps[:, 0])
    total[2::2] = total[1:-1:2]
    return (np.interp(first + length, edges, total) - np.interp(first, edges, total)) / length


def new_seconds(n_samples: int, first: NDArray[np.int64], grid: Grid, rate: float) -> NDArray:
    """Recorded seconds that no earlier window covers, for windows in order of time.

    On a grid they sum to the length of the recording.
    """
    ends = np.minimum(first + grid.window_samples, n_samples)
    before = np.maximum.accumulate(np.concatenate(([0], ends)))[:-1]
    return np.maximum(ends - np.maximum(first, before), 0) / rate


def covered(begin: NDArray[np.float64], length: float, intervals: pd.DataFrame) -> NDArray:
    """The share of each window inside any of the intervals (onset_s, offset_s), counted once."""
    share = np.zeros(len(begin))
    until = -np.inf
    for onset, offset in sorted(zip(intervals["onset_s"], intervals["offset_s"], strict=True)):
        left = max(onset, until)
        if offset > left:
            near = _reached(begin, length, {"onset_s": left, "offset_s": offset})
            shared = np.minimum(begin[near] + length, offset) - np.maximum(begin[near], left)
            share[near] += np.maximum(shared, 0.0) / length
            until = offset
    return share


def label_windows(
    first: NDArray[np.int64],
    gaps: NDArray[np.int64],
    events: pd.DataFrame,
    rate: float,
    grid: Grid,
    labelling: Labelling,
) -> pd.DataFrame:
    """What each window holds.

    Parameters
    ----------
    first : (n,) first samples, in order.
    gaps : (k, 2) start and stop of each, in samples.
    events : the rows of table EVENTS of this recording.
    rate : in Hz.

    Returns
    -------
    A table with label, labels, event_id, low_hz, high_hz, status (`used`, `uncertain` or `gap`)
    and reason, one row per window. The label is the event's that fills most of the window, or
    `background`; `labels` are all that fill enough of it, joined by `+`.
    """
    count, length = len(first), grid.window_samples / rate
    begin = first / rate
    most = np.zeros(count)
    inside = np.zeros(count)
    label = np.full(count, BACKGROUND, object)
    event_id = np.full(count, "", object)
    band = np.full((count, 2), np.nan)
    if labelling.least_gap_s:
        events = separated(events, labelling.least_gap_s)
    certain = events["certain"].to_numpy(bool)
    for event in events[certain].to_dict("records"):
        near = _reached(begin, length, event)
        shared = _shared(begin[near], length, event)
        more = np.flatnonzero(shared > most[near]) + near.start
        most[near] = np.maximum(most[near], shared)
        label[more] = event["label"]
        event_id[more] = event["event_id"]
        band[more] = event["low_hz"], event["high_hz"]
        share = shared / (event["offset_s"] - event["onset_s"])
        inside[near] = np.maximum(inside[near], share)
    filled = covered(begin, length, events[certain])
    doubt = covered(begin, length, events[~certain])
    positive = (filled >= labelling.event_overlap) | (inside >= labelling.event_inside)
    positive &= most > 0
    partly = ~positive & (filled > labelling.background_overlap)
    doubtful = ~positive & ~partly & (doubt > labelling.max_uncertain)
    missing = gap_share(gaps, first, grid.window_samples)
    gappy = missing > grid.max_gap
    label[~positive] = BACKGROUND
    event_id[~positive] = ""
    band[~positive] = np.nan
    status = np.full(count, "used", object)
    reason = np.full(count, "", object)
    status[partly | doubtful] = "uncertain"
    reason[partly] = "partly inside an event"
    reason[doubtful] = "inside uncertain time"
    status[gappy] = "gap"
    reason[gappy] = [f"{share:.0%} of the samples are missing" for share in missing[gappy]]
    return pd.DataFrame(
        {
            "label": label,
            "labels": _label_sets(begin, length, events[certain], labelling, label),
            "event_id": event_id,
            "low_hz": band[:, 0],
            "high_hz": band[:, 1],
            "status": status,
            "reason": reason,
        }
    )


def _reached(begin: NDArray[np.float64], length: float, event: Mapping[Hashable, Any]) -> slice:
    """The windows, in order of time, that an event can touch."""
    return slice(
        int(np.searchsorted(begin, event["onset_s"] - length)),
        int(np.searchsorted(begin, event["offset_s"], side="right")),
    )


def _shared(begin: NDArray[np.float64], length: float, event: Mapping[Hashable, Any]) -> NDArray:
    """Seconds that each window shares with one event."""
    shared = np.minimum(begin + length, event["offset_s"]) - np.maximum(begin, event["onset_s"])
    return np.maximum(shared, 0.0)


def _label_sets(
    begin: NDArray[np.float64],
    length: float,
    events: pd.DataFrame,
    labelling: Labelling,
    label: NDArray[np.object_],
) -> NDArray[np.object_]:
    """All labels of each window: those that alone would make it an event, and the main one."""
    sets: list[set[str]] = [set() if name == BACKGROUND else {name} for name in label]
    for kind, mine in events.groupby("label", sort=True):
        share = covered(begin, length, mine)
        enough = (share >= labelling.event_overlap) & (share > 0)
        for event in mine.to_dict("records"):
            near = _reached(begin, length, event)
            part = _shared(begin[near], length, event) / (event["offset_s"] - event["onset_s"])
            enough[near] |= (part >= labelling.event_inside) & (part > 0)
        for at in np.flatnonzero(enough & (label != BACKGROUND)):
            sets[at].add(str(kind))
    return np.array(["+".join(sorted(s)) or BACKGROUND for s in sets], object)
