"""Where a packaged detector lies: a folder, a `.keras` file in it, or MLflow."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from rarewave.base.errors import DataError
from rarewave.tracking.runs import be_patient_for_seconds

EVENTS = "events.json"  # what a package has beside the network and its description


def locate(where: str) -> Path:
    """The `.keras` file of a package.

    Parameters
    ----------
    where : a path, or an MLflow URI such as `models:/m-…` or `runs:/<run id>/detector`.

    Raises
    ------
    DataError
        There is no such model, or it was saved without thresholds.
    """
    folder = Path(where)
    if where.startswith(("models:", "runs:", "mlflow-artifacts:")):
        folder = _download(where)
    named = folder.name if folder.is_file() else "*.keras"
    folder = folder.parent if folder.is_file() else folder
    if not folder.is_dir():
        raise DataError(f"no model {where}: give a folder, a .keras file or an MLflow URI")
    # MLflow keeps it among the artifacts of the logged model.
    for inner in (folder, folder / "artifacts" / "detector"):
        models = sorted(inner.glob(named))
        if models and (inner / EVENTS).exists():
            return models[0]
    raise DataError(
        f"{where} is no detector with thresholds: the stage detect writes one to "
        "artifacts/detect/detector"
    )


def digest(paths: Sequence[Path]) -> str:
    """Equal for equal contents of some files."""
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def _download(uri: str) -> Path:
    be_patient_for_seconds()
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        return Path(mlflow.artifacts.download_artifacts(uri))
    except (MlflowException, OSError) as error:
        reason = str(error).splitlines()[0][:300]
        raise DataError(
            f"MLflow has no {uri} ({reason}): correct it or MLFLOW_TRACKING_URI, or start its "
            "server"
        ) from None
