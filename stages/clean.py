"""Recordings to cleaned windows with labels, every recorded second accounted for."""

import dataclasses
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.base import intervals
from rarewave.base.classes import BACKGROUND, indices
from rarewave.base.files import NpyRows, write_csv, write_json, write_npy
from rarewave.base.parallel import ordered_map
from rarewave.base.tables import EVENTS, RECORDINGS, WAVEFORMS, WINDOWS, read_table, write_table
from rarewave.baselines.trigger import Trigger
from rarewave.dataset import cutting, targets, training_calls
from rarewave.dataset.labelling import Labelling
from rarewave.dataset.placement import Placement, grid_of
from rarewave.dataset.targets import Target
from rarewave.frontend.cleaning import Cleaning
from rarewave.plots import charts
from rarewave.splits.parts import Split
from stages import common

OUT = Path("artifacts/clean")


def main() -> None:
    """Clean, cut, label and count."""
    options = common.options("clean", Cleaning, Placement, Labelling, Target, Trigger)
    signal, placement, labelling, target, trigger = options
    (split,) = common.options("split", Split)
    folder = Path(common.read_section("ingest")["data"])
    listed = read_table(Path("artifacts/ingest/recordings.parquet"), RECORDINGS)
    events = read_table(Path("artifacts/ingest/events.parquet"), EVENTS)
    sizes = training_calls.sizes(events, listed, split, placement)
    grid = grid_of(placement, sizes["longest_s"] or 0.0, signal.sample_rate_hz)
    settings = cutting.Settings(folder, events, signal, grid, placement, labelling, trigger)
    rows = listed.to_dict("records")
    work = partial(cutting.cleaned, settings=settings)
    tables, lengths = [], []
    with (
        NpyRows(OUT / "X_raw.npy", (grid.window_samples,), np.float32) as X_raw,
        NpyRows(OUT / "X_clean.npy", (), np.float32) as X_clean,
    ):
        for row, whole in zip(rows, ordered_map(work, rows, "clean"), strict=True):
            begin, runs = X_clean.count, []
            if whole is not None:
                X_clean.append(whole[0])
                runs.append(whole[1])
            else:
                for samples, gap in cutting.blocks(row, settings):
                    runs.append(intervals.gaps_of(gap, X_clean.count - begin))
                    X_clean.append(samples)
            count = X_clean.count - begin

            def read(
                start: int,
                stop: int,
                begin: int = begin,
                whole: tuple[np.ndarray, np.ndarray] | None = whole,
            ) -> np.ndarray:
                if whole is not None:
                    return whole[0][start:stop]
                return X_clean.read(begin + start, begin + stop)

            table = cutting.windows_of(row, read, count, np.concatenate(runs), settings)
            used = table[table["status"] == "used"]
            first = np.rint(used["start_s"] * signal.sample_rate_hz).to_numpy(np.int64)
            cutting.append_windows(X_raw, read, first, count)
            tables.append(table)
            lengths.append(count)
        table = pd.concat(tables, ignore_index=True)
        used = table["status"] == "used"
        table["row"] = np.where(used, np.cumsum(used) - 1, -1)
        targets.refuse_one_class(table, events, target)  # here, where nothing is written yet
    classes = targets.classes_of(table, target)
    y = indices(table["label"][used], classes)

    recorded = float((listed["n_samples"] / listed["sample_rate"]).sum())
    seconds = table.groupby("status")["new_s"].sum().to_dict()
    if placement.placement == "calls":
        seconds["not drawn"] = recorded - sum(seconds.values())
    if abs(sum(seconds.values()) - recorded) > len(listed) / signal.sample_rate_hz:
        raise AssertionError(f"{recorded} s recorded, {seconds} accounted for")
    write_npy(OUT / "y_all.npy", y)
    write_table(OUT / "windows.parquet", table, WINDOWS)
    where = {"recording_id": listed["recording_id"], "count": lengths}
    where["first"] = np.cumsum(lengths) - lengths
    write_table(OUT / "waveforms.parquet", pd.DataFrame(where), WAVEFORMS)
    write_json(
        OUT / "frontend.json",
        {
            "clean": dataclasses.asdict(signal),
            "grid": dataclasses.asdict(grid),
            "classes": classes,
            "sizes": sizes,
        },
    )
    write_json(
        Path("metrics/clean.json"),
        {
            "recorded_s": recorded,
            "seconds": seconds,
            "windows": table["status"].value_counts().to_dict(),
            "labels": table["label"][used].value_counts().to_dict(),
            "event_share": float((table["label"][used] != BACKGROUND).mean()),
            "window_s": grid.window_samples / signal.sample_rate_hz,
        },
    )
    draw(table)


def draw(table: pd.DataFrame) -> None:
    """Label distribution per type and recording."""
    shown = table["label"].where(table["status"] == "used", table["status"])
    counts = pd.crosstab(table["recording_id"], shown)
    per_label = [{"label": str(k), "windows": int(v)} for k, v in counts.sum().items()]
    write_csv(Path("plots/clean/labels.csv"), per_label)
    charts.stacked_bars(
        Path("plots/clean/labels.png"),
        counts,
        "Windows per recording",
        "windows",
        first=BACKGROUND,
    )


if __name__ == "__main__":
    common.run("clean", main)
