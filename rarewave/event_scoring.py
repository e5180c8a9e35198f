"""Scores of detected events against a catalogue, by events, by segments and by intersection.

Events are rows with recording_id, onset_s, offset_s (seconds from the start of the recording) and
label: `tables.EVENTS` as truth and `tables.DETECTED` as what was found. Rows of the truth that are
not `certain` are left out, so that a detection of one counts as false. Times that differ from a
limit by less than a nanosecond meet it: the last bit of a float decides nothing.

Event and segment scores are those of Mesaros, Heittola and Virtanen (2016), "Metrics for
polyphonic sound event detection", as in sed_eval with optimal matching; the intersection criteria
those of Bilen et al. (2020), "A framework for the robust evaluation of sound event detection".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from rarewave.checks import Above, AtLeast, Between
from rarewave.errors import DataError
from rarewave.tables import Schema, conform

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

EVENT: Schema = {
    "recording_id": "str",
    "onset_s": "float64",
    "offset_s": "float64",
    "label": "str",
}
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Matching:
    """When a detection is the event, and the length of a segment. All that is not null must hold.

    `collar_s`: the onsets lie within so many seconds; null: no matter, and `overlap` must say.
    `offset_fraction`: the offsets lie within the greater of `offset_collar_s` seconds and this
    fraction of the length of the event; null: no matter, and neither is `offset_collar_s`.
    `overlap`: the intersection is at least this share of the event and of the detection, so that
    0.5 is "at least half overlapping" whichever of the two is longer; null: no matter.
    `segment_s`: seconds of a segment of `segment_scores`.
    sed_eval's defaults are 0.2, 0.2, 0.5, null and 1.
    """

    collar_s: Annotated[float, AtLeast(0)] | None
    offset_collar_s: Annotated[float, AtLeast(0)]
    offset_fraction: Annotated[float, AtLeast(0)] | None
    overlap: Annotated[float, Above(0), Between(0, 1)] | None
    segment_s: Annotated[float, Above(0)]

    def __post_init__(self) -> None:
        if self.collar_s is None and self.overlap is None:
            raise DataError("collar_s and overlap are both null: one must say what a match is")


@dataclass(frozen=True)
class Intersections:
    """Counts of `intersections`, in the order of the classes.

    reference, tp : events, and those found.
    fp : detections that fail the detection tolerance.
    cross : (detected class, class of the truth), those of `fp` that trigger on another class.
    truth_s : seconds that the events of a class cover.
    """

    reference: Array
    tp: Array
    fp: Array
    cross: Array
    truth_s: Array


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
    events, detections = _events(truth, "truth"), _events(found, "detections")
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
    events, detections = _listed(truth, found, classes)
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
    events, detections = _listed(truth, found, classes)
    pairs = _match(events, detections, matching)
    table = _by_event(events, detections, classes, pairs, hours)
    swapped = _substitutions(events, detections, pairs, matching)
    missed, wrong = len(events) - len(pairs), len(detections) - len(pairs)
    errors = (swapped, missed - swapped, wrong - swapped)
    return _summary(table, errors) | {"false_alarms_per_hour": wrong / hours}


def segment_scores(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    classes: Sequence[str],
    durations: Mapping[str, float],
    segment_s: float,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Scores by segments: a class is active in a segment that one of its events touches.

    `durations` are the seconds of every recording that was searched, those without an event
    included. The last segment of a recording may be shorter; what lies beyond it is cut.

    Returns
    -------
    The columns of `event_scores`, in segments and without false alarms, and the entries of
    `overall` likewise, where classes that swap within a segment are substitutions.

    Raises
    ------
    DataError
        As `match`; or a label is not among the classes, a recording has no duration, or
        `segment_s` is not above 0.
    """
    if not segment_s > 0:
        raise DataError(f"a segment of {segment_s} s: segment_s must be above 0")
    events, detections = _listed(truth, found, classes)
    names = pd.Index(list(durations))
    for frame in (events, detections):
        unknown = ~frame["recording_id"].isin(names)
        if unknown.any():
            raise DataError(
                f"recording {frame['recording_id'][unknown].iloc[0]} has events and no duration"
            )
    seconds = np.array([durations[name] for name in names], float)
    count = np.ceil(seconds / segment_s - _ROUNDING).astype(np.int64)
    first = np.concatenate(([0], np.cumsum(count)))
    reference, detected, both = (np.zeros(first[-1], np.int32) for _ in range(3))
    rows = []
    for name in classes:
        active = [
            _active(frame[frame["label"] == name], names, first, segment_s)
            for frame in (events, detections)
        ]
        reference += active[0]
        detected += active[1]
        both += active[0] & active[1]
        rows.append([int(a.sum()) for a in (*active, active[0] & active[1])])
    table = _rates(classes, np.array(rows, float).reshape(len(classes), 3))
    swapped = int((np.minimum(reference, detected) - both).sum())
    missed = int(np.maximum(reference - detected, 0).sum())
    added = int(np.maximum(detected - reference, 0).sum())
    return table, _summary(table, (swapped, missed, added))


