"""A small project like a user's: a copy of the pipeline, a reduced archive, fast parameters."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ruamel.yaml import YAML

from rarewave.experiments import recipes
from rarewave.simulation import lunar_archive, underwater_calls
from support import inprocess
from support.places import ROOT

# In the order of dvc.yaml, which is one that works.
STAGES = tuple(YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"])

FAST = {
    "train.epochs": 2,
    "train.patience": 2,
    "evaluate.resamples": 20,
    "gradcam.cases": 1,
    "recover.count": 6,
    "baselines.lta_s": 600,
}

CALLS = {
    "split.test_groups": ["ice_20240301_0[89]*"],
    "split.validation_groups": ["ice_20240301_0[67]*"],
}


def environment() -> dict[str, str]:
    """The environment of a user in the virtual environment that runs the tests."""
    env = inprocess.without_tools(os.environ)
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    return env | {"DVC_NO_ANALYTICS": "1", "PYTHONPATH": ""}


def run(folder: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project and return what it said."""
    return subprocess.run(
        command, cwd=folder, env=environment() | more, capture_output=True, text=True, check=False
    )


def stage(folder: Path, name: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one stage by hand, in this process."""
    return inprocess.run(folder, f"stages.{name}", **more)


def command(folder: Path, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m rarewave`, in this process."""
    return inprocess.run(folder, "rarewave", *map(str, arguments), **more)


def good(done: subprocess.CompletedProcess[str]) -> str:
    """The output of a command that had to succeed."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def copy(folder: Path) -> None:
    """The code and configuration of the pipeline, without data and outputs."""
    folder.mkdir(parents=True)
    for name in ("rarewave", "stages", "recipes"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("dvc.yaml", ".gitignore", ".dvcignore"):
        shutil.copy(ROOT / name, folder / name)


def copy_recipes(folder: Path) -> None:
    """The recipes, and params.yaml of the default one."""
    shutil.copytree(ROOT / "recipes", folder / "recipes")
    shutil.copy(ROOT / "recipes/lunar.yaml", folder / "params.yaml")


def calls(folder: Path, changes: dict[str, object], stages: Sequence[str]) -> Path:
    """A project of nine recordings of calls, one of them without labels, some stages run."""
    copy(folder)
    underwater_calls.make_calls(folder / "samples/calls", recordings=9)
    recipes.use("calls", changes, folder / "recipes", folder / "params.yaml")
    for name in stages:
        good(stage(folder, name))
    return folder


def make(folder: Path, **changes: object) -> Path:
    """A project with a reduced archive under Git and DVC, not run yet."""
    copy(folder)
    recipes.use("lunar", FAST | changes, folder / "recipes", folder / "params.yaml")
    lunar_archive.make_archive(folder / "data", recordings=6, hours=3.0)
    for command in (
        "git init -q -b main",
        "git config user.name tester",
        "git config user.email tester@example.org",
        "dvc init -q",
        "dvc config core.analytics false",
        "dvc add -q data",
        "git add -A",
        "git commit -q -m project",
    ):
        good(run(folder, *command.split()))
    return folder
