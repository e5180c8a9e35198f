"""What a window holds: an event, background, or neither."""

import itertools
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.intervals import covered, gap_share, reached, shared_s
from rarewave.base.parameters import AtLeast, Fraction
from rarewave.base.tasks import BACKGROUND
from rarewave.frontend.grid import Grid


@dataclass(frozen=True)
class Labelling:
    """When a window is an event, background, or neither.

    An event: at least `event_overlap` of the window inside an event, or at least
    `event_inside` of an event inside the window. Background: at most `background_overlap` of
    the window inside an event and at most `max_uncertain` inside uncertain time. Events of one
    label that follow one another within less than `least_gap_s` are shortened until they are so
    far apart: what is to be found one by one must be learnt with a gap between.
    """

    event_overlap: Fraction
    event_inside: Fraction
    background_overlap: Fraction
    max_uncertain: Fraction
    least_gap_s: Annotated[float, AtLeast(0)]

    def __post_init__(self) -> None:
        if self.background_overlap > self.event_overlap:
            raise DataError("background_overlap must not exceed event_overlap")


def separated(events: pd.DataFrame, least_gap_s: float) -> pd.DataFrame:
    """Events of one recording, those of one label at least `least_gap_s` apart in time.

    Both neighbours give way by half of what lacks, at most a third of their length. Overlapping
    events are left alone.
    """
    table = events.sort_values("onset_s", kind="stable").reset_index(drop=True)
    onset, offset = table["onset_s"].to_numpy(float), table["offset_s"].to_numpy(float)
    begin, end = onset.copy(), offset.copy()
    for _, mine in table[table["certain"]].groupby("label"):
        for i, j in itertools.pairwise(mine.index):
            gap = onset[j] - offset[i]
            if 0 <= gap < least_gap_s:
                lacking = (least_gap_s - gap) / 2
                end[i] -= min(lacking, (offset[i] - onset[i]) / 3)
                begin[j] += min(lacking, (offset[j] - onset[j]) / 3)
    return table.assign(onset_s=begin, offset_s=end)


def label_windows(
    first: NDArray[np.int64],
    gaps: NDArray[np.int64],
    events: pd.DataFrame,
    rate: float,
    grid: Grid,
    labelling: Labelling,
) -> pd.DataFrame:
    """What each window holds.

    Parameters
    ----------
    first : (n,) first samples, in order.
    gaps : (k, 2) start and stop of each, in samples.
    events : the rows of table EVENTS of this recording.
    rate : in Hz.

    Returns
    -------
    A table with label, labels, event_id, low_hz, high_hz, status (`used`, `uncertain` or `gap`)
    and reason, one row per window. The label is the event's that fills most of the window, or
    `background`; `labels` is a list of all that fill enough of it, of background alone where
    there is none.
    """
    count, length = len(first), grid.window_samples / rate
    begin = first / rate
    most = np.zeros(count)
    inside = np.zeros(count)
    label = np.full(count, BACKGROUND, object)
    event_id = np.full(count, "", object)
    band = np.full((count, 2), np.nan)
    if labelling.least_gap_s:
        events = separated(events, labelling.least_gap_s)
    certain = events["certain"].to_numpy(bool)
    for event in events[certain].to_dict("records"):
        near = reached(begin, length, event)
        shared = shared_s(begin[near], length, event)
        more = np.flatnonzero(shared > most[near]) + near.start
        most[near] = np.maximum(most[near], shared)
        label[more] = event["label"]
        event_id[more] = event["event_id"]
        band[more] = event["low_hz"], event["high_hz"]
        share = shared / (event["offset_s"] - event["onset_s"])
        inside[near] = np.maximum(inside[near], share)
    filled = covered(begin, length, events[certain])
    doubt = covered(begin, length, events[~certain])
    positive = (filled >= labelling.event_overlap) | (inside >= labelling.event_inside)
    positive &= most > 0
    partly = ~positive & (filled > labelling.background_overlap)
    doubtful = ~positive & ~partly & (doubt > labelling.max_uncertain)
    missing = gap_share(gaps, first, grid.window_samples)
    gappy = missing > grid.max_gap
    label[~positive] = BACKGROUND
    event_id[~positive] = ""
    band[~positive] = np.nan
    status = np.full(count, "used", object)
    reason = np.full(count, "", object)
    status[partly | doubtful] = "uncertain"
    reason[partly] = "partly inside an event"
    reason[doubtful] = "inside uncertain time"
    status[gappy] = "gap"
    reason[gappy] = [f"{share:.0%} of the samples are missing" for share in missing[gappy]]
    return pd.DataFrame(
        {
            "label": label,
            "labels": _label_sets(begin, length, events[certain], labelling, label),
            "event_id": event_id,
            "low_hz": band[:, 0],
            "high_hz": band[:, 1],
            "status": status,
            "reason": reason,
        }
    )


def _label_sets(
    begin: NDArray[np.float64],
    length: float,
    events: pd.DataFrame,
    labelling: Labelling,
    label: NDArray[np.object_],
) -> NDArray[np.object_]:
    """All labels of each window: those that alone would make it an event, and the main one."""
    sets: list[set[str]] = [set() if name == BACKGROUND else {name} for name in label]
    for kind, mine in events.groupby("label", sort=True):
        share = covered(begin, length, mine)
        enough = (share >= labelling.event_overlap) & (share > 0)
        for event in mine.to_dict("records"):
            near = reached(begin, length, event)
            part = shared_s(begin[near], length, event) / (event["offset_s"] - event["onset_s"])
            enough[near] |= (part >= labelling.event_inside) & (part > 0)
        for at in np.flatnonzero(enough & (label != BACKGROUND)):
            sets[at].add(str(kind))
    found = np.empty(len(sets), object)
    found[:] = [sorted(names) or [BACKGROUND] for names in sets]
    return found
