"""Which windows an epoch sees and what each weighs, as indices and numbers per class.

A sampler is a function of the classes (n,) and a generator, which gives the indices of one epoch
and registers itself; `train.imbalance` names it. Resampling repeats indices, never spectrograms.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Sampler = Callable[[NDArray[np.integer], np.random.Generator], NDArray[np.int64]]

SAMPLERS: dict[str, Sampler] = {}

# Of the sampler `effective_number`, as Cui et al. 2019 use it for long-tailed sets.
_BETA = 0.999


def sampler(name: str) -> Callable[[Sampler], Sampler]:
    """Register a function as the sampler of that name."""

    def register(function: Sampler) -> Sampler:
        SAMPLERS[name] = function
        return function

    return register


def epoch_order(
    y: NDArray[np.integer], imbalance: str, seed: int, epoch: int, least: int = 0
) -> NDArray[np.int64]:
    """Indices of one epoch, in the order of training; equal for equal seed and epoch.

    Parameters
    ----------
    y : (n,) labels of the training windows.
    imbalance : one of `SAMPLERS`.
    least : so many indices at least: an epoch shorter than that is dealt several times.
    """
    rng = np.random.Generator(np.random.PCG64([seed, epoch]))
    order = SAMPLERS[imbalance](y, rng)
    while len(order) < least:
        order = np.concatenate([order, SAMPLERS[imbalance](y, rng)])
    return order


def rarest_tags(truth: NDArray[np.int8]) -> NDArray[np.int64]:
    """What windows of several tags are drawn as (n,): the rarest of their tags, -1 without any.

    Parameters
    ----------
    truth : (n, tags) of the training windows.
    """
    held = truth.sum(axis=0, dtype=np.int64)
    rarest = np.where(truth > 0, held, len(truth) + 1).argmin(axis=1)
    return np.where(truth.any(axis=1), rarest, -1)


@sampler("class_weights")
@sampler("none")
def once(y: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.int64]:
    """Every window once; `class_weights` weighs them in the loss instead."""
    return rng.permutation(len(y))


@sampler("oversample")
def oversample(y: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.int64]:
    """The smaller classes repeated to the size of the largest (imbalanced-learn)."""
    from imblearn.over_sampling import RandomOverSampler

    rows = np.arange(len(y))[:, None]
    repeated = RandomOverSampler(random_state=int(rng.integers(2**31))).fit_resample(rows, y)
    return rng.permutation(repeated[0][:, 0])


@sampler("balanced")
def balanced(y: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.int64]:
    """From all classes in turn, so that every batch is balanced; the largest is visited once."""
    kinds, counts = np.unique(y, return_counts=True)
    length = int(counts.max())
    columns = [_cycled(np.flatnonzero(y == kind), length, rng) for kind in kinds]
    return np.stack(columns, axis=1).ravel()


@sampler("square_root")
def square_root(y: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.int64]:
    """Classes in proportion to the square root of their size (Mahajan et al. 2018)."""
    return _in_proportion(y, np.sqrt, rng)


@sampler("effective_number")
def by_effective_number(y: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.int64]:
    """Classes in proportion to their effective number."""
    return _in_proportion(y, lambda counts: effective_number(counts, _BETA), rng)


def _in_proportion(
    y: NDArray[np.integer],
    size: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """n indices, of each class in proportion to `size` of its count, and at least one."""
    kinds, counts = np.unique(y, return_counts=True)
    sizes = size(counts)
    lengths = np.maximum(1, np.rint(len(y) * sizes / sizes.sum())).astype(int)
    drawn = [
        _cycled(np.flatnonzero(y == kind), length, rng)
        for kind, length in zip(kinds, lengths, strict=True)
    ]
    return rng.permutation(np.concatenate(drawn))


def class_weights(y: NDArray[np.integer]) -> dict[int, float]:
    """n / (classes * n_class) for each class, scikit-learn's `balanced` weights."""
    kinds, counts = np.unique(y, return_counts=True)
    return {int(k): len(y) / (len(kinds) * int(c)) for k, c in zip(kinds, counts, strict=True)}


def effective_number(counts: NDArray[np.int64], beta: float) -> NDArray[np.float64]:
    """(1 - beta**n) / (1 - beta) for each count n: what n windows are worth where they overlap.

    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019.
    """
    return (1 - beta ** np.asarray(counts, np.float64)) / (1 - beta)


def class_balanced_weights(y: NDArray[np.integer], beta: float) -> dict[int, float]:
    """1 / effective number of each class, scaled so that they sum to the number of classes.

    With beta 0 every class weighs 1; towards 1, the inverse of its size.
    """
    kinds, counts = np.unique(y, return_counts=True)
    weight = 1 / effective_number(counts, beta)
    weight *= len(kinds) / weight.sum()
    return {int(k): float(w) for k, w in zip(kinds, weight, strict=True)}


def _cycled(rows: NDArray[np.int64], length: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`length` indices in which every row comes equally often, give or take one."""
    rounds = -(-length // len(rows))
    return np.concatenate([rng.permutation(rows) for _ in range(rounds)])[:length]
