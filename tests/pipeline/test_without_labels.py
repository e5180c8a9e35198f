"""A folder that nobody has labelled, from `new` to the embedding, and back with labels."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import folders, project

from rarewave.base import yaml
from rarewave.experiments import recipes

BEFORE = ("ingest", "eda", "clean", "spectrogram", "npz", "split", "pretrain")
AFTER = ("train", "baselines", "scan", "threshold", "evaluate", "gradcam", "detect")
RECORDINGS, SECONDS = 5, 10


def calls(number: int) -> list[folders.Call]:
    """What sounds in a recording, which no file says."""
    return folders.calls(SECONDS, number, ("low", "high"), 2.5)


def heard(table: pd.DataFrame) -> set[str]:
    """The calls in windows of recordings r0.wav and so on."""
    return {
        label
        for row in table.itertuples()
        for onset, offset, label in calls(int(Path(row.path).stem[1:]))
        if onset < row.end_s and offset > row.start_s
    }


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A project on such a folder, pretrained for an epoch, and what each stage said."""
    folder = tmp_path_factory.mktemp("unlabelled") / "project"
    project.copy(folder)
    for number in range(RECORDINGS):
        wave = folders.sound(SECONDS, calls(number), number)
        folders.write(folder / f"data/r{number}.wav", wave)
    said = {"new": project.good(project.command(folder, "new", "mine", "data"))}
    recipes.use("mine", {"pretrain.epochs": 1}, folder / "recipes", folder / "params.yaml")
    for name in BEFORE:
        said[name] = project.good(project.stage(folder, name))
    return folder, said


def test_new_says_what_can_be_done(learnt: tuple[Path, dict[str, str]]) -> None:
    """Label, learn without labels, search; both tones are among the windows to label first."""
    folder, said = learnt
    assert "reports/mine/label_first.csv" in said["new"]
    for command in (
        "python -m rarewave new mine data --force",
        "dvc repro pretrain",
        "python -m rarewave detect MODEL data",
    ):
        assert command in said["new"]
    first = pd.read_csv(folder / "reports/mine/label_first.csv")
    assert heard(first) == {"low", "high"}
    assert first["above_db"].max() > 20 and first["kind"].nunique() > 2
    recipe = yaml.read(folder / "recipes/mine.yaml", "")
    assert recipe["ingest"]["labels"] == "none" and recipe["pretrain"]["epochs"] > 1
    report = (folder / "reports/mine.md").read_text()
    assert "clean.window_samples" in report and "To label first" not in report


def test_every_window_is_learnt_from_and_embedded(learnt: tuple[Path, dict[str, str]]) -> None:
    """None is used for training; features differ, and name the window that they are of."""
    folder, said = learnt
    windows = pd.read_parquet(folder / "artifacts/clean/windows.parquet")
    assert set(windows["status"]) == {"unlabelled"} and (windows["row"] == -1).all()
    assert len(np.load(folder / "artifacts/spectrogram/X_spec.npy")) == 0
    assert "nothing is labelled" in said["split"]
    found = json.loads((folder / "metrics/pretrain.json").read_text())
    assert found["unlabelled_windows"] == len(windows) and found["training_windows"] == 0
    assert np.isfinite(found["loss"]) and "knn_accuracy" not in found
    table = pd.read_parquet(folder / "artifacts/pretrain/embedding.parquet")
    assert table["window_id"].tolist() == windows["window_id"].tolist()
    assert (table["end_s"] <= SECONDS).all() and (table["end_s"] > table["start_s"]).all()
    features = table.filter(regex=r"^f\d").to_numpy()
    assert features.shape[1] == 128 and np.isfinite(features).all()
    assert features.std(axis=0).max() > 0
    levels = json.loads((folder / "metrics/spectrogram.json").read_text())
    assert levels["clipped_at_floor"] == pytest.approx(0.05, abs=0.03)


def test_the_embedding_says_what_to_label_first(learnt: tuple[Path, dict[str, str]]) -> None:
    """A table as that of new, and pictures."""
    folder, _ = learnt
    first = pd.read_csv(folder / "plots/pretrain/label_first.csv")
    assert list(first.columns) == ["path", "start_s", "end_s", "kind", "above_db"]
    assert heard(first) == {"low", "high"} and first["kind"].nunique() > 2
    for name in ("embedding", "label_first", "history", "views"):
        assert (folder / f"plots/pretrain/{name}.png").stat().st_size > 5000


@pytest.mark.parametrize("name", AFTER)
def test_what_needs_labels_says_so(learnt: tuple[Path, dict[str, str]], name: str) -> None:
    """One message with the way on, code 1, nothing written."""
    folder, _ = learnt
    done = project.stage(folder, name)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "nothing is labelled (ingest.labels: none)" in done.stderr
    assert "label_first.csv" in done.stderr and "new NAME data --force" in done.stderr
    assert not (folder / f"metrics/{name}.json").exists()


def test_the_summary_has_no_scores(learnt: tuple[Path, dict[str, str]]) -> None:
    """It says so, and what is off, instead of missing a table."""
    folder, _ = learnt
    said = project.good(project.command(folder, "summary"))
    assert "Nothing is labelled" in said and "make ui" in said


def test_a_split_may_hold_all_of_it_out(learnt: tuple[Path, dict[str, str]]) -> None:
    """Then there is nothing to learn from."""
    folder, _ = learnt
    before = (folder / "params.yaml").read_bytes()
    changes = {"split.test_groups": ["*"]}
    recipes.use("mine", changes, folder / "recipes", folder / "params.yaml")
    done = project.stage(folder, "pretrain")
    (folder / "params.yaml").write_bytes(before)
    assert done.returncode == 1 and "no window to pretrain on" in done.stderr


def test_labels_beside_the_recordings_bring_the_usual_recipe(
    learnt: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    """The same command with --force; `--labels none` would go without them."""
    folder, _ = learnt
    project.copy_recipes(tmp_path)
    (tmp_path / "data").symlink_to(folder / "data")
    for number in range(RECORDINGS):
        folders.audacity(folder / f"data/r{number}.txt", calls(number))
    try:
        project.good(project.command(tmp_path, "new", "mine", "data"))
        first = yaml.read(tmp_path / "recipes/mine.yaml", "")
        project.good(project.command(tmp_path, "new", "mine", "data", "--force", "--labels=none"))
    finally:
        for number in range(RECORDINGS):
            (folder / f"data/r{number}.txt").unlink()
    again = yaml.read(tmp_path / "recipes/mine.yaml", "")
    assert first["ingest"]["labels"] == "files" and "pretrain" not in first
    assert again["ingest"]["labels"] == "none" and again["pretrain"]["epochs"] > 1
