"""Spectrograms, labels and where they come from in one file for any program."""

import json
from pathlib import Path

import numpy as np

from rarewave.base.classes import BACKGROUND, multi_hot
from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_json
from rarewave.base.tables import WINDOWS, read_table
from rarewave.dataset import archive
from rarewave.dataset.archive import Dataset
from rarewave.frontend.transform import FrontEnd
from stages import common

OUT = Path("artifacts/npz/lunar_spectrogram_dataset.npz")


def main() -> None:
    """Align, check and pack."""
    front_end = FrontEnd.from_dict(read_json(Path("artifacts/spectrogram/frontend.json")))
    windows = read_table(Path("artifacts/clean/windows.parquet"), WINDOWS)
    windows = windows[windows["row"] >= 0].sort_values("row")
    classes = read_json(Path("artifacts/clean/frontend.json"))["classes"]
    X = np.load("artifacts/spectrogram/X_spec.npy")
    y = np.load("artifacts/clean/y_all.npy")
    if not len(X) == len(y) == len(windows):
        raise DataError(
            f"{len(X)} spectrograms, {len(y)} labels and {len(windows)} used windows: run the "
            "stages clean and spectrogram again"
        )
    packed = Dataset(
        X_spec=X,
        y_all=y,
        targets=multi_hot(windows["labels"], classes),
        window_id=windows["window_id"].to_numpy("U"),
        recording=windows["recording_id"].to_numpy("U"),
        start=windows["start"].dt.tz_convert(None).to_numpy("datetime64[ns]"),
        start_s=windows["start_s"].to_numpy(),
        end_s=(windows["start_s"] + windows["duration_s"]).to_numpy(),
        band_hz=windows[["low_hz", "high_hz"]].to_numpy(),
        annotation=windows["event_id"].to_numpy("U"),
        group=windows["group"].to_numpy("U"),
        event_type=windows["label"].to_numpy("U"),
        classes=np.array(classes),
        frequency_hz=front_end.frequencies_hz,
        time_s=front_end.times_s,
        front_end=np.array(json.dumps(front_end.to_dict(), sort_keys=True)),
    )
    archive.save(OUT, packed)
    write_json(
        Path("metrics/npz.json"),
        {
            "windows": len(y),
            "events": int((windows["label"] != BACKGROUND).sum()),
            "megabytes": OUT.stat().st_size / 1e6,
        },
    )


if __name__ == "__main__":
    common.run("npz", main)
