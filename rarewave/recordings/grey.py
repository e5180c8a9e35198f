"""Grey PNGs of numbers, without axes, that can be read back: a pixel is a value to half a step."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from rarewave.base.errors import DataError
from rarewave.base.files import refuse_special, whole

_TYPES = {8: np.uint8, 16: np.uint16}


class Grey(NamedTuple):
    """What pixels mean: `low` is black, and each step of grey is `step` more."""

    bits: int  # 8 or 16
    low: float
    step: float

    def pixels(self, values: NDArray[np.floating]) -> NDArray[np.integer]:
        """Values (rows, frames), the first row at the bottom, to pixels (rows, frames) top down."""
        steps = np.rint((np.asarray(values, np.float64) - self.low) / self.step)
        return np.clip(steps, 0, 2**self.bits - 1).astype(_TYPES[self.bits])[::-1]

    def values(self, pixels: NDArray[np.integer]) -> NDArray[np.float64]:
        """What `pixels` was given, to half a step."""
        return self.low + self.step * pixels[::-1].astype(np.float64)


def between(low: float, high: float, bits: int) -> Grey:
    """All greys from the lowest value to the highest."""
    return Grey(bits, low, (high - low) / (2**bits - 1) or 1.0)


def write(path: Path, pixels: NDArray[np.integer]) -> None:
    """Write pixels (rows, frames), the same bytes for the same pixels."""
    with whole(path) as part:
        Image.fromarray(np.ascontiguousarray(pixels)).save(part, format="PNG")


def read(path: Path) -> NDArray[np.integer]:
    """Pixels (rows, frames) of a grey PNG of 8 or 16 bits, the top row first.

    Raises
    ------
    DataError
        It is missing, broken, or no such picture.
    """
    refuse_special(path)
    try:
        with Image.open(path) as opened:
            mode, found = opened.mode, np.asarray(opened)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} is no picture that can be read ({error})") from None
    except Image.DecompressionBombError:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise DataError(
            f"{path} has more pixels than can be read at once ({most}): cut it into shorter ones"
        ) from None
    if mode not in ("L", "I;16", "I;16B", "I"):
        raise DataError(f"{path} is no grey picture of 8 or 16 bits (its kind is {mode})")
    return found.astype(np.uint8 if mode == "L" else np.uint16)
