"""What labelled calls are like: how long, how broad, how far above the noise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.parameters import Between, Seed
from rarewave.frontend.spectrogram import hann
from rarewave.measurement import pictures

Read = Callable[[int, int], NDArray[np.float64]]

# Of an event only so many frames are looked at, and of a label of hours so many samples.
_MOST_FRAMES = 4096
_MOST = 1 << 22
_ABOVE = 2.0  # energy of a row counts where it is so many times the quiet level's
_TAILS = 0.05  # share of the energy left out on either side of a band
_MOST_DB = 60.0


@dataclass(frozen=True)
class Exploration:
    """Frames of the spectrograms, and how many calls of each class to show."""

    n_fft: Annotated[int, Between(16, 2**24)]
    examples: Annotated[int, Between(1, 1000)]
    seed: Seed


def power(samples: NDArray[np.float64], n_fft: int) -> NDArray[np.float64]:
    """Power spectrogram (n_fft // 2 + 1, frames), Hann window, half overlapping; NaN as 0."""
    samples = np.nan_to_num(samples)
    if len(samples) < n_fft:
        samples = np.pad(samples, (0, n_fft - len(samples)))
    hop = max(n_fft // 2, (len(samples) - n_fft) // _MOST_FRAMES)
    frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft)[::hop]
    spectrum = np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * hann(n_fft))
    return (spectrum.real**2 + spectrum.imag**2).T


def inner(hertz: NDArray[np.floating]) -> NDArray[np.bool_]:
    """All rows of a spectrum but the first and the last, whose power is distributed otherwise."""
    return np.asarray((hertz > 0) & (hertz < hertz[-1]))


def quiet_level(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power of each row in the quietest fifth of frames, as if all were like it.

    Parameters
    ----------
    frames : (rows, frames) power; that of noise is exponentially distributed.
    """
    return np.asarray(np.quantile(frames, 0.2, axis=1) / -np.log(0.8))


class Above(NamedTuple):
    """What of an event stands above the quiet level; NaN where nothing does."""

    low_hz: float
    high_hz: float
    peak_hz: float
    snr_db: float  # at most 60: digital silence around says nothing of the event


def above_quiet(
    inside: NDArray[np.float64], quiet: NDArray[np.float64], hertz: NDArray[np.floating]
) -> Above:
    """The band that holds nine tenths of an event's energy above the quiet level, and its SNR.

    Parameters
    ----------
    inside : (rows,) mean power during the event.
    quiet : (rows,) of the time around, see `quiet_level`.
    hertz : (rows,) of the rows, rising; of the band that is looked at.
    """
    energy = np.where(inside > _ABOVE * quiet, inside - quiet, 0.0)
    if not energy.sum() > 0:
        return Above(*[float("nan")] * 4)
    share = np.cumsum(energy) / energy.sum()
    low, high = np.searchsorted(share, [_TAILS, 1 - _TAILS])
    band = slice(low, high + 1)
    noise = max(float(quiet[band].sum()), 1e-300)
    ratio_db = min(_MOST_DB, float(10 * np.log10(energy[band].sum() / noise)))
    top = hertz[min(high + 1, len(hertz) - 1)]
    return Above(float(hertz[low]), float(top), float(hertz[int(np.argmax(energy))]), ratio_db)


def calls(
    read: Read, rate: float, n_samples: int, events: pd.DataFrame, n_fft: int
) -> list[dict[str, Any]]:
    """Duration, bandwidth, strongest frequency, SNR and picture of each event of one recording.

    The quiet time is that within one length of the call (at least ten frames) on either side,
    without what other labels cover; where there is none, as of a clip that is one label, the
    quietest fifth of the event. The bandwidth is the label's, or measured where it has none. The
    picture is the spectrogram of the event, in its band; of it `pictures.STATISTICS`.

    Parameters
    ----------
    read : gives raw samples [start, stop).
    events : rows of table EVENTS of this recording.
    """
    rows = []
    hertz = np.fft.rfftfreq(n_fft, 1 / rate)
    spans = events[["onset_s", "offset_s"]].to_numpy() * rate
    for event in events[events["certain"]].to_dict("records"):
        first, last = max(0, int(event["onset_s"] * rate)), int(event["offset_s"] * rate)
        last = min(max(last, first + 1), n_samples)
        seen = min(last, first + _MOST)
        low = 0.0 if np.isnan(event["low_hz"]) else event["low_hz"]
        high = hertz[-1] if np.isnan(event["high_hz"]) else event["high_hz"]
        band = (hertz >= low) & (hertz <= high) & inner(hertz)
        found, picture = Above(*[float("nan")] * 4), np.full(len(pictures.STATISTICS), np.nan)
        if band.any():
            inside = power(read(first, seen), n_fft)[band]
            (picture,) = pictures.statistics(_level_db(inside)[None], hertz[band])
            quiet = _around(read, first, last, n_samples, spans, n_fft)
            level = quiet_level(inside if quiet is None else quiet[band])
            found = above_quiet(inside.mean(axis=1), level, hertz[band])
        labelled = event["high_hz"] - event["low_hz"]
        rows.append(
            {
                "event_id": event["event_id"],
                "recording_id": event["recording_id"],
                "label": event["label"],
                "duration_s": event["offset_s"] - event["onset_s"],
                "bandwidth_hz": found.high_hz - found.low_hz if np.isnan(labelled) else labelled,
                "strongest_hz": found.peak_hz,
                "snr_db": found.snr_db,
            }
            | dict(zip(pictures.STATISTICS, picture.tolist(), strict=True))
        )
    return rows


def _level_db(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power in dB, at most 90 dB below its peak: of digital silence too there is a picture."""
    return np.asarray(10 * np.log10(np.maximum(power, power.max() * 1e-9 + 1e-300)))


def _around(
    read: Read, first: int, last: int, n_samples: int, spans: NDArray[np.float64], n_fft: int
) -> NDArray[np.float64] | None:
    """Power (rows, frames) beside an event where no label is; None where that is no frame."""
    reach = min(max(last - first, 10 * n_fft), _MOST)
    quiet = []
    for a, b in ((max(0, first - reach), first), (last, min(n_samples, last + reach))):
        keep = np.ones(max(0, b - a), bool)
        for begin, end in spans:
            keep[max(0, int(begin) - a) : max(0, int(np.ceil(end)) - a)] = False
        if keep.sum() >= n_fft:
            quiet.append(power(read(a, b)[keep], n_fft))
    return np.concatenate(quiet, axis=1) if quiet else None


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """A row per class: how many calls, in how many recordings, and quantiles of what they are."""
    grouped = table.groupby("label")
    found = pd.DataFrame(
        {
            "calls": grouped.size(),
            "recordings": grouped["recording_id"].nunique(),
        }
    )
    measured = "duration_s", "bandwidth_hz", "strongest_hz", "snr_db", *pictures.STATISTICS
    for name in measured:
        for q, word in ((0.05, "low"), (0.5, "median"), (0.95, "high")):
            found[f"{name}_{word}"] = grouped[name].quantile(q)
    return found.reset_index()
