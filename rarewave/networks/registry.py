"""Networks by name: functional Keras models with named layers, so that any can be explained."""

from rarewave.networks.acoustic_cnn import acoustic_cnn
from rarewave.networks.backend import keras
from rarewave.networks.band_context import band_context
from rarewave.networks.call_cnn import call_cnn
from rarewave.networks.frame_net import frame_net
from rarewave.networks.seed_cnn import seed_cnn
from rarewave.networks.sound_net import sound_net

# The layer of each network whose output is what a pretrained encoder gives; behind it is the head.
_FEATURES = {
    "seed_cnn": "average",
    "band_context": "norm",
    "call_cnn": "flatten",
    "frame_net": "flatten",
    "sound_net": "pooled",
    "acoustic_cnn": "average",
}


def encoder(model: keras.Model) -> keras.Model:
    """The part of a network of this module that pretraining trains: all but its head.

    It shares layers and weights with `model`; its output is (n, features).
    """
    features = model.get_layer(_FEATURES[model.name]).output
    return keras.Model(model.input, features, name=f"{model.name}_encoder")


def build(
    name: str,
    input_shape: tuple[int, int, int],
    outputs: int,
    window_frames: slice,
    width: float = 1.0,
) -> keras.Model:
    """The network of that name, with fresh weights from the current seed."""
    if name == "band_context":
        return band_context(input_shape, outputs, window_frames)
    if name == "acoustic_cnn":
        return acoustic_cnn(input_shape, outputs, width)
    named = {
        "seed_cnn": seed_cnn,
        "call_cnn": call_cnn,
        "frame_net": frame_net,
        "sound_net": sound_net,
    }
    return named[name](input_shape, outputs)
