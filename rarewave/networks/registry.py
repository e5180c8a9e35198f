"""Networks by name: functional Keras models with named layers, so that any can be explained.

A network is a function in a file of this folder, which registers itself::

    @network("seed_cnn", features="average")
    def seed_cnn(spectrogram, window_frames, width): ...

It gets the spectrogram (n, frequencies, frames, channels), or where it says `waveform=True` the
samples (n, 1, samples, channels), the frames of the window itself, without
its context, and a factor on its filters (where it takes one), and gives what its last layer is
given: (n, hidden), or (n, segments, hidden) where it says what `segments` are; then it must take
any number of frames. `features` names the layer whose output is what a pretrained encoder gives;
behind it is the head.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import NamedTuple

import rarewave.networks
from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.frontend.transform import Segments
from rarewave.networks.backend import keras
from rarewave.networks.heads import probabilities

Layers = Callable[[keras.KerasTensor, slice, float], keras.KerasTensor]


class Network(NamedTuple):
    """What is known of a network before it is built."""

    layers: Layers
    features: str
    waveform: bool = False  # whether it takes samples, not a spectrogram
    segments: Segments | None = None  # None: it scores the window as a whole


_KNOWN: dict[str, Network] = {}


def network(
    name: str, features: str, waveform: bool = False, segments: Segments | None = None
) -> Callable[[Layers], Layers]:
    """Register a function as the network of that name."""

    def register(layers: Layers) -> Layers:
        _KNOWN[name] = Network(layers, features, waveform, segments)
        return layers

    return register


def known(name: str) -> Network | None:
    """The network of that name; None where it is another's, as a saved one may be."""
    if name not in _KNOWN:
        for module in pkgutil.iter_modules(rarewave.networks.__path__):
            importlib.import_module(f"rarewave.networks.{module.name}")
    return _KNOWN.get(name)


def find(name: str) -> Network:
    """The network of that name; raises `DataError` naming those that there are."""
    found = known(name)
    if found is None:
        raise DataError(f"there is no network {name!r}: there are {', '.join(sorted(_KNOWN))}")
    return found


def refuse_input(name: str, scale: str) -> None:
    """Raise `DataError` where a network does not take what a spectrogram of that scale gives."""
    if find(name).waveform == (scale == "waveform"):
        return
    wanted = "waveform" if find(name).waveform else "linear, mel, mfcc or picture"
    raise DataError(
        f"train.network {name} takes spectrogram.scale {wanted}, and it is {scale}: set one of them"
    )


def build(
    name: str,
    input_shape: tuple[int, int | None, int],
    task: Task,
    window_frames: slice,
    width: float = 1.0,
    pooling: str = "max",
) -> keras.Model:
    """The network of that name, with fresh weights from the current seed.

    Parameters
    ----------
    input_shape : (frequencies, frames, channels), of a waveform (1, samples, channels); a network
        of segments takes any frames.
    task : what it is to tell apart; it gives probabilities (n, task.outputs).
    window_frames : the frames of the window itself.
    width : factor on the filters, of the networks that take one.
    pooling : of the scores of segments, where it scores them; see `heads.probabilities`.

    Raises
    ------
    DataError
        A window is shorter than one segment.
    """
    network = find(name)
    frequencies, frames, channels = input_shape
    if network.segments is not None:
        if frames is not None and frames < network.segments.frames:
            raise DataError(
                f"{name} scores segments of {network.segments.frames} frames, and a window has "
                f"{frames}: lengthen clean.window_samples, or lower spectrogram.hop"
            )
        frames = None
    spectrogram = keras.Input((frequencies, frames, channels), name="spectrogram")
    hidden = network.layers(spectrogram, window_frames, width)
    return keras.Model(spectrogram, probabilities(hidden, task, pooling), name=name)


def encoder(model: keras.Model) -> keras.Model:
    """The part of a network of this folder that pretraining trains: all but its head.

    It shares layers and weights with `model`; its output is (n, features), of a network of segments
    the mean over them.
    """
    features = model.get_layer(find(model.name).features).output
    if len(features.shape) == 3:
        features = keras.layers.GlobalAveragePooling1D(name="features")(features)
    return keras.Model(model.input, features, name=f"{model.name}_encoder")
