"""Recordings to cleaned windows with labels, every recorded second accounted for."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rarewave import baselines, cleaning, pictures, recordings, windows
from rarewave.baselines import Trigger
from rarewave.cleaning import Cleaning
from rarewave.errors import DataError
from rarewave.files import NpyRows, write_csv, write_json, write_npy
from rarewave.parallel import ordered_map
from rarewave.tables import (
    EVENTS,
    RECORDINGS,
    WAVEFORMS,
    WINDOWS,
    read_table,
    write_table,
)
from rarewave.windows import BACKGROUND, Grid, Labelling
from stages import common

OUT = Path("artifacts/clean")


class Pieces(NamedTuple):
    """One recording: all its windows, the samples of those that are used, and all samples."""

    table: pd.DataFrame
    used: np.ndarray
    clean: np.ndarray


def cut_recording(
    row: dict[str, Any],
    folder: Path,
    events: pd.DataFrame,
    signal: Cleaning,
    grid: Grid,
    labelling: Labelling,
    trigger: Trigger,
) -> Pieces:
    """Clean one recording, cut and label its windows."""
    path, name = folder / row["path"], row["recording_id"]
    (waveform,) = recordings.read_file(path, row["channel"])
    if recordings.digest(waveform.samples) != row["content"]:
        raise DataError(f"{path} changed since ingest read it: run dvc repro again")
    try:
        clean, gap = cleaning.clean(waveform.samples, waveform.sample_rate, signal)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    rate, length = signal.sample_rate_hz, grid.window_samples
    first = windows.starts(len(clean), grid)
    if not len(first):
        raise DataError(
            f"{path} is shorter than a window: {len(clean) / rate:.0f} s of {length / rate:.0f} s; "
            "take it out of the folder or lower clean.window_samples"
        )
    mine = events[events["recording_id"] == name]
    table = windows.label_windows(first, gap, mine, rate, grid, labelling)
    table["window_id"] = [f"{name}/{at:08d}" for at in first]
    table["recording_id"] = name
    table["start_s"] = first / rate
    table["duration_s"] = length / rate
    table["start"] = waveform.start + pd.to_timedelta(first / rate, unit="s").round("us")
    table["group"] = row["group"]
    table["new_s"] = windows.new_seconds(len(clean), first, grid, rate)
    table["level_db"] = baselines.level_db(clean, first, length)
    table["sta_lta"] = baselines.sta_lta(clean, first, length, rate, trigger)
    used = (table["status"] == "used").to_numpy()
    return Pieces(table, windows.cut(clean, first[used], length), clean)


def main() -> None:
    """Clean, cut, label and count."""
    signal, grid, labelling, trigger = common.options("clean", Cleaning, Grid, Labelling, Trigger)
    folder = Path(common.read_section("ingest")["data"])
    listed = read_table(Path("artifacts/ingest/recordings.parquet"), RECORDINGS)
    events = read_table(Path("artifacts/ingest/events.parquet"), EVENTS)
    work = partial(
        cut_recording,
        folder=folder,
        events=events,
        signal=signal,
        grid=grid,
        labelling=labelling,
        trigger=trigger,
    )
    tables, lengths = [], []
    with (
        NpyRows(OUT / "X_raw.npy", (grid.window_samples,), np.float32) as X_raw,
        NpyRows(OUT / "X_clean.npy", (), np.float32) as X_clean,
    ):
        for pieces in ordered_map(work, listed.to_dict("records"), "clean"):
            tables.append(pieces.table)
            lengths.append(len(pieces.clean))
            X_raw.append(pieces.used)
            X_clean.append(pieces.clean)
        table = pd.concat(tables, ignore_index=True)
        used = table["status"] == "used"
        table["row"] = np.where(used, np.cumsum(used) - 1, -1)
        y = (table["label"][used] != BACKGROUND).to_numpy(np.int8)
        refuse_one_class(y, events, len(listed))  # here, where nothing is written yet

    recorded = float((listed["n_samples"] / listed["sample_rate"]).sum())
    accounted = table.groupby("status")["new_s"].sum()
    if abs(accounted.sum() - recorded) > len(listed) / signal.sample_rate_hz:
        raise AssertionError(f"{recorded} s recorded, {accounted.sum()} s accounted for")
    write_npy(OUT / "y_all.npy", y)
    write_table(OUT / "windows.parquet", table, WINDOWS)
    where = {"recording_id": listed["recording_id"], "count": lengths}
    where["first"] = np.cumsum(lengths) - lengths
    write_table(OUT / "waveforms.parquet", pd.DataFrame(where), WAVEFORMS)
    write_json(
        OUT / "frontend.json",
        {"clean": dataclasses.asdict(signal), "grid": dataclasses.asdict(grid)},
    )
    write_json(
        Path("metrics/clean.json"),
        {
            "recorded_s": recorded,
            "seconds": accounted.to_dict(),
            "windows": table["status"].value_counts().to_dict(),
            "labels": table["label"][used].value_counts().to_dict(),
            "event_share": float(y.mean()),
        },
    )
    draw(table)


def refuse_one_class(y: np.ndarray, events: pd.DataFrame, n_recordings: int) -> None:
    """A detector needs both events and background."""
    if not (y == 1).any() and len(events) and not events["certain"].any():
        raise DataError(
            f"no event has an end: {events['event_id'].nunique()} onsets only make time uncertain; "
            "give the ends in a catalogue with event_id, start, end, type"
        )
    if not (y == 1).any():
        raise DataError(
            f"no event: none of the {len(y)} windows of {n_recordings} recordings is one; check "
            "that the catalogue's times fall into the recordings (artifacts/ingest/report.json)"
        )
    if not (y == 0).any():
        raise DataError(
            f"only events: all of the {len(y)} windows are events; add recordings of quiet time"
        )


def draw(table: pd.DataFrame) -> None:
    """Label distribution per type and recording."""
    shown = table["label"].where(table["status"] == "used", table["status"])
    counts = pd.crosstab(table["recording_id"], shown)
    per_label = [{"label": str(k), "windows": int(v)} for k, v in counts.sum().items()]
    write_csv(Path("plots/clean/labels.csv"), per_label)
    pictures.stacked_bars(
        Path("plots/clean/labels.png"),
        counts,
        "Windows per recording",
        "windows",
        first=BACKGROUND,
    )


if __name__ == "__main__":
    common.run("clean", main)
