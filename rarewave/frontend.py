"""The front end: one description of how recordings become the arrays that a network sees.

The stages use its parts, the trained model carries all of it, and whatever scores new
recordings rebuilds it from the model. Data made by another front end are refused.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave import checks, cleaning, windows
from rarewave.cleaning import Cleaning
from rarewave.errors import DataError
from rarewave.spectrogram import (
    Spectrogram,
    above_floor,
    frequencies_hz,
    spectrograms,
    times_s,
)
from rarewave.windows import Grid


@dataclass(frozen=True)
class FrontEnd:
    """Cleaning, windows and spectrogram, with a stable digest."""

    clean: Cleaning
    grid: Grid
    spectrogram: Spectrogram

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> "FrontEnd":
        """The front end that `to_dict` described; raises `DataError` where it is none."""
        try:
            return FrontEnd(
                checks.build(Cleaning, content["clean"], "clean"),
                checks.build(Grid, content["grid"], "grid"),
                checks.build(Spectrogram, content["spectrogram"], "spectrogram"),
            )
        except KeyError as missing:
            raise DataError(f"the stored front end has no {missing}: train again") from None

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
        """Shape of one spectrogram: frequencies, frames, channels."""
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
        """Centre frequency of each spectrogram row."""
        return frequencies_hz(self.clean.sample_rate_hz, self.spectrogram)

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Centre time of each spectrogram column, from the start of the window."""
        rate, before = self.clean.sample_rate_hz, self.grid.context_samples
        return times_s(self.input_samples, rate, self.spectrogram, before)


# Windows transformed at once: bounds the memory, not the result.
_CHUNK = 512


def spectra(
    front_end: FrontEnd,
    samples: NDArray[np.float32],
    first: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    recorded: NDArray[np.bool_],
) -> Iterator[NDArray[np.float32]]:
    """Spectrograms of the wanted windows of one cleaned recording, a chunk at a time.

    Parameters
    ----------
    samples : (n,) cleaned, the whole recording: context and noise floor look beyond a window.
    first : (windows,) first samples of all windows.
    wanted : (windows,) which of them to give.
    recorded : (windows,) which of them are no gap; the noise floor is taken from these.

    Yields
    ------
    (some, frequencies, frames, channels)
    """
    rate, grid, options = (
        front_end.clean.sample_rate_hz,
        front_end.grid,
        front_end.spectrogram,
    )

    def chunks(
        rows: NDArray[np.int64],
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        for at in range(0, len(rows), _CHUNK):
            some = rows[at : at + _CHUNK]
            pieces = windows.cut(samples, first[some], grid.window_samples, grid.context_samples)
            yield some, spectrograms(pieces, rate, options)

    if not options.floor_s:
        for _, X in chunks(np.flatnonzero(wanted)):
            yield X
        return
    means = [X.mean(axis=(2, 3), dtype=np.float64) for _, X in chunks(np.arange(len(first)))]
    level = np.concatenate(means)[_nearest(recorded)]
    width = max(1, round(options.floor_s * rate / grid.hop_samples))
    for some, X in chunks(np.flatnonzero(wanted)):
        yield above_floor(X, level, some, width, options.floor_quantile)


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
    first = windows.starts(len(waveform.samples), front_end.grid)
    if not len(first):
        raise DataError(
            f"the recording is shorter than a window: {len(waveform.samples) / rate:.1f} s, and a "
            f"window has {front_end.grid.window_samples / rate:.1f} s"
        )
    missing = windows.fraction_of(waveform.gap, first, front_end.grid.window_samples)
    recorded = missing <= front_end.grid.max_gap
    everything = np.ones(len(first), bool)
    found = list(spectra(front_end, waveform.samples, first, everything, recorded))
    return Windows(first / rate, missing, np.concatenate(found))


def refuse_other(wanted: FrontEnd, found: FrontEnd, what: str) -> None:
    """Raise `DataError` naming the first parameter in which two front ends differ."""
    ours, theirs = wanted.to_dict(), found.to_dict()
    for part, values in ours.items():
        for name, value in values.items():
            if theirs[part][name] != value:
                raise DataError(
                    f"{what} was made with {part}.{name} = {theirs[part][name]!r}, the model with "
                    f"{value!r}: make the data again with the model's front end or train again"
                )
