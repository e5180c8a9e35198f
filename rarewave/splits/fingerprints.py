"""Fingerprints of sound that survive a shift, another level and a lossy copy, and their proof.

A fingerprint is a coarse spectrogram of a stretch in dB, each band without its mean: how the
bands rise and fall. It finds candidates; what proves a copy is the correlation of the waveforms.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

BANDS, CELLS = 12, 16
SIZE = BANDS * CELLS
_LONGEST = 1 << 16  # samples of a stretch
_FRAME = 1024  # samples of a frame at most
_RANGE_DB = 60.0  # below the loudest of a recording: what a copy of fewer bits loses
_FLAT_DB = 0.5  # by which bands must rise and fall to tell anything
_PROOF = 1 << 14  # samples that are correlated
_AROUND = 1 << 17  # samples on either side that lie in both
_PIECES, _SOUNDING = 16, 1e-3  # pieces of them; energy of those that sound, to the loudest
_DRIFT = 16  # part of a piece by which clocks may differ over all
_FEWEST = 4  # of these pieces
_FRAMES = 12  # of them at least, for their coherence


class Scale(NamedTuple):
    """How fine fingerprints are."""

    frame: int  # samples, half of them new
    frames: int  # of a cell; stretches begin every half cell

    @property
    def step(self) -> int:
        """Samples from one stretch to the next."""
        return max(1, self.frames // 2) * (self.frame // 2)

    @property
    def length(self) -> int:
        """Samples of a stretch."""
        return CELLS * self.frames * (self.frame // 2)


def scale_of(lengths: NDArray[np.int64]) -> Scale | None:
    """The scale for recordings of so many samples: a stretch is half of a short one, at most.

    None where recordings are too short for any fingerprint.
    """
    cell = int(min(np.quantile(lengths, 0.25) / 2, _LONGEST)) // CELLS
    if cell < 16:
        return None
    frame = 1 << int(np.log2(min(max(cell, 32), _FRAME)))
    return Scale(frame, max(1, round(cell / (frame // 2))))


def cells(samples: NDArray[np.float32], scale: Scale) -> NDArray[np.float64]:
    """Level (n, BANDS) in dB of a recording, a cell from every half cell on."""
    if len(samples) < scale.length + scale.frame:
        return np.zeros((0, BANDS))
    total = np.cumsum(np.vstack([np.zeros((1, BANDS)), _levels(samples, scale)]), axis=0)
    means = (total[scale.frames :] - total[: -scale.frames]) / scale.frames
    return np.asarray(means[:: max(1, scale.frames // 2)])


def stretches(cells: NDArray[np.float64], scale: Scale) -> int:
    """How many stretches a recording has: one begins with each cell as long as they are whole."""
    return max(0, len(cells) - _reach(scale) + 1)


def fingerprints(
    cells: NDArray[np.float64], scale: Scale, rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Of some stretches of a recording (len(rows), SIZE), of length 1, or 0 where nothing rises."""
    every = np.arange(0, _reach(scale), _apart(scale))
    shape = cells[rows[:, None] + every]
    shape = (shape - shape.mean(axis=1, keepdims=True)).reshape(len(rows), SIZE)
    size = np.linalg.norm(shape, axis=1, keepdims=True)
    flat = size < _FLAT_DB * np.sqrt(SIZE)
    return np.where(flat, 0.0, shape / np.maximum(size, 1e-9)).astype(np.float32)


