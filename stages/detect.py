"""Make events of the scores of whole recordings, score them, and pack the detector."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.base.compute import Compute
from rarewave.base.files import read_json, write_csv, write_json
from rarewave.base.notices import Notice, listed
from rarewave.base.tables import COVERAGE, DETECTED, write_table
from rarewave.base.tasks import Task
from rarewave.baselines.registry import CLASSIFIERS
from rarewave.dataset import training_calls
from rarewave.detection import at_thresholds, coverage, judging, operating_points, scanning
from rarewave.detection.at_thresholds import at_once, finder
from rarewave.detection.heldout import PARTS, Heldout
from rarewave.detection.notices import at_the_edge, longer_than_events, without_times
from rarewave.detection.operating_points import Operating
from rarewave.detection.postprocessing import Joining
from rarewave.experiments import summaries
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.comparison import NETWORK, Unit
from rarewave.metrics.event_based import Matching
from rarewave.model import beside, detector
from rarewave.networks import backend
from rarewave.plots import timelines
from stages.shared import artifacts, params, retrieval
from stages.shared.calls import training_events
from stages.shared.packing import pack
from stages.shared.run import run
from stages.shared.signal_events import of_the_signal
from stages.shared.whole import held_out

STEPS = 100  # thresholds that PSDS and the best event F1 are looked for at


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
    scans = {}
    for part in PARTS:
        work = parts[part].work(folder, artifacts.SCAN / part)
        width, problems = len(about["columns"]), about["problems"][part]
        scans[part] = scanning.kept(model.scans, width, work, problems)
    seen = coverage.below(folder, scans["test"], model.scans)
    whole, everything = len(test.recordings), (parts["validation"], scans["validation"])
    parts = {part: held.with_times() for part, held in parts.items()}
    scans, test = {part: parts[part].of(scans[part]) for part in PARTS}, parts["test"]
    used = PARTS if choice.thresholds == "events" else ("test",)
    off += without_times([part for part in used if parts[part].weak])
    found, steps, thresholds = {}, {}, artifacts.thresholds()
    for name in (NETWORK, *CLASSIFIERS):
        columns = {n: about["columns"].index(beside.column(name, n)) for n in names}
        given = (model.scans, columns, joining, bands)
        if choice.thresholds == "events":
            known = finder(scans["validation"], *given)
            thresholds[name] = at_thresholds.best(parts["validation"], *known, matching, STEPS)
        if choice.thresholds == "recordings":
            known = finder(everything[1], *given)
            thresholds[name] = at_thresholds.best_of_recordings(everything[0], *known, STEPS)
        if choice.thresholds != "windows" and name == NETWORK:
            off += at_the_edge(thresholds[name], known[1])
        find, scores = finder(scans["test"], *given)
        found[name] = test.scored(at_once(find, thresholds[name]), matching)
        if name == NETWORK:
            every = np.concatenate([*scores.values()])
            for at in operating_points.candidates(every, STEPS).tolist():
                steps[at] = test.scored(at_once(find, dict.fromkeys(names, at)), matching)
    if model.task.kind == "event":
        found |= of_the_signal(test, found[NETWORK], model, joining, matching)
    retrieved = retrieval.measured(model)
    report(test, found, steps, matching, model.task, off, whole, retrieved)
    write_table(artifacts.DETECT / "coverage.parquet", seen, COVERAGE)
    write_table(artifacts.DETECT / "events.parquet", test.in_files(found[NETWORK]), DETECTED)
    pack(model, thresholds[NETWORK], joining, bands)


def report(
    test: Heldout,
    found: dict[str, pd.DataFrame],
    steps: dict[float, pd.DataFrame],
    matching: Matching,
    task: Task,
    off: list[Notice],
    whole: int,
    retrieved: dict[str, Any],
) -> None:
    """Tables, metrics and pictures; `whole` is the number of all test recordings."""
    names, (bootstrap, _) = list(task.events), params.options("evaluate", Bootstrap, Unit)
    known = judging.intervals(test, found, matching, names, bootstrap)
    table = judging.by_detector(test, found, matching, names, known)
    write_csv(artifacts.DETECT / "table.csv", table.to_dict("records"))
    days = judging.per_day(test, found, matching).to_dict("records")
    write_csv(artifacts.DETECT / "days.csv", days)
    content = judging.metrics(test, found, table, steps, matching, known)
    content["retrieval"] = retrieved
    if len(test.recordings) < whole:
        number = len(test.recordings)
        print(f"events are scored on the {number} of {whole} recordings whose labels have times")
        content["recordings"] = {"scored": number, "without_times": whole - number}
    write_json(artifacts.metrics("detect"), content | listed(off))
    numbers = summaries.headline(task.kind, summaries.read(artifacts.EVALUATION), content[NETWORK])
    write_json(artifacts.metrics("summary"), numbers)
    path, lines = artifacts.plots("detect") / "timelines.png", {"labelled": test.truth} | found
    timelines.timelines(path, test.durations, lines, names, "Events on test recordings")
    timelines.class_bars(path.with_name("classes.png"), table, "Test recordings: event F1")
    print(table.drop(columns=judging.ENDS).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    run("detect", main, needs_labels=True)
