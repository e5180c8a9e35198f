"""Scale spectrograms for a network, the same way in training and in use."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError

# dB, or share of the deviation of samples; keeps a silent, constant window finite.
_EPSILON = 1e-3
# dB below the peak that `unit` keeps, as librosa's power_to_db does.
_RANGE = 80.0
MODES = ("sample", "dataset", "both", "unit")


class Normalisation(NamedTuple):
    """A mode and the statistics of the training part that it needs.

    `sample`: each spectrogram to zero mean and unit deviation, so that loudness is forgotten.
    `dataset`: each frequency by mean and deviation over the training part, so that absolute
    level is kept. `both`: the two as channels. `unit`: each spectrogram's 80 dB below its peak
    to [0, 1], so that loudness is forgotten and what is fainter is 0.
    """

    mode: str
    mean: NDArray[np.float32]  # (frequencies, channels) dB
    deviation: NDArray[np.float32]  # (frequencies, channels) dB
    epsilon: float = _EPSILON  # added to deviations

    @property
    def channels(self) -> int:
        """Channels of the normalised spectrograms."""
        return self.mean.shape[1] * (2 if self.mode == "both" else 1)

    def __call__(
        self, X: NDArray[np.float32], like: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Spectrograms (n, frequencies, frames, channels) in dB to what the network takes.

        Statistics of a spectrogram are its own, or those of `like` (1 or n): where a part of it
        has been changed, the rest then stays as it was.
        """
        parts, like = [], X if like is None else like
        if self.mode in ("sample", "both"):
            mean = like.mean(axis=(1, 2), keepdims=True)
            parts.append((X - mean) / (like.std(axis=(1, 2), keepdims=True) + self.epsilon))
        if self.mode in ("dataset", "both"):
            scale = self.deviation + np.float32(self.epsilon)
            parts.append((X - self.mean[:, None]) / scale[:, None])
        if self.mode == "unit":
            peak = like.max(axis=(1, 2), keepdims=True)
            parts.append(np.maximum(X - peak, np.float32(-_RANGE)) / np.float32(_RANGE) + 1)
        return np.concatenate(parts, axis=-1).astype(np.float32, copy=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; exact for float32."""
        content = {
            "mode": self.mode,
            "mean": self.mean.astype(float).tolist(),
            "deviation": self.deviation.astype(float).tolist(),
        }
        return content if self.epsilon == _EPSILON else content | {"epsilon": self.epsilon}

    @staticmethod
    def from_dict(content: dict[str, Any]) -> "Normalisation":
        """What `to_dict` described; raises `DataError` where it is none."""
        try:
            mode = content["mode"]
            mean, deviation = (np.array(content[k], np.float32) for k in ("mean", "deviation"))
            epsilon = float(content.get("epsilon", _EPSILON))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"the stored normalisation is broken ({error}): train again") from None
        numbers = np.isfinite(mean).all() and np.isfinite(deviation).all()
        if mode not in MODES or mean.ndim != 2 or mean.shape != deviation.shape:
            raise DataError(f"the stored normalisation {mode!r} is none that is known: train again")
        if not numbers or (deviation < 0).any() or not 0 < epsilon < np.inf:
            raise DataError("the stored normalisation has means or deviations that cannot be")
        return Normalisation(mode, mean, deviation, epsilon)


def fit(X: NDArray[np.float32], mode: str, scale: str = "linear") -> Normalisation:
    """Statistics from the training part (n, frequencies, frames, channels), row by row.

    Parameters
    ----------
    scale : of the spectrogram; samples have no unit that a smallest deviation could be told in.

    Raises
    ------
    DataError
        `unit`, which is of levels in dB, where there are none.
    """
    if mode == "unit" and scale in ("mfcc", "waveform"):
        raise DataError(
            f"train.normalisation unit keeps 80 dB below a peak, and spectrogram.scale {scale} is "
            "no level in dB: choose sample, dataset or both"
        )
    total = np.zeros((X.shape[1], X.shape[3]))
    square = np.zeros_like(total)
    for row in X:
        total += row.sum(axis=1, dtype=np.float64)
        square += np.square(row, dtype=np.float64).sum(axis=1)
    count = X.shape[0] * X.shape[2]
    mean = total / count
    deviation = np.sqrt(np.maximum(square / count - mean**2, 0.0))
    epsilon = _EPSILON
    if scale == "waveform":
        epsilon *= float(deviation.max()) or 1.0
    return Normalisation(mode, mean.astype(np.float32), deviation.astype(np.float32), epsilon)
