"""Ensembles: each member is what its seed alone trains, here or on another machine."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import project

from rarewave.experiments import recipes
from rarewave.model import detector
from stages.shared import artifacts

pytestmark = pytest.mark.slow  # a pipeline of its own, which takes minutes

CHANGES = project.CALLS | {
    "train.epochs": 2,
    "train.network": "acoustic_cnn",
    "train.width": 0.0625,
    "train.seed": 5,
}
VERSIONS = ("network", "first_member", "mc_dropout")
BEFORE = ("ingest", "clean", "spectrogram", "npz", "split", "pretrain")
THEN = ("train", "baselines", "scan", "threshold", "uncertainty", "evaluate", "detect")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of calls before training."""
    return project.calls(tmp_path_factory.mktemp("members") / "project", CHANGES, BEFORE)


def trained(prepared: Path, folder: Path, **changes: object) -> Path:
    """Its copy, trained with other parameters; the folder of the result."""
    shutil.copytree(prepared, folder)
    recipes.use("calls", CHANGES | changes, folder / "recipes", folder / "params.yaml")
    project.good(project.stage(folder, "train"))
    return folder / artifacts.MODEL.parent


@pytest.fixture(scope="module")
def three(prepared: Path) -> Path:
    """Three members, one after the other."""
    return trained(prepared, prepared.parent / "three", **{"train.members": 3})


def test_a_member_is_what_its_seed_trains_alone(prepared: Path, three: Path) -> None:
    """The same bytes; so members of other machines are taken, and the whole is the same."""
    folder = prepared.parent
    alone = [trained(prepared, folder / f"seed {s}", **{"train.seed": s}) for s in (5, 6, 7)]
    for number, other in enumerate(alone, 1):
        mine = detector.member(three / "detector.keras", number)
        assert mine.read_bytes() == (other / "detector.keras").read_bytes()
    ready = [str(other) for other in alone[1:]]
    shutil.copytree(prepared, folder / "gathered")
    gathered = folder / "gathered"
    changes = CHANGES | {"train.members": 3, "train.ready": ready}
    recipes.use("calls", changes, gathered / "recipes", gathered / "params.yaml")
    done = project.good(project.stage(gathered, "train"))
    assert done.count("member 2 of 3: from") == 1
    for path in three.iterdir():
        assert path.read_bytes() == (gathered / artifacts.MODEL.parent / path.name).read_bytes()


@pytest.fixture(scope="module")
def packed(three: Path) -> Path:
    """The project of the three members, up to its package."""
    folder = three.parent.parent
    for stage in THEN[1:]:
        project.good(project.stage(folder, stage))
    return folder


def test_the_ensemble_goes_through_the_pipeline(packed: Path, tmp_path: Path) -> None:
    """Its scores are the mean of its members', its package holds all and finds events."""
    doubts(packed)
    kept = detector.load(packed / artifacts.PACKAGE / "detector.keras")
    assert len(kept.networks) == 3
    X = np.load(packed / artifacts.X_SPEC)[:40]
    each = kept.score_members(X, np.arange(40))
    np.testing.assert_allclose(kept.score(X), each.mean(axis=0), atol=1e-12)
    assert np.abs(each[0] - each[1]).max() > 1e-3
    shutil.copytree(packed / artifacts.PACKAGE, tmp_path / "lacking")
    (tmp_path / "lacking/detector_3.keras").unlink()
    given = (tmp_path / "lacking", "nothing.wav", "--out", tmp_path / "out")
    done = project.command(packed, "detect", *given)
    assert done.returncode == 1 and "detector_3.keras" in done.stderr


def test_detect_says_how_far_the_members_are_apart(packed: Path, tmp_path: Path) -> None:
    """Of every event that two or more of them find, the spread of its onset in seconds."""
    recordings = sorted((packed / "samples/calls").rglob("*.wav"))[:2]
    given = ("detect", str(artifacts.PACKAGE), *recordings, "--out", tmp_path / "out")
    project.good(project.command(packed, *given))
    events = pd.read_csv(tmp_path / "out/events.csv")
    assert len(events) > 3 and (events["uncertainty_s"].dropna() >= 0).all()
    found = events["reason"].fillna("").str.extract(r"found by (\d) of 3 members")[0]
    assert (events["uncertainty_s"].notna() | (found.astype(float) < 2)).all()


