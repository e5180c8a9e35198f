"""Score every window of the recordings held out whole, and keep the scores."""

import shutil
from pathlib import Path

import pandas as pd

from rarewave.base.compute import Compute
from rarewave.base.files import write_json
from rarewave.base.tables import write_table
from rarewave.baselines import stored
from rarewave.baselines.options import Baselines
from rarewave.baselines.registry import CLASSIFIERS
from rarewave.dataset.labelling import Labelling
from rarewave.detection import grid_scores, scanning, stream_signals
from rarewave.detection.heldout import PARTS, Heldout
from rarewave.detection.scanning import Scan
from rarewave.frontend.transform import FrontEnd
from rarewave.metrics.comparison import NETWORK
from rarewave.model import detector
from rarewave.model.beside import scorer_of
from rarewave.networks import backend
from rarewave.recordings import responses
from stages.shared import artifacts, params
from stages.shared.run import run
from stages.shared.whole import held_out


def main() -> None:
    """Scan the recordings of validation and test once, for the network and for its baselines."""
    (compute,) = params.options("compute", Compute)
    made = artifacts.about_clean()
    backend.start(compute.threads)
    model = detector.load(artifacts.MODEL)
    baselines = {name: stored.load(artifacts.BASELINES / f"{name}.pickle") for name in CLASSIFIERS}
    scorer = scorer_of(model, baselines)
    folder, known = Path(params.read_section("ingest")["data"]), None
    problems, hours, tables, signals, parts = {}, {}, [], [], held_out()
    shutil.rmtree(artifacts.SCAN, ignore_errors=True)  # scores of another model, by hand
    if model.front_end.clean.output != "counts":
        path = folder / params.read_section("clean")["response"]
        known = responses.load(path)
        responses.keep(known, artifacts.SCAN)
    for part in PARTS:
        held = parts[part]
        work = held.work(folder, artifacts.SCAN / part)
        work = [(stream._replace(responses=known), path) for stream, path in work]
        scans = scanning.scans(scorer, work)
        problems[part] = [scan.problem for scan in scans]
        for problem in filter(None, problems[part]):
            print(f"not seen in full, and scored as it is: {problem}")
        hours[f"{part}_hours"] = held.hours
        if made["placement"] == "calls":
            if model.task.kind == "event":
                signals.append(of_the_signal(held, part, scans, model.scans))
            rules = Labelling(**made["labelling"])
            given = (scans, model.scans, rules, model.task, (NETWORK, *CLASSIFIERS))
            mine = signals[-1] if signals else None
            tables.append(grid_scores.grid_scores(held, part, *given, mine))
    if signals:
        write_table(artifacts.STREAM_SIGNALS, pd.concat(signals), stream_signals.SCHEMA)
    if tables:
        schema = grid_scores.schema(model.task.names)
        write_table(artifacts.GRID_SCORES, pd.concat(tables), schema)
    write_json(artifacts.SCAN / "about.json", {"columns": scorer.names, "problems": problems})
    write_json(artifacts.metrics("scan"), hours)


def of_the_signal(held: Heldout, part: str, scans: list[Scan], front_end: FrontEnd) -> pd.DataFrame:
    """Signal level and STA/LTA of every window, which the data set has around calls only."""
    (options,) = params.options("baselines", Baselines)
    X_clean, where = artifacts.cleaned(held.recordings)
    return stream_signals.stream_signals(held, part, scans, X_clean, where, front_end, options)


if __name__ == "__main__":
    run("scan", main, needs_labels=True)
