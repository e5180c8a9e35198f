"""Recipes: named sets of parameters, written into params.yaml and nothing else."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rarewave.annotations.by_time import Uncertainty
from rarewave.annotations.sources import Sources
from rarewave.base import parameters
from rarewave.base.errors import DataError
from rarewave.base.files import whole
from rarewave.baselines.options import Baselines
from rarewave.dataset.labelling import Labelling
from rarewave.dataset.placement import Placement
from rarewave.dataset.targets import Target
from rarewave.detection.operating_points import Operating
from rarewave.detection.postprocessing import Joining
from rarewave.explanation.cases import Cases
from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.spectrogram import Band, Spectrogram
from rarewave.measurement.calls import Exploration
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.comparison import Unit
from rarewave.metrics.event_based import Matching
from rarewave.metrics.thresholds import Objective
from rarewave.splits.parts import Split
from rarewave.training.augmentation import Augmentation
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
    "evaluate": (Bootstrap, Unit),
    "gradcam": (Cases,),
    "detect": (Joining, Matching, Operating),
}

# The recipe that holds every parameter; the others hold what differs from it.
DEFAULT = "lunar"


def validate(params: Mapping[str, Any]) -> None:
    """Check every section, name, type and value; raises `DataError` with the nearest name."""
    parameters.refuse_unknown(params, list(SECTIONS))
    for section, classes in SECTIONS.items():
        if not isinstance(params.get(section), Mapping):
            raise DataError(f"the section {section} is missing")
        parameters.unknown(params[section], classes, section)
        for cls in classes:
            parameters.build(cls, params[section], section)


def names(folder: Path) -> list[str]:
    """The recipes in a folder."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


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
        for section, values in read(folder / f"{name}.yaml").items():
            parameters.refuse_unknown({section: None}, list(SECTIONS))
            parameters.refuse_unknown(values, list(content[section]), section)
            content[section].update(values)
    text = _changed(content, changes)
    before = read(params) if params.exists() else {}
    with whole(params) as part:
        part.write_text(text, encoding="utf-8")
    return [
        f"{section}.{key}: {before.get(section, {}).get(key)!r} -> {value!r}"
        for section, values in content.items()
        for key, value in values.items()
        if before.get(section, {}).get(key, ...) != value
    ]


def refuse_bad(params: Path, changes: Mapping[str, Any]) -> None:
    """Raise `DataError` where `params` with some values changed is not valid; write nothing."""
    _changed(read(params), changes)


def _changed(content: Any, changes: Mapping[str, Any]) -> str:
    """Parameters with some values changed, as text that was checked."""
    for key, value in changes.items():
        section, _, parameter = key.partition(".")
        parameters.refuse_unknown({section: None}, list(SECTIONS))
        if not isinstance(content.get(section), Mapping):
            raise DataError(f"the section {section} is missing")
        parameters.refuse_unknown({parameter: None}, list(content[section]), section)
        content[section][parameter] = value
    text = io.StringIO()
    _yaml().dump(content, text)
    validate(YAML(typ="safe").load(text.getvalue()))
    return text.getvalue()


def parse(text: str) -> tuple[str, Any]:
    """`section.name=value` with the value read as YAML."""
    key, equals, value = text.partition("=")
    if not equals or "." not in key:
        raise DataError(f"{text!r} is not of the form section.name=value")
    try:
        return key, YAML(typ="safe").load(value)
    except YAMLError:
        return key, value  # as `*.mseed`, which YAML takes for an alias


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    yaml.representer.add_representer(
        type(None), lambda r, _: r.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    return yaml


def read(path: Path) -> Any:
    """A YAML file with its comments, as a mapping."""
    try:
        content = _yaml().load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"no {path} here: run this from the folder of the project") from None
    except YAMLError as error:
        raise DataError(f"{path} is not YAML: {error}") from None
    return content or {}
