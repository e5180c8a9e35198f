"""Make events of the scores of whole recordings, score them, and pack the detector."""

from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.base import timing
from rarewave.base.compute import Compute
from rarewave.base.files import read_json, write_csv, write_json
from rarewave.base.notices import Notice, listed
from rarewave.base.tables import COVERAGE, DETECTED, ROWS, read_table, write_table
from rarewave.base.tasks import Task
from rarewave.baselines.registry import CLASSIFIERS, SIGNALS
from rarewave.dataset import training_calls
from rarewave.detection import at_thresholds, coverage, judging, operating_points, scanning
from rarewave.detection.at_thresholds import at_once, finder
from rarewave.detection.heldout import PARTS, Heldout
from rarewave.detection.notices import at_the_edge, longer_than_events
from rarewave.detection.operating_points import Operating
from rarewave.detection.postprocessing import Joining
from rarewave.detection.stream_signals import SCHEMA as SIGNALS_OF_STREAMS
from rarewave.experiments import summaries
from rarewave.metrics import event_based
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.comparison import NETWORK, Unit
from rarewave.metrics.event_based import Matching
from rarewave.model import beside, detector, neighbours, package, registry
from rarewave.model.detector import Detector
from rarewave.networks import backend
from rarewave.plots import timelines
from stages.shared import artifacts, logbook, params
from stages.shared.calls import training_events
from stages.shared.data import dataset
from stages.shared.run import run
from stages.shared.whole import held_out

STEPS = 100  # thresholds that PSDS and the best event F1 are looked for at
ALL = 1000  # and baselines of the signal, which have the choice of the test part


def main() -> None:
    """Choose thresholds on validation recordings, score on test recordings, pack."""
    joining, matching, choice = params.options("detect", Joining, Matching, Operating)
    backend.start(params.options("compute", Compute)[0].threads)
    model, parts = detector.load(artifacts.MODEL), held_out()
    test, names = parts["test"], list(model.task.events)
    trained = training_events()
    bands = training_calls.bands(trained, model.task, model.front_end.clean.sample_rate_hz / 2)
    off = longer_than_events(joining, *training_calls.lengths(trained))
    folder = Path(params.read_section("ingest")["data"])
    about = read_json(artifacts.SCAN / "about.json", "columns", "problems")
    scans, width = {}, len(about["columns"])
    for part in PARTS:
        work = parts[part].work(folder, artifacts.SCAN / part)
        scans[part] = scanning.kept(model.front_end, width, work, about["problems"][part])
    found, steps, thresholds = {}, {}, artifacts.thresholds()
    for name in (NETWORK, *CLASSIFIERS):
        columns = {n: about["columns"].index(beside.column(name, n)) for n in names}
        given = (model.front_end, columns, joining, bands)
        if choice.thresholds == "events":
            known = finder(scans["validation"], *given)
            thresholds[name] = at_thresholds.best(parts["validation"], *known, matching, STEPS)
            off += at_the_edge(thresholds[name], known[1]) if name == NETWORK else []
        find, scores = finder(scans["test"], *given)
        found[name] = test.scored(at_once(find, thresholds[name]), matching)
        if name == NETWORK:
            every = np.concatenate([*scores.values()])
            for at in operating_points.candidates(every, STEPS).tolist():
                steps[at] = test.scored(at_once(find, dict.fromkeys(names, at)), matching)
    if model.task.kind == "event":
        found |= of_the_signal(test, found[NETWORK], model, joining, matching)
    report(test, found, steps, matching, model.task, off)
    seen = coverage.below(folder, scans["test"], model.front_end)
    write_table(artifacts.DETECT / "coverage.parquet", seen, COVERAGE)
    write_table(artifacts.DETECT / "events.parquet", test.in_files(found[NETWORK]), DETECTED)
    pack(model, thresholds[NETWORK], joining, bands)


def of_the_signal(
    test: Heldout, network: pd.DataFrame, model: Detector, joining: Joining, matching: Matching
) -> dict[str, pd.DataFrame]:
    """The events of the signal's baselines at as many false alarms as the network has."""
    if artifacts.STREAM_SIGNALS.exists():  # training has windows around calls
        table = read_table(artifacts.STREAM_SIGNALS, SIGNALS_OF_STREAMS)
        held = test._replace(windows=table[table["part"] == "test"])
    else:
        schema = {"window_id": "str"} | dict.fromkeys(SIGNALS, "float64")
        held = test.with_signals(read_table(artifacts.SIGNALS, schema))
        if not held.grid:
            return {}
    alarms = len(network) - len(event_based.match(test.truth, network, matching))
    (event,) = model.task.events
    tables = {}
    for name in SIGNALS:
        find, scores = held.from_windows(name, model.front_end, joining)
        at = operating_points.candidates(scores, ALL)
        judge = at_thresholds.judge(test, find, matching)
        _, tables[name] = operating_points.same_false_alarms(judge, event, at, alarms)
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
    names = ("channel", "start_pattern", "time_zone", "channels")
    source = package.Source(*map(params.read_section("ingest").__getitem__, names))
    removed = package.instruments(artifacts.SCAN, model)
    given = thresholds, joining, bands, remembered, source, removed
    package.save(artifacts.PACKAGE, artifacts.MODEL, *given)
    mlflow = logbook.open_run("detect")
    with timing.tracking():
        registry.log_detector(mlflow, artifacts.PACKAGE, model.front_end, model.task)
    logbook.close(mlflow, "detect")


def report(
    test: Heldout,
    found: dict[str, pd.DataFrame],
    steps: dict[float, pd.DataFrame],
    matching: Matching,
    task: Task,
    off: list[Notice],
) -> None:
    """Tables, metrics and pictures."""
    names, (bootstrap, _) = list(task.events), params.options("evaluate", Bootstrap, Unit)
    known = judging.intervals(test, found, matching, names, bootstrap)
    table = judging.by_detector(test, found, matching, names, known)
    write_csv(artifacts.DETECT / "table.csv", table.to_dict("records"))
    days = judging.per_day(test, found, matching).to_dict("records")
    write_csv(artifacts.DETECT / "days.csv", days)
    content = judging.metrics(test, found, table, steps, matching, known)
    write_json(artifacts.metrics("detect"), content | listed(off))
    numbers = summaries.headline(task.kind, summaries.read(artifacts.EVALUATION), content[NETWORK])
    write_json(artifacts.metrics("summary"), numbers)
    path, lines = artifacts.plots("detect") / "timelines.png", {"labelled": test.truth} | found
    timelines.timelines(path, test.durations, lines, names, "Events on test recordings")
    timelines.class_bars(path.with_name("classes.png"), table, "Test recordings: event F1")
    print(table.drop(columns=judging.ENDS).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    run("detect", main)
