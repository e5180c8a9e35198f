"""Speed and pitch of a waveform, each without the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.parameters import Between
from rarewave.frontend.spectrogram import hann
from rarewave.training.augmentation.change import Change, Surroundings, factor, in_order

Rate = Annotated[float, Between(0.25, 4)]  # as many times as fast

# Of the phase vocoder: 46 ms at 22.05 kHz, three quarters overlap.
_VOCODER_FFT = 1024
_VOCODER_HOP = 256
# An onset is where a frame has this many times the power of the one before: a sound that enters
# the transform raises it by more, noise that goes on by less.
_ONSET = 1.5


@dataclass(frozen=True)
class Stretch(Change):
    """Played faster (above 1) or slower at the same pitch.

    It keeps its length: cut if slower, filled with silence at its end if faster. `classes` has
    speeds, or a low and a high one, for examples of some classes alone: these are stretched about
    their middle, where windows around calls have them, so that a call is not cut off. Of several
    such classes in one example the one that is named first counts.
    """

    low: Rate = 1.0
    high: Rate = 1.0
    classes: Mapping[str, Rate | tuple[Rate, ...]] = field(default_factory=dict)

    step = "speed"

    def __post_init__(self) -> None:
        in_order(low=self.low, high=self.high)
        for name, rate in self.classes.items():
            if not isinstance(rate, tuple):
                continue
            if len(rate) != 2:
                raise DataError(
                    f"stretch.classes.{name} is {list(rate)}: it must be a speed, or [low, high]"
                )
            in_order(**{f"stretch.classes.{name}: low": rate[0], "high": rate[1]})

    def of(self, labels: tuple[str, ...]) -> tuple[float, float] | None:
        """The lowest and highest speed of an example, by class; None: that of all the others."""
        rate = next((rate for name, rate in self.classes.items() if name in labels), None)
        return rate if rate is None or isinstance(rate, tuple) else (rate, rate)  # type: ignore

    def __call__(
        self, example: NDArray[np.floating], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.floating]:
        own = self.of(about.labels)
        if own is not None:
            return _middle(stretch(example, factor(*own, rng)), len(example))
        if self.classes and self.low == self.high == 1.0:
            return example  # only those classes are meant
        return _fitted(stretch(example, factor(self.low, self.high, rng)), len(example))


@dataclass(frozen=True)
class Pitch(Change):
    """Higher or lower by up to so many semitones at the same speed."""

    semitones: Annotated[float, Between(0, 24)] = 0.0

    step = "speed"

    def __call__(
        self, example: NDArray[np.floating], rng: np.random.Generator, about: Surroundings
    ) -> NDArray[np.floating]:
        return shift_pitch(example, about.rate, rng.uniform(-self.semitones, self.semitones))


def stretch(x: NDArray[np.floating], factor: float) -> NDArray[np.floating]:
    """Samples (n,) played `factor` times as fast at the same pitch: round(n / factor) of them.

    The phase vocoder of Flanagan and Golden, Phase Vocoder, 1966, with the phases of all frames
    summed at once, so that it takes a tenth of a second for 5 s at 22.05 kHz, and taken anew at
    onsets (Röbel, A New Approach to Transient Processing in the Phase Vocoder, DAFx 2003), so that
    a bark or a tick stays one.
    """
    n_fft, hop = _VOCODER_FFT, _VOCODER_HOP
    taper = hann(n_fft)
    padded = np.pad(np.asarray(x, np.float64), (n_fft // 2, n_fft // 2 + 2 * hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    spectrum = np.fft.rfft(frames * taper)
    length = round(len(x) / factor)
    steps = np.arange(0, len(spectrum) - 1, factor)
    before = steps.astype(int)
    share = (steps - before)[:, None]
    size, phase = np.abs(spectrum), np.angle(spectrum)
    power = np.square(size).sum(axis=1)
    size = (1 - share) * size[before] + share * size[before + 1]
    # A phase's advance between frames is known up to whole turns; the bin's frequency settles them.
    expected = 2 * np.pi * hop * np.arange(spectrum.shape[1]) / n_fft
    off = phase[before + 1] - phase[before] - expected
    advance = expected + off - 2 * np.pi * np.round(off / (2 * np.pi))
    # Summed advances keep each bin's frequency but lose how the bins stand to each other: at every
    # onset all start again from the phases that are there.
    onsets = np.cumsum(np.r_[True, power[1:] > _ONSET * power[:-1]])[before]
    onset = np.r_[True, onsets[1:] > onsets[:-1]]
    start = np.maximum.accumulate(np.where(onset, np.arange(len(steps)), 0))
    total = np.cumsum(advance, axis=0) - advance
    phase = phase[before[start]] + total - total[start]
    pieces = np.fft.irfft(size * np.exp(1j * phase), n_fft) * taper
    result = np.zeros(len(pieces) * hop + n_fft)
    weight = np.zeros_like(result)
    for number in range(n_fft // hop):  # every fourth piece is disjoint: added together
        part = pieces[number :: n_fft // hop].ravel()
        at = number * hop
        result[at : at + len(part)] += part
        weight[at : at + len(part)] += np.tile(taper**2, len(part) // n_fft)
    result /= np.maximum(weight, 1e-3)
    return _fitted(result[n_fft // 2 :], length).astype(x.dtype)


def shift_pitch(x: NDArray[np.floating], rate: float, semitones: float) -> NDArray[np.floating]:
    """Samples (n,) with every frequency times 2**(semitones / 12), of the same duration.

    Stretched by the vocoder, then resampled back to the old length.
    """
    import soxr

    ratio = 2.0 ** (semitones / 12)
    longer = stretch(x, 1 / ratio)
    return _fitted(soxr.resample(longer, rate * ratio, rate), len(x)).astype(x.dtype)


def _middle(x: NDArray[np.floating], length: int) -> NDArray[np.floating]:
    """Cut or filled with zeros at both ends alike to `length` samples."""
    before = abs(len(x) - length) // 2
    if len(x) >= length:
        return x[before : before + length]
    return np.pad(x, (before, length - len(x) - before))


def _fitted(x: NDArray[np.floating], length: int) -> NDArray[np.floating]:
    """Cut or filled with zeros at its end to `length` samples."""
    return x[:length] if len(x) >= length else np.pad(x, (0, length - len(x)))
