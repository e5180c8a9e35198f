"""Parts that hold too little or are not alike are said, with what to do."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from rarewave.base.tasks import Task
from rarewave.splits import notices

TASK = Task("classes", ("background", "rare", "usual"))
DEAL = {"train": 6, "validation": 2, "test": 2}  # groups


def windows(counts: dict[str, dict[str, int]]) -> tuple[pd.DataFrame, np.ndarray]:
    """Windows of each part and label, spread over the part's groups."""
    rows = [
        (part, label, f"{part} {number % DEAL[part]}")
        for part, labels in counts.items()
        for label, count in labels.items()
        for number in range(count)
    ]
    table = pd.DataFrame(rows, columns=["part", "label", "group"])
    table["labels"] = [[label] for label in table["label"]]
    return table, table["part"].to_numpy("U")


HEALTHY = {
    "train": {"background": 400, "rare": 40, "usual": 100},
    "validation": {"background": 100, "rare": 10, "usual": 25},
    "test": {"background": 100, "rare": 9, "usual": 30},
}


def keys(found: Sequence[notices.Notice]) -> list[str]:
    """What was spoken of."""
    return [notice.key for notice in found]


def test_healthy_parts_are_silent() -> None:
    table, part = windows(HEALTHY)
    level = np.random.default_rng(0).normal(-40, 3, len(table))
    assert notices.few_examples(TASK, table, part) == []
    assert notices.unlike_training(TASK, table, part, level) == []


def test_few_windows_and_few_groups_of_a_class() -> None:
    table, part = windows(HEALTHY | {"train": {"background": 400, "rare": 19, "usual": 100}})
    (notice,) = notices.few_examples(TASK, table, part)
    assert notice.key == "few_training_examples" and notice.value == 1
    assert "rare (19 windows of 6 groups)" in notice.says and "usual" not in notice.says
    table, part = windows(HEALTHY)
    rare = (table["label"] == "rare") & (part == "train")
    table.loc[rare, "group"] = np.where(table.index[rare] % 2, "train 0", "train 1")
    (notice,) = notices.few_examples(TASK, table, part)
    assert "rare (40 windows of 2 groups)" in notice.says and "merge" in notice.says


@pytest.mark.parametrize("where", ["validation", "test"])
def test_a_class_that_a_part_lacks(where: str) -> None:
    table, part = windows(HEALTHY | {where: {"background": 100, "usual": 25}})
    (notice,) = notices.few_examples(TASK, table, part)
    assert notice.key == f"{where}_lacks_classes" and notice.value == 1
    assert "no window of rare:" in notice.says


def test_a_louder_test_part() -> None:
    table, part = windows(HEALTHY)
    level = np.random.default_rng(0).normal(-40, 3, len(table))
    level[part == "test"] += 20
    (notice,) = notices.unlike_training(TASK, table, part, level)
    assert notice.key == "test_level" and notice.value == pytest.approx(20, abs=1)
    assert "20 dB louder than training" in notice.says


def test_a_class_far_more_frequent_in_test() -> None:
    table, part = windows(HEALTHY | {"test": {"background": 20, "rare": 60, "usual": 20}})
    level = np.zeros(len(table))
    (notice,) = notices.unlike_training(TASK, table, part, level)
    assert notice.key == "test_prevalence" and notice.value == pytest.approx(0.6 / (40 / 540))
    assert "rare (7.4% of training, 60.0% of test)" in notice.says


def test_a_handful_of_windows_may_be_frequent_by_chance() -> None:
    few = {"background": 10, "rare": 5, "usual": 3}
    table, part = windows(HEALTHY | {"test": few})
    assert notices.unlike_training(TASK, table, part, np.zeros(len(table))) == []


def test_what_a_test_part_of_so_many_groups_can_prove() -> None:
    (notice,) = notices.few_groups(6, "day")
    least = beta.ppf(0.025, 2, 1)  # Clopper and Pearson, of two hits of two
    assert notice.value == 6 and f"a recall of {least:.2f};" in notice.says
    assert "6 groups (ingest.group: day) hold labelled events" in notice.says
    (one,) = notices.few_groups(1, "station")
    assert "1 group (ingest.group: station) holds" in one.says and "0.03" in one.says
    assert notices.few_groups(12, "day") == [] == notices.few_groups(0, "day")
