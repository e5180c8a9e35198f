"""Score the test part, beside baselines that had the same split and threshold rule."""

import pandas as pd

from rarewave.base.compute import Compute
from rarewave.base.files import write_csv, write_json
from rarewave.base.tables import (
    EVALUATED,
    OTHERS,
    assign_scores,
    with_scores,
    write_table,
)
from rarewave.experiments import summaries
from rarewave.metrics import comparison
from rarewave.metrics.bootstrap import Bootstrap, units
from rarewave.metrics.comparison import NETWORK, Unit
from rarewave.model import detector
from rarewave.networks import backend
from rarewave.plots import scores as pictures
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset
from stages.shared.run import run


def main() -> None:
    """Score, compare, draw, and log."""
    bootstrap, unit = params.options("evaluate", Bootstrap, Unit)
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    model, data = detector.load(artifacts.MODEL), dataset()
    split = artifacts.split(data.window_id)
    task, names = model.task, model.task.names
    columns = [f"p_{name}" for name in names]
    rows = split["row"][split["part"] == "test"].to_numpy()
    windows = artifacts.used_windows()
    about = windows.loc[rows]
    about["unit"] = units(about, bootstrap)
    tables = {NETWORK: assign_scores(about, model.score(data.X[rows], data.front_end), names)}
    others = artifacts.scores(artifacts.BASELINE_SCORES, windows["window_id"], task)
    for name, mine in others[others["part"] == "test"].groupby("detector", sort=False):
        baseline = mine.set_index("row").loc[rows, columns].to_numpy()
        tables[str(name)] = assign_scores(about, baseline, names)
    if unit.per == "recording":
        tables = {d: comparison.per_recording(table, names) for d, table in tables.items()}
    write_table(artifacts.EVALUATED, tables[NETWORK], with_scores(EVALUATED, names))
    beside = [table.assign(detector=d) for d, table in tables.items() if d != NETWORK]
    schema = with_scores(OTHERS | EVALUATED, names)
    write_table(artifacts.EVALUATED_BASELINES, pd.concat(beside), schema)
    # Of all training windows, also where few labels are used: the rarest stay the same.
    counts = data.counts(split["row"][split["part"] == "train"].to_numpy())
    truth = comparison.truth_of(task, tables[NETWORK], counts)
    scores = {d: table[columns].to_numpy(float) for d, table in tables.items()}
    thresholds = artifacts.thresholds()
    table, gains = comparison.compare(task, truth, scores, thresholds, bootstrap)
    write_csv(artifacts.EVALUATION, table.to_dict("records"))
    write_json(artifacts.metrics("evaluate"), comparison.report(task, table, gains, counts))
    folder = artifacts.plots("evaluate")
    pictures.evaluation(folder, task, truth, scores, thresholds[NETWORK])
    pictures.comparison(folder, task, table, counts)
    print(summaries.text(table))
    logbook.close(logbook.open_run("evaluate"), "evaluate")


if __name__ == "__main__":
    run("evaluate", main)
