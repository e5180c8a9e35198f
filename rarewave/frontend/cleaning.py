"""Clean a continuous waveform, block by block: gaps, trend, spikes, rate, band, noise, silence."""

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base import intervals, rates
from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, AtLeast, Between, Seconds
from rarewave.frontend import noise

# Samples cleaned at once, twice as many at the end. The blocks lie where the recording begins,
# so the result depends on nothing but the recording.
BLOCK = 1 << 20
# Samples on either side that the shift by a part of a sample looks at.
_SHIFT = 256
# Seconds over which a level is measured that may be silence.
SILENCE_S = 0.05
# Resampling to more would only make room for nothing.
_MOST_TIMES = 100
_LEAST = 1e-5  # of the rate: a filter of lower frequencies is no numbers any more

Read = Callable[[int, int], NDArray[np.float64]]
Respond = Callable[[NDArray[np.float64], float], NDArray[np.float64]]  # counts, Hz: ground motion


@dataclass(frozen=True)
class Cleaning:
    """How a waveform is cleaned; part of the front end that a model carries.

    `gap_value` is the count that codes missing samples (null: none does), in runs of at least
    `gap_run` samples; a constant stretch of `flat_s` seconds is a gap as well (0: never).
    `spike_factor` is in robust standard deviations of the surrounding minute (0: no despiking).
    `low_hz` and `high_hz` limit the band; null leaves that side open. `output`: counts as they
    are, or ground motion, by the instruments of `response`: a file below ingest.data, of which a
    front end keeps the digest. `silence_db`: what is quieter for at least `silence_s` seconds is
    left out as gaps are; null: none is. `noise_s`: the first seconds of the recording are noise
    alone, and what is no louder than that is taken out of all of it.
    """

    sample_rate_hz: Annotated[float, Above(0)]
    gap_value: float | None
    gap_run: Annotated[int, AtLeast(1)]
    flat_s: Seconds
    spike_factor: Annotated[float, AtLeast(0)]
    low_hz: Annotated[float, Above(0)] | None
    high_hz: Annotated[float, Above(0)] | None
    order: Annotated[int, Between(1, 12)]
    taper_s: Seconds
    output: Literal["counts", "velocity", "displacement"] = "counts"
    response: str | None = None
    noise_s: Annotated[float, Above(0)] | None = None
    silence_db: Annotated[float, Between(-400, 400)] | None = None
    silence_s: Annotated[float, Between(SILENCE_S, 1e6)] = 0.3

    def __post_init__(self) -> None:
        if (self.output == "counts") != (self.response is None):
            raise DataError(
                f"output is {self.output} and response {self.response}: name a StationXML or RESP "
                "file below ingest.data for velocity and displacement, and none for counts"
            )
        if self.noise_s is not None and self.noise_samples < noise.SHORTEST:
            raise DataError(
                f"noise_s ({self.noise_s:g}) is too short for a profile of the noise: at "
                f"sample_rate_hz {self.sample_rate_hz:g} it must be at least "
                f"{noise.SHORTEST / self.sample_rate_hz:g}"
            )
        if self.low_hz is not None and self.high_hz is not None and self.low_hz >= self.high_hz:
            raise DataError(f"low_hz ({self.low_hz:g}) must be below high_hz ({self.high_hz:g})")
        for name in ("low_hz", "high_hz"):
            value = getattr(self, name)
            if value is not None and value >= self.sample_rate_hz / 2:
                raise DataError(
                    f"{name} ({value:g}) must be below half of sample_rate_hz "
                    f"({self.sample_rate_hz / 2:g})"
                )
            if value is not None and value < _LEAST * self.sample_rate_hz:
                raise DataError(
                    f"{name} ({value:g}) is too low for a filter at sample_rate_hz "
                    f"({self.sample_rate_hz:g}): it must be at least {_LEAST:g} of it, or null"
                )

    @property
    def noise_samples(self) -> int:
        """Cleaned samples of the profile of the noise; 0: there is none."""
        return round((self.noise_s or 0.0) * self.sample_rate_hz)


