"""A table of what sounds in each clip, without times: from ingest to evaluate and detect."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import project, tiny, worlds

from rarewave.experiments import recipes

RATE, POINTS, CLIPS = 8000, 6, 8
HERTZ = {"frog, small": 700.0, "bird": 2500.0}
# By the number of a clip at its point: two with nothing, one not in the table.
HEARD: tuple[tuple[str, ...] | None, ...] = (
    ("bird",), ("frog, small",), ("bird", "frog, small"), (), ("bird",), ("frog, small",), (), None,
)  # fmt: skip


def make(folder: Path) -> None:
    """Clips of two seconds, in a folder for each point, and the table."""
    time, lines = np.arange(2 * RATE) / RATE, ["file,sounds"]
    for point in range(POINTS):
        for number, heard in enumerate(HEARD):
            wave = 0.003 * np.random.default_rng([point, number]).standard_normal(len(time))
            for name in heard or ():
                wave += 0.2 * np.sin(2 * np.pi * HERTZ[name] * time)
            name = f"point{point}_{number}.wav"
            tiny.write(folder / f"audio/point{point}" / name, wave, RATE)
            if heard is not None:
                lines.append(f'{name},"{";".join(heard)}"')
    (folder / "what_sounds.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    when = "filename\tonset\toffset\tevent_label\n"
    when += "point5_0.wav\t0.0\t1.99\tbird\npoint5_3.wav\t\t\t\n"
    (folder / "when.tsv").write_text(when, encoding="utf-8")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, every stage run."""
    folder = tmp_path_factory.mktemp("tags") / "project"
    project.copy(folder)
    make(folder / "clips")
    changes = worlds.CHANGES["clips"] | {
        "ingest.data": "clips", "ingest.pattern": "audio/*/*.wav", "ingest.labels": "clips",
        "ingest.label_files": ["what_sounds.csv"], "ingest.label_separator": ";",
        "ingest.strong_files": ["when.tsv"],
        "ingest.group": "folder", "ingest.start_pattern": None, "ingest.name_pattern": None,
        "clean.target": "tags", "split.test_groups": ["audio/point5"],
        "split.validation_groups": ["audio/point4"], "train.epochs": 3, "train.width": 0.125,
        "pretrain.epochs": 0, "train.encoder_rate": 1.0, "train.imbalance": "none",
        "evaluate.resamples": 20, "gradcam.cases": 1, "eda.examples": 1,
    }  # fmt: skip
    recipes.use("species", changes, folder / "recipes", folder / "params.yaml")
    for name in project.STAGES:
        project.good(project.stage(folder, name))
    return folder


def test_what_nobody_listened_to_is_no_negative(done: Path) -> None:
    """Counted by ingest, and used by no stage; a clip with nothing in it is background."""
    said = json.loads((done / "metrics/ingest.json").read_text())
    assert said["unlabelled_recordings"] == POINTS
    assert said["events_per_type"] == {"bird": 3 * POINTS, "frog, small": 3 * POINTS}
    windows = pd.read_parquet(done / "artifacts/clean/windows.parquet")
    number = windows["recording_id"].str[-1].astype(int)
    assert set(windows["status"][number == 7]) == {"unlabelled"}
    used = windows[windows["status"] == "used"]
    for at, heard in enumerate(HEARD[:7]):
        lists = used["labels"][used["recording_id"].str.endswith(f"_{at}")]
        assert len(lists) and {tuple(k) for k in lists} == {tuple(sorted(heard or ["background"]))}


def test_windows_are_counted_for_each_of_their_tags(done: Path) -> None:
    """Not only for the first in the alphabet; the share with any stays one of windows."""
    said = json.loads((done / "metrics/clean.json").read_text())
    each = said["windows"]["used"] / 7
    assert said["labels"] == {"background": 2 * each, "bird": 3 * each, "frog, small": 3 * each}
    assert said["event_share"] == pytest.approx(5 / 7)
    table = pd.read_csv(done / "plots/clean/labels.csv").set_index("label")["windows"]
    assert table.to_dict() == said["labels"] | {"unlabelled": said["windows"]["unlabelled"]}


def test_events_are_scored_where_somebody_said_when(done: Path) -> None:
    """On the clip whose bird has times, and on two in which nothing sounds; not on the others."""
    said = json.loads((done / "metrics/ingest.json").read_text())
    assert said["strongly_labelled_recordings"] == 1 and said["found"]["recordings_with_times"] == 2
    found = json.loads((done / "metrics/detect.json").read_text())
    assert found["recordings"] == {"scored": 3, "without_times": 4}
    assert found["hours"] == pytest.approx(3 * 2 / 3600)
    assert not [w for w in found["warnings"] if w["key"] == "labels_without_times"]
    table = pd.read_csv(done / "artifacts/detect/table.csv").set_index(["detector", "label"])
    assert table.loc[("network", "bird"), "reference"] == 1
    assert table.loc[("network", "frog, small"), "reference"] == 0


def test_every_tag_is_scored_and_found(done: Path) -> None:
    """A threshold and scores each, through evaluate and detect, whatever signs are in a name."""
    thresholds = json.loads((done / "artifacts/threshold/threshold.json").read_text())
    assert set(thresholds["network"]) == set(HERTZ)
    found = json.loads((done / "metrics/evaluate.json").read_text())
    assert set(found["network"]["f1_per_class"]) == set(HERTZ)
    scores = pd.read_parquet(done / "artifacts/evaluate/scores.parquet")
    assert set(scores["recording_id"].str[:6]) == {"point5"} and len(scores) == 7 * 2
    assert set(pd.read_csv(done / "artifacts/detect/table.csv")["label"]) == set(HERTZ)