def _apart(scale: Scale) -> int:
    """Half cells of a cell."""
    return -(-scale.frames // max(1, scale.frames // 2))


def _reach(scale: Scale) -> int:
    """Half cells of a stretch."""
    return (CELLS - 1) * _apart(scale) + 1


def _levels(samples: NDArray[np.float32], scale: Scale) -> NDArray[np.float64]:
    """Level (frames, BANDS) in dB of bands of a recording, none far below its loudest."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, scale.frame)[:: scale.frame // 2]
    window = np.hanning(scale.frame + 1)[:-1].astype(np.float32)
    bins = scale.frame // 2 + 1
    edges = np.unique(np.geomspace(1, bins, BANDS + 1).round().astype(int))
    if len(edges) <= BANDS:
        edges = np.linspace(1, bins, BANDS + 1).round().astype(int)
    power = np.empty((len(frames), BANDS))
    for at in range(0, len(frames), 1 << 12):
        spectrum = np.fft.rfft(frames[at : at + (1 << 12)] * window, axis=1)
        energy = spectrum.real**2 + spectrum.imag**2
        power[at : at + (1 << 12)] = np.add.reduceat(energy, edges[:-1], axis=1)
    loudest = power.max(initial=0.0)
    floor = loudest * 10 ** (-_RANGE_DB / 10) if loudest > 0 else 1.0
    return 10 * np.log10(np.maximum(power, floor))


class Likeness(NamedTuple):
    """How alike two recordings are at one place."""

    correlation: float  # highest of the samples, at any lag of about a cell
    nearby: float  # correlation that three of four pieces of these samples reach at that lag
    throughout: float  # the same of all that lies in both recordings
    breadth: float  # share of the frequencies at which they are coherent, of those that sound
    here: tuple[int, int]  # what was compared nearby, in samples of the first recording
    around: tuple[int, int]  # and throughout
    later: int  # samples by which the same is later in the second


def likeness(
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    at: int,
    later: int,
    scale: Scale,
    least: float = 0.0,
) -> Likeness:
    """How alike two recordings are around a place.

    Compared is what is loudest around it, of what lies in both, then all around it. Two tones of
    one pitch correlate, at few frequencies; two quakes of one source do, less where they are less
    loud. A copy does at most frequencies, and everywhere.

    Parameters
    ----------
    at : middle of a stretch of `one`.
    later : by how many samples about the same is later in `other`.
    least : correlation below which the rest is 0, as it is not looked for.
    """
    slack = 2 * scale.step
    low = max(0, -later, at - _PROOF * 2) + slack
    high = min(len(one), len(other) - later, at + _PROOF * 2) - slack
    if high - low < 8 * slack:
        return Likeness(0.0, 0.0, 0.0, 0.0, (low, low), (low, low), later)
    if high - low > _PROOF:
        energy = np.cumsum(np.square(one[low:high], dtype=np.float64))
        low += int(np.argmax(energy[_PROOF:] - energy[:-_PROOF]))
        high = low + _PROOF
    seen = one[low:high].astype(np.float64)
    among = other[low + later - slack : high + later + slack].astype(np.float64)
    correlation, lag = _correlation(seen, among)
    later += lag - slack
    begin, end = max(0, -later, at - _AROUND), min(len(one), len(other) - later, at + _AROUND)
    nearby = throughout = breadth = 0.0
    if correlation >= least:
        same = among[lag : lag + len(seen)]
        nearby, breadth = _steadiness(seen, same), _breadth(seen, same)
        throughout = _steadiness(one[begin:end], other[begin + later : end + later])
    return Likeness(correlation, nearby, throughout, breadth, (low, high), (begin, end), later)


def _correlation(seen: NDArray[np.float64], among: NDArray[np.float64]) -> tuple[float, int]:
    """The highest normalised correlation of samples among more of them, of any sign; and where."""
    count = len(seen)
    seen = seen - seen.mean()
    size = next_fast_len(len(among), real=True)  # lags that wrap around are not looked at
    product = np.fft.rfft(among, size) * np.conj(np.fft.rfft(seen, size))
    raw = np.fft.irfft(product, size)[: len(among) - count + 1]
    total, square = (np.cumsum(np.concatenate([[0.0], some])) for some in (among, among**2))
    spread = (square[count:] - square[:-count]) - (total[count:] - total[:-count]) ** 2 / count
    size = np.sqrt(np.maximum(spread, 1e-9 * square[-1])) * np.sqrt(seen @ seen)
    scaled = np.abs(raw) / np.where(size > 0, size, np.inf)
    lag = int(np.argmax(scaled))
    return float(min(1.0, scaled[lag])), lag


def _steadiness(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """The lower quartile of correlations of the pieces of samples (n,) that sound with others'.

    Each at a lag of its own nearby, as clocks differ. 0 where hardly a piece sounds: clicks are
    alike.
    """
    length = len(one) // _PIECES
    slack = length // _DRIFT
    pieces = [
        (one[at + slack : at + length - slack].astype(np.float64), other[at : at + length])
        for at in range(0, length * _PIECES, length)
    ]
    energy = np.array([np.var(mine) for mine, _ in pieces])
    sounding = np.flatnonzero((energy >= _SOUNDING * energy.max()) & (energy > 0))
    if len(sounding) < _FEWEST:
        return 0.0
    each = [_correlation(pieces[k][0], pieces[k][1].astype(np.float64))[0] for k in sounding]
    return float(np.quantile(each, 0.25))


def _breadth(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Share of the frequencies that sound at which samples (n,) are coherent with others."""
    frame = 1 << int(np.log2(min(max(len(one) / _FRAMES, 16), _FRAME / 2)))
    window = np.hanning(frame + 1)[:-1]
    spectra = [
        np.fft.rfft(np.lib.stride_tricks.sliding_window_view(x, frame)[:: frame // 2] * window)
        for x in (one, other)
    ]
    powers = [(np.abs(spectrum) ** 2).sum(axis=0) for spectrum in spectra]
    cross = np.abs((spectra[0] * np.conj(spectra[1])).sum(axis=0)) ** 2
    both = powers[0] * powers[1]
    coherence = cross / np.where(both > 0, both, np.inf)
    sounding = powers[0] > powers[0].max() * 10 ** (-_RANGE_DB / 10)
    return float((coherence[sounding] > 0.5).mean())
