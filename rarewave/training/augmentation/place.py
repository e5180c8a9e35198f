"""When and at what height an example sounds: moved in time, scaled in time, moved over rows."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rarewave.base.parameters import AtLeast, Between, Seconds
from rarewave.training.augmentation.change import Change, Surroundings, factor, in_order


@dataclass(frozen=True)
class TimeShift(Change):
    """Rolled by up to `s` seconds either way: what leaves one end enters at the other."""

    s: Seconds = 0.0

    step = "place"

    def __call__(
        self, example: NDArray[np.float32], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.float32]:
        most = round(self.s / about.frame_s)
        return np.roll(example, rng.integers(-most, most + 1), axis=1)


@dataclass(frozen=True)
class TimeScale(Change):
    """Played faster (above 1) or slower about the middle, the ends held where frames lack."""

    low: Annotated[float, Between(0.25, 4)] = 1.0
    high: Annotated[float, Between(0.25, 4)] = 1.0

    step = "place"

    def __post_init__(self) -> None:
        in_order(low=self.low, high=self.high)

    def __call__(
        self, example: NDArray[np.float32], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.float32]:
        return scale_time(example, factor(self.low, self.high, rng))


@dataclass(frozen=True)
class RowShift(Change):
    """Rows moved up or down by up to so many."""

    rows: Annotated[int, AtLeast(0)] = 0

    step = "place"

    def __call__(
        self, example: NDArray[np.float32], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.float32]:
        most = min(self.rows, len(example) - 1)
        return shift_rows(example, int(rng.integers(-most, most + 1)))


def scale_time(X: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """One spectrogram played `factor` times as fast about its middle, straight between frames.

    Cheaper than a phase vocoder, and as good where only the power is seen (Niizumi et al., BYOL for
    Audio, 2021, resize spectrograms so).
    """
    frames = X.shape[1]
    middle = (frames - 1) / 2
    at = np.clip(middle + (np.arange(frames) - middle) * factor, 0, frames - 1)
    before = np.minimum(at.astype(int), max(frames - 2, 0))
    share = (at - before).astype(np.float32)[:, None]
    after = np.minimum(before + 1, frames - 1)
    return X[:, before] * (1 - share) + X[:, after] * share


def shift_rows(X: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    """One spectrogram with its rows moved up by `rows`; the end row fills what comes free.

    On a mel scale above 1 kHz, which is logarithmic, a change of pitch; below, of frequency.
    """
    source = np.clip(np.arange(len(X)) - rows, 0, len(X) - 1)
    return X[source]
