"""Events put into a recording, in the unit of its samples, before anything is done to it."""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.frontend import cleaning
from rarewave.frontend.cleaning import Cleaning
from rarewave.recordings.responses import Respond
from rarewave.recordings.streams import Stream


class Event(NamedTuple):
    """An event without time or strength."""

    kind: str
    samples: NDArray[np.float64]  # (n,) at the rate of the recording that it is meant for
    duration: int  # its own, in samples from the first on, over which its power is a mean
    source: str  # where it is from
    snr_db: float = np.inf  # of its own, in the recording that it was cut out of


class Injected(Stream):
    """A stream with an event in it: `read` gives their sum."""

    added: NDArray[np.float64]
    first: int

    @staticmethod
    def into(stream: Stream, added: NDArray[np.float64], first: int) -> "Injected":
        """The stream with `added` (n,) from raw sample `first` on."""
        made = Injected(*stream)
        made.added, made.first = added, first
        return made

    def read(self, start: int, stop: int) -> NDArray[np.float64]:
        """Raw samples [start, stop); what was not recorded stays so."""
        found = super().read(start, stop).astype(np.float64)
        begin, end = max(start, self.first), min(stop, self.first + len(self.added))
        if begin < end:
            found[begin - start : end - start] += self.added[begin - self.first : end - self.first]
        return found


def with_noise(options: Cleaning) -> Cleaning:
    """The cleaning that takes out neither noise nor silence: ratios to noise are of what it leaves.

    Beside the little that is left of suppressed noise every event would seem loud.
    """
    return dataclasses.replace(options, noise_s=None, silence_db=None)


def power(event: Event, rate: float, options: Cleaning, respond: Respond | None) -> float:
    """Mean power of an event over its own duration, in the band and unit of the detector.

    That of the event alone, cleaned as recordings are, but for what looks for gaps, spikes, silence
    and the noise that they begin with.

    Parameters
    ----------
    rate : of its samples, Hz.
    respond : what makes ground motion of counts; None for counts.
    """
    alone = dataclasses.replace(
        with_noise(options), gap_value=None, flat_s=0.0, spike_factor=0.0, taper_s=0.0
    )
    lowest = options.low_hz or options.high_hz or np.inf
    around = round(rate * max(0.1, (10.0 if respond is None else 40.0) / lowest))
    padded = np.pad(event.samples, around)
    parts = cleaning.blocks(lambda a, b: padded[a:b], len(padded), rate, alone, respond)
    cleaned = np.concatenate([part.samples for part in parts]).astype(np.float64)
    scale = cleaning.raw_per_cleaned(rate, options)
    begin, end = (round(sample / scale) for sample in (around, around + event.duration))
    return float(np.mean(np.square(cleaned[begin : max(end, begin + 1)])))


def gain(snr_db: float, strength: float, noise: float) -> float:
    """The factor by which an event of one power stands so many dB above noise of another."""
    return float(np.sqrt(noise / strength * 10 ** (snr_db / 10)))
