"""Names of classes: background, event, and a window's labels as numbers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError

BACKGROUND = "background"
UNLABELLED = "unlabelled"  # status of windows of recordings that nobody has looked at


EVENT = "event"


def binary(classes: Sequence[str]) -> bool:
    """Whether the classes are background and event, whatever its label."""
    return list(classes) == [BACKGROUND, EVENT]


def event_classes(classes: Sequence[str]) -> list[str]:
    """The classes that are not background."""
    return [name for name in classes if name != BACKGROUND]


def indices(labels: pd.Series, classes: Sequence[str]) -> NDArray[np.int8]:
    """The class (n,) of each main label; int16 where there are more classes than int8 counts.

    Raises
    ------
    DataError
        A label is none of the classes: it holds the sign that joins labels.
    """
    if binary(classes):
        return (labels != BACKGROUND).to_numpy(np.int8)
    found = pd.Index(classes).get_indexer(labels)
    if (found < 0).any():
        raise DataError(
            f"the label {labels.to_numpy()[found < 0][0]!r} is no class: + joins the labels of a "
            "window that holds several; write another sign in the label files"
        )
    return found.astype(np.int8 if len(classes) <= np.iinfo(np.int8).max else np.int16)


def multi_hot(labels: pd.Series, classes: Sequence[str]) -> NDArray[np.int8]:
    """Targets (n, classes): 1 for every label of a window, several where calls overlap."""
    if binary(classes):
        event = (labels != BACKGROUND).to_numpy(np.int8)
        return np.stack([1 - event, event], axis=1)
    at = {name: number for number, name in enumerate(classes)}
    found = np.zeros((len(labels), len(classes)), np.int8)
    for row, joined in enumerate(labels):
        for name in joined.split("+"):
            found[row, at[name]] = 1
    return found
