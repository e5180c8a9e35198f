"""Cut recordings into windows on a grid, label them, and account for every second."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.checks import AtLeast, Fraction
from rarewave.errors import DataError

BACKGROUND = "background"


@dataclass(frozen=True)
class Grid:
    """Where windows lie; part of the front end that a model carries.

    The network sees `context_samples` more on either side of a window, the label is the
    window's. A window with more than `max_gap` of its samples missing is not used.
    """

    window_samples: Annotated[int, AtLeast(16)]
    hop_samples: Annotated[int, AtLeast(1)]
    context_samples: Annotated[int, AtLeast(0)]
    max_gap: Fraction

    def __post_init__(self) -> None:
        if self.hop_samples > self.window_samples:
            raise DataError(
                f"hop_samples ({self.hop_samples}) must not exceed window_samples "
                f"({self.window_samples}): time between windows would never be seen"
            )


@dataclass(frozen=True)
class Labelling:
    """When a window is an event, background, or neither.

    An event: at least `event_overlap` of the window inside an event, or at least
    `event_inside` of an event inside the window. Background: at most `background_overlap` of
    the window inside an event and at most `max_uncertain` inside uncertain time.
    """

    event_overlap: Fraction
    event_inside: Fraction
    background_overlap: Fraction
    max_uncertain: Fraction

    def __post_init__(self) -> None:
        if self.background_overlap > self.event_overlap:
            raise DataError("background_overlap must not exceed event_overlap")


def starts(n_samples: int, grid: Grid) -> NDArray[np.int64]:
    """First samples of the windows: every hop, and one flush with the end.

    The last window makes sure that no second goes unseen. A recording shorter than a window
    has none.
    """
    if n_samples < grid.window_samples:
        return np.zeros(0, np.int64)
    last = n_samples - grid.window_samples
    regular = np.arange(0, last + 1, grid.hop_samples, dtype=np.int64)
    return regular if regular[-1] == last else np.append(regular, last)


def cut(
    samples: NDArray[np.float32],
    first: NDArray[np.int64],
    length: int,
    context: int = 0,
) -> NDArray[np.float32]:
    """Windows (n, length + 2 context) from cleaned samples, mirrored beyond the recording."""
    padded = np.pad(samples, context, mode="reflect") if context else samples
    return np.lib.stride_tricks.sliding_window_view(padded, length + 2 * context)[first]


def fraction_of(flags: NDArray[np.bool_], first: NDArray[np.int64], length: int) -> NDArray:
    """The share of each window that is flagged."""
    total = np.concatenate(([0], np.cumsum(flags, dtype=np.int64)))
    return (total[first + length] - total[first]) / length


def new_seconds(n_samples: int, first: NDArray[np.int64], grid: Grid, rate: float) -> NDArray:
    """Recorded seconds that no earlier window covers; they sum to the length of the recording."""
    ends = first + grid.window_samples
    return np.diff(ends, prepend=0) / rate if len(ends) else np.array([n_samples / rate])


def covered(begin: NDArray[np.float64], length: float, intervals: pd.DataFrame) -> NDArray:
    """The share of each window inside any of the intervals (onset_s, offset_s), counted once."""
    share = np.zeros(len(begin))
    until = -np.inf
    for onset, offset in sorted(zip(intervals["onset_s"], intervals["offset_s"], strict=True)):
        left = max(onset, until)
        if offset > left:
            shared = np.minimum(begin + length, offset) - np.maximum(begin, left)
            share += np.maximum(shared, 0.0) / length
            until = offset
    return share


def label_windows(
    first: NDArray[np.int64],
    gap: NDArray[np.bool_],
    events: pd.DataFrame,
    rate: float,
    grid: Grid,
    labelling: Labelling,
) -> pd.DataFrame:
    """What each window holds.

    Parameters
    ----------
    first : (n,) first samples.
    gap : (samples,) of the recording.
    events : the rows of table EVENTS of this recording.
    rate : in Hz.

    Returns
    -------
    A table with label, event_id, status (`used`, `uncertain` or `gap`) and reason, one row per
    window. The label is the event's that fills most of the window, or `background`.
    """
    count, length = len(first), grid.window_samples / rate
    begin = first / rate
    most = np.zeros(count)
    inside = np.zeros(count)
    label = np.full(count, BACKGROUND, object)
    event_id = np.full(count, "", object)
    certain = events["certain"].to_numpy(bool)
    for event in events[certain].to_dict("records"):
        shared = np.minimum(begin + length, event["offset_s"]) - np.maximum(begin, event["onset_s"])
        shared = np.maximum(shared, 0.0)
        more = shared > most
        most = np.where(more, shared, most)
        label[more] = event["label"]
        event_id[more] = event["event_id"]
        inside = np.maximum(inside, shared / (event["offset_s"] - event["onset_s"]))
    filled = covered(begin, length, events[certain])
    doubt = covered(begin, length, events[~certain])
    positive = (filled >= labelling.event_overlap) | (inside >= labelling.event_inside)
    positive &= most > 0
    partly = ~positive & (filled > labelling.background_overlap)
    doubtful = ~positive & ~partly & (doubt > labelling.max_uncertain)
    missing = fraction_of(gap, first, grid.window_samples)
    gappy = missing > grid.max_gap
    label[~positive] = BACKGROUND
    event_id[~positive] = ""
    status = np.full(count, "used", object)
    reason = np.full(count, "", object)
    status[partly | doubtful] = "uncertain"
    reason[partly] = "partly inside an event"
    reason[doubtful] = "inside uncertain time"
    status[gappy] = "gap"
    reason[gappy] = [f"{share:.0%} of the samples are missing" for share in missing[gappy]]
    return pd.DataFrame({"label": label, "event_id": event_id, "status": status, "reason": reason})
