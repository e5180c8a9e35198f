"""Split windows into train, validation and test without leaking, and prove it."""

import fnmatch
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.checks import Above, AtLeast, Between
from rarewave.errors import DataError
from rarewave.windows import BACKGROUND

PARTS = ("train", "validation", "test")
PURGED = "purged"

_TRIES = 200


@dataclass(frozen=True)
class Split:
    """How groups are dealt to the parts.

    `validation` and `test` are shares of the windows; `test_groups` and `validation_groups` name
    the groups of those parts instead (days left out), `*` standing for anything; `test_fold` is
    the fold of the test part, given or made by ingest. `test_recordings` names recordings, to
    repeat a published split even if it parts groups: the audit then says what leaks. Windows of
    different parts are at least `purge_s` apart in time.
    """

    validation: Annotated[float, Above(0), Between(0, 0.9)]
    test: Annotated[float, Above(0), Between(0, 0.9)]
    test_groups: tuple[str, ...]
    validation_groups: tuple[str, ...]
    test_fold: int | None
    test_recordings: tuple[str, ...]
    purge_s: Annotated[float, AtLeast(0)]
    seed: Annotated[int, AtLeast(0)]

    def __post_init__(self) -> None:
        if self.validation + self.test >= 1:
            raise DataError("validation and test together must leave something to train on")
        if (self.test_fold is not None) + bool(self.test_groups) + bool(self.test_recordings) > 1:
            raise DataError(
                "two of test_fold, test_groups and test_recordings name the test part: choose one"
            )


def held_out(groups: NDArray[np.str_], folds: NDArray[np.str_], options: Split) -> NDArray:
    """Which part is named for each group: 2 test, 1 validation, -1 neither.

    Raises
    ------
    DataError
        A pattern fits no group, a group is in both parts, or no recording has that fold.
    """
    fixed = np.full(len(groups), -1)
    for parameter, part in (("validation_groups", 1), ("test_groups", 2)):
        for pattern in getattr(options, parameter):
            fits = _fits(groups, pattern)
            if not fits.any():
                shown = np.unique(groups)
                raise DataError(
                    f"split.{parameter} names {pattern}, and no window has that group; groups are "
                    f"{', '.join(shown[:20])}{' …' if len(shown) > 20 else ''}"
                )
            if (fixed[fits] == 3 - part).any():
                both = groups[fits][fixed[fits] == 3 - part][0]
                raise DataError(f"{both} is in test_groups and in validation_groups")
            fixed[fits] = part
    if options.test_fold is not None:
        mine = folds == str(options.test_fold)
        if not mine.any():
            known = ", ".join(sorted(set(folds) - {""})) or "none: see ingest.folds"
            raise DataError(f"split.test_fold is {options.test_fold}; the folds are {known}")
        torn = np.intersect1d(groups[mine], groups[~mine])
        if len(torn):
            raise DataError(
                f"the split leaks: group {torn[0]} lies in fold {options.test_fold} and in another"
            )
        fixed[mine] = 2
    return fixed


def _fits(names: Iterable[str], *patterns: str) -> NDArray[np.bool_]:
    """Which names fit any of some patterns, `*` standing for anything."""
    return np.array([any(fnmatch.fnmatchcase(name, p) for p in patterns) for name in names], bool)


def make_folds(recordings: pd.DataFrame, events: pd.DataFrame, count: int, seed: int) -> list[str]:
    """A fold, 1 to `count`, for each recording: groups whole, labels and time spread evenly.

    Parameters
    ----------
    recordings, events : the tables of those names.

    Raises
    ------
    DataError
        There are fewer groups than folds.
    """
    groups, index = np.unique(recordings["group"].to_numpy("U"), return_inverse=True)
    if len(groups) < count:
        raise DataError(f"ingest.folds is {count}, and there are {len(groups)} groups to deal")
    of = dict(zip(recordings["recording_id"], index, strict=True))
    kinds, kind = np.unique(events["label"].to_numpy("U"), return_inverse=True)
    held = np.zeros((len(groups), len(kinds) + 1))
    np.add.at(held, ([of[r] for r in events["recording_id"]], kind), 1.0)
    seconds = (recordings["n_samples"] / recordings["sample_rate"]).to_numpy()
    held[:, -1] = np.bincount(index, seconds, len(groups))
    share = held / np.maximum(held.sum(axis=0), 1e-12)
    rng = np.random.Generator(np.random.PCG64(seed))
    order = rng.permutation(len(groups))
    order = order[np.argsort(-share[order].max(axis=1), kind="stable")]
    folds, total = np.zeros(len(groups), int), np.zeros((count, held.shape[1]))
    for group in order:
        full = total + share[group]
        cost = np.square(full).sum(axis=1) - np.square(total).sum(axis=1)
        folds[group] = int(np.argmin(cost))
        total[folds[group]] += share[group]
    return [str(folds[i] + 1) for i in index]


