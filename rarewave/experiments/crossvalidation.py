"""Every fold as an experiment of DVC, and the scores of several experiments side by side."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rarewave.base.errors import DataError
from rarewave.base.tables import RECORDINGS, read_table
from rarewave.experiments import recipes
from rarewave.experiments.dvc import PARAMS, dvc, experiment, parameters_kept, stored_json
from rarewave.metrics.comparison import BRIEF, SHOWN
from rarewave.tracking.runs import flat

_EVALUATE, _DETECT = "metrics/evaluate.json", "metrics/detect.json"
_SPLIT = "metrics/split.json"

# Detectors whose headline scores stand beside the network's.
_BESIDE = ("forest", "linear", "level", "sta_lta")


def _heading(name: str) -> str:
    return name.replace("_", " ").replace("f1", "F1")


def _shown() -> list[tuple[str, str, str]]:
    """What is shown where the experiments have it: file, name in it, heading."""
    scores = dict.fromkeys(name for names in SHOWN.values() for name in names)
    brief = dict.fromkeys(name for names in BRIEF.values() for name in names)
    rows = [(_EVALUATE, f"network.{name}", _heading(name)) for name in scores]
    rows += [
        (_EVALUATE, f"{beside}.{name}", f"{_heading(beside)} {_heading(name)}")
        for beside in _BESIDE
        for name in brief
    ]
    rows.append((_DETECT, "network.macro_f1", "event macro F1"))
    audit = "audit.test_windows_of_a_training_group"
    return [*rows, (_SPLIT, audit, "test windows of a training group")]


def run(folds: Sequence[int], changes: Sequence[str], prefix: str) -> list[str]:
    """Run one experiment for each fold, one after another; their names.

    Parameters
    ----------
    folds : none: all folds of the recordings.
    changes : `section.name=value`, for all of them.

    Raises
    ------
    DataError
        There are no folds, or an experiment failed.
    """
    given = [change for change in changes if change.startswith("ingest.")]
    if given:
        raise DataError(
            f"{given[0]} changes the folds themselves: write it first, with python -m rarewave use "
            f"RECIPE {given[0]}"
        )
    recipes.refuse_bad(PARAMS, dict(recipes.parse(change) for change in changes))
    dvc("repro", "--quiet", "ingest")
    known = set(read_table(Path("artifacts/ingest/recordings.parquet"), RECORDINGS)["fold"]) - {""}
    if not known:
        raise DataError(
            "the recordings have no folds: a clip table may give them, or ingest.folds makes them, "
            "as in python -m rarewave use RECIPE ingest.folds=5"
        )
    if not all(name.isdigit() for name in known):
        raise DataError(f"folds must be whole numbers, and they are {', '.join(sorted(known))}")
    wanted = list(folds) or sorted(int(name) for name in known)
    unknown = [fold for fold in wanted if str(fold) not in known]
    if unknown:
        raise DataError(f"there is no fold {unknown[0]}: the folds are {', '.join(sorted(known))}")
    names = {fold: f"{prefix}-{fold}" for fold in wanted}
    with parameters_kept():
        for fold, name in names.items():
            experiment(name, [f"split.test_fold={fold}", *changes])
    return list(names.values())


def collect(experiments: Sequence[str]) -> pd.DataFrame:
    """Scores (rows) of experiments (columns) with their mean and standard deviation.

    Raises
    ------
    DataError
        There is no such experiment, or none of them has scores.
    """
    found: dict[str, dict[str, float]] = {}
    for name in experiments:
        content = {_EVALUATE: flat(stored_json(_EVALUATE, name)), _DETECT: {}, _SPLIT: {}}
        for path in (_DETECT, _SPLIT):  # an experiment of before there was such a stage
            with contextlib.suppress(DataError):
                content[path] = flat(stored_json(path, name))
        for path, key, heading in _shown():
            value = content[path].get(key)
            if isinstance(value, int | float):
                found.setdefault(heading, {})[name] = value
    if not found:
        raise DataError("none of these experiments has scores")
    table = pd.DataFrame(found).T.reindex(columns=list(experiments))
    values = table.to_numpy(float)
    spread = values.std(axis=1, ddof=1) if len(experiments) > 1 else float("nan")
    return table.assign(mean=values.mean(axis=1), sd=spread)


def text(table: pd.DataFrame) -> str:
    """The table as Markdown."""
    lines = [f"| | {' | '.join(map(str, table.columns))} |", f"|---|{'---|' * len(table.columns)}"]
    for name, row in table.iterrows():
        lines.append(f"| {name} | {' | '.join(f'{value:.3f}' for value in row)} |")
    return "\n".join(lines)
