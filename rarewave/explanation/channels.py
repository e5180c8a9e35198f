"""What the channels of layers do over many windows: which are dead, and which say the same."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.networks.backend import keras, tf

ALIKE = 0.95  # absolute correlation above which one of two channels is redundant
_CONSTANT = 1e-6  # of the largest range in a layer: less is rounding
NONE = -1


class Activity(NamedTuple):
    """What the channels of one layer gave, over all positions of all windows."""

    low: NDArray[np.float64]  # (channels,)
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    above_0: NDArray[np.float64]  # share of the positions
    correlation: NDArray[np.float64]  # (channels, channels); 0 where one is constant

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Which channels (channels,) are constant; behind a ReLU: never above 0."""
        reach = self.high - self.low
        return np.asarray(reach <= _CONSTANT * max(float(reach.max()), 1e-300))

    @property
    def twin(self) -> NDArray[np.int64]:
        """For each redundant channel (channels,) the one before it that says the same, else -1.

        Redundant is what correlates by more than `ALIKE`, up or down, with a channel before it
        that is kept: so many could go, and what the layer tells would still be there.
        """
        found = np.full(len(self.low), NONE, np.int64)
        kept: list[int] = []
        for channel in np.flatnonzero(~self.dead):
            near = np.abs(self.correlation[channel, kept])
            if len(kept) and near.max() > ALIKE:
                found[channel] = kept[int(near.argmax())]
            else:
                kept.append(int(channel))
        return found


class _Sums:
    """Sums over positions, from which all of `Activity` follows; memory stays flat."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, values: NDArray[np.floating]) -> None:
        """Count some outputs (n, ..., channels)."""
        flat = values.reshape(-1, values.shape[-1]).astype(np.float64)
        if not self.count:
            self.shift = flat.mean(axis=0)  # near the mean, sums of squares lose nothing
            self.low, self.high = flat.min(axis=0), flat.max(axis=0)
            self.above = np.zeros(flat.shape[1])
            self.total = np.zeros(flat.shape[1])
            self.products = np.zeros((flat.shape[1], flat.shape[1]))
        self.count += len(flat)
        self.low = np.minimum(self.low, flat.min(axis=0))
        self.high = np.maximum(self.high, flat.max(axis=0))
        self.above += (flat > 0).sum(axis=0)
        flat -= self.shift
        self.total += flat.sum(axis=0)
        self.products += flat.T @ flat

    def activity(self) -> Activity:
        """What was counted."""
        mean = self.total / self.count
        covariance = self.products / self.count - np.outer(mean, mean)
        deviation = np.sqrt(np.maximum(np.diag(covariance), 0))
        scale = np.outer(deviation, deviation)
        correlation = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)
        given = self.low, self.high, mean + self.shift, deviation, self.above / self.count
        return Activity(*given, np.clip(correlation, -1, 1))


def activities(
    model: keras.Model,
    tensors: Sequence[keras.KerasTensor],
    batches: Iterable[NDArray[np.float32]],
) -> tuple[list[Activity], int]:
    """What the channels of some layers do over windows, and how many windows those were.

    Parameters
    ----------
    tensors : of the network, as `convolutions.answer` gives them.
    batches : (n, frequencies, frames, channels), normalised; at least one window.
    """
    parts = keras.Model(model.input, list(tensors))
    sums, count = [_Sums() for _ in tensors], 0
    for inputs in batches:
        given = parts(tf.convert_to_tensor(inputs), training=False)
        for one, values in zip(sums, given if isinstance(given, list) else [given], strict=True):
            one.add(np.asarray(values))
        count += len(inputs)
    return [one.activity() for one in sums], count


def counted(activity: Activity) -> dict[str, int]:
    """How many channels a layer has, how many are dead and how many redundant."""
    redundant = activity.twin != NONE
    return {
        "channels": len(activity.low),
        "dead": int(activity.dead.sum()),
        "redundant": int(redundant.sum()),
    }


def lines(layer: str, kind: str, activity: Activity) -> list[dict[str, Any]]:
    """A row for each channel of a layer, for a table."""
    twin, dead = activity.twin, activity.dead
    return [
        {
            "layer": layer,
            "kind": kind,
            "channel": k,
            "lowest": float(activity.low[k]),
            "highest": float(activity.high[k]),
            "mean": float(activity.mean[k]),
            "deviation": float(activity.deviation[k]),
            "share_above_0": float(activity.above_0[k]),
            "dead": "yes" if dead[k] else "no",
            "redundant_with": "" if twin[k] == NONE else int(twin[k]),
            "correlation": "" if twin[k] == NONE else float(activity.correlation[k, twin[k]]),
        }
        for k in range(len(activity.low))
    ]
