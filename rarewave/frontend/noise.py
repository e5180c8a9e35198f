"""Steady noise taken out by a profile of it: spectral gating.

Boll, Suppression of Acoustic Noise in Speech Using Spectral Subtraction, 1979, took the mean
spectrum of a pause off every frame; a gate keeps or drops each frequency of a frame instead, as
the stationary gate of noisereduce does (Sainburg et al., PLOS Computational Biology, 2020), which
leaves what sounds as loud as it is.
"""

import numpy as np
from numpy.typing import NDArray

from rarewave.frontend.spectrogram import hann

# Frames are the largest power of two that fits so often into the profile, within limits.
_FRAMES, _LEAST, _MOST = 8, 16, 1024
SHORTEST = _FRAMES * _LEAST  # samples of a profile
_OVERLAP = 4  # frames that hold a sample: with Hann's window twice, they sum to a constant
_ABOVE = 1.5  # standard deviations of the noise, in dB, above its mean
_SMOOTH = 4, 1  # frames, and frequencies, on either side that soften the gate: a tone is narrow
_SILENCE = 1e-30  # power that stands for none


def frame_samples(profile: int) -> int:
    """Samples of a frame for a profile of so many samples, a power of two."""
    fit = 1 << max(profile // _FRAMES, 1).bit_length() - 1
    return min(max(fit, _LEAST), _MOST)


def reach(profile: int) -> int:
    """Samples on either side that a suppressed sample depends on."""
    frame = frame_samples(profile)
    return 2 * frame + _SMOOTH[0] * (frame // _OVERLAP)


def limits(wave: NDArray[np.float64], missing: NDArray[np.bool_], n_fft: int) -> NDArray | None:
    """The level (frequencies,) in dB up to which noise is noise, from a stretch of noise alone.

    Parameters
    ----------
    missing : (n,) what of `wave` was not recorded: frames with any of it say nothing.

    Returns
    -------
    None where fewer than two frames were recorded.
    """
    hop = n_fft // _OVERLAP
    if len(wave) < n_fft:
        return None
    good = ~np.lib.stride_tricks.sliding_window_view(missing, n_fft)[::hop].any(axis=1)
    if good.sum() < 2:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(wave, n_fft)[::hop][good]
    level = _decibels(np.fft.rfft(frames * hann(n_fft)))
    return level.mean(axis=0) + _ABOVE * level.std(axis=0)


def suppressed(
    wave: NDArray[np.float64], at: int, limit: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A waveform (n,) without what is no louder than the noise at its frequency.

    Frames lie on the first sample of the recording, so that a part of it, `reach` samples from its
    ends, is what it is in the whole.

    Parameters
    ----------
    at : which sample of the recording the first one is.
    limit : from `limits`.
    """
    n_fft = 2 * (len(limit) - 1)
    hop = n_fft // _OVERLAP
    start = ((at - n_fft) // hop + 1) * hop  # of the first frame that holds the first sample
    count = (at + len(wave) - 1 - start) // hop + 1
    padded = np.zeros((count - 1) * hop + n_fft)
    padded[at - start : at - start + len(wave)] = wave
    taper = hann(n_fft)
    spectrum = np.fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop] * taper)
    spectrum *= _gate(_decibels(spectrum) > limit)
    pieces = np.fft.irfft(spectrum, n_fft) * taper
    result = np.zeros(len(padded) + n_fft)
    for number in range(_OVERLAP):  # every fourth piece is disjoint: added together
        part = pieces[number::_OVERLAP].ravel()
        result[number * hop : number * hop + len(part)] += part
    weight = np.square(taper).sum() / hop
    return result[at - start : at - start + len(wave)] / weight


def _gate(loud: NDArray[np.bool_]) -> NDArray[np.float64]:
    """A gain (frames, frequencies) from 0 to 1: the mean of what is loud around, in a triangle."""
    from scipy.ndimage import convolve1d

    gain = loud.astype(np.float64)
    for axis, width in enumerate(_SMOOTH):
        triangle = np.bartlett(2 * width + 3)[1:-1]
        gain = convolve1d(gain, triangle / triangle.sum(), axis=axis, mode="nearest")
    return gain


def _decibels(spectrum: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Power in dB."""
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return 10 * np.log10(np.maximum(power, _SILENCE))
