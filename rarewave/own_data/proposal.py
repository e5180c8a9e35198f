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
    label_sources,
    looking,
    report,
    unlabelled,
    writing,
)
from rarewave.own_data.folder import Folder, look
from rarewave.own_data.looking import Asked

_RECIPES, _REPORTS = Path("recipes"), Path("reports")


class Proposal(NamedTuple):
    """What was written, and what to say of it."""

    recipe: Path | None  # None: there are no labels
    report: Path
    text: str  # for the terminal
    noticed: list[str]  # what was taken for what
    concerns: list[str]  # what may be wrong or missing


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
    known = looking.survey(found, data, defaults, asked)
    if known is None:
        made = _unlabelled(found, data, defaults, name)
        return made._replace(concerns=[*made.concerns, *label_sources.unread(found)])
    survey, noticed = known
    choices, levels = deciding.decide(survey, defaults, asked.task)
    classes, minded = looking.describe(survey), concerns.find(survey, choices)
    written = report.write(_REPORTS, name, survey, choices, classes, levels, noticed + minded)
    with whole(recipe) as part:  # last: where it stands, its report does
        head = (
            f"Made by `python -m rarewave new` from what is in {data}; what differs from "
            f"lunar.yaml. All that was found: reports/{name}.md."
        )
        part.write_text(writing.recipe(choices, head), encoding="utf-8")
    return Proposal(recipe, written, report.short(survey, choices, classes), noticed, minded)


def _unlabelled(folder: Folder, data: str, defaults: Mapping[str, Any], name: str) -> Proposal:
    """What to label first, as there is nothing to learn from."""
    sources = looking.sources_of(folder, data, defaults)
    wanted = looking.permissive(defaults, folder.seismic)
    found = unlabelled.propose(folder.root, sources, wanted, folder.seismic, _REPORTS, name)
    form = "a catalogue (event_id,start,end,type)" if folder.seismic else "NAME.txt beside NAME.wav"
    text = (
        f"{len(folder.recordings)} files, and no labels: nothing can be learnt or tested yet.\n"
        f"Label these {len(found.picked)} windows first, the most usual and the loudest of "
        f"{found.table['kind'].nunique()} kinds: {_REPORTS}/{name}/label_first.csv\n"
        f"(in Audacity or Raven; {form}), each of these recordings to its end; then\n"
        f"  python -m rarewave new {name} {data}\n"
        "With a detector that you have or were given, they can be searched now:\n"
        f"  python -m rarewave detect MODEL {data} --out found\n"
        f"Where every window lies among all: {_REPORTS}/{name}/windows.csv"
    )
    return Proposal(None, found.report, text, [], [])


def _as_parameter(folder: Path) -> str:
    """A folder as ingest.data has it: relative where it lies in or beside the project."""
    relative = os.path.relpath(folder)
    near = not relative.startswith(os.path.join("..", ".."))
    return Path(relative if near else folder.resolve()).as_posix()
