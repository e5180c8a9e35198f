"""Recordings to cleaned waveforms and labelled windows, every recorded second accounted for."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.annotations import images_fit
from rarewave.base.errors import DataError
from rarewave.base.files import NpyRows, write_csv, write_json, write_npy
from rarewave.base.notices import listed as told
from rarewave.base.parallel import ordered_map
from rarewave.base.tables import (
    GAPS,
    WAVEFORMS,
    WINDOWS,
    write_table,
)
from rarewave.base.tasks import BACKGROUND, Task, task_of
from rarewave.dataset import cutting, notices, training_calls
from rarewave.dataset.labelling import Labelling
from rarewave.dataset.placement import Placement, grid_of
from rarewave.dataset.targets import Target, refuse_one_class
from rarewave.frontend import cleaning
from rarewave.frontend.cleaning import Cleaning
from rarewave.plots import charts
from rarewave.recordings import responses
from rarewave.splits.parts import Split
from stages.shared import artifacts, params
from stages.shared.run import run


def main() -> None:
    """Clean, cut, label and count."""
    signal, placement, labelling, target = params.options(
        "clean", Cleaning, Placement, Labelling, Target
    )
    (split,) = params.options("split", Split)
    listed = artifacts.recordings()
    events = artifacts.events(listed)
    ingest = params.read_section("ingest")
    block_s, parted = np.inf, (listed, events)
    if ingest["group"] == "block":
        refuse_whole(split)
        block_s = ingest["block_s"]
        parted = training_calls.in_blocks(listed, events, block_s)
    sizes = training_calls.sizes(parted[1], parted[0], split, placement)
    grid = grid_of(placement, sizes["longest_s"] or 0.0, signal.sample_rate_hz)
    cutting.refuse_sizes(listed, signal, grid)
    folder = Path(ingest["data"])
    known = None if signal.response is None else responses.load(folder / signal.response)
    if known is not None:  # the front end is told by what the file says, not by its name
        signal = dataclasses.replace(signal, response=known.digest)
    pictures = images_fit.about(folder, listed["path"])
    rules = placement, labelling, block_s, known, target.target == "tags"
    column = pictures.get("picture_rows", 1)  # samples
    settings = cutting.Settings(folder, events, signal, grid, *rules, column)
    rows = listed.to_dict("records")
    tables, lengths, gaps, silent_s = [], [], [], 0.0
    with NpyRows(artifacts.X_CLEAN, (), np.float32) as X_clean:
        cleaned = ordered_map(partial(cutting.cleaned, settings=settings), rows, "clean")
        for row, whole in zip(rows, cleaned, strict=True):
            before = X_clean.count
            missing, silent = cutting.append(X_clean, row, whole, settings)
            silent_s += silent / row["sample_rate"]
            lengths.append(X_clean.count - before)
            tables.append(cutting.windows_of(row, lengths[-1], missing, settings))
            runs = pd.DataFrame(missing, columns=["start", "stop"])
            gaps.append(runs.assign(recording_id=row["recording_id"]))
        table = pd.concat(tables, ignore_index=True)
        used = table["status"] == "used"
        table["row"] = np.where(used, np.cumsum(used) - 1, -1)
        if ingest["labels"] != "none":
            refuse_one_class(table, events, target)  # here, where nothing is written yet
    # Without labels nothing says yet what there is to tell apart. A class whose windows are all
    # left out, for gaps, is still one: the recordings are scored on the grid, and hold it.
    named = table["labels"][used | (table["label"] != BACKGROUND)]
    task = task_of("event" if not used.any() else target.target, named)
    write_npy(artifacts.Y_ALL, task.index(table["label"][used]))
    write_table(artifacts.WINDOWS_TABLE, table, WINDOWS)
    write_table(artifacts.GAPS, pd.concat(gaps), GAPS)
    where = {"recording_id": listed["recording_id"], "count": lengths}
    first = np.cumsum(lengths) - lengths
    write_table(artifacts.WAVEFORMS, pd.DataFrame(where | {"first": first}), WAVEFORMS)
    made: dict[str, Any] = {"clean": cleaning.described(signal), "grid": dataclasses.asdict(grid)}
    made |= {"task": task.to_dict(), "sizes": sizes, "placement": placement.placement}
    made["labelling"] = dataclasses.asdict(labelling)
    write_json(artifacts.CLEAN_ABOUT, made | pictures)
    calls = training_calls.durations(training_calls.named(parted[1], parted[0], split))
    off = notices.one_long_event(calls, placement, signal.sample_rate_hz)
    quiet = {} if signal.silence_db is None else {"silent_s": silent_s}
    report(table, listed, placement, signal.sample_rate_hz, task, quiet | told(off))


def refuse_whole(split: Split) -> None:
    """Raise `DataError` where whole recordings are to be the test part of groups of blocks."""
    if split.test_recordings:
        raise DataError(
            "ingest.group is block, and split.test_recordings names whole recordings: name blocks "
            "with split.test_groups, as [long/0004]"
        )


def report(
    table: pd.DataFrame,
    listed: pd.DataFrame,
    placement: Placement,
    rate: float,
    task: Task,
    more: dict[str, Any],
) -> None:
    """Seconds of every status, windows of every label, as metrics and as a picture.

    Of tags a window counts for each that it holds. `more` stands beside them in the metrics.
    """
    recorded, seconds = cutting.accounted(table, listed, placement, rate)
    if placement.placement == "grid":
        print(cutting.last_pieces(table))
    tags = task.kind == "tags"
    held = table.assign(label=table["labels"]).explode("label") if tags else table
    label = held["label"][held["status"] == "used"]
    events = (table["label"] != BACKGROUND)[table["status"] == "used"]
    content = {
        "recorded_s": recorded,
        "seconds": seconds,
        "windows": table["status"].value_counts().to_dict(),
        "labels": label.value_counts().to_dict(),
        "event_share": float(events.mean()) if len(events) else 0.0,
        "window_s": float(table["duration_s"].iloc[0]),
    }
    write_json(artifacts.metrics("clean"), content | more)
    statuses = held["status"]
    if held["label"].isin(statuses).any():  # a class may be called as a status is
        statuses = "(" + statuses + ")"
    shown = held["label"].where(held["status"] == "used", statuses)
    counts = pd.crosstab(held["recording_id"].to_numpy(), shown.to_numpy())
    per_label = [{"label": str(k), "windows": int(v)} for k, v in counts.sum().items()]
    write_csv(artifacts.plots("clean") / "labels.csv", per_label)
    path = artifacts.plots("clean") / "labels.png"
    groups = listed.set_index("recording_id")["group"]
    aside = list(statuses[held["status"] != "used"].unique())
    title = "Windows per recording" + (", once for each of its tags" if tags else "")
    charts.stacked_bars(path, counts, title, "windows", BACKGROUND, aside, groups=groups)


if __name__ == "__main__":
    run("clean", main)
