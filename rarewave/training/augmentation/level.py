"""How loud an example is: as a whole, and over frequency."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from rarewave.base.parameters import Between
from rarewave.training.augmentation.change import Change, Surroundings


@dataclass(frozen=True)
class Gain(Change):
    """Louder or fainter by up to so many dB."""

    db: Annotated[float, Between(0, 200)] = 0.0

    step = "level"

    def __call__(
        self, example: NDArray[np.float32], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.float32]:
        drawn = rng.uniform(-self.db, self.db)
        if about.scale == "waveform":
            return example * np.float32(10 ** (drawn / 20))
        if about.scale == "mfcc":  # as many dB in every band are in the first coefficient alone
            raised = example.copy()
            raised[0] += np.float32(drawn * np.sqrt(about.n_mels))
            return raised
        return amplify(example, drawn, about.floor_db)


@dataclass(frozen=True)
class BandGain(Change):
    """A random curve over the rows, through so many `nodes` of up to so many dB either way.

    Of MFCC over the mel bands that they are of.
    """

    db: Annotated[float, Between(0, 200)] = 0.0
    nodes: Annotated[int, Between(2, 1000)] = 4

    step = "level"

    def __call__(
        self, example: NDArray[np.float32], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.float32]:
        if about.scale == "mfcc":  # a cosine transform of sums is the sum of both
            curve = band_gains(about.n_mels, self.nodes, self.db, rng)
            cosines = dct(curve, type=2, norm="ortho")[: len(example), None, None]
            return example + cosines.astype(np.float32)
        curve = band_gains(len(example), self.nodes, self.db, rng)
        return amplify(example, curve[:, None], about.floor_db)


def amplify(
    X: NDArray[np.float32], gain_db: float | NDArray[np.floating], floor_db: float | None = None
) -> NDArray[np.float32]:
    """One spectrogram (frequencies, frames, channels) with its level raised by `gain_db`.

    `gain_db` is a number or (frequencies, 1). What lies at the floor is silence and stays there.
    """
    result = X.copy()
    level = X[..., 0]
    raised = (level + gain_db).astype(np.float32)
    if floor_db is not None:
        raised = np.where(level <= floor_db, level, np.maximum(raised, np.float32(floor_db)))
    result[..., 0] = raised
    return result


def band_gains(
    rows: int, nodes: int, range_db: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A random curve in dB over the rows, straight between nodes at random rows.

    The linear type of Nam et al., FilterAugment: An Acoustic Environmental Data Augmentation
    Method, ICASSP 2022: the recordings' microphones and rooms differ by such a filter.
    """
    inner = np.sort(rng.uniform(0, rows - 1, nodes - 2))
    at = np.concatenate([[0.0], inner, [rows - 1.0]])
    return np.interp(np.arange(rows), at, rng.uniform(-range_db, range_db, nodes))
