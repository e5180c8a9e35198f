"""Parameters checked against dataclasses: names, types, ranges, choices.

An option class is a frozen dataclass whose annotations carry the limits::

    @dataclass(frozen=True)
    class Grid:
        window_samples: Annotated[int, AtLeast(1)]

`build` makes one from a mapping, or raises `DataError` naming the parameter and the fix. A field
may be an option class itself: its parameter is a map, and what is in it is named with dots.
"""

import dataclasses
import datetime
import difflib
import math
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from rarewave.base.errors import DataError

T = TypeVar("T")


@dataclass(frozen=True)
class Above:
    """The value must be greater than `bound`."""

    bound: float

    def __call__(self, value: float) -> str | None:
        return None if value > self.bound else f"must be {self}"

    def __str__(self) -> str:
        return f"greater than {self.bound:g}"


@dataclass(frozen=True)
class AtLeast:
    """The value must not be less than `bound`."""

    bound: float

    def __call__(self, value: float) -> str | None:
        return None if value >= self.bound else f"must be {self}"

    def __str__(self) -> str:
        return f"at least {self.bound:g}"


@dataclass(frozen=True)
class Between:
    """The value must lie in [`low`, `high`]."""

    low: float
    high: float

    def __call__(self, value: float) -> str | None:
        return None if self.low <= value <= self.high else f"must be {self}"

    def __str__(self) -> str:
        return f"between {self.low:g} and {self.high:g}"


@dataclass(frozen=True)
class OneOf:
    """The value must be among `choices`: for names that a registry holds, else `Literal`."""

    choices: tuple[str, ...]

    def __call__(self, value: str) -> str | None:
        return None if value in self.choices else f"must be {_one_of(value, self.choices)}"

    def __str__(self) -> str:
        return f"one of {', '.join(self.choices)}"


# Those of params.yaml; `experiments.recipes` says which options each holds.
SECTIONS = (
    "ingest", "eda", "clean", "spectrogram", "split", "pretrain", "views", "train", "augment",
    "baselines", "threshold", "uncertainty", "evaluate", "recover", "gradcam", "relevance",
    "look", "detect", "compute",
)  # fmt: skip

# Maps whose names are the user's own, as labels: each is one value, and nothing in it a parameter.
OWN_NAMES = (
    "ingest.classes", "ingest.label_columns", "views.stretch.classes", "augment.stretch.classes",
)  # fmt: skip

# No time, frequency or count of a recording is beyond: a slip of the keyboard is.
_LARGEST = 1e12

_TYPES = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}

Fraction = Annotated[float, Between(0.0, 1.0)]
Seconds = Annotated[float, Between(0.0, 1e9)]  # up to 31 years
Seed = Annotated[int, Between(0, 2**32 - 1)]  # what numpy and Keras take


def build(cls: type[T], values: Mapping[str, Any], section: str) -> T:
    """Make one option object from the parameters of a section.

    Keys of other classes of the same section are left alone: see `unknown`.

    Raises
    ------
    DataError
        A parameter is missing, or has a wrong type or an impossible value.
    """
    hints = get_type_hints(cls, include_extras=True)
    found = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        name = f"{section}.{field.name}"
        if field.name not in values:
            raise DataError(f"parameter {name} is missing: add it to params.yaml")
        found[field.name] = _checked(values[field.name], hints[field.name], name)
    try:
        return cls(**found)
    except DataError as error:
        raise DataError(f"parameters of {section}: {error}") from None


def unknown(values: Mapping[str, Any], classes: tuple[type, ...], section: str) -> None:
    """Refuse parameters that no option class of a section knows, naming the nearest one."""
    refuse_unknown(values, [name for cls in classes for name in names(cls)], section)


def names(cls: type) -> list[str]:
    """The parameters of an option class, those inside of a map behind it with a dot."""
    hints, found = get_type_hints(cls), []
    for field in dataclasses.fields(cls):
        inner = names(hints[field.name]) if dataclasses.is_dataclass(hints[field.name]) else []
        found += [field.name, *(f"{field.name}.{name}" for name in inner)]
    return found


# Where parameters of other versions went.
MOVED = {
    "clean.sta_s": "baselines.sta_s",
    "clean.lta_s": "baselines.lta_s",
    "train.threads": "compute.threads",
    **{
        f"{section}.{old}": f"{section}.{new}"
        for section in ("views", "augment")
        for old, new in {
            "time_masks": "time_mask.times",
            "frequency_masks": "frequency_mask.times",
            "noise_exponent_low": "noise.low",
            "noise_exponent_high": "noise.high",
        }.items()
    },
}


