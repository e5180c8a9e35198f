"""People who have only pictures: exported ones through every stage, beside the recordings."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import project

from rarewave.experiments import recipes
from rarewave.recordings import images, reading

pytestmark = pytest.mark.slow

SMALL: dict[str, object] = {
    "train.epochs": 2,
    "train.width": 0.125,
    "pretrain.epochs": 0,
    "evaluate.resamples": 20,
    "gradcam.cases": 1,
    "clean.background_ratio": 1.0,
    "clean.placement": "grid",
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project of recordings up to npz, and one of its windows as pictures."""
    first = tmp_path_factory.mktemp("waves") / "project"
    changes = SMALL | project.CALLS
    project.calls(first, changes, ("ingest", "clean", "spectrogram", "npz"))
    project.good(project.command(first, "export-images", "--out", first / "images"))
    about = json.loads((first / "images/images.json").read_text())
    rows = len(about["rows_from_the_bottom_hz"])
    one = first / "images" / about["images"][0]["file"]
    pixels = images.picture(one).columns * rows
    options: dict[str, object] = {
        "ingest.data": "pictures",
        "ingest.pattern": "*/*.png",
        "ingest.labels": "folders",
        "ingest.start_pattern": None,
        "clean.sample_rate_hz": rows / about["column_s"],
        "clean.low_hz": None,
        "clean.high_hz": None,
        "clean.context_samples": 0,
        "clean.window_samples": pixels,
        "clean.hop_samples": pixels,
        "spectrogram.scale": "picture",
        "spectrogram.n_fft": rows,
        "spectrogram.hop": rows,
        "spectrogram.floor_s": 0,
        "spectrogram.band": "given",
        "split.test_groups": ["ice_20240301_0[89]*"],
        "split.validation_groups": ["ice_20240301_0[67]*"],
        "split.purge_s": 0,
    }
    second = tmp_path_factory.mktemp("pictures") / "project"
    project.copy(second)
    shutil.move(first / "images", second / "pictures")
    params = second / "params.yaml"
    recipes.use("calls", SMALL | options, second / "recipes", params)
    return first, second


def test_the_network_is_given_the_same(both: tuple[Path, Path]) -> None:
    """Spectrograms to half a step of grey, labels, and groups of the recordings, not of windows."""
    _, second = both
    for name in ("ingest", "clean", "spectrogram", "npz", "split"):
        project.good(project.stage(second, name))
    about = json.loads((second / "pictures/images.json").read_text())
    ours, theirs = (pd.read_parquet(f / "artifacts/npz/index.parquet") for f in both)
    X, Y = (np.load(f / "artifacts/spectrogram/X_spec.npy") for f in both)
    assert len(theirs) == len(about["images"]) == len(ours)
    row_of = theirs.set_index("recording_id")["row"]
    for one, row in zip(about["images"], ours["row"], strict=True):
        name = Path(one["file"]).stem
        found = Y[row_of[name if name in row_of else one["file"].removesuffix(".png")]]
        assert np.abs(found - X[row]).max() <= about["largest_error"] + 1e-4
    assert sorted(ours["label"].str.replace(" ", "_")) == sorted(theirs["label"])
    assert set(theirs["group"]) <= {one["recording"] for one in about["images"]}
    parts = pd.read_parquet(second / "artifacts/split/split.parquet")
    parts = parts.merge(theirs[["window_id", "group"]], on="window_id")
    assert len(parts) and parts.groupby("group")["part"].nunique().eq(1).all()


def test_every_stage_and_detect_take_pictures(both: tuple[Path, Path], tmp_path: Path) -> None:
    """And sound is refused with a model of pictures."""
    first, second = both
    for name in project.STAGES:
        project.good(project.stage(second, name))
    package = second / "artifacts/detect/detector"
    found = json.loads((second / "metrics/evaluate.json").read_text())
    assert "network" in found and "forest" in found
    picture = next((second / "pictures").glob("*/*.png"))
    shutil.copy(second / "pictures/images.json", tmp_path)
    shutil.copy(picture, tmp_path)
    project.good(project.command(second, "detect", package, tmp_path, "--out", tmp_path / "out"))
    (row,) = pd.read_csv(tmp_path / "out/coverage.csv").to_dict("records")
    (header,) = reading.headers(picture, None, None)
    assert row["scored_s"] == pytest.approx(header.n_samples / header.sample_rate, abs=0.01)
    said = project.good(
        project.command(
            second, "explain", package, tmp_path / picture.name, "--out", tmp_path / "w"
        )
    )
    assert "a picture has no samples" in said and "stands out" not in said
    wave = next((first / "samples/calls").rglob("*.wav"))
    done = project.command(second, "detect", package, wave, "--out", tmp_path / "no")
    assert done.returncode and "is no picture, and spectrogram.scale is picture" in done.stderr
    assert not (tmp_path / "no").exists()
