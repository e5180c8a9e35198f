"""Networks have the size and the layers that they say."""

import io
import re

import numpy as np
import pytest
from support import inputs, tasks

from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.networks import backend, last_layer, registry
from rarewave.networks.backend import keras
from rarewave.training.hyperparameters import NETWORKS

backend.start(2)

NAMES = NETWORKS
TINY = 0.0625  # of the filters, in networks that take a width


def test_the_seed_network_has_its_count_of_weights() -> None:
    """101,889, and 304,773 with the variables of the optimiser, as the summary counts them."""
    model = registry.build("seed_cnn", (129, 32, 1), tasks.of_outputs(1), slice(0, 32))
    assert model.count_params() == 101_889
    model.compile(keras.optimizers.Adam(), "binary_crossentropy")
    model.train_on_batch(np.zeros((2, 129, 32, 1)), np.zeros((2, 1)))
    stream = io.StringIO()
    model.summary(print_fn=lambda line, **_: stream.write(line + "\n"))
    (total,) = re.findall(r"Total params:\s+([\d,]+)", stream.getvalue())
    assert total == "304,773"


def test_the_sound_network_has_its_count_of_weights() -> None:
    """295,018 for two channels and ten classes, whatever the size of the spectrogram."""
    for shape in ((64, 216, 2), (33, 50, 2)):
        model = registry.build("sound_net", shape, tasks.of_outputs(10), slice(0, 50))
        assert model.count_params() == 295_018


def test_the_registry_finds_the_networks_that_the_parameters_know() -> None:
    """Each in the file of its name, which nothing but the folder lists; others are refused."""
    assert {"seed_cnn", "band_context", "call_cnn", "sound_net"} <= set(NAMES)
    for name in NAMES:
        assert registry.find(name).layers.__module__ == f"rarewave.networks.{name}"
    with pytest.raises(DataError, match=r"no network 'wrong': there are acoustic_cnn, band"):
        registry.build("wrong", (8, 8, 1), tasks.EVENT, slice(0, 8))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("task", [tasks.EVENT, tasks.of_outputs(5), tasks.TAGS], ids=str)
@pytest.mark.parametrize(
    "shape", [(129, 32, 1), (17, 29, 1), (40, 20, 2), (5, 6, 1), (8, 101, 2)], ids=str
)
def test_a_network_gives_probabilities_for_each_window(
    name: str, task: Task, shape: tuple[int, int, int]
) -> None:
    """Whatever the size of the spectrogram; each window for itself; classes sum to 1, not tags."""
    keras.utils.set_random_seed(1)
    shape = inputs.of(name, shape)
    model = registry.build(name, shape, task, slice(2, shape[1] - 3), TINY)
    # Faint, or the sigmoids of deep networks that have learnt nothing are all 1.
    X = 0.1 * np.random.default_rng(0).standard_normal((5, *shape)).astype(np.float32)
    p = np.asarray(model(X, training=False))
    assert p.shape == (5, task.outputs)
    assert ((p >= 0) & (p <= 1)).all()
    assert len(np.unique(p[:, 0])) == 5
    if task.kind != "event":
        assert np.allclose(p.sum(axis=1), 1, atol=1e-5) == task.exclusive
    assert last_layer.dense(model).name == task.kind
    assert last_layer.is_softmax(model) == (task.kind == "classes")
    np.testing.assert_allclose(np.asarray(model(X[2:3], training=False)), p[2:3], atol=1e-5)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "band_context"])
def test_a_network_has_a_layer_for_grad_cam(name: str) -> None:
    """`conv3`, as in the seed network, has an image."""
    shape = inputs.of(name, (40, 30, 2))
    model = registry.build(name, shape, tasks.of_outputs(3), slice(0, shape[1]), TINY)
    assert len(model.get_layer("conv3").output.shape) == 4
    assert isinstance(last_layer.dense(model), keras.layers.Dense)


