"""Moonquakes as envelopes of scattered waves."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from rarewave.base.errors import DataError
from rarewave.simulation.injection import event_level
from rarewave.simulation.waveforms import fade

FloatArray = NDArray[np.float64]


class Moonquake(NamedTuple):
    """What a type of event looks like: amplitude spectrum and ranges of its times."""

    centre_hz: float  # where the amplitude spectrum peaks
    width: float  # standard deviation of the spectrum in log(frequency)
    rise_s: tuple[float, float]  # from the onset to the peak of the envelope
    decay_s: tuple[float, float]  # 1/e time of the absorption of energy, at centre_hz


# Deep quakes are the lowest in frequency and end soonest and impacts rise the slowest, as in 74
# cut-outs of Apollo 12, only further apart: those pass 0.15-1.1 Hz alone. Shallow quakes were
# known as "high-frequency teleseisms", so they are the highest here.
MOONQUAKES = {
    "deep_mq": Moonquake(0.42, 0.30, (150.0, 330.0), (350.0, 600.0)),
    "impact_mq": Moonquake(0.72, 0.35, (300.0, 620.0), (480.0, 700.0)),
    "shallow_mq": Moonquake(1.05, 0.40, (200.0, 420.0), (450.0, 650.0)),
}


# --------------------------------------------------------------------------------- events


def diffusive_envelope(times_s: FloatArray, rise_s: float, decay_s: float) -> FloatArray:
    """Amplitude envelope of a scattered event, 1 at its peak, which is `rise_s` after the onset.

    The energy of a point source that spreads by diffusion with diffusivity D through a space
    that absorbs it, at distance r (Dainty et al. 1974; Nakamura 1977)::

        E(t) ~ t**(-3/2) * exp(-t0 / t - t / decay_s),   t0 = r**2 / (4 D), decay_s = Q / omega

    with t0 chosen so that dE/dt = 0 at `rise_s`; the amplitude is the square root.

    Parameters
    ----------
    times_s : (n,) seconds after the onset; the envelope is 0 at and before 0.
    rise_s : seconds from the onset to the peak.
    decay_s : seconds in which absorption takes the energy down to 1/e.

    Returns
    -------
    (n,) values in 0..1, rising until `rise_s` and falling ever after.

    >>> diffusive_envelope(np.array([-1.0, 0.0, 300.0]), 300.0, 600.0)
    array([0., 0., 1.])
    """
    if rise_s <= 0 or decay_s <= 0:
        raise DataError(f"rise_s and decay_s must be above 0, not {rise_s} and {decay_s}")
    spread_s = rise_s * (1.5 + rise_s / decay_s)
    t = np.where(times_s > 0, times_s, np.inf)  # exp(-inf) below is the silence before
    log_energy = (
        -1.5 * np.log(t / rise_s) + spread_s * (1 / rise_s - 1 / t) - (t - rise_s) / decay_s
    )
    envelope = np.exp(0.5 * log_energy)
    # Close to the onset 1/t is huge and the exponential 0, as it should be.
    return np.asarray(np.where(times_s > 0, envelope, 0.0))


def moonquake(
    kind: str,
    rise_s: float,
    decay_s: float,
    duration_s: float,
    sample_rate_hz: float,
    rng: np.random.Generator,
) -> FloatArray:
    """One event as ground motion without noise, of strength 1 (`event_level`).

    Noise with the spectrum of its type (`MOONQUAKES`) under a diffusive envelope. Higher
    frequencies fade sooner, as decay times fall with frequency (Blanchette-Guertin et al.
    2012). A deep quake begins with a weak P wave train, the S train follows: on Apollo's
    records that is the step in the rise of a deep quake.

    Parameters
    ----------
    kind : a key of `MOONQUAKES`.
    rise_s, decay_s : as in `diffusive_envelope`; `decay_s` holds at the centre frequency.
    duration_s : the length made; the last tenth fades to 0, so that no step is left.

    Returns
    -------
    (round(duration_s * sample_rate_hz),) samples from the onset on, level 1.
    """
    if kind not in MOONQUAKES:
        raise DataError(f"event type {kind!r} is unknown, use one of {', '.join(MOONQUAKES)}")
    look = MOONQUAKES[kind]
    n = round(duration_s * sample_rate_hz)
    times_s = np.arange(n) / sample_rate_hz
    length = fft.next_fast_len(n, real=True)
    frequencies = fft.rfftfreq(length, 1 / sample_rate_hz)
    log_f = np.log(np.maximum(frequencies, 1e-6))
    centre_hz = look.centre_hz * rng.uniform(0.92, 1.08)
    bump = np.exp(-0.5 * ((log_f - np.log(centre_hz)) / look.width) ** 2)
    spectrum = fft.rfft(rng.standard_normal(length)) * bump

    quake = np.zeros(n)
    nodes = np.log(centre_hz) + np.log(2) * np.array([-1.0, 0.0, 1.0])
    for i, node in enumerate(nodes):
        # Overlapping triangles over log(frequency) that add up to 1 everywhere.
        part = fft.irfft(spectrum * np.interp(log_f, nodes, np.eye(len(nodes))[i]), length)[:n]
        band_decay_s = decay_s * float(np.exp(-0.5 * (node - np.log(centre_hz))))
        if kind == "deep_mq":
            s_minus_p_s = 0.35 * rise_s
            p = diffusive_envelope(times_s, rise_s - s_minus_p_s, band_decay_s)
            s = diffusive_envelope(times_s - s_minus_p_s, rise_s - s_minus_p_s, band_decay_s)
            quake += part * (0.3 * p + s)
        else:
            quake += part * diffusive_envelope(times_s, rise_s, band_decay_s)
    quake *= fade(n, n // 10, both=False)
    return quake / event_level(quake, sample_rate_hz)


def audible_s(rise_s: float, decay_s: float, snr_db: float) -> float:
    """Seconds from the onset until the envelope is 4 dB below the noise.

    An event that hardly rises above the noise, or not at all, ends where it is 9 dB below its
    own peak: it still happened. At most an hour in any case.
    """
    times_s = np.arange(1.0, 3601.0)
    envelope = diffusive_envelope(times_s, rise_s, decay_s)
    sunk = (times_s > rise_s) & (envelope < min(0.35, 10 ** (-(snr_db + 4) / 20)))
    return float(times_s[np.argmax(sunk)]) if sunk.any() else 3600.0
