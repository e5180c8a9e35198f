"""Log a detector to MLflow as a model that takes waveforms."""

import hashlib
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.base.tasks import Task
from rarewave.frontend.transform import FrontEnd
from rarewave.tracking.runs import Run, never_fails, quiet

_PACKAGES = (
    "mlflow", "keras", "tensorflow", "numpy", "scipy", "pandas", "soxr", "librosa", "h5py",
)  # fmt: skip


@never_fails
def log_detector(run: Run | None, package: Path, front_end: FrontEnd, task: Task) -> None:
    """Log a packed detector as one pyfunc with signature and example.

    Parameters
    ----------
    package : the folder that `rarewave.model.package.save` wrote.
    task : what the network tells apart.
    """
    if run is None:
        return
    content = b"".join(path.read_bytes() for path in sorted(package.iterdir()))
    digest = hashlib.sha256(content).hexdigest()[:16]
    if run.client.get_run(run.run_id).data.tags.get("detector") == digest:
        return
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, DataType, Schema

    from rarewave.model import serving

    signature = ModelSignature(
        inputs=Schema(  # numbers of any type: MLflow would refuse counts where it expects doubles
            [
                ColSpec(AnyType(), "samples"),
                ColSpec(AnyType(), "sample_rate"),
                ColSpec(AnyType(), "full_scale", required=False),
            ]
        ),
        outputs=Schema(
            [
                ColSpec(DataType.long, "recording"),
                ColSpec(DataType.double, "start_s"),
                ColSpec(DataType.double, "duration_s"),
                ColSpec(DataType.string, "status"),
                *(ColSpec(DataType.double, f"p_{name}") for name in task.events),
                ColSpec(DataType.boolean, "event"),
                ColSpec(DataType.string, "labels"),
            ]
        ),
    )
    with tempfile.TemporaryDirectory() as folder, quiet():
        # MLflow names an artifact after its folder.
        detector = Path(folder) / "detector"
        shutil.copytree(package, detector)
        code = Path(folder) / "rarewave"
        shutil.copytree(
            Path(__file__).parents[1], code, ignore=shutil.ignore_patterns("__pycache__")
        )
        with mlflow.start_run(run_id=run.run_id):
            mlflow.pyfunc.log_model(
                name="detector",
                python_model=serving.__file__,
                artifacts={"detector": str(detector)},
                code_paths=[str(code)],
                signature=signature,
                input_example=example(front_end),
                pip_requirements=[f"{name}=={version(name)}" for name in _PACKAGES],
            )
    run.client.set_tag(run.run_id, "detector", digest)


def example(front_end: FrontEnd) -> pd.DataFrame:
    """Two windows' worth of noise, as the model takes it."""
    rng = np.random.Generator(np.random.PCG64(0))
    length = front_end.grid.window_samples + front_end.grid.hop_samples
    samples = np.round(rng.standard_normal(length) * 100).tolist()
    return pd.DataFrame({"samples": [samples], "sample_rate": [front_end.clean.sample_rate_hz]})
