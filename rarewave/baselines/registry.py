"""The baselines by name. To add one: a function in a file of this room, and a line here."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.baselines import classifiers
from rarewave.baselines.level import level
from rarewave.baselines.options import Baselines
from rarewave.baselines.signal import Signal
from rarewave.baselines.sta_lta import sta_lta

# Of the signal itself: they know events, not their kinds, and stand beside event tasks.
SIGNALS: dict[str, Callable[[Signal, Baselines], NDArray[np.float64]]] = {
    "level": level,
    "sta_lta": sta_lta,
}

# Fitted to features of the training windows, and their classes or tags, with a seed.
CLASSIFIERS: dict[str, Callable[[NDArray[np.float32], NDArray, int], Any]] = {
    "forest": classifiers.forest,
    "linear": classifiers.linear,
}
