"""Experiments of DVC, run by DVC."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rarewave.experiments import dvc

PIPELINE = """stages:
  scores:
    cmd: mkdir -p metrics && cp params.yaml metrics/scores.json
    deps: [params.yaml]
    outs: [metrics/scores.json: {cache: false}]
  pictures:
    cmd: mkdir -p plots/all && cp params.yaml plots/all/a.png
    deps: [params.yaml]
    outs: [plots/all]
plots: [plots/all/a.png]
"""


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone of a project that ran elsewhere: its lock names what is not in its cache."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "params.yaml").write_text('{"of": 1}\n', encoding="utf-8")
    (project / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    run(project, "git", "init", "-q")
    for name, value in (("user.name", "a"), ("user.email", "a@example.org")):
        run(project, "git", "config", name, value)
    run(project, sys.executable, "-m", "dvc", "init", "-q")
    run(project, sys.executable, "-m", "dvc", "repro", "-q")
    run(project, "git", "add", "-A")
    run(project, "git", "commit", "-qm", "all")
    shutil.rmtree(project / ".dvc" / "cache")
    shutil.rmtree(project / "plots")
    return project


def test_an_experiment_of_some_stages_is_saved_in_a_fresh_clone(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There all stages run, once; then the target alone."""
    monkeypatch.chdir(clone)
    dvc.experiment("first", ["of=2"], "scores", shown=False)
    assert "first: all stages run" in capsys.readouterr().out
    assert b"2" in dvc.stored("metrics/scores.json", "first")
    assert "2" in (clone / "plots/all/a.png").read_text()
    dvc.experiment("second", ["of=3"], "scores", shown=False)
    assert capsys.readouterr().out == ""
    assert b"3" in dvc.stored("metrics/scores.json", "second")
    assert "2" in (clone / "plots/all/a.png").read_text()
