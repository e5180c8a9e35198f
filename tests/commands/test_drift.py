"""The command drift, as a user runs it."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Command
from support import tiny

from rarewave.measurement import pictures
from rarewave.model import training_statistics
from rarewave.model.package import load, save
from rarewave.model.training_statistics import Reach, Waveform

pytestmark = pytest.mark.filterwarnings("ignore:Skipping variable loading")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of before statistics were kept."""
    folder = tmp_path_factory.mktemp("model") / "detector"
    tiny.package(folder)
    return folder


@pytest.fixture(scope="module")
def model(bare: Path) -> Path:
    """A package that learnt from twelve songs."""
    folder, inner = bare.with_name("whole"), load(str(bare))
    reach = Reach(*(np.full((17, 1), value, np.float32) for value in (-3.0, 0.0, 3.0)))
    songs = [tiny.song(5.0, seed=seed).astype(np.float32) for seed in range(12)]
    gaps = np.zeros((0, 2), np.int64)
    known = training_statistics.collect(tiny.FRONT, 12, lambda k: Waveform(songs[k], gaps), reach)
    source = bare.parent / "made/model.keras"
    given = inner.thresholds, inner.joining, inner.bands
    save(folder, source, *given, statistics=known)
    return folder


@pytest.fixture
def run(command: Command) -> Command:
    """The command in this process."""
    return partial(command, "drift")


def songs(folder: Path, count: int, first: int, gain: float = 1.0) -> Path:
    """New recordings."""
    for seed in range(first, first + count):
        tiny.write(folder / f"{seed}.wav", gain * tiny.song(5.0, seed=seed))
    return folder


def test_other_songs_are_alike_and_faint_ones_are_not(
    tmp_path: Path, model: Path, run: Command
) -> None:
    """A table, a picture and one sentence; the level is what moved, by as many dB."""
    said = run(model, songs(tmp_path / "same", 10, 50), "--out", tmp_path / "a")
    assert "None of 14 statistics is shown to differ" in said
    said = run(model, songs(tmp_path / "faint", 10, 50, 0.3), "--out", tmp_path / "b")
    table = pd.read_csv(tmp_path / "b/drift.csv").set_index("statistic")
    assert set(table.index) == set(pictures.names_of(tiny.FRONT))
    moved = table.loc["mean_db"]
    assert moved["differs"] and moved["size"] == "large"
    assert moved["new_median"] - moved["training_median"] == pytest.approx(-10.5, abs=1)
    about = json.loads((tmp_path / "b/drift.json").read_text())
    assert about["recordings"] == {"training": 12, "new": 10}
    assert about["says"] in said and "12 of training, 10 new" in said
    assert (tmp_path / "b/drift.png").read_bytes().startswith(b"\x89PNG")
    run(model, tmp_path / "faint", "--out", tmp_path / "c")
    for path in (tmp_path / "b").iterdir():
        assert path.read_bytes() == (tmp_path / "c" / path.name).read_bytes()


def test_what_cannot_be_measured_is_said(
    tmp_path: Path, bare: Path, model: Path, run: Command
) -> None:
    """A package without statistics, a broken file beside good ones, nothing at all."""
    folder = songs(tmp_path / "in", 3, 0)
    said = run(bare, folder, "--out", tmp_path / "out", code=1)
    assert "keeps no statistics of its training" in said and "run the stage detect again" in said
    (folder / "broken.wav").write_bytes(b"RIFF")
    said = run(model, folder, "--out", tmp_path / "out", code=1)
    assert "not seen in full: " in said and "broken.wav" in said
    tiny.write(folder / "short.wav", np.zeros(50))
    (folder / "broken.wav").unlink()
    said = run(model, folder, "--out", tmp_path / "out")
    assert "1 recordings are shorter than a window, or gaps" in said
    assert (tmp_path / "out/drift.csv").exists()
    short = tiny.write(tmp_path / "short.wav", np.zeros(50))
    assert "no recording has a window" in run(model, short, "--out", tmp_path / "no", code=1)
    assert not (tmp_path / "no").exists()
    assert "is a file: name a folder" in run(model, folder, "--out", short, code=1)


def test_a_file_cut_short_is_named(tmp_path: Path, model: Path, run: Command) -> None:
    """What is there of it is measured."""
    folder = songs(tmp_path / "in", 3, 0)
    whole = (folder / "1.wav").read_bytes()
    (folder / "1.wav").write_bytes(whole[: len(whole) // 2])
    said = run(model, folder, "--out", tmp_path / "out", code=1)
    assert "not seen in full: " in said and "1.wav is truncated" in said
    about = json.loads((tmp_path / "out/drift.json").read_text())
    assert about["recordings"]["new"] == 3


def test_a_rate_too_low_names_what_the_model_needs(
    tmp_path: Path, model: Path, run: Command
) -> None:
    """Not parameters, which who has a package cannot set."""
    folder = songs(tmp_path / "in", 2, 0)
    tiny.write(folder / "slow.wav", tiny.song(5.0)[::8], tiny.RATE / 8)
    said = run(model, folder, "--out", tmp_path / "out", code=1)
    assert "slow.wav: wrong sampling rate: it is 125 Hz, and the model looks at up to" in said
    assert "clean." not in said


def test_a_package_is_as_it_was_written(model: Path, bare: Path) -> None:
    """With what it keeps of training, or without; saved again without, the file goes."""
    assert load(str(bare)).statistics is None
    known = load(str(model)).statistics
    assert known is not None and len(known.values) == len(known.recording) > 12