@pytest.mark.parametrize("name", ["sound_net", "band_net", "call_cnn", "frame_net", "cnn_lstm"])
def test_a_network_learns_which_band_sounds(name: str) -> None:
    """Two hundred spectrograms of three bands: nearly all are told apart, new ones too."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    y = np.arange(260) % 3
    X = rng.standard_normal((260, 24, 20, 1)).astype(np.float32)
    for row, kind in enumerate(y):
        X[row, 8 * kind : 8 * kind + 8, 5:15] += 2
    model = registry.build(name, (24, 20, 1), tasks.of_outputs(3), slice(0, 20))
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    model.fit(X[:200], y[:200], batch_size=20, epochs=5, verbose=0)
    found = np.argmax(np.asarray(model(X[200:], training=False)), axis=1)
    assert np.mean(found == y[200:]) > 0.95


def test_the_frame_network_keeps_time_sharp() -> None:
    """Two frames further on, another place in its flat features: it is told what sounds when."""
    model = registry.build("frame_net", (32, 24, 1), tasks.of_outputs(3), slice(8, 16))
    pooled = model.get_layer("pool2").output
    assert pooled.shape[1:3] == (2, 24)


def test_the_sound_network_does_not_mind_when() -> None:
    """The same sound eight frames later, in the same silence, is the same to it."""
    keras.utils.set_random_seed(1)
    model = registry.build("sound_net", (24, 96, 1), tasks.of_outputs(4), slice(0, 96))
    X = np.zeros((2, 24, 96, 1), np.float32)
    sound = np.random.default_rng(0).normal(0, 3, (24, 16, 1))
    X[0, :, 32:48], X[1, :, 40:56] = sound, sound
    one, later = np.asarray(model(X, training=False))
    np.testing.assert_allclose(one, later, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_the_first_weights(name: str) -> None:
    """Equal for equal, different for different."""
    found = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        shape = inputs.of(name, (17, 29, 1))
        model = registry.build(name, shape, tasks.of_outputs(3), slice(0, shape[1]), TINY)
        found.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_band_means_look_at_the_window_and_the_context() -> None:
    """The level of the window's frames; the last channel over all frames."""
    model = registry.build("band_context", (8, 20, 2), tasks.of_outputs(1), slice(5, 15))
    X = np.random.default_rng(0).normal(0, 3, (3, 8, 20, 2)).astype(np.float32)
    found = keras.Model(model.input, model.get_layer("bands").output)(X)
    level = X[:, :, 5:15, 0].reshape(3, 2, 4 * 10).mean(axis=2)
    context = X[:, :, :, 1].reshape(3, 2, 4 * 20).mean(axis=2)
    np.testing.assert_allclose(found, np.concatenate([level, context], axis=1), atol=1e-5)


def test_the_acoustic_network_has_the_filters_that_it_says() -> None:
    """64, 128, 256 and 512, halved four times; 512 features; a head of 256 units."""
    model = registry.build("acoustic_cnn", (64, 48, 1), tasks.of_outputs(7), slice(0, 48))
    outputs = [tuple(model.get_layer(f"pool{n}").output.shape[1:]) for n in (1, 2, 3, 4)]
    assert outputs == [(32, 24, 64), (16, 12, 128), (8, 6, 256), (4, 3, 512)]
    kernels = [tuple(model.get_layer(f"conv{n}").kernel.shape) for n in (1, 2, 3, 4)]
    assert kernels == [(3, 3, 1, 64), (3, 3, 64, 128), (3, 3, 128, 256), (3, 3, 256, 512)]
    assert registry.encoder(model).output_shape == (None, 512)
    assert tuple(model.get_layer("hidden").kernel.shape) == (512, 256)
    assert tuple(model.get_layer("classes").kernel.shape) == (256, 7)
    convolutions = 9 * (64 + 64 * 128 + 128 * 256 + 256 * 512)
    encoder = convolutions + 4 * (64 + 128 + 256 + 512)
    assert registry.encoder(model).count_params() == encoder
    norm = model.get_layer("norm_features").count_params()
    assert model.count_params() == encoder + norm + 512 * 256 + 256 + 256 * 7 + 7


