"""Windows of samples to what a network sees: power in dB, linear or mel, MFCC, or themselves."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

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

    `mfcc` has `n_mfcc` rows, the cosine transform (DCT-II, orthonormal) of the mel bands in dB.
    `waveform` has one row, the samples: all but the scale then says how they are measured and
    shown beside. Of `picture` the samples are the pixels of one, a column of `n_fft` rows after
    the other (`recordings.images`), and hop is n_fft. A `frame` shorter than `n_fft` is followed by
    zeros. `pre_emphasis` takes so much of the sample before off each sample of a window, the first
    one left as it is.
    """

    scale: Literal["linear", "mel", "mfcc", "waveform", "picture"]
    n_fft: Annotated[int, Between(8, 2**24)]
    hop: Annotated[int, AtLeast(1)]
    n_mels: Annotated[int, AtLeast(1)]
    fmin_hz: Annotated[float, AtLeast(0)]
    fmax_hz: Annotated[float, Above(0)] | None
    floor_db: Annotated[float, Between(-300, 300)]
    floor_s: Seconds
    floor_quantile: Fraction
    frame: Annotated[int, AtLeast(8)] | None = None
    taper: Literal["hann", "hamming"] = "hann"
    pre_emphasis: Fraction = 0.0
    n_mfcc: Annotated[int, AtLeast(1)] = 20

    def __post_init__(self) -> None:
        if self.fmax_hz is not None and self.fmax_hz <= self.fmin_hz:
            raise DataError("fmax_hz must be greater than fmin_hz")
        if self.scale != "linear" and not self.is_picture and self.n_mels > self.n_fft:
            raise DataError(
                f"n_mels is {self.n_mels}: a transform of n_fft {self.n_fft} samples has fewer "
                "frequencies; lower it"
            )
        if self.frame is not None and self.frame > self.n_fft:
            raise DataError(
                f"frame is {self.frame}, and n_fft {self.n_fft}: a frame must not be longer than "
                "its transform; raise n_fft"
            )
        if self.scale == "mfcc" and self.n_mfcc > self.n_mels:
            raise DataError(
                f"n_mfcc is {self.n_mfcc}, and of n_mels {self.n_mels} bands there are as many "
                "coefficients: lower it"
            )
        if self.is_picture and (self.hop, self.frame) != (self.n_fft, None):
            raise DataError(
                f"scale is picture, n_fft {self.n_fft}, hop {self.hop} and frame {self.frame}: "
                "n_fft and hop must be the rows of a column, and frame null"
            )
        if self.floor_s and not self.has_frequencies:
            raise DataError(
                f"floor_s is {self.floor_s:g}, and a noise floor is one of frequencies: set it to "
                f"0 for scale {self.scale}"
            )

    @property
    def has_frequencies(self) -> bool:
        """Whether rows are frequencies and their values dB."""
        return self.scale in ("linear", "mel")

    @property
    def is_picture(self) -> bool:
        """Whether samples are pixels, and not sound."""
        return self.scale == "picture"

    @property
    def frame_samples(self) -> int:
        """Samples that one column is made of."""
        return 1 if self.scale == "waveform" else self.frame or self.n_fft

    @property
    def step(self) -> int:
        """Samples from one column to the next."""
        return 1 if self.scale == "waveform" else self.hop

    def of_power(self, scale: Literal["linear", "mel"]) -> "Spectrogram":
        """The spectrogram of the plain samples, in dB: what is measured and shown beside."""
        return dataclasses.replace(self, scale=scale, pre_emphasis=0.0)


# What spectrograms were before these parameters were known.
BEFORE = {"frame": None, "taper": "hann", "pre_emphasis": 0.0, "n_mfcc": 20}


def described(options: Spectrogram) -> dict[str, Any]:
    """Plain values, for JSON; without those of `BEFORE`, so that stored models stay valid."""
    content = dataclasses.asdict(options)
    return {k: v for k, v in content.items() if k not in BEFORE or v != BEFORE[k]}


@dataclass(frozen=True)
class Band:
    """`given`: the band from `fmin_hz` to `fmax_hz`. `labels`: that of the training calls."""

    band: Literal["given", "labels"]


