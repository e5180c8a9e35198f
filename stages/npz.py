"""Spectrograms, labels and where they come from: a table for the stages, one file for others."""

import json

import numpy as np
import pandas as pd

from rarewave.base.arrays import read_npy
from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_json
from rarewave.base.tables import INDEX, SPECTROGRAMS, write_table
from rarewave.base.tasks import BACKGROUND, Task
from rarewave.dataset import archive, index
from rarewave.dataset.archive import Dataset
from rarewave.frontend.level import level_db
from rarewave.frontend.transform import CHUNK, FrontEnd
from rarewave.measurement import pictures
from stages.shared import artifacts
from stages.shared.run import run


def main() -> None:
    """Align, check and pack."""
    front_end = FrontEnd.from_dict(read_json(artifacts.FRONT_END))
    options = front_end.spectrogram
    task = Task.from_dict(artifacts.about_clean()["task"])
    windows = artifacts.used_windows()
    X, y = read_npy(artifacts.X_SPEC, dimensions=4), read_npy(artifacts.Y_ALL, "iu", 1)
    if not len(X) == len(y) == len(windows):
        raise DataError(
            f"{len(X)} spectrograms, {len(y)} labels and {len(windows)} used windows: run the "
            "stages clean and spectrogram again"
        )
    if X.shape[1:] != front_end.shape or (y != task.index(windows["label"])).any():
        raise DataError(
            f"{artifacts.X_SPEC} or {artifacts.Y_ALL} is not of {artifacts.FRONT_END} and "
            f"{artifacts.WINDOWS_TABLE}: run the stages clean and spectrogram again"
        )
    packed = Dataset(
        X_spec=X,
        y_all=y,
        targets=task.truth(windows["labels"]),
        window_id=windows["window_id"].to_numpy("U"),
        recording=windows["recording_id"].to_numpy("U"),
        start=windows["start"].dt.tz_convert(None).to_numpy("datetime64[ns]"),
        start_s=windows["start_s"].to_numpy(),
        end_s=(windows["start_s"] + windows["duration_s"]).to_numpy(),
        band_hz=windows[["low_hz", "high_hz"]].to_numpy(),
        annotation=windows["event_id"].to_numpy("U"),
        group=windows["group"].to_numpy("U"),
        event_type=windows["label"].to_numpy("U"),
        classes=np.array(task.names),
        frequency_hz=front_end.frequencies_hz,
        time_s=front_end.times_s,
        front_end=np.array(json.dumps(front_end.to_dict(), sort_keys=True)),
    )
    archive.save(artifacts.DATASET, packed)
    known = windows.assign(
        content=[index.content(spectrum, options) for spectrum in X],
        level_db=[
            float(level_db(X[row : row + 1], options).mean(dtype=np.float64))
            for row in range(len(X))
        ],
    )
    write_table(artifacts.INDEX, known, INDEX)
    names = pictures.names_of(front_end)
    values = [pictures.of_windows(front_end, X[at : at + CHUNK]) for at in range(0, len(X), CHUNK)]
    measured = np.concatenate([np.zeros((0, len(names))), *values])
    schema = SPECTROGRAMS | dict.fromkeys(names, "float64")
    about_each = windows[["window_id", "row"]].join(pd.DataFrame(measured, columns=names))
    write_table(artifacts.STATISTICS, about_each, schema)
    about = {"task": task.to_dict(), "front_end": front_end.to_dict()}
    write_json(artifacts.DATASET_ABOUT, about)
    summary = {"windows": len(y), "events": int((windows["label"] != BACKGROUND).sum())}
    megabytes = artifacts.DATASET.stat().st_size / 1e6
    write_json(artifacts.metrics("npz"), summary | {"megabytes": megabytes})


if __name__ == "__main__":
    run("npz", main)
