"""Single events of the generated archives, by their label, at any sampling rate."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.simulation import moonquakes, scenes, species_clips, underwater_calls
from rarewave.simulation.moonquakes import MOONQUAKES

# Of the energy of an event, that its own duration holds: what follows is faint for long.
BULK = 0.9
_CODA_DB = 6.0  # of a moonquake: until its envelope is 10 dB below its peak

Wave = NDArray[np.float64]
Make = Callable[[float, np.random.Generator], Wave]  # rate in Hz: samples from the onset on


class Simulated(NamedTuple):
    """An event without noise, from its onset on."""

    samples: Wave
    duration: int  # samples from the onset until most of its energy has come


def event(make: Make, rate: float, rng: np.random.Generator) -> Simulated:
    """One event at a sampling rate, of no strength in particular."""
    samples = make(rate, rng)
    energy = np.cumsum(np.square(samples))
    return Simulated(samples, int(np.searchsorted(energy, BULK * energy[-1])) + 1)


def makers(labels: Collection[str]) -> dict[str, Make]:
    """What makes events of some labels: of the archive that knows most of them."""
    known = [{label: of[label] for label in sorted(labels) if label in of} for of in FAMILIES]
    return max(known, key=len)


def _moonquake(kind: str, rate: float, rng: np.random.Generator) -> Wave:
    look = MOONQUAKES[kind]
    rise_s, decay_s = (float(rng.uniform(*ends)) for ends in (look.rise_s, look.decay_s))
    length_s = moonquakes.audible_s(rise_s, decay_s, _CODA_DB)
    return moonquakes.moonquake(kind, rise_s, decay_s, length_s, rate, rng)


def _call(kind: underwater_calls.CallType, rate: float, rng: np.random.Generator) -> Wave:
    return _at(rate, underwater_calls.call(kind, rng)[0], underwater_calls.RATE_HZ)


def _sound(
    draw: Callable[[np.random.Generator], Wave], own: float, rate: float, rng: np.random.Generator
) -> Wave:
    return _at(rate, draw(rng), own)


def _at(rate: float, wave: Wave, own: float) -> Wave:
    """A waveform at another sampling rate."""
    if rate == own:
        return wave
    import soxr

    return np.asarray(soxr.resample(wave, own, rate, quality="VHQ"))


FAMILIES: tuple[Mapping[str, Make], ...] = (
    {kind: partial(_moonquake, kind) for kind in MOONQUAKES},
    {kind.label: partial(_call, kind) for kind in underwater_calls.TYPES},
    {name: partial(_sound, draw, scenes.RATE_HZ) for name, draw in scenes.KINDS.items()},
    {
        name: partial(_sound, draw, species_clips.RATE_HZ)
        for name, draw in species_clips.TYPES.items()
    },
)
