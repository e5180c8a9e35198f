"""Groups change places until no part lacks a label that enough groups hold."""

import numpy as np
from numpy.typing import NDArray


def completed(
    part: NDArray[np.int64],
    has: NDArray[np.bool_],
    share: NDArray[np.float64],
    target: NDArray[np.float64],
) -> NDArray[np.int64]:
    """The part of each group after swaps of two, each of which fills more gaps than it makes.

    A gap is a label that a part lacks though there are as many groups with it as parts. Of swaps
    that leave the fewest gaps the one that keeps the parts nearest to their targets is taken.

    Parameters
    ----------
    part : (groups,) from 0; -1 for groups that stay where they are and do not count.
    has : (groups, labels) which labels each holds.
    share : (groups, measures) what each adds to its part.
    target : (parts, measures) what parts should have.
    """
    part, has = part.copy(), has.astype(int)
    parts = range(len(target))
    enough = has[part >= 0].sum(axis=0) >= len(target)
    while True:
        held = np.stack([has[part == k].sum(axis=0) for k in parts])
        over = np.stack([share[part == k].sum(axis=0) for k in parts]) - target
        best: tuple[int, float, int, int] | None = None
        for lacking, label in np.argwhere((held == 0) & enough):
            takers = np.flatnonzero(part == lacking)
            givers = np.flatnonzero((has[:, label] > 0) & (part >= 0) & (part != lacking))
            for giver in givers if len(takers) else ():
                ends = [lacking, part[giver]]
                moved = has[giver] - has[takers]  # into the one, and out of the other
                gaps = ((held[lacking] + moved == 0) & enough).sum(axis=1)
                gaps += ((held[part[giver]] - moved == 0) & enough).sum(axis=1)
                gaps -= int(((held[ends] == 0) & enough).sum())
                change = share[giver] - share[takers]
                cost = np.square(over[lacking] + change) + np.square(over[part[giver]] - change)
                cost = cost.sum(axis=1) - np.square(over[ends]).sum()
                at = int(np.lexsort((cost, gaps))[0])
                found = int(gaps[at]), float(cost[at]), int(giver), int(takers[at])
                best = found if best is None or found < best else best
        if best is None or best[0] >= 0:
            return part
        part[[best[2], best[3]]] = part[[best[3], best[2]]]
