"""How loud windows are in dB, whatever a network sees of them."""

import numpy as np
from numpy.typing import NDArray

from rarewave.frontend.spectrogram import Spectrogram


def amplitudes(samples: NDArray[np.float32], options: Spectrogram) -> NDArray[np.float32]:
    """Cleaned samples as amplitudes: of pictures those of their pixels, which are dB."""
    return np.asarray(10.0 ** (samples / 20.0) if options.is_picture else samples)


def level_db(X: NDArray[np.float32], options: Spectrogram) -> NDArray[np.float32]:
    """Levels of windows as a network sees them.

    Of spectrograms they are the first channel. The first coefficient of an orthonormal cosine
    transform is the mean of what was transformed, times the root of their number: of MFCC one row
    is left, the mean over the mel bands. Of waveforms it is the mean power of the samples of each
    step of `hop`, clipped at the floor; what is over behind the last step belongs to it.

    Parameters
    ----------
    X : (n, rows, frames, channels)

    Returns
    -------
    (n, frequencies or 1, frames) dB
    """
    if options.scale == "mfcc":
        level = X[:, :1, :, 0] / np.float32(np.sqrt(options.n_mels))
        return np.where(level <= options.floor_db + 1e-3, np.float32(options.floor_db), level)
    if options.scale != "waveform":
        return X[..., 0]
    samples = X[:, 0, :, 0]
    starts = np.arange(max(1, samples.shape[1] // options.hop)) * options.hop
    lengths = np.diff(starts, append=samples.shape[1])
    power = np.add.reduceat(np.square(samples, dtype=np.float64), starts, axis=1) / lengths
    level = 10.0 * np.log10(np.maximum(power, 10.0 ** (options.floor_db / 10.0)))
    return level[:, None].astype(np.float32)
