"""Parameters: what is accepted, and what a refusal says."""

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarewave.base import parameters
from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, AtLeast, Between, Fraction, OneOf
from rarewave.base.registered import registered


@dataclass(frozen=True)
class Options:
    """One field of every kind."""

    size: Annotated[int, AtLeast(1)]
    rate: Annotated[float, Above(0)]
    share: Fraction
    mode: Literal["linear", "mel"]
    top: Annotated[float, Above(0)] | None
    names: tuple[str, ...]
    on: bool
    own: Mapping[str, str | None]


GOOD = {
    "size": 3, "rate": 2.5, "share": 0.5, "mode": "mel", "top": None, "names": ["a"], "on": True,
    "own": {"a b": "c", "*": None},
}  # fmt: skip


def test_good_values_become_the_option_object() -> None:
    """Values pass unchanged, a list becomes a tuple and a whole number a float."""
    made = parameters.build(Options, GOOD | {"rate": 2, "other": 1}, "stage")
    assert made == Options(3, 2.0, 0.5, "mel", None, ("a",), True, {"a b": "c", "*": None})
    assert type(made.rate) is float


@pytest.mark.parametrize(
    ("value", "says"),
    [({1: "a"}, "stage.own has a name 1: write it in quotation"), ({"a": 1}, "own.a is 1: .*text")],
)
def test_what_is_wrong_in_a_map_of_own_names_is_named(value: object, says: str) -> None:
    """A name that is no text, and a value."""
    with pytest.raises(DataError, match=says):
        parameters.build(Options, GOOD | {"own": value}, "stage")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("size", 0, "at least 1"),
        ("size", 2.0, "a whole number"),
        ("size", True, "a whole number"),
        ("rate", 0, "greater than 0"),
        ("rate", "1e-3", "a number"),
        ("rate", False, "a number"),
        ("rate", math.nan, "finite"),
        ("rate", math.inf, "finite"),
        ("rate", None, "a number"),
        ("share", 1.01, "between 0 and 1"),
        ("share", -0.01, "between 0 and 1"),
        ("mode", "mell", "did you mean mel?"),
        ("mode", "x", "choose one of linear, mel"),
        ("mode", 1, "choose one of linear, mel"),
        ("top", 0.0, "greater than 0"),
        ("top", "none", "a number"),
        ("names", "a", "must be a list"),
        ("names", [1], "text"),
        ("on", "yes", "true or false"),
        ("on", 1, "true or false"),
        ("own", "a", "must be a map, like {a: b}, or {}"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_the_rule(name: str, value: object, words: str) -> None:
    """The message names section and parameter, the value, and what it must be."""
    with pytest.raises(DataError) as caught:
        parameters.build(Options, GOOD | {name: value}, "stage")
    message = str(caught.value)
    assert f"stage.{name}" in message
    assert words in message
    if not isinstance(value, list):
        assert repr(value) in message


def test_a_missing_parameter_is_named() -> None:
    """The message names the parameter and the file it belongs to."""
    values = {key: value for key, value in GOOD.items() if key != "share"}
    with pytest.raises(DataError, match=r"stage\.share is missing.*params\.yaml"):
        parameters.build(Options, values, "stage")


def test_an_unknown_parameter_names_the_nearest_known_one() -> None:
    """A typing error is answered with what was meant."""
    with pytest.raises(
        DataError, match=r"unknown parameter stage\.shar: did you mean stage\.share"
    ):
        parameters.unknown(GOOD | {"shar": 1}, (Options,), "stage")
    with pytest.raises(DataError, match=r"unknown parameter zzz: known are size, rate"):
        parameters.refuse_unknown({"zzz": 1}, ["size", "rate"])


def test_keys_of_all_classes_of_a_section_are_known() -> None:
    """A section may feed two option classes."""

    @dataclass(frozen=True)
    class More:
        extra: int

    parameters.unknown(GOOD | {"extra": 1}, (Options, More), "stage")


def test_a_class_that_refuses_a_combination_is_quoted_with_its_section() -> None:
    """A `__post_init__` that raises is reported as of the section."""

    @dataclass(frozen=True)
    class Band:
        low: float
        high: float

        def __post_init__(self) -> None:
            if self.low >= self.high:
                raise DataError("low must be below high")

    with pytest.raises(DataError, match="parameters of clean: low must be below high"):
        parameters.build(Band, {"low": 2, "high": 1}, "clean")


def test_a_date_of_yaml_is_text_where_text_is_wanted() -> None:
    """YAML reads 1971-04-08 as a date; groups are named so."""
    made = parameters.build(Options, GOOD | {"names": [datetime.date(1971, 4, 8)]}, "stage")
    assert made.names == ("1971-04-08",)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-5, 5), st.floats(0, 5))
