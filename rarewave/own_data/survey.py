"""All that is known of a folder before anything is decided."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.own_data.folder import Folder
from rarewave.own_data.measures import Measures

# Labels of these forms speak of a recording as a whole.
_CLEAR_DB = 3.0  # fainter events say little of their band
_ENOUGH = 3  # and so do fewer of them
WHOLE = ("clips", "folders", "names")
UNLABELLED = "none"  # the form where there are no labels


class Choice(NamedTuple):
    """The value of a parameter, and the measured reason for it."""

    value: Any
    why: str = ""


# Section to parameter to choice.
Choices = dict[str, dict[str, Choice]]


class Survey(NamedTuple):
    """A folder, its labels as the stage ingest reads them, and what was measured."""

    folder: Folder
    ingest: dict[str, Choice]  # parameters of the section
    recordings: pd.DataFrame  # table RECORDINGS, group by the choice
    events: pd.DataFrame  # table EVENTS
    report: dict[str, Any]  # what did not fit, from ingest
    groups: int
    measures: Measures

    @property
    def form(self) -> str:
        """How labels are given: a value of ingest.labels."""
        return str(self.ingest["labels"].value)

    @property
    def whole(self) -> bool:
        """Whether labels speak of recordings as a whole."""
        return self.form in WHOLE or bool(len(self.events) and self.events["weak"].all())

    @property
    def timed(self) -> pd.DataFrame:
        """Events with times of their own, where other labels are of the whole."""
        return self.certain[~self.certain["weak"]]

    @property
    def certain(self) -> pd.DataFrame:
        """The events that are learnt from."""
        return self.events[self.events["certain"]]

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Length of each recording."""
        return (self.recordings["n_samples"] / self.recordings["sample_rate"]).to_numpy(float)

    @property
    def least_rate(self) -> float:
        """The lowest sampling rate, in Hz."""
        return float(self.recordings["sample_rate"].min())

    def duration(self, share: float) -> float:
        """A quantile of the durations of certain events, in seconds."""
        lengths = self.certain["offset_s"] - self.certain["onset_s"]
        return float(lengths.quantile(share)) if len(lengths) else float("nan")

    def gap(self, share: float) -> float:
        """A quantile of the gaps between certain events, in seconds; NaN where there is none."""
        known = self.measures.gaps_s
        return float(np.quantile(known, share)) if len(known) else float("nan")

    def band(self) -> tuple[float, float]:
        """Low and high end in Hz of the classes: medians of their clear events."""
        known = self.measures.events.dropna(subset=["low_hz", "high_hz"])
        clear = known[known["snr_db"] >= _CLEAR_DB]
        known = clear if len(clear) >= _ENOUGH else known
        if not len(known):
            return 0.0, self.least_rate / 2
        classes = known.groupby("label")[["low_hz", "high_hz"]].agg(["median", "size"])
        many = classes[classes["low_hz", "size"] >= min(_ENOUGH, classes["low_hz", "size"].max())]
        return float(many["low_hz", "median"].min()), float(many["high_hz", "median"].max())


def digits(value: float, count: int = 2) -> float:
    """Rounded to so many significant digits."""
    if not np.isfinite(value) or value == 0:
        return 0.0
    return float(f"{value:.{count}g}")


def rounded_down(value: float) -> float:
    """A positive number to three significant digits, none above it."""
    unit = 10.0 ** (np.floor(np.log10(value)) - 2)
    return float(f"{np.floor(value / unit) * unit:.3g}")


def between(low: float, high: float) -> str:
    """A range of times as one reads it."""
    return " to ".join(dict.fromkeys((seconds(low), seconds(high))))


def seconds(value: float) -> str:
    """A time for a comment."""
    if value < 1:
        return f"{digits(value * 1000):g} ms"
    if value < 120:
        return f"{digits(value):g} s"
    return f"{digits(value / 60):g} min" if value < 7200 else f"{digits(value / 3600):g} h"
