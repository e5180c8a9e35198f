"""What labelled calls are like: how long, how broad, how far above the noise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.parameters import Between, Seed
from rarewave.frontend.spectrogram import hann

Read = Callable[[int, int], NDArray[np.float64]]

# Of an event only so many seconds' worth of frames are looked at.
_MOST_FRAMES = 4096


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


def snr_db(call: NDArray[np.float64], around: NDArray[np.float64]) -> float:
    """Power of a call above the noise around it, in dB; NaN where nothing is above.

    Parameters
    ----------
    call, around : (rows, frames) power in the band of the call, during it and beside it.
    """
    noise = np.median(around) / np.log(2)  # the mean of exponentially distributed power
    signal = call.mean() - noise
    if not noise > 0 or not signal > 0:
        return float("nan")
    return float(10 * np.log10(signal / noise))


def calls(
    read: Read, rate: float, n_samples: int, events: pd.DataFrame, n_fft: int
) -> list[dict[str, Any]]:
    """Duration, bandwidth, strongest frequency and SNR of each event of one recording.

    The noise is that within one length of the call (at least ten frames) on either side, without
    what other labels cover.

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
        reach = max(last - first, 10 * n_fft)
        low = 0.0 if np.isnan(event["low_hz"]) else event["low_hz"]
        high = hertz[-1] if np.isnan(event["high_hz"]) else event["high_hz"]
        band = (hertz >= low) & (hertz <= high) & (hertz > 0)
        inside = power(read(first, last), n_fft)[band]
        quiet = []
        for a, b in ((max(0, first - reach), first), (last, min(n_samples, last + reach))):
            keep = np.ones(max(0, b - a), bool)
            for begin, end in spans:
                keep[max(0, int(begin) - a) : max(0, int(np.ceil(end)) - a)] = False
            if keep.sum() >= n_fft:
                quiet.append(power(read(a, b)[keep], n_fft)[band])
        noise = np.concatenate(quiet, axis=1) if quiet else np.full((1, 1), np.nan)
        strongest = hertz[band][np.argmax(inside.mean(axis=1))] if band.any() else np.nan
        rows.append(
            {
                "event_id": event["event_id"],
                "recording_id": event["recording_id"],
                "label": event["label"],
                "duration_s": event["offset_s"] - event["onset_s"],
                "bandwidth_hz": event["high_hz"] - event["low_hz"],
                "strongest_hz": float(strongest),
                "snr_db": snr_db(inside, noise) if band.any() else float("nan"),
            }
        )
    return rows


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """A row per class: how many calls, in how many recordings, and quantiles of what they are."""
    grouped = table.groupby("label")
    found = pd.DataFrame(
        {
            "calls": grouped.size(),
            "recordings": grouped["recording_id"].nunique(),
        }
    )
    for name in ("duration_s", "bandwidth_hz", "strongest_hz", "snr_db"):
        for q, word in ((0.05, "low"), (0.5, "median"), (0.95, "high")):
            found[f"{name}_{word}"] = grouped[name].quantile(q)
    return found.reset_index()
