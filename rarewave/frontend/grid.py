"""Where windows lie, what they cover, and what is cut for them."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.parameters import AtLeast, Fraction

PadShort = Literal[False, True, "repeat"]


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
    `pad_short` a recording shorter than a window becomes one, silence behind it, or, with
    "repeat", once more from its beginning until the window is full.
    """

    window_samples: Annotated[int, AtLeast(16)]
    hop_samples: Annotated[int, AtLeast(1)]
    context_samples: Annotated[int, AtLeast(0)]
    max_gap: Fraction
    pad_short: PadShort

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


def filled(samples: NDArray[np.float32], length: int, pad_short: PadShort) -> NDArray[np.float32]:
    """A recording (samples,) that is a window of `length`, where it is shorter."""
    short = length - len(samples)
    if short <= 0:
        return samples
    return np.pad(samples, (0, short), mode="wrap" if pad_short == "repeat" else "constant")


def new_seconds(n_samples: int, first: NDArray[np.int64], grid: Grid, rate: float) -> NDArray:
    """Recorded seconds that no earlier window covers, for windows in order of time.

    On a grid they sum to the length of the recording.
    """
    ends = np.minimum(first + grid.window_samples, n_samples)
    before = np.maximum.accumulate(np.concatenate(([0], ends)))[:-1]
    return np.maximum(ends - np.maximum(first, before), 0) / rate
