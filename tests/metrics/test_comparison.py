"""Detectors are compared on the same windows, resampled by group together."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.metrics import binary, bootstrap, tags
from rarewave.metrics.bootstrap import Bootstrap, units
from rarewave.metrics.comparison import (
    MAJORITY,
    Truth,
    compare,
    mean_gains,
    per_recording,
    report,
)

SONG = Task("event", ("background", "song"))
RULE = Bootstrap(unit="group", block_s=3600.0, resamples=60, seed=3)


def beside(data: dict[str, Any], rule: Bootstrap = RULE) -> tuple[pd.DataFrame, dict]:
    """Detectors of one event compared, each at its threshold."""
    y = data["y"]
    everything = np.stack([1 - y, y], axis=1)
    truth = Truth(y, everything, data["types"], data["groups"], np.array([70, 30]))
    scores = {name: np.stack([1 - p, p], axis=1) for name, p in data["scores"].items()}
    thresholds = {name: {"song": at} for name, at in data["thresholds"].items()}
    return compare(SONG, truth, scores, thresholds, rule)


@pytest.fixture(scope="module")
def compared() -> tuple[pd.DataFrame, dict, dict]:
    """A good network, a worse level, and what they were compared on."""
    rng = np.random.default_rng(0)
    count = 300
    y = (rng.random(count) < 0.3).astype(np.int8)
    data: dict[str, Any] = {
        "y": y,
        "types": np.where(
            y == 1, np.where(rng.random(count) < 0.5, "deep", "impact"), "background"
        ),
        "groups": np.repeat([f"g{i}" for i in range(20)], 15),
        "scores": {
            "network": np.clip(0.5 * y + 0.25 + rng.normal(0, 0.15, count), 0, 1),
            "level": 3.0 * y + rng.normal(0, 3, count),
        },
        "thresholds": {"network": 0.5, "level": 2.0},
    }
    table, gains = beside(data)
    return table, gains, data


def test_every_value_is_that_of_scoring(compared: tuple) -> None:
    """At the threshold of each detector; recall of each type, decided on events alone."""
    table, _, data = compared
    values = table.set_index(["detector", "metric"])["value"]
    for name, p in data["scores"].items():
        wanted = binary.detector_metrics(
            data["y"], p, data["thresholds"][name], probabilities=name == "network"
        )
        for metric, value in wanted.items():
            assert values[name, metric] == pytest.approx(value)
        deep = data["types"] == "deep"
        recall = np.mean(p[deep] >= data["thresholds"][name])
        assert values[name, "recall.deep"] == pytest.approx(recall)
    assert ("level", "brier") not in values.index
    assert not any("background" in metric for metric in table["metric"])


def test_always_background_is_there_to_be_beaten(compared: tuple) -> None:
    """It finds nothing, and its average precision is the share of events."""
    table, gains, data = compared
    values = table[table["detector"] == MAJORITY].set_index("metric")["value"]
    assert values["tp"] == values["fp"] == values["recall"] == 0
    assert values["average_precision"] == pytest.approx(data["y"].mean())
    assert values["roc_auc"] == 0.5
    assert set(gains) == {"level", MAJORITY, "best"}


def test_intervals_are_those_of_resampled_groups(compared: tuple) -> None:
    """By hand for one metric; every interval lies round its value."""
    table, _, data = compared
    rows = table.set_index(["detector", "metric"]).loc[("network", "recall")]
    weights = bootstrap.group_weights(data["groups"], data["y"], RULE.resamples, RULE.seed)
    event = data["y"] == 1
    hit = data["scores"]["network"] >= 0.5
    draws = [w[event & hit].sum() / w[event].sum() for w in weights]
    value = hit[event].mean()
    wanted = bootstrap.interval(value, np.array(draws), 20)
    assert (rows["low"], rows["high"]) == pytest.approx(wanted)
    assert rows["units"] == 20
    main = table[table["metric"].isin(["average_precision", "recall", "precision", "f1"])]
    assert (main["low"] <= main["value"]).all()
    assert (main["value"] <= main["high"]).all()


def test_the_gain_is_a_difference_of_pairs(compared: tuple) -> None:
    """Both detectors on each resample: narrower than two intervals apart."""
    table, gains, data = compared
    values = table.set_index(["detector", "metric"])
    ours, theirs = (values.loc[(n, "average_precision")] for n in ("network", "level"))
    assert gains["level"]["value"] == pytest.approx(ours["value"] - theirs["value"])
    weights = bootstrap.group_weights(data["groups"], data["y"], RULE.resamples, RULE.seed)
    differences = [
        binary.average_precision(data["y"], data["scores"]["network"], w)
        - binary.average_precision(data["y"], data["scores"]["level"], w)
        for w in weights
    ]
    value = gains["level"]["value"]
    low, high = bootstrap.interval(value, np.array(differences), 20, -1.0, 1.0)
    assert gains["level"]["low"] == pytest.approx(low)
    assert gains["level"]["high"] == pytest.approx(high)


def test_the_same_seed_gives_the_same_table(compared: tuple) -> None:
    """And another one other intervals of the same values."""
    table, _, data = compared
    again, _ = beside(data)
    pd.testing.assert_frame_equal(again, table)
    other, _ = beside(data, replace(RULE, seed=4))
    pd.testing.assert_series_equal(other["value"], table["value"])
    assert (other["low"] != table["low"]).any()


def test_the_unit_is_a_group_or_an_event_or_a_stretch_of_background() -> None:
    """Blocks: an event whole, background by stretches of block_s of its recording."""
    windows = pd.DataFrame(
        {
            "group": ["g", "g", "g", "g", "h"],
            "recording_id": ["r", "r", "r", "r", "s"],
            "start_s": [0.0, 3599.0, 3600.0, 7300.0, 0.0],
            "event_id": ["", "", "e", "e", ""],
        }
    )
    assert list(units(windows, RULE)) == ["g", "g", "g", "g", "h"]
    blocks = units(windows, replace(RULE, unit="block"))
    same = [[a == b for b in blocks] for a in blocks]
    assert same == [
        [True, True, False, False, False],
        [True, True, False, False, False],
        [False, False, True, True, False],
        [False, False, True, True, False],
        [False, False, False, False, True],
    ]


def test_the_best_baseline_is_the_one_with_the_highest_score(compared: tuple) -> None:
    """Its gain is told again, with its name: what the network has to show."""
    _, gains, data = compared
    assert gains["best"] == {"baseline": "level", **gains["level"]}
    better = data | {"scores": data["scores"] | {"forest": data["scores"]["network"] + 0.01}}
    better["thresholds"] = data["thresholds"] | {"forest": 0.5}
    _, others = beside(better)
    assert others["best"]["baseline"] == "forest"
    assert others["best"]["value"] == pytest.approx(0)


def test_tags_are_compared_at_their_thresholds() -> None:
    """In macro average precision; saying nothing finds nothing."""
    rng = np.random.default_rng(0)
    task = Task("tags", ("a", "b"))
    everything = rng.integers(0, 2, (120, 2)).astype(np.int8)
    good = np.clip(0.6 * everything + rng.normal(0.2, 0.2, (120, 2)), 0, 1)
    bad = np.clip(0.1 * everything + rng.normal(0.4, 0.2, (120, 2)), 0, 1)
    groups = np.repeat([f"g{k}" for k in range(12)], 10)
    truth = Truth(everything[:, 0], everything, np.array(["a"] * 120), groups, np.array([9, 9]))
    at = {"a": 0.5, "b": 0.6}
    table, gains = compare(
        task, truth, {"network": good, "forest": bad}, {"network": at, "forest": at}, RULE
    )
    values = table.set_index(["detector", "metric"])["value"]
    wanted = tags.measure(everything, good, at, task.names)
    assert values["network"].to_dict() == pytest.approx(wanted)
    assert values[MAJORITY, "macro_recall"] == 0
    assert gains["best"]["baseline"] == "forest" and gains["best"]["low"] > 0


def test_gains_over_several_test_parts_by_hand() -> None:
    """The mean of the parts' average precision, the paired difference, an interval round each."""
    rng = np.random.default_rng(0)
    parts = []
    for _ in range(3):
        y = rng.random(80) < 0.4
        scores = {
            "network": np.clip(y * 0.5 + rng.random(80) * 0.6, 0, 1),
            "level": y + rng.normal(0, 2, 80),
            "sta_lta": rng.random(80),
        }
        about = {
            "label": np.where(y, "deep", "background"),
            "unit": np.repeat([f"u{i}" for i in range(20)], 4),
        }
        parts.append({name: pd.DataFrame(about | {"p_song": p}) for name, p in scores.items()})
    table, gains = mean_gains(parts, "song", RULE)
    for row in table.to_dict("records"):
        wanted = [
            binary.average_precision(
                (p[row["detector"]]["label"] == "deep").to_numpy(),
                p[row["detector"]]["p_song"].to_numpy(),
            )
            for p in parts
        ]
        assert row["parts"] == pytest.approx(wanted)
        assert row["mean"] == pytest.approx(np.mean(wanted))
        assert row["low"] < row["mean"] < row["high"]
    means = table.set_index("detector")["mean"]
    for row in gains.to_dict("records"):
        assert row["gain"] == pytest.approx(means["network"] - means[row["baseline"]])
        assert row["low"] < row["gain"] < row["high"]
    assert set(gains["baseline"]) == {"level", "sta_lta"}


