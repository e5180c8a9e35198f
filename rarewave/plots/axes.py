"""Axes: what a network sees, its rows named, and plain numbers on a logarithmic scale."""

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from rarewave.base.spread import evenly


def extent(time_s: NDArray[np.float64], rows: int) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a picture: seconds, from the centres of frames, and rows."""
    step = time_s[1] - time_s[0] if len(time_s) > 1 else 1.0
    return float(time_s[0] - step / 2), float(time_s[-1] + step / 2), 0.0, float(rows)


def name_rows(axes: Any, frequency_hz: NDArray[np.float64], most: int = 7) -> None:
    """Ticks at the middle of at most so many rows, with their centre frequency.

    Rows of a mel spectrogram are not equally far apart in Hz: an axis in Hz would misplace them.
    Rows that are no frequencies, as coefficients, have their number; a waveform has no row.
    """
    hertz = frequency_hz
    if is_waveform(hertz):
        axes.set_yticks([])
        return
    rows = evenly(len(hertz), most)
    if np.isnan(hertz[0]):
        axes.set_yticks(rows + 0.5, [str(row) for row in rows])
        return
    places = 0 if hertz[-1] >= 20 else 2
    axes.set_yticks(rows + 0.5, [f"{hertz[row]:.{places}f}" for row in rows])


def is_waveform(frequency_hz: NDArray[np.float64]) -> bool:
    """Whether a single row, of no frequency, is all that there is."""
    return len(frequency_hz) == 1 and bool(np.isnan(frequency_hz[0]))


def rows_label(frequency_hz: NDArray[np.float64]) -> str:
    """What the rows are, as the label of their axis."""
    if is_waveform(frequency_hz):
        return "waveform"
    return "row" if np.isnan(frequency_hz[0]) else "frequency [Hz]"


def limits_of(
    values: NDArray[np.floating],
    frequency_hz: NDArray[np.float64],
    percentiles: tuple[float, float],
) -> tuple[float, float]:
    """Between which values colours lie, and all of a waveform."""
    low, high = np.percentile(values, (0, 100) if is_waveform(frequency_hz) else percentiles)
    return float(low), float(high)


def picture(
    axes: Any,
    values: NDArray[np.floating],
    frequency_hz: NDArray[np.float64],
    colours: str,
    limits: tuple[float, float],
    **look: Any,
) -> Any:
    """What a network sees (rows, frames), its rows named: an image, or the line of a waveform.

    Parameters
    ----------
    limits : of the colours, the higher one then at least by 1 above the other; or of the line.
    look : more for `imshow`, with the extent in seconds and rows.

    Returns
    -------
    The image, None of a waveform.
    """
    shown = None
    if is_waveform(frequency_hz):
        left, right, *_ = look["extent"]
        x = left + (np.arange(values.shape[1]) + 0.5) * (right - left) / values.shape[1]
        peak = max(map(abs, limits)) or 1.0
        axes.plot(x, 0.5 + 0.48 * values[0] / peak, color="black", linewidth=0.4)
        axes.set_xlim(left, right)
        axes.set_ylim(0, 1)
    else:
        low, high = limits
        both: Any = {"origin": "lower", "aspect": "auto"} | look
        shown = axes.imshow(values, cmap=colours, vmin=low, vmax=max(high, low + 1), **both)
    return shown


def round_ticks(most: int, integer: bool = False) -> MaxNLocator:
    """At most so many ticks, at numbers that one counts in."""
    return MaxNLocator(most, integer=integer, min_n_ticks=1, steps=[1, 2, 2.5, 5, 10])


def spread_of(low: float, high: float, most: int = 5) -> NDArray[np.float64]:
    """Round numbers between two positive ones, about equally far apart on a logarithmic scale."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5)):
        ticks = np.outer(decades, steps).ravel()
        ticks = ticks[(ticks >= low * (1 - 1e-9)) & (ticks <= high * (1 + 1e-9))]
        if len(ticks) >= 3:
            return ticks[:: -(-len(ticks) // most)]
    ticks = np.asarray(MaxNLocator(most - 1).tick_values(low, high))
    return ticks[(ticks >= low) & (ticks <= high)]


def log_scale(axis: Any, values: NDArray[np.float64]) -> None:
    """A logarithmic scale over the values, its ticks as plain numbers; linear where they are close.

    Parameters
    ----------
    axis : `axes.xaxis` or `axes.yaxis`.
    values : what is drawn; not finite and not positive ones are left out.
    """
    known = values[np.isfinite(values) & (values > 0)]
    if not len(known) or known.max() < 3 * known.min():
        axis.set_major_locator(round_ticks(5))
        return
    low, high = known.min() / 1.2, known.max() * 1.2
    name = axis.axis_name
    getattr(axis.axes, f"set_{name}scale")("log")
    getattr(axis.axes, f"set_{name}lim")(low, high)
    ticks = spread_of(low, high)
    axis.set_ticks(ticks, [np.format_float_positional(t, trim="-", precision=10) for t in ticks])
    axis.set_minor_locator(NullLocator())
