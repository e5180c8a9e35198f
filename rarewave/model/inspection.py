"""Look into a saved network, and rebuild it from its description."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.model import detector
from rarewave.networks import kerasfile, last_layer, registry
from rarewave.networks.backend import keras

# Of saved models: Keras finds own losses and optimisers where they have been imported.
from rarewave.training import losses as _losses  # noqa: F401
from rarewave.training import optimisers as _optimisers  # noqa: F401


def load(path: Path) -> keras.Model:
    """A saved network, compiled as it was; see `kerasfile.load`."""
    return kerasfile.load(path)


def layer_table(model: keras.Model) -> list[dict[str, Any]]:
    """A row per layer and array of weights: name, kind, output shape, count, statistics."""
    rows = []
    for layer in model.layers:
        shape = _shape(layer)
        base = {"layer": layer.name, "kind": type(layer).__name__, "output": shape}
        if not layer.weights:
            rows.append(base | {"array": "", "count": 0})
        for variable in layer.weights:
            values = np.asarray(variable)
            rows.append(
                base
                | {
                    "array": variable.name,
                    "count": values.size,
                    **_statistics(values),
                }
            )
    return rows


def _statistics(values: NDArray[Any]) -> dict[str, float]:
    if not values.size or values.dtype.kind not in "fiu":
        return {}
    found = {"mean": values.mean(), "std": values.std(), "min": values.min(), "max": values.max()}
    return {name: float(value) for name, value in found.items()}


def _shape(layer: keras.Layer) -> str:
    """The shape of what a layer gives, the first where it gives several; empty if it gave none."""
    try:
        given = layer.output
    except (AttributeError, ValueError):
        return ""  # a layer that was never called
    tensors = keras.tree.flatten(given)
    return "x".join("n" if size is None else str(size) for size in tensors[0].shape)


def totals(model: keras.Model) -> dict[str, int]:
    """Weights as Keras's summary counts them: of the network, and with the optimiser's."""
    weights = model.count_params()
    held = getattr(model, "optimizer", None)  # none where it was saved uncompiled
    optimiser = sum(int(np.prod(v.shape)) for v in held.variables) if held else 0
    return {"weights": weights, "with_optimiser": weights + optimiser}


def rebuild(path: Path) -> keras.Model:
    """The network built anew by name, with the weights of the saved one; equal layer by layer.

    Raises
    ------
    DataError
        A layer differs: the code that builds the network has changed since it was saved.
    """
    stored = detector.load(path, compiled=True)
    saved, name = stored.network, stored.network_name
    shape, frames = saved.input_shape[1:], stored.front_end.window_frames
    given = stored.width, last_layer.pooling(saved)
    built = registry.build(name, shape, stored.task, frames, *given)
    for mine, theirs in zip(built.layers, saved.layers, strict=False):
        shapes = [[v.shape for v in layer.weights] for layer in (mine, theirs)]
        if type(mine) is not type(theirs) or mine.name != theirs.name or shapes[0] != shapes[1]:
            raise DataError(
                f"layer {theirs.name} of {path} is not what the network {name} builds today "
                f"({mine.name}): train it again"
            )
        mine.set_weights(theirs.get_weights())
        if mine.get_config() != theirs.get_config():
            raise DataError(f"layer {theirs.name} of {path} has other settings than {name} today")
    if len(built.layers) != len(saved.layers):
        raise DataError(f"{path} has {len(saved.layers)} layers, {name} {len(built.layers)}")
    if getattr(saved, "optimizer", None) is not None:
        built.compile(saved.optimizer, saved.loss, jit_compile=False)
    return built
