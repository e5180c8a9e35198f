"""Monte Carlo dropout: what a network says when part of its units fall out at random, many times.

Gal and Ghahramani, Dropout as a Bayesian Approximation, ICML 2016.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.tasks import Task
from rarewave.frontend.normalisation import Normalisation
from rarewave.networks.backend import keras
from rarewave.networks.inference import BATCH
from rarewave.networks.options import MonteCarlo


def dropouts(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers of a network that let units fall out in training."""
    kind = keras.layers.Dropout
    return [layer for layer in model.layers if isinstance(layer, kind) and layer.rate > 0]


def predict(
    model: keras.Model,
    X: NDArray[np.float32],
    rows: NDArray[np.int64],
    normalise: Normalisation,
    task: Task,
    options: MonteCarlo,
) -> NDArray[np.float64]:
    """Probability (passes, len(rows), names) of some rows of spectrograms, units falling out.

    What falls out of a window in a pass depends on nothing but the window's content, the pass, the
    layer and the seed: neither on the size of a batch nor on the order. Batch normalisation stays
    as it is in use. Only what lies behind the first dropout is computed for every pass.

    Parameters
    ----------
    model : one with `dropouts`.
    X : (n, frequencies, frames, channels) dB.
    """
    found = np.zeros((options.passes, len(rows), len(task.names)))
    before, steps = _parts(model)
    for at in range(0, len(rows), BATCH):
        some = rows[at : at + BATCH]
        marks = [hashlib.sha256(np.ascontiguousarray(X[row]).tobytes()).digest() for row in some]
        given = keras.tree.flatten(before(normalise(X[some]), training=False))
        for number in range(options.passes):
            seeds = [[*np.frombuffer(mark, np.uint32), options.seed, number] for mark in marks]
            p = task.probabilities(np.asarray(_pass(model, before, steps, given, seeds)))
            found[number, at : at + BATCH] = p
    return found


def _parts(model: keras.Model) -> tuple[keras.Model, list[Any]]:
    """What comes before the first dropout, as a model of all that is used later; the steps behind.

    A step is a layer or an operation of the network, in the order in which they run.
    """
    first = dropouts(model)[0]
    reached, steps = {id(first.output)}, [first]
    for step in model.operations:
        inputs = keras.tree.flatten(step.input) if step is not first else []
        if any(id(tensor) in reached for tensor in inputs):
            reached |= {id(tensor) for tensor in keras.tree.flatten(step.output)}
            steps.append(step)
    used = {id(t): t for step in steps for t in keras.tree.flatten(step.input)}
    return keras.Model(model.input, [t for key, t in used.items() if key not in reached]), steps


def _pass(
    model: keras.Model,
    before: keras.Model,
    steps: Sequence[Any],
    given: Sequence[Any],
    seeds: Sequence[Sequence[int]],
) -> Any:
    """The outputs of one pass, from what the layers before the first dropout gave."""
    values = dict(zip(map(id, before.outputs), given, strict=True))
    dropped = 0

    def value(tensor: Any) -> Any:
        return values[id(tensor)]

    for step in steps:
        if isinstance(step, keras.layers.Dropout) and step.rate > 0:
            x = values[id(step.input)]
            values[id(step.output)] = x * _kept(x.shape[1:], step.rate, seeds, dropped)
            dropped += 1
            continue
        found = step(keras.tree.map_structure(value, step.input))
        flat = keras.tree.flatten(step.output)
        values.update(zip(map(id, flat), keras.tree.flatten(found), strict=True))
    return values[id(model.output)]


def _kept(
    shape: Sequence[int], rate: float, seeds: Sequence[Sequence[int]], layer: int
) -> NDArray[np.float32]:
    """Factors (windows, *shape): 0 where a unit falls out, else what makes up for those."""
    kept = np.empty((len(seeds), *shape), np.float32)
    for row, seed in enumerate(seeds):
        random = np.random.Generator(np.random.PCG64([*seed, layer]))
        kept[row] = random.random(tuple(shape), np.float32) >= rate
    return kept / np.float32(1 - rate)
