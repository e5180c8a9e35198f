"""The fully convolutional network scores segments of any length, and pools them as it is told."""

import warnings

import numpy as np
import pytest
from support import tasks

from rarewave.base.errors import DataError
from rarewave.networks import backend, heads, last_layer, registry
from rarewave.networks.backend import keras

backend.start(2)

TASKS = [tasks.EVENT, tasks.of_outputs(5), tasks.TAGS]


def test_it_has_the_shapes_of_the_published_network() -> None:
    """896 frames of 128 bands: halved six times to 14 x 2 of 512, 13 segments of 1024 filters."""
    model = registry.build("vgg_fcn", (128, 896, 1), tasks.of_outputs(10), slice(0, 896))
    X = np.zeros((1, 128, 896, 1), np.float32)
    names = [*(f"pool{block}" for block in range(1, 7)), "f1", "classes"]
    parts = keras.Model(model.input, [model.get_layer(name).output for name in names])
    shapes = [tuple(one.shape[1:]) for one in parts(X, training=False)]
    filters = (16, 32, 64, 128, 256, 512)
    halved = [(128 >> k, 896 >> k, n) for k, n in enumerate(filters, start=1)]
    assert shapes == [*halved, (1, 13, 1024), (13, 10)]
    kernels = {name: model.get_layer(name).kernel.shape for name in ("conv6", "f1")}
    assert kernels == {"conv6": (3, 3, 256, 512), "f1": (2, 2, 512, 1024)}
    convolutions = [one for one in model.layers if one.name.startswith("conv")]
    assert len(convolutions) == 11


def test_attention_to_sure_segments_is_a_probability() -> None:
    """Weights that sum to 1 in float32 only nearly, of segments that are all sure."""
    model = registry.build(
        "vgg_fcn", (16, 1990, 1), tasks.TAGS, slice(0, 1990), 0.0625, "attention"
    )
    rng = np.random.default_rng(0)
    head, weights = model.get_layer("tags"), model.get_layer(heads.ATTENTION)
    head.set_weights([np.zeros(head.kernel.shape), np.full(head.bias.shape, 40.0)])
    weights.set_weights([rng.normal(size=w.shape) for w in weights.get_weights()])
    X = rng.normal(size=(64, 16, 1990, 1)).astype(np.float32)
    given = np.asarray(model(X, training=False))
    assert given.max() > 1
    p = tasks.TAGS.probabilities(given)
    assert p.max() == 1 and np.abs(p - given).max() < 1e-6


def test_attention_to_a_single_segment_is_no_warning() -> None:
    """Its weight is 1, as it must be; Keras thinks that a sigmoid was meant."""
    model = registry.build("vgg_fcn", (16, 128, 1), tasks.TAGS, slice(0, 128), 0.0625, "attention")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        backend.quiet()  # as when it was imported
        p = np.asarray(model(np.zeros((1, 16, 128, 1), np.float32), training=False))
    np.testing.assert_allclose(p, last_layer.of_segments(model)(np.zeros((1, 16, 128, 1)))[:, 0])


