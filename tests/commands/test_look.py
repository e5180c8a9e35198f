"""The command look, as a user runs it."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Command
from support import tiny

from rarewave.model.package import load
from rarewave.networks.backend import keras

pytestmark = pytest.mark.filterwarnings("ignore:Skipping variable loading")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a tiny network."""
    folder = tmp_path_factory.mktemp("model") / "detector"
    tiny.package(folder)
    return folder


@pytest.fixture
def run(command: Command) -> Command:
    """The command look in this process."""
    return partial(command, "look")


def test_a_model_alone_and_over_a_recording(tmp_path: Path, model: Path, run: Command) -> None:
    """Filters and what channels answer to; with a recording also feature maps and counts."""
    out = tmp_path / "out"
    wav = tiny.write(tmp_path / "x.wav", tiny.song(20.0))
    said = run(model, wav, "--out", out)
    found = json.loads((out / "look.json").read_text())
    sheets = [f"{kind}_conv1.png" for kind in ("filters", "maps", "maximised")]
    assert found["pictures"] == sheets and found["recording"] == "x.wav"
    assert {p.name for p in out.iterdir()} == {*sheets, "channels.csv", "look.json"}
    assert (found["windows"], found["channels"]) == (64, 6)
    inner = load(str(model)).detector
    X = inner.normalisation(spectrograms(tiny.song(20.0)))
    made = np.asarray(keras.Model(inner.network.input, inner.network.get_layer("conv1").output)(X))
    table = pd.read_csv(out / "channels.csv")
    assert (table["dead"] == "yes").tolist() == (np.ptp(made, axis=(0, 1, 2)) == 0).tolist()
    assert f"conv1: {found['dead']} dead, {found['redundant']} redundant of 6\n" in said
    assert f"3 pictures in {out}" in said and "counted over 64 windows\n" in said
    short = tiny.write(tmp_path / "short.wav", tiny.song(1.0 + 1e-9)[:300])
    assert "windows: so few that channels may only seem dead" in run(model, short, "--out", out)
    said = run(model, "--out", out)
    assert "name a recording for feature maps" in said
    assert {p.name for p in out.iterdir()} == {"look.json", sheets[0], sheets[2]}


def spectrograms(wave: np.ndarray) -> np.ndarray:
    """Windows of the front end of the tiny package."""
    from rarewave.frontend import transform

    return transform.apply(tiny.FRONT, wave, tiny.RATE).spectrograms


def test_what_cannot_be_looked_at_is_said(tmp_path: Path, model: Path, run: Command) -> None:
    """One message; nothing is written, and nothing that is another's is removed."""
    said = run(model, "--layers", "conv7", "--out", tmp_path / "out", code=1)
    assert "the network has no convolution conv7: choose from conv1" in said
    (tmp_path / "file").write_text("x")
    assert "is a file: name a folder" in run(model, "--out", tmp_path / "file", code=1)
    assert "does not exist" in run(model, tmp_path / "no.wav", "--out", tmp_path / "out", code=1)
    assert not (tmp_path / "out").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/look.json").write_text("[]")
    assert "is not of this program" in run(model, "--out", tmp_path / "mine", code=1)
