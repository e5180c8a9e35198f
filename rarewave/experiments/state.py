"""Of which state the outputs in this folder are: commit, recipe, data, and what is out of date."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rarewave.base import yaml
from rarewave.base.errors import DataError
from rarewave.base.notices import some
from rarewave.experiments import recipes
from rarewave.experiments.dvc import PARAMS, dvc

_PIPELINE, _LOCK = Path("dvc.yaml"), Path("dvc.lock")
# Written by every run, so that they are changed before each commit.
_OUTPUTS = ("dvc.lock", "metrics/")


class Stale(NamedTuple):
    """Stages whose outputs are not of the present parameters, code and data."""

    why: dict[str, str]  # name of the stage to what changed
    unknown: str  # why DVC could not tell, empty where it could


def text(found: Stale) -> str:
    """Commit, recipe and data, and the stages that are out of date, for the terminal."""
    lines = [f"{'commit':<8}{commit()}", f"{'recipe':<8}{recipe()}", f"{'data':<8}{data()}"]
    if found.unknown:
        lines.append(f"What is out of date is not known ({found.unknown})")
    if found.why:
        lines.append("\nOut of date: what these stages left is of an earlier state (dvc repro):")
        lines += [f"  {name:<12}{why}" for name, why in found.why.items()]
    return "\n".join(lines)


def commit() -> str:
    """The last commit of Git, and which files are changed since, outputs apart."""
    try:
        last, changed = (
            subprocess.run(["git", *command], capture_output=True, text=True, check=True).stdout
            for command in (
                ("rev-parse", "--short=8", "HEAD"),
                ("status", "--porcelain", "--untracked-files=no"),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return "none: no Git here"
    files = [line[3:] for line in changed.splitlines() if not line[3:].startswith(_OUTPUTS)]
    return last.strip() + (f", and changes in {some(files)}" if files else "")


def recipe(folder: Path = Path("recipes"), params: Path = PARAMS) -> str:
    """The recipe that the parameters are, or the one nearest to them and what differs."""
    mine = recipes.flat(yaml.read(params, "run this from the folder of the project"))
    differing: dict[str, list[str]] = {}
    for name in recipes.names(folder):
        try:
            values = recipes.flat(recipes.content(name, folder))
        except DataError:  # a recipe that is being written
            continue
        names = [key for key in mine | values if mine.get(key, ...) != values.get(key, ...)]
        differing[name] = [f"{key}={json.dumps(mine.get(key))}" for key in names]
    if not differing:
        return "own parameters"
    nearest = min(differing, key=lambda name: len(differing[name]))
    if not differing[nearest]:
        return nearest
    return f"own parameters: {nearest} with {some(differing[nearest])}"


def data(params: Path = PARAMS, lock: Path = _LOCK) -> str:
    """The folder of recordings, and its digest and size as the last run of ingest saw it."""
    folder = yaml.read(params, "")["ingest"]["data"]
    content = yaml.read(lock, "") if lock.exists() else {}
    known = content.get("stages", {}).get("ingest", {}).get("deps", [])
    for entry in known:
        if entry["path"] == folder:
            size = f"{entry.get('nfiles', 1)} files, {entry.get('size', 0) / 1e6:.1f} MB"
            return f"{folder}, {entry['md5'][:8]} ({size})"
    return f"{folder}, not read yet"


def labelled(params: Path = PARAMS) -> bool:
    """Whether the recipe has labels, so that there can be scores."""
    return yaml.read(params, "")["ingest"].get("labels") != "none"


def stale() -> Stale:
    """The stages that `dvc repro` would run, and those that read what these make."""
    try:
        status = json.loads(dvc("status", "--json", shown=False))
    except (DataError, ValueError) as error:
        return Stale({}, str(error).splitlines()[-1])
    why: dict[str, str] = {}
    pipeline = _pipeline()
    for name, stage in pipeline.items():  # which stand there in the order in which they run
        before = [other for other in why if _reads(stage, pipeline[other])]
        made = tuple(out for other in before for out in _outs(pipeline[other]))
        own = _changes(status.get(name, []), made)
        if own or before:
            why[name] = some(own, 3) if own else f"follows {before[0]}"
    return Stale(why, "")


def stages() -> list[str]:
    """The stages in the order in which they run."""
    return list(_pipeline())


def _pipeline() -> dict[str, Any]:
    return yaml.read(_PIPELINE, "run this from the folder of the project")["stages"]


def _changes(listed: list[Any], made: tuple[str, ...]) -> list[str]:
    """What DVC says of one stage, without the inputs that are made anew and lie below `made`."""
    words = []
    for change in listed:
        if not isinstance(change, Mapping):
            words.append(str(change))  # as `changed command`
            continue
        for entries in change.values():
            for path, what in entries.items():
                if isinstance(what, Mapping):  # sections or names of params.yaml
                    words += [f"{path}: {name} {how}" for name, how in what.items()]
                elif not _below(path, made):
                    words.append(f"{path} {what}")
    return words


def _outs(stage: Mapping[str, Any]) -> list[str]:
    """The paths that a stage writes."""
    outs = [*stage.get("outs", []), *stage.get("metrics", [])]
    return [out if isinstance(out, str) else next(iter(out)) for out in outs]


def _reads(stage: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a stage reads what another writes."""
    return any(_below(dep, tuple(_outs(other))) for dep in stage["deps"])


def _below(path: str, folders: tuple[str, ...]) -> bool:
    """Whether a path is one of these, or lies in one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
