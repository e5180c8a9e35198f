"""MLflow as a side effect: a failed or absent server never costs a computed result."""

import contextlib
import functools
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec

from rarewave.base import parameters

P = ParamSpec("P")

FINGERPRINT = "rarewave.fingerprint"
EXPERIMENT = "rarewave"
_PATIENCE_S = 10.0
_given_up = False
_LOCK_S = 60.0  # that another process may take for the tables of a new store


class Run(NamedTuple):
    """An open run: the client and the id."""

    client: Any
    run_id: str


def fingerprint(*contents: Any) -> str:
    """A digest of what went into a pipeline state."""
    text = json.dumps(contents, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def never_fails(log: Callable[P, None]) -> Callable[P, None]:
    """Turn any error of a logging function into one line on standard error."""

    @functools.wraps(log)
    def safe(*args: P.args, **kwargs: P.kwargs) -> None:
        global _given_up
        if _given_up:
            return
        began = time.monotonic()
        try:
            log(*args, **kwargs)
        except Exception as error:
            warn(error)
            # Each call to a server that has died would wait as long again.
            _given_up = time.monotonic() - began > _PATIENCE_S

    return safe


def warn(error: Exception) -> None:
    """Say that logging failed, and that nothing else did."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    print(
        f"MLflow did not log ({reason[:160]}); the results are written all the same",
        file=sys.stderr,
    )


def be_patient_for_seconds() -> None:
    """MLflow's own patience with a dead server is minutes for each call; call before importing it.

    What the user has set stays.
    """
    for name, value in {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }.items():
        os.environ.setdefault(name, value)


def connect(root: Path) -> Any:
    """A client of the store: MLFLOW_TRACKING_URI, or SQLite in the project folder `root`."""
    be_patient_for_seconds()
    import logging

    from filelock import FileLock

    logging.getLogger("alembic").setLevel(logging.ERROR)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.ERROR)
    import mlflow
    from mlflow.tracking import MlflowClient

    elsewhere = os.environ.get("MLFLOW_TRACKING_URI")
    root = root.resolve()
    uri = elsewhere or f"sqlite:///{root / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    if not elsewhere:  # MLflow sets the variable, and the next call would take it for the user's
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    (root / ".rarewave").mkdir(exist_ok=True)
    # Two processes that make the tables of a new store at once kill each other.
    with FileLock(root / ".rarewave" / "mlflow.lock", timeout=_LOCK_S):
        client = MlflowClient(uri)
        if client.get_experiment_by_name(EXPERIMENT) is None:
            local = None if elsewhere else (root / "mlruns").as_uri()
            # The kind decides with which page MLflow opens the experiment.
            kind = {"mlflow.experimentKind": "custom_model_development"}
            client.create_experiment(EXPERIMENT, artifact_location=local, tags=kind)
    return client


def open_run(root: Path, mark: str, name: str, tags: Mapping[str, str]) -> Run | None:
    """The run that carries the fingerprint `mark`, made where there is none.

    Returns None, with one line on standard error, where no store answers.
    """
    global _given_up
    _given_up = False
    try:
        client = connect(root)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        found = client.search_runs(
            [experiment.experiment_id],
            f"tags.`{FINGERPRINT}` = '{mark}'",
            max_results=1,
        )
        if found:
            run_id = found[0].info.run_id
        else:
            run_id = client.create_run(
                experiment.experiment_id, run_name=name, tags={FINGERPRINT: mark}
            ).info.run_id
        for key, value in tags.items():
            client.set_tag(run_id, key, value)
        client.update_run(run_id, status="RUNNING")
        return Run(client, run_id)
    except Exception as error:
        warn(error)
        return None


@never_fails
def close(run: Run | None) -> None:
    """Mark the run as finished."""
    if run:
        run.client.set_terminated(run.run_id)


@never_fails
def log_params(run: Run | None, params: Mapping[str, Any]) -> None:
    """Log parameters once; a run's parameters never change, for its fingerprint holds them."""
    from mlflow.entities import Param

    if run and not run.client.get_run(run.run_id).data.params:
        listed = [Param(key, str(value)) for key, value in params.items()]
        run.client.log_batch(run.run_id, params=listed)


def _allowed(key: str) -> str:
    """A name that MLflow takes: one bad sign would lose the whole batch."""
    return re.sub(r"[^\w\-. :/]", "_", key)


@never_fails
def log_metrics(run: Run | None, rows: Iterable[tuple[int, Mapping[str, float]]]) -> None:
    """Log metrics of steps in one batch; null and non-finite values are left out."""
    import math

    from mlflow.entities import Metric

    if run:
        now = int(time.time() * 1000)
        listed = [
            Metric(_allowed(key), float(value), now, step)
            for step, values in rows
            for key, value in values.items()
            if isinstance(value, int | float) and math.isfinite(value)
        ]
        for at in range(0, len(listed), 900):
            run.client.log_batch(run.run_id, metrics=listed[at : at + 900])


@never_fails
def log_tags(run: Run | None, tags: Mapping[str, str]) -> None:
    """Set tags of the run."""
    if run:
        for key, value in tags.items():
            run.client.set_tag(run.run_id, key, value)


@never_fails
def log_dataset(run: Run | None, name: str, digest: str, source: str) -> None:
    """Log which data the run saw, by digest."""
    from mlflow.entities import Dataset, DatasetInput

    if run:
        content = Dataset(name=name, digest=digest, source_type="local", source=source)
        run.client.log_inputs(run.run_id, [DatasetInput(content, [])])


@never_fails
def log_files(run: Run | None, paths: Iterable[Path]) -> None:
    """Log files under their own relative paths."""
    if run:
        for path in paths:
            run.client.log_artifact(run.run_id, str(path), path.parent.as_posix())


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings to dotted names; a map of the user's own names is one value."""
    result: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and name not in parameters.OWN_NAMES:
            result |= flat(value, f"{name}.")
        else:
            result[name] = value
    return result


@contextlib.contextmanager
def quiet() -> Any:
    """Keep MLflow's hints about the environment off the terminal."""
    import logging

    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