def test_a_recording_has_the_mean_scores_of_its_windows() -> None:
    """One row each, in the order of the recordings, columns as they were."""
    rng = np.random.default_rng(0)
    classes = ["background", "a", "b"]
    task = Task("classes", tuple(classes))
    scores = [f"p_{name}" for name in classes]
    table = pd.DataFrame(rng.random((12, 3)), columns=scores)
    table.insert(0, "labels", [[name] for name in np.repeat(["a", "background", "b"], 4)])
    table.insert(0, "label", np.repeat(["a", "background", "b"], 4))
    table.insert(0, "recording_id", np.repeat(["z", "y", "x"], 4))
    table.insert(0, "window_id", [f"w{i}" for i in range(12)])
    found = per_recording(table, task)
    assert list(found.columns) == list(table.columns)
    assert list(found["recording_id"]) == ["z", "y", "x"]
    assert list(found["label"]) == ["a", "background", "b"]
    assert list(found["window_id"]) == ["w0", "w4", "w8"]
    wanted = table[scores].to_numpy().reshape(3, 4, 3).mean(axis=1)
    np.testing.assert_allclose(found[scores], wanted)
    pd.testing.assert_frame_equal(per_recording(found, task), found)
    tagged = table.copy()
    tagged.at[5, "labels"] = ["background", "b"]
    with pytest.raises(DataError, match=r"evaluate\.per is recording, and the windows of y have"):
        per_recording(tagged, task)
    table.loc[5, "label"] = "b"
    with pytest.raises(DataError, match=r"evaluate\.per is recording, and the windows of y have"):
        per_recording(table, task)


