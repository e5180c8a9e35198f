"""The contrastive loss against a loop, and what is said of features against its definition."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import KNeighborsClassifier
from support.properties import examples

from rarewave.networks import backend
from rarewave.networks.backend import keras, tf
from rarewave.training import contrast

backend.start(2)


@st.composite
def views(draw: st.DrawFn) -> tuple[np.ndarray, float]:
    """Features (2n, d) of two views of n windows, and a temperature."""
    count, size = draw(st.integers(2, 6)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    z = rng.standard_normal((2 * count, size)) * draw(st.sampled_from([0.1, 1.0, 20.0]))
    return z, draw(st.sampled_from([0.1, 0.2, 0.5, 1.0]))


def by_loop(z: np.ndarray, temperature: float) -> np.ndarray:
    """NT-Xent of each view as Chen et al. (2020) write it, equation 1, one view at a time."""
    count = len(z) // 2
    found = []
    for i in range(2 * count):
        partner = i + count if i < count else i - count

        def likeness(k: int, i: int = i) -> float:
            dot = sum(float(a) * float(b) for a, b in zip(z[i], z[k], strict=True))
            long = math.sqrt(sum(float(a) ** 2 for a in z[i]))
            return dot / (long * math.sqrt(sum(float(b) ** 2 for b in z[k]))) / temperature

        others = sum(math.exp(likeness(k)) for k in range(2 * count) if k != i)
        found.append(-math.log(math.exp(likeness(partner)) / others))
    return np.array(found)


@settings(max_examples=examples(25))
@given(views())
def test_the_loss_is_the_papers(case: tuple[np.ndarray, float]) -> None:
    """View by view, and their mean as a loss of Keras."""
    z, temperature = case
    wanted = by_loop(z, temperature)
    found = np.asarray(contrast.nt_xent(z.astype(np.float32), temperature))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    loss = contrast.Contrast(temperature)(np.zeros((len(z), 1)), z.astype(np.float32))
    assert float(loss) == pytest.approx(wanted.mean(), rel=1e-4, abs=1e-4)


@settings(max_examples=examples(10))
@given(views())
def test_its_gradient_is_that_of_the_loop(case: tuple[np.ndarray, float]) -> None:
    """By central differences in float64, relative to the largest."""
    z, temperature = case
    given_to = tf.constant(z.astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(given_to)
        total = tf.reduce_sum(contrast.nt_xent(given_to, temperature))
    found = np.asarray(tape.gradient(total, given_to))
    step = 1e-5 * np.abs(z).max()
    wanted = np.zeros_like(z)
    for place in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[place] += step
        down[place] -= step
        difference = by_loop(up, temperature).sum() - by_loop(down, temperature).sum()
        wanted[place] = difference / (2 * step)
    np.testing.assert_allclose(found, wanted, atol=2e-4 * max(1.0, np.abs(wanted).max()))


@given(views(), st.integers(0, 99))
def test_the_order_of_the_windows_does_not_matter(
    case: tuple[np.ndarray, float], seed: int
) -> None:
    """Windows permuted, or first and second views exchanged: the losses move along."""
    z, temperature = case
    z = z.astype(np.float32)
    count = len(z) // 2
    order = np.random.default_rng(seed).permutation(count)
    both = np.concatenate([order, order + count])
    found = np.asarray(contrast.nt_xent(z, temperature))
    again = np.asarray(contrast.nt_xent(z[both], temperature))
    np.testing.assert_allclose(again, found[both], atol=1e-4)
    exchanged = np.asarray(contrast.nt_xent(np.roll(z, count, axis=0), temperature))
    np.testing.assert_allclose(exchanged, np.roll(found, count), atol=1e-4)


def test_the_length_of_features_does_not_matter() -> None:
    """Each view may be scaled by its own factor; a view of zeros stays finite."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((8, 5)).astype(np.float32)
    scaled = z * rng.uniform(0.1, 9, (8, 1)).astype(np.float32)
    found = np.asarray(contrast.nt_xent(z, 0.2))
    np.testing.assert_allclose(np.asarray(contrast.nt_xent(scaled, 0.2)), found, atol=1e-4)
    z[0] = 0
    assert np.isfinite(np.asarray(contrast.nt_xent(z, 0.2))).all()