def crop(options: Spectrogram, sizes: Mapping[str, float | None], rate: float) -> Spectrogram:
    """The spectrogram cropped to the broadest band of the calls; `sizes` has low_hz and high_hz.

    Raises
    ------
    DataError
        No label has a band, no test recordings are named, or there are no frequencies.
    """
    if options.scale == "waveform":
        raise DataError("spectrogram.band is labels, and a waveform has no rows to crop: set given")
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
    """Power in dB of short-time Fourier transforms, no padding, periodic window; MFCC; or samples.

    Equal to `librosa.power_to_db(abs(librosa.stft(x, center=False))**2)`, to
    `scipy.signal.ShortTimeFFT` without scaling, and for `mel` to
    `librosa.feature.melspectrogram` (Slaney's filters), then clipped at the floor. `mfcc` equals
    `librosa.feature.mfcc` of that.

    Parameters
    ----------
    windows : (n, samples).
    rate : in Hz.

    Returns
    -------
    (n, frequencies, frames, 1): 129 x 32 for 2240 samples with n_fft 256 and hop 64;
    (n, coefficients, frames, 1) for `mfcc`, (n, 1, samples, 1) for `waveform`, (n, rows, columns,
    1) for `picture`.

    Raises
    ------
    DataError
        The window is shorter than one frame.
    """
    count, samples = windows.shape
    length = options.frame or options.n_fft
    if samples < length:
        named = "n_fft" if options.frame is None else "frame"
        raise DataError(
            f"windows of {samples} samples are shorter than spectrogram.{named} {length}"
        )
    if options.hop > samples:
        raise DataError(
            f"spectrogram.hop {options.hop} is longer than a window of {samples} samples: lower it"
        )
    if options.scale == "waveform":
        return np.array(windows, np.float32)[:, None, :, None]
    n_frames = 1 + (samples - length) // options.hop
    if options.is_picture:
        columns = np.asarray(windows[:, : n_frames * length], np.float32)
        return columns.reshape(count, n_frames, length, 1).swapaxes(1, 2).copy()
    some = max(1, CHUNK // options.n_fft)
    step = max(1, some // n_frames)
    transform = _Transform((min(step, count), min(some, n_frames)), rate, options)
    result = np.empty((count, transform.rows_out, n_frames, 1), np.float32)
    for at in range(0, count, step):
        for begin in range(0, n_frames, some):
            end = min(begin + some, n_frames)
            reach = slice(begin * options.hop, (end - 1) * options.hop + length)
            chunk = _emphasised(windows[at : at + step], reach, options.pre_emphasis)
            frames = np.lib.stride_tricks.sliding_window_view(chunk, length, axis=1)
            levels = transform(frames[:, :: options.hop])
            result[at : at + step, :, begin:end, 0] = levels.transpose(0, 2, 1)
    return result


def _emphasised(windows: NDArray[np.floating], reach: slice, share: float) -> NDArray[np.float64]:
    """Some samples of windows, less a share of the sample before each."""
    chunk = np.asarray(windows[:, reach], np.float64)
    if not share:
        return chunk
    before = np.asarray(windows[:, max(0, reach.start - 1) : reach.stop - 1], np.float64)
    result = chunk.copy()
    result[:, chunk.shape[1] - before.shape[1] :] -= share * before
    return result


class _Transform:
    """Frames to levels in dB, in arrays that are written over from chunk to chunk.

    Fetching such arrays anew costs more than the transforms in a process whose allocator gives
    them back to the system each time.
    """

    def __init__(self, most: tuple[int, int], rate: float, options: Spectrogram) -> None:
        self.rows = kept_rows(rate, options)
        self.filters = None if options.scale == "linear" else mel_filters(rate, options)
        bins = self.rows.stop - self.rows.start if self.filters is None else len(self.filters)
        self.coefficients = options.n_mfcc if options.scale == "mfcc" else 0
        self.rows_out = self.coefficients or bins
        self.n_fft = options.n_fft
        self.taper = (hann if options.taper == "hann" else hamming)(options.frame_samples)
        self.floor = 10.0 ** (options.floor_db / 10.0)
        self.tapered = np.empty((*most, options.frame_samples))
        self.spectrum = np.empty((*most, options.n_fft // 2 + 1), np.complex128)
        self.power, self.imaginary = (np.empty(self.spectrum.shape) for _ in range(2))
        self.bands = np.empty((*most, bins))

    def __call__(self, frames: NDArray[np.float64]) -> NDArray[np.float64]:
        """Levels (windows, frames, rows) of frames (windows, frames, samples)."""
        here = np.s_[: frames.shape[0], : frames.shape[1]]
        tapered, spectrum, bands = self.tapered[here], self.spectrum[here], self.bands[here]
        power, imaginary = self.power[here], self.imaginary[here]
        np.multiply(frames, self.taper, out=tapered)
        np.fft.rfft(tapered, self.n_fft, out=spectrum)
        np.square(spectrum.real, out=power)
        np.square(spectrum.imag, out=imaginary)
        np.add(power, imaginary, out=power)
        if self.filters is None:
            np.maximum(power[..., self.rows], self.floor, out=bands)
        else:
            np.matmul(power, self.filters.T, out=bands)
            np.maximum(bands, self.floor, out=bands)
        np.log10(bands, out=bands)
        np.multiply(bands, 10.0, out=bands)
        return _cosines(bands, self.coefficients) if self.coefficients else bands


def _cosines(bands: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The first coefficients (..., count) of the orthonormal cosine transform of (..., bands)."""
    from scipy.fft import dct

    return np.asarray(dct(bands, type=2, norm="ortho", axis=-1)[..., :count])


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


def hamming(length: int) -> NDArray[np.float64]:
    """The periodic Hamming window."""
    return 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(length) / length)


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
    """The centre frequency of each row, in Hz; NaN where rows are no frequencies."""
    if not options.has_frequencies:
        rows = {"mfcc": options.n_mfcc, "picture": options.n_fft}.get(options.scale, 1)
        return np.full(rows, np.nan)
    if options.scale == "linear":
        hertz = np.fft.rfftfreq(options.n_fft, 1.0 / rate).astype(np.float64)
        return hertz[kept_rows(rate, options)]
    from librosa import mel_frequencies

    top = options.fmax_hz or rate / 2
    centres = mel_frequencies(n_mels=options.n_mels + 2, fmin=options.fmin_hz, fmax=top)[1:-1]
    return centres.astype(np.float64)


def times_s(samples: int, rate: float, options: Spectrogram, before: int = 0) -> NDArray:
    """The centre of each frame in seconds from the start of the window, after `before` samples."""
    length = options.frame_samples
    n_frames = 1 + (samples - length) // options.step
    return (np.arange(n_frames) * options.step + length / 2 - before) / rate


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
