"""Resampling repeats indices as it says, the same ones for the same seed."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from rarewave.training.few_labels import labelled
from rarewave.training.samplers import (
    SAMPLERS,
    class_weights,
    effective_number,
    epoch_order,
    rarest_tags,
)

MODES = list(SAMPLERS)
labels = st.lists(st.integers(0, 1), min_size=2, max_size=60).filter(lambda y: len(set(y)) == 2)


@given(labels, st.sampled_from(["none", "class_weights"]), st.integers(0, 5))
def test_without_resampling_every_window_comes_once(y: list[int], mode: str, epoch: int) -> None:
    """In some order."""
    order = epoch_order(np.array(y, np.int8), mode, 1, epoch)
    assert sorted(order) == list(range(len(y)))


@given(labels, st.integers(0, 5))
def test_oversampling_makes_the_classes_equal(y: list[int], epoch: int) -> None:
    """The largest class once each; of the others every window at least once."""
    array = np.array(y, np.int8)
    order = epoch_order(array, "oversample", 1, epoch)
    counts = np.bincount(array[order])
    assert counts[0] == counts[1] == np.bincount(array).max()
    assert set(order) == set(range(len(y)))
    largest = np.argmax(np.bincount(array))
    _, times = np.unique(order[array[order] == largest], return_counts=True)
    assert (times == 1).all()


@given(labels, st.sampled_from([2, 4, 10]))
def test_balanced_batches_hold_both_classes_equally(y: list[int], batch: int) -> None:
    """Every batch; the larger class once, the smaller in turn, none left out."""
    array = np.array(y, np.int8)
    order = epoch_order(array, "balanced", 3, 0)
    for at in range(0, len(order), batch):
        assert array[order[at : at + batch]].mean() == 0.5
    for kind in (0, 1):
        rows, times = np.unique(order[array[order] == kind], return_counts=True)
        assert len(rows) == (array == kind).sum()
        assert times.max() - times.min() <= 1
    assert len(order) == 2 * np.bincount(array).max()


@pytest.mark.parametrize("mode", MODES)
def test_seed_and_epoch_decide_the_order(mode: str) -> None:
    """Equal for equal, different for different ones, for a new epoch too."""
    y = (np.arange(50) % 5 == 0).astype(np.int8)
    orders = [epoch_order(y, mode, seed, epoch) for seed in (1, 2) for epoch in (0, 1)]
    np.testing.assert_array_equal(orders[0], epoch_order(y, mode, 1, 0))
    for a in range(4):
        for b in range(a):
            assert not np.array_equal(orders[a], orders[b])


@given(labels)
def test_class_weights_are_scikit_learns(y: list[int]) -> None:
    """`balanced`, and for one class alone 1."""
    array = np.array(y, np.int8)
    wanted = compute_class_weight("balanced", classes=np.array([0, 1]), y=array)
    assert class_weights(array) == pytest.approx(dict(enumerate(wanted)))
    assert class_weights(np.ones(3, np.int8)) == {1: 1.0}


@pytest.mark.parametrize(
    ("mode", "size"),
    [("square_root", np.sqrt), ("effective_number", lambda n: (1 - 0.999**n) / (1 - 0.999))],
)
def test_classes_are_drawn_in_proportion(mode: str, size: Callable) -> None:
    """To the root or the effective number of their windows, n in all, no window left behind."""
    counts = np.array([900, 400, 81, 16])
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(4), counts)).astype(np.int8)
    order = epoch_order(y, mode, 1, 0)
    share = size(counts) / size(counts).sum()
    np.testing.assert_allclose(np.bincount(y[order]), share * len(y), atol=1)
    assert abs(len(order) - len(y)) <= 2
    for kind in range(4):
        times = np.bincount(order, minlength=len(y))[y == kind]
        assert times.max() - times.min() <= 1
    assert len(set(y[order][:60])) > 1  # mixed, not class after class


@pytest.mark.parametrize("mode", MODES)
def test_windows_without_any_tag_are_a_class_of_their_own(mode: str) -> None:
    """Their number is -1."""
    y = np.random.default_rng(0).permutation(np.repeat([-1, 0, 2], [30, 6, 3]))
    order = epoch_order(y, mode, 1, 0)
    assert set(y[order]) == {-1, 0, 2}
    if mode == "balanced":
        assert (y[order] == -1).mean() == pytest.approx(1 / 3)


def test_a_window_of_several_tags_is_drawn_as_the_rarest() -> None:
    """Not as the first in the alphabet, which it holds beside it."""
    truth = np.zeros((100, 3), np.int8)
    truth[:80, 0] = truth[75:90, 1] = truth[:5, 2] = 1
    kinds = rarest_tags(truth)
    assert kinds.tolist() == [2] * 5 + [0] * 70 + [1] * 15 + [-1] * 10
    drawn = epoch_order(kinds, "balanced", 1, 0)
    share = truth[drawn].mean(axis=0)
    assert share[2] == pytest.approx(0.25) and share[1] == pytest.approx(0.25)
    assert rarest_tags(np.ones((3, 2), np.int8)).tolist() == [0, 0, 0]  # all are equal


def test_even_one_window_among_thousands_comes() -> None:
    """Rounding leaves no class out."""
    y = np.repeat([0, 1], [5000, 1]).astype(np.int8)
    for mode in ("square_root", "effective_number"):
        assert set(y[epoch_order(y, mode, 1, 0)]) == {0, 1}


def test_the_effective_number_is_the_formula_of_its_authors() -> None:
    """1 of one window, at most 1 / (1 - beta), the count itself at beta towards 1."""
    counts = np.array([1, 10, 1000, 10**7])
    found = effective_number(counts, 0.99)
    assert found == pytest.approx([1.0, (1 - 0.99**10) / 0.01, (1 - 0.99**1000) / 0.01, 100.0])
    assert effective_number(counts[:3], 0.9999999) == pytest.approx(counts[:3], rel=1e-3)
    assert effective_number(counts, 0.0).tolist() == [1.0] * 4


@given(labels, st.sampled_from(MODES), st.integers(0, 300))
def test_few_windows_are_dealt_until_there_are_enough(y: list[int], mode: str, least: int) -> None:
    """Whole deals, each as it would be alone, the first the same as without; no deal too many."""
    array = np.array(y, np.int8)
    once = epoch_order(array, mode, 1, 3)
    order = epoch_order(array, mode, 1, 3, least)
    assert len(order) >= least
    assert len(order) % len(once) == 0 and len(order) - len(once) < max(least, 1)
    np.testing.assert_array_equal(order[: len(once)], once)
    for deal in order.reshape(-1, len(once)):
        np.testing.assert_array_equal(np.bincount(array[deal]), np.bincount(array[once]))


@st.composite
def parts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Classes, units of one class with one to four windows, and some of the rows, in any order."""
    kinds = draw(st.lists(st.integers(0, 3), min_size=2, max_size=40))
    windows = [draw(st.integers(1, 4)) for _ in kinds]
    y = np.repeat(kinds, windows).astype(np.int8)
    unit = np.repeat([f"u{i}" for i in range(len(kinds))], windows)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    order = rng.permutation(len(y))
    rows = order[: draw(st.integers(1, len(y)))]
    return y, unit, rows