def intersections(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    classes: Sequence[str],
    dtc: float,
    gtc: float,
    cttc: float,
) -> Intersections:
    """Hits, false alarms and cross-triggers by shares of intersection (Bilen et al. 2020).

    A detection is good where events of its class cover at least `dtc` of it, and false otherwise.
    An event is found where good detections of its class cover at least `gtc` of it. A false
    detection triggers on another class whose events cover at least `cttc` of it. Nothing is good
    or found without an intersection. Where events of a class overlap, what counts is their union,
    so no second is counted twice. Events without a length cannot be covered and are left out.
    Times count in whole nanoseconds.

    Raises
    ------
    DataError
        As `match`; or a label is not among the classes.
    """
    events, detections = (
        frame[frame["offset_s"] > frame["onset_s"]] for frame in _listed(truth, found, classes)
    )
    at, was = _common_axis(events, detections)
    kind, found_kind = (frame["label"].to_numpy(str) for frame in (events, detections))
    count = len(classes)
    reference, tp, fp, truth_s = (np.zeros(count) for _ in range(4))
    cross = np.zeros((count, count))
    unions = [_union(at[kind == name]) for name in classes]
    for i, name in enumerate(classes):
        mine, events_mine = was[found_kind == name], at[kind == name]
        good = _covers(unions[i], mine, dtc)
        reference[i] = len(events_mine)
        tp[i] = _covers(_union(mine[good]), events_mine, gtc).sum()
        fp[i] = (~good).sum()
        truth_s[i] = (unions[i][:, 1] - unions[i][:, 0]).sum() / 1e9
        for j in range(count):
            if j != i:
                cross[i, j] = _covers(unions[j], mine[~good], cttc).sum()
    return Intersections(reference, tp, fp, cross, truth_s)


