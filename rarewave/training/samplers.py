"""Which windows an epoch sees and what each weighs, as indices and numbers per class.

Resampling repeats indices, never spectrograms.
"""

import numpy as np
from numpy.typing import NDArray

# Of the sampler `effective_number`, as Cui et al. 2019 use it for long-tailed sets.
_BETA = 0.999


def epoch_order(
    y: NDArray[np.int8], imbalance: str, seed: int, epoch: int, least: int = 0
) -> NDArray[np.int64]:
    """Indices of one epoch, in the order of training; equal for equal seed and epoch.

    Parameters
    ----------
    y : (n,) labels of the training windows.
    imbalance : `none` and `class_weights` visit every window once; `oversample` repeats the
        smaller classes to the size of the largest (imbalanced-learn's RandomOverSampler);
        `balanced` takes from all classes in turn, the largest visited once; `square_root` draws a
        class in proportion to the square root of its size (Mahajan et al. 2018) and
        `effective_number` to its effective number, n windows in all.
    least : so many indices at least: an epoch shorter than that is dealt several times.
    """
    rng = np.random.Generator(np.random.PCG64([seed, epoch]))
    order = _deal(y, imbalance, rng)
    while len(order) < least:
        order = np.concatenate([order, _deal(y, imbalance, rng)])
    return order


def _deal(y: NDArray[np.int8], imbalance: str, rng: np.random.Generator) -> NDArray[np.int64]:
    kinds, counts = np.unique(y, return_counts=True)
    if imbalance == "oversample":
        from imblearn.over_sampling import RandomOverSampler

        sampler = RandomOverSampler(random_state=int(rng.integers(2**31)))
        rows = np.arange(len(y))[:, None]
        return rng.permutation(sampler.fit_resample(rows, y)[0][:, 0])
    if imbalance == "balanced":
        length = int(counts.max())
        columns = [_cycled(np.flatnonzero(y == kind), length, rng) for kind in kinds]
        return np.stack(columns, axis=1).ravel()
    if imbalance in ("square_root", "effective_number"):
        size = np.sqrt(counts) if imbalance == "square_root" else effective_number(counts, _BETA)
        share = np.maximum(1, np.rint(len(y) * size / size.sum())).astype(int)
        drawn = [
            _cycled(np.flatnonzero(y == kind), length, rng)
            for kind, length in zip(kinds, share, strict=True)
        ]
        return rng.permutation(np.concatenate(drawn))
    return rng.permutation(len(y))


def class_weights(y: NDArray[np.int8]) -> dict[int, float]:
    """n / (classes * n_class) for each class, scikit-learn's `balanced` weights."""
    kinds, counts = np.unique(y, return_counts=True)
    return {int(k): len(y) / (len(kinds) * int(c)) for k, c in zip(kinds, counts, strict=True)}


def effective_number(counts: NDArray[np.int64], beta: float) -> NDArray[np.float64]:
    """(1 - beta**n) / (1 - beta) for each count n: what n windows are worth where they overlap.

    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019.
    """
    return (1 - beta ** np.asarray(counts, np.float64)) / (1 - beta)


def class_balanced_weights(y: NDArray[np.int8], beta: float) -> dict[int, float]:
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
