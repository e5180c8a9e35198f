"""How faint an event may be: events of known strength are put into quiet test time."""

import shutil

import pandas as pd

from rarewave.base.compute import Compute
from rarewave.base.files import read_json, write_csv, write_json, write_text
from rarewave.base.notices import listed
from rarewave.base.tables import RECOVERED, Schema, write_table
from rarewave.baselines import stored
from rarewave.baselines.options import Baselines
from rarewave.baselines.registry import CLASSIFIERS
from rarewave.detection import recovery, recovery_report
from rarewave.detection.notices import found_by_chance, hardly_found, too_little_quiet
from rarewave.detection.operating_points import Operating
from rarewave.detection.postprocessing import Joining
from rarewave.detection.recovery_options import Recovery
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.comparison import NETWORK, Unit
from rarewave.metrics.event_based import Matching
from rarewave.model import detector
from rarewave.model.beside import scorer_of
from rarewave.networks import backend
from rarewave.plots import recovery as pictures
from stages.shared import artifacts, logbook, params, recovering
from stages.shared.run import run
from stages.shared.whole import held_out

COLUMNS = "snr_db,network,forest,linear,level,sta_lta"  # of a plot without a row


def main() -> None:
    """Put events in, scan, and compare which of them each detector finds."""
    (options,) = params.options("recover", Recovery)
    if options.events == "none" or not options.count:
        nothing("recover.events is none or recover.count is 0")
        return
    joining, *_ = params.options("detect", Joining, Matching, Operating)
    (averages,) = params.options("baselines", Baselines)
    backend.start(params.options("compute", Compute)[0].threads)
    model, parts = detector.load(artifacts.MODEL), held_out()
    fitted = {name: stored.load(artifacts.BASELINES / f"{name}.pickle") for name in CLASSIFIERS}
    scorer, front_end, task = scorer_of(model, fitted), model.scans, model.task
    columns = read_json(artifacts.SCAN / "about.json", "columns")["columns"]
    margin_s = front_end.input_samples / front_end.clean.sample_rate_hz + options.away_s
    known = recovering.scanned(parts, front_end, columns, margin_s)
    if front_end.spectrogram.is_picture:
        nothing("pictures are no sound that events could be added to")
        return
    for part, places in known.items():
        if not any(len(place.quiet) for place in places):
            nothing(f"the {part} part has no quiet time: {margin_s:.3g} s from labels and gaps")
            return
    labels = set(artifacts.events(artifacts.recordings())["label"])
    kinds = sorted(labels) if task.kind == "event" else list(task.events)
    about: dict[str, object] = {
        "events": options.events,
        "false_alarms_per_day": options.false_alarms_per_day,
    }
    if options.events == "simulated":
        events = recovering.of_simulation(kinds)
        missing = "no simulation knows the labels"
    else:
        events, chosen = recovering.of_recordings(kinds, front_end, options.loud_db)
        counts = chosen.groupby(["label", "part"]).size()
        about["cut_outs"] = {kind: counts[kind].to_dict() for kind in events.strongest_db}
        missing = (
            "no labelled event of training or validation has times, lies apart from others and "
            f"stands {options.loud_db:g} dB (recover.loud_db) above its noise"
        )
    if not events.strongest_db:
        nothing(missing)
        return
    about["without_events"] = sorted(set(kinds) - set(events.strongest_db))
    detectors = recovering.systems(task, columns, joining)
    given = parts["validation"], detectors, front_end, options, averages
    compared = recovering.compared(known, *given)
    put = recovery.put_in(events, known["test"], front_end, options)
    heard = recovery.heard(put, known["test"], scorer, compared.options, detectors[0])
    thresholds = {name: at.threshold for name, at in compared.validation.items()}
    one = task.events[0] if task.kind == "event" else ""
    rows = recovery.recovered(
        heard, known["test"], front_end, detectors, thresholds, lambda kind: one or kind
    )
    if not len(rows):
        nothing("no event fits into a quiet stretch of the test part")
        return
    report(rows, events, compared, options, about)


def report(
    rows: pd.DataFrame,
    events: recovery.Events,
    compared: recovering.Compared,
    options: Recovery,
    about: dict[str, object],
) -> None:
    """Tables, metrics and the picture."""
    bootstrap, _ = params.options("evaluate", Bootstrap, Unit)
    names = list(compared.validation)
    known = recovery_report.tested(rows, names, options, events.strongest_db)
    curve = recovery_report.curves(known, options.step_db)
    points, fitted = recovery_report.table(known, bootstrap.resamples, bootstrap.seed)
    points = recovery_report.with_chance(points, rows)
    schema: Schema = RECOVERED | {
        f"{what}_{name}": "bool" for name in names for what in ("found", "without")
    }
    write_table(artifacts.RECOVER / "events.parquet", rows, schema)
    write_csv(artifacts.RECOVER / "table.csv", points.to_dict("records"))
    write_csv(artifacts.RECOVER / "curves.csv", curve.to_dict("records"))
    write_csv(artifacts.plots("recover") / "curves.csv", recovery_report.by_detector(curve))
    averages = {"sta_s": compared.options.sta_s, "lta_s": compared.options.lta_s}
    content = recovery_report.metrics(points, rows, compared.validation, compared.test)
    content |= about | {"tuned": averages}
    off = too_little_quiet(compared.validation[NETWORK].days, options.false_alarms_per_day)
    off += found_by_chance(points) + hardly_found(points, options)
    write_json(artifacts.metrics("recover"), content | listed(off))
    title = f"Events put into quiet test time, false alarms a day: {options.false_alarms_per_day:g}"
    pictures.shares(artifacts.plots("recover") / "curves.png", curve, fitted, points, title)
    print(recovery_report.text(points, options.false_alarms_per_day))
    logbook.close(logbook.open_run("recover"), "recover")


def nothing(why: str) -> None:
    """Say that there is nothing to recover, and leave valid files behind."""
    print(f"nothing is put in: {why}")
    for folder in (artifacts.RECOVER, artifacts.plots("recover")):
        shutil.rmtree(folder, ignore_errors=True)  # of other parameters, by hand
    write_json(artifacts.metrics("recover"), {"nothing": why, "put_in": {}} | listed([]))
    write_table(artifacts.RECOVER / "events.parquet", pd.DataFrame(columns=[*RECOVERED]), RECOVERED)
    write_text(artifacts.plots("recover") / "curves.csv", f"{COLUMNS}\n")


if __name__ == "__main__":
    run("recover", main, needs_labels=True)
