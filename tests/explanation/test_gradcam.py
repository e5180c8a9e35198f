"""Grad-CAM agrees with tf-keras-vis, depends on the weights, and says what it cannot do."""

from collections.abc import Callable

import numpy as np
import pytest
from support import tasks

from rarewave.base.errors import DataError
from rarewave.explanation import gradcam
from rarewave.networks import backend, registry
from rarewave.networks.backend import keras

backend.start(2)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """The seed network, a few steps into learning where a bright band is."""
    keras.utils.set_random_seed(1)
    made = registry.build("seed_cnn", (33, 20, 1), tasks.of_outputs(1), slice(0, 20))
    made.compile(keras.optimizers.Adam(0.003), keras.losses.BinaryCrossentropy())
    X = inputs(48)
    X[::2, 8:14, 5:12] += 3
    y = (np.arange(48) % 2 == 0).astype(np.float32)[:, None]
    for _ in range(15):
        made.train_on_batch(X, y)
    return made


def inputs(count: int, seed: int = 0) -> np.ndarray:
    """Normalised noise."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 33, 20, 1)).astype(np.float32)


def bilinear(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize with pixel centres at halves, the edge repeated."""
    for axis, size in ((0, height), (1, width)):
        old = image.shape[axis]
        at = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, old - 1)
        shape = [1, 1]
        shape[axis] = size
        share = (at - low).reshape(shape)
        image = image.take(low, axis) * (1 - share) + image.take(high, axis) * share
    return image


@pytest.mark.parametrize("layer", ["conv1", "norm1", "conv2", "conv3", "norm3"])
def test_maps_agree_with_tf_keras_vis(model: keras.Model, layer: str) -> None:
    """Its own Gradcam on the same network with a linear last activation."""
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    X = inputs(4, seed=1)
    X[:2, 8:14, 5:12] += 3
    found = gradcam.gradcam(model, X, layer)
    assert found.shape == (4, 33, 20)
    oracle = Gradcam(model, model_modifier=ReplaceToLinear(), clone=True)
    raw = oracle(
        lambda output: output[:, 0], X, penultimate_layer=layer,
        seek_penultimate_conv_layer=False, expand_cam=False, normalize_cam=False,
    )  # fmt: skip
    assert (np.asarray(raw) > 0).any()
    for ours, theirs in zip(found, np.asarray(raw), strict=True):
        wanted = bilinear(theirs, 33, 20)
        peak = wanted.max()
        np.testing.assert_allclose(ours, wanted / peak if peak else wanted, atol=1e-3)


