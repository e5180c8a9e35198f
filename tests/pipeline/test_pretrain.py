"""The stage pretrain as a user drives it: what it learns from, leaves out, refuses and repeats."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import project, tasks

from rarewave.base.errors import DataError
from rarewave.base.tasks import UNLABELLED
from rarewave.experiments import recipes
from rarewave.frontend import transform
from rarewave.frontend.spectrogram import spectrograms
from rarewave.frontend.transform import FrontEnd
from rarewave.networks import backend, kerasfile, registry
from rarewave.networks.backend import keras
from stages.shared import artifacts

backend.start(2)

NOBODY_LOOKED = "ice_20240302_020000"
CHANGES = project.CALLS | {
    "train.epochs": 1,
    "train.network": "acoustic_cnn",
    "train.width": 0.0625,
    "pretrain.batch_size": 64,
    "views.time_shift.s": 0.1,
    "views.time_mask.s": 0.2,
}
OUTPUTS = (
    "artifacts/pretrain/encoder.keras",
    "artifacts/pretrain/encoder.json",
    "metrics/pretrain.json",
    "plots/pretrain/history.csv",
    "plots/pretrain/history.png",
    "plots/pretrain/views.png",
)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of nine recordings, one of them without labels, run as far as the split."""
    stages = ("ingest", "clean", "spectrogram", "npz", "split")
    return project.calls(tmp_path_factory.mktemp("pretrain") / "project", CHANGES, stages)


@pytest.fixture
def ready(split: Path, tmp_path: Path) -> Callable[..., Path]:
    """A maker of copies of it with some parameters changed."""

    def make(name: str = "copy", **changes: object) -> Path:
        shutil.copytree(split, tmp_path / name)
        folder = tmp_path / name
        recipes.use("calls", CHANGES | changes, folder / "recipes", folder / "params.yaml")
        return folder

    return make


def metrics(folder: Path) -> dict[str, float]:
    """What the stage measured."""
    return json.loads((folder / "metrics/pretrain.json").read_text())


def windows_of(folder: Path) -> pd.DataFrame:
    """All windows."""
    return pd.read_parquet(folder / "artifacts/clean/windows.parquet")


def training_windows(folder: Path) -> int:
    """Of the split."""
    return int((pd.read_parquet(folder / "artifacts/split/split.parquet")["part"] == "train").sum())


