"""The state that outputs are of: commit, recipe, data, and what is out of date."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.places import ROOT

from rarewave.base.errors import DataError
from rarewave.base.files import write_json
from rarewave.base.notices import Notice, listed
from rarewave.experiments import recipes, state, summaries

PIPELINE = """
stages:
  first: {cmd: a, deps: [data], outs: [artifacts/first]}
  second: {cmd: b, deps: [artifacts/first/table.parquet], outs: [artifacts/second]}
  aside: {cmd: c, deps: [data], outs: [artifacts/aside]}
  third:
    cmd: d
    deps: [artifacts/second, rarewave/base]
    outs: [metrics/third.json: {cache: false}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of four stages with the default parameters."""
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status(monkeypatch: pytest.MonkeyPatch, content: Any) -> None:
    """Let DVC say this."""
    monkeypatch.setattr(state, "dvc", lambda *command, shown: json.dumps(content))


@pytest.mark.usefixtures("folder")
def test_what_follows_from_a_change_is_out_of_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC names the stages with changed inputs; what reads theirs will change as well."""
    changed = {"params.yaml": {"train.epochs": "modified"}}
    status(monkeypatch, {"second": [{"changed deps": changed}], "data.dvc": []})
    found = state.stale()
    assert found.why == {"second": "params.yaml: train.epochs modified", "third": "follows second"}
    said = state.text(found)
    assert "Out of date" in said and "follows second" in said


@pytest.mark.usefixtures("folder")
def test_a_failed_stage_has_lost_its_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it made is gone; its followers' inputs are gone for that reason alone."""
    gone = {"artifacts/first": "deleted"}
    content = {
        "first": [{"changed deps": {"data": "modified"}}, {"changed outs": gone}],
        "second": [{"changed deps": {"artifacts/first/table.parquet": "deleted"}}],
        "aside": ["changed command"],
    }
    status(monkeypatch, content)
    assert state.stale().why == {
        "first": "data modified, artifacts/first deleted",
        "second": "follows first",
        "aside": "changed command",
        "third": "follows second",
    }


@pytest.mark.usefixtures("folder")
def test_nothing_is_out_of_date_after_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    status(monkeypatch, {})
    assert state.stale() == state.Stale({}, "")
    assert "Out of date" not in state.text(state.stale())


@pytest.mark.usefixtures("folder")
def test_where_dvc_cannot_tell_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*command: str, shown: bool) -> str:
        raise DataError("dvc status failed\nERROR: another run is at work")

    monkeypatch.setattr(state, "dvc", busy)
    assert "is not known (ERROR: another run is at work)" in state.text(state.stale())


def test_parameters_are_a_recipe_or_near_to_one(folder: Path) -> None:
    assert state.recipe() == "lunar"
    recipes.use("finch", {}, folder / "recipes", folder / "params.yaml")
    assert state.recipe() == "finch"
    changes = {"train.epochs": 7, "ingest.data": "mine"}
    recipes.use("finch", changes, folder / "recipes", folder / "params.yaml")
    assert state.recipe() == 'own parameters: finch with ingest.data="mine", train.epochs=7'


def test_the_data_are_those_that_ingest_read(folder: Path) -> None:
    assert state.data() == "data, not read yet"
    (folder / "dvc.lock").write_text(
        "stages: {ingest: {deps: [{path: data, md5: 0123456789ab.dir, size: 2500000, nfiles: 4}]}}"
    )
    assert state.data() == "data, 01234567 (4 files, 2.5 MB)"


def test_changes_since_the_commit_are_named(folder: Path) -> None:
    assert state.commit() == "none: no Git here"
    (folder / "metrics").mkdir()
    (folder / "metrics/third.json").write_text("{}")
    for command in ("init -q", "add -A", "-c user.name=t -c user.email=t@e.org commit -qm one"):
        subprocess.run(["git", *command.split()], check=True)
    clean = state.commit()
    assert len(clean) == 8
    (folder / "metrics/third.json").write_text("{1}")  # as each run does
    assert state.commit() == clean
    (folder / "params.yaml").write_text("{}")
    assert state.commit() == f"{clean}, and changes in params.yaml"


def test_warnings_of_all_stages_stand_together(folder: Path) -> None:
    for stage in ("first", "third"):
        off = listed([Notice("key", 1.0, f"{stage} is off by 1: mend it " + "and more " * 20)])
        write_json(folder / f"metrics/{stage}.json", off)
    said = summaries.warnings(folder / "metrics", state.stages(), {"third"})
    assert "Warnings: 2\n- first: first is off by 1" in said
    assert "- third (of an earlier state): third is off" in said
    assert max(map(len, said.splitlines())) <= 100
    assert summaries.warnings(folder / "nowhere", state.stages(), {}) == "\nWarnings: none"
