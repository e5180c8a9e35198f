"""How relevance is shared among what a linear layer adds up: one rule a function.

Bach et al., On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance
Propagation, PLoS ONE 2015; Montavon et al., Layer-Wise Relevance Propagation: An Overview, 2019. A
rule gets what the layer was given, the layer as a function of input and kernel, its kernel and
shift, and the relevance of what it gave, all in double precision.
"""

from collections.abc import Callable
from typing import NamedTuple

from rarewave.networks.backend import keras, tf

ops = keras.ops

EPSILON = 1e-9  # keeps sums of nothing finite; small beside any sum that matters
DAMPING = 0.1
GAMMA = 0.25
ALPHA = 2.0

Apply = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # input and kernel to output, without shift


class Linear(NamedTuple):
    """A layer that adds up its weighed inputs."""

    apply: Apply
    kernel: tf.Tensor
    shift: tf.Tensor  # (outputs,)


Rule = Callable[[tf.Tensor, Linear, tf.Tensor], tf.Tensor]


def stable(sums: tf.Tensor) -> tf.Tensor:
    """Sums moved away from zero, each to its own side."""
    return sums + EPSILON * side(sums)


def side(sums: tf.Tensor) -> tf.Tensor:
    """1 where a sum is at least 0, else -1."""
    return 2 * tf.cast(sums >= 0, sums.dtype) - 1


