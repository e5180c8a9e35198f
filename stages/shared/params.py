"""Read params.yaml, and check its sections against the options that a stage knows."""

from pathlib import Path
from typing import Any

from rarewave.base import parameters, yaml
from rarewave.base.errors import DataError


def read_params() -> dict[str, Any]:
    """All of params.yaml, read as DVC reads it."""
    content = yaml.read(Path("params.yaml"), "run stages from the project folder")
    parameters.refuse_unknown(content, list(parameters.SECTIONS))
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