def test_a_recording_has_the_tags_of_all_its_windows() -> None:
    """And of their scores the mean, or the highest."""
    table = pd.DataFrame(
        {
            "window_id": [f"w{i}" for i in range(6)],
            "recording_id": ["z", "z", "z", "y", "y", "x"],
            "label": ["background", "b", "a", "a", "background", "background"],
            "labels": [["background"], ["b"], ["a", "c"], ["a"], ["background"], ["background"]],
            "p_a": [0.1, 0.2, 0.9, 0.6, 0.2, 0.3],
            "p_b": [0.0, 0.9, 0.3, 0.1, 0.1, 0.1],
            "p_c": [0.3, 0.3, 0.3, 0.5, 0.7, 0.2],
        }
    )
    task = Task("tags", ("a", "b", "c"))
    found = per_recording(table, task)
    assert list(found.columns) == list(table.columns)
    assert found["labels"].tolist() == [["a", "b", "c"], ["a"], ["background"]]
    assert found["label"].tolist() == ["a", "a", "background"]
    np.testing.assert_allclose(found["p_a"], [0.4, 0.4, 0.3])
    highest = per_recording(table, task, "max")
    np.testing.assert_allclose(
        highest[["p_a", "p_b", "p_c"]], [[0.9, 0.9, 0.3], [0.6, 0.1, 0.7], [0.3, 0.1, 0.2]]
    )
    assert highest["labels"].tolist() == found["labels"].tolist()


def test_tags_that_no_test_window_has_are_named() -> None:
    """Left out of means, and said."""
    rng = np.random.default_rng(0)
    task = Task("tags", ("a", "b", "c"))
    everything = rng.integers(0, 2, (40, 3)).astype(np.int8)
    everything[:, 1] = 0
    groups = np.repeat([f"g{k}" for k in range(10)], 4)
    counts = np.array([9, 9, 9])
    truth = Truth(everything[:, 0], everything, np.array(["a"] * 40), groups, counts)
    at = dict.fromkeys(task.names, 0.5)
    table, gains = compare(task, truth, {"network": rng.random((40, 3))}, {"network": at}, RULE)
    values = table[table["detector"] == "network"].set_index("metric")["value"]
    assert values["macro_roc_auc"] == pytest.approx(np.mean(values[["roc_auc.a", "roc_auc.c"]]))
    said = report(task, table, gains, counts)
    assert said["without_positives"] == ["b"]
    assert {"macro_roc_auc", "micro_roc_auc", "lwlrap"} <= said["network"].keys()
    each = {key for key in said["network"] if isinstance(said["network"][key], dict)}
    assert each == {"f1_per_class", "average_precision_per_class"}  # the others in the table
