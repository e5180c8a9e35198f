"""A file that grows, and beside it how long it was and its checksum after each step."""

import zlib
from pathlib import Path

import numpy as np

from rarewave.base.errors import DataError

_AT_ONCE = 1 << 20  # bytes


def append(path: Path, content: bytes) -> None:
    """Write behind what the file holds, and the length and checksum of all of it beside it."""
    steps = _steps(path)
    length, value = steps[-1] if len(steps) else (0, 0)
    step = np.array([length + len(content), zlib.crc32(content, int(value))], np.int64)
    write(path, content)
    write(_beside(path), step.tobytes())


def write(path: Path, content: bytes) -> None:
    """Write behind what a file holds; raises `DataError` where there is no room."""
    try:
        with open(path, "ab") as out:
            out.write(content)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}): free some space") from None


def intact(path: Path) -> int:
    """How many bytes of the file are as they were written."""
    good = at = value = 0
    if not path.exists():
        return 0
    with open(path, "rb") as stream:
        for length, wanted in _steps(path):
            while at < length and (some := stream.read(min(_AT_ONCE, int(length) - at))):
                at, value = at + len(some), zlib.crc32(some, value)
            if at != length or value != wanted:
                break
            good = at
    return good


def cut(path: Path, size: int) -> None:
    """Keep the first `size` bytes, which are intact."""
    value = 0
    with open(path, "ab+") as stream:
        stream.truncate(size)
        stream.seek(0)
        while some := stream.read(_AT_ONCE):
            value = zlib.crc32(some, value)
    _beside(path).unlink(missing_ok=True)
    write(_beside(path), np.array([size, value], np.int64).tobytes())


def _beside(path: Path) -> Path:
    return path.with_suffix(".sums")


def _steps(path: Path) -> np.ndarray:
    """Length and checksum (k, 2) after each step."""
    content = _beside(path).read_bytes() if _beside(path).exists() else b""
    return np.frombuffer(content[: len(content) // 16 * 16], np.int64).reshape(-1, 2)