@pytest.mark.parametrize(
    ("width", "filters"), [(0.25, [16, 32, 64, 128]), (2.0, [128, 256, 512, 1024])]
)
def test_its_width_scales_the_filters(width: float, filters: list[int]) -> None:
    """All four, and the features; the head keeps its units; never less than one filter."""
    model = registry.build("acoustic_cnn", (32, 32, 2), tasks.of_outputs(1), slice(0, 32), width)
    assert [model.get_layer(f"conv{n}").filters for n in (1, 2, 3, 4)] == filters
    assert registry.encoder(model).output_shape == (None, filters[-1])
    assert model.get_layer("hidden").units == 256
    thin = registry.build("acoustic_cnn", (32, 32, 2), tasks.of_outputs(1), slice(0, 32), 0.001)
    assert [thin.get_layer(f"conv{n}").filters for n in (1, 2, 3, 4)] == [1, 1, 1, 1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(17, 29, 1), (40, 20, 2)], ids=str)
def test_an_encoder_gives_features_and_shares_its_weights(
    name: str, shape: tuple[int, int, int]
) -> None:
    """(n, features); a weight of the network set anew is one of the encoder; no head in it."""
    keras.utils.set_random_seed(1)
    shape = inputs.of(name, shape)
    model = registry.build(name, shape, tasks.of_outputs(4), slice(2, shape[1] - 3), TINY)
    encoder = registry.encoder(model)
    X = np.random.default_rng(0).standard_normal((3, *shape)).astype(np.float32)
    before = np.asarray(encoder(X, training=False))
    assert before.ndim == 2 and before.shape == (3, encoder.output_shape[1])
    mine = {id(v) for v in encoder.variables}
    assert mine and mine < {id(v) for v in model.variables}
    names = {layer.name for layer in encoder.layers}
    assert not names & {"hidden", "dropout", "classes"}
    first = next(layer for layer in model.layers if layer.name in names and layer.weights)
    first.set_weights([w + 0.5 for w in first.get_weights()])
    after = np.asarray(encoder(X, training=False))
    assert np.abs(after - before).max() > 1e-3
    if registry.find(name).segments is None:  # else they are a mean over segments
        tail = keras.Model(encoder.output, model.output)
        p = np.asarray(model(X, training=False))
        np.testing.assert_allclose(np.asarray(tail(after, training=False)), p, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_encoder_of_a_seed_is_the_same_whatever_the_head(name: str) -> None:
    """One output or many: so pretraining need not know the classes."""
    found = []
    for outputs in (1, 6):
        keras.utils.set_random_seed(3)
        shape = inputs.of(name, (17, 29, 1))
        task = tasks.of_outputs(outputs)
        model = registry.build(name, shape, task, slice(0, shape[1]), TINY)
        found.append(registry.encoder(model).get_weights())
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def lstm(x: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """States (steps, units) of x (steps, inputs), by the equations of Hochreiter and Schmidhuber.

    With the forget gate of Gers et al. (2000); gates in Keras's order: in, forget, cell, out.
    """
    units = len(recurrent)
    h, c, states = np.zeros(units), np.zeros(units), []
    for row in x:
        i, f, g, o = np.split(row @ kernel + h @ recurrent + bias, 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        states.append(h)
    return np.array(states)


def test_the_memory_of_cnn_lstm_is_that_of_the_equations() -> None:
    """Of what the convolutions give, frame by frame, all bands of all filters; its mean is kept."""
    keras.utils.set_random_seed(1)
    model = registry.build("cnn_lstm", (20, 36, 1), tasks.of_outputs(3), slice(0, 36))
    X = np.random.default_rng(0).normal(0, 2, (3, 20, 36, 1)).astype(np.float32)
    outputs = [model.get_layer(name).output for name in ("pool3", "lstm", "average")]
    pooled, states, mean = (np.asarray(v) for v in keras.Model(model.input, outputs)(X))
    assert pooled.shape == (3, 3, 9, 64) and states.shape == (3, 9, 64)
    weights = [w.astype(np.float64) for w in model.get_layer("lstm").get_weights()]
    assert np.abs(weights[2]).max() == 1.0  # the forget gate begins open
    for image, found, average in zip(pooled, states, mean, strict=True):
        frames = image.transpose(1, 0, 2).reshape(9, -1).astype(np.float64)
        wanted = lstm(frames, *weights)
        np.testing.assert_allclose(found, wanted, atol=1e-4)
        np.testing.assert_allclose(average, wanted.mean(axis=0), atol=1e-4)


def test_conv_1d_is_the_published_network() -> None:
    """M5 of 2 s at 16 kHz: 80 samples every 4, four times pooled by 4, and the mean over time."""
    model = registry.build("conv_1d", (1, 32_000, 1), tasks.of_outputs(10), slice(0, 32_000))
    outputs = [tuple(model.get_layer(f"pool{n}").output.shape[1:]) for n in (1, 2, 3, 4)]
    assert outputs == [(1, 2000, 128), (1, 500, 128), (1, 125, 256), (1, 32, 512)]
    kernels = [tuple(model.get_layer(f"conv{n}").kernel.shape) for n in (1, 2, 3, 4)]
    assert kernels == [(1, 80, 1, 128), (1, 3, 128, 128), (1, 3, 128, 256), (1, 3, 256, 512)]
    assert registry.encoder(model).output_shape == (None, 512)


def test_conv_1d_convolves_samples() -> None:
    """Its first layer is NumPy's correlation with each filter, every fourth sample."""
    keras.utils.set_random_seed(1)
    model = registry.build("conv_1d", (1, 1200, 1), tasks.of_outputs(2), slice(0, 1200), TINY)
    x = np.random.default_rng(0).standard_normal(1200).astype(np.float32)
    first = keras.Model(model.input, model.get_layer("conv1").output)
    found = np.asarray(first(x[None, None, :, None]))[0, 0]
    kernel = model.get_layer("conv1").kernel.numpy()[0, :, 0]
    padded = np.pad(x, 38)  # 76 in all: (300 - 1) * 4 + 80 samples are looked at
    for number, taps in enumerate(kernel.T):
        wanted = np.correlate(padded, taps, "valid")[::4]
        np.testing.assert_allclose(found[:, number], wanted, atol=1e-4)


@pytest.mark.parametrize("shape", [(64, 2000, 1), (1, 1023, 1)], ids=str)
def test_conv_1d_refuses_what_is_no_waveform(shape: tuple[int, int, int]) -> None:
    """A spectrogram, and too few samples: what to set."""
    with pytest.raises(DataError, match=r"a waveform of at least 1024 samples, and is given .*set"):
        registry.build("conv_1d", shape, tasks.EVENT, slice(0, shape[1]))


@pytest.mark.parametrize("name", NAMES)
def test_a_network_says_which_scale_it_takes(name: str) -> None:
    """Samples for those of waveforms, and rows for the others."""
    of_samples = name == "conv_1d"
    for scale in ("linear", "mel", "mfcc", "picture", "waveform"):
        if of_samples == (scale == "waveform"):
            registry.refuse_input(name, scale)
            continue
        wanted = "waveform" if of_samples else "linear, mel, mfcc or picture"
        with pytest.raises(
            DataError, match=rf"{name} takes spectrogram\.scale {wanted}, .*{scale}"
        ):
            registry.refuse_input(name, scale)


@pytest.mark.parametrize("name", ["cnn_lstm", "conv_1d"])
def test_two_trainings_give_the_same_weights_to_the_bit(name: str) -> None:
    """Gradients of loops over time and of strided convolutions too."""
    shape = inputs.of(name, (24, 20, 1))
    X = np.random.default_rng(0).standard_normal((48, *shape)).astype(np.float32)
    y = np.arange(48) % 3
    found = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        model = registry.build(name, shape, tasks.of_outputs(3), slice(0, shape[1]), 0.25)
        model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy", jit_compile=False)
        model.fit(X, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
        found.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_array_equal(found[0], found[1])
