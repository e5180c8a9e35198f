"""Labelled calls of recordings, measured and cut out to look at."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.measurement import calls
from rarewave.measurement.calls import Exploration
from rarewave.recordings import reading


def explore(
    row: dict[str, Any], folder: Path, events: pd.DataFrame, options: Exploration
) -> list[dict[str, Any]]:
    """The calls of one recording."""
    read = partial(reading.read, folder / row["path"], row["channel"])
    mine = events[events["recording_id"] == row["recording_id"]]
    return calls.calls(read, row["sample_rate"], row["n_samples"], mine, options.n_fft)


def example(
    event: dict[str, Any], row: dict[str, Any], folder: Path, n_fft: int, top_hz: float
) -> dict[str, Any]:
    """The spectrogram of one call with half its length on either side."""
    rate, count = row["sample_rate"], row["n_samples"]
    length = (event["offset_s"] - event["onset_s"]) * rate
    middle = (event["offset_s"] + event["onset_s"]) / 2 * rate
    reach = max(length, 8 * n_fft)
    first, last = max(0, int(middle - reach)), min(count, int(middle + reach))
    samples = reading.read(folder / row["path"], row["channel"], first, last)
    hertz = np.fft.rfftfreq(n_fft, 1 / rate)
    power = calls.power(samples, n_fft)[hertz <= top_hz]
    return {
        "db": 10 * np.log10(np.maximum(power, power.max() * 1e-9 + 1e-300)),
        "seconds": (first / rate, last / rate),
        "hertz": (0.0, min(top_hz, rate / 2)),
        "onset_s": event["onset_s"],
        "offset_s": event["offset_s"],
        "name": event["recording_id"],
    }