def by_tf_keras_vis(model: keras.Model, X: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Its Grad-CAM at conv2, of the sums before softmax."""
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    oracle = Gradcam(model, model_modifier=ReplaceToLinear(), clone=True)
    raw = oracle(
        lambda output: [output[i, int(k)] for i, k in enumerate(wanted)],
        X, penultimate_layer="conv2", seek_penultimate_conv_layer=False, expand_cam=False,
        normalize_cam=False,
    )  # fmt: skip
    return np.asarray(raw)


def by_place(model: keras.Model, X: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Gradient x activation at conv2, from the network behind it alone, its softmax made linear."""
    linear = keras.models.clone_model(model)
    linear.set_weights(model.get_weights())
    linear.layers[-1].activation = keras.activations.linear
    features = keras.Model(linear.input, linear.get_layer("conv2").output)(X, training=False)
    behind = keras.Model(linear.get_layer("conv2").output, linear.output)
    with backend.tf.GradientTape() as tape:
        tape.watch(features)
        chosen = backend.tf.gather(behind(features), wanted, axis=1, batch_dims=1)
    product = np.asarray(tape.gradient(chosen, features)) * np.asarray(features)
    return np.maximum(product.sum(axis=-1), 0)


@pytest.mark.parametrize(
    ("name", "oracle"),
    [("sound_net", by_tf_keras_vis), ("call_cnn", by_place), ("frame_net", by_place)],
)
def test_each_class_has_its_own_map(name: str, oracle: Callable[..., np.ndarray]) -> None:
    """Of the logit of the class asked for, by the method that suits the network."""
    keras.utils.set_random_seed(3)
    made = registry.build(name, (33, 20, 1), tasks.of_outputs(4), slice(0, 20))
    X, wanted = inputs(6, seed=4), np.array([0, 1, 2, 3, 1, 1])
    X[5] = X[1]
    found = gradcam.gradcam(made, X, "conv2", wanted)
    for ours, theirs in zip(found, oracle(made, X, wanted), strict=True):
        image = bilinear(theirs, 33, 20)
        peak = image.max()
        np.testing.assert_allclose(ours, image / peak if peak else image, atol=2e-3)
    np.testing.assert_allclose(found[5], found[1], atol=1e-5)
    first = gradcam.gradcam(made, X, "conv2")
    np.testing.assert_allclose(first[0], found[0], atol=1e-5)
    assert np.abs(first[1] - found[1]).max() > 0.01


def placed() -> tuple[keras.Model, np.ndarray]:
    """A dense layer over all places, for which one square speaks and another one against it."""
    given = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", name="conv2")(given)
    x = keras.layers.Flatten()(x)
    made = keras.Model(given, keras.layers.Dense(1, activation="sigmoid")(x))
    weight = np.zeros((8, 8), np.float32)
    weight[2:4, 5:7], weight[5:7, 1:3] = 1, -1
    made.layers[-1].set_weights([weight.reshape(-1, 1), np.zeros(1, np.float32)])
    return made, weight > 0


def test_behind_a_flatten_the_evidence_is_marked_where_it_lies() -> None:
    """All of the sound is in that square: HiResCAM marks it, and Grad-CAM nothing at all."""
    made, square = placed()
    X = np.where(square, 3.0, 0.0).astype(np.float32)[None, :, :, None]
    assert made(X)[0, 0] > 0.99 and gradcam.method(made) == "HiResCAM"
    np.testing.assert_array_equal(gradcam.gradcam(made, X, "conv2")[0], square)
    assert not by_tf_keras_vis(made, X, np.zeros(1, int)).any()


def test_a_trained_call_cnn_is_marked_where_its_calls_are() -> None:
    """Early calls against late ones of the same sound: most of a map lies in the call's half."""
    keras.utils.set_random_seed(2)
    made = registry.build("call_cnn", (33, 20, 1), tasks.of_outputs(1), slice(0, 20))
    made.compile(keras.optimizers.Adam(0.003), keras.losses.BinaryCrossentropy())
    X = inputs(48)
    X[::2, 8:14, 2:7] += 3
    X[1::2, 8:14, 13:18] += 3
    y = (np.arange(48) % 2 == 0).astype(np.float32)[:, None]
    for _ in range(15):
        made.train_on_batch(X, y)
    maps = gradcam.gradcam(made, X[::2], "relu2")
    inside = maps[:, 6:16, :9].sum(axis=(1, 2)) / maps.sum(axis=(1, 2))
    assert np.median(inside) > 0.5


def test_before_a_global_mean_both_maps_are_one(
    model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to scale, which a map does not have; such networks keep Grad-CAM."""
    X = inputs(4, seed=1)
    X[:2, 8:14, 5:12] += 3
    assert gradcam.method(model) == "Grad-CAM"
    found = gradcam.gradcam(model, X, "norm3")
    monkeypatch.setattr(gradcam, "method", lambda model: "HiResCAM")
    np.testing.assert_allclose(gradcam.gradcam(model, X, "norm3"), found, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("call_cnn", "HiResCAM"), ("frame_net", "HiResCAM"), ("band_context", "HiResCAM"),
     ("cnn_lstm", "HiResCAM"), ("seed_cnn", "Grad-CAM"), ("sound_net", "Grad-CAM"),
     ("band_net", "HiResCAM"), ("acoustic_cnn", "Grad-CAM")],
)  # fmt: skip
def test_the_network_decides_the_method(name: str, wanted: str) -> None:
    """By a dense layer behind a flatten, or a memory over time."""
    made = registry.build(name, (32, 32, 1), tasks.of_outputs(3), slice(0, 32), 0.1)
    assert gradcam.method(made) == wanted


def test_a_map_is_scaled_to_its_peak(model: keras.Model) -> None:
    """Between 0 and 1, the peak 1; each window for itself."""
    X = inputs(3, seed=2)
    X[:, 8:14, 5:12] += 3
    found = gradcam.gradcam(model, X, "conv3")
    assert found.min() >= 0
    np.testing.assert_allclose(found.max(axis=(1, 2)), 1)
    np.testing.assert_allclose(gradcam.gradcam(model, X[1:2], "conv3")[0], found[1], atol=1e-5)


def test_a_map_without_evidence_is_zero() -> None:
    """A network whose output does not depend on its input has no NaN."""
    made = registry.build("seed_cnn", (16, 16, 1), tasks.of_outputs(1), slice(0, 16))
    made.get_layer("event").kernel.assign(np.zeros((64, 1)))
    X = inputs(2)[:, :16, :16]
    np.testing.assert_array_equal(gradcam.gradcam(made, X, "conv3"), 0)


def test_maps_change_when_the_weights_are_randomised(model: keras.Model) -> None:
    """The sanity check of Adebayo et al.; the model itself stays as it was."""
    X = inputs(6, seed=3)
    X[:, 8:14, 5:12] += 3
    before = model.get_weights()
    fresh = gradcam.randomised(model, seed=7)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    one, other = gradcam.gradcam(model, X, "conv3"), gradcam.gradcam(fresh, X, "conv3")
    assert gradcam.agreement(one, one) == pytest.approx(1)
    assert gradcam.agreement(one, other) < 0.8
    again = gradcam.gradcam(gradcam.randomised(model, seed=7), X, "conv3")
    np.testing.assert_allclose(again, other, atol=1e-5)


def test_an_unknown_layer_is_named_with_the_known_ones(model: keras.Model) -> None:
    """And the parameter."""
    with pytest.raises(DataError, match=r"no layer conv9: choose gradcam\.layer from .*'conv3'"):
        gradcam.gradcam(model, inputs(1), "conv9")


@pytest.mark.parametrize("layer", ["hidden", "average", "event"])
def test_a_layer_without_an_image_is_refused(model: keras.Model, layer: str) -> None:
    """It has no place in a spectrogram."""
    with pytest.raises(DataError, match=rf"{layer}.*gradcam\.layer"):
        gradcam.gradcam(model, inputs(1), layer)


def test_the_mass_of_a_map_by_hand() -> None:
    """Mean and the middle 80 % along both axes."""
    heat = np.zeros((5, 4), np.float32)
    heat[1, 0], heat[2, 1], heat[4, 1] = 0.05, 0.8, 0.15
    found = gradcam.mass(heat, np.array([0.0, 0.1, 0.2, 0.3, 0.4]), np.array([10.0, 20, 30, 40]))
    assert found == pytest.approx(
        {
            "mean_hz": 0.05 * 0.1 + 0.8 * 0.2 + 0.15 * 0.4, "low_hz": 0.2, "high_hz": 0.4,
            "mean_s": 0.05 * 10 + 0.95 * 20, "low_s": 20.0, "high_s": 20.0,
        }
    )  # fmt: skip
    empty = gradcam.mass(np.zeros((5, 4), np.float32), np.arange(5.0), np.arange(4.0))
    assert all(np.isnan(value) for value in empty.values())


def test_agreement_is_the_rank_correlation_of_scipy() -> None:
    """Without ties; constant maps count nothing, none is NaN."""
    from scipy.stats import spearmanr

    a, b = inputs(3, 1)[..., 0], inputs(3, 2)[..., 0]
    b = b + 0.5 * a
    wanted = np.mean([spearmanr(x.ravel(), z.ravel()).statistic for x, z in zip(a, b, strict=True)])
    assert gradcam.agreement(a, b) == pytest.approx(wanted)
    assert gradcam.agreement(a, -a) == pytest.approx(-1)
    assert gradcam.agreement(a, np.zeros_like(a)) == 0
    assert np.isnan(gradcam.agreement(a[:0], b[:0]))


def against(bias: float) -> keras.Model:
    """Two channels, one for and one against a class, that leave nothing at the last layer."""
    given = keras.Input((6, 4, 1), name="spectrogram")
    layers = keras.layers
    x = layers.Conv2D(2, 1, name="conv")(given)
    x = layers.ReLU(name="relu")(x)
    x = layers.MaxPooling2D((3, 2), name="pool")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(1, activation="sigmoid", name="event")(x)
    model = keras.Model(given, x)
    # The first channel is the input and speaks for, the second is always 2 and speaks against.
    model.set_weights(
        [
            np.array([[[[1.0, 0.0]]]], np.float32),
            np.array([0.0, 2.0], np.float32),
            np.array([[1.0], [-1.0]], np.float32),
            np.array([bias], np.float32),
        ]
    )
    return model


IMAGES = ["pool", "relu", "conv"]


def test_a_map_that_says_nothing_is_followed_by_one_that_does() -> None:
    """At the pooled layer all speaks against; before it one place and channel speaks for."""
    model = against(5.0)
    X = np.full((6, 4, 1), -1.0, np.float32)
    X[4, 1] = 1.5
    assert gradcam.gradcam(model, X[None], "pool").max() == 0
    heat, tried = gradcam.speaking(model, X, IMAGES, 0)
    assert [(one.method, one.layer) for one in tried[:2]] == [
        ("Grad-CAM", "pool"), ("HiResCAM", "pool"),
    ]  # fmt: skip
    assert (tried[-1].method, tried[-1].layer) == ("HiResCAM", "relu")
    assert heat is not None and np.argwhere(heat == 1).tolist() == [[4, 1]]
    assert all(one.share < gradcam.LEAST for one in tried[:-1])
    X[4, 1] = 9.0
    heat, tried = gradcam.speaking(model, X, IMAGES, 0)
    assert heat is not None and [(one.method, one.layer) for one in tried] == [("Grad-CAM", "pool")]
    assert 0 < tried[0].share < 1
    assert set(np.nonzero(heat == 1)[0]) >= {4, 5}  # two rows of the pooled layer are six


def test_where_nothing_speaks_for_a_class_all_maps_were_tried() -> None:
    """The list says which."""
    model = against(5.0)
    heat, tried = gradcam.speaking(model, np.full((6, 4, 1), -1.0, np.float32), IMAGES, 0)
    assert heat is None and {one.layer for one in tried} == {*IMAGES}
    assert len(tried) == 6 and all(one.share == 0 for one in tried)