@pytest.mark.parametrize("task", TASKS, ids=str)
@pytest.mark.parametrize("how", ["max", "mean", "attention"])
def test_pooling_is_what_it_says(task, how: str) -> None:  # type: ignore[no-untyped-def]
    """Of the segments' scores; before the softmax where classes exclude one another."""
    keras.utils.set_random_seed(1)
    model = registry.build("vgg_fcn", (16, 300, 1), task, slice(0, 300), 0.0625, how)
    rng = np.random.default_rng(0)
    for name in ("attention",) if how == "attention" else ():
        layer = model.get_layer(name)
        layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    X = rng.normal(size=(3, 16, 450, 1)).astype(np.float32)
    each = np.asarray(last_layer.of_segments(model)(X, training=False), float)
    parts = [task.kind, *([heads.WEIGHTS] if how == "attention" else [])]
    given = [keras.Model(model.input, model.get_layer(name).output) for name in parts]
    sums, *weights = (np.asarray(one(X, training=False), float) for one in given)
    assert each.shape == (3, 6, task.outputs)
    if how == "attention":
        np.testing.assert_allclose(weights[0].sum(axis=1), 1, atol=1e-6)
        wanted = (weights[0] * each).sum(axis=1)
    elif how == "max" and task.kind == "classes":
        high = np.exp(sums.max(axis=1))
        wanted = high / high.sum(axis=1, keepdims=True)
    else:
        wanted = getattr(each, how)(axis=1)
    p = np.asarray(model(X, training=False))
    np.testing.assert_allclose(p, wanted, atol=1e-5)
    # The sums that explanations start from are those of these probabilities.
    hidden = last_layer.body(model)(X, training=False)
    for output in range(task.outputs):
        odds = np.asarray(last_layer.log_odds(model, hidden, output))
        np.testing.assert_allclose(1 / (1 + np.exp(-odds)), p[:, output], atol=1e-5)


@pytest.mark.parametrize("name", ["vgg_fcn", "band_net"])
def test_a_second_and_a_minute_of_the_same_sound_are_scored_alike(name: str) -> None:
    """Where a segment and its margin are the same, its scores are, however long the rest is."""
    keras.utils.set_random_seed(2)
    model = last_layer.of_segments(
        registry.build(name, (64, 200, 1), tasks.TAGS, slice(0, 200), 0.125)
    )
    known = registry.find(name).segments
    assert known is not None
    long = np.random.default_rng(1).normal(size=(1, 64, 3000, 1)).astype(np.float32)
    everything = np.asarray(model(long, training=False))[0]
    for segment in (0, 1, 2, 10, len(everything) - 1):
        at = segment * known.hop
        begin = max(0, at - known.margin)
        piece = long[:, :, begin : at + known.frames + known.margin]
        mine = np.asarray(model(piece, training=False))[0][(at - begin) // known.hop]
        np.testing.assert_allclose(mine, everything[segment], atol=1e-6)
    # A sound that repeats with the hop is the same to every segment but those at the ends.
    again, ends = np.tile(long[:, :, : known.hop], (1, 1, 40, 1)), known.margin // known.hop
    inside = np.asarray(model(again, training=False))[0][ends:-ends]
    np.testing.assert_allclose(inside, np.broadcast_to(inside[:1], inside.shape), atol=1e-6)
    short = np.asarray(model(again[:, :, : known.hop * 15], training=False))[0][ends:-ends]
    np.testing.assert_allclose(short, inside[: len(short)], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("vgg_fcn", {127: False, 170: True, 390: True, 470: True, 512: False}),
     ("band_net", {223: False, 232: True, 260: True, 290: True, 304: False})],
)  # fmt: skip
def test_the_margin_is_no_larger_than_it_must_be(name: str, wanted: dict[int, bool]) -> None:
    """A frame near the margin's end changes a score; one beyond the margin does not.

    Of the segment of frames 256 to 384, and 256 to 272.
    """
    keras.utils.set_random_seed(2)
    model = last_layer.of_segments(
        registry.build(name, (64, 700, 1), tasks.TAGS, slice(0, 700), 0.125)
    )
    segment = 4 if name == "vgg_fcn" else 32
    X = np.random.default_rng(1).normal(size=(1, 64, 704, 1)).astype(np.float32)
    before = np.asarray(model(X, training=False))[0, segment]
    changed = {}
    for frame in wanted:
        other = X.copy()
        other[:, :, frame] += 30
        changed[frame] = bool(
            (np.asarray(model(other, training=False))[0, segment] != before).any()
        )
    assert changed == wanted


def test_windows_shorter_than_a_segment_are_refused() -> None:
    """With what to change."""
    with pytest.raises(DataError, match=r"segments of 128 frames, and a window has 100: lengthen"):
        registry.build("vgg_fcn", (128, 100, 1), tasks.EVENT, slice(0, 100))
