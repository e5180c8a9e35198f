"""Every stage, and the commands for a packaged model, where rows are no frequencies."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import project, worlds

from rarewave.base.errors import DataError
from rarewave.base.files import read_json
from rarewave.experiments import recipes
from stages.shared import artifacts

pytestmark = pytest.mark.slow  # a pipeline of its own, which takes minutes

SAMPLES = 8000  # 1 s
FEWER = project.FAST | {
    "train.epochs": 1, "train.normalisation": "dataset", "train.width": 0.0625,
    "gradcam.layer": "relu3", "eda.examples": 2, "pretrain.epochs": 0,
    "augment.gain.p": 0.5, "augment.gain.db": 6.0, "augment.band_gain.p": 0.0,
    "augment.frequency_mask.p": 0.0,
}  # fmt: skip
OF = {
    "waveform": {"train.network": "conv_1d"},
    "mfcc": {
        "train.network": "cnn_lstm", "spectrogram.frame": 176, "spectrogram.hop": 92,
        "spectrogram.taper": "hamming", "spectrogram.pre_emphasis": 0.97,
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=["waveform", "mfcc"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of clips, all stages run, in a folder of the name of the scale."""
    folder = tmp_path_factory.mktemp("world") / request.param
    project.copy(folder)
    worlds.make("clips", folder)
    changes = worlds.CHANGES["clips"] | FEWER | OF[request.param]
    changes["spectrogram.scale"] = request.param
    recipes.use("species", changes, folder / "recipes", folder / "params.yaml")
    for name in project.STAGES:
        project.good(project.stage(folder, name))
    return folder


def clip(folder: Path) -> Path:
    return min(folder.glob("samples/species/*/*.flac"))


def test_every_stage_takes_windows_as_they_are(world: Path) -> None:
    """Samples in one row; coefficients; frequencies of neither; levels in dB all the same."""
    data = np.load(world / artifacts.DATASET, allow_pickle=False)
    frames = 1 + (SAMPLES - 176) // 92
    shape = (1, SAMPLES, 1) if world.name == "waveform" else (20, frames, 1)
    assert data["X_spec"].shape[1:] == shape
    assert data["frequency_hz"].shape == shape[:1] and np.isnan(data["frequency_hz"]).all()
    assert data["time_s"].shape == (shape[1],)
    index = pd.read_parquet(world / artifacts.INDEX)
    if world.name == "waveform":
        clean = np.load(world / artifacts.X_CLEAN)
        np.testing.assert_array_equal(data["X_spec"][0, 0, :, 0], clean[:SAMPLES])
        power = 10 * np.log10(np.mean(clean[:SAMPLES].astype(float) ** 2))
        assert index["level_db"][0] <= power + 1e-3  # the mean of dB, not of power
    assert index["level_db"].between(-100, 0, inclusive="neither").all()
    assert read_json(world / artifacts.metrics("spectrogram"))["min_db"] > -100


def test_the_forest_gets_rows_whatever_the_network_sees(world: Path) -> None:
    """Mean and deviation of 32 mel bands, and of 20 coefficients: no straw man of one row."""
    found = read_json(world / artifacts.metrics("baselines"))
    assert found["features"] == (64 if world.name == "waveform" else 40)
    table = pd.read_csv(world / "artifacts/evaluate/table.csv")
    assert {"network", "forest", "linear"} <= set(table["detector"])


def test_maps_have_seconds_and_no_frequencies(world: Path) -> None:
    for case in json.loads((world / artifacts.GRADCAM / "cases.json").read_text()):
        assert case["mean_hz"] is None and case["low_hz"] is None
        assert case["mean_s"] is None or 0 <= case["low_s"] <= case["high_s"] <= 1


def test_an_explanation_claims_no_frequencies_of_the_network(world: Path) -> None:
    """No band is occluded; the sound itself is measured in Hz; times of the map stay."""
    model, out = world / "artifacts/detect/detector", world / "explained"
    project.good(project.command(world, "explain", model, clip(world), "--out", out))
    (window, *_) = json.loads((out / "explanation.json").read_text())["windows"]
    assert window["bands"] == []
    if window["gradcam"]["mean_s"] is not None:
        assert window["gradcam"]["mean_hz"] is None and window["gradcam"]["high_s"] <= 1
    text = (out / "summary.md").read_text()
    assert "rows that the network sees are no frequencies: none can be occluded" in text
    assert list(out.glob("window_*.png"))


def test_detect_says_the_band_that_is_heard(world: Path) -> None:
    """Of events without a band of their own: that of all samples, and of the mel bands."""
    model, out = world / "artifacts/detect/detector", world / "found"
    project.good(project.command(world, "detect", model, clip(world), "--out", out))
    assert list(out.iterdir())


def test_other_networks_and_changes_are_refused(world: Path) -> None:
    """One message each: which network, which change, and what to set."""

    def refused(stage: str, changes: dict[str, object]) -> str:
        given = worlds.CHANGES["clips"] | FEWER | OF[world.name]
        given |= {"spectrogram.scale": world.name} | changes
        recipes.use("species", given, world / "recipes", world / "params.yaml")
        done = project.stage(world, stage)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        return done.stderr

    other = {"waveform": "cnn_lstm", "mfcc": "conv_1d"}[world.name]
    says = refused("pretrain", {"train.network": other})
    assert f"{other} takes spectrogram.scale" in says and f"it is {world.name}" in says
    says = refused("pretrain", {"train.normalisation": "unit"})
    assert "choose sample, dataset or both" in says
    says = refused("pretrain", {"pretrain.epochs": 1})
    assert "views.row_shift and views.frequency_mask" in says
    assert ("views.band_gain" in says) == (world.name == "waveform")
    says = refused("train", {"augment.frequency_mask.p": 0.5})
    assert f"scale is {world.name}: set p to 0" in says
    with pytest.raises(DataError, match=f"set it to 0 for scale {world.name}"):
        refused("spectrogram", {"spectrogram.floor_s": 2})
