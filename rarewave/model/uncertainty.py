"""What a detector's members, or passes of Monte Carlo dropout, say of windows one by one."""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.metrics.comparison import NETWORK
from rarewave.model.detector import Detector
from rarewave.networks import monte_carlo
from rarewave.networks.inference import BATCH
from rarewave.networks.options import MonteCarlo

SINGLE, MC_DROPOUT = "first_member", "mc_dropout"
MEMBERS = "member_alone"  # what one of the members is worth, in the mean over all


def references(versions: Iterable[str]) -> dict[str, str]:
    """What each version is compared with.

    An ensemble with its members alone, in the mean over them: one of them may be better or worse
    than most. What is made of one network with that network.
    """
    given = list(versions)
    if MEMBERS not in given:
        return {name: NETWORK for name in given if name != NETWORK}
    others = [name for name in given if name not in (MEMBERS, SINGLE)]
    return {name: MEMBERS if name.startswith(NETWORK) else SINGLE for name in others}


class Said(NamedTuple):
    """What one version of a detector says."""

    version: str
    p: NDArray[np.float64]  # (members or passes, n, names); one of a network alone
    seconds: float


def versions(
    model: Detector, X: NDArray[np.float32], rows: NDArray[np.int64], options: MonteCarlo
) -> Iterator[Said]:
    """The detector as it is used, its first member where it has several, and that with dropout.

    The last only where that network has dropout and `passes` are asked for.

    Parameters
    ----------
    X : (n, frequencies, frames, channels) dB.
    rows : which of them.
    """
    model.score_members(X, rows[:BATCH])  # what is compiled first is no cost of a decision
    began = time.perf_counter()
    p = model.score_members(X, rows)
    seconds = time.perf_counter() - began
    yield Said(NETWORK, p, seconds)
    if model.others:
        yield Said(SINGLE, p[:1], seconds / len(p))
    if options.passes and monte_carlo.dropouts(model.network):
        began = time.perf_counter()
        given = (model.network, X, rows, model.normalisation, model.task, options)
        p = monte_carlo.predict(*given)
        yield Said(MC_DROPOUT, p, time.perf_counter() - began)
