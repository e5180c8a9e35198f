"""Files that are written whole or not at all, and the same bytes for the same content."""

import contextlib
import csv
import errno
import io
import json
import os
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well.

    Raises
    ------
    DataError
        The disk is full; nothing is left behind.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    if path.is_dir():
        raise DataError(f"{path} cannot be written: a folder has that name; move it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path.parent} cannot be made ({error.strerror})") from None
    try:
        yield part
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        os.replace(part, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(
                f"the disk is full: {path} was not written; free some space and run again"
            ) from None
        if path.is_dir():
            raise DataError(f"{path} cannot be written: a folder has that name; move it") from None
        # Else it may be another file of the block, as one that is read.
        own = error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
        if own if error.filename is None else Path(os.fsdecode(error.filename)) in (part, path):
            raise DataError(
                f"{path} cannot be written ({error.strerror}): make its folder writable"
            ) from None
        raise
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys; numpy scalars become numbers, NaN becomes null."""
    text = json.dumps(_plain(content), indent=2, sort_keys=True, allow_nan=False) + "\n"
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def refuse_special(path: Path) -> None:
    """Raise `DataError` where a path is no plain file: a pipe would be waited for for ever.

    A path that is not there at all is left to who opens it.
    """
    try:
        mode = os.stat(path).st_mode
    except ValueError:
        raise DataError(f"{str(path)!r} is no path: take the null character out") from None
    except OSError:
        return
    if stat.S_ISDIR(mode):
        raise DataError(f"{path} is a folder, and a file is wanted: correct the path")
    if not stat.S_ISREG(mode):
        raise DataError(f"{path} is a pipe or a device: give a plain file")


def shown(path: Path | str) -> str:
    """A path as text that can be written, whatever bytes its name has."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def refuse_name(path: Path) -> None:
    """Raise `DataError` where the name of a file cannot stand in tables and label files."""
    name = str(path)
    if shown(path) != name:
        raise DataError(f"{shown(path)}: its name is not UTF-8: rename it")
    if any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") for sign in name):
        raise DataError(f"{name!r}: its name has a line end or control character: rename it")


def content_of(path: Path, missing: str = "run the stage that makes it") -> bytes:
    """The bytes of a plain file.

    Parameters
    ----------
    missing : what to do where it does not exist.

    Raises
    ------
    DataError
        It does not exist, is no plain file, or cannot be read.
    """
    refuse_special(path)
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: {missing}") from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}): change its permissions or copy it again"
        ) from None


def text_of(path: Path, missing: str = "run the stage that makes it") -> str:
    """The text of a plain file of UTF-8, without a byte-order mark; raises `DataError`."""
    content = content_of(path, missing)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path} is not UTF-8 text (line {line}: {error.reason}): save it as UTF-8"
        ) from None
    if "\0" in text:
        raise DataError(f"{path} is not a text file: save it as UTF-8 text")
    return text


def read_json(path: Path, *needs: str) -> Any:
    """Read JSON.

    Parameters
    ----------
    needs : names that must stand in it, which then must be a map.

    Raises
    ------
    DataError
        The file is missing or broken, or has no such name.
    """
    return json_of(text_of(path), str(path), *needs)


def json_of(text: str | bytes, name: str, *needs: str) -> Any:
    """What JSON holds; see `read_json`. `name` is what messages call it."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} is not JSON ({error}): make it again") from None
    if needs and not isinstance(content, dict):
        raise DataError(f"{name} is a {type(content).__name__}, not a map: make it again")
    for need in needs:
        if need not in content:
            raise DataError(f"{name} has no {need!r}: make it again")
    return content


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 with Unix line ends, whole or not at all."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write a small table that DVC plots; floats with six significant digits."""
    if not rows:
        raise ValueError(f"no rows for {path}")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(rows[0])
    for row in rows:
        table.writerow(f"{v:.6g}" if isinstance(v, float) else str(v) for v in row.values())
    with whole(path) as part:
        part.write_text(text.getvalue(), encoding="utf-8")


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a compressed `.npz` in the order given; the same content gives the same bytes."""
    with whole(path) as part, open(part, "wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def write_npy(path: Path, array: NDArray[Any]) -> None:
    """Write one array as `.npy`."""
    with whole(path) as part, open(part, "wb") as stream:
        np.save(stream, array, allow_pickle=False)


class NpyRows:
    """Rows appended to an `.npy` whose number is not known beforehand; memory stays flat.

    >>> with NpyRows(path, (2240,), np.float32) as rows:  # doctest: +SKIP
    ...     rows.append(windows)
    """

    _HEADER = 128

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype, self.count = shape, np.dtype(dtype), 0
        self._whole = whole(path)
        self._stream: BinaryIO

    def __enter__(self) -> Self:
        self._stream = open(self._whole.__enter__(), "wb")
        self._stream.write(b" " * self._HEADER)
        return self

    def append(self, rows: NDArray[Any]) -> None:
        """Add rows of shape (n, *shape)."""
        if rows.shape[1:] != self.shape:
            raise ValueError(f"rows of shape {rows.shape[1:]}, not {self.shape}")
        self._stream.write(np.ascontiguousarray(rows, self.dtype).tobytes())
        self.count += len(rows)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows [start, stop) of those appended so far, from the disk."""
        self._stream.flush()
        size = self.dtype.itemsize * int(np.prod(self.shape, dtype=np.int64))
        with open(self._stream.name, "rb") as stream:
            stream.seek(self._HEADER + start * size)
            content = stream.read((stop - start) * size)
        return np.frombuffer(content, self.dtype).reshape(-1, *self.shape)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._write_header()
            self._stream.close()
        except OSError as closing:
            kind, error, trace = type(closing), closing, closing.__traceback__
            with contextlib.suppress(OSError):
                self._stream.close()
        self._whole.__exit__(kind, error, trace)

    def _write_header(self) -> None:
        fields = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.count, *self.shape),
        }
        room = self._HEADER - 10  # magic, version and length take 10 bytes
        self._stream.seek(0)
        self._stream.write(b"\x93NUMPY\x01\x00" + room.to_bytes(2, "little"))
        self._stream.write(repr(fields).encode("latin1").ljust(room - 1) + b"\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value
