"""Noise on the waveform."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rarewave.base.parameters import Between
from rarewave.training.augmentation.change import Change, Surroundings, in_order


@dataclass(frozen=True)
class Noise(Change):
    """Noise whose power falls as 1/f**exponent, at a ratio of powers between two of so many dB.

    The exponent lies between `low` and `high`: 0 is white, 1 pink, 2 brown.
    """

    snr_low_db: Annotated[float, Between(-200, 200)] = 0.0
    snr_high_db: Annotated[float, Between(-200, 200)] = 0.0
    low: Annotated[float, Between(-2, 3)] = 0.0
    high: Annotated[float, Between(-2, 3)] = 0.0

    step = "noise"

    def __post_init__(self) -> None:
        in_order(snr_low_db=self.snr_low_db, snr_high_db=self.snr_high_db)
        in_order(low=self.low, high=self.high)

    def __call__(
        self, example: NDArray[np.floating], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.floating]:
        exponent = rng.uniform(self.low, self.high)
        return add_noise(example, rng.uniform(self.snr_low_db, self.snr_high_db), exponent, rng)


def add_noise(
    x: NDArray[np.floating], snr_db: float, exponent: float, rng: np.random.Generator
) -> NDArray[np.floating]:
    """Samples (n,) plus Gaussian noise of power 1/f**exponent, at a ratio of powers in dB.

    Timmer and Koenig, On generating power law noise, 1995.
    """
    bins = len(x) // 2 + 1
    shape = np.maximum(np.arange(bins), 1.0) ** (-exponent / 2)
    shape[0] = 0.0
    spectrum = shape * (rng.standard_normal(bins) + 1j * rng.standard_normal(bins))
    noise = np.fft.irfft(spectrum, len(x))
    power = np.mean(np.square(noise))
    wanted = np.mean(np.square(x, dtype=np.float64)) / 10 ** (snr_db / 10)
    if power == 0:
        return x.copy()
    return (x + noise * np.sqrt(wanted / power)).astype(x.dtype)
