"""Recipes: what `python -m rarewave use` writes and refuses."""

from pathlib import Path

import pytest
from import_graph import ROOT
from ruamel.yaml import YAML

from rarewave import recipes
from rarewave.errors import DataError

FOLDER = ROOT / "recipes"


def load(path: Path) -> dict:
    """params.yaml as DVC reads it."""
    return YAML(typ="safe").load(path.read_text())


@pytest.fixture
def params(tmp_path: Path) -> Path:
    """A params.yaml with the default recipe."""
    path = tmp_path / "params.yaml"
    recipes.use("lunar", {}, FOLDER, path)
    return path


@pytest.mark.parametrize("name", recipes.names(FOLDER))
def test_every_recipe_is_valid(name: str, tmp_path: Path) -> None:
    """Each file in recipes/ gives parameters that all stages accept."""
    recipes.use(name, {}, FOLDER, tmp_path / "params.yaml")
    recipes.validate(load(tmp_path / "params.yaml"))


def test_apollo_changes_what_it_says_and_nothing_else(params: Path) -> None:
    """The difference between two recipes is what the recipe's file holds."""
    before = load(params)
    said = recipes.use("apollo", {}, FOLDER, params)
    after = load(params)
    listed = load(FOLDER / "apollo.yaml")
    for section, values in after.items():
        for key, value in values.items():
            assert value == listed.get(section, {}).get(key, before[section][key])
    changed = {f"{s}.{k}" for s in listed for k in listed[s] if listed[s][k] != before[s][k]}
    assert {line.split(":")[0] for line in said} == changed


def test_comments_survive_and_switching_back_restores_the_file(params: Path) -> None:
    """lunar -> apollo -> lunar gives the same bytes; comments are kept on the way."""
    text = params.read_text()
    recipes.use("apollo", {}, FOLDER, params)
    assert "# seconds of a running noise floor" in params.read_text()
    recipes.use("lunar", {}, FOLDER, params)
    assert params.read_text() == text


def test_values_on_top_are_written_with_their_types(params: Path) -> None:
    """section.name=value is read as YAML."""
    changes = dict([recipes.parse("train.loss=focal"), recipes.parse("split.test_groups=[a, b]")])
    recipes.use("lunar", changes, FOLDER, params)
    assert load(params)["train"]["loss"] == "focal"
    assert load(params)["split"]["test_groups"] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("apolo", {}, "there are"),
        ("lunar", {"train.los": 1}, "did you mean train.loss"),
        ("lunar", {"trian.loss": 1}, "did you mean train"),
        ("lunar", {"train.loss": "focl"}, "did you mean focal"),
        ("lunar", {"train.epochs": "ten"}, "must be a whole number"),
        ("lunar", {"train.epochs": 0}, "must be at least 1"),
        ("lunar", {"clean.high_hz": 5.0}, "must be below half of sample_rate_hz"),
        ("lunar", {"clean.hop_samples": 9999}, "must not exceed window_samples"),
        ("lunar", {"split.test": 0.95}, "must be between"),
    ],
)
def test_a_mistake_names_the_fix_and_leaves_the_file(
    params: Path, name: str, change: dict, message: str
) -> None:
    """Unknown names, wrong types and impossible values are refused; params.yaml stays."""
    text = params.read_text()
    with pytest.raises(DataError, match=message):
        recipes.use(name, change, FOLDER, params)
    assert params.read_text() == text


def test_a_malformed_change_is_refused() -> None:
    """A change without = or section says what it should look like."""
    with pytest.raises(DataError, match=r"section\.name=value"):
        recipes.parse("train.loss")