def test_limits_are_what_they_say(value: float, low: float, width: float) -> None:
    """Each rule objects exactly outside its range, bounds included where they are."""
    high = low + width
    assert (Between(low, high)(value) is None) == (low <= value <= high)
    assert (AtLeast(low)(value) is None) == (value >= low)
    assert (Above(low)(value) is None) == (value > low)


def test_a_name_is_one_of_those_registered() -> None:
    """Else all are listed, and the nearest one is asked for."""
    rule = OneOf(("cross_entropy", "focal"))
    assert rule("focal") is None
    assert rule("focl") == "must be one of cross_entropy, focal (did you mean focal?)"
    assert rule("x") == "must be one of cross_entropy, focal"


def test_registered_names_are_read_from_sources(tmp_path: Path) -> None:
    """At the beginning of a line, however the decorator goes on, without running anything."""
    source = tmp_path / "some.py"
    source.write_text(
        'raise SystemExit\n@thing("one", features="a")\n@thing("two")\n# @thing("no")'
    )
    assert registered([source], "thing") == ("one", "two")


@dataclass(frozen=True)
class Gain:
    """A map of two parameters."""

    p: Fraction
    db: Annotated[float, AtLeast(0)]

    def __post_init__(self) -> None:
        if self.p and not self.db:
            raise DataError("db must be more than 0")


@dataclass(frozen=True)
class Changes:
    """A plain parameter beside a map."""

    times: int
    gain: Gain


def test_a_map_becomes_an_option_object_of_its_own() -> None:
    """With the same rules for what is in it."""
    made = parameters.build(Changes, {"times": 2, "gain": {"p": 1, "db": 6}}, "augment")
    assert made == Changes(2, Gain(1.0, 6.0))
    assert type(made.gain.p) is float
    assert parameters.names(Changes) == ["times", "gain", "gain.p", "gain.db"]


@pytest.mark.parametrize(
    ("gain", "message"),
    [
        ({"p": 2, "db": 6}, "parameter augment.gain.p is 2.0: it must be between 0 and 1"),
        ({"p": 1}, "parameter augment.gain.db is missing: add it to params.yaml"),
        ({"p": 1, "bd": 6}, "unknown parameter augment.gain.bd: did you mean augment.gain.db?"),
        ({"p": 1, "db": 0}, "parameters of augment.gain: db must be more than 0"),
        ([1, 6], "parameter augment.gain is [1, 6]: it must be a map, like {p: …, db: …}"),
        (None, "parameter augment.gain is None: it must be a map, like {p: …, db: …}"),
    ],
    ids=str,
)
def test_what_is_in_a_map_is_named_with_dots(gain: object, message: str) -> None:
    """In every message."""
    with pytest.raises(DataError) as caught:
        parameters.build(Changes, {"times": 2, "gain": gain}, "augment")
    assert str(caught.value) == message


def test_a_name_from_before_the_maps_is_answered_with_the_one_of_today() -> None:
    """And a slip in such a name with what was meant."""
    with pytest.raises(DataError, match=r"augment\.gain_p: it is now augment\.gain\.p$"):
        parameters.unknown({"gain_p": 0.5}, (Changes,), "augment")
    with pytest.raises(DataError, match=r"augment\.gian_db: did you mean augment\.gain\.db\?"):
        parameters.unknown({"gian_db": 0.5}, (Changes,), "augment")
    with pytest.raises(DataError, match=r"augment\.loudness: known are times, gain$"):
        parameters.unknown({"loudness": 0.5}, (Changes,), "augment")
