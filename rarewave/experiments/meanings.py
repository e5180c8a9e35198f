"""What every parameter means, what it may be and what it is now.

Names, types and limits are those of the option classes, meanings the comments of the default
recipe, so that each is written once.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

from rarewave.base import parameters
from rarewave.base.errors import DataError
from rarewave.base.files import text_of
from rarewave.experiments import recipes

# What the end of a name says.
_UNITS = {
    "s": "seconds",
    "hz": "Hz",
    "db": "dB",
    "samples": "samples",
    "rows": "rows of the spectrogram",
    "semitones": "semitones",
}


class Meaning(NamedTuple):
    """All that is known of one parameter."""

    name: str  # with dots
    value: str  # as YAML
    default: str  # of the default recipe
    limits: str
    unit: str
    text: str  # may be empty


def of_section(section: str, folder: Path, params: Path) -> dict[str, list[Meaning]]:
    """The parameters of a section, behind what their option class says of itself.

    Parameters
    ----------
    folder : of the recipes.
    params : the values now.

    Raises
    ------
    DataError
        There is no such section, or no such files.
    """
    if section not in recipes.SECTIONS:
        known = ", ".join(recipes.SECTIONS)
        raise DataError(f"params.yaml has no section {section}: there are {known}")
    default = folder / f"{recipes.DEFAULT}.yaml"
    now, then = (recipes.flat(recipes.read(path)) for path in (params, default))
    comments = read_comments(text_of(default))
    found: dict[str, list[Meaning]] = {}
    for cls in recipes.SECTIONS[section]:
        for title, name, hint in _options(cls, section):
            meaning = Meaning(
                name,
                _shown(now.get(name, ...)),
                _shown(then.get(name, ...)),
                parameters.describe(hint),
                _UNITS.get(re.split(r"[_.]", name)[-1], ""),
                comments.get(name, "probability of the change" if name.endswith(".p") else ""),
            )
            found.setdefault(title, []).append(meaning)
    return found


def _options(cls: type, prefix: str) -> Iterator[tuple[str, str, Any]]:
    """What its class says of itself, name and type of every parameter that is no map."""
    title = " ".join((cls.__doc__ or "").split("\n\n")[0].split())
    plain, hints = get_type_hints(cls), get_type_hints(cls, include_extras=True)
    for field in dataclasses.fields(cls):
        name, inner = f"{prefix}.{field.name}", plain[field.name]
        if dataclasses.is_dataclass(inner):
            yield from _options(inner, name)  # type: ignore[arg-type]
        else:
            yield title, name, hints[field.name]


def read_comments(text: str) -> dict[str, str]:
    """Comments of a recipe by dotted names: behind a value, and in lines of their own below it.

    Maps are left out: what their values mean, their option classes say.
    """
    found: dict[str, str] = {}
    section = name = ""
    for line in text.splitlines():
        if header := re.match(r"(\w+):", line):
            section = header[1]
        elif value := re.match(r"  (\w+): (?!\{\w).*?(?:\s# (.*))?$", line):
            name = f"{section}.{value[1]}"
            found |= {name: value[2]} if value[2] else {}
        elif (more := re.match(r" {4,}# (.*)", line)) and name in found:
            found[name] += f" {more[1]}"
    return found


def _shown(value: Any) -> str:
    """A value as it stands in params.yaml."""
    if value is ...:
        return "(missing)"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_shown(item)}' for key, item in value.items())}}}"
    return f"[{', '.join(map(_shown, value))}]" if isinstance(value, list) else str(value)
