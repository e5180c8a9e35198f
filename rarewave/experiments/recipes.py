"""Recipes: named sets of parameters, written into params.yaml and nothing else."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rarewave.annotations.by_time import Uncertainty
from rarewave.annotations.sources import Sources
from rarewave.base import parameters, yaml
from rarewave.base.compute import Compute
from rarewave.base.errors import DataError
from rarewave.base.files import whole
from rarewave.baselines.options import Baselines
from rarewave.dataset.labelling import Labelling
from rarewave.dataset.placement import Placement
from rarewave.dataset.targets import Target
from rarewave.detection.operating_points import Operating
from rarewave.detection.postprocessing import Joining
from rarewave.detection.recovery_options import Recovery
from rarewave.explanation.cases import Cases
from rarewave.explanation.looking import Looking
from rarewave.explanation.sharing import Relevance
from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.spectrogram import Band, Spectrogram
from rarewave.measurement.calls import Exploration
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.comparison import Unit
from rarewave.metrics.event_based import Matching
from rarewave.metrics.thresholds import Objective
from rarewave.networks.options import MonteCarlo, Novel
from rarewave.splits.parts import Split
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.hyperparameters import Pretraining, Training

SECTIONS: dict[str, tuple[type, ...]] = {
    "ingest": (Sources, Uncertainty),
    "eda": (Exploration,),
    "clean": (Cleaning, Placement, Labelling, Target),
    "spectrogram": (Spectrogram, Band),
    "split": (Split,),
    "pretrain": (Pretraining,),
    "views": (Augmentation,),
    "train": (Training,),
    "augment": (Augmentation,),
    "baselines": (Baselines,),
    "threshold": (Objective,),
    "uncertainty": (MonteCarlo, Novel),
    "evaluate": (Bootstrap, Unit),
    "recover": (Recovery,),
    "gradcam": (Cases,),
    "relevance": (Relevance,),
    "look": (Looking,),
    "detect": (Joining, Matching, Operating),
    "compute": (Compute,),
}

# The recipe that holds every parameter; the others hold what differs from it.
DEFAULT = "lunar"


def validate(params: Mapping[str, Any]) -> None:
    """Check every section, name, type and value; raises `DataError` with the nearest name."""
    parameters.refuse_unknown(params, list(SECTIONS))
    for section, classes in SECTIONS.items():
        parameters.refuse_no_map(params, section)
        parameters.unknown(params[section], classes, section)
        for cls in classes:
            parameters.build(cls, params[section], section)


def names(folder: Path) -> list[str]:
    """The recipes in a folder."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def content(name: str, folder: Path) -> dict[str, Any]:
    """All values of a recipe, those of the default where it says nothing; raises `DataError`."""
    found = yaml.read(folder / f"{DEFAULT}.yaml", "run this from the folder of the project")
    if name != DEFAULT:
        _merge(found, yaml.read(folder / f"{name}.yaml", "name a recipe that is there"))
    return found


def use(name: str, changes: Mapping[str, Any], folder: Path, params: Path) -> list[str]:
    """Write a recipe, with some values changed, into `params`; comments are kept.

    Parameters
    ----------
    name : `folder/name.yaml`.
    changes : dotted names to values, on top of the recipe.

    Returns
    -------
    What changed in `params`, as `section.name: old -> new`.

    Raises
    ------
    DataError
        No such recipe, or a name or value that no stage knows; `params` is left as it was.
    """
    if name not in names(folder):
        known = ", ".join(names(folder)) or "none"
        raise DataError(f"no recipe {name} in {folder}: there are {known}")
    content = read(folder / f"{DEFAULT}.yaml")
    if name != DEFAULT:
        _merge(content, read(folder / f"{name}.yaml"))
    text = _changed(content, changes)
    before = flat(read(params)) if params.exists() else {}
    with whole(params) as part:
        part.write_text(text, encoding="utf-8")
    return [
        f"{name}: {before.get(name)!r} -> {value!r}"
        for name, value in flat(content).items()
        if before.get(name, ...) != value
    ]


def refuse_bad(params: Path, changes: Mapping[str, Any]) -> None:
    """Raise `DataError` where `params` with some values changed is not valid; write nothing."""
    _changed(read(params), changes)


def _changed(content: Any, changes: Mapping[str, Any]) -> str:
    """Parameters with some values changed, as text that was checked."""
    for name, value in changes.items():
        section, *inside = name.split(".")
        parameters.refuse_unknown({section: None}, list(SECTIONS))
        parameters.refuse_no_map(content, section)
        for key in reversed(inside):
            value = {key: value}
        _merge(content, {section: value})
    text = io.StringIO()
    yaml.writer().dump(content, text)
    validate(yaml.mapping(text.getvalue(), "the recipe"))
    return text.getvalue()


def _merge(content: Any, changes: Mapping[str, Any], name: str = "") -> None:
    """Write values over those of `content`, in place; maps are merged, and nothing is added.

    A map of the user's own names is one value.
    """
    parameters.refuse_unknown(changes, list(flat(content, True, name)), name)
    for key, value in changes.items():
        if not name:
            parameters.refuse_no_map(changes, key)
        full = f"{name}.{key}" if name else key
        both_maps = isinstance(value, Mapping) and isinstance(content[key], Mapping)
        if both_maps and full not in parameters.OWN_NAMES:
            _merge(content[key], value, full)
        else:
            content[key] = value


def flat(content: Mapping[str, Any], maps: bool = False, section: str = "") -> dict[str, Any]:
    """Values by their dotted names, those of maps themselves too if wanted.

    Parameters
    ----------
    section : whose content it is; empty: of all of them.
    """
    found: dict[str, Any] = {}
    for key, value in content.items():
        key = str(key)
        full = f"{section}.{key}" if section else key
        one = not isinstance(value, Mapping) or full in parameters.OWN_NAMES
        if maps or one:
            found[key] = value
        if not one:
            found |= {f"{key}.{name}": v for name, v in flat(value, maps, full).items()}
    return found


def parse(text: str) -> tuple[str, Any]:
    """`section.name=value` with the value read as YAML."""
    key, equals, value = text.partition("=")
    if not equals or "." not in key:
        raise DataError(f"{text!r} is not of the form section.name=value")
    return key, yaml.value(value)


def read(path: Path) -> Any:
    """A YAML file with its comments, as a mapping; raises `DataError`."""
    return yaml.read_commented(path, "run this from the folder of the project")
