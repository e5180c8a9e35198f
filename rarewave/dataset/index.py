"""The data set as the stages use it: spectrograms on disk, and what is known of each."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.arrays import read_npy
from rarewave.base.errors import DataError
from rarewave.base.files import read_json
from rarewave.base.tables import INDEX, read_table
from rarewave.base.tasks import Task
from rarewave.frontend.level import level_db
from rarewave.frontend.spectrogram import Spectrogram
from rarewave.frontend.transform import FrontEnd


@dataclass(frozen=True)
class Indexed:
    """Spectrograms, memory-mapped, and the table INDEX: row i of each belongs to one window."""

    X: NDArray[np.float32]  # (n, frequencies, frames, channels) dB
    table: pd.DataFrame
    task: Task
    front_end: FrontEnd

    @cached_property
    def y(self) -> NDArray[Any]:
        """The class that fills most of each window (n,); -1 where it is none of the tags."""
        return self.task.index(self.table["label"])

    @cached_property
    def truth(self) -> NDArray[np.int8]:
        """All that is true of each window (n, names)."""
        return self.task.truth(self.table["labels"])

    def counts(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Windows of each name (names,) among some rows."""
        return self.task.counts(self.y[rows], self.truth[rows])

    @property
    def window_id(self) -> NDArray[np.str_]:
        """Name of each window (n,)."""
        return self.table["window_id"].to_numpy("U")

    @property
    def labelled_at_once(self) -> NDArray[np.str_]:
        """What an annotator labels at once (n,): an event with all its windows, or a window."""
        event = self.table["event_id"]
        return event.where(event != "", self.table["window_id"]).to_numpy("U")


def content(spectrogram: NDArray[np.float32], options: Spectrogram) -> str:
    """A digest of one spectrogram; empty for digital silence, which is the same everywhere."""
    silent = spectrogram.min() == spectrogram.max()
    if options.scale == "mfcc":  # the first coefficient of silence is the floor, the others are 0
        silent = level_db(spectrogram[None], options).max() <= options.floor_db
    if silent:
        return ""
    return hashlib.sha256(np.ascontiguousarray(spectrogram).tobytes()).hexdigest()


def load(X_path: Path, table_path: Path, about_path: Path) -> Indexed:
    """Open the spectrograms, the table INDEX, and the JSON of task and front end.

    Raises
    ------
    DataError
        A file is missing or broken, or they do not belong together.
    """
    about = read_json(about_path, "task", "front_end")
    try:
        task, front_end = Task.from_dict(about["task"]), FrontEnd.from_dict(about["front_end"])
    except DataError as error:
        raise DataError(f"{about_path}: {error}: run the stage npz") from None
    X = read_npy(X_path, dimensions=4)
    table = read_table(table_path, INDEX)
    if X.shape != (len(table), *front_end.shape) or (table["row"] != np.arange(len(table))).any():
        raise DataError(f"{table_path} is of other spectrograms than {X_path}: run the stage npz")
    return Indexed(X, table, task, front_end)