def test_the_ends_of_the_loss_by_hand() -> None:
    """All views one point: log(2n - 1). Equal pairs at right angles: log(1 + 2(n - 1) e^(-1/t))."""
    one = np.ones((8, 3), np.float32)
    np.testing.assert_allclose(contrast.nt_xent(one, 0.2), math.log(7), rtol=1e-5)
    apart = np.concatenate([np.eye(4), np.eye(4)]).astype(np.float32)
    wanted = math.log(1 + 6 * math.exp(-1 / 0.5))
    np.testing.assert_allclose(contrast.nt_xent(apart, 0.5), wanted, rtol=1e-5)


def test_half_precision_is_summed_in_whole() -> None:
    """Features of bfloat16 give a float32 loss, near that of their exact values."""
    z = np.random.default_rng(0).standard_normal((16, 8)).astype(np.float32)
    half = tf.cast(z, tf.bfloat16)
    found = contrast.nt_xent(half, 0.1)
    assert found.dtype == tf.float32
    exact = np.asarray(tf.cast(half, tf.float32), np.float64)
    np.testing.assert_allclose(found, by_loop(exact, 0.1), rtol=1e-3, atol=1e-3)


def test_the_loss_survives_its_config() -> None:
    """Serialised and back, with its temperature."""
    made = contrast.Contrast(0.35)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))
    assert isinstance(again, contrast.Contrast)
    assert again.get_config() == made.get_config()
    assert again.temperature == 0.35


features = st.integers(0, 9999).map(
    lambda seed: np.random.default_rng(seed).standard_normal((2, 7, 4)) * 3
)


@given(features)
def test_alignment_and_uniformity_are_their_formulas(pair: np.ndarray) -> None:
    """Wang and Isola (2020), pair by pair on the unit sphere."""
    one, other = ([row / math.sqrt((row**2).sum()) for row in part] for part in pair)
    squared = [((a - b) ** 2).sum() for a, b in zip(one, other, strict=True)]
    assert contrast.alignment(*pair) == pytest.approx(sum(squared) / 7)
    pairs = [math.exp(-2 * ((one[i] - one[j]) ** 2).sum()) for i in range(7) for j in range(i)]
    assert contrast.uniformity(pair[0]) == pytest.approx(math.log(sum(pairs) / 21))


def test_the_ends_of_alignment_and_uniformity() -> None:
    """0 for equal views and one point; a spread is below; opposite views are 4 apart."""
    X = np.random.default_rng(0).standard_normal((50, 6))
    assert contrast.alignment(X, 3 * X) == pytest.approx(0, abs=1e-12)
    assert contrast.alignment(X, -X) == pytest.approx(4)
    assert contrast.uniformity(np.ones((9, 6))) == pytest.approx(0, abs=1e-9)
    assert contrast.uniformity(X) < contrast.uniformity(X + 3) < 0


def test_features_are_scaled_to_length_1() -> None:
    """And zeros stay zeros."""
    found = contrast.unit(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0]], rtol=1e-6)


@pytest.mark.parametrize("known", [3, 20, 60])
@pytest.mark.parametrize("classes", [2, 5])
def test_nearest_neighbours_vote_as_in_scikit_learn(known: int, classes: int) -> None:
    """The 20 nearest by cosine, each weighing exp(likeness / 0.07); all where there are fewer."""
    rng = np.random.default_rng(known)
    y = (np.arange(known) % classes).astype(np.int8)
    centre = rng.standard_normal((classes, 6))
    X = (centre[y] + rng.standard_normal((known, 6))).astype(np.float32)
    asked = (centre[rng.integers(0, classes, 200)] + rng.standard_normal((200, 6))) * 4
    vote = KNeighborsClassifier(
        min(20, known),
        metric="cosine",
        algorithm="brute",
        weights=lambda distance: np.exp((1 - distance) / 0.07),
    )
    wanted = vote.fit(X, y).predict(asked)
    found = contrast.nearest(X, y, asked, classes)
    np.testing.assert_array_equal(found, wanted)
    assert len(set(found)) > 1
    if known == 60:  # neither the one nearest nor the mere majority of 20
        one = y[np.argmax(cosine_similarity(asked, X), axis=1)]
        assert (found != one).any()


def test_neighbours_among_many_windows_need_little_memory() -> None:
    """Months of recordings give 100,000 windows and more: never the likeness of all to all."""
    rng = np.random.default_rng(0)
    X, asked = (rng.standard_normal((3000, 4)).astype(np.float32) for _ in range(2))
    y = (np.arange(len(X)) % 2).astype(np.int8)
    tracemalloc.start()
    found = contrast.nearest(X, y, asked, 2)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.shape == (3000,) and most < 3000 * 3000 * 4
