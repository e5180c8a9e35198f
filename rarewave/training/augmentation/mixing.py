"""Examples of a batch mixed with one another, their targets too."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from rarewave.base.parameters import Above, Fraction


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