def _events(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The columns of EVENT of the certain rows, indexed by their row number."""
    table = conform(frame, EVENT, name)
    wrong = ~(table["offset_s"] >= table["onset_s"])  # NaN too
    wrong |= ~np.isfinite(table["onset_s"]) | ~np.isfinite(table["offset_s"])
    if wrong.any():
        row = table[wrong].iloc[0]
        raise DataError(
            f"{name}: {row['label']} in {row['recording_id']} lasts from {row['onset_s']} to "
            f"{row['offset_s']} s: both must be numbers, and the offset not before the onset"
        )
    if "certain" in frame.columns:
        table = table[frame["certain"].to_numpy(bool)]
    return table


def _listed(
    truth: pd.DataFrame, found: pd.DataFrame, classes: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables, where all labels are among the classes."""
    if not classes or len(set(classes)) < len(classes):
        raise DataError(f"classes are [{', '.join(classes)}]: name each that is scored once")
    tables = _events(truth, "truth"), _events(found, "detections")
    for name, table in zip(("truth", "detections"), tables, strict=True):
        other = sorted(set(table["label"]) - set(classes))
        if other:
            raise DataError(
                f"{name}: label {', '.join(other)} is not among the classes "
                f"{', '.join(classes)}: add it to them, or leave its events out"
            )
    return tables


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
    group = pd.concat((events[same], detections[same])).groupby(same, sort=False).ngroup()
    code, was_code = np.split(group.to_numpy(np.int64), [len(events)])
    on, off = (events[c].to_numpy(float) for c in ("onset_s", "offset_s"))
    was_on, was_off = (detections[c].to_numpy(float) for c in ("onset_s", "offset_s"))
    low, high = np.full(len(on), -np.inf), np.full(len(on), np.inf)
    if matching.collar_s is not None:
        low, high = on - matching.collar_s, on + matching.collar_s
    if matching.overlap is not None:
        # A detection that is much longer than the event cannot intersect enough of itself.
        low = np.maximum(low, on - (off - on) / matching.overlap)
        high = np.minimum(high, off)
    slack = 4 * _ROUNDING / (matching.overlap or 1.0)
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
        agree &= np.abs(on[left] - was_on[right]) <= matching.collar_s + _ROUNDING
    if matching.offset_fraction is not None:
        limit = np.maximum(matching.offset_collar_s, matching.offset_fraction * length)
        agree &= np.abs(off[left] - was_off[right]) <= limit[left] + _ROUNDING
    if matching.overlap is not None:
        both = np.minimum(off[left], was_off[right]) - np.maximum(on[left], was_on[right])
        longer = np.maximum(length[left], (was_off - was_on)[right])
        agree &= (both >= matching.overlap * longer - _ROUNDING) & (both >= 0)
    left, right = left[agree], right[agree]
    sort = np.lexsort((right, left))
    return left[sort], right[sort]


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
    table = _rates(classes, np.array(counts).reshape(len(classes), 3))
    table["false_alarms_per_hour"] = table["fp"] / hours
    return table


def _rates(classes: Sequence[str], counts: Array) -> pd.DataFrame:
    """Scores per class from counts (classes, 3) of the reference, the detected and the hits."""
    reference, detected, tp = counts.T
    fp, fn = detected - tp, reference - tp
    recall = _over(tp, reference)
    return pd.DataFrame(
        {
            "label": list(classes),
            "reference": reference.astype(np.int64),
            "detected": detected.astype(np.int64),
            "tp": tp.astype(np.int64),
            "fp": fp.astype(np.int64),
            "fn": fn.astype(np.int64),
            "precision": np.where(detected > 0, _over(tp, detected), 0.0),
            "recall": recall,
            "f1": np.where(reference > 0, _over(2 * tp, reference + detected), np.nan),
            "error_rate": _over(fp + fn, reference),
        }
    )


def _summary(table: pd.DataFrame, errors: tuple[int, int, int]) -> dict[str, float]:
    """Scores of all classes, from those of each and substitutions, deletions and insertions."""
    total = table[["reference", "detected", "tp"]].to_numpy(float).sum(axis=0)
    alike = _rates(["all"], total[None]).iloc[0]
    f1 = table["f1"].dropna()
    parts = _over(np.array(errors, float), np.full(3, total[0]))
    return {
        "macro_f1": float(f1.mean()) if len(f1) else float("nan"),
        "precision": float(alike["precision"]),
        "recall": float(alike["recall"]),
        "f1": float(alike["f1"]),
        "error_rate": float(parts.sum()),
        "substitution_rate": float(parts[0]),
        "deletion_rate": float(parts[1]),
        "insertion_rate": float(parts[2]),
    }


def _over(part: Array, whole: Array) -> Array:
    """The quotient; NaN over 0."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _active(
    events: pd.DataFrame, names: pd.Index, first: Indices, segment_s: float
) -> NDArray[np.bool_]:
    """Which segments, of all recordings in a row, an event touches."""
    recording = names.get_indexer(events["recording_id"])
    begin = np.floor(events["onset_s"].to_numpy(float) / segment_s + _ROUNDING)
    end = np.ceil(events["offset_s"].to_numpy(float) / segment_s - _ROUNDING)
    count = (first[1:] - first[:-1])[recording]
    begin = np.clip(begin, 0, count).astype(np.int64)
    end = np.maximum(np.clip(end, 0, count).astype(np.int64), begin)
    step = np.zeros(first[-1] + 1, np.int32)
    np.add.at(step, first[recording] + begin, 1)
    np.add.at(step, first[recording] + end, -1)
    return np.cumsum(step)[:-1] > 0


def _common_axis(events: pd.DataFrame, detections: pd.DataFrame) -> tuple[Indices, Indices]:
    """Onsets and offsets (events, 2) in whole ns, with the recordings one after the other."""
    both = pd.concat((events, detections))
    code, names = pd.factorize(both["recording_id"])
    times = np.rint(both[["onset_s", "offset_s"]].to_numpy(float) * 1e9).astype(np.int64)
    low = np.full(len(names), np.iinfo(np.int64).max)
    high = np.full(len(names), np.iinfo(np.int64).min)
    np.minimum.at(low, code, times[:, 0])
    np.maximum.at(high, code, times[:, 1])
    shift = np.concatenate(([0], np.cumsum(high - low + 1)))[:-1] - low
    times += shift[code][:, None]
    return times[: len(events)], times[len(events) :]


def _union(times: Indices) -> Indices:
    """Disjoint intervals (n, 2), rising, that cover what the intervals cover."""
    times = times[np.argsort(times[:, 0], kind="stable")]
    reach = np.maximum.accumulate(times[:, 1])
    new = np.ones(len(times), bool)
    new[1:] = times[1:, 0] > reach[:-1]
    last = np.append(new[1:], True)[: len(times)]
    return np.stack((times[new, 0], reach[last]), axis=1)


def _covers(union: Indices, times: Indices, share: float) -> NDArray[np.bool_]:
    """Which intervals the union covers at least a share of, to a nanosecond."""
    if not len(union):
        return np.zeros(len(times), bool)
    length = union[:, 1] - union[:, 0]
    before = np.cumsum(length) - length
    index = np.searchsorted(union[:, 0], times, side="right") - 1
    part = np.minimum(times - union[index, 0], length[index])
    covered = np.diff(np.where(index >= 0, before[index] + part, 0), axis=1)[:, 0]
    return (covered > 0) & (covered + 1 >= share * (times[:, 1] - times[:, 0]))
