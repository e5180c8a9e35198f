"""What a run of MLflow is called: by its recipe and experiment."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rarewave.base import yaml
from rarewave.base.errors import DataError
from rarewave.tracking.runs import flat

_DEFAULT = "lunar"  # holds every value; the other recipes what differs


def run_name(settings: Mapping[str, Any], what: str, folder: Path = Path("recipes")) -> str:
    """Recipe and experiment or state; a star says that values of the recipe were changed.

    Parameters
    ----------
    settings : of params.yaml.
    what : the experiment, or the state.
    """
    mine, recipes = flat(settings), {}
    for path in sorted(folder.glob("*.yaml")):
        with suppress(DataError):  # a recipe that is being written
            recipes[path.stem] = flat(yaml.read(path, ""))
    if _DEFAULT not in recipes:
        return what
    differing = {}
    for name, changes in recipes.items():
        values = recipes[_DEFAULT] | changes
        differing[name] = sum(mine.get(key, ...) != values[key] for key in values)
    nearest = min(differing, key=lambda name: differing[name])
    return f"{nearest}{'*' if differing[nearest] else ''} {what}"
