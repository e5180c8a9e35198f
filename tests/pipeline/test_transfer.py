"""Pretraining from another packaged detector: its encoder and normalisation, or a refusal."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import project, tasks
from support.options import TRAINING
from support.tiny import JOINING

from rarewave.base.errors import DataError
from rarewave.experiments import recipes
from rarewave.frontend import normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.model import detector, package, transfer
from rarewave.model.detector import Detector
from rarewave.networks import backend, kerasfile, registry
from stages.shared import artifacts

pytestmark = pytest.mark.slow  # a pipeline of its own, which takes minutes

backend.start(2)

CHANGES = project.CALLS | {
    "train.epochs": 1,
    "train.network": "acoustic_cnn",
    "train.width": 0.0625,
    "train.normalisation": "dataset",
    "pretrain.batch_size": 64,
    "views.time_shift.s": 0.1,
    "views.time_mask.s": 0.2,
}


def use(folder: Path, **changes: object) -> None:
    """Write the parameters of a project."""
    recipes.use("calls", CHANGES | changes, folder / "recipes", folder / "params.yaml")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of calls, trained for an epoch and packaged, in `packed` beside it."""
    stages = ("ingest", "clean", "spectrogram", "npz", "split", "pretrain", "train")
    folder = tmp_path_factory.mktemp("transfer")
    made = project.calls(folder / "project", CHANGES, stages)
    inner = detector.load(made / artifacts.MODEL)
    at = dict.fromkeys(inner.task.events, 0.5)
    package.save(folder / "packed", made / artifacts.MODEL, at, JOINING, {})
    return made


@pytest.fixture
def second(first: Path, tmp_path: Path) -> Callable[..., Path]:
    """A maker of projects of the same recordings that start from the first."""

    def make(run: tuple[str, ...] = (), **changes: object) -> Path:
        folder = tmp_path / "second"
        shutil.copytree(first, folder)
        for name in ("pretrain", "train"):
            shutil.rmtree(folder / "artifacts" / name)
        for name in ("packed", "broken"):
            shutil.copytree(first.parent / "packed", tmp_path / name)
        (next((tmp_path / "broken").glob("*.keras"))).write_bytes(b"PK, but cut off")
        use(folder, **{"pretrain.start": "../packed"} | changes)
        for name in run:
            project.good(project.stage(folder, name))
        return folder

    return make


def begun(folder: Path) -> tuple[list[np.ndarray], dict[str, Any]]:
    """What the stage left: the encoder's weights, and what stands beside it."""
    path = folder / artifacts.ENCODER
    return kerasfile.load(path).get_weights(), json.loads(path.with_suffix(".json").read_text())


def apart(one: list[np.ndarray], other: list[np.ndarray]) -> list[float]:
    """The largest difference in each of some weights."""
    return [float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True)]


def test_training_starts_where_the_package_ended(second: Callable[..., Path]) -> None:
    """Its encoder and normalisation, though the training part is another; its digest is kept."""
    moved = {"split.test_groups": ["ice_20240301_0[45]*"]}
    folder = second(("split",), **moved)
    said = project.good(project.stage(folder, "pretrain"))
    known = package.load(str(folder / "../packed"))
    assert f"starts from the encoder of ../packed ({known.digest})" in said
    weights, about = begun(folder)
    assert max(apart(weights, registry.encoder(known.detector.network).get_weights())) == 0
    assert about["start"] == known.digest
    own = known.detector.normalisation.to_dict()
    assert about["normalisation"] == own
    project.good(project.stage(folder, "train"))
    assert detector.load(folder / artifacts.MODEL).normalisation.to_dict() == own
    use(folder, **moved, **{"pretrain.start": None})
    project.good(project.stage(folder, "pretrain"))
    alone, about = begun(folder)
    assert "start" not in about and about["normalisation"] != own
    assert max(apart(weights, alone)) > 0.01


def test_pretraining_goes_on_from_it(second: Callable[..., Path]) -> None:
    """An epoch by contrast moves every weight a little; in half precision too."""
    folder = second(**{"pretrain.epochs": 1, "pretrain.precision": "mixed_bfloat16"})
    project.good(project.stage(folder, "pretrain"))
    known = package.load(str(folder / "../packed")).detector
    moved = apart(begun(folder)[0], registry.encoder(known.network).get_weights())
    assert min(moved) > 0 and float(np.median(moved)) < 0.02


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"train.network": "call_cnn"}, "train.network acoustic_cnn, and here it is call_cnn"),
        ({"train.width": 0.125}, "train.width 0.0625, and here it is 0.125"),
        ({"train.normalisation": "both"}, "train.normalisation dataset, and here it is both"),
        ({"pretrain.start": "../nothing"}, "pretrain.start: no model ../nothing: give a folder"),
        ({"pretrain.start": "../broken"}, "detector.keras is not a .keras file"),
        ({"pretrain.start": "artifacts/detect/detector"}, "copy it out of artifacts"),
        (
            {"spectrogram.n_mels": 32, "views.frequency_mask.rows": 6},
            "../packed: the data set was made with spectrogram.n_mels = 32, the model with",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    second: Callable[..., Path], changes: dict[str, object], says: str
) -> None:
    """In one message that names the first parameter that differs."""
    stages = ("spectrogram", "npz") if "spectrogram.n_mels" in changes else ()
    folder = second(stages, **changes)
    done = project.stage(folder, "pretrain")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert says in done.stderr and "pretrain.start" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / artifacts.ENCODER).exists()


def test_windows_of_another_length_are_for_networks_of_segments(
    tmp_path: Path, small_front_end: FrontEnd
) -> None:
    """Which windows there are does not matter, how long they are does to most networks."""
    grid = replace(small_front_end.grid, hop_samples=64, max_gap=0.5, pad_short=True)
    longer = replace(small_front_end, grid=replace(grid, window_samples=1536))
    small = replace(small_front_end, grid=replace(grid, window_samples=1152))
    normalise = normalisation.fit(np.zeros((1, *small.shape), np.float32), "dataset")
    for network in ("acoustic_cnn", "vgg_fcn"):
        training = replace(TRAINING, network=network, width=0.0625, normalisation="dataset")
        model = registry.build(network, small.shape, tasks.TAGS, small.window_frames, 0.0625)
        made = Detector(model, network, small, tasks.TAGS, normalise, 0.0625)
        folder = tmp_path / network
        detector.save(made, tmp_path / "model.keras")
        at = dict.fromkeys(tasks.TAGS.names, 0.5)
        package.save(folder, tmp_path / "model.keras", at, JOINING, {})
        other = replace(small, grid=replace(small.grid, hop_samples=32, max_gap=0.2))
        assert transfer.start(str(folder), training, other).digest
        if network == "vgg_fcn":
            assert transfer.start(str(folder), training, longer).encoder
        else:
            with pytest.raises(DataError, match="grid.window_samples = 1536, the model with 1152"):
                transfer.start(str(folder), training, longer)
