"""Training on segments that inherit what their window is labelled with."""

from dataclasses import replace

import numpy as np
import pytest
from support import tasks, tiny
from support.options import TRAINING

from rarewave.base.errors import DataError
from rarewave.frontend import normalisation
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.batches import Batches, Examples

OPTIONS = replace(TRAINING, network="vgg_fcn", segments=True, batch_size=4, imbalance="none")


def batches(options=OPTIONS) -> Batches:  # type: ignore[no-untyped-def]
    """Ten windows of 8 x 300."""
    rng = np.random.default_rng(0)
    X = rng.normal(-30, 10, (10, 8, 300, 1)).astype(np.float32)
    truth = rng.integers(0, 2, (10, 3)).astype(np.int8)
    examples = Examples(tasks.TAGS, X, np.argmax(truth, axis=1), truth, None)
    normalise = normalisation.fit(X, "dataset")
    return Batches(examples, np.arange(10), normalise, tiny.FRONT, options, Augmentation())


def test_segments_inherit_the_labels_of_their_window() -> None:
    """128 frames, 64 further each, in the order of the windows; each with its window's targets."""
    made, whole = batches(), batches(replace(OPTIONS, segments=False))
    assert len(made) == len(whole) == 3
    for (X, targets), (windows, wanted) in zip(
        (made[n] for n in range(3)), (whole[n] for n in range(3)), strict=True
    ):
        assert X.shape == (3 * len(windows), 8, 128, 1)
        for row in range(len(X)):
            window, at = row // 3, row % 3 * 64
            np.testing.assert_array_equal(X[row], windows[window, :, at : at + 128])
            np.testing.assert_array_equal(targets[row], wanted[window])


def test_weights_are_those_of_the_window() -> None:
    """Of an event, where classes are weighed."""
    rng = np.random.default_rng(0)
    X = rng.normal(-30, 10, (10, 8, 200, 1)).astype(np.float32)
    y = (np.arange(10) < 3).astype(np.int8)
    examples = Examples(tasks.EVENT, X, y, np.stack([1 - y, y], axis=1), None)
    options = replace(OPTIONS, imbalance="class_weights")
    normalise = normalisation.fit(X, "dataset")
    made = Batches(examples, np.arange(10), normalise, tiny.FRONT, options, Augmentation())
    _, targets, weights = made[0]
    np.testing.assert_allclose(weights, np.where(targets[:, 0] > 0, 10 / 6, 10 / 14), rtol=1e-6)


def test_only_a_network_of_segments_learns_from_them() -> None:
    """The refusal says what to change; attention is never learnt one by one."""
    with pytest.raises(DataError, match="seed_cnn scores no segments: set it to false, or"):
        batches(replace(OPTIONS, network="seed_cnn"))
    with pytest.raises(DataError, match="pooling is attention, which nothing is learnt of"):
        replace(OPTIONS, pooling="attention")
