"""A folder of embeddings that is built once and grows: every window of recordings, by file.

Features and times are appended to raw files; then a line of JSON says what they are of. What no
line tells of, as where a run was stopped, is cut off when the next one goes on.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, shown, write_json
from rarewave.model.neighbours import directions

ABOUT = "index.json"
_FORM = "rarewave embeddings, 1"
_FILES, _FEATURES, _TIMES, _LOCK = "files.jsonl", "features.f16", "times.f64", "lock"


@dataclasses.dataclass(frozen=True)
class Channel:
    """A channel of a file, and which rows of the index are its windows."""

    channel: str
    start: str  # UTC as ISO 8601, empty where unknown
    sample_rate: float  # Hz
    cover: dict[str, Any]  # its row of table COVERAGE
    first: int = 0
    count: int = 0

    @property
    def begin(self) -> pd.Timestamp:
        """UTC, NaT where unknown."""
        return pd.Timestamp(self.start) if self.start else pd.NaT


# Pieces of a channel: what the last layer is given (n, width), and from where to where each
# window lies in the file (n, 2), s.
Pieces: TypeAlias = Iterable[tuple[NDArray[np.float32], NDArray[np.float64]]]


@dataclasses.dataclass(frozen=True)
class File:
    """A file of an index."""

    digest: str  # of its bytes
    path: str  # where it was seen last; empty where something else lies there now
    channels: tuple[Channel, ...]


@dataclasses.dataclass
class Index:
    """What an index holds."""

    folder: Path
    about: dict[str, Any]  # model, width and how recordings are read
    files: dict[str, File]  # by digest
    count: int = 0  # windows of all files

    @property
    def width(self) -> int:
        """Features of a window."""
        return int(self.about["width"])

    @property
    def there(self) -> list[File]:
        """The files, but those in whose place something else lies now."""
        return [file for file in self.files.values() if file.path]

    def channels(self) -> list[tuple[File, Channel]]:
        """Every channel of every file that is there."""
        return [(file, channel) for file in self.there for channel in file.channels]

    def filled(self) -> list[tuple[File, Channel]]:
        """The channels that have a window, in the order of their rows, of all files."""
        pairs = [(f, channel) for f in self.files.values() for channel in f.channels]
        return sorted((pair for pair in pairs if pair[1].count), key=lambda pair: pair[1].first)

    def features(self) -> NDArray[np.float16]:
        """Of length 1 (windows, width), a memory map."""
        return np.asarray(_mapped(self.folder / _FEATURES, np.float16, self.count, self.width))

    def times(self) -> NDArray[np.float64]:
        """From where to where each window lies in its file (windows, 2), s; a memory map."""
        return np.asarray(_mapped(self.folder / _TIMES, np.float64, self.count, 2))

    def add(self, digest: str, path: Path, parts: Iterable[tuple[Channel, Pieces]]) -> None:
        """Append a file: its channels, and the windows of each."""
        first, channels = self.count, []
        with _written(self.folder):
            with (
                open(self.folder / _FEATURES, "ab") as features,
                open(self.folder / _TIMES, "ab") as times,
            ):
                for channel, pieces in parts:
                    count = 0
                    for hidden, when in pieces:
                        features.write(directions(hidden).astype(np.float16).tobytes())
                        times.write(np.ascontiguousarray(when, np.float64).tobytes())
                        count += len(hidden)
                    channels.append(dataclasses.replace(channel, first=first, count=count))
                    first += count
                for stream in (features, times):
                    stream.flush()
                    os.fsync(stream.fileno())
            self._note(File(digest, str(path), tuple(channels)))
            self.count = first

    def moved(self, digest: str, path: Path | None) -> None:
        """Note that a file now lies elsewhere; None: that something else lies in its place."""
        with _written(self.folder):
            where = "" if path is None else str(path)
            self._note(dataclasses.replace(self.files[digest], path=where))

    def _note(self, file: File) -> None:
        line = json.dumps(dataclasses.asdict(file), allow_nan=False)
        with open(self.folder / _FILES, "a", encoding="utf-8", newline="\n") as out:
            out.write(line + "\n")
        self.files[file.digest] = file


def is_index(path: Path) -> bool:
    """Whether a folder is an index, or was begun as one."""
    return (path / ABOUT).is_file()


def load(folder: Path) -> Index:
    """Open an index.

    Raises
    ------
    DataError
        It is none, or is broken.
    """
    about = read_json(folder / ABOUT, "form", "model", "width", "reading")
    if about["form"] != _FORM:
        raise DataError(f"{folder / ABOUT} is not of an index of embeddings: name another folder")
    files: dict[str, File] = {}
    again = f"{folder} is no whole index: delete it and build it again"
    try:
        for line in _lines(folder / _FILES):
            content = json.loads(line)
            channels = tuple(Channel(**channel) for channel in content["channels"])
            files[content["digest"]] = File(content["digest"], content["path"], channels)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{again} ({folder / _FILES}: {error})") from None
    count = sum(channel.count for file in files.values() for channel in file.channels)
    found = Index(folder, about, files, count)
    for name, size in ((_FEATURES, 2 * found.width), (_TIMES, 16)):
        path = folder / name
        if (path.stat().st_size if path.exists() else 0) < size * found.count:
            raise DataError(f"{again} ({name} is cut short)")
    return found


@contextmanager
def growing(folder: Path, about: dict[str, Any]) -> Iterator[Index]:
    """An index to add to, made where it is not there; of this process alone while the block runs.

    Parameters
    ----------
    about : `model` (digest of the package), `width` and `reading` (how recordings are read).

    Raises
    ------
    DataError
        It is of another package or of recordings that are read otherwise, another run is at work
        in it, it is broken or cannot be written, or the folder holds something else.
    """
    from filelock import FileLock, Timeout

    if folder.is_dir() and any(folder.iterdir()) and not is_index(folder):
        raise DataError(f"--index {folder} holds something else: name a new folder or an index")
    with _written(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DataError(f"another run is at work in {folder}: wait until it ends") from None
    try:
        if is_index(folder):
            index = load(folder)
            refuse_other(index, about)
            _cut(index)
        else:
            index = Index(folder, about | {"form": _FORM}, {})
            write_json(folder / ABOUT, index.about)
        yield index
    finally:
        lock.release()
        (folder / _LOCK).unlink(missing_ok=True)


def refuse_other(index: Index, about: dict[str, Any]) -> None:
    """Raise `DataError` where an index is of another package, or its recordings read otherwise."""
    if index.about["model"] != about["model"]:
        raise DataError(
            f"the index {index.folder} is of another package ({index.about['model']}, and the "
            f"model is {about['model']}): search with that model, or build another index"
        )
    if index.about["reading"] != about["reading"]:
        raise DataError(
            f"the recordings of the index {index.folder} were read with "
            f"{_said(index.about['reading'])}, and now with {_said(about['reading'])}: leave "
            "--channel and --start-pattern as they were, or build another index"
        )


def digest_of(path: Path) -> str:
    """A digest of the bytes of a file; raises `DataError` where it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read ({error.strerror})") from None


def _said(reading: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(reading.items()))


def _lines(path: Path) -> list[str]:
    """The whole lines of a file; the last one may have been cut off as it was written."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return text.split("\n")[:-1]


def _cut(index: Index) -> None:
    """Take away what no line tells of."""
    lines = "".join(line + "\n" for line in _lines(index.folder / _FILES)).encode()
    sizes = {_FEATURES: 2 * index.width * index.count, _TIMES: 16 * index.count}
    with _written(index.folder):
        for name, size in (sizes | {_FILES: len(lines)}).items():
            with open(index.folder / name, "ab") as stream:
                stream.truncate(size)


def _mapped(path: Path, kind: type, rows: int, columns: int) -> NDArray[Any]:
    if not rows:
        return np.zeros((0, columns), kind)
    return np.memmap(path, kind, "r", shape=(rows, columns))


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    """Raise `DataError` where the block cannot write into a folder."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and folder not in (p := Path(error.filename), *p.parents):
            raise  # of a recording that is read meanwhile
        raise DataError(
            f"the index {folder} cannot be written ({error.strerror}): free some space, or name "
            "another --index"
        ) from None