def back(apply: Apply, x: tf.Tensor, kernel: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Shares of the outputs carried back to the inputs by the weights between them."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        sums = apply(x, kernel)
    return tape.gradient(sums, x, output_gradients=share)


def zero(x: tf.Tensor, layer: Linear, relevance: tf.Tensor) -> tf.Tensor:
    """In proportion to what each input added, of either sign; the shift keeps its own share.

    The epsilon rule as epsilon goes to 0 (LRP-0).
    """
    sums = layer.apply(x, layer.kernel) + layer.shift
    return x * back(layer.apply, x, layer.kernel, relevance / stable(sums))


def epsilon(x: tf.Tensor, layer: Linear, relevance: tf.Tensor) -> tf.Tensor:
    """As `zero`, with an epsilon of `DAMPING` times the size of sums, which swallows weak ones."""
    sums = layer.apply(x, layer.kernel) + layer.shift
    axes = list(range(1, len(sums.shape)))
    size = tf.sqrt(tf.reduce_mean(tf.square(sums), axis=axes, keepdims=True))
    damped = stable(sums) + DAMPING * side(sums) * size
    return x * back(layer.apply, x, layer.kernel, relevance / damped)


def gamma(x: tf.Tensor, layer: Linear, relevance: tf.Tensor) -> tf.Tensor:
    """As `zero`, with what speaks for the outcome favoured (Montavon et al. 2019).

    Where a sum is positive, positive contributions count more by `GAMMA`; where it is negative,
    negative ones.
    """
    for_it, against = _signed(x, layer)
    sums = layer.apply(x, layer.kernel) + layer.shift
    up = tf.cast(sums >= 0, sums.dtype)
    total = sums + GAMMA * (up * for_it + (1 - up) * against)
    share = relevance / stable(total)
    found = x * back(layer.apply, x, layer.kernel, share)
    found += GAMMA * _carried(x, layer, up * share, +1)
    return found + GAMMA * _carried(x, layer, (1 - up) * share, -1)


def z_plus(x: tf.Tensor, layer: Linear, relevance: tf.Tensor) -> tf.Tensor:
    """Only to what spoke for the outcome: alpha 1, beta 0."""
    for_it, _ = _signed(x, layer)
    return _carried(x, layer, relevance / stable(for_it), +1)


def alpha_beta(x: tf.Tensor, layer: Linear, relevance: tf.Tensor) -> tf.Tensor:
    """What spoke for the outcome `ALPHA` times, less what spoke against it (alpha - beta = 1).

    Where nothing spoke against it, all goes to what spoke for it once.
    """
    for_it, against = _signed(x, layer)
    beta = tf.where(against < 0, tf.cast(ALPHA - 1, x.dtype), tf.zeros([], x.dtype))
    found = _carried(x, layer, (1 + beta) * relevance / stable(for_it), +1)
    return found - _carried(x, layer, beta * relevance / stable(against), -1)


def box(x: tf.Tensor, layer: Linear, relevance: tf.Tensor) -> tf.Tensor:
    """For inputs between two bounds, here the lowest and highest of each channel (z^B).

    Montavon et al., Explaining NonLinear Classification Decisions with Deep Taylor Decomposition,
    2017. Inputs are measured from where they would have spoken against the outcome the most.
    """
    axes = list(range(1, len(x.shape) - 1))
    low = tf.reduce_min(x, axis=axes, keepdims=True) + tf.zeros_like(x)
    high = tf.reduce_max(x, axis=axes, keepdims=True) + tf.zeros_like(x)
    up, down = tf.maximum(layer.kernel, 0.0), tf.minimum(layer.kernel, 0.0)
    total = layer.apply(x, layer.kernel) - layer.apply(low, up) - layer.apply(high, down)
    share = relevance / stable(total)
    found = x * back(layer.apply, x, layer.kernel, share)
    found -= low * back(layer.apply, low, up, share)
    return found - high * back(layer.apply, high, down, share)


def _parts(x: tf.Tensor, layer: Linear, sign: int) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """Inputs and weights whose products have this sign."""
    up, down = tf.maximum(layer.kernel, 0.0), tf.minimum(layer.kernel, 0.0)
    above, below = tf.maximum(x, 0.0), tf.minimum(x, 0.0)
    return [(above, up), (below, down)] if sign > 0 else [(above, down), (below, up)]


def _signed(x: tf.Tensor, layer: Linear) -> tuple[tf.Tensor, tf.Tensor]:
    """What speaks for each outcome and what against it, the shift among them."""
    found = []
    for sign, limit in ((+1, tf.maximum), (-1, tf.minimum)):
        products = [layer.apply(some, kernel) for some, kernel in _parts(x, layer, sign)]
        found.append(products[0] + products[1] + limit(layer.shift, 0.0))
    return found[0], found[1]


def _carried(x: tf.Tensor, layer: Linear, share: tf.Tensor, sign: int) -> tf.Tensor:
    """Shares carried back by the products of one sign."""
    parts = _parts(x, layer, sign)
    first, second = (some * back(layer.apply, some, kernel, share) for some, kernel in parts)
    return first + second


class Composite(NamedTuple):
    """Which rule is for which layer."""

    first: Rule  # of the layer that sees the input
    convolutions: Rule
    dense: Rule


COMPOSITES: dict[str, Composite] = {}


def composite(name: str) -> Callable[[Callable[[], Composite]], Callable[[], Composite]]:
    """Register what a function gives as the composite of that name."""

    def register(made: Callable[[], Composite]) -> Callable[[], Composite]:
        COMPOSITES[name] = made()
        return made

    return register


# After Montavon et al. (2019) and Kohlbrenner et al. (Towards Best Practice in Explaining Neural
# Network Decisions with LRP, 2020): plain sums where few inputs meet, positive parts where many do.
@composite("zero")
def _zero() -> Composite:
    """Of networks of ReLU without shifts it is gradient x input."""
    return Composite(zero, zero, zero)


@composite("epsilon")
def _epsilon() -> Composite:
    return Composite(epsilon, epsilon, zero)


@composite("epsilon_plus")
def _epsilon_plus() -> Composite:
    return Composite(z_plus, z_plus, zero)


@composite("epsilon_alpha_beta")
def _epsilon_alpha_beta() -> Composite:
    return Composite(alpha_beta, alpha_beta, zero)


@composite("epsilon_gamma_box")
def _epsilon_gamma_box() -> Composite:
    return Composite(box, gamma, zero)
