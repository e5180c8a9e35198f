"""Deal whole groups to the parts."""

import numpy as np
from numpy.typing import NDArray

from rarewave.splits.parts import Split
from rarewave.splits.swaps import completed

_TRIES = 200


def deal(
    counts: NDArray[np.float64],
    event: NDArray[np.bool_],
    options: Split,
    fixed: NDArray[np.int64],
    tags: bool = False,
) -> NDArray[np.int64]:
    """The part (0 train, 1 validation, 2 test) of each group, from counts (groups, labels).

    `event` tells which labels are events; `fixed` holds the part of groups that are named, -1
    for those to deal. Of `tags` groups then change places until each part has every label that
    is in enough groups.
    """
    rng = np.random.Generator(np.random.PCG64(options.seed))
    shares = np.array([1 - options.validation - options.test, options.validation, options.test])
    free = np.flatnonzero(fixed < 0)
    if (fixed == 2).any() or options.test_recordings:
        shares = np.array([1 - options.validation, options.validation, 0.0])
    if (fixed == 1).any():
        shares = np.array([1 - shares[2], 0.0, shares[2]])
    total = counts[free].sum(axis=0)
    target = shares[:, None] * total
    # Rare labels weigh as much as common ones; events together weigh as much as each type.
    weight = 1.0 / np.maximum(total, 1.0)
    best, best_cost = None, np.inf
    for attempt in range(_TRIES):
        greedy = attempt % 2 == 0  # which gets stuck where groups are few: then chance helps
        order = rng.permutation(free)
        order = order[np.argsort(-(counts[order] * weight).max(axis=1), kind="stable")]
        held = np.zeros_like(target)
        dealt = fixed.copy()
        for group in order:
            if greedy:
                lack = ((target - held) * weight * (counts[group] > 0)).sum(axis=1)
                lack[shares == 0] = -np.inf
                chosen = int(np.argmax(lack + rng.uniform(0, 0.05, len(lack))))
            else:
                chosen = int(rng.choice(len(shares), p=shares / shares.sum()))
            dealt[group] = chosen
            held[chosen] += counts[group]
        cost = float((np.abs(held - target) * weight).sum())
        for labels in (event, ~event):  # a part without either is useless, however near
            if not labels.any():
                continue
            cost += 100.0 * (held[:, labels].sum(axis=1) == 0)[shares > 0].sum()
        if cost < best_cost:
            best, best_cost = dealt, cost
    assert best is not None
    if tags:
        open_ones = shares > 0  # parts that are not named
        place = np.where(fixed < 0, np.cumsum(open_ones)[best] - 1, -1)
        place = completed(place, counts > 0, counts * weight, (target * weight)[open_ones])
        best = np.where(place >= 0, np.flatnonzero(open_ones)[place], best)
    return best
