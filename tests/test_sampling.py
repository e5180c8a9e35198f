"""Resampling repeats indices as it says, the same ones for the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from rarewave.sampling import class_weights, epoch_order

labels = st.lists(st.integers(0, 1), min_size=2, max_size=60).filter(lambda y: len(set(y)) == 2)


@given(labels, st.sampled_from(["none", "class_weights"]), st.integers(0, 5))
def test_without_resampling_every_window_comes_once(y: list[int], mode: str, epoch: int) -> None:
    """In some order."""
    order = epoch_order(np.array(y, np.int8), mode, 4, 1, epoch)
    assert sorted(order) == list(range(len(y)))


@given(labels, st.integers(0, 5))
def test_oversampling_makes_the_classes_equal(y: list[int], epoch: int) -> None:
    """The largest class once each; of the others every window at least once."""
    array = np.array(y, np.int8)
    order = epoch_order(array, "oversample", 4, 1, epoch)
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
    order = epoch_order(array, "balanced", batch, 3, 0)
    for at in range(0, len(order), batch):
        assert array[order[at : at + batch]].mean() == 0.5
    for kind in (0, 1):
        rows, times = np.unique(order[array[order] == kind], return_counts=True)
        assert len(rows) == (array == kind).sum()
        assert times.max() - times.min() <= 1
    assert len(order) == 2 * np.bincount(array).max()


@pytest.mark.parametrize("mode", ["none", "oversample", "balanced", "class_weights"])
def test_seed_and_epoch_decide_the_order(mode: str) -> None:
    """Equal for equal, different for different ones, for a new epoch too."""
    y = (np.arange(50) % 5 == 0).astype(np.int8)
    orders = [epoch_order(y, mode, 8, seed, epoch) for seed in (1, 2) for epoch in (0, 1)]
    np.testing.assert_array_equal(orders[0], epoch_order(y, mode, 8, 1, 0))
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
