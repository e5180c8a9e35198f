"""Recipes: what `python -m rarewave use` writes and refuses."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_origin, get_type_hints

import pytest
from ruamel.yaml import YAML
from support.places import ROOT

from rarewave.base import parameters
from rarewave.base.errors import DataError
from rarewave.experiments import recipes

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


@pytest.mark.parametrize("name", [n for n in recipes.names(FOLDER) if n != recipes.DEFAULT])
def test_a_recipe_changes_what_it_says_and_nothing_else(params: Path, name: str) -> None:
    """The difference between two recipes is what the recipe's file holds."""
    before = load(params)
    said = recipes.use(name, {}, FOLDER, params)
    after = load(params)
    listed = load(FOLDER / f"{name}.yaml")
    before, after, listed = map(recipes.flat, (before, after, listed))
    assert after == before | listed
    changed = {name for name, value in listed.items() if value != before[name]}
    assert {line.split(":")[0] for line in said} == changed


def test_a_value_may_be_given_back_to_chance(params: Path) -> None:
    """null where a value may be absent, as a band that is open on one side."""
    recipes.use("lunar", dict([recipes.parse("clean.low_hz=null")]), FOLDER, params)
    assert load(params)["clean"]["low_hz"] is None
    assert "low_hz: null" in params.read_text()
    with pytest.raises(DataError, match="epochs"):
        recipes.use("lunar", {"train.epochs": None}, FOLDER, params)


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


def test_one_value_of_a_map_is_changed_and_the_others_stay(params: Path) -> None:
    """By its name with dots, or as a map that holds some of the values."""
    changes = dict([recipes.parse("views.gain.p=0.5"), recipes.parse("augment.noise={p: 0.2}")])
    said = recipes.use("lunar", changes, FOLDER, params)
    assert said == ["views.gain.p: 0.8 -> 0.5", "augment.noise.p: 0.0 -> 0.2"]
    assert load(params)["views"]["gain"] == {"p": 0.5, "db": 6.0}
    assert "  gain: {p: 0.5, db: 6.0}                      # louder" in params.read_text()


