"""From a folder to a recipe and a report: look, decide, write."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rarewave.base.errors import DataError
from rarewave.base.files import whole
from rarewave.own_data import (
    concerns,
    deciding,
    looking,
    report,
    unlabelled,
    without_labels,
    writing,
)
from rarewave.own_data.folder import look
from rarewave.own_data.looking import Asked
from rarewave.own_data.survey import UNLABELLED, Choices

_RECIPES, _REPORTS = Path("recipes"), Path("reports")


class Proposal(NamedTuple):
    """What was written, and what to say of it."""

    recipe: Path
    report: Path
    text: str  # for the terminal
    noticed: list[str]  # what was taken for what
    concerns: list[str]  # what may be wrong or missing
    then: str  # what to do next


def propose(
    name: str, folder: Path, defaults: Mapping[str, Any], asked: Asked, replace: bool
) -> Proposal:
    """Write `recipes/NAME.yaml` and `reports/NAME.md` for a folder.

    Parameters
    ----------
    defaults : all parameters by section; the recipe holds what differs.
    replace : whether a recipe of that name may be overwritten.

    Raises
    ------
    DataError
        The name is none, taken or the default recipe's; there is no recording; or what
        `looking.survey` refuses.
    """
    recipe = _RECIPES / f"{name}.yaml"
    if not re.fullmatch(r"\w[\w-]*", name) or name == "lunar":
        raise DataError(f"{name!r} cannot be the name of a recipe: letters, digits, _ and - can")
    if recipe.exists() and not replace:
        raise DataError(f"{recipe} is there already: choose another name, or give --force")
    data, found = _as_parameter(folder), look(folder)
    survey, noticed = looking.survey(found, data, defaults, asked)
    head = (
        f"Made by `python -m rarewave new` from what is in {data}; what differs from lunar.yaml. "
        f"All that was found: reports/{name}.md."
    )
    if survey.form == UNLABELLED:
        choices = without_labels.decide(survey, defaults)
        minded = concerns.of_recordings(survey)
        written = unlabelled.propose(survey, choices, noticed + minded, _REPORTS, name)
        _write(recipe, choices, f"{head} Nobody has labelled anything: for `dvc repro pretrain`.")
        then = unlabelled.steps(survey, choices, name, _REPORTS)
        return Proposal(recipe, written, report.head(survey), noticed, minded, then)
    choices, levels = deciding.decide(survey, defaults, asked.task)
    classes, minded = looking.describe(survey), concerns.find(survey, choices)
    written = report.write(_REPORTS, name, survey, choices, classes, levels, noticed + minded)
    _write(recipe, choices, head)  # last: where it stands, its report does
    then = "Next: dvc repro, then python -m rarewave summary"
    return Proposal(recipe, written, report.short(survey, choices, classes), noticed, minded, then)


def _write(path: Path, choices: Choices, head: str) -> None:
    with whole(path) as part:
        part.write_text(writing.recipe(choices, head), encoding="utf-8")


def _as_parameter(folder: Path) -> str:
    """A folder as ingest.data has it: relative where it lies in the project, else as it was given.

    Absolute names hold in copies of the project, too, as `dvc exp run --temp` makes them.
    """
    relative = os.path.relpath(folder)
    inside = not relative.startswith("..")
    beside = not folder.is_absolute() and not relative.startswith(os.path.join("..", ".."))
    return Path(relative if inside or beside else folder.resolve()).as_posix()
