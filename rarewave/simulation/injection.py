"""Put events into noise at a stated level."""

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.simulation.waveforms import BAND_HZ, in_band

FloatArray = NDArray[np.float64]
BLOCK_S = 60.0  # the time over which strength is averaged


def event_level(event: FloatArray, sample_rate_hz: float) -> float:
    """Strength of an event without noise: the loudest `BLOCK_S` of its root mean square in band.

    `event` has shape (n,); the result has its unit. A minute is short beside the rise of a
    moonquake and long beside its oscillations, so this is the peak of the envelope.
    """
    block = min(len(event), round(BLOCK_S * sample_rate_hz))
    energy = np.cumsum(np.concatenate([[0.0], in_band(event, sample_rate_hz) ** 2]))
    return float(np.sqrt(max(0.0, np.max(energy[block:] - energy[:-block])) / block))


def noise_level(noise: FloatArray, sample_rate_hz: float) -> float:
    """Level of noise: the median over `BLOCK_S` blocks of its root mean square in band.

    `noise` has shape (n,); the result has its unit. The median, because one spike would
    otherwise make every event under it seem weak.
    """
    block = min(len(noise), round(BLOCK_S * sample_rate_hz))
    count = len(noise) // block
    blocks = in_band(noise, sample_rate_hz)[: count * block].reshape(count, block)
    return float(np.median(np.sqrt(np.mean(blocks**2, axis=1))))


def inject(
    noise: FloatArray, event: FloatArray, at_sample: int, snr_db: float, sample_rate_hz: float
) -> FloatArray:
    """Add an event to noise at a signal-to-noise ratio that is defined to the letter.

    `snr_db` = 20 log10(`event_level(event)` / `noise_level(noise under the event)`), both in
    `BAND_HZ`. "Under the event" is from the onset until 90 % of the event's energy in band has
    come, because the noise under an hour of faint coda says nothing about how clear the event
    is. What reaches beyond the end of the noise is cut off; its strength still counts.

    Parameters
    ----------
    noise : (n,) samples without gaps, in any unit.
    event : (m,) samples from the onset on; their scale does not matter.
    at_sample : index in `noise` of the onset, 0 <= at_sample < n.

    Returns
    -------
    (n,) a new array in the unit of `noise`.
    """
    if not 0 <= at_sample < len(noise):
        raise DataError(f"at_sample is {at_sample}, the noise has samples 0 to {len(noise) - 1}")
    energy = np.cumsum(in_band(event, sample_rate_hz) ** 2)
    bulk = max(2, int(np.searchsorted(energy, 0.9 * energy[-1])))
    strength = event_level(event, sample_rate_hz)
    level = noise_level(noise[at_sample : at_sample + bulk], sample_rate_hz)
    if not (strength > 0 and level > 0):
        raise DataError(
            f"no signal-to-noise ratio at sample {at_sample}: in {BAND_HZ[0]}-{BAND_HZ[1]} Hz "
            f"the event has level {strength:g}, the noise {level:g}; choose another place"
        )
    mixed = noise.astype(np.float64)
    reached = event[: len(noise) - at_sample]
    mixed[at_sample : at_sample + len(reached)] += (
        reached * (level / strength) * 10 ** (snr_db / 20)
    )
    return mixed
