"""Score the test part, beside baselines that had the same split and threshold rule."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.compute import Compute
from rarewave.base.files import write_csv, write_json
from rarewave.base.notices import Notice, listed
from rarewave.base.tables import (
    EVALUATED,
    OTHERS,
    assign_scores,
    with_scores,
    write_table,
)
from rarewave.base.tasks import Task
from rarewave.experiments import summaries
from rarewave.metrics import comparison, notices
from rarewave.metrics.bootstrap import Bootstrap, units
from rarewave.metrics.comparison import NETWORK, Unit
from rarewave.model import detector
from rarewave.networks import backend
from rarewave.plots import scores as pictures
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset
from stages.shared.run import run
from stages.shared.whole import on_grid

Tables = dict[str, pd.DataFrame]  # name of the detector to its table EVALUATED
Thresholds = dict[str, dict[str, float]]  # of each detector and name


def main() -> None:
    """Score, compare, draw, and log."""
    bootstrap, unit = params.options("evaluate", Bootstrap, Unit)
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    model, data = detector.load(artifacts.MODEL), dataset()
    split, task = artifacts.split(data.window_id), model.task
    rows = split["row"][split["part"] == "test"].to_numpy()
    p = model.score(data.X[rows], data.front_end)
    windows = of_data_set(task, rows, p, bootstrap)
    tables = examples = prepared(windows, unit, task)
    # Of all training windows, also where few labels are used: the rarest stay the same.
    counts = data.counts(split["row"][split["part"] == "train"].to_numpy())
    if parts := on_grid(task):
        mine = parts["test"].groupby("detector", sort=False)
        shown = {str(d): t.assign(unit=units(t, bootstrap)) for d, t in mine}
        tables = prepared(shown, unit, task)
    # What is looked at is a window with its own score, also where recordings are scored.
    write_table(artifacts.EXAMPLES, windows[NETWORK], with_scores(EVALUATED, task.names))
    write_table(artifacts.EVALUATED, tables[NETWORK], with_scores(EVALUATED, task.names))
    beside = [table.assign(detector=d) for d, table in tables.items() if d != NETWORK]
    schema = with_scores(OTHERS | EVALUATED, task.names)
    write_table(artifacts.EVALUATED_BASELINES, pd.concat(beside), schema)
    thresholds = artifacts.thresholds()
    table, metrics = compared(task, tables, counts, thresholds, bootstrap)
    write_csv(artifacts.EVALUATION, table.to_dict("records"))
    if parts:
        centred, brief = compared(task, examples, counts, thresholds, bootstrap)
        write_csv(artifacts.EVALUATION.with_name("centred.csv"), centred.to_dict("records"))
        kept = (*examples, comparison.MAJORITY, "gain_over_best", "interval", "units")
        metrics["windows_centred_on_labels"] = {k: brief[k] for k in kept if k in brief}
        print("windows centred on labels, which use does not give:\n" + summaries.text(centred))
        print("\nwindows on the grid, as detect runs:")
    write_json(
        artifacts.metrics("evaluate"), metrics | listed(unsound(task, tables, counts, metrics))
    )
    print(summaries.text(table))
    draw(task, tables, table, counts, thresholds)
    logbook.close(logbook.open_run("evaluate"), "evaluate")


def of_data_set(
    task: Task, rows: NDArray[np.int64], p: NDArray[np.float64], bootstrap: Bootstrap
) -> Tables:
    """The test windows of the data set with the scores of network and baselines."""
    names = task.names
    windows = artifacts.used_windows()
    about = windows.loc[rows]
    about["unit"] = units(about, bootstrap)
    tables = {NETWORK: assign_scores(about, p, names)}
    others = artifacts.scores(artifacts.BASELINE_SCORES, windows["window_id"], task)
    for name, mine in others[others["part"] == "test"].groupby("detector", sort=False):
        scores = mine.set_index("row").loc[rows, [f"p_{n}" for n in names]].to_numpy()
        tables[str(name)] = assign_scores(about, scores, names)
    return tables


def prepared(tables: Tables, unit: Unit, task: Task) -> Tables:
    """Rows as they are scored: windows, or recordings."""
    if unit.per == "window":
        return tables
    return {d: comparison.per_recording(table, task) for d, table in tables.items()}


def scores_of(tables: Tables, task: Task) -> dict[str, NDArray[np.float64]]:
    """Scores (n, names) of each detector."""
    columns = [f"p_{name}" for name in task.names]
    return {d: table[columns].to_numpy(float) for d, table in tables.items()}


def compared(
    task: Task,
    tables: Tables,
    counts: NDArray[np.int64],
    thresholds: Thresholds,
    bootstrap: Bootstrap,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """All scores of all detectors, and what metrics/evaluate.json says of them."""
    truth = comparison.truth_of(task, tables[NETWORK], counts)
    table, gains = comparison.compare(task, truth, scores_of(tables, task), thresholds, bootstrap)
    return table, comparison.report(task, table, gains, counts)


def unsound(
    task: Task, tables: Tables, counts: NDArray[np.int64], metrics: dict[str, Any]
) -> list[Notice]:
    """What is off with the scores."""
    truth = comparison.truth_of(task, tables[NETWORK], counts)
    found = notices.calibration(task, truth.all, scores_of(tables, task)[NETWORK])
    found += notices.few_units(metrics["units"])
    found += notices.without_positives(metrics.get("without_positives", []))
    best = metrics.get("gain_over_best")
    return found + notices.baseline_as_good(best, comparison.HEADLINE[task.kind])


def draw(
    task: Task,
    tables: Tables,
    table: pd.DataFrame,
    counts: NDArray[np.int64],
    thresholds: Thresholds,
) -> None:
    """Curves, confusion, and detectors side by side."""
    folder, truth = artifacts.plots("evaluate"), comparison.truth_of(task, tables[NETWORK], counts)
    pictures.evaluation(folder, task, truth, scores_of(tables, task), thresholds[NETWORK])
    pictures.comparison(folder, task, table, counts)


if __name__ == "__main__":
    run("evaluate", main, needs_labels=True)
