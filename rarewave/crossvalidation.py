"""Every fold as an experiment of DVC, and the scores of several experiments side by side."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rarewave.errors import DataError
from rarewave.tables import RECORDINGS, read_table

FILES = ("metrics/evaluate.json", "metrics/detect.json")

# Shown where the experiments have them: file, name in it, heading.
SCORES = (
    ("metrics/evaluate.json", "network.accuracy", "accuracy"),
    ("metrics/evaluate.json", "network.macro_f1", "macro F1"),
    ("metrics/evaluate.json", "network.average_precision", "average precision"),
    ("metrics/evaluate.json", "network.f1", "F1"),
    ("metrics/evaluate.json", "forest.accuracy", "forest accuracy"),
    ("metrics/evaluate.json", "forest.macro_f1", "forest macro F1"),
    ("metrics/evaluate.json", "level.average_precision", "level average precision"),
    ("metrics/detect.json", "network.macro_f1", "event macro F1"),
)


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
    _dvc("repro", "--quiet", "ingest")
    known = set(read_table(Path("artifacts/ingest/recordings.parquet"), RECORDINGS)["fold"]) - {""}
    if not known:
        raise DataError(
            "the recordings have no folds: a clip table may give them, or ingest.folds makes them"
        )
    if not all(name.isdigit() for name in known):
        raise DataError(f"folds must be whole numbers, and they are {', '.join(sorted(known))}")
    wanted = list(folds) or sorted(int(name) for name in known)
    unknown = [fold for fold in wanted if str(fold) not in known]
    if unknown:
        raise DataError(f"there is no fold {unknown[0]}: the folds are {', '.join(sorted(known))}")
    names = []
    for fold in wanted:
        name = f"{prefix}-{fold}"
        settings = [f"split.test_fold={fold}", *changes]
        _dvc("exp", "run", "-f", "-n", name, *_pairs(settings))
        names.append(name)
    return names


def _pairs(settings: Sequence[str]) -> list[str]:
    return [part for setting in settings for part in ("-S", setting)]


def _dvc(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", "dvc", *command], check=False)
    if done.returncode:
        raise DataError(f"dvc {' '.join(command)} failed")


def collect(experiments: Sequence[str]) -> pd.DataFrame:
    """Scores (rows) of experiments (columns) with their mean and standard deviation.

    Raises
    ------
    DataError
        There is no such experiment, or none of them has scores.
    """
    import dvc.api
    from dvc.exceptions import DvcException

    found: dict[str, dict[str, float]] = {}
    for name in experiments:
        content: dict[str, Any] = {}
        for path in FILES:
            try:
                content[path] = json.loads(dvc.api.read(path, rev=name))
            except (DvcException, FileNotFoundError) as error:
                if path == FILES[0]:
                    raise DataError(
                        f"no scores in experiment {name} ({error}): see dvc exp show"
                    ) from None
        for path, key, heading in SCORES:
            value = _inner(content.get(path, {}), key)
            if value is not None:
                found.setdefault(heading, {})[name] = value
    if not found:
        raise DataError("none of these experiments has scores")
    table = pd.DataFrame(found).T.reindex(columns=list(experiments))
    values = table.to_numpy(float)
    spread = values.std(axis=1, ddof=1) if len(experiments) > 1 else float("nan")
    return table.assign(mean=values.mean(axis=1), sd=spread)


def _inner(content: Any, key: str) -> float | None:
    for part in key.split("."):
        content = content.get(part) if isinstance(content, dict) else None
    return float(content) if isinstance(content, int | float) else None


def text(table: pd.DataFrame) -> str:
    """The table as Markdown."""
    lines = [f"| | {' | '.join(map(str, table.columns))} |", f"|---|{'---|' * len(table.columns)}"]
    for name, row in table.iterrows():
        lines.append(f"| {name} | {' | '.join(f'{value:.3f}' for value in row)} |")
    return "\n".join(lines)
