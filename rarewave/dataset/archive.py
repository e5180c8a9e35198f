"""The data set: one compressed `.npz` of spectrograms, labels and where they come from."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.arrays import read_npz
from rarewave.base.errors import DataError
from rarewave.base.files import write_npz
from rarewave.frontend.transform import FrontEnd


class Dataset(NamedTuple):
    """Aligned arrays: row i of each belongs to one window."""

    X_spec: NDArray[np.float32]  # (n, frequencies, frames, channels) dB; MFCC; (n, 1, samples, 1)
    y_all: NDArray[np.int8]  # (n,) index into `classes`, of the label that fills most
    targets: NDArray[np.int8]  # (n, classes) 1 for every label, several where calls overlap
    window_id: NDArray[np.str_]  # (n,)
    recording: NDArray[np.str_]  # (n,)
    start: NDArray[np.datetime64]  # (n,) UTC, NaT where unknown
    start_s: NDArray[np.float64]  # (n,) from the start of the recording
    end_s: NDArray[np.float64]  # (n,)
    band_hz: NDArray[np.float64]  # (n, 2) of the call, NaN where unknown
    annotation: NDArray[np.str_]  # (n,) the annotator's row, empty for background
    group: NDArray[np.str_]  # (n,)
    event_type: NDArray[np.str_]  # (n,) label of the event, or background
    classes: NDArray[np.str_]  # names, in the order of `y_all`
    frequency_hz: NDArray[np.float64]  # (frequencies,), NaN where rows are none
    time_s: NDArray[np.float64]  # (frames,) from the start of the window
    front_end: NDArray[np.str_]  # () the FrontEnd as JSON

    @property
    def labelled_at_once(self) -> NDArray[np.str_]:
        """What an annotator labels at once (n,): an event with all its windows, or a window."""
        return np.where(self.annotation == "", self.window_id, self.annotation)

    def made_by(self) -> FrontEnd:
        """The front end that made the spectrograms."""
        return FrontEnd.from_dict(json.loads(str(self.front_end)))


def save(path: Path, dataset: Dataset) -> None:
    """Write the data set, whole or not at all; the same content gives the same bytes."""
    rows = len(dataset.y_all)
    whole = ("classes", "frequency_hz", "time_s", "front_end")
    for name in (field for field in Dataset._fields if field not in whole):
        if len(getattr(dataset, name)) != rows:
            raise ValueError(f"{name} has {len(getattr(dataset, name))} rows, y_all {rows}")
    write_npz(path, dataset._asdict())


def load(path: Path) -> Dataset:
    """Read what `save` wrote.

    Raises
    ------
    DataError
        The file is missing, is no such data set, or holds a NaN.
    """
    dataset = Dataset(**read_npz(path, Dataset._fields, "is not a data set", "run the stage npz"))
    if not np.isfinite(dataset.X_spec).all():
        raise DataError(f"{path} holds NaN or infinite values: make it again with the stage npz")
    return dataset
