"""Change training examples at random, so that a network learns what does not matter.

Two places: `augment_waveforms` on samples, before the spectrogram (noise, stretch, pitch), and
`augment_spectrograms` on power in dB, before the normalisation (everything else, cheap enough for
every epoch). `mixup` comes last because it mixes the targets too. All draw from the generator
that they are given, so a seed repeats them to the bit, and none changes its input in place.
"""

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, AtLeast, Between, Fraction
from rarewave.frontend.spectrogram import Spectrogram, hann, spectrograms

# Of the phase vocoder: 46 ms at 22.05 kHz, three quarters overlap.
_VOCODER_FFT = 1024
_VOCODER_HOP = 256
# An onset is where a frame has this many times the power of the one before: a sound that enters
# the transform raises it by more, noise that goes on by less.
_ONSET = 1.5


@dataclass(frozen=True)
class Augmentation:
    """How training examples are changed; every change has the probability that it is drawn.

    On spectrograms: `time_shift` rolls by up to so many seconds either way, what leaves one end
    enters at the other; `time_scale` plays faster (above 1) or slower about the middle, the ends
    held where frames are lacking. `gain` and `band_gain` draw from plus or minus so many dB, for
    the whole example or for a curve over the rows through `band_gain_nodes` such draws. `row_shift`
    moves the rows up or down by up to so many. `background` adds another recording at a ratio of
    powers. `time_mask` and `frequency_mask` blank up to so many seconds or rows, `time_masks` and
    `frequency_masks` times.

    On waveforms: `noise` adds noise whose power falls as 1/f**exponent (0 white, 1 pink, 2 brown);
    `stretch` plays faster (rate above 1) or slower at the same pitch; `pitch` moves the pitch by up
    to so many semitones at the same speed.

    `mixup` blends pairs by a weight from a beta distribution.
    """

    time_shift_p: Fraction = 0.0
    time_shift_s: Annotated[float, AtLeast(0)] = 0.0
    time_scale_p: Fraction = 0.0
    time_scale_low: Annotated[float, Between(0.25, 4)] = 1.0
    time_scale_high: Annotated[float, Between(0.25, 4)] = 1.0
    gain_p: Fraction = 0.0
    gain_db: Annotated[float, AtLeast(0)] = 0.0
    band_gain_p: Fraction = 0.0
    band_gain_db: Annotated[float, AtLeast(0)] = 0.0
    band_gain_nodes: Annotated[int, AtLeast(2)] = 4
    row_shift_p: Fraction = 0.0
    row_shift_rows: Annotated[int, AtLeast(0)] = 0
    background_p: Fraction = 0.0
    background_snr_low_db: float = 0.0
    background_snr_high_db: float = 0.0
    time_mask_p: Fraction = 0.0
    time_mask_s: Annotated[float, AtLeast(0)] = 0.0
    time_masks: Annotated[int, AtLeast(1)] = 1
    frequency_mask_p: Fraction = 0.0
    frequency_mask_rows: Annotated[int, AtLeast(0)] = 0
    frequency_masks: Annotated[int, AtLeast(1)] = 1
    noise_p: Fraction = 0.0
    noise_snr_low_db: float = 0.0
    noise_snr_high_db: float = 0.0
    noise_exponent_low: Annotated[float, Between(-2, 3)] = 0.0
    noise_exponent_high: Annotated[float, Between(-2, 3)] = 0.0
    stretch_p: Fraction = 0.0
    stretch_low: Annotated[float, Between(0.25, 4)] = 1.0
    stretch_high: Annotated[float, Between(0.25, 4)] = 1.0
    pitch_p: Fraction = 0.0
    pitch_semitones: Annotated[float, Between(0, 24)] = 0.0
    mixup_p: Fraction = 0.0
    mixup_alpha: Annotated[float, Above(0)] = 0.2

    def __post_init__(self) -> None:
        for low, high in (
            ("background_snr_low_db", "background_snr_high_db"),
            ("noise_snr_low_db", "noise_snr_high_db"),
            ("noise_exponent_low", "noise_exponent_high"),
            ("stretch_low", "stretch_high"),
            ("time_scale_low", "time_scale_high"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise DataError(f"{low} must not be greater than {high}")

    @property
    def of_waveforms(self) -> bool:
        """Whether samples are needed, not the spectrogram alone."""
        return bool(self.noise_p or self.stretch_p or self.pitch_p)


def augment(
    X: NDArray[np.float32],
    waveforms: NDArray[np.float32] | None,
    backgrounds: NDArray[np.float32] | None,
    rng: np.random.Generator,
    rate: float,
    spec: Spectrogram,
    options: Augmentation,
) -> NDArray[np.float32]:
    """Examples changed as drawn for each: first their samples, where given, then spectrograms.

    Parameters
    ----------
    X : (n, frequencies, frames, channels) dB.
    waveforms : (n, samples) of the same windows, needed where `options.of_waveforms`.
    backgrounds : (m, frequencies, frames, channels) dB, to be mixed in.
    rate : of the samples, in Hz.
    """
    if waveforms is not None and options.of_waveforms:
        X = spectrograms(augment_waveforms(waveforms, rng, rate, options), rate, spec)
    frame_s = spec.hop / rate
    return augment_spectrograms(X, rng, options, frame_s, backgrounds, spec.floor_db)


def augment_spectrograms(
    X: NDArray[np.float32],
    rng: np.random.Generator,
    options: Augmentation,
    frame_s: float,
    backgrounds: NDArray[np.float32] | None = None,
    floor_db: float | None = None,
) -> NDArray[np.float32]:
    """Each spectrogram changed by what is drawn for it: shift, rows, background, gains, masks.

    Parameters
    ----------
    X : (n, frequencies, frames, channels) power in dB. The first channel is the level; others
        follow its changes of power, as a level above a noise floor does, but not its gains.
    frame_s : seconds from one frame to the next, hop / rate.
    backgrounds : (m, frequencies, frames, channels) in dB, of other recordings.
    floor_db : where the spectrograms were clipped; values there are silence, which no gain lifts.

    Returns
    -------
    As `X`; `X` itself if every probability is zero.
    """
    o = options
    with_background = o.background_p > 0 and backgrounds is not None and len(backgrounds) > 0
    chances = (
        o.time_shift_p,
        o.time_scale_p,
        o.gain_p,
        o.band_gain_p,
        o.row_shift_p,
        o.time_mask_p,
    )
    if not any(chances) and not o.frequency_mask_p and not with_background:
        return X
    count, rows = X.shape[:2]
    result = X.copy()
    if o.time_shift_p:
        most = round(o.time_shift_s / frame_s)
        for i in _chosen(count, o.time_shift_p, rng):
            result[i] = np.roll(result[i], rng.integers(-most, most + 1), axis=1)
    if o.time_scale_p:
        for i in _chosen(count, o.time_scale_p, rng):
            result[i] = scale_time(result[i], _factor(o.time_scale_low, o.time_scale_high, rng))
    if o.row_shift_p:
        for i in _chosen(count, o.row_shift_p, rng):
            most = min(o.row_shift_rows, rows - 1)
            result[i] = shift_rows(result[i], int(rng.integers(-most, most + 1)))
    if with_background:
        assert backgrounds is not None
        for i in _chosen(count, o.background_p, rng):
            other = backgrounds[rng.integers(len(backgrounds))]
            snr_db = rng.uniform(o.background_snr_low_db, o.background_snr_high_db)
            result[i] = add_background(result[i], other, snr_db)
    if o.gain_p:
        for i in _chosen(count, o.gain_p, rng):
            result[i] = amplify(result[i], rng.uniform(-o.gain_db, o.gain_db), floor_db)
    if o.band_gain_p:
        for i in _chosen(count, o.band_gain_p, rng):
            curve = band_gains(rows, o.band_gain_nodes, o.band_gain_db, rng)
            result[i] = amplify(result[i], curve[:, None], floor_db)
    if o.time_mask_p:
        _mask(result, o.time_mask_p, round(o.time_mask_s / frame_s), o.time_masks, 1, rng)
    if o.frequency_mask_p:
        _mask(result, o.frequency_mask_p, o.frequency_mask_rows, o.frequency_masks, 0, rng)
    return result


def augment_waveforms(
    x: NDArray[np.floating], rng: np.random.Generator, rate: float, options: Augmentation
) -> NDArray[np.floating]:
    """Each waveform stretched, moved in pitch and given noise, as drawn for it.

    A stretched one keeps its length: cut if slower, filled with silence at its end if faster.

    Parameters
    ----------
    x : (n, samples).
    rate : in Hz.

    Returns
    -------
    As `x`; `x` itself if every probability is zero.
    """
    if not options.of_waveforms:
        return x
    result = x.copy()
    count, samples = x.shape
    if options.stretch_p:
        for i in _chosen(count, options.stretch_p, rng):
            factor = _factor(options.stretch_low, options.stretch_high, rng)
            result[i] = _fitted(stretch(result[i], factor), samples)
    if options.pitch_p:
        for i in _chosen(count, options.pitch_p, rng):
            semitones = rng.uniform(-options.pitch_semitones, options.pitch_semitones)
            result[i] = shift_pitch(result[i], rate, semitones)
    if options.noise_p:
        for i in _chosen(count, options.noise_p, rng):
            exponent = rng.uniform(options.noise_exponent_low, options.noise_exponent_high)
            snr_db = rng.uniform(options.noise_snr_low_db, options.noise_snr_high_db)
            result[i] = add_noise(result[i], snr_db, exponent, rng)
    return result


def examples(
    X: NDArray[np.float32],
    waveform: NDArray[np.float32] | None,
    backgrounds: NDArray[np.float32],
    rate: float,
    spec: Spectrogram,
    options: Augmentation,
    seed: int,
) -> dict[str, NDArray[np.float32]]:
    """One example as it is, under each augmentation in use alone, and under all of them.

    Parameters
    ----------
    X : (1, frequencies, frames, channels) dB.
    waveform : (1, samples) of it, needed where an augmentation is of the waveform.

    Returns
    -------
    Name to (frequencies, frames) of the first channel.
    """
    found = {"as it is": X[0, :, :, 0]}
    names = [f.name.removesuffix("_p") for f in dataclasses.fields(options) if f.name[-2:] == "_p"]
    used = [n for n in names if n != "mixup" and getattr(options, f"{n}_p") > 0]
    for name in [*used, "all"] if used else []:
        alone: dict[str, Any] = {f"{n}_p": float(n == name) for n in used if name != "all"}
        only = dataclasses.replace(options, **alone)
        rng = np.random.Generator(np.random.PCG64([seed, len(found)]))
        changed = augment(X, waveform, backgrounds, rng, rate, spec, only)
        found[name.replace("_", " ")] = changed[0, :, :, 0]
    return found


def mixup(
    X: NDArray[np.float32],
    targets: NDArray[np.float32],
    rng: np.random.Generator,
    options: Augmentation,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Examples and targets, each blended with another of the same batch.

    Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018. A weight from
    Beta(alpha, alpha) per example.

    Parameters
    ----------
    X : (n, ...) as the network takes it, normalised.
    targets : (n, ...) probabilities, such as one column per class or (n,) for two classes.

    Returns
    -------
    X and targets; the inputs themselves if the probability is zero.
    """
    if not options.mixup_p:
        return X, targets
    count = len(X)
    weight = rng.beta(options.mixup_alpha, options.mixup_alpha, count)
    weight[rng.random(count) >= options.mixup_p] = 1.0
    partner = rng.permutation(count)

    def blend(values: NDArray[np.float32]) -> NDArray[np.float32]:
        share = weight.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
        return share * values + (1 - share) * values[partner]

    return blend(X), blend(targets)


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


def scale_time(X: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """One spectrogram played `factor` times as fast about its middle, straight between frames.

    Cheaper than a phase vocoder, and as good where only the power is seen (Niizumi et al., BYOL for
    Audio, 2021, resize spectrograms so).
    """
    frames = X.shape[1]
    middle = (frames - 1) / 2
    at = np.clip(middle + (np.arange(frames) - middle) * factor, 0, frames - 1)
    before = np.minimum(at.astype(int), max(frames - 2, 0))
    share = (at - before).astype(np.float32)[:, None]
    after = np.minimum(before + 1, frames - 1)
    return X[:, before] * (1 - share) + X[:, after] * share


def _factor(low: float, high: float, rng: np.random.Generator) -> float:
    """A speed drawn on a logarithmic scale: as likely slower as faster by the same factor."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def shift_rows(X: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    """One spectrogram with its rows moved up by `rows`; the end row fills what comes free.

    On a mel scale above 1 kHz, which is logarithmic, a change of pitch; below, of frequency.
    """
    source = np.clip(np.arange(len(X)) - rows, 0, len(X) - 1)
    return X[source]


def add_background(
    X: NDArray[np.float32], other: NDArray[np.float32], snr_db: float
) -> NDArray[np.float32]:
    """One spectrogram plus another at a ratio of mean powers in dB, added as powers.

    Of uncorrelated recordings the powers add on average (Salamon and Bello, Deep Convolutional
    Neural Networks and Data Augmentation for Environmental Sound Classification, 2017, mix the
    waveforms). A silent background changes nothing, nor does a silent spectrogram take any.

    Parameters
    ----------
    X, other : (frequencies, frames, channels) in dB; the first channel is mixed, others rise by
        as much as it does.
    """
    level = X[..., 0].astype(np.float64)
    signal, noise = 10 ** (level / 10), 10 ** (other[..., 0].astype(np.float64) / 10)
    wanted = signal.mean() / 10 ** (snr_db / 10)
    mixed = 10 * np.log10(signal + noise * (wanted / noise.mean()))
    return X + (mixed - level)[..., None].astype(np.float32)


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


def _chosen(count: int, probability: float, rng: np.random.Generator) -> NDArray[np.intp]:
    return np.flatnonzero(rng.random(count) < probability)


def _mask(
    X: NDArray[np.float32], p: float, most: int, times: int, axis: int, rng: np.random.Generator
) -> None:
    """Blank stretches of up to `most` frames or rows with the mean of the spectrogram, in place.

    Park et al., SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition,
    Interspeech 2019.
    """
    length = X.shape[1 + axis]
    for i in _chosen(len(X), p, rng):
        mean = X[i].mean(axis=(0, 1))
        for _ in range(times):
            width = int(rng.integers(0, min(most, length) + 1))
            start = int(rng.integers(0, length - width + 1))
            place = [slice(None), slice(None)]
            place[axis] = slice(start, start + width)
            X[i][tuple(place)] = mean


def _fitted(x: NDArray[np.floating], length: int) -> NDArray[np.floating]:
    """Cut or filled with zeros at its end to `length` samples."""
    return x[:length] if len(x) >= length else np.pad(x, (0, length - len(x)))
