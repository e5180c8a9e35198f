"""Cleaned recordings to a spectrogram for each used window."""

import dataclasses
from functools import partial

import numpy as np

from rarewave.annotations import images_fit
from rarewave.base.errors import DataError
from rarewave.base.files import NpyRows, write_json
from rarewave.base.notices import listed
from rarewave.base.tasks import UNLABELLED
from rarewave.frontend import notices, transform
from rarewave.frontend.level import level_db
from rarewave.frontend.spectrogram import Band, Levels, Spectrogram, crop
from rarewave.frontend.transform import FrontEnd
from stages.shared import artifacts, params
from stages.shared.run import run


def main() -> None:
    """Transform used and unlabelled windows, recording by recording, a chunk at a time."""
    options, band = params.options("spectrogram", Spectrogram, Band)
    made = artifacts.about_clean("sizes")
    if band.band == "labels":
        options = crop(options, made["sizes"], made["clean"]["sample_rate_hz"])
    front_end = FrontEnd.from_dict(made | {"spectrogram": dataclasses.asdict(options)})
    windows = artifacts.windows()
    images_fit.refuse_rows("what is cleaned", made.get("picture_rows"), options)
    X_clean, waveforms = artifacts.cleaned(windows, every=True)
    tables = dict(list(windows.groupby("recording_id")))
    in_band = np.ones(1, bool) if options.scale in ("mfcc", "waveform") else front_end.in_band
    levels = Levels(options.floor_db, in_band)
    any_label = bool((windows["row"] >= 0).any())
    with (
        NpyRows(artifacts.X_SPEC, front_end.shape, np.float32) as rows,
        NpyRows(artifacts.X_UNLABELLED, front_end.shape, np.float32) as unlabelled,
    ):
        for name, at, count in waveforms.itertuples(index=False, name=None):
            starts = tables[name]["start_s"].to_numpy() * front_end.clean.sample_rate_hz
            nobody_looked = (tables[name]["status"] == UNLABELLED).to_numpy()
            wanted = (tables[name]["row"] >= 0).to_numpy() | nobody_looked
            recorded = (tables[name]["status"] != "gap").to_numpy()
            for _, X in transform.spectra(
                front_end,
                partial(_slice, X_clean[at : at + count]),
                count,
                np.rint(starts).astype(np.int64),
                partial(_some, wanted),
                partial(_some, recorded),
            ):
                if not np.isfinite(X).all():
                    raise DataError(f"{name} gives a spectrogram that is not finite")
                (unlabelled if nobody_looked.any() else rows).append(X)
                if not (nobody_looked.any() and any_label):
                    levels.add(level_db(X, options))
        levels.refuse_black()  # here, where nothing is written yet
    frequencies, frames, channels = front_end.shape
    write_json(artifacts.FRONT_END, front_end.to_dict())
    counts = {"windows": rows.count, "unlabelled": unlabelled.count}
    shape = {"frequencies": frequencies, "frames": frames, "channels": channels}
    found = levels.found()
    off = listed(notices.of_levels(found, options.floor_db, options.has_frequencies))
    write_json(artifacts.metrics("spectrogram"), counts | shape | found | off)


def _slice(samples: np.ndarray, start: int, stop: int) -> np.ndarray:
    return samples[start:stop]


def _some(flags: np.ndarray, rows: slice) -> np.ndarray:
    return flags[rows]


if __name__ == "__main__":
    run("spectrogram", main)
