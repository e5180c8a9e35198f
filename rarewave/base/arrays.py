"""Read arrays of numbers from `.npy` and `.npz`, checked: never objects, which would run code."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import refuse_special

# What a broken file may raise: numpy parses its header as Python's literals.
BROKEN = (OSError, ValueError, EOFError, TypeError, SyntaxError, zipfile.BadZipFile, zlib.error)


def read_npy(path: Path, kinds: str = "f", dimensions: int | None = None) -> NDArray[Any]:
    """An array, memory-mapped.

    Parameters
    ----------
    kinds : of numpy's types that it may have, as `f` for floats and `iu` for whole numbers.
    dimensions : how many it must have.

    Raises
    ------
    DataError
        The file is missing, broken or cut short, or holds something else.
    """
    refuse_special(path)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: run the stage that makes it") from None
    except BROKEN as error:
        raise DataError(
            f"{path} is broken ({_reason(error)}): run the stage that makes it"
        ) from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
        kind = getattr(array, "dtype", type(array).__name__)
        raise DataError(f"{path} holds {kind}: run the stage that makes it")
    if dimensions is not None and array.ndim != dimensions:
        raise DataError(
            f"{path} has {array.ndim} dimensions, not {dimensions}: run the stage that makes it"
        )
    return array


def read_npz(
    path: Path, names: tuple[str, ...], broken: str, again: str
) -> dict[str, NDArray[Any]]:
    """Arrays of an `.npz` by their names.

    Parameters
    ----------
    names : that must be there.
    broken : what to say of a file that holds something else.
    again : what to do then.

    Raises
    ------
    DataError
        The file is missing or broken, or has no such array.
    """
    refuse_special(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in names}
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: {again}") from None
    except KeyError as missing:
        raise DataError(f"{path} {broken} (no array {missing}): {again}") from None
    except (*BROKEN, AttributeError) as error:
        raise DataError(f"{path} {broken} ({_reason(error)}): {again}") from None


def _reason(error: Exception) -> str:
    """Why, without numpy's advice to run what the file says."""
    return "no numbers, or not whole" if "pickle" in str(error) else str(error)