def refuse_unknown(values: Mapping[str, Any], known: list[str], section: str = "") -> None:
    """Raise `DataError` for the first key that is not among `known`.

    Names with a dot are inside of maps: they are no keys, but may be what was meant.
    """
    prefix = f"{section}." if section else ""
    keys = [name for name in known if "." not in name]
    joined = {name.replace(".", "_"): name for name in known}
    for key in values:
        if f"{prefix}{key}" in MOVED:
            raise DataError(f"{prefix}{key} is now {MOVED[prefix + key]}: set that")
        if key in joined and key not in keys:
            raise DataError(f"unknown parameter {prefix}{key}: it is now {prefix}{joined[key]}")
        if key not in keys:
            near = difflib.get_close_matches(str(key), joined, n=1, cutoff=0.5)
            hint = f"known are {', '.join(keys)}"
            if near:
                hint = f"did you mean {prefix}{joined[near[0]]}?"
            raise DataError(f"unknown parameter {prefix}{key}: {hint}")


def refuse_no_map(content: Mapping[str, Any], section: str) -> None:
    """Raise `DataError` where a section is missing, or is no map of names and values."""
    if section not in content:
        raise DataError(f"the section {section} is missing: python -m rarewave use writes them all")
    if not isinstance(content[section], Mapping):
        raise DataError(
            f"the section {section} is {content[section]!r}: it must hold names and values, or be "
            "left out"
        )


def describe(hint: Any) -> str:
    """What a parameter of a type may be, as `a number, greater than 0, or null`."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        rules = [str(rule) for rule in inner[1:]]
        # A choice says all; a type does not add to it.
        return ", ".join(rules if isinstance(inner[1], OneOf) else [describe(inner[0]), *rules])
    if origin is Literal:
        return f"one of {', '.join(str(choice) for choice in inner)}"
    if origin in (Union, types.UnionType):
        wanted = [describe(option) for option in inner if option is not type(None)]
        return ", or ".join(wanted + ["null"] * (type(None) in inner))
    if origin is Mapping:
        return f"a map; each value is {describe(inner[1])}"
    if origin is tuple:
        return f"a list; each is {describe(inner[0])}"
    return _TYPES.get(hint, getattr(hint, "__name__", str(hint)))


def _checked(value: Any, hint: Any, name: str) -> Any:
    rules: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *extra = get_args(hint)
        rules = tuple(extra)
    value = _typed(value, hint, name)
    for rule in rules:
        problem = rule(value) if value is not None else None
        if problem:
            raise DataError(f"parameter {name} is {value!r}: it {problem}")
    return value


def _typed(value: Any, hint: Any, name: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        options = get_args(hint)
        if value is None and type(None) in options:
            return None
        wanted = [option for option in options if option is not type(None)]
        several = isinstance(value, list | tuple)  # one of something, or a list of it
        fit = [option for option in wanted if (get_origin(option) is tuple) == several]
        return _checked(value, (fit or wanted)[0], name)
    if origin is Literal:
        choices = get_args(hint)
        if value in choices and type(value) in {type(choice) for choice in choices}:
            return value
        raise DataError(f"parameter {name} is {value!r}: choose {_one_of(value, choices)}")
    if origin is Mapping:
        return _named(value, get_args(hint)[1], name)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            inner = ", ".join(f"{field.name}: …" for field in dataclasses.fields(hint))
            raise DataError(f"parameter {name} is {value!r}: it must be a map, like {{{inner}}}")
        unknown(value, (hint,), name)  # type: ignore[arg-type]
        return build(hint, value, name)  # type: ignore[arg-type]
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise DataError(f"parameter {name} is {value!r}: it must be a list, like [a, b]")
        inner = get_args(hint)[0]
        return tuple(_checked(item, inner, name) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if hint is str and isinstance(value, datetime.date):
        value = value.isoformat()  # YAML reads 1971-04-08 as a date
    if type(value) is not hint:
        raise DataError(f"parameter {name} is {value!r}: it must be {describe(hint)}")
    if hint is str and "\0" in value:
        raise DataError(f"parameter {name} is {value!r}: it must have no null character")
    if hint is float and not math.isfinite(value):
        raise DataError(f"parameter {name} is {value!r}: it must be finite")
    if hint in (float, int) and abs(value) > _LARGEST:
        raise DataError(f"parameter {name} is {value!r}: it must be at most {_LARGEST:g}")
    return value


def _named(value: Any, hint: Any, name: str) -> dict[str, Any]:
    """A map of the user's own names."""
    if not isinstance(value, Mapping):
        raise DataError(f"parameter {name} is {value!r}: it must be a map, like {{a: b}}, or {{}}")
    for key in value:
        if not isinstance(key, str) or "\0" in key:
            raise DataError(f"parameter {name} has a name {key!r}: write it in quotation marks")
    return {key: _checked(inner, hint, f"{name}.{key}") for key, inner in value.items()}


def _one_of(value: Any, choices: Iterable[Any]) -> str:
    """`one of a, b, c`, and which of them may have been meant."""
    known = [str(choice) for choice in choices]
    near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.5)
    return f"one of {', '.join(known)}" + (f" (did you mean {near[0]}?)" if near else "")
