"""What a change of training examples is: options with a probability, and a call that applies it.

A new one is a class in a file of this folder and a line in `options.py`.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.parameters import Fraction

# The steps in which changes are applied: first to samples, then to power in dB.
WAVEFORM = ("speed", "noise")
SPECTROGRAM = ("place", "background", "level", "mask")


class Surroundings(NamedTuple):
    """What a change may have to know beside the example."""

    rate: float = 0.0  # of samples, Hz
    frame_s: float = 0.0  # seconds from one frame to the next, hop / rate
    floor_db: float | None = None  # where the spectrograms were clipped: that is silence
    backgrounds: NDArray[np.float32] | None = None  # (m, frequencies, frames, channels) dB
    scale: str = "linear"  # of the spectrogram
    n_mels: int = 1  # bands that MFCC are of
    labels: tuple[str, ...] = ()  # all that is true of the example


@dataclass(frozen=True)
class Change:
    """A change that comes with the probability `p` over every example, drawn for each."""

    p: Fraction = 0.0

    step: ClassVar[str]

    def __call__(
        self, example: NDArray[Any], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[Any]:
        """The example changed by what is drawn, a new array."""
        raise NotImplementedError


def in_order(**bounds: float) -> None:
    """Raise `DataError` where the first of two named bounds is greater than the second."""
    (low, below), (high, above) = bounds.items()
    if below > above:
        raise DataError(f"{low} must not be greater than {high}")


def factor(low: float, high: float, rng: np.random.Generator) -> float:
    """A speed drawn on a logarithmic scale: as likely slower as faster by the same factor."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
