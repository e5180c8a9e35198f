"""Spectrograms as grey PNGs, read as recordings: their pixels are the samples.

The pixels of a column from the bottom to the top, then those of the next: a picture of 128 rows
and 100 columns a second has 12800 samples a second. So they pass through every stage as any
recording does, and the front end puts them back into columns.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import read_json
from rarewave.recordings import grey

SIDECAR = "images.json"
_ABOVE = 3  # folders above a picture in which the sidecar may lie
_EXAMPLE = '{"column_s": 0.01, "value_of_black": -80, "value_of_a_step": 0.3137}'


class Picture(NamedTuple):
    """What a picture is, without its pixels."""

    rows: int
    columns: int
    column_s: float  # seconds from one column to the next

    @property
    def sample_rate(self) -> float:
        """Pixels a second."""
        return self.rows / self.column_s


def is_image(path: Path) -> bool:
    """Whether it is a picture by its name."""
    return path.suffix.lower() == ".png"


def picture(path: Path) -> Picture:
    """What a picture is.

    Raises
    ------
    DataError
        It is broken or in colour, or no sidecar says how long a column lasts.
    """
    rows, columns = _pixels(path).shape
    return Picture(rows, columns, float(_meaning(path)["column_s"]))


def read(path: Path, start: int, stop: int) -> NDArray[np.float64]:
    """Pixels [start, stop) as values in dB, column by column, the bottom row of each first."""
    meaning = _meaning(path)
    low, step = (float(meaning[name]) for name in ("value_of_black", "value_of_a_step"))
    pixels = _pixels(path)
    rows = len(pixels)
    first = start // rows  # columns that hold them, no others: a picture may be long
    values = grey.Grey(8, low, step).values(pixels[:, first : -(-stop // rows)])
    return values.T.ravel()[start - first * rows : max(0, stop - first * rows)]


def origin(path: Path) -> str:
    """The recording that a picture was cut from, by its sidecar; empty where that is not known."""
    return _origins(_sidecar(path)).get(path.resolve(), "")


@lru_cache(maxsize=4)
def _read(path: Path, changed: float) -> NDArray[np.integer]:
    return grey.read(path)


def _pixels(path: Path) -> NDArray[np.integer]:
    changed = path.stat().st_mtime if path.is_file() else 0.0
    return _read(path, changed)


def _sidecar(path: Path) -> Path:
    """The nearest file that says what pixels are."""
    for known in (path.absolute(), path.resolve()):  # a link first as it lies, then where it leads
        for folder in known.parents[: _ABOVE + 1]:
            if (folder / SIDECAR).is_file():
                return folder / SIDECAR
    raise DataError(
        f"{path} is a picture, and no {SIDECAR} lies beside or above it that says what its "
        f"columns and pixels are: write one, as {_EXAMPLE} (seconds and dB)"
    )


def _meaning(path: Path) -> dict[str, Any]:
    sidecar = _sidecar(path)
    content = _content(sidecar, sidecar.stat().st_mtime)
    for name in ("column_s", "value_of_black", "value_of_a_step"):
        value = content[name]
        good = isinstance(value, int | float) and np.isfinite(value)
        if not good or (name != "value_of_black" and value <= 0):
            raise DataError(f"{sidecar}: {name} is {value!r}, and must be a number as {_EXAMPLE}")
    return content


@lru_cache(maxsize=4)
def _content(sidecar: Path, changed: float) -> dict[str, Any]:
    return read_json(sidecar, "column_s", "value_of_black", "value_of_a_step")


@lru_cache(maxsize=4)
def _origins(sidecar: Path) -> dict[Path, str]:
    """Of each picture that a sidecar lists, the recording and channel it was cut from."""
    listed = _content(sidecar, sidecar.stat().st_mtime).get("images")
    listed = listed if isinstance(listed, list) else []
    return {
        (sidecar.parent / one["file"]).resolve(): " ".join(
            str(one[name]) for name in ("recording", "channel") if one.get(name)
        )
        for one in listed
        if isinstance(one, dict) and isinstance(one.get("file"), str)
    }
