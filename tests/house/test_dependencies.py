"""dvc.yaml, requirements and recipes say what the code does."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.places import ROOT

from tools.deps import closure, imported, outdated

PIPELINE = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())
STAGES = list(PIPELINE["stages"])
LIGHT = ("ingest", "eda", "clean", "spectrogram", "npz", "split", "threshold")


def test_stages_depend_on_exactly_the_code_they_import() -> None:
    """As `python tools/deps.py --check` says it."""
    assert outdated(ROOT / "dvc.yaml") == {}


@pytest.mark.parametrize("name", STAGES)
def test_every_file_that_a_stage_imports_is_a_dependency(name: str) -> None:
    """Itself, or the room that it lies in."""
    listed = PIPELINE["stages"][name]["deps"]
    for path in closure(ROOT / "stages" / f"{name}.py"):
        assert path in listed or any(path.startswith(f"{room}/") for room in listed), path


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_reads_only_what_it_declares(name: str) -> None:
    """Every artifact named in a stage's source is one of its deps or outs."""
    stage = PIPELINE["stages"][name]
    outs = [o if isinstance(o, str) else next(iter(o)) for o in stage.get("outs", [])]
    outs += [next(iter(m)) for m in stage.get("metrics", [])]
    listed = set(stage["deps"]) | set(outs)
    source = ast.parse((ROOT / "stages" / f"{name}.py").read_text())
    strings = {
        node.value
        for node in ast.walk(source)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    named = {s for s in strings if re.fullmatch(r"(artifacts|metrics)/\S+\.\w+", s)}
    assert named <= listed, f"undeclared: {sorted(named - listed)}"


@pytest.mark.parametrize("name", LIGHT)
def test_a_light_stage_imports_no_heavy_library(name: str) -> None:
    """TensorFlow, Keras, MLflow, librosa and scikit-learn stay out of the light stages."""
    script = f"import sys, stages.{name}; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"tensorflow", "keras", "mlflow", "librosa", "sklearn"}
    assert not heavy & set(done.stdout.split())


def test_a_stage_is_read_in_a_minute() -> None:
    """No stage script grows beyond 150 lines, imports and all."""
    lengths = {p.name: len(p.read_text().splitlines()) for p in (ROOT / "stages").glob("*.py")}
    assert max(lengths.values()) <= 150, lengths


def test_the_package_never_imports_the_stages() -> None:
    """Imports go stages -> rarewave, never back."""
    for path in (ROOT / "rarewave").glob("**/*.py"):
        assert not any(ROOT / "stages" in other.parents for other in imported(path)), path


def test_params_yaml_holds_the_default_recipe() -> None:
    """A fresh clone starts with the recipe lunar."""
    assert (ROOT / "params.yaml").read_text() == (ROOT / "recipes/lunar.yaml").read_text()


def pinned(path: Path) -> dict[str, str]:
    """Names and versions (the first of several) in a compiled lock."""
    found: dict[str, str] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", path.read_text(), re.M):
        found.setdefault(re.sub("[._]", "-", name.lower()), version)
    return found


def wanted(path: Path) -> set[str]:
    """Names of the direct dependencies."""
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    names = {re.split(r"[<>=!~ ]", line)[0] for line in lines if line and line[0].isalpha()}
    return {re.sub("[._]", "-", name.lower()) for name in names}


@pytest.mark.parametrize("stem", ["requirements", "requirements-dev"])
def test_the_lock_pins_every_direct_dependency(stem: str) -> None:
    """requirements.txt holds all of requirements.in, with hashes and without addresses."""
    lock = ROOT / f"{stem}.txt"
    assert wanted(ROOT / f"{stem}.in") <= set(pinned(lock))
    text = lock.read_text()
    assert "://" not in text and "--index" not in text
    for block in re.split(r"\n(?=\S)", text):
        if "==" in block.split("\n")[0]:
            assert "--hash=sha256:" in block, block.split("\n")[0]


def test_every_direct_dependency_says_why() -> None:
    """Each line of requirements.in has a comment."""
    for line in (ROOT / "requirements.in").read_text().splitlines():
        assert "#" in line, line


def test_every_import_is_a_direct_dependency() -> None:
    """What the code imports is in requirements.in, or in the standard library."""
    names = {"ruamel": "ruamel.yaml", "sklearn": "scikit-learn", "imblearn": "imbalanced-learn"}
    names["PIL"] = "pillow"
    direct = wanted(ROOT / "requirements.in")
    for path in [*(ROOT / "rarewave").glob("**/*.py"), *(ROOT / "stages").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            else:
                continue
            for module in modules:
                top = module.split(".")[0]
                if top in sys.stdlib_module_names or top in ("rarewave", "stages"):
                    continue
                assert names.get(top, top).lower().replace(".", "-") in direct, (
                    f"{path.name} imports {top}"
                )


def test_the_direct_dependencies_are_used() -> None:
    """Nothing is installed that the code does not import, but the engines behind others."""
    code = "\n".join(
        p.read_text() for d in ("rarewave", "stages") for p in (ROOT / d).glob("**/*.py")
    )
    names = {"ruamel-yaml": "ruamel", "scikit-learn": "sklearn", "imbalanced-learn": "imblearn"}
    names["pillow"] = "PIL"
    for name in wanted(ROOT / "requirements.in") - {"scikit-learn", "pyarrow"}:
        module = names.get(name, name).replace("-", "_")
        assert re.search(rf"\b(import|from) {module}\b", code), name
