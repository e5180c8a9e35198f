"""Where windows lie, what they cover, and what is cut for them."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.parameters import AtLeast, Fraction


def refuse_hop(hop: int, window: int) -> None:
    """Raise `DataError`: windows further apart than they are long."""
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
            refuse_hop(self.hop_samples, self.window_samples)


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


def new_seconds(n_samples: int, first: NDArray[np.int64], grid: Grid, rate: float) -> NDArray:
    """Recorded seconds that no earlier window covers, for windows in order of time.

    On a grid they sum to the length of the recording.
    """
    ends = np.minimum(first + grid.window_samples, n_samples)
    before = np.maximum.accumulate(np.concatenate(([0], ends)))[:-1]
    return np.maximum(ends - np.maximum(first, before), 0) / rate