@pytest.mark.parametrize("name", recipes.names(FOLDER))
def test_a_map_stays_on_its_line(name: str, tmp_path: Path) -> None:
    """`dvc exp run -S` writes anew what goes beyond column 80, in several lines."""
    recipes.use(name, {}, FOLDER, tmp_path / "params.yaml")
    text = (tmp_path / "params.yaml").read_text()
    for section in ("views", "augment"):
        (lines,) = re.findall(rf"^{section}:.*\n((?:  .*\n)+)", text, re.M)
        assert max(map(len, lines.splitlines())) < 80
        assert len(re.findall(r"^  \w+: \{.*\}(?=\s*(?:#|$))", lines, re.M)) == 13


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
        pytest.param(
            "lunar",
            {"clean.hop_samples": 9999},
            "must not exceed window_samples",
        ),
        ("lunar", {"clean.low_hz": 1.5}, r"low_hz \(1\.5\) must be below high_hz"),
        ("lunar", {"clean.background_overlap": 0.6}, "background_overlap must not exceed"),
        ("lunar", {"clean.target": "labels"}, "did you mean label"),
        ("lunar", {"clean.placement": "call"}, "did you mean calls"),
        ("lunar", {"clean.background_ratio": -1.0}, "must be at least 0"),
        ("lunar", {"clean.max_gap": 1.5}, "max_gap"),
        ("lunar", {"train.network": "soundnet"}, "did you mean sound_net"),
        ("lunar", {"train.label_smoothing": 0.6}, "must be between"),
        ("lunar", {"train.keep": "first"}, "train.keep"),
        ("lunar", {"train.network": "acoustic_cn"}, "did you mean acoustic_cnn"),
        ("lunar", {"train.width": 0}, "must be greater than 0"),
        ("lunar", {"train.labels": 0.0}, "train.labels"),
        ("lunar", {"train.labels": 1.5}, "must be between 0 and 1"),
        ("lunar", {"train.frozen": 1.1}, "must be between 0 and 1"),
        ("lunar", {"train.encoder_rate": 0.0}, "train.encoder_rate"),
        ("lunar", {"train.least_batches": 0}, "must be at least 1"),
        ("lunar", {"train.class_balanced_beta": 1.0}, "must be between 0 and 0.999999"),
        ("lunar", {"train.class_balanced_beta": 0.9}, "both weigh the loss"),
        ("lunar", {"train.imbalance": "squareroot"}, "did you mean square_root"),
        ("lunar", {"train.normalisation": "units"}, "did you mean unit"),
        ("lunar", {"pretrain.epochs": 2.5}, "must be a whole number"),
        ("lunar", {"pretrain.temperatur": 1}, "did you mean pretrain.temperature"),
        ("lunar", {"pretrain.precision": "bfloat16"}, "did you mean mixed_bfloat16"),
        ("lunar", {"pretrain.batch_size": 1}, "must be at least 2"),
        ("lunar", {"views.gain.p": 2.0}, r"views\.gain\.p is 2\.0: it must be between 0 and 1"),
        ("lunar", {"view.gain.p": 0.5}, "did you mean views"),
        ("lunar", {"augment.gain_p": 0.5}, r"augment\.gain_p: it is now augment\.gain\.p"),
        ("lunar", {"augment.gain.bd": 0.5}, r"augment\.gain\.bd: did you mean augment\.gain\.db"),
        ("lunar", {"augment.gain": 0.5}, r"it must be a map, like {p: …, db: …}"),
        ("lunar", {"augment.gain.p": "often"}, r"augment\.gain\.p is 'often': it must be a number"),
        ("lunar", {"train.loss.gamma": 2}, r"train\.loss is {'gamma': 2}: it must be text"),
        ("lunar", {"train.sampler": "balanced"}, "unknown parameter train.sampler"),
        ("lunar", {"compute.threads": 0}, "must be between 1 and 1024"),
        ("lunar", {"split.test_recordings": "r"}, "must be a list"),
        ("lunar", {"augment.noise.snr_low_db": 3.0}, "must not be greater than snr_high_db"),
        ("lunar", {"augment.mixup.alpha": 0.0}, r"augment\.mixup\.alpha"),
        ("lunar", {"spectrogram.band": "label"}, "did you mean labels"),
        ("lunar", {"split.test_fold": 1.5}, "test_fold"),
        ("lunar", {"split.test_fold": 1, "split.test_groups": ["a"]}, "choose one"),
        ("lunar", {"ingest.labels": "names"}, "name_pattern is None"),
        ("lunar", {"ingest.channel": 0}, "must be at least 1"),
        ("lunar", {"evaluate.per": "recordings"}, "did you mean recording"),
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


def maps(cls: type) -> list[str]:
    """The parameters of an option class that are maps of the user's own names."""
    hints, found = get_type_hints(cls), []
    for field in dataclasses.fields(cls):
        if get_origin(hints[field.name]) is Mapping:
            found.append(field.name)
        elif dataclasses.is_dataclass(hints[field.name]):
            found += [f"{field.name}.{name}" for name in maps(hints[field.name])]
    return found


def test_a_map_of_own_names_is_one_value(params: Path) -> None:
    """Written as it is said, changed as a whole; what is in it is no parameter."""
    first = {"song a": "song", "*": None}
    said = recipes.use("lunar", {"ingest.classes": first}, FOLDER, params)
    assert any(line.startswith("ingest.classes: ") and "song a" in line for line in said)
    assert recipes.read(params)["ingest"]["classes"] == first
    recipes.refuse_bad(params, {"ingest.classes": {"other": "x"}})
    with pytest.raises(DataError, match=r"ingest\.classes is 'x': it must be a map"):
        recipes.use("lunar", {"ingest.classes": "x"}, FOLDER, params)
    own = {
        f"{section}.{name}"
        for section, options in recipes.SECTIONS.items()
        for cls in options
        for name in maps(cls)
    }
    assert own == set(parameters.OWN_NAMES)
