"""What a spectrogram is like as a picture, in a few numbers that can be compared."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rarewave.frontend import transform
from rarewave.frontend.level import level_db
from rarewave.frontend.transform import FrontEnd

# Of the cells of a picture, in dB; entropy is that of their power.
STATISTICS = ("mean_db", "variance_db2", "skewness", "kurtosis", "entropy", "dominant_hz")
_UNITS = {
    "mean_db": "mean [dB]",
    "variance_db2": "variance [dB²]",
    "skewness": "skewness",
    "kurtosis": "kurtosis",
    "entropy": "entropy, share of the largest",
    "dominant_hz": "dominant frequency [Hz]",
}
BANDS = 8  # of equal numbers of rows, whose mean levels are compared as well


def statistics(level: NDArray[np.floating], hertz: NDArray[np.floating]) -> NDArray[np.float64]:
    """`STATISTICS` (n, 6) of pictures (n, rows, frames) in dB.

    Skewness and kurtosis are those of SciPy (kurtosis 0 for a normal distribution), NaN where all
    cells are alike. Entropy is Shannon's of the power of the cells as a share of all, divided by
    its largest value: 1 where the power is spread evenly, near 0 where one cell has it all. The
    dominant frequency is that of the row with the most power, NaN where there is none.

    Parameters
    ----------
    hertz : (rows,) of the rows.
    """
    cells = level.reshape(len(level), -1).astype(np.float64)
    mean = cells.mean(axis=1)
    centred = cells - mean[:, None]
    second, third, fourth = ((centred**k).mean(axis=1) for k in (2, 3, 4))
    flat = second <= (1e-9 * np.maximum(1, np.abs(mean))) ** 2
    spread = np.where(flat, np.nan, second)
    power = 10 ** ((cells - cells.max(axis=1, keepdims=True)) / 10)
    share = power / power.sum(axis=1, keepdims=True)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    entropy = -(share * logs).sum(axis=1) / max(np.log(cells.shape[1]), 1e-300)
    loudest = power.reshape(level.shape).sum(axis=2).argmax(axis=1)
    dominant = np.where(flat, np.nan, hertz[loudest])
    found = mean, second, third / spread**1.5, fourth / spread**2 - 3, entropy, dominant
    return np.stack(found, axis=1)


def plain(front_end: FrontEnd) -> FrontEnd:
    """The front end without a running noise floor, whose windows can be made one by one."""
    spectrogram = dataclasses.replace(front_end.spectrogram, floor_s=0.0)
    return dataclasses.replace(front_end, spectrogram=spectrogram)


def names_of(front_end: FrontEnd) -> list[str]:
    """What `of_windows` measures, in order."""
    return [*STATISTICS, *(name for name, _ in _bands(front_end))]


def of_windows(front_end: FrontEnd, X: NDArray[np.float32]) -> NDArray[np.float64]:
    """Statistics and band levels (n, names) of windows (n, rows, frames, channels).

    Of the rows between the ends of the band-pass; of a waveform those of its mel bands, of MFCC
    those of the level alone, a row.
    """
    shown = transform.with_rows(front_end)
    level = level_db(transform.rows_of(front_end, X), shown.spectrogram)
    rows = _rows(front_end)
    level = level[:, rows] if len(rows) else level
    hertz = shown.frequencies_hz[rows] if len(rows) else np.full(level.shape[1], np.nan)
    levels = [level[:, mine].mean(axis=(1, 2), dtype=np.float64) for _, mine in _bands(front_end)]
    return np.column_stack([statistics(level, hertz), *levels])


def _rows(front_end: FrontEnd) -> NDArray[np.int64]:
    """The rows that the band-pass lets through; none where rows are no frequencies."""
    shown = transform.with_rows(front_end)
    if not shown.spectrogram.has_frequencies:
        return np.zeros(0, np.int64)
    inside = np.flatnonzero(shown.in_band)
    return inside if len(inside) else np.arange(len(shown.in_band))


def _bands(front_end: FrontEnd) -> list[tuple[str, NDArray[np.int64]]]:
    """Name of each band and its rows, among those of `_rows`."""
    rows = _rows(front_end)
    hertz = transform.with_rows(front_end).frequencies_hz
    parts = [p for p in np.array_split(np.arange(len(rows)), BANDS) if len(p)]
    edges = [(hertz[rows[p[0]]], hertz[rows[p[-1]]]) for p in parts]
    each = (_names_of(edges, digits) for digits in range(3, 18))  # of a narrow band 3 are too few
    return list(zip(next(n for n in each if len(set(n)) == len(n)), parts, strict=True))


def _names_of(edges: Sequence[tuple[float, float]], digits: int) -> list[str]:
    rounded = ((float(f"{low:.{digits}g}"), float(f"{high:.{digits}g}")) for low, high in edges)
    most = max(digits, 12)
    return [f"level_{low:.{most}g}_{high:.{most}g}_hz_db" for low, high in rounded]


def named(statistic: str) -> str:
    """A statistic with its unit, as `level_10_20_hz_db` is the level from 10 to 20 Hz in dB."""
    if statistic.startswith("level_"):
        low, high = statistic.removeprefix("level_").removesuffix("_hz_db").split("_")
        return f"level, {low} to {high} Hz [dB]"
    return _UNITS.get(statistic, statistic)
