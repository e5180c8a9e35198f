"""What the recordings of a folder and their labelled events are like, in numbers.

Some hundred events and some minutes of quiet time say it: whole archives need not be read again.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.parallel import ordered_map
from rarewave.measurement.calls import above_quiet, inner, power, quiet_level
from rarewave.recordings import reading

_RECORDINGS = 60  # looked at, spread over all of them
_EVENTS = 12  # of each of these, of each class
_PIECES = 24  # of each, spread over its length, for the noise
_FRAMES = 24  # of each piece
_MOST = 1 << 22  # samples of one event: a label of a whole night is not read at once
_LAGS = 41  # shifts of the labels that are tried, from minus to plus two events
FULL_SCALE = 0.999  # of sound: samples beyond are clipped


class Measures(NamedTuple):
    """What was measured."""

    events: pd.DataFrame  # label, recording_id, duration_s, low_hz, high_hz, peak_hz, snr_db
    recordings: pd.DataFrame  # recording_id, level_db, clipped, shift_s (labels against energy)
    gaps_s: NDArray[np.float64]  # from each certain event to the next of its recording


def measure(folder: Path, recordings: pd.DataFrame, events: pd.DataFrame) -> Measures:
    """Measure some recordings and the events in them; a progress bar tells how far it is.

    Bands end at half of the lowest rate, so that recordings of several rates can be compared.

    Parameters
    ----------
    recordings, events : tables RECORDINGS and EVENTS.
    """
    certain = events[events["certain"]]
    order = np.linspace(0, len(recordings) - 1, min(_RECORDINGS, len(recordings)))
    chosen = recordings.iloc[np.unique(np.rint(order).astype(int))]
    held = certain.groupby("recording_id").groups
    rows = [
        row | {"events": certain.loc[held[row["recording_id"]]] if row["recording_id"] in held
               else certain[:0]}
        for row in chosen.to_dict("records")
    ]  # fmt: skip
    top_hz = float(recordings["sample_rate"].min()) / 2
    found = list(ordered_map(partial(_one, folder=folder, top_hz=top_hz), rows, "new"))
    columns = ["label", "recording_id", "duration_s", "low_hz", "high_hz", "peak_hz", "snr_db"]
    table = pd.DataFrame([event for one in found for event in one[1]], columns=columns)
    return Measures(table, pd.DataFrame([one[0] for one in found]), gaps(certain))


def power_of_two(value: float, least: int = 16, most: int = 1 << 14) -> int:
    """The nearest power of two, between two others."""
    return int(2 ** np.clip(np.round(np.log2(max(value, 1))), np.log2(least), np.log2(most)))


def gaps(events: pd.DataFrame) -> NDArray[np.float64]:
    """Seconds from the end of all before to the next onset, in each recording; below 0: overlap."""
    found = [np.zeros(0)]
    for _, mine in events.sort_values("onset_s").groupby("recording_id"):
        ends = np.maximum.accumulate(mine["offset_s"].to_numpy(float))
        found.append(mine["onset_s"].to_numpy(float)[1:] - ends[:-1])
    return np.concatenate(found)


def _one(
    row: dict[str, Any], folder: Path, top_hz: float
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Numbers of one recording and of some of its events."""
    events, rate, count = row["events"], row["sample_rate"], row["n_samples"]
    read = partial(reading.read, folder / row["path"], row["channel"])
    short = float((events["offset_s"] - events["onset_s"]).quantile(0.1)) if len(events) else 0.05
    about = short * rate if rate > 200 else 100  # a short event
    n_fft = min(power_of_two(about, 64, 2048), max(64, count // 4))
    hertz = np.fft.rfftfreq(n_fft, 1 / rate)
    rows = inner(hertz) & (hertz <= top_hz)
    pieces = [read(a, b) for a, b in _spread(count, n_fft * _FRAMES // 2)]
    samples = np.concatenate(pieces)
    known = samples[np.isfinite(samples)]
    spectra = np.concatenate([power(piece, n_fft) for piece in pieces], axis=1)
    quiet = quiet_level(spectra)
    level = float(10 * np.log10(np.mean(np.square(known)) + 1e-300)) if len(known) else np.nan
    numbers = {
        "recording_id": row["recording_id"],
        "level_db": level,
        "clipped": float(np.mean(np.abs(known) >= FULL_SCALE)) if len(known) else 0.0,
        "shift_s": _shift(read, rate, count, events, n_fft, rows, quiet),
    }
    some = events.groupby("label").head(_EVENTS)
    measured = [
        _event(event, read, rate, count, n_fft, rows, quiet) for event in some.to_dict("records")
    ]
    return numbers, measured


def _spread(count: int, length: int) -> Sequence[tuple[int, int]]:
    """Pieces [start, stop) of so many samples, spread over a recording."""
    length = min(length, count)
    starts = np.unique(np.linspace(0, count - length, _PIECES).astype(int))
    return [(int(a), int(a) + length) for a in starts]


def _event(
    event: dict[Any, Any],
    read: Any,
    rate: float,
    count: int,
    n_fft: int,
    rows: NDArray[np.bool_],
    quiet: NDArray[np.float64],
) -> dict[str, Any]:
    """Band and level of one event, from the energy that stands above the quiet level."""
    first, last = max(0, int(event["onset_s"] * rate)), min(count, int(event["offset_s"] * rate))
    last = min(last, first + _MOST)
    hertz = np.fft.rfftfreq(n_fft, 1 / rate)
    inside = power(read(first, max(last, first + 1)), n_fft).mean(axis=1)
    found = {"label": event["label"], "recording_id": event["recording_id"]}
    found |= {"duration_s": event["offset_s"] - event["onset_s"]}
    found |= above_quiet(inside[rows], quiet[rows], hertz[rows])._asdict()
    if not np.isnan(event["low_hz"]):
        found |= {"low_hz": event["low_hz"]}
    if not np.isnan(event["high_hz"]):
        found |= {"high_hz": event["high_hz"]}
    return found


def _shift(
    read: Any,
    rate: float,
    count: int,
    events: pd.DataFrame,
    n_fft: int,
    rows: NDArray[np.bool_],
    quiet: NDArray[np.float64],
) -> float:
    """Seconds by which all labels would have to move to hold most energy; NaN where unclear.

    Positive: the sound is later than its label. Only where labels leave time between them.
    """
    spans = events.sort_values("onset_s")[["onset_s", "offset_s"]].to_numpy(float)
    spans = spans[spans[:, 1] < count / rate]
    if len(spans) < 3:
        return float("nan")
    length = float(np.median(spans[:, 1] - spans[:, 0]))
    begin = max(0.0, spans[0, 0] - 3 * length)
    until = min(count / rate, begin + max(40 * length, 20.0), spans[:, 1].max() + 3 * length)
    until = min(until, begin + 4 * _MOST / rate)
    spans = spans[spans[:, 0] < until]
    samples = np.nan_to_num(read(int(begin * rate), int(until * rate)))
    hop = max(n_fft // 2, (len(samples) - n_fft) // 4096)
    spectra = power(samples, n_fft)
    level = np.log(np.maximum(spectra[rows] / np.maximum(quiet[rows, None], 1e-300), 1.0)).mean(0)
    at = begin + (np.arange(len(level)) * hop + n_fft / 2) / rate
    lags = np.linspace(-2, 2, _LAGS) * length
    score = np.full(len(lags), np.nan)
    for number, lag in enumerate(lags):
        inside = np.zeros(len(at), bool)
        for a, b in spans + lag:
            inside |= (at >= a) & (at < b)
        if inside.any() and not inside.all():
            score[number] = level[inside].mean() - level[~inside].mean()
    middle = score[len(lags) // 2]
    best = int(np.nanargmax(score)) if np.isfinite(score).any() else 0
    # A shift counts only where it holds clearly more than the labels as they are.
    if not np.isfinite(middle) or score[best] < 1.25 * max(middle, 0.05):
        return 0.0
    return float(lags[best])