def test_windows_of_unlabelled_recordings_are_half_a_window_apart(split: Path) -> None:
    """Whatever the hop of a scan; their spectrograms lie in the order of the table."""
    table = windows_of(split)
    mine = table[table["status"] == UNLABELLED]
    assert set(mine["recording_id"]) == {NOBODY_LOOKED}
    made = json.loads((split / "artifacts/spectrogram/frontend.json").read_text())
    front_end = FrontEnd.from_dict(made)
    length, rate = front_end.grid.window_samples, front_end.clean.sample_rate_hz
    first = np.rint(mine["start_s"].to_numpy() * rate).astype(int)
    assert set(np.diff(first)[:-1]) == {length // 2}
    where = pd.read_parquet(split / "artifacts/clean/waveforms.parquet").set_index("recording_id")
    at, count = where.loc[NOBODY_LOOKED, ["first", "count"]]
    assert first[-1] + length >= count
    samples = np.load(split / "artifacts/clean/X_clean.npy")[at : at + count]
    rows = [0, 7, len(first) // 2]
    cut = np.stack([samples[start : start + length] for start in first[rows]])
    found = np.load(split / "artifacts/spectrogram/X_unlabelled.npy")
    assert len(found) == len(mine)
    wanted = spectrograms(cut, rate, front_end.spectrogram)
    np.testing.assert_allclose(found[rows], wanted, atol=1e-3)
    counted = json.loads((split / "metrics/spectrogram.json").read_text())
    assert counted["unlabelled"] == len(mine)
    assert counted["windows"] == (table["row"] >= 0).sum()


def test_without_epochs_training_starts_where_it_did_before(ready: Callable[..., Path]) -> None:
    """The encoder has the weights that the seed gives; the run is not reported to MLflow."""
    folder = ready()
    said = project.good(project.stage(folder, "pretrain"))
    assert "epoch" not in said
    found = kerasfile.load(folder / "artifacts/pretrain/encoder.keras")
    keras.utils.set_random_seed(1)
    shape = found.input_shape[1:]
    whole = registry.build("acoustic_cnn", shape, tasks.of_outputs(3), slice(0, shape[1]), 0.0625)
    wanted = registry.encoder(whole)
    for a, b in zip(found.get_weights(), wanted.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert metrics(folder)["epoch"] == 0
    assert not (folder / "mlflow.db").exists()
    # Neither empty curves nor views that nothing learns from.
    for name in OUTPUTS:
        assert (folder / name).exists() is not name.endswith(".png")


def test_one_epoch_sees_training_and_unlabelled_windows(ready: Callable[..., Path]) -> None:
    """Counted; the encoder has moved, is whole again for training, and training starts from it."""
    folder = ready(**{"pretrain.epochs": 1, "train.frozen": 1.0})
    said = project.good(project.stage(folder, "pretrain"))
    assert "epoch 0 of 1: alignment" in said and "epoch 1 of 1: loss" in said
    found, table = metrics(folder), windows_of(folder)
    assert found["training_windows"] == training_windows(folder) > 0
    assert found["unlabelled_windows"] == (table["status"] == UNLABELLED).sum() > 0
    assert found["unlabelled_held_out"] == 0
    assert found["epoch"] == 1 and found["loss"] > 0
    history = pd.read_csv(folder / "plots/pretrain/history.csv")
    assert history["epoch"].tolist() == [0, 1]
    assert history["loss"].isna().tolist() == [True, False]
    assert history["knn_accuracy"].iloc[1] == pytest.approx(found["knn_accuracy"], rel=1e-5)
    encoder = kerasfile.load(folder / "artifacts/pretrain/encoder.keras")
    keras.utils.set_random_seed(1)
    shape = encoder.input_shape[1:]
    start = registry.encoder(
        registry.build("acoustic_cnn", shape, tasks.of_outputs(1), slice(0, shape[1]), 0.0625)
    )
    moved = [
        np.abs(a - b).max() for a, b in zip(encoder.get_weights(), start.get_weights(), strict=True)
    ]
    assert min(moved) > 0
    project.good(project.stage(folder, "train"))
    network = kerasfile.load(folder / artifacts.MODEL)
    for layer in encoder.layers:
        for a, b in zip(
            network.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(a, b)
    trained = json.loads((folder / "metrics/train.json").read_text())
    assert trained["labelled_windows"] == training_windows(folder)
    features = encoder.output_shape[1]
    head = 2 * features + features * 256 + 256 + 256 * 3 + 3
    assert trained["trained_weights"] == head < trained["weights"]


def test_unlabelled_recordings_of_a_test_group_are_left_out(ready: Callable[..., Path]) -> None:
    """Though none of their windows is in the split: the pattern names their group."""
    folder = ready(**{"split.test_groups": ["ice_*_0[289]*"], "pretrain.epochs": 1})
    project.good(project.stage(folder, "split"))
    project.good(project.stage(folder, "pretrain"))
    found = metrics(folder)
    assert found["unlabelled_windows"] == 0
    assert found["unlabelled_held_out"] == (windows_of(folder)["status"] == UNLABELLED).sum() > 0
    assert found["training_windows"] == training_windows(folder)


@pytest.mark.slow
def test_a_killed_pretraining_ends_in_the_same_bytes(ready: Callable[..., Path]) -> None:
    """After kill -9 in the midst: encoder, metrics, table and pictures, and no state is left."""
    how = {"pretrain.epochs": 2}
    whole, killed = ready("whole", **how), ready("killed", **how)
    project.good(project.stage(whole, "pretrain"))
    running = subprocess.Popen(
        [sys.executable, "-m", "stages.pretrain"],
        cwd=killed,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("epoch 1 of 2"):
            break
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    running.stdout.close()
    assert not (killed / OUTPUTS[0]).exists()
    assert len(list((killed / ".rarewave").glob("pretrain-*.npz"))) == 1
    project.good(project.stage(killed, "pretrain"))
    for name in OUTPUTS:
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert not list((killed / ".rarewave").glob("pretrain-*.npz"))


def test_half_precision_leaves_an_encoder_of_whole(ready: Callable[..., Path]) -> None:
    """What a GPU learnt in bfloat16 is kept for any machine; its weights have moved."""
    folder = ready(**{"pretrain.epochs": 1, "pretrain.precision": "mixed_bfloat16"})
    project.good(project.stage(folder, "pretrain"))
    encoder = kerasfile.load(folder / "artifacts/pretrain/encoder.keras")
    assert {layer.dtype_policy.name for layer in encoder.layers} == {"float32"}
    assert np.isfinite(np.concatenate([w.ravel() for w in encoder.get_weights()])).all()
    assert metrics(folder)["loss"] > 0


def test_views_may_change_samples(ready: Callable[..., Path]) -> None:
    """Noise on the waveforms of all windows; nothing else tells the views apart."""
    noise = {"noise.p": 1.0, "noise.snr_low_db": 0.0, "noise.snr_high_db": 10.0}
    still = {f"{n}.p": 0.0 for n in ("time_shift", "gain", "time_mask", "frequency_mask")}
    changes = {f"views.{name}": value for name, value in (noise | still).items()}
    folder = ready(**{"pretrain.epochs": 1}, **changes)
    project.good(project.stage(folder, "pretrain"))
    assert metrics(folder)["alignment"] > 1e-4
    assert metrics(folder)["unlabelled_windows"] > 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"pretrain.learning_rate": 1e11, "pretrain.warmup": 0.0},
            ["pretraining diverged in epoch 1", "lower pretrain.learning_rate"],
        ),
        ({"views.mixup.p": 0.5}, ["views.mixup mixes targets", "set its p to 0"]),
        (
            {f"views.{n}.p": 0.0 for n in ("time_shift", "gain", "time_mask", "frequency_mask")},
            ["the two views of a window would be equal", "views"],
        ),
    ],
    ids=["diverging", "mixup", "equal views"],
)
def test_what_cannot_work_ends_in_one_message(
    ready: Callable[..., Path], changes: dict[str, object], says: list[str]
) -> None:
    """Code 1, no traceback, no encoder and no metrics."""
    folder = ready(**{"pretrain.epochs": 1}, **changes)
    done = project.stage(folder, "pretrain")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    for part in ["pretrain: ", *says]:
        assert part in done.stderr
    assert not (folder / OUTPUTS[0]).exists() and not (folder / OUTPUTS[2]).exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("epochs: 0", "epochs: -1", "parameter pretrain.epochs is -1: it must be at least 0"),
        ("epochs: 0", "epoch: 0", "did you mean pretrain.epochs?"),
        ("precision: float32", "precision: float16", "parameter pretrain.precision is 'float16'"),
        ("temperature: 0.2", "temperature: 0", "parameter pretrain.temperature is 0"),
        ("gain: {p: 0.8", "gain: {p: 1.8", "parameter views.gain.p is 1.8"),
        ("gain: {p", "gian: {p", "did you mean views.gain?"),
        (
            "pitch: {p: 0.0, semitones",
            "pitch: {p: 0.0, semitons",
            "did you mean views.pitch.semitones?",
        ),
    ],
)
def test_wrong_parameters_get_the_usual_message(
    ready: Callable[..., Path], old: str, new: str, says: str
) -> None:
    """Named with their section, before anything is read or written."""
    folder = ready()
    text = (folder / "params.yaml").read_text()
    before, after = text.split("pretrain:", 1)
    assert f"  {old}" in after
    (folder / "params.yaml").write_text(before + "pretrain:" + after.replace(old, new, 1))
    done = project.stage(folder, "pretrain")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert says in done.stderr, done.stderr
    assert not (folder / OUTPUTS[0]).exists()


def test_samples_of_windows_with_context_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_front_end: FrontEnd
) -> None:
    """The network sees more than the window; the message names both ways out."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "artifacts/spectrogram").mkdir(parents=True)
    np.save(tmp_path / "artifacts/spectrogram/X_unlabelled.npy", np.zeros((0, 1), np.float32))
    wide = dataclasses.replace(
        small_front_end, grid=dataclasses.replace(small_front_end.grid, context_samples=64)
    )
    with pytest.raises(DataError, match=r"views\.noise, .*set clean\.context_samples"):
        transform.refuse_context(wide, "views")


def test_an_encoder_of_another_network_is_refused_by_train(ready: Callable[..., Path]) -> None:
    """As when stages are run by hand and train.network was changed since: one message."""
    folder = ready()
    project.good(project.stage(folder, "pretrain"))
    changes = CHANGES | {"train.network": "call_cnn"}
    recipes.use("calls", changes, folder / "recipes", folder / "params.yaml")
    done = project.stage(folder, "train")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "pretrain" in done.stderr