def test_what_is_explained_is_the_first_member(packed: Path, tmp_path: Path) -> None:
    """And said so, beside the probability of all."""
    path = next((packed / "samples/calls").rglob("*.wav"))
    given = ("explain", str(artifacts.PACKAGE), path, "--out", tmp_path / "why")
    project.good(project.command(packed, *given))
    window, *_ = json.loads((tmp_path / "why/explanation.json").read_text())["windows"]
    assert window["members"] == 3 and window["first_member"] != window["probability"]
    assert "Of the 3 networks of the ensemble" in (tmp_path / "why/summary.md").read_text()


def doubts(folder: Path) -> None:
    """What the stage uncertainty leaves: all versions beside each other, and each decision."""
    found = json.loads((folder / "metrics/uncertainty.json").read_text())
    versions = [of + form for of in VERSIONS for form in ("", "_temperature", "_isotonic")]
    assert set(versions) == set(found) & set(versions)
    assert set(found["gain"]) == set(versions) - {"first_member"}
    # The loss of a mean is at most the mean of the losses of its members (Jensen).
    alone, together = found["member_alone"], found["network"]
    assert alone["nll"] > together["nll"] and alone["nll"] != found["first_member"]["nll"]
    share = 1 - together["nll"] / alone["nll"]
    assert found["gain"]["network"]["nll"]["value"] == pytest.approx(share)
    share = 1 - found["mc_dropout"]["nll"] / found["first_member"]["nll"]
    assert found["gain"]["mc_dropout"]["nll"]["value"] == pytest.approx(share)
    assert set(found["temperature"]) == set(VERSIONS) and not found["warnings"]
    table = pd.read_parquet(folder / artifacts.UNCERTAINTY / "decisions.parquet")
    mine = table[(table["version"] == "network") & (table["part"] == "test")]
    right = mine["kind"].isin(["right", "hit"])
    assert right.mean() == pytest.approx(found["network"]["accuracy"])
    assert (mine["mutual_information"] > 1e-6).any() and (mine["deviation"] > 1e-4).any()
    evaluated = pd.read_parquet(folder / artifacts.EXAMPLES)
    assert set(mine["window_id"]) == set(evaluated["window_id"])
    pictures = {path.stem for path in (folder / "plots/uncertainty").glob("*.png")}
    assert pictures == {"reliability", "risk_coverage", "signs_network", "signs_mc_dropout"}


def test_a_member_of_something_else_is_refused(prepared: Path, three: Path) -> None:
    """It says in which parameter; of another folder that it holds no member."""
    folder = prepared.parent
    other = trained(prepared, folder / "epochs", **{"train.epochs": 1, "train.seed": 6})
    again = folder / "again"
    shutil.copytree(prepared, again)
    for ready, says in ((other, "train.epochs 1, and here it is 2"), (folder, "there is no")):
        changes = CHANGES | {"train.members": 2, "train.ready": [str(ready)]}
        recipes.use("calls", changes, again / "recipes", again / "params.yaml")
        done = project.stage(again, "train")
        assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr
    for members, seed, says in ((2, 3, "was trained with seed 3"), (1, 6, "are none")):
        path = again / "artifacts/one"
        shutil.copytree(three, path, dirs_exist_ok=True)
        known = json.loads((path / "training.json").read_text())
        (path / "training.json").write_text(json.dumps(known | {"seed": seed}))
        changes = CHANGES | {"train.members": members, "train.ready": [str(path)]}
        recipes.use("calls", changes, again / "recipes", again / "params.yaml")
        done = project.stage(again, "train")
        assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr
    about = json.loads((other / "training.json").read_text())
    assert about["seed"] == 6 and about["train"]["epochs"] == 1
