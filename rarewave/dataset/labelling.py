"""What a window holds: an event, background, or neither."""

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.intervals import covered, gap_share, reached, shared_s
from rarewave.base.parameters import Fraction, Seconds
from rarewave.base.tasks import BACKGROUND
from rarewave.frontend.grid import Grid


@dataclass(frozen=True)
class Labelling:
    """When a window is an event, background, or neither.

    An event: at least `event_overlap` of the window inside an event, or at least
    `event_inside` of an event inside the window. Background: at most `background_overlap` of
    the window inside an event, at most `background_inside` of any event inside the window and at
    most `max_uncertain` of it inside uncertain time. Of tags a window that holds some is neither
    where more of it than that is uncertain of another. Events of one label that follow one another
    within less than `least_gap_s` are shortened until they are so far apart: what is to be found
    one by one must be learnt with a gap between.
    """

    event_overlap: Fraction
    event_inside: Fraction
    background_overlap: Fraction
    background_inside: Fraction
    max_uncertain: Fraction
    least_gap_s: Seconds

    def __post_init__(self) -> None:
        if self.background_overlap > self.event_overlap:
            raise DataError("background_overlap must not exceed event_overlap")
        if self.background_inside > self.event_inside:
            raise DataError("background_inside must not exceed event_inside")


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
    tags: bool = False,
) -> pd.DataFrame:
    """What each window holds.

    Parameters
    ----------
    first : (n,) first samples, in order.
    gaps : (k, 2) start and stop of each, in samples.
    events : the rows of table EVENTS of this recording.
    rate : in Hz.
    tags : what a window does not hold is learnt too, label by label.

    Returns
    -------
    A table with label, labels, event_id, low_hz, high_hz, status (`used`, `uncertain` or `gap`)
    and reason, one row per window. The label is the event's that fills most of the window, or
    `background`; `labels` is a list of all that fill enough of it, of background alone where
    there is none.
    """
    begin, length = first / rate, grid.window_samples / rate
    if labelling.least_gap_s:
        events = separated(events, labelling.least_gap_s)
    certain = events["certain"].to_numpy(bool)
    main = _main_events(begin, length, events[certain])
    filled = covered(begin, length, events[certain])
    doubt = covered(begin, length, events[~certain])
    positive = (filled >= labelling.event_overlap) | (main.inside >= labelling.event_inside)
    positive &= main.most > 0
    partly = (filled > labelling.background_overlap) | (main.inside > labelling.background_inside)
    partly &= ~positive
    doubtful = ~positive & ~partly & (doubt > labelling.max_uncertain)
    missing = gap_share(gaps, first, grid.window_samples)
    gappy = missing > grid.max_gap
    label = np.where(positive, main.label, BACKGROUND)
    status = np.full(len(first), "used", object)
    reason = np.full(len(first), "", object)
    status[partly | doubtful] = "uncertain"
    reason[partly] = "holds a part of an event"
    reason[partly & (filled > labelling.background_overlap)] = "partly inside an event"
    reason[doubtful] = "inside uncertain time"
    labels = _label_sets(begin, length, events[certain], labelling, label)
    if tags:
        unclear = positive & _may_hold_more(begin, length, events[~certain], labelling, labels)
        status[unclear], reason[unclear] = "uncertain", "may hold another tag"
    status[gappy] = "gap"
    reason[gappy] = [f"{share:.0%} of the samples are missing" for share in missing[gappy]]
    band = np.where(positive[:, None], main.band, np.nan)
    return pd.DataFrame(
        {
            "label": label, "labels": labels, "event_id": np.where(positive, main.event_id, ""),
            "low_hz": band[:, 0], "high_hz": band[:, 1], "status": status, "reason": reason,
        }
    )  # fmt: skip


def _may_hold_more(
    begin: NDArray[np.float64],
    length: float,
    doubtful: pd.DataFrame,
    labelling: Labelling,
    labels: NDArray[np.object_],
) -> NDArray[np.bool_]:
    """Whether windows (n,) lie in uncertain time of a label that they do not hold anyway."""
    found = np.zeros(len(begin), bool)
    for kind, mine in doubtful.groupby("label"):
        lacking = np.array([kind not in names for names in labels], bool)
        found |= lacking & (covered(begin, length, mine) > labelling.max_uncertain)
    return found


class _Main(NamedTuple):
    """The event that fills most of each window."""

    most: NDArray[np.float64]  # (n,) seconds that it fills; 0 where there is none
    inside: NDArray[np.float64]  # (n,) largest share of any event that lies in the window
    label: NDArray[np.object_]
    event_id: NDArray[np.object_]
    band: NDArray[np.float64]  # (n, 2) Hz


def _main_events(begin: NDArray[np.float64], length: float, events: pd.DataFrame) -> _Main:
    count = len(begin)
    main = _Main(
        np.zeros(count),
        np.zeros(count),
        np.full(count, BACKGROUND, object),
        np.full(count, "", object),
        np.full((count, 2), np.nan),
    )
    for event in events.to_dict("records"):
        near = reached(begin, length, event)
        shared = shared_s(begin[near], length, event)
        more = np.flatnonzero(shared > main.most[near]) + near.start
        main.most[near] = np.maximum(main.most[near], shared)
        main.label[more] = event["label"]
        main.event_id[more] = event["event_id"]
        main.band[more] = event["low_hz"], event["high_hz"]
        share = shared / (event["offset_s"] - event["onset_s"])
        main.inside[near] = np.maximum(main.inside[near], share)
    return main


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
    labels = np.empty(len(sets), object)
    labels[:] = [sorted(names) or [BACKGROUND] for names in sets]
    return labels
