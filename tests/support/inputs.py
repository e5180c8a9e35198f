"""Inputs that networks take."""

from rarewave.networks import registry

Shape = tuple[int, int, int]


def of(name: str, shape: Shape) -> Shape:
    """The shape of a spectrogram; of a waveform with enough samples, for segments enough frames."""
    rows, frames, channels = shape
    network = registry.find(name)
    if network.segments is not None:
        return rows, max(frames, network.segments.frames + 7), channels
    return (1, 1024 + 8 * frames + rows, channels) if network.waveform else shape
