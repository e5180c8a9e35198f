"""Where the parts of a split hold too little, or are not alike."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.notices import Notice, some
from rarewave.base.tasks import Task
from rarewave.splits.near_duplicates import Copy
from rarewave.splits.parts import PARTS

EXAMPLES, GROUPS = 20, 3  # of a class in training: fewer cannot show how it varies
# Groups that hold events: a quarter of twelve is three to test on.
EVENTFUL = 12
PREVALENCE = 3.0  # times more or less frequent in test than in training
EXPECTED = 20  # windows in test, by either frequency, that such a factor is worth speaking of
OUTSIDE = 0.01  # of the levels of training on either side


def few_groups(groups: int, by: str) -> list[Notice]:
    """Whether a test part of a quarter of the groups that hold events can prove anything.

    Parameters
    ----------
    groups : how many hold a labelled event.
    by : what a group is: `ingest.group`.
    """
    if not 0 < groups < EVENTFUL:
        return []
    test = max(1, round(groups / 4))
    # Clopper and Pearson: the least share that gives as many hits of as many 1 time in 40.
    least = 0.025 ** (1 / test)
    return [
        Notice(
            "few_groups",
            groups,
            f"{groups} group{'s' * (groups != 1)} (ingest.group: {by}) hold{'s' * (groups == 1)} "
            f"labelled events: a test part of a quarter has {test}, and even without a mistake "
            f"proves no more than a recall of {least:.2f}; label more of them, or group by "
            "something smaller that is still independent",
        )
    ]


def few_examples(task: Task, windows: pd.DataFrame, part: NDArray[np.str_]) -> list[Notice]:
    """Which classes have too little in a part.

    Parameters
    ----------
    windows : labels and group of each used window.
    part : (n,) the part of each.
    """
    truth, group = task.truth(windows["labels"]), windows["group"].to_numpy("U")
    few: dict[str, str] = {}
    lacking: dict[str, list[str]] = {name: [] for name in PARTS}
    for name in task.events:
        mine = truth[:, task.names.index(name)] > 0
        for where in PARTS:
            if not (mine & (part == where)).any():
                lacking[where].append(name)
        train = mine & (part == "train")
        count, groups = int(train.sum()), len(np.unique(group[train]))
        if count < EXAMPLES or groups < GROUPS:
            windows_of = f"{count} window{'s' * (count != 1)}"
            few[name] = f"{name} ({windows_of} of {groups} group{'s' * (groups != 1)})"
    notices = []
    if few:
        notices.append(
            Notice(
                "few_training_examples",
                len(few),
                f"training has fewer than {EXAMPLES} windows or {GROUPS} groups of "
                f"{some(list(few.values()))}: such a class is learnt by heart and not found "
                "elsewhere; label more of it, or merge or leave out the class",
            )
        )
    if names := lacking["validation"]:
        notices.append(
            Notice(
                "validation_lacks_classes",
                len(names),
                f"validation has no window of {some(names)}: no threshold can be chosen for it, "
                "and training is not watched for it; choose split.validation_groups that hold it, "
                "another split.seed, or label more",
            )
        )
    if names := lacking["test"]:
        notices.append(
            Notice(
                "test_lacks_classes",
                len(names),
                f"the test part has no window of {some(names)}: the scores say nothing of it; "
                "choose split.test_groups that hold it, another split.seed, or label more",
            )
        )
    return notices


def copied(copies: Sequence[Copy]) -> list[Notice]:
    """Whether recordings of different parts hold the same sound."""
    if not copies:
        return []
    pairs = [
        f"{one.recording} at {one.at_s:.1f} s ({one.part}) and {one.other} at {one.other_at_s:.1f} "
        f"s ({one.other_part})"
        for one in copies
    ]
    pairs_hold = "1 pair holds" if len(copies) == 1 else f"{len(copies)} pairs hold"
    return [
        Notice(
            "near_duplicates",
            len(copies),
            f"of recordings of different parts, {pairs_hold} the same sound: {some(pairs, 3)}: a "
            "copy, be it shifted, louder, lossy or of fewer bits, lets training know what the test "
            "asks; leave one of each pair out, or give both one ingest.group",
        )
    ]


def unlike_training(
    task: Task, windows: pd.DataFrame, part: NDArray[np.str_], level_db: NDArray[np.float64]
) -> list[Notice]:
    """Whether the test part is louder or fainter, or holds classes far more or less often.

    Parameters
    ----------
    windows, part : as of `few_examples`.
    level_db : (n,) mean level of each window's spectrogram.
    """
    train, test = part == "train", part == "test"
    if not (train.any() and test.any()):
        return []
    notices = []
    low, high = np.quantile(level_db[train], [OUTSIDE, 1 - OUTSIDE])
    median = float(np.median(level_db[test]))
    if not low <= median <= high:
        apart = median - float(np.median(level_db[train]))
        notices.append(
            Notice(
                "test_level",
                apart,
                f"the test part is {abs(apart):.0f} dB {'louder' if apart > 0 else 'fainter'} than "
                "training in the median, as hardly a training window is: scores tell of another "
                "instrument, gain or unit; check the files, or mix such recordings into training",
            )
        )
    truth = task.truth(windows["labels"])
    odd = {}
    for name in task.events:
        mine = truth[:, task.names.index(name)] > 0
        known, seen = float(mine[train].mean()), float(mine[test].mean())
        if max(known, seen) * test.sum() < EXPECTED or not known or not seen:
            continue
        if not 1 / PREVALENCE <= seen / known <= PREVALENCE:
            odd[f"{name} ({known:.1%} of training, {seen:.1%} of test)"] = seen / known
    if odd:
        worst = max(odd.values(), key=lambda factor: abs(np.log(factor)))
        notices.append(
            Notice(
                "test_prevalence",
                worst,
                f"the test part holds {some(list(odd))}: precision and average precision depend "
                "on how frequent a class is; deal groups that are alike, or set "
                "threshold.prevalence to what use will meet",
            )
        )
    return notices
