"""What the stages tell MLflow: one run per pipeline state, brought up to date from the files."""

import csv
import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rarewave.base import timing
from rarewave.base.errors import DataError
from rarewave.base.files import read_json, text_of
from rarewave.base.notices import of_metrics
from rarewave.tracking import runs
from rarewave.tracking.runs import Run
from stages.shared import artifacts, params
from stages.shared.naming import run_name
from stages.shared.sections import CURVES, wanted


def project_root() -> Path:
    """Where the store lies: the project also when DVC works in a copy of it."""
    return Path(os.environ.get("DVC_ROOT") or Path.cwd())


def stages_in_order() -> list[str]:
    """The stages of dvc.yaml, which stand there in the order in which they run."""
    from ruamel.yaml import YAML

    return list(YAML(typ="safe").load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"])


def data_digest() -> str:
    """A digest of the recordings and events that the pipeline read."""
    digest = hashlib.sha256()
    for path in (artifacts.RECORDINGS, artifacts.EVENTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def open_run(stage: str) -> Run | None:
    """The run of this pipeline state, with everything up to the stage before `stage`."""
    with timing.tracking():
        settings, data = params.read_params(), data_digest()
        mark = runs.fingerprint(settings, data)
        experiment = os.environ.get("DVC_EXP_NAME", "")
        tags = {"git.commit": _commit(), "dvc.experiment": experiment, "data": data}
        name = run_name(settings, experiment or f"state-{mark[:8]}")
        run = runs.open_run(project_root(), mark, name, tags)
        runs.log_params(run, runs.flat(settings))
        runs.log_dataset(run, "recordings", data, settings["ingest"]["data"])
        order = stages_in_order()
        _sync(run, order[: order.index(stage)])
    return run


def close(run: Run | None, stage: str) -> None:
    """Log what `stage` wrote and end the run until another stage opens it."""
    with timing.tracking():
        _sync(run, (stage,))
        runs.close(run)


def live(run: Run | None, stage: str, row: dict[str, float]) -> None:
    """Log the scores of one epoch while training goes on."""
    with timing.tracking():
        runs.log_metrics(run, [(int(row["epoch"]), _epoch(stage, row))])


def _epoch(stage: str, row: dict[str, float]) -> dict[str, float]:
    return {f"{CURVES[stage]}{k}": v for k, v in row.items() if k != "epoch"}


def _sync(run: Run | None, stages: Sequence[str]) -> None:
    """Bring metrics and plots of some stages into the run, curves where they are missing."""
    if run is None:
        return
    metrics: dict[str, Any] = {}
    files: list[Path] = []
    tags: dict[str, str] = {}
    for stage in stages:
        path = Path(f"metrics/{stage}.json")
        if path.exists():
            content = read_json(path)
            metrics |= wanted(stage, runs.flat(content))
            files.append(path)
            tags |= {f"warning.{notice.key}": notice.says for notice in of_metrics(content)}
        files += sorted(Path(f"plots/{stage}").glob("**/*.*"))
    logged = _logged(run)
    runs.log_metrics(run, [(0, {k: v for k, v in metrics.items() if logged.get(k) != v})])
    runs.log_files(run, files)
    runs.log_tags(run, tags)
    for stage in CURVES:
        history = Path(f"plots/{stage}/history.csv")
        if stage not in stages or not history.exists():
            continue
        if any(name.startswith(CURVES[stage]) for name in logged):
            continue
        try:
            rows = list(csv.DictReader(text_of(history).splitlines(), strict=True))
            read = [{name: float(text) for name, text in row.items() if text} for row in rows]
            steps = [(int(row["epoch"]), _epoch(stage, row)) for row in read]
        except (csv.Error, ValueError, TypeError, KeyError, DataError):
            runs.warn(ValueError(f"{history} is no table of epochs"))
            continue
        runs.log_metrics(run, steps)


def _logged(run: Run) -> dict[str, float]:
    """Metrics that an earlier stage, or training as it went, has put into the run."""
    try:
        return dict(run.client.get_run(run.run_id).data.metrics)
    except Exception as error:
        runs.warn(error)
        return {}


def _commit() -> str:
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True)
    except OSError:  # no Git on this machine
        return ""
    return found.stdout.strip()
