"""Cleaned windows to spectrograms."""

import dataclasses
from pathlib import Path

import numpy as np

from rarewave.errors import DataError
from rarewave.files import NpyRows, read_json, write_json
from rarewave.frontend import FrontEnd
from rarewave.spectrogram import Spectrogram, spectrograms
from stages import common

OUT = Path("artifacts/spectrogram")
CHUNK = 512


def main() -> None:
    """Transform the windows a chunk at a time."""
    (options,) = common.options("spectrogram", Spectrogram)
    made = read_json(Path("artifacts/clean/frontend.json"))
    made["spectrogram"] = dataclasses.asdict(options)
    front_end = FrontEnd.from_dict(made)
    X_raw = np.load("artifacts/clean/X_raw.npy", mmap_mode="r")
    rate = front_end.clean.sample_rate_hz
    shape = (len(front_end.frequencies_hz), len(front_end.times_s), 1)
    low, total, clipped = np.inf, 0.0, 0
    high = -np.inf
    with NpyRows(OUT / "X_spec.npy", shape, np.float32) as rows:
        for at in range(0, len(X_raw), CHUNK):
            X = spectrograms(X_raw[at : at + CHUNK], rate, options)
            if not np.isfinite(X).all():
                raise DataError(f"window {at} or one of the next {CHUNK} gives no finite power")
            rows.append(X)
            low, high = min(low, float(X.min())), max(high, float(X.max()))
            total += float(X.sum(dtype=np.float64))
            clipped += int((X <= options.floor_db).sum())
    size = len(X_raw) * np.prod(shape)
    write_json(OUT / "frontend.json", front_end.to_dict())
    write_json(
        Path("metrics/spectrogram.json"),
        {
            "windows": len(X_raw),
            "frequencies": shape[0],
            "frames": shape[1],
            "min_db": low,
            "mean_db": total / size,
            "max_db": high,
            "clipped_at_floor": clipped / size,
        },
    )


if __name__ == "__main__":
    common.run("spectrogram", main)
