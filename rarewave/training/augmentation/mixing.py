"""Examples of a batch mixed with one another, their targets too."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from rarewave.base.parameters import Above, Between, Fraction
from rarewave.training.augmentation.background import add_background, add_samples, silent
from rarewave.training.augmentation.change import in_order


@dataclass(frozen=True)
class Mixture:
    """Another training window sounds as well, at a ratio of powers between two of so many dB.

    What is true of either is true of both together, as where two animals call at once. Not a
    change of one example, so it is called for a whole batch, before the normalisation.
    """

    p: Fraction = 0.0
    snr_low_db: Annotated[float, Between(-200, 200)] = 0.0
    snr_high_db: Annotated[float, Between(-200, 200)] = 0.0

    step: ClassVar[str] = "mix"

    def __post_init__(self) -> None:
        in_order(snr_low_db=self.snr_low_db, snr_high_db=self.snr_high_db)

    def __call__(
        self,
        X: NDArray[np.float32],
        truth: NDArray[np.int8],
        others: NDArray[np.float32],
        others_truth: NDArray[np.int8],
        background: int,
        rng: np.random.Generator,
        scale: str = "mel",
    ) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        """Windows mixed with others, and what is then true of them.

        A ratio to silence means nothing: where either is silent, both stay as they are.

        Parameters
        ----------
        X, others : (n, rows, frames, channels), in dB or samples.
        truth, others_truth : (n, names) of 0 and 1.
        background : index of background among the names, -1 where it is none: it is no more
            where anything sounds.
        scale : of the spectrograms; of waveforms samples are added.
        """
        if not self.p:
            return X, truth
        drawn = np.flatnonzero(rng.random(len(X)) < self.p)
        ratios = rng.uniform(self.snr_low_db, self.snr_high_db, len(drawn))
        heard = np.array([not (silent(X[i]) or silent(others[i])) for i in drawn], bool)
        mixed = drawn[heard]
        X, truth = X.copy(), truth.copy()
        add = add_samples if scale == "waveform" else add_background
        for i, ratio in zip(mixed, ratios[heard], strict=True):
            X[i] = add(X[i], others[i], float(ratio))
        truth[mixed] |= others_truth[mixed]
        if background >= 0:
            sounds = np.delete(truth[mixed], background, axis=1).any(axis=1)
            truth[mixed[sounds], background] = 0
        return X, truth


@dataclass(frozen=True)
class Mixup:
    """Pairs of one batch blended by a weight from Beta(alpha, alpha), drawn for each example.

    Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018. Not a change of one example,
    so it is called for a whole batch, after the normalisation.
    """

    p: Fraction = 0.0
    alpha: Annotated[float, Above(0)] = 0.2

    step: ClassVar[str] = "mix"

    def __call__(
        self, X: NDArray[np.float32], targets: NDArray[np.float32], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """X and targets blended; the inputs themselves if the probability is zero.

        Parameters
        ----------
        X : (n, ...) as the network takes it, normalised.
        targets : (n, ...) probabilities, such as one column per class or (n,) for two classes.
        """
        if not self.p:
            return X, targets
        count = len(X)
        weight = rng.beta(self.alpha, self.alpha, count)
        weight[rng.random(count) >= self.p] = 1.0
        partner = rng.permutation(count)

        def blend(values: NDArray[np.float32]) -> NDArray[np.float32]:
            share = weight.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
            return share * values + (1 - share) * values[partner]

        return blend(X), blend(targets)
