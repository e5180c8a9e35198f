"""What is drawn of one layer of a network, and in which units."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.spread import evenly
from rarewave.explanation import convolutions, maximisation
from rarewave.explanation.convolutions import Field
from rarewave.explanation.looking import Looking
from rarewave.model.detector import Detector
from rarewave.model.training_statistics import Reach
from rarewave.networks import registry
from rarewave.networks.backend import keras, tf
from rarewave.plots import network_sheets
from rarewave.plots.network_sheets import Front, Place, Scale, Tile

_INPUTS = 8  # of each channel of a later layer so many weights are drawn, the largest
_COLUMNS = 6  # of larger tiles


class Shown(NamedTuple):
    """Windows whose feature maps are drawn."""

    X: NDArray[np.float32]  # (n, frequencies, frames, channels) dB
    titles: Sequence[str]


class Sheet:
    """What is drawn of one layer."""

    def __init__(
        self,
        inner: Detector,
        layer: keras.layers.Layer,
        options: Looking,
        folder: Path,
    ) -> None:
        self.inner, self.layer, self.options, self.folder = inner, layer, options, folder
        self.frames = frames = _frames(inner)
        self.kernel = convolutions.weights(layer)
        self.channels = evenly(self.kernel.shape[-1], options.channels)
        self.field = convolutions.field(inner.network, layer, frames)
        front_end = inner.front_end
        rate = front_end.clean.sample_rate_hz
        times = front_end.times_s[:frames]
        window = (0.0, front_end.grid.window_samples / rate)
        self.front = Front(times, front_end.frequencies_hz, window)
        self.frame_s = front_end.spectrogram.step / rate

    @property
    def _which(self) -> str:
        count, drawn = self.kernel.shape[-1], len(self.channels)
        which = f"{drawn} of {count} channels" if drawn < count else f"{count} channels"
        return f"{self.layer.name} ({self.inner.network_name}), {which}"

    @property
    def _sees(self) -> str:
        """What one position sees of the input, in seconds and rows or Hz."""
        if self.field is None:
            return ""
        rows, frames = self.field.size
        seconds = f"{frames * self.frame_s:.3g} s"
        if network_sheets.is_line(self.front):
            return f"; each position hears {seconds}"
        most = min(rows, len(self.front.frequency_hz))
        hertz = self._row_hz
        high = f"{most * hertz:.3g} Hz" if hertz else f"{most} rows"
        return f"; each position sees {seconds} x {high}"

    @property
    def _row_hz(self) -> float:
        """Hz from one row to the next; 0 where they are not equally far apart, or no Hz."""
        hertz = self.front.frequency_hz
        if self.inner.front_end.spectrogram.scale != "linear" or len(hertz) < 2:
            return 0.0
        return float(hertz[1] - hertz[0])

    def filters(self) -> Path:
        """The weights: of the first layer over Hz and seconds, of others from several inputs."""
        path = self.folder / f"filters_{self.layer.name}.png"
        first = convolutions.is_first(self.inner.network, self.layer)
        mode = self.inner.normalisation.mode
        per = {"unit": "weight per 80 dB"}.get(mode, "weight per deviation of the input")
        if self.inner.front_end.spectrogram.scale in ("waveform", "mfcc"):
            per = "weight per deviation of the input"
        unit, inputs = per if first else "weight", self.kernel.shape[2]
        if first and network_sheets.is_line(self.front) and self.kernel.shape[1] > 8:
            tiles = [self._heard(k) for k in self.channels]
            title = f"Filters of {self._which}, with the frequency that each answers most to"
            network_sheets.waveform_filters(path, tiles, self.frame_s, title, unit)
            return path
        if first:
            tiles = [
                Tile(self.kernel[:, :, i, k], f"channel {k}" + (f"\n{name}" if name else ""))
                for k in self.channels
                for i, name in enumerate(input_names(self.inner))
            ]
            columns = max(1, _COLUMNS // inputs) * inputs
            rows = [tiles[at : at + columns] for at in range(0, len(tiles), columns)]
            title = f"Filters of {self._which}{self._sees}"
            network_sheets.filters(path, rows, self._scale(), title, unit)
            return path
        of = f"largest {min(inputs, _INPUTS)} of {inputs} inputs"
        title = f"Filters of {self._which}, each its {of}\n{self._tile}{self._sees}"
        rows, names = (
            [self._strongest(int(k)) for k in self.channels],
            [f"channel {k}" for k in self.channels],
        )
        network_sheets.mosaic(path, rows, names, title, unit)
        return path

    @property
    def _tile(self) -> str:
        """How much of the input the weights of one filter span."""
        scale, (high, wide) = self._scale(), self.kernel.shape[:2]
        rows_unit = {"frequency [Hz]": "Hz"}.get(scale.rows_unit, scale.rows_unit)
        across = f"{wide * scale.frames:.3g} {scale.frames_unit.removeprefix('time [').rstrip(']')}"
        if network_sheets.is_line(self.front):
            return f"{wide} weights over {across}"
        return f"{high} x {wide} weights over {high * scale.rows:.3g} {rows_unit} x {across}"

    def _heard(self, channel: int) -> Tile:
        """A filter of a waveform, and the frequency at which its response is largest."""
        wave = self.kernel[:, :, 0, channel]
        return Tile(wave, f"channel {channel}, {self._loudest(wave[0]):.3g} Hz")

    def _strongest(self, channel: int) -> list[Tile]:
        kept = convolutions.strongest_inputs(self.kernel, channel, _INPUTS)
        return [Tile(self.kernel[:, :, i, channel], f"input {i}") for i in kept]

    def _scale(self) -> Scale:
        """How far apart the weights of a filter lie in the input."""
        known = self._before
        if known is None:
            return Scale(1.0, 1.0, "positions", "positions")
        rows, frames = known.step
        dilation = self.layer.dilation_rate
        wide = dilation[-1] * frames * self.frame_s
        high = (dilation[0] if len(dilation) > 1 else 1) * rows
        if self._row_hz:
            return Scale(high * self._row_hz, wide, "frequency [Hz]", "time [s]")
        return Scale(float(high), wide, "rows", "time [s]")

    @property
    def _before(self) -> Field | None:
        """What the positions see that the layer is given."""
        if self.field is None:
            return None
        strides = tuple(self.layer.strides)
        rows = strides[0] if len(strides) > 1 else 1
        step = self.field.step[0] // rows, self.field.step[1] // strides[-1]
        return self.field._replace(step=step)

    def maps(self, shown: Shown) -> Path:
        """What the layer makes of windows, behind its normalisation and activation."""
        path = self.folder / f"maps_{self.layer.name}.png"
        model = self.inner.network
        part = keras.Model(model.input, convolutions.answer(model, self.layer))
        given = tf.convert_to_tensor(self.inner.normalisation(shown.X))
        values = np.asarray(part(given, training=False))
        if values.ndim == 3:
            values = values[:, None]
        layer = [[Tile(one[..., k], f"channel {k}") for k in self.channels] for one in values]
        place = None if self.field is None else Place(self.field.start, self.field.step)
        windows = [Tile(x[..., 0], title) for x, title in zip(shown.X, shown.titles, strict=True)]
        front = self.front._replace(time_s=self.inner.front_end.times_s)
        title = f"Feature maps of {self._which}{self._sees}"
        network_sheets.maps(path, windows, layer, place, front, title)
        return path

    def maximised(self, reach: Reach | None) -> Path:
        """Inputs that its channels answer most to."""
        path = self.folder / f"maximised_{self.layer.name}.png"
        inner, options = self.inner, self.options
        known = reach or maximisation.usual_reach(inner.normalisation)
        given = (inner.network, self.layer, self.channels, known, self.frames)
        climbed = maximisation.climb(*given, options.steps, options.seed)
        tiles = [
            [
                Tile(
                    climbed.inputs[n, :, :, i],
                    self._climbed(climbed, n) + (f"\n{name}" if name else ""),
                )
                for n in range(len(self.channels))
            ]
            for i, name in enumerate(input_names(inner))
        ]
        rows = [  # of several inputs below one another
            mine[at : at + _COLUMNS]
            for at in range(0, len(self.channels), _COLUMNS)
            for mine in tiles
        ]
        low, high = np.percentile(climbed.inputs, (0.5, 99.5)).tolist()
        unit = "deviations"
        if inner.normalisation.mode == "unit":
            unit = "80 dB below the peak: 0 to 1"
        title = (
            f"What channels answer most to: {self._which}\nclimbed to in {options.steps} steps; "
            "the mean answer over all positions, before any activation"
        )
        network_sheets.maximised(path, rows, self.front, (low, high), title, unit)
        return path

    def _climbed(self, climbed: maximisation.Climbed, n: int) -> str:
        """A channel, how far it rose, and of a waveform the frequency with the most power."""
        text = f"channel {self.channels[n]}: {climbed.before[n]:.2g} to {climbed.after[n]:.2g}"
        if network_sheets.is_line(self.front):
            text += f", {self._loudest(climbed.inputs[n, 0, :, 0]):.3g} Hz"
        return text

    def _loudest(self, wave: NDArray[np.floating]) -> float:
        """The frequency of a stretch of samples with the most power."""
        count = max(1024, len(wave))
        response = np.abs(np.fft.rfft(wave, count))
        return float(np.fft.rfftfreq(count, self.frame_s)[int(response.argmax())])


def input_names(inner: Detector) -> list[str]:
    """What the channels of a network's input are; empty where there is only one."""
    kinds = ["values"] if not inner.front_end.spectrogram.has_frequencies else ["level"]
    if inner.front_end.spectrogram.floor_s:
        kinds.append("above the floor")
    if inner.normalisation.mode == "both":
        kinds = [f"{kind}, {by}" for by in ("by window", "by training") for kind in kinds]
    return kinds if len(kinds) > 1 else [""]


def _frames(inner: Detector) -> int:
    """Frames of an input to climb to: those of a window, or of a segment where it scores those."""
    known = registry.known(inner.network_name)
    if known is not None and known.segments is not None:
        return known.segments.frames
    return int(inner.network.input_shape[2] or inner.front_end.shape[1])
