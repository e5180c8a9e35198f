"""Which windows an epoch sees, as indices: resampling repeats indices, never spectrograms."""

import numpy as np
from numpy.typing import NDArray


def epoch_order(
    y: NDArray[np.int8], imbalance: str, batch_size: int, seed: int, epoch: int
) -> NDArray[np.int64]:
    """Indices of one epoch, in the order of training; equal for equal seed and epoch.

    Parameters
    ----------
    y : (n,) labels of the training windows.
    imbalance : `none` and `class_weights` visit every window once; `oversample` repeats the
        smaller classes to the size of the largest (imbalanced-learn's RandomOverSampler);
        `balanced` fills every batch equally from all classes, the largest visited once.
    """
    rng = np.random.Generator(np.random.PCG64([seed, epoch]))
    if imbalance == "oversample":
        from imblearn.over_sampling import RandomOverSampler

        sampler = RandomOverSampler(random_state=int(rng.integers(2**31)))
        rows = np.arange(len(y))[:, None]
        return rng.permutation(sampler.fit_resample(rows, y)[0][:, 0])
    if imbalance == "balanced":
        kinds, counts = np.unique(y, return_counts=True)
        length = int(counts.max())
        columns = [_cycled(np.flatnonzero(y == kind), length, rng) for kind in kinds]
        return np.stack(columns, axis=1).ravel()
    return rng.permutation(len(y))


def class_weights(y: NDArray[np.int8]) -> dict[int, float]:
    """n / (classes * n_class) for each class, scikit-learn's `balanced` weights."""
    kinds, counts = np.unique(y, return_counts=True)
    return {int(k): len(y) / (len(kinds) * int(c)) for k, c in zip(kinds, counts, strict=True)}


def _cycled(rows: NDArray[np.int64], length: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`length` indices in which every row comes equally often, give or take one."""
    rounds = -(-length // len(rows))
    return np.concatenate([rng.permutation(rows) for _ in range(rounds)])[:length]