def described(options: Cleaning) -> dict[str, Any]:
    """Plain values, for JSON; what is not in use is not said, as before it was known."""
    content = dataclasses.asdict(options)
    if options.output == "counts":
        del content["output"], content["response"]
    if options.noise_s is None:
        del content["noise_s"]
    if options.silence_db is None:
        del content["silence_db"], content["silence_s"]
    return content


# Of a front end that says nothing of them.
BEFORE: dict[str, Any] = {"output": "counts", "response": None, "noise_s": None}
BEFORE |= {"silence_db": None, "silence_s": 0.3}


class Cleaned(NamedTuple):
    """A cleaned waveform at the wanted rate, and where it was not recorded."""

    samples: NDArray[np.float32]  # (n,), 0 inside gaps
    gap: NDArray[np.bool_]  # (n,), True where the samples say nothing
    lost: NDArray[np.int64]  # (k, 2) the runs of raw samples that were not recorded
    silent: NDArray[np.int64]  # (k, 2) and those that were, but are silence that is left out


def clean(samples: NDArray[np.float64], sample_rate: float, options: Cleaning) -> Cleaned:
    """The whole of one waveform cleaned; see `blocks`.

    Raises
    ------
    DataError
        The rate is too low for the wanted band, or the recording holds no usable sample.
    """
    parts = list(blocks(lambda a, b: samples[a:b], len(samples), sample_rate, options))
    cleaned = Cleaned(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    if cleaned.gap.all():
        raise DataError(NO_SAMPLE)
    return cleaned


NO_SAMPLE = (
    "no usable sample: all of it is gap, constant, NaN or silence; take it out of the folder, or "
    "lower clean.silence_db where that is set"
)


class RateError(DataError):
    """A recording's rate does not fit; `of_recording` says so to who has a model, no parameters."""

    def __init__(self, says: str, sample_rate: float, options: Cleaning) -> None:
        super().__init__(f"wrong sampling rate: it is {sample_rate:g} Hz, {says}")
        top = options.sample_rate_hz / 2 if options.high_hz is None else options.high_hz
        least = max(2 * top, options.sample_rate_hz / _MOST_TIMES)
        self.of_recording = (
            f"wrong sampling rate: it is {sample_rate:g} Hz, and the model looks at up to {top:g} "
            f"Hz, for which a recording needs {least:g} Hz or more"
        )


def check_rate(sample_rate: float, options: Cleaning) -> None:
    """Raise `RateError` where a recording of this rate cannot hold the wanted band."""
    top, says = options.high_hz, ""
    lower = sample_rate < options.sample_rate_hz
    if options.sample_rate_hz > _MOST_TIMES * sample_rate:
        says = (
            f"and clean.sample_rate_hz {options.sample_rate_hz:g} is more than {_MOST_TIMES} times "
            "as much: correct one"
        )
    elif top is not None and not sample_rate > 2 * top:
        says = f"and clean.high_hz {top:g} needs more than {2 * top:g} Hz"
    elif top is None and lower and not rates.same(sample_rate, options.sample_rate_hz):
        says = (
            f"below clean.sample_rate_hz {options.sample_rate_hz:g}: the upper band would be "
            "empty; lower that rate or set clean.high_hz"
        )
    if says:
        raise RateError(says, sample_rate, options)


def raw_per_cleaned(sample_rate: float, options: Cleaning) -> float:
    """How many samples of a recording of this rate last as long as one cleaned sample.

    Rates that differ by a format's rounding only are one: there it is sample for sample.
    """
    same = rates.same(sample_rate, options.sample_rate_hz)
    return 1.0 if same else sample_rate / options.sample_rate_hz


class Plan(NamedTuple):
    """Which blocks a recording is cleaned in; `block` cleans one of them."""

    n_samples: int  # before
    length: int  # samples after cleaning
    n_blocks: int
    size: int | None  # samples of a block before cleaning, the last one longer; None: they differ
    size_out: int  # samples of a block after cleaning
    margin: int  # samples that the filters look at on either side


def plan(n_samples: int, sample_rate: float, options: Cleaning) -> Plan:
    """How a recording is cut into blocks: it depends on nothing but its length and rate.

    Raises
    ------
    DataError
        The rate is too low for the wanted band.
    """
    check_rate(sample_rate, options)
    step, steps_out = _steps(sample_rate, options.sample_rate_hz)
    length = n_samples
    if not rates.same(sample_rate, options.sample_rate_hz):
        length = math.floor(n_samples * options.sample_rate_hz / sample_rate + 0.5)
    if n_samples < 2 * BLOCK:
        return Plan(n_samples, length, 1, n_samples, length, 0)
    margin = _margin(sample_rate, options)
    if step is None:
        size_out = math.ceil(BLOCK * options.sample_rate_hz / sample_rate)
        return Plan(n_samples, length, length // size_out, None, size_out, margin)
    size = -(-BLOCK // step) * step
    margin = -(-margin // step) * step
    return Plan(n_samples, length, n_samples // size, size, size // step * steps_out, margin)


def block(
    read: Read,
    number: int,
    sample_rate: float,
    options: Cleaning,
    planned: Plan,
    respond: Respond | None = None,
    limit: NDArray[np.float64] | None = None,
) -> Cleaned:
    """One block of a waveform, cleaned with the margins that the filters need.

    Gaps are marked and bridged by straight lines before filtering, so that their edges do not
    ring, and set to zero afterwards. Where the band is limited from below, the trend is removed;
    spikes are taken out; the waveform is resampled where its rate differs from the wanted one.
    The band filter is Butterworth, run forwards and backwards (zero phase,
    `scipy.signal.sosfiltfilt`); the taper is a cosine (Tukey) at both ends of the recording.

    Parameters
    ----------
    read : gives raw samples [start, stop) in any unit, NaN where missing.
    number : of the block, from 0.
    sample_rate : in Hz.
    respond : removes the response of the instrument, before resampling; None for counts.
    limit : from `noise_limit`, which is asked here where it is not given and needed.
    """
    if limit is None:
        limit = noise_limit(read, sample_rate, options, planned, respond)
    is_last = number == planned.n_blocks - 1
    first, last, begin, skip, ahead = _place(number, sample_rate, options, planned)
    end = min(planned.n_samples, last + planned.margin)
    wave, gap, lost = _clean_block(read(begin, end), sample_rate, options, ahead, respond)
    if limit is not None:
        wave = noise.suppressed(wave, number * planned.size_out - skip, limit)
    quiet = find_silence(wave, options) & ~gap
    if planned.n_blocks > 1:
        keep = skip + planned.size_out
        if is_last:
            keep = skip + planned.length - number * planned.size_out
            lack = max(0, keep - len(wave))  # where rounding left one sample out
            wave = np.pad(wave, (0, lack), mode="edge")
            gap, quiet = (np.pad(flags, (0, lack), mode="edge") for flags in (gap, quiet))
        wave, gap, quiet = wave[skip:keep], gap[skip:keep], quiet[skip:keep]
    edge = round(options.taper_s * options.sample_rate_hz)
    weights, half = cosine_taper(len(wave), edge), len(wave) // 2
    weights[:half] = weights[:half] if number == 0 else 1.0
    weights[half:] = weights[half:] if is_last else 1.0
    wave *= weights
    gap = gap | quiet  # not in place: at one rate `lost` is the same array
    wave[gap] = 0.0
    runs = intervals.gaps_of(lost[first - begin : last - begin], first)
    silent = intervals.gaps_of(quiet, number * planned.size_out)
    whole = silent >= planned.length  # rounding to a sample: what reaches the end there does here
    silent = np.round(silent * raw_per_cleaned(sample_rate, options)).astype(np.int64)
    silent = np.where(whole, planned.n_samples, np.minimum(silent, planned.n_samples))
    return Cleaned(wave.astype(np.float32), gap, runs, silent)


class _Place(NamedTuple):
    """Where a block lies before cleaning."""

    first: int
    last: int  # one behind
    begin: int  # the first sample that is read
    skip: int  # cleaned samples of what is read that come before the block
    ahead: float  # of a sample by which the first of them lies behind `begin`


def _place(number: int, sample_rate: float, options: Cleaning, planned: Plan) -> _Place:
    """Reading begins on a sample of the new rate, or less than a sample before one.

    The first where the rates have a small ratio; the second else. No error adds up over blocks.
    """
    is_last = number == planned.n_blocks - 1
    if planned.size is not None:
        first = number * planned.size
        begin = max(0, first - planned.margin)
        last = planned.n_samples if is_last else first + planned.size
        skip = (first - begin) * planned.size_out // max(1, planned.size)
        return _Place(first, last, begin, skip, 0.0)
    ratio, before = sample_rate / options.sample_rate_hz, number * planned.size_out
    last = planned.n_samples if is_last else round((before + planned.size_out) * ratio)
    earliest = max(0, math.floor(before - planned.margin / ratio))
    begin = math.floor(earliest * ratio)
    return _Place(round(before * ratio), last, begin, before - earliest, earliest * ratio - begin)


def blocks(
    read: Read,
    n_samples: int,
    sample_rate: float,
    options: Cleaning,
    respond: Respond | None = None,
) -> Iterator[Cleaned]:
    """A waveform of any length, cleaned `block` after block."""
    planned = plan(n_samples, sample_rate, options)
    limit = noise_limit(read, sample_rate, options, planned, respond)
    for number in range(planned.n_blocks):
        yield block(read, number, sample_rate, options, planned, respond, limit)


def noise_limit(
    read: Read,
    sample_rate: float,
    options: Cleaning,
    planned: Plan,
    respond: Respond | None = None,
) -> NDArray[np.float64] | None:
    """Up to which level (frequencies,) in dB a recording is noise, from its first `noise_s`.

    They are cleaned as the blocks are, but for the noise. None where none is taken out.

    Raises
    ------
    DataError
        The recording ends before them, or too little of them was recorded.
    """
    if options.noise_s is None:
        return None
    length = options.noise_samples
    if planned.length <= length:
        raise DataError(
            f"it ends within its first {options.noise_s:g} s, which are taken to be noise: make "
            "clean.noise_s shorter or null, or leave the recording out"
        )
    raw = math.ceil((length + 1) * raw_per_cleaned(sample_rate, options))
    stop = min(planned.n_samples, raw + _margin(sample_rate, options))
    wave, gap, _ = _clean_block(read(0, stop), sample_rate, options, 0.0, respond)
    limit = noise.limits(wave[:length], gap[:length], noise.frame_samples(length))
    if limit is None:
        raise DataError(
            f"its first {options.noise_s:g} s say nothing of the noise, for a gap or a sample that "
            "was not recorded lies in nearly every piece of them: set clean.noise_s to null, or "
            "leave the recording out"
        )
    return limit


def _steps(rate: float, wanted: float) -> tuple[int | None, int]:
    """The least numbers of samples before and after resampling that last equally long.

    None where there is no such small number.
    """
    if rates.same(rate, wanted):
        return 1, 1
    ratio = (Fraction(rate) / Fraction(wanted)).limit_denominator(100_000)
    if abs(float(ratio) * wanted / rate - 1) > 1e-12 or ratio.numerator > BLOCK:
        return None, 0
    return ratio.numerator, ratio.denominator


def _margin(rate: float, options: Cleaning) -> int:
    """Samples on either side of a block that its filters may look at."""
    seconds = max(
        0.1,
        10.0 / (options.low_hz or options.high_hz or np.inf),
        2.0 * options.flat_s,
        120.0 if options.spike_factor else 0.0,
        0.0 if options.output == "counts" else 40.0 / (options.low_hz or np.inf),
    )
    if options.noise_s is not None:
        seconds += noise.reach(options.noise_samples) / options.sample_rate_hz
    if options.silence_db is not None:
        seconds += 2.0 * (options.silence_s + SILENCE_S)
    resampler = max(1024, math.ceil(512 * rate / options.sample_rate_hz))
    return round(seconds * rate) + options.gap_run + resampler


def _clean_block(
    samples: NDArray[np.float64],
    sample_rate: float,
    options: Cleaning,
    ahead: float,
    respond: Respond | None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Samples and gaps at the wanted rate, and gaps at the rate of the recording."""
    if options.output != "counts" and respond is None:
        raise DataError(
            f"this front end gives {options.output}, and the response of the instrument is not "
            "known here: use the commands detect and explain, which know it"
        )
    gap = lost = find_gaps(samples, sample_rate, options)
    wave = np.zeros(len(samples)) if gap.all() else fill_gaps(samples, gap)
    if options.low_hz is not None and not gap.all():
        wave = detrend(wave, gap)
    if options.spike_factor and not gap.all():
        wave = despike(wave, gap, sample_rate, options.spike_factor)
    if respond is not None and not gap.all():
        wave = respond(wave, sample_rate)
    if not rates.same(sample_rate, options.sample_rate_hz):
        wave, gap = resample(wave, gap, sample_rate, options.sample_rate_hz, ahead)
    rate, order = options.sample_rate_hz, options.order
    return band_filter(wave, rate, options.low_hz, options.high_hz, order), gap, lost


def find_gaps(
    samples: NDArray[np.float64], sample_rate: float, options: Cleaning
) -> NDArray[np.bool_]:
    """Samples that say nothing: NaN, runs of the gap count, flat lines."""
    gap = ~np.isfinite(samples)
    if options.gap_value is not None:
        gap |= _long_runs(samples == options.gap_value, options.gap_run)
    if options.flat_s:
        same = np.zeros(len(samples), bool)
        same[1:] = samples[1:] == samples[:-1]
        flat = _long_runs(same, max(1, round(options.flat_s * sample_rate) - 1))
        flat[:-1] |= flat[1:] & ~flat[:-1]  # the first sample of each flat line
        gap |= flat
    return gap


def find_silence(wave: NDArray[np.float64], options: Cleaning) -> NDArray[np.bool_]:
    """Cleaned samples (n,) in runs of `silence_s` whose level stays below `silence_db`.

    The level is the mean power of the 50 ms around a sample, in dB of full scale 1 (of sound
    files; of others of one count or unit): a threshold on the short-time energy, as in Rabiner and
    Sambur, An Algorithm for Determining the Endpoints of Isolated Utterances, 1975. It does not
    depend on the rest of the recording, so that a block has the silence of the whole.
    """
    if options.silence_db is None:
        return np.zeros(len(wave), bool)
    rate = options.sample_rate_hz
    half = max(1, round(SILENCE_S / 2 * rate))
    total = np.cumsum(np.concatenate(([0.0], np.square(wave))))
    at = np.arange(len(wave))
    begin, end = np.maximum(at - half, 0), np.minimum(at + half + 1, len(wave))
    power = (total[end] - total[begin]) / (end - begin)
    quiet = power < 10 ** (options.silence_db / 10)
    return _long_runs(quiet, max(1, round(options.silence_s * rate)))


def fill_gaps(samples: NDArray[np.float64], gap: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Straight lines over the gaps; a gap at an end takes the nearest known value."""
    if not gap.any():
        return samples.copy()
    index = np.arange(len(samples))
    return np.interp(index, index[~gap], samples[~gap])


def detrend(samples: NDArray[np.float64], gap: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Remove the straight line that fits the known samples best."""
    index = np.arange(len(samples)) / max(1, len(samples) - 1) - 0.5
    known = index[~gap]
    centre, values = known.mean(), samples[~gap]
    spread = np.square(known - centre).sum()
    slope = ((known - centre) * (values - values.mean())).sum() / spread if spread else 0.0
    return samples - values.mean() - slope * (index - centre)


def despike(
    samples: NDArray[np.float64],
    gap: NDArray[np.bool_],
    sample_rate: float,
    factor: float,
) -> NDArray[np.float64]:
    """Replace single-sample outliers by the median of their five neighbours.

    An outlier departs from that median by more than `factor` robust standard deviations
    (1.4826 times the median absolute departure) of the minute around it. Only the surrounding
    minute counts, so that a loud event is not taken for a row of spikes.
    """
    from scipy.ndimage import median_filter

    smooth = median_filter(samples, size=5, mode="nearest")
    departure = np.abs(samples - smooth)
    block = max(5, round(60.0 * sample_rate))
    count = -(-len(samples) // block)
    padded = np.full(count * block, np.nan)
    padded[: len(samples)] = np.where(gap, np.nan, departure)
    blocks = padded.reshape(count, block)
    scale = np.full(count, np.inf)
    known = np.isfinite(blocks).any(axis=1)
    scale[known] = 1.4826 * np.nanmedian(blocks[known], axis=1)
    # A median departure of nothing: a smooth or a quantised stretch. There its spread stands for
    # the scale, and at least the quantisation step, or a flickering digit would be spikes.
    for at in np.flatnonzero(known & (scale == 0)):
        here = slice(at * block, (at + 1) * block)
        steps = np.abs(np.diff(samples[here]))
        step = steps[steps > 0].min() if steps.any() else np.inf
        scale[at] = max(smooth[here].std(), step)
    limit = factor * np.repeat(scale, block)[: len(samples)]
    return np.where(departure > limit, smooth, samples)


def band_filter(
    samples: NDArray[np.float64],
    sample_rate: float,
    low_hz: float | None,
    high_hz: float | None,
    order: int,
) -> NDArray[np.float64]:
    """Zero-phase Butterworth filter of twice `order` (forwards and backwards).

    A band-pass, a high-pass or a low-pass, as the limits say; without limits nothing is done.
    """
    from scipy.signal import butter, sosfiltfilt

    if (low_hz is None and high_hz is None) or len(samples) < 2:
        return samples
    if low_hz is not None and high_hz is not None:
        sos = butter(order, [low_hz, high_hz], "bandpass", fs=sample_rate, output="sos")
    elif low_hz is not None:
        sos = butter(order, low_hz, "highpass", fs=sample_rate, output="sos")
    else:
        sos = butter(order, high_hz, "lowpass", fs=sample_rate, output="sos")
    pad = min(len(samples) - 1, round(3 * sample_rate / (low_hz or high_hz or 1.0)))
    return sosfiltfilt(sos, samples, padlen=max(0, pad))


def cosine_taper(length: int, edge: int) -> NDArray[np.float64]:
    """Weights (length,) that rise from 0 to 1 over `edge` samples and fall at the end."""
    taper = np.ones(length)
    edge = min(edge, length // 2)
    if edge:
        ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
        taper[:edge] = ramp
        taper[length - edge :] = ramp[::-1]
    return taper


def resample(
    samples: NDArray[np.float64],
    gap: NDArray[np.bool_],
    rate: float,
    wanted: float,
    ahead: float = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Band-limited change of the sampling rate (soxr, very high quality); gaps follow.

    The first new sample lies `ahead` (0 to 1) of a sample behind the first.
    """
    import soxr

    wave = soxr.resample(shifted(samples, ahead), rate, wanted, quality="VHQ")
    at = np.arange(len(wave)) * (rate / wanted) + ahead
    nearest = np.minimum(np.floor(at + 0.5), len(gap) - 1)
    return wave, gap[nearest.astype(np.int64)]


def shifted(samples: NDArray[np.float64], ahead: float) -> NDArray[np.float64]:
    """A waveform read `ahead` (0 to 1) of a sample later: a sinc in a Kaiser window."""
    from scipy.signal import oaconvolve

    if not ahead:
        return samples
    at = ahead - np.arange(-_SHIFT, _SHIFT + 1)
    taps = np.sinc(at) * np.i0(10 * np.sqrt(np.maximum(1 - (at / (_SHIFT + 1)) ** 2, 0)))
    taps /= taps.sum()
    return oaconvolve(np.pad(samples, _SHIFT, mode="edge"), taps[::-1], "valid")


def _long_runs(flags: NDArray[np.bool_], shortest: int) -> NDArray[np.bool_]:
    """The flags that stand in runs of at least `shortest`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    begin, end = edges[::2], edges[1::2]
    kept = end - begin >= shortest
    steps = np.zeros(len(flags) + 1, np.int32)
    np.add.at(steps, begin[kept], 1)
    np.add.at(steps, end[kept], -1)
    return np.cumsum(steps[:-1]) > 0
