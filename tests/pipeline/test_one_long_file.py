"""One long recording, whose stretches are groups, from labels to scored events."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from support import project

from rarewave.annotations import reading
from rarewave.annotations.formats import raven
from rarewave.experiments import recipes
from rarewave.simulation import underwater_calls

pytestmark = pytest.mark.slow  # a pipeline of its own, which takes minutes

BLOCK_S = 30.0
SETTINGS: dict[str, object] = {
    **project.CALLS,
    "ingest.group": "block",
    "ingest.block_s": BLOCK_S,
    "ingest.start_pattern": None,
    "clean.placement": "grid",
    "clean.window_samples": 4096,
    "clean.hop_samples": 2048,
    "spectrogram.band": "given",
    "split.test_groups": ["long/000[45]"],
    "split.validation_groups": ["long/0002"],
    "split.purge_s": 1,
    "train.epochs": 2,
    "train.width": 0.125,
    "evaluate.resamples": 20,
    "gradcam.cases": 2,
    "recover.count": 6,
    "eda.examples": 1,
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated calls one after the other in a single file, all stages run."""
    folder = tmp_path_factory.mktemp("long") / "project"
    project.copy(folder)
    parts = folder / "parts"
    underwater_calls.make_calls(parts, recordings=9)
    samples, tables, at = [], [], 0.0
    for path in sorted((parts / "recordings").glob("*.wav")):
        label = parts / f"labels/{path.stem}.Table.1.selections.txt"
        if not label.exists():
            continue
        sound, rate = soundfile.read(path)
        table = reading.read(label)
        tables.append(table.assign(onset_s=table["onset_s"] + at, offset_s=table["offset_s"] + at))
        samples.append(sound)
        at += len(sound) / rate
    for name in ("recordings", "labels"):
        (folder / "samples/calls" / name).mkdir(parents=True)
    soundfile.write(folder / "samples/calls/recordings/long.wav", np.concatenate(samples), rate)
    out = folder / "samples/calls/labels/long.Table.1.selections.txt"
    raven.write(out, pd.concat(tables, ignore_index=True).assign(file=""))
    recipes.use("calls", SETTINGS, folder / "recipes", folder / "params.yaml")
    for name in project.STAGES:
        project.good(project.stage(folder, name))
    return folder


def test_parts_are_stretches_that_keep_their_distance(done: Path) -> None:
    """Groups are whole stretches; parts are a second apart, though all is one file."""
    windows = pd.read_parquet(done / "artifacts/clean/windows.parquet")
    split = pd.read_parquet(done / "artifacts/split/split.parquet").merge(windows, on="window_id")
    number = (split["start_s"] // BLOCK_S).astype(int)
    assert (split["group"] == number.map("long/{:04d}".format)).all()
    assert split[split["part"] != "purged"].groupby("group")["part"].nunique().max() == 1
    test, train = (split[split["part"] == part] for part in ("test", "train"))
    assert set(test["group"]) == {"long/0004", "long/0005"}
    for window in test.to_dict("records"):
        apart = (train["start_s"] - window["start_s"]).abs() - window["duration_s"]
        assert apart.min() >= 1 - 1e-6


def test_events_are_scored_in_the_stretches_of_the_test_part(done: Path) -> None:
    """Hours, truth and detections are those of the test part."""
    metrics = json.loads((done / "metrics/detect.json").read_text())
    table = pd.read_csv(done / "artifacts/detect/table.csv")
    events = pd.read_parquet(done / "artifacts/ingest/events.parquet")
    assert 1.5 * BLOCK_S < metrics["hours"] * 3600 <= 2 * BLOCK_S + 1
    middle = (events["onset_s"] + events["offset_s"]) / 2
    inside = ((middle >= 4 * BLOCK_S) & (middle < 6 * BLOCK_S)).sum()
    reference = table[table["detector"] == "network"]["reference"].sum()
    assert inside > 3 and abs(reference - inside) <= 2  # those at the edges may lie in both
    found = pd.read_parquet(done / "artifacts/detect/events.parquet")
    assert ((found["offset_s"] > 4 * BLOCK_S) & (found["onset_s"] < 6 * BLOCK_S + 2)).all()
