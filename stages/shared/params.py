"""Read params.yaml, and check its sections against the options that a stage knows."""

from pathlib import Path
from typing import Any

from rarewave.base import parameters
from rarewave.base.errors import DataError


def read_params() -> dict[str, Any]:
    """All of params.yaml, read as DVC reads it."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    path = Path("params.yaml")
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError("no params.yaml here: run stages from the project folder") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "it cannot be parsed"
        raise DataError(f"params.yaml is not YAML{where}: {reason}") from None
    if not isinstance(content, dict):
        raise DataError("params.yaml has no sections")
    return content


def read_section(section: str) -> dict[str, Any]:
    """One section of params.yaml."""
    content = read_params()
    if not isinstance(content.get(section), dict):
        raise DataError(
            f"params.yaml has no section {section}: python -m rarewave use RECIPE writes them all"
        )
    return content[section]


def options(section: str, *classes: type[Any]) -> tuple[Any, ...]:
    """The option objects of a section, which together know all of its parameters."""
    values = read_section(section)
    parameters.unknown(values, classes, section)
    return tuple(parameters.build(cls, values, section) for cls in classes)
