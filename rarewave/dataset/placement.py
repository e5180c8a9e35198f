"""Where windows lie for training: on a grid, or around calls."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.intervals import union
from rarewave.base.parameters import AtLeast, Fraction, Seed
from rarewave.frontend.grid import Grid, PadShort, refuse_hop


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
    pad_short: PadShort
    jitter: Fraction
    background_ratio: Annotated[float, AtLeast(0)]
    placement_seed: Seed

    def __post_init__(self) -> None:
        if self.window_samples and self.hop_samples and self.hop_samples > self.window_samples:
            refuse_hop(self.hop_samples, self.window_samples)


def grid_of(placement: Placement, longest_s: float, rate: float) -> Grid:
    """The grid of a model: sizes that are null come from the longest call, in seconds."""
    window = placement.window_samples or max(16, math.ceil(longest_s * rate))
    hop = placement.hop_samples or max(1, window // 2)
    context, max_gap = placement.context_samples, placement.max_gap
    return Grid(window, hop, context, max_gap, placement.pad_short)


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
            free = _without(free, at - apart + 1, at + apart)
        while len(drawn) < wanted and len(free):
            at = _nth(free, int(rng.integers((free[:, 1] - free[:, 0]).sum())))
            drawn.append(at)
            free = _without(free, at - apart + 1, at + apart)
    return np.unique(np.concatenate([first, np.array(drawn, np.int64)]))


def _free(events: pd.DataFrame, last: int, window: int, rate: float) -> NDArray[np.int64]:
    """Runs (k, 2) of first samples (up to `last`) of windows that no event touches."""
    onset, offset = (events[name].to_numpy(float) * rate for name in ("onset_s", "offset_s"))
    begin = np.clip(np.floor(onset) - window + 1, 0, last + 1)
    taken = np.stack([begin, np.clip(np.ceil(offset), begin, last + 1)], axis=1).astype(np.int64)
    taken = union(taken[np.argsort(taken[:, 0], kind="stable")])
    edges = np.concatenate(([0], taken.ravel(), [last + 1])).reshape(-1, 2)
    return edges[edges[:, 0] < edges[:, 1]]


def _nth(runs: NDArray[np.int64], number: int) -> int:
    """The sample of that number, from 0, among those in runs (k, 2)."""
    until = np.cumsum(runs[:, 1] - runs[:, 0])
    row = int(np.searchsorted(until, number, side="right"))
    return int(runs[row, 1] - (until[row] - number))


def _without(runs: NDArray[np.int64], begin: int, end: int) -> NDArray[np.int64]:
    """Runs (k, 2), in order, of what is left without samples [begin, end)."""
    first = int(np.searchsorted(runs[:, 1], begin, side="right"))
    stop = int(np.searchsorted(runs[:, 0], end))
    cut = runs[first:stop]
    left = np.stack([cut[:, 0], np.minimum(cut[:, 1], begin)], axis=1)
    right = np.stack([np.maximum(cut[:, 0], end), cut[:, 1]], axis=1)
    parts = np.concatenate([left, right])
    parts = parts[parts[:, 0] < parts[:, 1]]
    return np.concatenate([runs[:first], parts[np.argsort(parts[:, 0])], runs[stop:]])
