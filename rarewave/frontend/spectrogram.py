"""Windows of samples to power spectrograms in dB, linear or mel frequency."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, AtLeast, Between, Fraction, Seconds

# Samples of frames held at once while transforming: what the processor's cache holds.
CHUNK = 1 << 18


@dataclass(frozen=True)
class Spectrogram:
    """How a window becomes a spectrogram; part of the front end that a model carries.

    Only rows from `fmin_hz` to `fmax_hz` are kept. `floor_db` clips the power from below: a
    quantised or filtered-out band would otherwise reach minus infinity and rule every mean.
    With `floor_s` a second channel holds the power above the running noise floor of the
    recording: the quantile `floor_quantile` of each frequency over so many seconds.
    """

    scale: Literal["linear", "mel"]
    n_fft: Annotated[int, Between(8, 2**24)]
    hop: Annotated[int, AtLeast(1)]
    n_mels: Annotated[int, AtLeast(1)]
    fmin_hz: Annotated[float, AtLeast(0)]
    fmax_hz: Annotated[float, Above(0)] | None
    floor_db: Annotated[float, Between(-300, 300)]
    floor_s: Seconds
    floor_quantile: Fraction

    def __post_init__(self) -> None:
        if self.fmax_hz is not None and self.fmax_hz <= self.fmin_hz:
            raise DataError("fmax_hz must be greater than fmin_hz")
        if self.scale == "mel" and self.n_mels > self.n_fft:
            raise DataError(
                f"n_mels is {self.n_mels}: a transform of n_fft {self.n_fft} samples has fewer "
                "frequencies; lower it"
            )


@dataclass(frozen=True)
class Band:
    """`given`: the band from `fmin_hz` to `fmax_hz`. `labels`: that of the training calls."""

    band: Literal["given", "labels"]


def crop(options: Spectrogram, sizes: Mapping[str, float | None], rate: float) -> Spectrogram:
    """The spectrogram cropped to the broadest band of the calls; `sizes` has low_hz and high_hz.

    Raises
    ------
    DataError
        No label has a band, or no test recordings are named.
    """
    low, high = sizes["low_hz"], sizes["high_hz"]
    if low is None or high is None or not high > low:
        raise DataError(
            "spectrogram.band is labels, and no training label has a band: set it to given, or "
            "name the test recordings (split.test_groups, test_fold or test_recordings), whose "
            "labels do not count"
        )
    return dataclasses.replace(options, fmin_hz=low, fmax_hz=min(high, rate / 2))


def spectrograms(
    windows: NDArray[np.floating], rate: float, options: Spectrogram
) -> NDArray[np.float32]:
    """Power in dB of short-time Fourier transforms, no padding, periodic Hann window.

    Equal to `librosa.power_to_db(abs(librosa.stft(x, center=False))**2)`, to
    `scipy.signal.ShortTimeFFT` without scaling, and for `mel` to
    `librosa.feature.melspectrogram` (Slaney's filters), then clipped at the floor.

    Parameters
    ----------
    windows : (n, samples).
    rate : in Hz.

    Returns
    -------
    (n, frequencies, frames, 1): 129 x 32 for 2240 samples with n_fft 256 and hop 64.

    Raises
    ------
    DataError
        The window is shorter than one transform.
    """
    count, samples = windows.shape
    if samples < options.n_fft:
        raise DataError(
            f"windows of {samples} samples are shorter than spectrogram.n_fft {options.n_fft}"
        )
    if options.hop > samples:
        raise DataError(
            f"spectrogram.hop {options.hop} is longer than a window of {samples} samples: lower it"
        )
    n_frames = 1 + (samples - options.n_fft) // options.hop
    filters = mel_filters(rate, options) if options.scale == "mel" else None
    rows = kept_rows(rate, options)
    bins = rows.stop - rows.start if filters is None else len(filters)
    result = np.empty((count, bins, n_frames, 1), np.float32)
    some = max(1, CHUNK // options.n_fft)
    step = max(1, some // n_frames)
    transform = _Transform((min(step, count), min(some, n_frames)), options, rows, filters, bins)
    for at in range(0, count, step):
        for begin in range(0, n_frames, some):
            end = min(begin + some, n_frames)
            reach = slice(begin * options.hop, (end - 1) * options.hop + options.n_fft)
            chunk = np.asarray(windows[at : at + step, reach], np.float64)
            frames = np.lib.stride_tricks.sliding_window_view(chunk, options.n_fft, axis=1)
            levels = transform(frames[:, :: options.hop])
            result[at : at + step, :, begin:end, 0] = levels.transpose(0, 2, 1)
    return result


class _Transform:
    """Frames to levels in dB, in arrays that are written over from chunk to chunk.

    Fetching such arrays anew costs more than the transforms in a process whose allocator gives
    them back to the system each time.
    """

    def __init__(
        self,
        most: tuple[int, int],
        options: Spectrogram,
        rows: slice,
        filters: NDArray[np.float64] | None,
        bins: int,
    ) -> None:
        self.taper, self.rows, self.filters = hann(options.n_fft), rows, filters
        self.floor = 10.0 ** (options.floor_db / 10.0)
        self.tapered = np.empty((*most, options.n_fft))
        self.spectrum = np.empty((*most, options.n_fft // 2 + 1), np.complex128)
        self.power, self.imaginary = (np.empty(self.spectrum.shape) for _ in range(2))
        self.bands = np.empty((*most, bins))

    def __call__(self, frames: NDArray[np.float64]) -> NDArray[np.float64]:
        """Levels (windows, frames, frequencies) of frames (windows, frames, n_fft)."""
        here = np.s_[: frames.shape[0], : frames.shape[1]]
        tapered, spectrum, bands = self.tapered[here], self.spectrum[here], self.bands[here]
        power, imaginary = self.power[here], self.imaginary[here]
        np.multiply(frames, self.taper, out=tapered)
        np.fft.rfft(tapered, out=spectrum)
        np.square(spectrum.real, out=power)
        np.square(spectrum.imag, out=imaginary)
        np.add(power, imaginary, out=power)
        if self.filters is None:
            np.maximum(power[..., self.rows], self.floor, out=bands)
        else:
            np.matmul(power, self.filters.T, out=bands)
            np.maximum(bands, self.floor, out=bands)
        np.log10(bands, out=bands)
        return np.multiply(bands, 10.0, out=bands)


def running_floor(level: NDArray[np.float64], width: int, quantile: float) -> NDArray[np.float64]:
    """The running floor (windows, frequencies) of a recording, in dB.

    The floor of a frequency is a low quantile of its mean power over the windows around, so
    that it follows the day and ignores events, which are shorter than half of it.

    Parameters
    ----------
    level : (windows, frequencies) mean power in dB of all windows of the recording, in order.
    width : windows that the floor looks at, centred.
    quantile : 0 to 1.
    """
    from scipy.ndimage import percentile_filter

    return percentile_filter(level, 100 * quantile, size=(width, 1), mode="nearest")


def above_floor(X: NDArray[np.float32], floor: NDArray[np.float64]) -> NDArray[np.float32]:
    """Spectrograms with a second channel: power above the floor.

    Parameters
    ----------
    X : (n, frequencies, frames, 1) in dB.
    floor : (n, frequencies) in dB, of these windows.

    Returns
    -------
    (n, frequencies, frames, 2)
    """
    return np.concatenate([X, X - floor[:, :, None, None]], axis=-1).astype(np.float32)


def kept_rows(rate: float, options: Spectrogram) -> slice:
    """The rows of a linear spectrogram between fmin_hz and fmax_hz."""
    hertz = np.fft.rfftfreq(options.n_fft, 1.0 / rate)
    top = hertz[-1] if options.fmax_hz is None else options.fmax_hz
    if top > rate / 2:
        raise DataError(f"spectrogram.fmax_hz {top:g} is above half the sampling rate {rate / 2:g}")
    kept = np.flatnonzero((hertz >= options.fmin_hz) & (hertz <= top))
    if not len(kept):
        raise DataError(
            f"no frequency of the spectrogram lies between fmin_hz {options.fmin_hz:g} and fmax_hz "
            f"{top:g}: its rows are {hertz[1]:.3g} Hz apart"
        )
    return slice(int(kept[0]), int(kept[-1]) + 1)


def hann(length: int) -> NDArray[np.float64]:
    """The periodic Hann window."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


@lru_cache(maxsize=8)
def mel_filters(rate: float, options: Spectrogram) -> NDArray[np.float64]:
    """Slaney's triangular mel filters (n_mels, n_fft // 2 + 1), from librosa."""
    from librosa.filters import mel

    top = options.fmax_hz or rate / 2
    if top > rate / 2:
        raise DataError(f"spectrogram.fmax_hz {top:g} is above half the sampling rate {rate / 2:g}")
    return mel(
        sr=rate,
        n_fft=options.n_fft,
        n_mels=options.n_mels,
        fmin=options.fmin_hz,
        fmax=top,
        dtype=np.float64,
    )


def frequencies_hz(rate: float, options: Spectrogram) -> NDArray[np.float64]:
    """The centre frequency of each row, in Hz."""
    if options.scale == "linear":
        hertz = np.fft.rfftfreq(options.n_fft, 1.0 / rate).astype(np.float64)
        return hertz[kept_rows(rate, options)]
    from librosa import mel_frequencies

    top = options.fmax_hz or rate / 2
    centres = mel_frequencies(n_mels=options.n_mels + 2, fmin=options.fmin_hz, fmax=top)[1:-1]
    return centres.astype(np.float64)


def times_s(samples: int, rate: float, options: Spectrogram, before: int = 0) -> NDArray:
    """The centre of each frame in seconds from the start of the window, after `before` samples."""
    n_frames = 1 + (samples - options.n_fft) // options.hop
    return (np.arange(n_frames) * options.hop + options.n_fft / 2 - before) / rate


class Levels:
    """Lowest, mean and highest level of many spectrograms, and how much lies at the floor."""

    def __init__(self, floor_db: float, in_band: NDArray[np.bool_]) -> None:
        """`in_band` (frequencies,): rows that the band-pass lets through: the rest is gone."""
        self.floor_db, self.low, self.high = floor_db, np.inf, -np.inf
        self.in_band = in_band if in_band.any() else np.ones_like(in_band)
        self.total, self.clipped, self.size = 0.0, 0, 0
        self.clipped_in_band, self.windows, self.black = 0, 0, 0

    def add(self, level: NDArray[np.float32]) -> None:
        """Count some spectrograms (n, frequencies, frames) in dB."""
        self.low, self.high = min(self.low, float(level.min())), max(self.high, float(level.max()))
        self.total += float(level.sum(dtype=np.float64))
        clipped = level <= self.floor_db
        self.clipped += int(clipped.sum())
        self.clipped_in_band += int(clipped[:, self.in_band].sum())
        self.black += int(clipped.all(axis=(1, 2)).sum())
        self.size, self.windows = self.size + level.size, self.windows + len(level)

    def refuse_black(self) -> None:
        """Raise `DataError` where nothing at all rises above the floor."""
        if self.size and self.high <= self.floor_db + 1e-3:
            raise DataError(
                f"spectrogram.floor_db is {self.floor_db:g}, and nothing of any window is louder: "
                "lower it until there is something to see"
            )

    def found(self) -> dict[str, float]:
        """What was counted."""
        return {
            "min_db": self.low,
            "mean_db": self.total / self.size,
            "max_db": self.high,
            "clipped_at_floor": self.clipped / self.size,
            "clipped_in_band": self.clipped_in_band
            * len(self.in_band)
            / (self.size * int(self.in_band.sum())),
            "black_windows": self.black / self.windows,
        }