@given(parts(), st.integers(0, 5), st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_a_share_of_the_labels_is_stratified_whole_and_nested(
    case: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int, one: float, other: float
) -> None:
    """Of each class its share of the units to rounding, at least one, all or none of a unit."""
    y, unit, rows = case
    share, more = sorted((one, other))
    kept = labelled(y, unit, rows, share, seed)
    np.testing.assert_array_equal(kept, rows[np.isin(rows, kept)])  # in their order
    for kind in set(y[rows]):
        there = set(unit[rows][y[rows] == kind])
        chosen = set(unit[kept][y[kept] == kind])
        assert len(chosen) == max(1, round(share * len(there)))
        assert chosen <= there
    assert not set(unit[kept]) & set(unit[np.setdiff1d(rows, kept)])
    assert set(kept) <= set(labelled(y, unit, rows, more, seed))
    np.testing.assert_array_equal(labelled(y, unit, rows, share, seed), kept)
    np.testing.assert_array_equal(labelled(y, unit, rows, 1.0, seed), rows)


def test_another_seed_labels_others() -> None:
    """As many of them."""
    y = np.repeat([0, 1], 50).astype(np.int8)
    unit = np.array([f"u{i}" for i in range(100)])
    one, other = (labelled(y, unit, np.arange(100), 0.2, seed) for seed in (1, 2))
    assert len(one) == len(other) == 20
    assert set(one) != set(other)


def test_the_order_of_the_rows_does_not_choose() -> None:
    """The same units whether the training part is listed forwards or backwards."""
    y = np.repeat([0, 1], 50).astype(np.int8)
    unit = np.array([f"u{i}" for i in range(100)])
    forwards = labelled(y, unit, np.arange(100), 0.3, 1)
    backwards = labelled(y, unit, np.arange(100)[::-1], 0.3, 1)
    assert set(forwards) == set(backwards)
