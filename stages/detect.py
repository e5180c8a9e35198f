"""Find events in recordings held out whole, score them, and pack the detector."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import timing
from rarewave.base.classes import EVENT, binary, event_classes
from rarewave.base.files import read_json, write_csv, write_json
from rarewave.base.tables import (
    COVERAGE,
    DETECTED,
    EVENTS,
    RECORDINGS,
    SPLIT,
    WINDOWS,
    read_table,
    write_table,
)
from rarewave.baselines import classical
from rarewave.dataset import archive, training_calls
from rarewave.detection import coverage as detection_coverage
from rarewave.detection import event_list, operating_points, scanning
from rarewave.detection.heldout import Heldout, heldout
from rarewave.detection.operating_points import Operating
from rarewave.detection.postprocessing import Joining
from rarewave.metrics import event_based, psds, segment_based
from rarewave.metrics.event_based import Matching
from rarewave.model import detector, neighbours, package, registry
from rarewave.networks import backend
from rarewave.plots import timelines
from rarewave.recordings import streams
from rarewave.training import few_labels
from rarewave.training.hyperparameters import Training
from stages import common, logbook

OUT = Path("artifacts/detect")
PLOTS = Path("plots/detect")
MODEL = Path("artifacts/train/spectrogram_seismic_detector.keras")
STEPS = np.round(np.linspace(0.05, 0.95, 19), 2)


def main() -> None:
    """Scan, choose thresholds on validation recordings, score on test recordings."""
    joining, matching, choice = common.options("detect", Joining, Matching, Operating)
    (hyper,) = common.options("train", Training)
    backend.start(hyper.threads)
    model = detector.load(MODEL)
    folder = Path(common.read_section("ingest")["data"])
    listed = read_table(Path("artifacts/ingest/recordings.parquet"), RECORDINGS)
    events = read_table(Path("artifacts/ingest/events.parquet"), EVENTS)
    windows = read_table(Path("artifacts/clean/windows.parquet"), WINDOWS)
    split = read_table(Path("artifacts/split/split.parquet"), SPLIT)
    parts = {
        part: heldout(part, listed, events, windows, split, model.classes)
        for part in ("validation", "test")
    }
    chosen = dict(read_json(Path("artifacts/threshold/threshold.json"))["network"])
    bands = training_calls.bands(events, windows, split, model.classes)
    data = archive.load(Path("artifacts/npz/lunar_spectrogram_dataset.npz"))
    training = split["row"][split["part"] == "train"].to_numpy()
    training = few_labels.labelled(
        data.y_all, data.labelled_at_once, training, hyper.labels, hyper.seed
    )
    remembered = neighbours.collect(model.network, model.normalisation, data, training)
    with tempfile.TemporaryDirectory() as scratch:
        scan = partial(scan_all, folder=folder, scratch=Path(scratch))
        scorers = {"network": scanning.Scorer(model.front_end, model.classes, model.score)}
        if not binary(model.classes):
            scorers["forest"] = forest_scorer(model, data, training)
        scans = {
            (name, part): scan(scorer, parts[part], f"{name}-{part}")
            for name, scorer in scorers.items()
            for part in parts
        }
        thresholds = {"network": chosen}
        for name in scorers:
            if name != "network" or choice.thresholds == "events":
                find = partial(found_in, scans[name, "validation"], model, joining, bands)
                truth = parts["validation"].truth
                thresholds[name] = {
                    label: operating_points.best_f1(find, truth, label, STEPS, matching)
                    for label in event_classes(model.classes)
                }
        package.save(OUT / "detector", MODEL, thresholds["network"], joining, bands, remembered)
        test = parts["test"]
        found = {}
        for name in scorers:
            find = partial(found_in, scans[name, "test"], model, joining, bands)
            found[name] = pd.concat([find(k, at) for k, at in thresholds[name].items()])
        covered = [
            detection_coverage.coverage(s, model.front_end) for s in scans["network", "test"]
        ]
        find = partial(found_in, scans["network", "test"], model, joining, bands)
        steps = {
            float(at): test.scored(pd.concat([find(k, float(at)) for k in chosen])) for at in STEPS
        }
    found = {name: test.scored(table) for name, table in found.items()}
    if binary(model.classes) and test.grid:
        pairs = event_based.match(test.truth, found["network"], matching)
        alarms = len(found["network"]) - len(pairs)
        for column in ("sta_lta", "level_db"):
            baseline, at = test.from_windows(column, model.front_end, joining)
            _, table = operating_points.same_false_alarms(
                baseline, test.truth, EVENT, at, matching, alarms
            )
            found[column.removesuffix("_db")] = table
    report(test, found, steps, matching, event_classes(model.classes))
    coverage = pd.concat(covered, ignore_index=True)
    coverage["path"] = [Path(p).relative_to(folder).as_posix() for p in coverage["path"]]
    write_table(OUT / "coverage.parquet", coverage, COVERAGE)
    write_table(OUT / "events.parquet", found["network"], DETECTED)
    run = logbook.open_run("detect")
    with timing.tracking():
        registry.log_detector(run, OUT / "detector", model.front_end, model.classes)
    logbook.close(run, "detect")


def scan_all(
    scorer: scanning.Scorer, part: Heldout, name: str, folder: Path, scratch: Path
) -> list[scanning.Scan]:
    """The scores of all recordings of a part, in streams."""
    files = [(folder / path, header) for path, header in part.files]
    joined = streams.join(files)
    work = [(stream, scratch / f"{name}-{number}.f32") for number, stream in enumerate(joined)]
    return scanning.scans(scorer, work)


def found_in(
    scans: list[scanning.Scan],
    model: detector.Detector,
    joining: Joining,
    bands: dict[str, tuple[float, float]],
    label: str,
    threshold: float,
) -> pd.DataFrame:
    """The events of one class in some scans."""
    classes = {label: model.classes.index(label)}
    return event_list.events(scans, model.front_end, classes, {label: threshold}, joining, bands)


def forest_scorer(
    model: detector.Detector, data: archive.Dataset, rows: NDArray[np.int64]
) -> scanning.Scorer:
    """The baseline of several classes, fitted to the training windows."""
    fitted = classical.fit(data.X_spec, data.y_all, rows, 1)
    score = partial(classical.score, fitted, classes=len(model.classes))
    return scanning.Scorer(model.front_end, model.classes, score)


def report(
    test: Heldout,
    found: dict[str, pd.DataFrame],
    steps: dict[float, pd.DataFrame],
    matching: Matching,
    classes: list[str],
) -> None:
    """Tables, metrics and pictures."""
    tables, summary = [], {}
    for name, table in found.items():
        scores = event_based.event_scores(test.truth, table, classes, matching, test.hours)
        tables.append(scores.assign(detector=name))
        summary[name] = event_based.overall(test.truth, table, classes, matching, test.hours)
    table = pd.concat(tables, ignore_index=True)
    write_csv(OUT / "table.csv", table.to_dict("records"))
    days = operating_points.per_day(test.truth, found, test.recordings, matching)
    write_csv(OUT / "days.csv", days.to_dict("records"))
    network = table[table["detector"] == "network"].set_index("label")
    metrics: dict[str, Any] = summary | {
        "f1_per_class": network["f1"].to_dict(),
        "psds1": psds.psds(test.truth, steps, classes, test.hours, psds.PSDS1).value,
        "psds2": psds.psds(test.truth, steps, classes, test.hours, psds.PSDS2).value,
        "hours": test.hours,
    }
    _, metrics["segments"] = segment_based.segment_scores(
        test.truth, found["network"], classes, test.durations, matching.segment_s
    )
    write_json(Path("metrics/detect.json"), metrics)
    shown = dict(list(test.durations.items())[:6])
    lines = {"labelled": test.truth} | found
    timelines.timelines(PLOTS / "timelines.png", shown, lines, classes, "Events on test recordings")
    timelines.class_bars(PLOTS / "classes.png", table, "Test recordings: event F1")
    print(table.to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    common.run("detect", main)
