"""Recordings one by one: read as a model learnt, scanned, and accounted for."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from rarewave.base.files import shown
from rarewave.base.tables import Schema
from rarewave.commands import detecting
from rarewave.detection import coverage
from rarewave.detection.scanning import Scan
from rarewave.frontend import cleaning
from rarewave.frontend.transform import FrontEnd
from rarewave.model.package import Package, load, read_as
from rarewave.recordings import sound, streams
from rarewave.recordings.reading import Header
from rarewave.recordings.streams import Stream

CHUNK = 1 << 12  # rows of a table at once: it bounds the memory

# What tables of windows or segments begin with.
SPANS: Schema = {
    "file": "str",
    "channel": "str",
    "start_s": "float64",  # from the start of the file
    "end_s": "float64",
    "start": "datetime64[ns, UTC]",  # NaT where the file does not say
}


class Wishes(NamedTuple):
    """How recordings are read; see `detecting.Wishes`."""

    channel: int | str | None = None
    start_pattern: str | None = None
    any_level: bool = False


class Recording(NamedTuple):
    """A channel of a file, or a file that cannot be read."""

    path: Path
    header: Header | None  # None: it cannot be read
    stream: Stream | None  # of it alone
    lacking_s: float  # known to be missing
    problem: str

    @property
    def named(self) -> dict[str, str]:
        """What tables call it."""
        channel = "" if self.header is None else self.header.channel
        return {"file": shown(self.path), "channel": channel}

    def start(self, after_s: NDArray[np.float64]) -> "pd.Series[pd.Timestamp]":
        """UTC (n,) of so many seconds after the start; NaT where that is unknown."""
        begin = pd.NaT if self.header is None else self.header.start
        times = pd.Series([begin] * len(after_s), dtype="datetime64[ns, UTC]")
        return times + pd.to_timedelta(after_s, unit="s")


def opened(model: str, paths: Sequence[Path], wishes: Wishes) -> tuple[Package, list[Recording]]:
    """A model, and all recordings in the order in which they are given, those of folders sorted.

    Raises
    ------
    DataError
        No model, no recordings, or most of them in another unit than the model's.
    """
    package = load(model)
    return package, recordings(package, paths, wishes)


def recordings(package: Package, paths: Sequence[Path], wishes: Wishes) -> list[Recording]:
    """The recordings of `opened`, for a model that is open; raises `DataError` as it does."""
    source = read_as(package, wishes.channel, wishes.start_pattern)
    if wishes.start_pattern is not None:
        sound.check_pattern(wishes.start_pattern)
    wanted = detecting.recordings_of(paths)
    files, broken = detecting.headers_of(wanted, source, wishes.start_pattern is not None)
    found = [Recording(path, None, None, 0.0, why) for path, why in broken]
    for path, header, lacking, why in files:
        (stream,) = streams.join([(path, header)])
        stream = stream._replace(responses=package.responses)
        found.append(Recording(path, header, stream, lacking, why))
    known = [one.stream for one in found if one.stream is not None]
    detecting.refuse_odd(package, known, wishes.any_level)
    order = {path: number for number, path in enumerate(wanted)}
    return sorted(found, key=lambda one: order[one.path])


@contextmanager
def progress(files: Sequence[Recording], what: str) -> Iterator[Callable[[float], object]]:
    """A bar of seconds of recordings."""
    known = [one.stream for one in files if one.stream is not None]
    total = round(sum(s.n_samples / s.sample_rate for s in known))
    with tqdm(total=total, unit="s", desc=what, disable=None) as bar:
        yield bar.update


@contextmanager
def scratch(out: Path) -> Iterator[Path]:
    """A folder beside a table for what is made on the way to it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        yield Path(folder)


def accounted(one: Recording, scan: Scan | None, front_end: FrontEnd) -> dict[str, Any]:
    """The row of table COVERAGE of a recording, with what its file lacks."""
    if scan is None:
        nothing = {"duration_s": np.nan, "scored_s": 0.0, "unreadable_s": np.nan}
        return {"path": shown(one.path)} | nothing | {"problem": one.problem}
    (row,) = coverage.coverage(scan, front_end).to_dict("records")
    row["duration_s"] += one.lacking_s
    row["unreadable_s"] += one.lacking_s
    row["problem"] = one.problem or row["problem"]
    return row


def spans(
    scan: Scan, front_end: FrontEnd, first: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where windows that begin at cleaned samples begin and end, s of the recording's clock."""
    rate, length = scan.stream.sample_rate, front_end.grid.window_samples
    scale = cleaning.raw_per_cleaned(rate, front_end.clean)
    end = np.minimum((first + length) * scale, scan.stream.n_samples)
    return np.asarray(first * scale / rate), np.asarray(end / rate)


def gaps(scan: Scan | None) -> int:
    """Windows or segments of a scan of which too much was not recorded."""
    return 0 if scan is None else sum(int(np.isnan(P[:, 0]).sum()) for _, P in _chunks(scan))


def tables(
    one: Recording, scan: Scan | None, front_end: FrontEnd
) -> Iterator[tuple[pd.DataFrame, NDArray[np.float32]]]:
    """The windows of a scan that are no gap and what it holds of them, some at a time.

    Yields
    ------
    Columns `SPANS` of each, and (n, columns of the scan).
    """
    if scan is None:
        return
    for first, P in _chunks(scan):
        good = np.isfinite(P[:, 0])
        if not good.any():
            continue
        begin, end = spans(scan, front_end, first[good])
        about = one.named | {"start_s": begin.round(6), "end_s": end.round(6)}
        table = pd.DataFrame(about, index=range(len(begin)))
        yield table.assign(start=one.start(begin)), P[good]


def _chunks(scan: Scan) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    P = scan.P
    for at in range(0, len(P), CHUNK):
        yield scan.first[at : at + CHUNK][: len(P) - at], np.asarray(P[at : at + CHUNK])


def said(covers: Sequence[dict[str, Any]], gaps: int, out: Path) -> bool:
    """Print what was seen of the recordings; whether all was, as detect says it."""
    table = pd.DataFrame(covers)
    scored = table["scored_s"].sum()
    print(f"{len(table)} recordings, {scored:.1f} s scored, written to {out}")
    if gaps:
        print(f"{gaps} windows or segments lie in gaps, and are left out")
    for row in table[table["problem"] != ""].to_dict("records"):
        name = "" if row["path"] in row["problem"] else f"{row['path']}: "
        print(f"not seen in full: {name}{row['problem']}")
    return detecting.seen_in_full(table)
