"""A sheet of spectrograms: what was looked for, and what was found."""

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.commands.each_file import Wishes
from rarewave.commands.query import Query
from rarewave.detection.clean_stream import CleanStream
from rarewave.frontend import cleaning, transform
from rarewave.frontend.transform import FrontEnd
from rarewave.model.package import Package, Source, read_as
from rarewave.plots import contact_sheets
from rarewave.recordings import reading, sound, streams
from rarewave.recordings.streams import Stream

_MOST, _QUERIES = 20, 3  # windows drawn, of what was found and of what was looked for


def picture(
    path: Path,
    package: Package,
    front_end: FrontEnd,
    looked_for: Query,
    events: pd.DataFrame,
    wishes: Wishes,
) -> None:
    """Draw the windows of a query that most was like, and the most similar ones that were found.

    What cannot be read any more, as a file of an index that has gone, is left out.

    Parameters
    ----------
    events : path, channel_id, onset_s, cosine and query of each, best first.
    """
    plain = replace(front_end, spectrogram=replace(front_end.spectrogram, floor_s=0.0))
    source = read_as(package, wishes.channel, wishes.start_pattern)
    shown = events.head(_MOST)
    groups = []
    for number in list(dict.fromkeys(shown["query"]))[:_QUERIES]:
        name = f"query: {_short(looked_for.path)}\n{looked_for.begin_s[number]:.2f} s"
        where = looked_for.path, str(looked_for.channel[number]), float(looked_for.begin_s[number])
        groups.append({name: _window(package, plain, source, *where)})
    for row in shown.to_dict("records"):
        file = Path(row["path"])
        name = f"{row['rank']}: {_short(file)}\n{row['onset_s']:.2f} s, cosine {row['cosine']:.3f}"
        with contextlib.suppress(DataError):
            seen = _window(package, plain, source, file, row["channel_id"], row["onset_s"])
            groups.append({name: seen})
    seconds = plain.input_samples / plain.clean.sample_rate_hz
    title = f"Most like the query, of {len(events)} windows found"
    grid, rate = plain.grid, plain.clean.sample_rate_hz
    window_s = grid.context_samples / rate, grid.window_samples / rate
    contact_sheets.variants(path, groups, plain.frequencies_hz, seconds, title, window_s)


def _short(path: Path) -> str:
    return contact_sheets.shortened(path.name, 30)


def _window(
    package: Package, front_end: FrontEnd, source: Source, path: Path, channel: str, begin_s: float
) -> NDArray[np.float32]:
    """The spectrogram (rows, frames) of a window of a file."""
    stream = _stream(package, source, path, channel)
    cleaned = CleanStream(stream, front_end.clean, transform.reach(front_end))
    scale = cleaning.raw_per_cleaned(stream.sample_rate, front_end.clean)
    last = max(0, cleaned.length - front_end.grid.window_samples)
    first = np.array([min(round(begin_s * stream.sample_rate / scale), last)], np.int64)

    def every(some: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.ones(1, bool)[some]

    ((_, X),) = transform.spectra(front_end, cleaned.read, cleaned.length, first, every, every)
    return X[0, :, :, 0]


def _stream(package: Package, source: Source, path: Path, channel: str) -> Stream:
    """A channel of a file; raises `DataError` where it is not there any more."""
    pattern = source.start_pattern
    if pattern and not (sound.is_sound(path) and sound.has_time(path, pattern)):
        pattern = None
    given = source.channel, pattern, source.time_zone, source.channels
    headers, *_ = reading.readable(path, *given)
    for header in headers:
        if header.channel == channel and header.n_samples:
            (stream,) = streams.join([(path, header)])
            return stream._replace(responses=package.responses)
    raise DataError(f"{path} has no channel {channel} any more")
