"""Inputs that networks take."""

from rarewave.networks import registry

Shape = tuple[int, int, int]


def of(name: str, shape: Shape) -> Shape:
    """The shape of a spectrogram, and for a network of waveforms one of enough samples."""
    rows, frames, channels = shape
    return (1, 1024 + 8 * frames + rows, channels) if registry.find(name).waveform else shape
