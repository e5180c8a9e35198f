"""The rooms: a charter each, floors that import-linter holds, and light ones that stay light."""

import ast
import pkgutil
import subprocess
import sys
import tomllib

import pytest
from support.places import ROOT

PACKAGE = ROOT / "rarewave"
ROOMS = sorted(p.parent.name for p in PACKAGE.glob("*/__init__.py"))
LIGHT = [
    "base", "recordings", "frontend", "splits", "metrics", "baselines", "measurement",
    "annotations", "dataset", "plots", "simulation",
]  # fmt: skip
HEAVY = {"tensorflow", "keras", "mlflow"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_begins_with_its_charter_and_nothing_else(room: str) -> None:
    """One docstring in its __init__.py: what it exports is where it is written."""
    for path in (PACKAGE / room).glob("**/__init__.py"):
        content = ast.parse(path.read_text())
        assert ast.get_docstring(content), path
        assert len(content.body) == 1, path


def test_no_module_stands_outside_a_room() -> None:
    """But the package itself and its command line."""
    assert {p.name for p in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py"}
    folders = {p.parent.relative_to(PACKAGE).parts[0] for p in PACKAGE.glob("*/**/*.py")}
    assert folders == set(ROOMS)


def test_every_room_has_its_floor() -> None:
    """The contract in pyproject.toml names them all, and `stages`."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    (contract,) = settings["importlinter"]["contracts"]
    named = [name.strip() for floor in contract["layers"] for name in floor.split("|")]
    assert sorted(named) == sorted([*(f"rarewave.{room}" for room in ROOMS), "stages"])


def test_a_light_room_imports_no_heavy_library() -> None:
    """TensorFlow, Keras and MLflow take seconds; who reads labels does not wait for them."""
    names = [
        module.name
        for room in LIGHT
        for module in pkgutil.walk_packages([str(PACKAGE / room)], f"rarewave.{room}.")
    ]
    assert len(names) > 2 * len(LIGHT)
    script = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = {HEAVY!r} & sys.modules.keys()\n"
        "    assert not heavy, f'{name} imports {heavy}'\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_tests_mirror_the_rooms() -> None:
    """Who looks for the tests of a room finds them under its name."""
    folders = {p.parent.relative_to(ROOT / "tests").parts[0] for p in ROOT.glob("tests/*/**/*.py")}
    assert folders - set(ROOMS) == {"pipeline", "house", "support"}
