"""What is said of parameters."""

from pathlib import Path

import pytest
from support.places import ROOT

from rarewave.base import parameters
from rarewave.base.errors import DataError
from rarewave.experiments import meanings, recipes

FOLDER, PARAMS = ROOT / "recipes", ROOT / "recipes/lunar.yaml"


def said(section: str) -> dict[str, meanings.Meaning]:
    """By names, with the values of the default recipe."""
    groups = meanings.of_section(section, FOLDER, PARAMS)
    return {row.name: row for rows in groups.values() for row in rows}


@pytest.mark.parametrize("section", recipes.SECTIONS)
def test_every_parameter_has_a_meaning_limits_and_a_value(section: str) -> None:
    """Behind it, or, of a map, in the class of its change; all that are written, no others."""
    content = recipes.read(PARAMS)[section]
    names = recipes.flat(content, section=section)
    assert set(said(section)) == {f"{section}.{name}" for name in names}
    for title, rows in meanings.of_section(section, FOLDER, PARAMS).items():
        assert title.endswith(".")
        for row in rows:
            assert row.limits and row.value == row.default != "(missing)"
            assert row.text or row.name.count(".") == 2, row.name


def test_meaning_limits_and_unit_are_of_that_parameter() -> None:
    """Comments of one line and of two; units from names; choices from registries."""
    train, clean, augment = said("train"), said("clean"), said("augment")
    assert train["train.patience"].text == "epochs without a better validation average precision"
    assert train["train.imbalance"].text.endswith("balanced, square_root, effective_number, none")
    assert train["train.loss"].limits == "one of cross_entropy, focal, asymmetric"
    assert "sound_net" in train["train.network"].limits
    assert train["train.label_smoothing"].limits == "a number, between 0 and 0.5"
    assert clean["clean.low_hz"].limits == "a number, greater than 0, or null"
    assert (clean["clean.low_hz"].unit, clean["clean.hop_samples"].unit) == ("Hz", "samples")
    assert augment["augment.gain.db"].unit == "dB"
    assert augment["augment.gain.p"].limits == "a number, between 0 and 1"
    groups = meanings.of_section("augment", FOLDER, PARAMS)
    assert "Louder or fainter by up to so many dB." in groups
    assert said("split")["split.test_groups"].limits == "a list; each is text"


def test_a_value_of_today_stands_beside_that_of_the_default_recipe(tmp_path: Path) -> None:
    """Also one that is not valid, or not there: that is when one looks."""
    text = PARAMS.read_text().replace("epochs: 25", "epochs: many").replace("  patience: 6", "  #")
    (tmp_path / "params.yaml").write_text(text)
    groups = meanings.of_section("train", FOLDER, tmp_path / "params.yaml")
    rows = {row.name: row for row in groups[next(iter(groups))]}
    assert (rows["train.epochs"].value, rows["train.epochs"].default) == ("many", "25")
    assert rows["train.patience"].value == "(missing)"


def test_an_unknown_section_names_those_that_there_are() -> None:
    """All of them."""
    with pytest.raises(DataError, match="no section trian: there are ingest, eda, clean"):
        meanings.of_section("trian", FOLDER, PARAMS)


def test_types_are_described() -> None:
    """As messages about wrong values say them."""
    assert parameters.describe(parameters.Fraction) == "a number, between 0 and 1"
    assert parameters.describe(tuple[int, ...]) == "a list; each is a whole number"
    assert parameters.describe(str | None) == "text, or null"
