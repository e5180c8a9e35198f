"""Levels and rates of recordings beside those that a model learnt from: another unit shows."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.detection import stream_windows
from rarewave.frontend import cleaning, transform
from rarewave.frontend.grid import starts
from rarewave.frontend.level import level_db
from rarewave.frontend.transform import FrontEnd
from rarewave.recordings import reading
from rarewave.recordings.streams import Stream

# Beyond what training saw: other days, distances and recorders differ by less, units by more.
FAR_DB = 20.0
BLACK_DB = 3.0  # below training, at the floor: how far below, the floor hides
TIMES = 4.0  # a rate so much higher or lower is another header, or sound that was slowed down
WINDOWS = 9  # of a recording, evenly spread
_MOST = 4096  # windows of training


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a model learnt from: levels in the dB of its front end, and rates."""

    level_db: tuple[float, float, float]  # of its windows: 1 %, median, 99 %
    rates_hz: tuple[float, float]  # of its recordings: lowest, highest

    def __post_init__(self) -> None:
        for name, count in (("level_db", 3), ("rates_hz", 2)):
            values = tuple(float(value) for value in getattr(self, name))
            if (
                len(values) != count
                or not np.isfinite(values).all()
                or values != (*sorted(values),)
            ):
                raise ValueError(f"the {name} {values} of training are no {count} rising numbers")
            object.__setattr__(self, name, values)


class Measured(NamedTuple):
    """The level of one recording."""

    name: str
    level_db: float  # the median of its windows; NaN where none could be read
    rate_hz: float
    black: bool = False  # half of its windows or more are at the floor of the spectrograms


def of_windows(front_end: FrontEnd, X: NDArray[np.float32]) -> NDArray[np.float64]:
    """The level (n,) of windows (n, rows, frames, channels): the mean of their dB.

    Of the rows between the ends of the band-pass; what a filter left beyond says nothing.
    """
    level = level_db(X, front_end.spectrogram)
    rows = front_end.in_band[: level.shape[1]]
    return level[:, rows if rows.any() else slice(None)].mean(axis=(1, 2), dtype=np.float64)


def trained(
    front_end: FrontEnd, X: NDArray[np.float32], rows: NDArray[np.int64], rates: NDArray[np.float64]
) -> Trained:
    """What a model learnt from.

    Parameters
    ----------
    X : (n, frequencies, frames, channels) dB, perhaps memory-mapped.
    rows : those that trained; of many some, evenly spread.
    rates : of the recordings, Hz.
    """
    used = np.sort(rows)[
        np.unique(np.linspace(0, len(rows) - 1, min(_MOST, len(rows))).astype(int))
    ]
    level = np.concatenate([of_windows(front_end, some) for some in transform.in_chunks(X, used)])
    low, middle, high = (round(float(db), 3) for db in np.quantile(level, [0.01, 0.5, 0.99]))
    return Trained((low, middle, high), (float(rates.min()), float(rates.max())))


def of_stream(front_end: FrontEnd, stream: Stream) -> Measured:
    """The median level of `WINDOWS` of a stream's windows, read for it."""
    piece = stream.pieces[0]
    name = reading.said(piece.path, piece.header.channel)
    levels: list[float] = []
    plain = dataclasses.replace(  # the level above a running floor would need all windows
        front_end, spectrogram=dataclasses.replace(front_end.spectrogram, floor_s=0.0)
    )
    try:
        length = cleaning.plan(stream.n_samples, stream.sample_rate, front_end.clean).length
        count = len(starts(length, front_end.grid))
        some = np.unique(np.linspace(0, count - 1, min(WINDOWS, count)).astype(int))
        for X in stream_windows.one_by_one(plain, stream, some):
            levels += of_windows(plain, X).tolist()
    except (DataError, OSError, MemoryError):
        pass  # the scan says why
    level = float(np.median(levels)) if levels else float("nan")
    return Measured(name, level, stream.sample_rate, level <= front_end.spectrogram.floor_db + 1e-3)


class Odd(NamedTuple):
    """What sets recordings apart from those of training."""

    says: list[str]
    most: bool  # whether more than half of the recordings have a level far from training's


def odd(known: Trained, unit: str, found: Sequence[Measured]) -> Odd:
    """Recordings whose level or rate lies far from all of training, in words.

    Parameters
    ----------
    unit : counts, velocity or displacement: what the front end makes of recordings.
    """
    low, _, high = known.level_db
    says = []
    heard = [one for one in found if np.isfinite(one.level_db)]
    far = [
        one
        for one in heard
        if one.level_db > high + FAR_DB or one.level_db < low - (BLACK_DB if one.black else FAR_DB)
    ]
    if far:
        worst = max(far, key=lambda one: max(low - one.level_db, one.level_db - high))
        above = worst.level_db > high
        apart = worst.level_db - high if above else low - worst.level_db
        share = f"; so it is with {len(far)} of {len(heard)} recordings" if len(far) > 1 else ""
        times = f", {10 ** ((apart if above else -apart) / 20):.2g} times the amplitude"
        if worst.black:
            times = ", at the floor of its spectrograms, where nothing is seen"
        own = "" if unit == "counts" else f" (counts: it makes {unit} of them itself)"
        says.append(
            f"{worst.name} has a level of {worst.level_db:.0f} dB, {apart:.0f} dB "
            f"{'above' if above else 'below'} all that the model learnt from ({low:.0f} to "
            f"{high:.0f} dB, 1-99 % of its windows){times}: "
            f"likely another unit or gain (counts against m/s){'' if above else ', or no signal'}, "
            f"and scores mean nothing{share}. Give the model the unit that it learnt from{own}, or "
            "train on such recordings"
        )
    slowest, fastest = known.rates_hz
    other = [one for one in found if not slowest / TIMES < one.rate_hz < fastest * TIMES]
    if other:
        rates = f"{slowest:g}" if slowest == fastest else f"{slowest:g} to {fastest:g}"
        says.append(
            f"{other[0].name} has a sampling rate of {other[0].rate_hz:g} Hz, and the recordings "
            f"that the model learnt from had {rates} Hz: if its header is wrong, or the sound was "
            "slowed down, nothing is found where it should be"
            + (f" (and {len(other) - 1} more)" if len(other) > 1 else "")
        )
    return Odd(says, 2 * len(far) > len(heard))
