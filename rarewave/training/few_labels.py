"""Training with a share of the labels."""

import numpy as np
from numpy.typing import NDArray


def labelled(
    y: NDArray[np.int8],
    unit: NDArray[np.str_],
    rows: NDArray[np.int64],
    share: float,
    seed: int,
) -> NDArray[np.int64]:
    """The rows that keep their label if only a share of the labels is to be had, in their order.

    Stratified: of each class the same share of its units, rounded, and at least one. Nested: with
    the same seed a smaller share is a part of a larger one.

    Parameters
    ----------
    y : (n,) classes, -1 for none of the tags.
    unit : (n,) what an annotator labels at once, such as an event with all its windows.
    rows : of the training part.
    share : above 0, up to 1.
    """
    kept = np.zeros(len(rows), bool)
    for kind in np.unique(y[rows]):
        mine = np.flatnonzero(y[rows] == kind)
        of_mine = unit[rows[mine]]
        names = np.unique(of_mine)
        # A window without any tag is of the class -1, and seeds are not negative.
        rng = np.random.Generator(np.random.PCG64([seed, int(kind) & 0xFFFF, 11]))
        chosen = rng.permutation(names)[: max(1, round(share * len(names)))]
        kept[mine[np.isin(of_mine, chosen)]] = True
    return rows[kept]
