"""The front end: one description of how recordings become the arrays that a network sees.

The stages use its parts, the trained model carries all of it, and whatever scores new
recordings rebuilds it from the model. Data made by another front end are refused.
"""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base import intervals, parameters
from rarewave.base.errors import DataError
from rarewave.frontend import cleaning, spectrogram
from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.grid import Grid, extent, filled, starts
from rarewave.frontend.spectrogram import (
    Spectrogram,
    above_floor,
    frequencies_hz,
    running_floor,
    spectrograms,
    times_s,
)


@dataclass(frozen=True)
class FrontEnd:
    """Cleaning, windows and spectrogram, with a stable digest."""

    clean: Cleaning
    grid: Grid
    spectrogram: Spectrogram

    def __post_init__(self) -> None:
        grid = self.grid
        places = grid.window_samples, grid.hop_samples, grid.context_samples
        if not self.spectrogram.is_picture:
            return
        if any(count % self.spectrogram.n_fft for count in places):
            raise DataError(
                f"spectrogram.scale is picture: clean.window_samples, hop_samples and "
                f"context_samples, {', '.join(map(str, places))}, must be whole columns of "
                f"{self.spectrogram.n_fft} pixels (spectrogram.n_fft)"
            )
        if grid.pad_short is True:
            raise DataError(
                "spectrogram.scale is picture, and clean.pad_short true would fill short ones with "
                "0 dB: set it to repeat, or to false"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dataclasses.asdict(self) | {
            "clean": cleaning.described(self.clean),
            "spectrogram": spectrogram.described(self.spectrogram),
        }

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> "FrontEnd":
        """The front end that `to_dict` described; raises `DataError` where it is none."""
        try:
            return FrontEnd(
                parameters.build(Cleaning, cleaning.BEFORE | content["clean"], "clean"),
                parameters.build(Grid, content["grid"], "grid"),
                parameters.build(
                    Spectrogram, spectrogram.BEFORE | content["spectrogram"], "spectrogram"
                ),
            )
        except KeyError as missing:
            raise DataError(f"the stored front end has no {missing}: train again") from None
        except TypeError as error:
            raise DataError(f"the stored front end is broken ({error}): train again") from None

    @property
    def digest(self) -> str:
        """Equal for equal front ends, on every machine."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def input_samples(self) -> int:
        """Samples that one spectrogram is made of: the window and its context."""
        return self.grid.window_samples + 2 * self.grid.context_samples

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one spectrogram: rows, frames, channels."""
        channels = 2 if self.spectrogram.floor_s else 1
        return len(self.frequencies_hz), len(self.times_s), channels

    @property
    def window_frames(self) -> slice:
        """The frames whose centre lies inside the window, not in its context."""
        duration = self.grid.window_samples / self.clean.sample_rate_hz
        inside = np.flatnonzero((self.times_s >= 0) & (self.times_s < duration))
        return slice(int(inside[0]), int(inside[-1]) + 1)

    @property
    def frequencies_hz(self) -> NDArray[np.float64]:
        """Centre frequency of each spectrogram row; NaN where rows are no frequencies."""
        return frequencies_hz(self.clean.sample_rate_hz, self.spectrogram)

    @property
    def band_hz(self) -> tuple[float, float]:
        """The lowest and the highest frequency that a network hears: of rows their centres.

        NaN of pictures, whose rows say nothing of it.
        """
        if self.spectrogram.has_frequencies:
            return float(self.frequencies_hz[0]), float(self.frequencies_hz[-1])
        if self.spectrogram.is_picture:
            return np.nan, np.nan
        half = self.clean.sample_rate_hz / 2
        if self.spectrogram.scale == "waveform":
            return self.clean.low_hz or 0.0, self.clean.high_hz or half
        return self.spectrogram.fmin_hz, self.spectrogram.fmax_hz or half

    @property
    def in_band(self) -> NDArray[np.bool_]:
        """Which rows lie between the ends of the band-pass; all where rows are no frequencies."""
        if not self.spectrogram.has_frequencies:
            return np.ones(self.shape[0], bool)
        hertz, high = self.frequencies_hz, self.clean.high_hz
        return (hertz >= (self.clean.low_hz or 0)) & (hertz <= (np.inf if high is None else high))

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Centre time of each spectrogram column, from the start of the window."""
        rate, before = self.clean.sample_rate_hz, self.grid.context_samples
        return times_s(self.input_samples, rate, self.spectrogram, before)


# Windows transformed at once, and samples of windows that share a noise floor's computation:
# they bound the memory.
CHUNK = 256
_SPAN = 1 << 20
_STRETCH = 64  # segments of one pass; of `CHUNK` a divisor, so that a scan goes on where it was

Read = Callable[[int, int], NDArray[np.float32]]


def in_chunks(X: NDArray[np.float32], rows: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """Some rows of spectrograms, perhaps memory-mapped, a chunk at a time."""
    for at in range(0, len(rows), CHUNK):
        yield X[rows[at : at + CHUNK]]


def reach(front_end: FrontEnd) -> int:
    """Samples that `spectra` may go back from where it has just yielded windows."""
    windows_back = CHUNK + 2 * _floor_windows(front_end)
    return windows_back * front_end.grid.hop_samples + front_end.input_samples


def _floor_windows(front_end: FrontEnd) -> int:
    """Windows that the noise floor looks at."""
    seconds, hop = front_end.spectrogram.floor_s, front_end.grid.hop_samples
    return max(1, round(seconds * front_end.clean.sample_rate_hz / hop)) if seconds else 0


def spectra(
    front_end: FrontEnd,
    read: Read,
    n_samples: int,
    first: NDArray[np.int64],
    wanted: Callable[[slice], NDArray[np.bool_]],
    recorded: Callable[[slice], NDArray[np.bool_]],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Spectrograms of the wanted windows of one cleaned recording, a chunk at a time.

    Memory does not grow with the recording, and the result depends on nothing but the recording.

    Parameters
    ----------
    read : gives cleaned samples [start, stop); it is called from the start to the end, each
        time from where the noise floor and the context of the next windows begin.
    n_samples : of the cleaned recording.
    first : (windows,) first samples of all windows, in order.
    wanted : which of some windows to give; where it is none, nothing is read.
    recorded : which of them are no gap, called when their samples have been read; the noise
        floor is taken from these.

    Yields
    ------
    Indices (some,) of the windows and their spectrograms (some, frequencies, frames, channels).
    """
    grid, options = front_end.grid, front_end.spectrogram
    width = _floor_windows(front_end)
    span = max(1, _SPAN // grid.hop_samples)
    # A recording up to twice as long is one span.
    limits = [*range(0, max(1, len(first) - span + 1), span), len(first)]
    for begin, end in itertools.pairwise(limits):
        chosen = begin + np.flatnonzero(wanted(slice(begin, end)))
        if not len(chosen):
            continue
        around = slice(max(0, begin - width), min(len(first), end + width))
        length, context = grid.window_samples, grid.context_samples
        start, stop, *_ = extent(first[around], length, context, n_samples)
        samples = read(start, stop)

        def some(
            chosen: NDArray[np.int64], samples: NDArray[np.float32] = samples, start: int = start
        ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
            for at in range(0, len(chosen), CHUNK):
                rows = chosen[at : at + CHUNK]
                yield rows, _transform(front_end, samples, start, n_samples, first[rows])

        if not width:
            yield from some(chosen)
            continue
        everything = np.arange(around.start, around.stop)
        means = [X.mean(axis=(2, 3), dtype=np.float64) for _, X in some(everything)]
        level = np.concatenate(means)[_nearest(recorded(around))]
        floor = running_floor(level, width, options.floor_quantile)
        for rows, X in some(chosen):
            yield rows, above_floor(X, floor[rows - around.start])


def _transform(
    front_end: FrontEnd,
    samples: NDArray[np.float32],
    start: int,
    n_samples: int,
    first: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Spectrograms of windows whose samples (and context) lie in `samples`, from `start` on.

    Where windows overlap and frames fall on the same samples, a frame is transformed once.
    """
    rate, grid, options = front_end.clean.sample_rate_hz, front_end.grid, front_end.spectrogram
    begin, end, before, behind = extent(first, grid.window_samples, grid.context_samples, n_samples)
    piece = samples[begin - start : end - start]
    if n_samples < grid.window_samples:
        behind -= grid.window_samples - n_samples
        piece = filled(piece, grid.window_samples, grid.pad_short)
    if before or behind:
        # Of a picture whole columns, each from the bottom to the top.
        size = options.n_fft if options.is_picture else 1
        around = (before // size, behind // size), (0, 0)
        piece = np.pad(piece.reshape(-1, size), around, mode="reflect").ravel()
    offsets, length = first - first[0], front_end.input_samples
    cut = np.lib.stride_tricks.sliding_window_view(piece, length)
    shared = offsets % options.hop == 0
    apart = shared.sum() < 2 or (np.diff(offsets[shared]) >= length).any()
    if apart or options.scale == "waveform":
        return spectrograms(cut[offsets], rate, options)
    X = np.empty((len(first), *front_end.shape[:2], 1), np.float32)
    last = offsets[shared][-1]
    # What lies behind the last whole frame belongs to no window.
    long = spectrograms(piece[None, : last + length], rate, options)[0, :, :, 0]
    view = np.lib.stride_tricks.sliding_window_view(long, front_end.shape[1], axis=1)
    X[shared, :, :, 0] = view[:, offsets[shared] // options.hop].swapaxes(0, 1)
    if options.pre_emphasis:  # the first sample of a window knows none before it
        reach = max(options.frame_samples, options.hop)
        begins = spectrograms(cut[offsets[shared], :reach], rate, options)
        X[shared, :, :1] = begins[:, :, :1]
    if not shared.all():
        X[~shared] = spectrograms(cut[offsets[~shared]], rate, options)
    return X


@dataclass(frozen=True)
class Segments:
    """What a network that takes any number of frames gives a score to, in frames.

    A segment's score depends on itself and on at most `margin` frames on either side. The margin
    is a multiple of the hop, so that a piece that begins there is pooled as the whole is.
    """

    frames: int
    hop: int
    margin: int


def of_segments(front_end: FrontEnd, segments: Segments) -> FrontEnd:
    """The front end whose windows are the segments of a network that scores those."""
    hop = front_end.spectrogram.step
    length = (segments.frames - 1) * hop + front_end.spectrogram.frame_samples
    grid = replace(front_end.grid, window_samples=length, hop_samples=segments.hop * hop)
    return replace(front_end, grid=grid)


def apart(X: NDArray[np.float32], segments: Segments) -> NDArray[np.float32]:
    """Spectrograms (n, frequencies, frames, channels) to all segments of each (n x k, ...)."""
    views = np.lib.stride_tricks.sliding_window_view(X, segments.frames, axis=2)
    views = views[:, :, :: segments.hop].transpose(0, 2, 1, 4, 3)
    return np.ascontiguousarray(views.reshape(-1, *views.shape[2:]))


class Stretch(NamedTuple):
    """A long spectrogram for one pass of a network, and the segments that it is there for."""

    rows: NDArray[np.int64]  # (n,) of all segments of the recording
    spectrogram: NDArray[np.float32]  # (1, frequencies, frames, channels) dB
    before: int  # segments in front of them that are only their margin


def stretches(
    front_end: FrontEnd,
    segments: Segments,
    read: Read,
    n_samples: int,
    first: NDArray[np.int64],
    wanted: Callable[[slice], NDArray[np.bool_]],
) -> Iterator[Stretch]:
    """Spectrograms of one cleaned recording for a network that scores segments, piece by piece.

    Each is long enough on either side that the scores are those of one pass over everything. The
    last segment, flush with the end, is a stretch of its own where the hop does not reach it.

    Parameters
    ----------
    front_end : from `of_segments`.
    read : as for `spectra`.
    n_samples : of the cleaned recording.
    first : (segments,) first samples, from `grid.starts`.
    wanted : which of some segments to give; stretches with none are left out.
    """
    hop = front_end.grid.hop_samples
    aligned = len(first) - bool(first[-1] % hop)
    blocks = [(at, min(at + _STRETCH, aligned)) for at in range(0, aligned, _STRETCH)]
    blocks += [(aligned, len(first))] if aligned < len(first) else []
    more = segments.margin // segments.hop  # segments of the margin
    for begin, end in blocks:
        if not wanted(slice(begin, end)).any():
            continue
        before = min(more, int(first[begin]) // hop)
        start = int(first[begin]) - before * hop
        stop = int(first[end - 1]) + front_end.grid.window_samples + more * hop
        samples = read(start, min(stop, n_samples))
        samples = filled(samples, front_end.grid.window_samples, front_end.grid.pad_short)
        X = spectrograms(samples[None], front_end.clean.sample_rate_hz, front_end.spectrogram)
        yield Stretch(np.arange(begin, end), X, before)


def _nearest(good: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each window the nearest good one; itself where none is good."""
    index = np.arange(len(good))
    if not good.any():
        return index
    known = np.flatnonzero(good)
    after = np.minimum(np.searchsorted(known, index), len(known) - 1)
    before = np.maximum(after - 1, 0)
    closer = np.abs(known[before] - index) < np.abs(known[after] - index)
    return np.where(closer, known[before], known[after])


class Windows(NamedTuple):
    """What the front end makes of one recording."""

    start_s: NDArray[np.float64]  # (n,)
    missing: NDArray[np.float64]  # (n,) share of the samples that were not recorded
    spectrograms: NDArray[np.float32]  # (n, frequencies, frames, channels)


def apply(front_end: FrontEnd, samples: NDArray[np.float64], sample_rate: float) -> Windows:
    """Raw samples of one recording to spectrograms, exactly as the stages do.

    Raises
    ------
    DataError
        The recording is shorter than a window, or cleaning refuses it.
    """
    waveform = cleaning.clean(samples, sample_rate, front_end.clean)
    rate = front_end.clean.sample_rate_hz
    first = starts(len(waveform.samples), front_end.grid)
    if not len(first):
        raise DataError(
            f"the recording is shorter than a window: {len(waveform.samples) / rate:.1f} s, and a "
            f"window has {front_end.grid.window_samples / rate:.1f} s"
        )
    missing = intervals.gap_share(
        intervals.gaps_of(waveform.gap), first, front_end.grid.window_samples
    )
    recorded = missing <= front_end.grid.max_gap
    found = spectra(
        front_end,
        lambda a, b: waveform.samples[a:b],
        len(waveform.samples),
        first,
        lambda some: np.ones(len(first), bool)[some],
        lambda some: recorded[some],
    )
    return Windows(first / rate, missing, np.concatenate([X for _, X in found]))


def with_rows(front_end: FrontEnd) -> FrontEnd:
    """The front end of the same windows with rows over time: of waveforms, mel bands in dB."""
    if front_end.spectrogram.scale != "waveform":
        return front_end
    return dataclasses.replace(front_end, spectrogram=front_end.spectrogram.of_power("mel"))


def rows_of(front_end: FrontEnd, X: NDArray[np.float32]) -> NDArray[np.float32]:
    """What `with_rows` makes of windows (n, rows, frames, channels) of a front end."""
    if front_end.spectrogram.scale != "waveform":
        return X
    rate = front_end.clean.sample_rate_hz
    return spectrograms(X[:, 0, :, 0], rate, with_rows(front_end).spectrogram)


def refuse_context(front_end: FrontEnd, section: str) -> None:
    """Raise `DataError` where spectrograms are made of more than the samples of their window."""
    if front_end.grid.context_samples or front_end.spectrogram.floor_s:
        raise DataError(
            f"{section}.noise, stretch and pitch change the samples of a window, and the network "
            "sees more: set clean.context_samples and spectrogram.floor_s to 0, or p of them"
        )


def refuse_other(wanted: FrontEnd, found: FrontEnd, what: str) -> None:
    """Raise `DataError` naming the first parameter in which two front ends differ."""
    ours, theirs = dataclasses.asdict(wanted), dataclasses.asdict(found)
    for part, values in ours.items():
        for name, value in values.items():
            if theirs[part][name] != value:
                raise DataError(
                    f"{what} was made with {part}.{name} = {theirs[part][name]!r}, the model with "
                    f"{value!r}: make the data again with the model's front end or train again"
                )
