"""What is looked at in a network: fields, dead and redundant channels, inputs climbed to."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import options, tasks, tiny

from rarewave.base.errors import DataError
from rarewave.base.spread import evenly
from rarewave.explanation import channels, convolutions, inside, layer_sheets, maximisation
from rarewave.explanation.layer_sheets import Shown
from rarewave.explanation.looking import Looking
from rarewave.frontend import normalisation
from rarewave.frontend.grid import Grid
from rarewave.frontend.transform import FrontEnd
from rarewave.model import training_statistics
from rarewave.model.detector import Detector
from rarewave.networks import backend, registry
from rarewave.networks.backend import keras, tf
from rarewave.training.hyperparameters import NETWORKS

backend.start(2)
layers = keras.layers
FEW = Looking(None, channels=3, windows=4, steps=2, seed=1)


def front_of(name: str, scale: str = "linear", context: int = 0) -> FrontEnd:
    """A front end that suits a network."""
    known = registry.find(name)
    scale = "waveform" if known.waveform else scale
    samples = 4816 if known.segments else 1024
    spectrogram = replace(
        options.SPECTROGRAM, scale=scale, n_fft=64, hop=16, n_mels=24, n_mfcc=12, floor_db=-80.0
    )
    return FrontEnd(tiny.CLEANING, Grid(samples, samples, context, 0.1, False), spectrogram)


def detector_of(front: FrontEnd, name: str, mode: str = "dataset") -> tuple[Detector, np.ndarray]:
    """An untrained detector of a front end, and windows of it in dB."""
    keras.utils.set_random_seed(1)
    X = np.random.default_rng(0).normal(-30, 10, (5, *front.shape)).astype(np.float32)
    fitted = normalisation.fit(X, mode, front.spectrogram.scale)
    shape = (*front.shape[:2], fitted.channels)
    network = registry.build(name, shape, tasks.TAGS, front.window_frames, 0.125)
    return Detector(network, name, front, tasks.TAGS, fitted, 0.125), X


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_looked_into(name: str, tmp_path: Path) -> None:
    """Sheets of its first and last convolution, and a row of the table for each channel."""
    inner, X = detector_of(front_of(name), name, "both")
    every = [layer.name for layer in convolutions.convolutions(inner.network)]
    wanted = list(dict.fromkeys(every[:1] + every[-1:]))
    options = replace(FEW, layers=tuple(wanted))
    found = inside.look(inner, tmp_path, options, None, Shown(X[:2], ["a", "b"]), [X[:3], X[3:]])
    sheets = [f"{kind}_{n}.png" for n in wanted for kind in ("filters", "maps", "maximised")]
    assert found["pictures"] == sheets
    assert {p.name for p in tmp_path.iterdir()} == {*sheets, "channels.csv"}
    if not wanted:
        assert name == "band_context" and found["layers"] == {}
        return
    assert found["windows"] == 5
    counts = {k: inner.network.get_layer(k).filters for k in wanted}
    counts |= {"lstm": 8} if name == "cnn_lstm" else {}
    table = pd.read_csv(tmp_path / "channels.csv")
    assert table.groupby("layer").size().to_dict() == counts
    assert found["channels"] == sum(counts.values())


@pytest.mark.parametrize("name", ["call_cnn", "conv_1d"])
def test_the_same_network_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    """Pictures, the table and what is counted."""
    inner, X = detector_of(front_of(name), name)
    given = inner, X[:1], replace(FEW, layers=("conv1",))
    found = [
        inside.look(given[0], tmp_path / out, given[2], None, Shown(given[1], ["a"]), [X])
        for out in ("a", "b")
    ]
    assert found[0] == found[1]
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("scale", "context", "mode"),
    [("mel", 256, "sample"), ("mfcc", 0, "dataset"), ("mel", 0, "unit")],
)
def test_rows_that_are_no_hertz_and_context(
    scale: str, context: int, mode: str, tmp_path: Path
) -> None:
    """Without a recording: filters and what channels answer most to."""
    inner, _ = detector_of(front_of("call_cnn", scale, context), "call_cnn", mode)
    found = inside.look(inner, tmp_path, replace(FEW, layers=("conv2",)), None)
    assert found["pictures"] == ["filters_conv2.png", "maximised_conv2.png"]
    assert "layers" not in found
    with pytest.raises(DataError, match="no convolution pool1: choose from conv1, conv2"):
        inside.look(inner, tmp_path, replace(FEW, layers=("pool1",)), None)


def known_network() -> tuple[keras.Model, np.ndarray]:
    """One convolution of six channels: two alike, one their negative, one silent, one constant."""
    given = keras.Input((9, 12, 1))
    x = layers.Conv2D(6, 3, padding="same", name="conv")(given)
    x = layers.BatchNormalization(name="norm")(x)
    model = keras.Model(given, layers.Dense(1)(layers.Flatten()(layers.ReLU(name="relu")(x))))
    rng = np.random.default_rng(3)
    kernel = rng.normal(size=(3, 3, 1, 6)).astype(np.float32)
    kernel[..., 2] = 3 * kernel[..., 0]
    kernel[..., 3] = -kernel[..., 0]
    kernel[..., 4:] = 0
    bias = np.array([4, 0, 12, 40, -1, 2], np.float32)  # those of the like ones stay above 0
    model.get_layer("conv").set_weights([kernel, bias])
    return model, rng.normal(size=(30, 9, 12, 1)).astype(np.float32)


def test_dead_and_redundant_channels_are_counted() -> None:
    """As NumPy finds them in the same outputs, whatever the batches."""
    model, X = known_network()
    answer = convolutions.answer(model, model.get_layer("conv"))
    assert answer is model.get_layer("relu").output
    ((one,), count) = channels.activities(model, [answer], [X[:7], X[7:29], X[29:]])
    assert count == 30
    flat = np.asarray(keras.Model(model.input, answer)(X)).reshape(-1, 6).astype(np.float64)
    np.testing.assert_allclose(one.low, flat.min(axis=0))
    np.testing.assert_allclose(one.high, flat.max(axis=0))
    np.testing.assert_allclose(one.mean, flat.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(one.above_0, (flat > 0).mean(axis=0))
    np.testing.assert_allclose(
        one.correlation[:4, :4], np.corrcoef(flat[:, :4], rowvar=False), atol=1e-9
    )
    assert one.dead.tolist() == [False] * 4 + [True] * 2  # below 0 for ever, and above it for ever
    assert abs(one.correlation[0, 2]) > 0.95 and one.correlation[0, 3] < -0.95
    assert one.twin.tolist() == [-1, -1, 0, 0, -1, -1]
    assert channels.counted(one) == {"channels": 6, "dead": 2, "redundant": 2}


@pytest.mark.parametrize("name", [n for n in NETWORKS if n != "band_context"])
def test_a_position_sees_what_its_gradient_reaches(name: str) -> None:
    """The field of each layer against the gradient of a position in the middle."""
    front = front_of(name)
    inner, _ = detector_of(front, name)
    model, frames = inner.network, front.shape[1]
    X = tf.constant(np.random.default_rng(1).uniform(1, 2, (1, *front.shape)), tf.float32)
    for layer in convolutions.convolutions(model):  # no ReLU hides anything
        layer.kernel.assign(np.abs(layer.kernel) + 0.1)
    for layer in convolutions.convolutions(model):
        field = convolutions.field(model, layer, frames)
        assert field is not None
        part = keras.Model(model.input, layer.output)
        with tf.GradientTape() as tape:
            tape.watch(X)
            made = part(X, training=False)
            row, frame = (size // 2 for size in made.shape[1:3])
            one = tf.reduce_sum(made[0, row, frame])
        reached = np.abs(np.asarray(tape.gradient(one, X)))[0, :, :, 0] > 0
        for axis, at in ((0, row), (1, frame)):
            seen = np.flatnonzero(reached.any(axis=1 - axis))
            centre = field.start[axis] + at * field.step[axis]
            low, high = centre - (field.size[axis] - 1) / 2, centre + (field.size[axis] - 1) / 2
            assert max(low, 0) <= seen[0] + 1e-9 and seen[-1] <= min(high, reached.shape[axis] - 1)
            if not any(isinstance(x, layers.MaxPooling2D) for x in _before(model, layer)):
                assert (seen[0], seen[-1]) == (max(low, 0), min(high, reached.shape[axis] - 1))


def _before(model: keras.Model, layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    return model.layers[: model.layers.index(layer)]


def test_one_weight_is_climbed_to_the_end_of_the_range() -> None:
    """Up where it is above 0, down where it is below, and no further than training went."""
    given = keras.Input((8, 10, 1))
    x = layers.Conv2D(2, 1, activation="relu", name="conv")(given)
    model = keras.Model(given, layers.Dense(1)(layers.Flatten()(x)))
    shift = np.array([0.5, -50.0])
    model.get_layer("conv").set_weights([np.array([2.0, -3.0]).reshape(1, 1, 1, 2), shift])
    low, high = np.linspace(-1, -2, 8)[:, None], np.linspace(1, 3, 8)[:, None]
    reach = training_statistics.Reach(*(a.astype(np.float32) for a in (low, 0 * low, high)))
    climb = [
        maximisation.climb(model, model.get_layer("conv"), np.arange(2), reach, 10, 80, seed=4)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(climb[0].inputs, climb[1].inputs)
    made = climb[0].inputs[..., 0]
    wanted = np.broadcast_to(np.stack([high, low]), made.shape)
    np.testing.assert_allclose(made, wanted, atol=0.05)
    assert (climb[0].after > climb[0].before).all()  # though behind the ReLU the second is silent
    means = [2 * high.mean() + 0.5, -3 * low.mean() - 50]
    np.testing.assert_allclose(climb[0].after, means, atol=0.1)


def test_every_channel_of_a_deep_layer_rises() -> None:
    """Of every layer of a network of segments, within the range."""
    inner, X = detector_of(front_of("vgg_fcn"), "vgg_fcn")
    reach = training_statistics.reach_of(inner.normalisation(X))
    for layer in convolutions.convolutions(inner.network)[1::4]:
        known = np.arange(min(4, layer.filters))
        found = maximisation.climb(inner.network, layer, known, reach, 128, 20, seed=1)
        assert (found.after > found.before).all()
        assert (found.inputs >= reach.low[:, None]).all()
        assert (found.inputs <= reach.high[:, None]).all()


def test_one_dimensional_convolutions_have_one_row() -> None:
    """Weights, and what positions see, as of a layer of one row."""
    given = keras.Input((64, 2))
    x = layers.Conv1D(3, 5, strides=2, padding="same", name="a")(given)
    x = layers.Conv1D(4, 3, dilation_rate=2, name="b")(x)
    model = keras.Model(given, layers.Dense(1)(layers.Flatten()(x)))
    assert convolutions.weights(model.get_layer("b")).shape == (1, 3, 3, 4)
    field = convolutions.field(model, model.get_layer("b"), 64)
    # "same" pads one sample in front of 64 at a step of 2: the first position is centred on 1.
    assert field == convolutions.Field((1, 13), (1, 2), (0.0, 5.0))


def test_channels_are_spread() -> None:
    assert evenly(32, 4).tolist() == [0, 10, 21, 31]
    assert evenly(3, 12).tolist() == [0, 1, 2]
    assert layer_sheets.input_names(detector_of(front_of("call_cnn"), "call_cnn")[0]) == [""]
