"""Another recording mixed in."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rarewave.base.parameters import Between
from rarewave.training.augmentation.change import Change, Surroundings, in_order


@dataclass(frozen=True)
class Background(Change):
    """Another recording added, at a ratio of powers between two of so many dB."""

    snr_low_db: Annotated[float, Between(-200, 200)] = 0.0
    snr_high_db: Annotated[float, Between(-200, 200)] = 0.0

    step = "background"

    def __post_init__(self) -> None:
        in_order(snr_low_db=self.snr_low_db, snr_high_db=self.snr_high_db)

    def __call__(
        self, example: NDArray[np.float32], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.float32]:
        assert about.backgrounds is not None
        other = about.backgrounds[rng.integers(len(about.backgrounds))]
        snr_db = rng.uniform(self.snr_low_db, self.snr_high_db)
        add = add_samples if about.scale == "waveform" else add_background
        return add(example, other, snr_db)


def add_background(
    X: NDArray[np.float32], other: NDArray[np.float32], snr_db: float
) -> NDArray[np.float32]:
    """One spectrogram plus another at a ratio of mean powers in dB, added as powers.

    Of uncorrelated recordings the powers add on average (Salamon and Bello, Deep Convolutional
    Neural Networks and Data Augmentation for Environmental Sound Classification, 2017, mix the
    waveforms). A silent background changes nothing, nor does a silent spectrogram take any: power
    at the floor everywhere would become noise at the level of the other.

    Parameters
    ----------
    X, other : (frequencies, frames, channels) in dB; the first channel is mixed, others rise by
        as much as it does.
    """
    if silent(X) or silent(other):
        return X
    level = X[..., 0].astype(np.float64)
    signal, noise = 10 ** (level / 10), 10 ** (other[..., 0].astype(np.float64) / 10)
    wanted = signal.mean() / 10 ** (snr_db / 10)
    mixed = 10 * np.log10(signal + noise * (wanted / noise.mean()))
    return X + (mixed - level)[..., None].astype(np.float32)


def silent(window: NDArray[np.float32]) -> bool:
    """Whether nothing sounds in a window (rows, frames, channels): its first channel is flat."""
    return not np.ptp(window[..., 0])


def add_samples(
    x: NDArray[np.float32], other: NDArray[np.float32], snr_db: float
) -> NDArray[np.float32]:
    """One waveform plus another at a ratio of mean powers in dB; what is silent changes nothing.

    Parameters
    ----------
    x, other : (1, samples, 1)
    """
    signal, noise = (float(np.mean(np.square(w, dtype=np.float64))) for w in (x, other))
    share = np.sqrt(signal / noise / 10 ** (snr_db / 10)) if noise else 0.0
    return x + np.float32(share) * other
