"""Scores of detected events against a catalogue, by events, by segments and by intersection.

Events are rows with recording_id, onset_s, offset_s (seconds from the start of the recording) and
label: `tables.EVENTS` as truth and `tables.DETECTED` as what was found. Rows of the truth that are
not `certain` are left out, so that a detection of one counts as false. Times that differ from a
limit by less than a nanosecond meet it: the last bit of a float decides nothing.

Event and segment scores are those of Mesaros, Heittola and Virtanen (2016), "Metrics for
polyphonic sound event detection", as in sed_eval with optimal matching; the intersection criteria
those of Bilen et al. (2020), "A framework for the robust evaluation of sound event detection".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, AtLeast, Between
from rarewave.metrics.event_rates import ROUNDING, events_of, listed, rates, summary

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Matching:
    """When a detection is the event, and the length of a segment. All that is not null must hold.

    `collar_s`: the onsets lie within so many seconds; null: no matter, and `overlap` must say.
    `offset_collar_s` and `offset_fraction`: the offsets lie within so many seconds, or within this
    fraction of the length of the event; where both are given, within the greater of the two.
    `overlap`: the intersection is at least this share of the event and of the detection, so that
    0.5 is "at least half overlapping" whichever of the two is longer; null: no matter.
    `segment_s`: seconds of a segment of `segment_scores`.
    sed_eval's defaults are 0.2, 0.2, 0.5, null and 1.
    """

    collar_s: Annotated[float, AtLeast(0)] | None
    offset_collar_s: Annotated[float, AtLeast(0)] | None
    offset_fraction: Annotated[float, AtLeast(0)] | None
    overlap: Annotated[float, Above(0), Between(0, 1)] | None
    segment_s: Annotated[float, Above(0)]

    def __post_init__(self) -> None:
        if self.collar_s is None and self.overlap is None:
            raise DataError("collar_s and overlap are both null: one must say what a match is")


def match(truth: pd.DataFrame, found: pd.DataFrame, matching: Matching) -> Indices:
    """As many pairs of an event and a detection as can be made, within recording and label.

    An event and a detection take part in one pair at most (maximum bipartite matching, Hopcroft
    and Karp 1973). Only detections with a near onset are compared.

    Returns
    -------
    (pairs, 2) row numbers in `truth` and in `found`, rising in the first.

    Raises
    ------
    DataError
        A column is missing, a time is not a number, or an event ends before it begins.
    """
    events, detections = events_of(truth, "truth"), events_of(found, "detections")
    pairs = _match(events, detections, matching)
    rows = (events.index.to_numpy()[pairs[:, 0]], detections.index.to_numpy()[pairs[:, 1]])
    return np.stack(rows, axis=1).astype(np.int64)


def event_scores(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    classes: Sequence[str],
    matching: Matching,
    hours: float,
) -> pd.DataFrame:
    """Scores of each class by events.

    `hours` is how much was searched. Precision is 0 where nothing was detected; recall, F1 and
    error rate are NaN without an event. The error rate is fp and fn over the events.

    Returns
    -------
    A row per class with label, reference, detected, tp, fp, fn, precision, recall, f1, error_rate
    and false_alarms_per_hour.

    Raises
    ------
    DataError
        As `match`; or a label is not among the classes, or `hours` is not above 0.
    """
    events, detections = listed(truth, found, classes)
    return _by_event(events, detections, classes, _match(events, detections, matching), hours)


def overall(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    classes: Sequence[str],
    matching: Matching,
    hours: float,
) -> dict[str, float]:
    """Scores of all classes together, by events.

    An event that was not found and a detection left over that would be a match but for the label
    are a substitution, not a miss and a false alarm. As in sed_eval each event, in the order of
    the table, takes the first such detection. Where the pairs of `match` can be made in several
    ways, which events are left over, and so the number of substitutions, may depend on the way.

    Returns
    -------
    macro_f1 (mean over the classes with events), precision, recall and f1 of all events alike,
    error_rate and its parts substitution_rate, deletion_rate and insertion_rate, and
    false_alarms_per_hour (substitutions included).

    Raises
    ------
    DataError
        As `event_scores`.
    """
    events, detections = listed(truth, found, classes)
    pairs = _match(events, detections, matching)
    table = _by_event(events, detections, classes, pairs, hours)
    swapped = _substitutions(events, detections, pairs, matching)
    missed, wrong = len(events) - len(pairs), len(detections) - len(pairs)
    errors = (swapped, missed - swapped, wrong - swapped)
    return summary(table, errors) | {"false_alarms_per_hour": wrong / hours}


def _match(events: pd.DataFrame, detections: pd.DataFrame, matching: Matching) -> Indices:
    """Pairs of positions, rising in the first."""
    left, right = _near(events, detections, matching, ["recording_id", "label"])
    graph = csr_array(
        (np.ones(len(left), np.int8), (left, right)), shape=(len(events), len(detections))
    )
    partner = maximum_bipartite_matching(graph, perm_type="column")
    paired = np.flatnonzero(partner >= 0)
    return np.stack((paired, partner[paired]), axis=1).astype(np.int64)


def _near(
    events: pd.DataFrame, detections: pd.DataFrame, matching: Matching, same: list[str]
) -> tuple[Indices, Indices]:
    """All positions of an event and a detection that agree in time and in the columns `same`.

    They are in the order of the events, and for one event in that of the detections.
    """
    if events.empty or detections.empty:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    code, was_code = _codes(events, detections, same)
    on, off = (events[c].to_numpy(float) for c in ("onset_s", "offset_s"))
    was_on, was_off = (detections[c].to_numpy(float) for c in ("onset_s", "offset_s"))
    low, high = np.full(len(on), -np.inf), np.full(len(on), np.inf)
    if matching.collar_s is not None:
        low, high = on - matching.collar_s, on + matching.collar_s
    if matching.overlap is not None:
        # A detection that is much longer than the event cannot intersect enough of itself.
        low = np.maximum(low, on - (off - on) / matching.overlap)
        high = np.minimum(high, off)
    slack = 4 * ROUNDING / (matching.overlap or 1.0)
    # Detections are sorted by group and onset, which make one whole number.
    values = np.unique(was_on)
    key = was_code * (len(values) + 1) + np.searchsorted(values, was_on)
    order = np.argsort(key, kind="stable")
    base = code * (len(values) + 1)
    first = np.searchsorted(key[order], base + np.searchsorted(values, low - slack))
    after = np.searchsorted(key[order], base + np.searchsorted(values, high + slack, "right"))
    count = np.maximum(after - first, 0)
    left = np.repeat(np.arange(len(on)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    right = order[np.repeat(first, count) + within]
    agree = np.ones(len(left), bool)
    length = off - on
    if matching.collar_s is not None:
        agree &= np.abs(on[left] - was_on[right]) <= matching.collar_s + ROUNDING
    if matching.offset_collar_s is not None or matching.offset_fraction is not None:
        limit = np.maximum(matching.offset_collar_s or 0, (matching.offset_fraction or 0) * length)
        agree &= np.abs(off[left] - was_off[right]) <= limit[left] + ROUNDING
    if matching.overlap is not None:
        both = np.minimum(off[left], was_off[right]) - np.maximum(on[left], was_on[right])
        longer = np.maximum(length[left], (was_off - was_on)[right])
        agree &= (both >= matching.overlap * longer - ROUNDING) & (both >= 0)
    left, right = left[agree], right[agree]
    sort = np.lexsort((right, left))
    return left[sort], right[sort]


def _codes(
    events: pd.DataFrame, detections: pd.DataFrame, same: list[str]
) -> tuple[Indices, Indices]:
    """A number for each combination of values in the columns `same`, in both tables alike."""
    code = np.zeros(len(events) + len(detections), np.int64)
    for column in same:
        values, known = pd.factorize(pd.concat((events[column], detections[column])))
        code = code * len(known) + values
    return code[: len(events)], code[len(events) :]


def _substitutions(
    events: pd.DataFrame, detections: pd.DataFrame, pairs: Indices, matching: Matching
) -> int:
    """How many events left over take a detection left over, whatever the label."""
    missed = np.setdiff1d(np.arange(len(events)), pairs[:, 0])
    wrong = np.setdiff1d(np.arange(len(detections)), pairs[:, 1])
    left, right = _near(events.iloc[missed], detections.iloc[wrong], matching, ["recording_id"])
    taken: set[int] = set()
    done = -1
    for event, detection in zip(left.tolist(), right.tolist(), strict=True):
        if event != done and detection not in taken:
            taken.add(detection)
            done = event
    return len(taken)


def _by_event(
    events: pd.DataFrame,
    detections: pd.DataFrame,
    classes: Sequence[str],
    pairs: Indices,
    hours: float,
) -> pd.DataFrame:
    if not hours > 0:
        raise DataError(f"{hours} hours were searched: false alarms per hour need more than 0")
    label = events["label"].to_numpy(str)
    columns = (label, detections["label"].to_numpy(str), label[pairs[:, 0]])
    counts = [[float((column == name).sum()) for column in columns] for name in classes]
    table = rates(classes, np.array(counts).reshape(len(classes), 3))
    table["false_alarms_per_hour"] = table["fp"] / hours
    return table
