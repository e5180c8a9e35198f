"""Parts of an example blanked.

Park et al., SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition,
Interspeech 2019.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rarewave.base.parameters import AtLeast, Between, Seconds
from rarewave.training.augmentation.change import Change, Surroundings


@dataclass(frozen=True)
class TimeMask(Change):
    """Stretches of up to `s` seconds blanked, so many `times`."""

    s: Seconds = 0.0
    times: Annotated[int, Between(1, 1000)] = 1

    step = "mask"

    def __call__(
        self, example: NDArray[np.float32], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.float32]:
        # A mean over frequencies is a level; over coefficients it is nothing.
        fill = example.mean(axis=1, keepdims=True) if about.scale == "mfcc" else None
        return masked(example, round(self.s / about.frame_s), self.times, 1, rng, fill)


@dataclass(frozen=True)
class FrequencyMask(Change):
    """Bands of up to so many rows blanked, so many `times`."""

    rows: Annotated[int, AtLeast(0)] = 0
    times: Annotated[int, Between(1, 1000)] = 1

    step = "mask"

    def __call__(
        self, example: NDArray[np.float32], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.float32]:
        return masked(example, self.rows, self.times, 0, rng)


def masked(
    X: NDArray[np.float32],
    most: int,
    times: int,
    axis: int,
    rng: np.random.Generator,
    fill: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """One spectrogram, stretches of up to `most` frames or rows of it blanked with its mean.

    A stretch is at most half of it: parameters of longer windows would blank short ones whole.
    `fill` blanks instead of the mean.
    """
    result, length = X.copy(), X.shape[axis]
    mean = X.mean(axis=(0, 1)) if fill is None else fill
    for _ in range(times):
        width = int(rng.integers(0, min(most, -(-length // 2)) + 1))
        start = int(rng.integers(0, length - width + 1))
        place = [slice(None), slice(None)]
        place[axis] = slice(start, start + width)
        result[tuple(place)] = mean
    return result
