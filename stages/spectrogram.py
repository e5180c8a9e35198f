"""Cleaned recordings to a spectrogram for each used window."""

import dataclasses
from functools import partial
from pathlib import Path

import numpy as np

from rarewave.base.classes import UNLABELLED
from rarewave.base.errors import DataError
from rarewave.base.files import NpyRows, read_json, write_json
from rarewave.base.tables import WAVEFORMS, WINDOWS, read_table
from rarewave.frontend import transform
from rarewave.frontend.spectrogram import Band, Spectrogram, crop
from rarewave.frontend.transform import FrontEnd
from stages import common

OUT = Path("artifacts/spectrogram")


def main() -> None:
    """Transform used and unlabelled windows, recording by recording, a chunk at a time."""
    options, band = common.options("spectrogram", Spectrogram, Band)
    made = read_json(Path("artifacts/clean/frontend.json"))
    if band.band == "labels":
        options = crop(options, made["sizes"], made["clean"]["sample_rate_hz"])
    front_end = FrontEnd.from_dict(made | {"spectrogram": dataclasses.asdict(options)})
    X_clean = np.load("artifacts/clean/X_clean.npy", mmap_mode="r")
    waveforms = read_table(Path("artifacts/clean/waveforms.parquet"), WAVEFORMS)
    table = read_table(Path("artifacts/clean/windows.parquet"), WINDOWS)
    tables = dict(list(table.groupby("recording_id")))

    low, high, total, clipped = np.inf, -np.inf, 0.0, 0
    with (
        NpyRows(OUT / "X_spec.npy", front_end.shape, np.float32) as rows,
        NpyRows(OUT / "X_unlabelled.npy", front_end.shape, np.float32) as unlabelled,
    ):
        for name, at, count in waveforms.itertuples(index=False, name=None):
            starts = tables[name]["start_s"].to_numpy() * front_end.clean.sample_rate_hz
            first = np.rint(starts).astype(np.int64)
            nobody_looked = (tables[name]["status"] == UNLABELLED).to_numpy()
            wanted = (tables[name]["row"] >= 0).to_numpy() | nobody_looked
            recorded = (tables[name]["status"] != "gap").to_numpy()
            read = partial(_slice, X_clean[at : at + count])
            choices = partial(_some, wanted), partial(_some, recorded)
            for _, X in transform.spectra(front_end, read, count, first, *choices):
                if not np.isfinite(X).all():
                    raise DataError(f"{name} gives a spectrogram that is not finite")
                if nobody_looked.any():
                    unlabelled.append(X)
                    continue
                rows.append(X)
                power = X[..., 0]
                low, high = min(low, float(power.min())), max(high, float(power.max()))
                total += float(power.sum(dtype=np.float64))
                clipped += int((power <= options.floor_db).sum())
    frequencies, frames, channels = front_end.shape
    size = rows.count * frequencies * frames
    write_json(OUT / "frontend.json", front_end.to_dict())
    write_json(
        Path("metrics/spectrogram.json"),
        {
            "windows": rows.count,
            "unlabelled": unlabelled.count,
            "frequencies": frequencies,
            "frames": frames,
            "channels": channels,
            "min_db": low,
            "mean_db": total / size,
            "max_db": high,
            "clipped_at_floor": clipped / size,
        },
    )


def _slice(samples: np.ndarray, start: int, stop: int) -> np.ndarray:
    return samples[start:stop]


def _some(flags: np.ndarray, rows: slice) -> np.ndarray:
    return flags[rows]


if __name__ == "__main__":
    common.run("spectrogram", main)
