"""Score every window of the recordings held out whole, and keep the scores."""

import shutil
from pathlib import Path

from rarewave.base.compute import Compute
from rarewave.base.files import write_json
from rarewave.baselines import stored
from rarewave.baselines.registry import CLASSIFIERS
from rarewave.detection import scanning
from rarewave.detection.heldout import PARTS, heldout
from rarewave.model import detector
from rarewave.model.beside import scorer_of
from rarewave.networks import backend
from stages.shared import artifacts, params
from stages.shared.run import run


def main() -> None:
    """Scan the recordings of validation and test once, for the network and for its baselines."""
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    model = detector.load(artifacts.MODEL)
    baselines = {name: stored.load(artifacts.BASELINES / f"{name}.pickle") for name in CLASSIFIERS}
    scorer = scorer_of(model, baselines)
    folder = Path(params.read_section("ingest")["data"])
    listed = artifacts.recordings()
    events = artifacts.events(listed)
    windows = artifacts.windows()
    split = artifacts.split(artifacts.used_windows()["window_id"])
    problems, hours = {}, {}
    shutil.rmtree(artifacts.SCAN, ignore_errors=True)  # scores of another model, by hand
    for part in PARTS:
        held = heldout(part, listed, events, windows, split, model.task)
        work = held.work(folder, artifacts.SCAN / part)
        scans = scanning.scans(scorer, work)
        problems[part] = [scan.problem for scan in scans]
        for problem in filter(None, problems[part]):
            print(f"not seen in full, and scored as it is: {problem}")
        hours[f"{part}_hours"] = held.hours
    write_json(artifacts.SCAN / "about.json", {"columns": scorer.names, "problems": problems})
    write_json(artifacts.metrics("scan"), hours)


if __name__ == "__main__":
    run("scan", main)