def split(windows: pd.DataFrame, options: Split) -> NDArray[np.str_]:
    """The part of each window: train, validation, test or purged.

    Whole groups are dealt, the largest of the rarest label first, each to the part that lacks
    most of it; of many seeded deals the one nearest to the wanted shares of every label wins
    (a grouped form of iterative stratification, Sechidis et al. 2011).

    Parameters
    ----------
    windows : used rows of table WINDOWS.

    Raises
    ------
    DataError
        There are fewer groups than parts, an unknown test group, or a part without an event
        or without background.
    """
    labels = windows["label"].to_numpy("U")
    groups = windows["group"].to_numpy("U")
    names, index = np.unique(groups, return_inverse=True)
    kinds, kind = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(names), len(kinds)))
    np.add.at(counts, (index, kind), 1)
    of_windows = held_out(groups, windows["fold"].to_numpy("U"), options)
    named = published(windows["recording_id"], options)
    if len(names) < len(PARTS) - named.any():
        raise DataError(
            f"there are fewer groups ({len(names)}) than parts ({len(PARTS)}): add recordings of "
            "other days or choose a finer ingest.group"
        )
    fixed = np.full(len(names), -1)
    fixed[index] = of_windows
    np.add.at(counts, (index[named], kind[named]), -1)
    dealt = _deal(counts, kinds != BACKGROUND, options, fixed)
    part = np.array(PARTS)[dealt][index].astype("U16")
    part[named] = "test"
    part[purge(windows, part, options.purge_s)] = PURGED
    part[_torn(windows["event_id"].to_numpy("U"), part)] = PURGED
    positive = labels != BACKGROUND
    both = (("event", positive), ("background", ~positive))
    for name in PARTS:
        inside = part == name
        for what, flags in both:
            if flags.any() and not (inside & flags).any():
                holding = len(np.unique(groups[flags]))
                raise DataError(
                    f"the {name} part has no {what} window: {holding} of {len(names)} groups hold "
                    f"{what} windows, and {len(PARTS)} parts need one each; add recordings, or "
                    "change split.validation, split.test or split.seed"
                )
    return part


def published(recordings: "pd.Series[str]", options: Split) -> NDArray[np.bool_]:
    """Which windows `test_recordings` names."""
    found = np.zeros(len(recordings), bool)
    for pattern in options.test_recordings:
        fits = _fits(recordings, pattern)
        if not fits.any():
            raise DataError(
                f"split.test_recordings names {pattern}, and no window has that recording; one is "
                f"{recordings.iloc[0]}"
            )
        found |= fits
    return found


