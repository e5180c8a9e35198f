"""Scores of several classes are scikit-learn's, and resampled by group together."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from rarewave.base.tasks import Task
from rarewave.metrics import bootstrap, multiclass
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.comparison import MAJORITY, Truth, compare
from rarewave.plots.scores import recall_by_size

CLASSES = ["background", "Rupe A", "b", "c"]
RULE = Bootstrap(unit="group", block_s=3600.0, resamples=60, seed=3)


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    """Main classes, probabilities (with ties), perhaps weights of a bootstrap, and all classes."""
    count = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    y = rng.integers(0, draw(st.integers(1, 4)), count)
    p = rng.integers(1, 5, (count, 4)).astype(float)
    p[np.arange(count), y] += draw(st.integers(0, 3))
    weights = rng.integers(0, 3, count).astype(float) if draw(st.booleans()) else None
    if weights is not None:
        weights[0] += 1
    truth = np.eye(4, dtype=np.int8)[y]
    if draw(st.booleans()):  # windows that hold several
        truth |= (rng.random((count, 4)) < 0.3).astype(np.int8)
    return y, p / p.sum(axis=1, keepdims=True), weights, truth


@given(scored())
def test_every_score_is_scikit_learns(
    case: tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray],
) -> None:
    """Of each class, macro over those that occur, weighted; with weights and several labels too."""
    main, p, weights, truth = case
    found = multiclass.measure(truth, main, p, CLASSES, weights)
    decided = np.eye(4, dtype=int)[multiclass.decide(p)]
    y = truth.astype(int)
    w = np.ones(len(y)) if weights is None else weights
    occurs = w @ y
    there = np.flatnonzero(occurs)
    options = {"labels": range(4), "sample_weight": weights, "zero_division": 0}
    every = metrics.precision_recall_fscore_support(y, decided, average=None, **options)
    options |= {"labels": there}
    macro = metrics.precision_recall_fscore_support(y, decided, average="macro", **options)
    whole = metrics.precision_recall_fscore_support(y, decided, average="weighted", **options)
    names = ("macro_precision", "balanced_accuracy", "macro_f1")
    assert [found[k] for k in names] == pytest.approx(macro[:3])
    assert found["weighted_f1"] == pytest.approx(whole[2])
    named = (y * decided).sum(axis=1)  # the answer is one of those that are there
    assert found["accuracy"] == pytest.approx(np.average(named, weights=w))
    answer = np.where(named > 0, decided.argmax(axis=1), main)
    mcc = metrics.matthews_corrcoef(answer, decided.argmax(axis=1), sample_weight=weights)
    assert found["mcc"] == pytest.approx(mcc, abs=1e-12)
    if (y.sum(axis=1) == 1).all():
        seen = w > 0  # scikit-learn divides by no weight
        pair = y.argmax(axis=1)[seen], decided.argmax(axis=1)[seen]
        balanced = metrics.balanced_accuracy_score(*pair, sample_weight=w[seen])
        assert found["balanced_accuracy"] == pytest.approx(balanced)
        assert found["accuracy"] == pytest.approx(
            metrics.accuracy_score(*pair, sample_weight=w[seen])
        )
    ranked = []
    for k, name in enumerate(CLASSES):
        known = occurs[k] or (w @ decided)[k]
        precision = every[0][k] if known else np.nan
        assert found[f"precision.{name}"] == pytest.approx(precision, nan_ok=True)
        assert found[f"support.{name}"] == pytest.approx(occurs[k])
        if not occurs[k]:
            for metric in ("recall", "f1", "average_precision"):
                assert np.isnan(found[f"{metric}.{name}"])
            continue
        assert found[f"recall.{name}"] == pytest.approx(every[1][k])
        assert found[f"f1.{name}"] == pytest.approx(every[2][k])
        score = metrics.average_precision_score(y[:, k], p[:, k], sample_weight=weights)
        assert found[f"average_precision.{name}"] == pytest.approx(score)
        ranked.append(score)
    assert found["macro_average_precision"] == pytest.approx(np.mean(ranked))
    assert list(found)[: len(multiclass.SCORES)] == list(multiclass.SCORES)


@given(scored())
def test_the_confusion_is_scikit_learns(
    case: tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray],
) -> None:
    """Rows are what it was."""
    y, p, weights, _ = case
    decided = multiclass.decide(p)
    wanted = metrics.confusion_matrix(y, decided, labels=range(4), sample_weight=weights)
    np.testing.assert_allclose(multiclass.confusion(y, decided, 4, weights), wanted)


def test_naming_either_of_two_calls_is_right() -> None:
    """A window of two classes answered with the one that fills less: right, and found."""
    truth = np.array([[0, 1, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]], np.int8)
    main = np.array([1, 1, 0, 1])
    p = np.eye(4)[[2, 1, 0, 3]]
    found = multiclass.measure(truth, main, p, CLASSES)
    assert found["accuracy"] == 0.75
    assert (found["precision.b"], found["recall.b"], found["support.b"]) == (1.0, 0.5, 2.0)
    assert found["recall.Rupe A"] == pytest.approx(1 / 3)  # in one window b was named instead
    assert found["precision.c"] == 0


def beside(data: dict[str, Any], rule: Bootstrap = RULE) -> tuple[pd.DataFrame, dict]:
    """Detectors compared as classes, which need no thresholds."""
    y, task = data["y"], Task("classes", tuple(CLASSES))
    types = np.array(CLASSES)[y]
    truth = Truth(y, np.eye(4, dtype=np.int8)[y], types, data["groups"], data["counts"])
    return compare(task, truth, data["scores"], {}, rule)


@pytest.fixture(scope="module")
def compared() -> tuple[pd.DataFrame, dict, dict]:
    """A good network, a worse forest, and what they were compared on."""
    rng = np.random.default_rng(0)
    y = rng.choice(4, 240, p=[0.5, 0.2, 0.2, 0.1]).astype(np.int8)

    def scores(strength: float) -> np.ndarray:
        logits = rng.standard_normal((240, 4)) + strength * np.eye(4)[y]
        p = np.exp(logits)
        return p / p.sum(axis=1, keepdims=True)

    data: dict[str, Any] = {
        "y": y,
        "groups": np.repeat([f"g{i}" for i in range(24)], 10),
        "scores": {"network": scores(2.5), "forest": scores(1.0)},
        "counts": np.array([90, 30, 20, 4]),
    }
    table, gains = beside(data)
    return table, gains, data


def test_every_detector_has_every_score_with_its_interval(compared: tuple) -> None:
    """By hand for one metric: groups drawn whole, the same for all detectors."""
    table, _, data = compared
    for name, p in data["scores"].items():
        mine = table[table["detector"] == name].set_index("metric")
        truth = np.eye(4, dtype=np.int8)[data["y"]]
        wanted = multiclass.measure(truth, data["y"], p, CLASSES, rare=[3])  # of three, c is rarest
        assert mine["value"].to_dict() == pytest.approx(wanted)
        inside = mine.loc[[m for m in mine.index if not m.startswith("support")]]
        assert (inside["low"] <= inside["value"]).all()
        assert (inside["value"] <= inside["high"]).all()
    rng = np.random.Generator(np.random.PCG64(RULE.seed))
    drawn = rng.integers(0, 24, (RULE.resamples, 24))
    right = np.argmax(data["scores"]["network"], axis=1) == data["y"]
    names = np.unique(data["groups"])
    share = {n: right[data["groups"] == n].mean() for n in names}
    accuracy = [np.mean([share[names[i]] for i in row]) for row in drawn]
    row = table.set_index(["detector", "metric"]).loc[("network", "accuracy")]
    wanted = bootstrap.interval(right.mean(), np.array(accuracy), 24)
    assert (row["low"], row["high"]) == pytest.approx(wanted)


def test_draws_without_a_class_say_nothing_of_its_precision() -> None:
    """Where all is right and few recordings hold a class its interval is that of so many."""
    y = np.repeat(np.arange(4), 30)
    groups = np.arange(120).astype("U")
    groups[y == 3] = np.repeat(["a", "b"], 15)  # many draws have neither
    right = {"network": np.eye(4)[y]}
    table, _ = beside({"y": y, "groups": groups, "scores": right, "counts": np.full(4, 30)})
    row = table.set_index(["detector", "metric"]).loc[("network", "precision.c")]
    assert row["value"] == 1 and row["low"] == pytest.approx(0.1581, abs=1e-4)  # 0.025 ** (1 / 2)


def test_always_the_most_frequent_class_is_there_to_be_beaten(compared: tuple) -> None:
    """Its accuracy is the share of that class, its macro recall one in four."""
    table, _, data = compared
    found = table[table["detector"] == MAJORITY].set_index("metric")["value"]
    assert found["accuracy"] == pytest.approx(np.mean(data["y"] == 0))
    assert found["balanced_accuracy"] == pytest.approx(0.25)
    assert found["recall.background"] == 1
    assert found["recall.b"] == found["f1.b"] == 0


def test_the_gain_in_macro_f1_is_a_difference_of_pairs(compared: tuple) -> None:
    """Both detectors on each resample."""
    table, gains, data = compared
    assert set(gains) == {"forest", MAJORITY, "best"}
    assert gains["best"] == {"baseline": "forest", **gains["forest"]}
    f1 = table[table["metric"] == "macro_f1"].set_index("detector")["value"]
    assert gains["forest"]["value"] == pytest.approx(f1["network"] - f1["forest"])
    weights = bootstrap.group_weights(data["groups"], np.zeros(240), RULE.resamples, RULE.seed)
    differences = []
    for w in weights:
        pair = [
            metrics.f1_score(
                data["y"], np.argmax(p, axis=1), average="macro", sample_weight=w,
                labels=np.flatnonzero(np.bincount(data["y"], w, 4)), zero_division=0,
            )
            for p in data["scores"].values()
        ]  # fmt: skip
        differences.append(pair[0] - pair[1])
    value = gains["forest"]["value"]
    wanted = bootstrap.interval(value, np.array(differences), 24, -1.0, 1.0)
    assert (gains["forest"]["low"], gains["forest"]["high"]) == pytest.approx(wanted)
    assert gains["forest"]["low"] > 0


def test_the_same_seed_gives_the_same_table(compared: tuple) -> None:
    """And another one other intervals of the same values."""
    table, _, data = compared
    again, _ = beside(data)
    pd.testing.assert_frame_equal(again, table)
    other, _ = beside(data, replace(RULE, seed=4))
    pd.testing.assert_series_equal(other["value"], table["value"])
    assert (other["low"] != table["low"]).any()


@given(scored(), st.lists(st.integers(0, 3), max_size=3, unique=True))
def test_the_recall_of_the_rare_is_scikit_learns(
    case: tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray], rare: list[int]
) -> None:
    """The macro recall over those of them that occur; unknown where none does."""
    y, p, weights, _ = case
    found = multiclass.measure(np.eye(4)[y], y, p, CLASSES, weights, rare)["rare_recall"]
    occur = [k for k in rare if np.bincount(y, weights, 4)[k] > 0]
    if not occur:
        assert np.isnan(found)
        return
    wanted = metrics.recall_score(
        y, multiclass.decide(p), labels=occur, average="macro", sample_weight=weights,
        zero_division=0,
    )  # fmt: skip
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("counts", "classes", "wanted"),
    [
        ([5, 90, 30, 20, 4, 7, 8], ["background", *"abcdef"], [4, 5]),  # a third of six
        ([0, 9, 9, 2], ["background", *"abc"], [3]),
        ([0, 4, 4, 4], ["background", *"abc"], [1]),  # of equals the first
        ([3, 9], ["background", "event"], [1]),
        ([7, 1, 3, 2, 0], list("abcde"), [4, 1]),  # clips without background
        ([4, 1, 2, 9, 8], ["a", "background", "c", "d", "e"], [2]),
    ],
)
def test_the_rarest_third_is_told_by_training_windows(
    counts: list[int], classes: list[str], wanted: list[int]
) -> None:
    """Rarest first, background never, at least one."""
    assert multiclass.rarest(np.array(counts), classes) == wanted


def test_the_training_windows_say_what_is_rare_and_most_frequent(compared: tuple) -> None:
    """Not the test windows: c is rarest, and `majority` says what training had most of."""
    table, _, data = compared
    found = table.set_index(["detector", "metric"])["value"]
    assert found["network", "rare_recall"] == found["network", "recall.c"]
    other, _ = beside(data | {"counts": np.array([3, 2, 9, 4])})
    other = other.set_index(["detector", "metric"])["value"]
    assert other["network", "rare_recall"] == found["network", "recall.Rupe A"]
    assert other[MAJORITY, "recall.b"] == 1 and other[MAJORITY, "recall.background"] == 0


def test_recall_is_drawn_over_the_size_of_each_class(compared: tuple, tmp_path: Path) -> None:
    """A row for each detector and class with interval, support and training windows; a PNG."""
    table, _, data = compared
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        recall_by_size(tmp_path / folder / "r", table, data["counts"], CLASSES)
    rows = pd.read_csv(tmp_path / "one/r.csv")
    assert rows["detector"].tolist() == ["network"] * 4 + ["forest"] * 4
    assert rows["class"].tolist() == CLASSES * 2
    assert rows["training_windows"].tolist() == data["counts"].tolist() * 2
    for row in rows.to_dict("records"):
        mine = data["y"] == CLASSES.index(row["class"])
        right = np.argmax(data["scores"][row["detector"]], axis=1) == data["y"]
        assert row["test_windows"] == mine.sum()
        assert row["recall"] == pytest.approx(right[mine].mean(), rel=1e-5)
        stored = table[
            (table["detector"] == row["detector"]) & (table["metric"] == f"recall.{row['class']}")
        ]
        ends = (row["low"], row["high"])
        assert ends == pytest.approx(tuple(stored[["low", "high"]].iloc[0]), rel=1e-5)
    picture = (tmp_path / "one/r.png").read_bytes()
    assert picture[:4] == b"\x89PNG"
    assert picture == (tmp_path / "two/r.png").read_bytes()


def test_classes_without_a_window_are_left_out_of_the_picture(
    compared: tuple, tmp_path: Path
) -> None:
    """Not on test: no row. Not in training: drawn, with none."""
    _, _, data = compared
    y = data["y"].copy()
    y[y == 2] = 1
    counts = np.array([9, 9, 9, 0])
    table, _ = beside(data | {"y": y, "counts": counts})
    recall_by_size(tmp_path / "r", table, counts, CLASSES)
    rows = pd.read_csv(tmp_path / "r.csv")
    assert rows["class"].tolist() == ["background", "Rupe A", "c"] * 2
    assert rows.loc[rows["class"] == "c", "training_windows"].tolist() == [0, 0]
