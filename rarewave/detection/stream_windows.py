"""Spectrograms of the windows of a stream, as a network sees them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rarewave.detection.clean_stream import CleanStream
from rarewave.frontend import transform
from rarewave.frontend.grid import starts
from rarewave.frontend.transform import FrontEnd
from rarewave.recordings.streams import Stream


def first_samples(front_end: FrontEnd, stream: Stream) -> NDArray[np.int64]:
    """First cleaned samples (windows,) of all windows of a stream."""
    return starts(CleanStream(stream, front_end.clean).length, front_end.grid)


def spectrograms(
    front_end: FrontEnd, stream: Stream, rows: NDArray[np.int64] | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Windows of a stream, a chunk at a time; those with too much missing are left out.

    Parameters
    ----------
    rows : which windows; None: all.

    Yields
    ------
    Rows (some,) in order, and their spectrograms (some, frequencies, frames, channels) in dB.

    Raises
    ------
    DataError
        The stream cannot be read or cleaned.
    """
    cleaned = CleanStream(stream, front_end.clean, transform.reach(front_end))
    first, length = starts(cleaned.length, front_end.grid), front_end.grid.window_samples
    chosen = np.ones(len(first), bool)
    if rows is not None:
        chosen[:] = False
        chosen[rows] = True

    def recorded(some: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
        return cleaned.missing(first[some], length) <= front_end.grid.max_gap

    given = front_end, cleaned.read, cleaned.length, first, lambda some: chosen[some], recorded
    for found, X in transform.spectra(*given):
        good = recorded(found)
        if good.any():
            yield found[good], X[good]


def one_by_one(
    front_end: FrontEnd, stream: Stream, rows: NDArray[np.int64]
) -> Iterator[NDArray[np.float32]]:
    """A few windows far apart, (1, frequencies, frames, channels) each, without what lies between.

    Those with too much missing are left out.

    Parameters
    ----------
    front_end : without a running noise floor, which would need all windows.
    rows : in order.
    """
    grid = front_end.grid
    cleaned = CleanStream(stream, front_end.clean, front_end.input_samples)
    first = starts(cleaned.length, grid)
    for row in rows:
        one = first[[row]]
        ((_, X),) = transform.spectra(front_end, cleaned.read, cleaned.length, one, _all, _all)
        if cleaned.missing(one, grid.window_samples)[0] <= grid.max_gap:
            yield X


def _all(rows: slice) -> NDArray[np.bool_]:
    return np.ones(rows.stop - rows.start, bool)
