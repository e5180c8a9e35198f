"""Where windows lie for training: on a grid, or around calls."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.parameters import AtLeast, Fraction, Seed
from rarewave.frontend.grid import Grid, refuse_hop


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