def _deal(
    counts: NDArray[np.float64],
    event: NDArray[np.bool_],
    options: Split,
    fixed: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The part (0 train, 1 validation, 2 test) of each group, from counts (groups, labels).

    `event` tells which labels are events; `fixed` holds the part of groups that are named, -1
    for those to deal.
    """
    rng = np.random.Generator(np.random.PCG64(options.seed))
    shares = np.array([1 - options.validation - options.test, options.validation, options.test])
    free = np.flatnonzero(fixed < 0)
    if (fixed == 2).any() or options.test_recordings:
        shares = np.array([1 - options.validation, options.validation, 0.0])
    if (fixed == 1).any():
        shares = np.array([1 - shares[2], 0.0, shares[2]])
    total = counts[free].sum(axis=0)
    target = shares[:, None] * total
    # Rare labels weigh as much as common ones; events together weigh as much as each type.
    weight = 1.0 / np.maximum(total, 1.0)
    best, best_cost = None, np.inf
    for attempt in range(_TRIES):
        greedy = attempt % 2 == 0  # which gets stuck where groups are few: then chance helps
        order = rng.permutation(free)
        order = order[np.argsort(-(counts[order] * weight).max(axis=1), kind="stable")]
        held = np.zeros_like(target)
        dealt = fixed.copy()
        for group in order:
            if greedy:
                lack = ((target - held) * weight * (counts[group] > 0)).sum(axis=1)
                lack[shares == 0] = -np.inf
                chosen = int(np.argmax(lack + rng.uniform(0, 0.05, len(lack))))
            else:
                chosen = int(rng.choice(len(shares), p=shares / shares.sum()))
            dealt[group] = chosen
            held[chosen] += counts[group]
        cost = float((np.abs(held - target) * weight).sum())
        for labels in (event, ~event):  # a part without either is useless, however near
            if not labels.any():
                continue
            cost += 100.0 * (held[:, labels].sum(axis=1) == 0)[shares > 0].sum()
        if cost < best_cost:
            best, best_cost = dealt, cost
    assert best is not None
    return best


def purge(windows: pd.DataFrame, part: NDArray[np.str_], purge_s: float) -> NDArray[np.bool_]:
    """Windows too near in time to another part.

    Of two parts that come too near, the training part gives way, then validation. Time is UTC
    where recordings have a start, whatever the station, for one event reaches all of them;
    otherwise the time within the recording.
    """
    clock, axis = _clock(windows)
    begin, end = clock, clock + windows["duration_s"].to_numpy()
    removed = np.zeros(len(part), bool)
    for weaker, stronger in (
        ("train", "validation"),
        ("train", "test"),
        ("validation", "test"),
    ):
        for name in np.unique(axis):
            weak = np.flatnonzero((part == weaker) & (axis == name) & ~removed)
            strong = (part == stronger) & (axis == name) & ~removed
            if len(weak) and strong.any():
                removed[weak] |= _near(
                    begin[weak],
                    end[weak],
                    np.sort(begin[strong]),
                    np.sort(end[strong]),
                    purge_s,
                )
    return removed


def free(
    unlabelled: pd.DataFrame, windows: pd.DataFrame, part: NDArray[np.str_], options: Split
) -> NDArray[np.bool_]:
    """Which unlabelled windows pretraining may see: none of, or near, validation and test.

    Parameters
    ----------
    unlabelled, windows : rows of table WINDOWS; `part` (n,) is that of the latter.
    """
    held = np.isin(part, ("validation", "test"))
    closed = unlabelled["group"].isin(windows["group"][held]).to_numpy(copy=True)
    closed |= _fits(unlabelled["group"], *options.test_groups, *options.validation_groups)
    closed |= _fits(unlabelled["recording_id"], *options.test_recordings)
    if options.test_fold is not None:
        closed |= (unlabelled["fold"] == str(options.test_fold)).to_numpy()
    both = pd.concat([unlabelled, windows[held]], ignore_index=True)
    parts = np.concatenate([np.full(len(unlabelled), "train", "U16"), part[held]])
    return ~closed & ~purge(both, parts, options.purge_s)[: len(unlabelled)]


def _torn(event_id: NDArray[np.str_], part: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Windows of events that reach into a stronger part (an event across midnight)."""
    strength = {PURGED: -1, "train": 0, "validation": 1, "test": 2}
    rank = np.array([strength[name] for name in part])
    torn = np.zeros(len(part), bool)
    for event in np.unique(event_id[event_id != ""]):
        mine = event_id == event
        torn |= mine & (rank < rank[mine].max())
    return torn


def _clock(windows: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Seconds on a time axis, and the name of that axis, for every window."""
    known = windows["start"].notna().to_numpy()
    seconds = windows["start_s"].to_numpy(float).copy()
    utc = windows["start"].to_numpy("datetime64[ns]").astype(np.int64) / 1e9
    seconds[known] = utc[known]
    axis = np.where(known, "UTC", windows["recording_id"].to_numpy("U"))
    return seconds, axis


def _near(
    begin: NDArray, end: NDArray, other_begin: NDArray, other_end: NDArray, gap: float
) -> NDArray[np.bool_]:
    """Intervals that come nearer than `gap` to any of the others (sorted, of one length)."""
    reaching = np.searchsorted(other_begin, end + gap, side="left")
    passed = np.searchsorted(other_end, begin - gap, side="right")
    return reaching > passed


def audit(
    windows: pd.DataFrame,
    part: NDArray[np.str_],
    X: NDArray[np.float32],
    options: Split,
) -> dict[str, Any]:
    """Prove that nothing leaks between the parts.

    Checks that a group is in one part only, that windows of different parts neither overlap
    nor come nearer than `purge_s`, that no event is in two parts, and that no spectrogram
    occurs in two parts. Groups that a published split (`test_recordings`) parts are counted.

    Returns
    -------
    What was checked, with counts.

    Raises
    ------
    DataError
        A leak, naming the windows.
    """
    used = part != PURGED
    groups = windows["group"].to_numpy("U")
    shared = np.intersect1d(groups[part == "train"], groups[part == "test"])
    parts_of = {
        column: pd.Series(part[used]).groupby(windows[column].to_numpy("U")[used]).nunique()
        for column in ("group", "event_id")
    }
    parts_of["event_id"] = parts_of["event_id"].drop("", errors="ignore")  # background
    for column, parts in parts_of.items():
        torn = parts[parts > 1]
        if len(torn) and not (column == "group" and options.test_recordings):
            raise DataError(f"the split leaks: {column} {torn.index[0]} is in two parts")
    near = purge(windows[used], part[used], options.purge_s)
    if near.any():
        name = windows["window_id"].to_numpy("U")[used][near][0]
        raise DataError(
            f"the split leaks: window {name} is within {options.purge_s:g} s of another part"
        )
    seen: dict[bytes, tuple[str, str]] = {}
    names = windows["window_id"].to_numpy("U")
    for row in np.flatnonzero(used):
        if X[row].min() == X[row].max():
            continue  # digital silence: nothing to leak
        key = hashlib.sha256(np.ascontiguousarray(X[row]).tobytes()).digest()
        other = seen.setdefault(key, (str(part[row]), str(names[row])))
        if other[0] != part[row]:
            raise DataError(
                f"the split leaks: windows {other[1]} ({other[0]}) and {names[row]} "
                f"({part[row]}) have the same content: is a recording there twice?"
            )
    return {
        "groups_in_one_part": int((parts_of["group"] == 1).sum()),
        "groups_of_training_and_test": len(shared),
        "test_windows_of_a_training_group": float(np.isin(groups[part == "test"], shared).mean()),
        "events_in_one_part": int(windows["event_id"][windows["event_id"] != ""].nunique()),
        "windows_apart_in_time": int(used.sum()),
        "distinct_spectrograms": len(seen),
    }
