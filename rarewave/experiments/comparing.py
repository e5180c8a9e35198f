"""Experiments side by side: scores with intervals, paired differences, parameters that differ."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import yaml
from rarewave.base.errors import DataError
from rarewave.base.tables import EVALUATED, OTHERS, conform, with_scores
from rarewave.base.tasks import Task
from rarewave.experiments import recipes, summaries
from rarewave.experiments.dvc import PARAMS, stored, stored_json, stored_table
from rarewave.metrics import comparison, multiclass
from rarewave.metrics.bootstrap import Bootstrap, group_weights, interval
from rarewave.metrics.comparison import BRIEF, HEADLINE, LIMITS, NETWORK, Truth, mean_gains

_SCORES = Path("artifacts/evaluate/scores.parquet")
_BASELINES = Path("artifacts/evaluate/baselines.parquet")
_THRESHOLD = Path("artifacts/threshold/threshold.json")
_ABOUT = Path("artifacts/clean/frontend.json")
_EVALUATE, _DETECT = "metrics/evaluate.json", "metrics/detect.json"
_RESAMPLES, _SEED = 1000, 1
_MOST = 20  # parameters that are shown


class Run(NamedTuple):
    """What an experiment left, and how its network scores."""

    name: str
    task: Task
    table: pd.DataFrame  # EVALUATED with scores, in the order of window_id
    truth: Truth
    values: dict[str, float]  # of BRIEF
    draws: dict[str, NDArray[np.float64]]  # (resamples,) of each
    event_f1: float  # on whole recordings; NaN where detect has not run
    params: dict[str, Any]  # by dotted name

    @property
    def score(self) -> float:
        """What this kind of task is judged by."""
        return self.values[HEADLINE[self.task.kind]]

    def units(self, metric: str) -> int:
        """How many groups a score rests on."""
        return comparison.units_behind(self.task, self.truth, metric)


def text(experiments: Sequence[str]) -> str:
    """A table of experiments, best first, what differs between them, and how surely.

    Parameters
    ----------
    experiments : names of DVC's experiments, revisions of Git, or `workspace`.

    Raises
    ------
    DataError
        There is no such experiment, it has no scores, or they are of different tasks.
    """
    runs = [read(name) for name in dict.fromkeys(experiments)]
    for run in runs[1:]:
        if run.task != runs[0].task:
            raise DataError(
                f"{run.name} tells {', '.join(run.task.names)} apart ({run.task.kind}), and "
                f"{runs[0].name} {', '.join(runs[0].task.names)} ({runs[0].task.kind}): compare "
                "what is alike"
            )
    runs = sorted(runs, key=lambda run: -run.score)
    parts = ["\n".join(_scores(runs)), *_windows(runs), "\n".join(_differing(runs))]
    if runs[0].task.kind == "event" and len(runs) > 1 and _apart(runs):
        parts.append(_over_test_parts(experiments, runs[0].task))
    return "\n\n".join(part for part in parts if part)


def read(name: str) -> Run:
    """What an experiment left; raises `DataError` where it has no scores."""
    task = Task.from_dict(stored_json(str(_ABOUT), name).get("task"))
    scores = with_scores(EVALUATED, task.names)
    table = conform(stored_table(str(_SCORES), name), scores, f"{name}: {_SCORES}")
    table = table.sort_values("window_id", ignore_index=True)
    known = stored_json(_EVALUATE, name).get("training_windows", {})
    counts = np.array([known.get(label, 0) for label in task.names], np.int64)
    truth = comparison.truth_of(task, table, counts)
    p = table[[f"p_{label}" for label in task.names]].to_numpy(float)
    measure = _measure(task, truth, p, stored_json(str(_THRESHOLD), name))
    eventful = truth.y if task.kind == "event" else np.zeros(len(truth.y))
    weights = group_weights(truth.unit, eventful, _RESAMPLES, _SEED)
    drawn = [measure(weights=row) for row in weights]
    values, brief = measure(weights=None), BRIEF[task.kind]
    draws = {metric: np.array([draw[metric] for draw in drawn], float) for metric in brief}
    text = stored(str(PARAMS), name).decode("utf-8", "replace")
    params = recipes.flat(yaml.mapping(text, f"{PARAMS} of {name}"))
    kept = {metric: values[metric] for metric in brief}
    return Run(name, task, table, truth, kept, draws, _event_f1(name), params)


def _measure(
    task: Task, truth: Truth, p: NDArray[np.float64], thresholds: dict[str, Any]
) -> comparison.Measure:
    """The scores of BRIEF under some weights."""
    if task.kind != "classes":
        return comparison.measure_of(task, truth, p, thresholds, NETWORK)
    # Decisions are enough: to rank all windows for each class and draw takes minutes.
    decided, rare = multiclass.decide(p), multiclass.rarest(truth.counts, task.names)

    def measure(*, weights: NDArray[np.float64] | None) -> dict[str, float]:
        return multiclass.overall(multiclass.told(truth.all, truth.y, decided, weights), rare)

    return measure


def _event_f1(name: str) -> float:
    """That of whole recordings; NaN where detect has not run, or of the scores of an earlier run.

    An experiment that ends with evaluate, as those of studies do, still has the metrics that detect
    left before it.
    """
    try:
        found = stored_json(_DETECT, name).get(NETWORK, {}).get("macro_f1")
    except DataError:
        return float("nan")
    with contextlib.suppress(DataError):  # stages that were run by hand leave no lock
        lock = yaml.mapping(stored("dvc.lock", name).decode("utf-8", "replace"), "dvc.lock")
        stages, folder = lock.get("stages", {}), _SCORES.parent.as_posix()
        read, made = (
            {entry["path"]: entry.get("md5") for entry in stages.get(stage, {}).get(kind, [])}
            for stage, kind in (("detect", "deps"), ("evaluate", "outs"))
        )
        if read.get(folder) != made.get(folder):
            return float("nan")
    return float("nan") if found is None else float(found)


def _scores(runs: Sequence[Run]) -> list[str]:
    """A row for each run: scores with intervals, and the paired difference from the best."""
    kind, best = runs[0].task.kind, runs[0]
    head = HEADLINE[kind]
    columns = [name.replace("_", " ") for name in BRIEF[kind]]
    rows = [["", *columns, "event F1", f"{head.replace('_', ' ')}, best - this, paired"]]
    for run in runs:
        cells = [run.name]
        for metric, value in run.values.items():
            ends = interval(
                value, run.draws[metric], run.units(metric), *LIMITS.get(metric, (0.0, 1.0))
            )
            cells.append(f"{value:.3f}{_ends(*ends, '.3f')}")
        cells.append("-" if np.isnan(run.event_f1) else f"{run.event_f1:.3f}")
        if run is best:
            cells.append("best")
        elif _same(run, best):
            apart, units = best.score - run.score, best.units(head)
            ends = interval(apart, best.draws[head] - run.draws[head], units, -1.0, 1.0)
            cells.append(f"{apart:+.3f}{_ends(*ends, '+.3f')}")
        else:
            cells.append("other test windows")
        rows.append(cells)
    return _markdown(rows)


def _ends(low: float, high: float, form: str) -> str:
    return f" [{low:{form}}, {high:{form}}]" if low == low else " [too few groups]"


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose columns stand below one another on a terminal too."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return [lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]]


def _same(one: Run, other: Run) -> bool:
    """Whether two runs were tested on the same windows with the same labels."""
    columns = ["window_id", "label", "labels"]
    return one.table[columns].equals(other.table[columns])


def _windows(runs: Sequence[Run]) -> list[str]:
    """What the paired differences rest on, and which runs have none."""
    best, said = runs[0], []
    paired = [run for run in runs[1:] if _same(run, best)]
    if paired:
        units = best.units(HEADLINE[best.task.kind])
        said.append(
            f"Paired over the same {len(best.table)} test windows of {units} "
            f"group{'s' * (units != 1)}: a difference is more than chance where its interval does "
            "not hold 0."
        )
    for run in runs[1:]:
        if run not in paired:
            shared = len(set(run.table["window_id"]) & set(best.table["window_id"]))
            said.append(
                f"{run.name} was tested on other windows than {best.name} ({len(run.table)}, "
                f"{shared} shared by name): the difference is one of test parts as well."
            )
    return said


def _differing(runs: Sequence[Run]) -> list[str]:
    """The parameters that are not the same in all runs, a column for each."""
    names = dict.fromkeys(name for run in runs for name in run.params)
    rows = [["parameter", *(run.name for run in runs)]]
    for name in names:
        values = [json.dumps(run.params.get(name)) for run in runs]
        if len(set(values)) > 1:
            rows.append([name, *values])
    if len(runs) == 1:
        return []
    if len(rows) == 1:
        return ["All parameters are the same."]
    more = [f"and {len(rows) - 1 - _MOST} more parameters"] if len(rows) - 1 > _MOST else []
    return [*_markdown(rows[: _MOST + 1]), *more]


def _apart(runs: Sequence[Run]) -> bool:
    """Whether no two runs share a test window: each has a test part of its own."""
    names = pd.concat([run.table["window_id"] for run in runs])
    return not names.duplicated().any()


def _over_test_parts(experiments: Sequence[str], task: Task) -> str:
    """Means over test parts of an event task, and what the network gains over baselines in them."""
    schema, parts = with_scores(OTHERS | EVALUATED, task.names), []
    for name in experiments:
        network = conform(
            stored_table(str(_SCORES), name),
            with_scores(EVALUATED, task.names),
            f"{name}: {_SCORES}",
        )
        tables, others = {NETWORK: network}, stored_table(str(_BASELINES), name)
        if "detector" not in others:
            raise DataError(
                f"{_BASELINES} of experiment {name} has no column detector: run it again"
            )
        for detector, mine in others.groupby("detector", sort=False):
            tables[str(detector)] = conform(mine, schema, f"{name}: {_BASELINES}")
        parts.append(tables)
    metrics = [stored_json(_EVALUATE, name) for name in experiments]
    found = mean_gains(parts, task.events[0], Bootstrap("group", 3600.0, 5000, _SEED))
    names = list(experiments)
    return f"{summaries.means(names, *found)}\n\n{summaries.f1(names, metrics)}"
