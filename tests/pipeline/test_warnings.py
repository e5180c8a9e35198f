"""What is off with a recipe is said by the stages: on the terminal, in metrics and in MLflow."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from support import project, worlds

from rarewave.base.notices import of_metrics
from rarewave.experiments import recipes

# Each is off in one stage.
OFF: dict[str, object] = {
    "spectrogram.floor_db": -5,
    "baselines.lta_s": 600,
    "detect.smooth_s": 20,
    "train.epochs": 1,
    "train.width": 0.125,
    "evaluate.resamples": 20,
    "gradcam.cases": 1,
    "recover.count": 6,
    "eda.examples": 1,
}

COPIED = "20300101_000000"  # when it is said to be


def run(folder: Path, changes: dict[str, object], stages: Sequence[str]) -> dict[str, str]:
    """What each stage says over nine recordings with calls of one type."""
    project.copy(folder)
    worlds.make("one call", folder)
    recipes.use("calls", project.CALLS | changes, folder / "recipes", folder / "params.yaml")
    return {name: project.good(project.stage(folder, name)) for name in stages}


def keys(folder: Path, stage: str) -> set[str]:
    """What a stage has found off."""
    content = json.loads((folder / f"metrics/{stage}.json").read_text())
    assert isinstance(content["warnings"], list)
    return {notice.key for notice in of_metrics(content)}


@pytest.fixture(scope="module")
def off(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A project where much is off, and what its stages said."""
    folder = tmp_path_factory.mktemp("off") / "project"
    return folder, run(folder, OFF, project.STAGES)


def test_stages_find_what_is_off(off: tuple[Path, dict[str, str]]) -> None:
    folder, _ = off
    assert keys(folder, "ingest") == {"few_groups"}
    assert "clipped_at_floor" in keys(folder, "spectrogram")
    assert "long_average" in keys(folder, "baselines")
    assert "smoothing_longer_than_events" in keys(folder, "detect")
    for stage in ("clean", "split", "train", "threshold", "evaluate"):
        keys(folder, stage)


def test_what_is_off_is_said_on_the_terminal(off: tuple[Path, dict[str, str]]) -> None:
    folder, said = off
    for stage in project.STAGES:
        content = json.loads((folder / f"metrics/{stage}.json").read_text())
        lines = [f"warning: {notice.says}" for notice in of_metrics(content)]
        assert [k for k in said[stage].splitlines() if k.startswith("warning: ")] == lines


def test_what_is_off_is_a_tag_of_the_run(off: tuple[Path, dict[str, str]]) -> None:
    folder, _ = off
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    (experiment,) = client.search_experiments(filter_string="name = 'rarewave'")
    (found,) = client.search_runs([experiment.experiment_id])
    wanted = {
        f"warning.{notice.key}": notice.says
        for stage in project.STAGES
        for notice in of_metrics(json.loads((folder / f"metrics/{stage}.json").read_text()))
    }
    tags = {k: v for k, v in found.data.tags.items() if k.startswith("warning.")}
    assert tags == wanted and len(tags) >= 4


def test_the_recipe_for_the_sample_is_silent(tmp_path: Path) -> None:
    """But for its groups, which are few in a sample of nine recordings."""
    folder = tmp_path / "project"
    stages = project.STAGES[: project.STAGES.index("split") + 1]
    said = run(folder, {}, stages)
    assert keys(folder, "clean") == keys(folder, "spectrogram") == set()
    assert keys(folder, "split") <= {"few_training_examples"}
    assert "warning" not in said["clean"] + said["spectrogram"]
    assert json.loads((folder / "metrics/split.json").read_text())["near_duplicates"] == []
    copies_across_parts_are_named(folder, stages)


def copies_across_parts_are_named(folder: Path, stages: Sequence[str]) -> None:
    """A lossy, louder copy of a test recording, 37 samples shorter, that training gets."""
    calls = folder / "samples/calls"
    table = pd.read_parquet(folder / "artifacts/clean/windows.parquet")
    part = pd.read_parquet(folder / "artifacts/split/split.parquet").set_index("window_id")["part"]
    used = table[table["row"] >= 0]
    tested = used["recording_id"][used["window_id"].map(part).to_numpy() == "test"].iloc[0]
    (source,) = calls.rglob(f"{tested}.wav")
    samples, rate = soundfile.read(source, dtype="float32")
    louder = 0.9 * samples[37:] / np.abs(samples).max()
    coded = io.BytesIO()
    soundfile.write(coded, louder, rate, format="OGG")
    coded.seek(0)
    soundfile.write(source.with_name(f"{COPIED}.wav"), soundfile.read(coded)[0], rate)
    (labels,) = calls.rglob(f"{tested}.*.txt")
    (labels.parent / labels.name.replace(tested, COPIED)).write_text(
        labels.read_text().replace(tested, COPIED)
    )
    changes = {"split.test_groups": [tested], "split.validation_groups": []}
    recipes.use("calls", project.CALLS | changes, folder / "recipes", folder / "params.yaml")
    said = {name: project.good(project.stage(folder, name)) for name in stages}["split"]
    content = json.loads((folder / "metrics/split.json").read_text())
    (pair,) = content["near_duplicates"]
    assert {pair["recording"], pair["other"]} == {tested, COPIED}
    assert pair["part"] == "test" and pair["correlation"] > 0.8
    assert pair["other_at_s"] - pair["at_s"] == pytest.approx(-37 / rate, abs=0.02)
    assert content["audit"]["near_duplicates"] == 1
    assert "1 pair holds the same sound" in said and f"{tested} at" in said
