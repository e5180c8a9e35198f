"""Make events of the scores of whole recordings, score them, and pack the detector."""

from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.base import timing
from rarewave.base.compute import Compute
from rarewave.base.files import read_json, write_csv, write_json
from rarewave.base.tables import (
    COVERAGE,
    DETECTED,
    ROWS,
    read_table,
    write_table,
)
from rarewave.baselines.registry import CLASSIFIERS, SIGNALS
from rarewave.dataset import training_calls
from rarewave.detection import coverage, event_list, judging, operating_points, scanning
from rarewave.detection.heldout import PARTS, Heldout, heldout
from rarewave.detection.operating_points import Operating
from rarewave.detection.postprocessing import Joining
from rarewave.metrics import event_based
from rarewave.metrics.comparison import NETWORK
from rarewave.metrics.event_based import Matching
from rarewave.model import beside, detector, neighbours, package, registry
from rarewave.model.detector import Detector
from rarewave.networks import backend
from rarewave.plots import timelines
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset
from stages.shared.run import run

STEPS = np.round(np.linspace(0.05, 0.95, 19), 2)


def main() -> None:
    """Choose thresholds on validation recordings, score on test recordings, pack."""
    joining, matching, choice = params.options("detect", Joining, Matching, Operating)
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    model = detector.load(artifacts.MODEL)
    windows = artifacts.windows()
    split = artifacts.split(artifacts.used_windows()["window_id"])
    listed = artifacts.recordings()
    events = artifacts.events(listed)
    validation, test = (heldout(p, listed, events, windows, split, model.task) for p in PARTS)
    bands = training_calls.bands(events, windows, split, model.task)
    folder = Path(params.read_section("ingest")["data"])
    about = read_json(artifacts.SCAN / "about.json", "columns", "problems")
    scans = {}
    for part, held in zip(PARTS, (validation, test), strict=True):
        work = held.work(folder, artifacts.SCAN / part)
        width, problems = len(about["columns"]), about["problems"][part]
        scans[part] = scanning.kept(model.front_end, width, work, problems)
    found, finders, thresholds = {}, {}, artifacts.thresholds()
    for name in (NETWORK, *CLASSIFIERS):
        columns = {n: about["columns"].index(beside.column(name, n)) for n in model.task.events}
        given = (model.front_end, columns, joining, bands)
        if choice.thresholds == "events":
            find = event_list.finder(scans["validation"], *given)
            thresholds[name] = {
                label: operating_points.best_f1(find, validation.truth, label, STEPS, matching)
                for label in model.task.events
            }
        finders[name] = event_list.finder(scans["test"], *given)
        found[name] = test.scored(event_list.at_once(finders[name], thresholds[name]))
    if model.task.kind == "event":
        found |= of_the_signal(test, found[NETWORK], model, joining, matching)
    steps = {}
    for at in STEPS:
        table = event_list.at_once(finders[NETWORK], dict.fromkeys(model.task.events, float(at)))
        steps[float(at)] = test.scored(table)
    report(test, found, steps, matching, list(model.task.events))
    seen = [coverage.coverage(scan, model.front_end) for scan in scans["test"]]
    table = pd.concat(seen, ignore_index=True)
    table["path"] = [Path(path).relative_to(folder).as_posix() for path in table["path"]]
    write_table(artifacts.DETECT / "coverage.parquet", table, COVERAGE)
    write_table(artifacts.DETECT / "events.parquet", found[NETWORK], DETECTED)
    pack(model, thresholds[NETWORK], joining, bands)


def of_the_signal(
    test: Heldout, network: pd.DataFrame, model: Detector, joining: Joining, matching: Matching
) -> dict[str, pd.DataFrame]:
    """The events of the signal's baselines at as many false alarms as the network has."""
    schema = {"window_id": "str"} | dict.fromkeys(SIGNALS, "float64")
    held = test.with_signals(read_table(artifacts.SIGNALS, schema))
    if not held.grid:
        return {}
    alarms = len(network) - len(event_based.match(test.truth, network, matching))
    (event,) = model.task.events
    tables = {}
    for name in SIGNALS:
        find, at = held.from_windows(name, model.front_end, joining)
        _, tables[name] = operating_points.same_false_alarms(
            find, test.truth, event, at, matching, alarms
        )
    return tables


def pack(
    model: Detector,
    thresholds: dict[str, float],
    joining: Joining,
    bands: dict[str, tuple[float, float]],
) -> None:
    """The detector with all that finding and explaining needs, for anyone and for MLflow."""
    data, trained = dataset(), read_table(artifacts.TRAINING_ROWS, ROWS)
    rows = trained["row"].to_numpy()
    remembered = neighbours.collect(model.network, model.normalisation, data, rows)
    package.save(artifacts.PACKAGE, artifacts.MODEL, thresholds, joining, bands, remembered)
    mlflow = logbook.open_run("detect")
    with timing.tracking():
        registry.log_detector(mlflow, artifacts.PACKAGE, model.front_end, model.task)
    logbook.close(mlflow, "detect")


def report(
    test: Heldout,
    found: dict[str, pd.DataFrame],
    steps: dict[float, pd.DataFrame],
    matching: Matching,
    names: list[str],
) -> None:
    """Tables, metrics and pictures."""
    table = judging.by_detector(test, found, matching, names)
    write_csv(artifacts.DETECT / "table.csv", table.to_dict("records"))
    days = operating_points.per_day(test.truth, found, test.recordings, matching)
    write_csv(artifacts.DETECT / "days.csv", days.to_dict("records"))
    metrics = judging.metrics(test, found, steps, matching, names)
    write_json(artifacts.metrics("detect"), metrics)
    folder, shown = artifacts.plots("detect"), dict(list(test.durations.items())[:6])
    lines = {"labelled": test.truth} | found
    timelines.timelines(folder / "timelines.png", shown, lines, names, "Events on test recordings")
    timelines.class_bars(folder / "classes.png", table, "Test recordings: event F1")
    print(table.to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    run("detect", main)
