"""A network looked into: filters, feature maps, inputs to climb to, dead and redundant channels."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rarewave.base.files import write_csv
from rarewave.explanation import channels, convolutions
from rarewave.explanation.layer_sheets import Sheet, Shown
from rarewave.explanation.looking import Looking
from rarewave.model.detector import Detector
from rarewave.model.training_statistics import Reach
from rarewave.networks.backend import keras

BATCH = 8  # windows at once: it bounds the memory
MOST_SHOWN = 6  # windows with feature maps


def look(
    inner: Detector,
    folder: Path,
    options: Looking,
    reach: Reach | None,
    shown: Shown | None = None,
    sample: Iterable[NDArray[np.float32]] | None = None,
) -> dict[str, Any]:
    """Draw contact sheets of each convolution, and count what is dead and redundant.

    Parameters
    ----------
    reach : of training windows as the network takes them; None: three deviations.
    shown : windows whose feature maps are drawn; None: none are.
    sample : windows (n, frequencies, frames, channels) in dB, some at a time, over which channels
        are counted; None: none are.

    Returns
    -------
    For JSON: what was counted, by layer and together, and the files that were drawn.

    Raises
    ------
    DataError
        `options.layers` names what is no convolution.
    """
    model = inner.network
    chosen = convolutions.convolutions(model, options.layers)
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"network": inner.network_name, "pictures": []}
    about = _counted(inner, chosen, folder, sample) if sample is not None else {}
    found |= about
    for layer in tqdm(chosen, desc="layers", disable=None):
        sheet = Sheet(inner, layer, options, folder)
        made = [sheet.filters()]
        made += [sheet.maps(shown)] if shown is not None and len(shown.X) else []
        made += [sheet.maximised(reach)] if options.steps else []
        found["pictures"] += [path.name for path in made]
    return found


def say(network: str, found: dict[str, Any]) -> None:
    """Print what `look` found of a network, layer by layer."""
    if not found["pictures"]:
        print(f"{network} has no convolution: there is nothing to draw")
    for name, row in found.get("layers", {}).items():
        print(f"{name}: {row['dead']} dead, {row['redundant']} redundant of {row['channels']}")


def _counted(
    inner: Detector,
    chosen: Sequence[keras.layers.Layer],
    folder: Path,
    sample: Iterable[NDArray[np.float32]],
) -> dict[str, Any]:
    """Counts of dead and redundant channels by layer, and a table of all channels."""
    model, memories = inner.network, convolutions.recurrent(inner.network)
    layers = [*chosen, *memories]
    tensors = [convolutions.answer(model, one) for one in chosen] + [one.output for one in memories]
    if not layers:
        write_csv(folder / "channels.csv", [{"layer": "none", "channels": 0}])
        return {"windows": 0, "layers": {}, "channels": 0, "dead": 0, "redundant": 0}
    batches = (inner.normalisation(X) for X in sample)
    done, windows = channels.activities(model, tensors, batches)
    table = {layer.name: channels.counted(one) for layer, one in zip(layers, done, strict=True)}
    lines = [
        line
        for layer, one in zip(layers, done, strict=True)
        for line in channels.lines(layer.name, type(layer).__name__, one)
    ]
    write_csv(folder / "channels.csv", lines)
    whole = {name: sum(row[name] for row in table.values()) for name in next(iter(table.values()))}
    return {"windows": windows, "layers": table} | whole
