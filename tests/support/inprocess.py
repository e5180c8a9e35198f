"""Stages and commands run in this process, as if each were a process of its own.

TensorFlow takes 4 to 5 s to import and MLflow up to 3 s, so only what is about processes starts
one: the `dvc repro` of the pipeline's tests, killed runs, and speed.
"""

import contextlib
import io
import os
import runpy
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path


def run(
    folder: Path, module: str, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """What `python -m module arguments` in `folder` would say, and its exit code.

    The times of imports that a stage leaves in its ledger mean nothing here.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        _fresh(),
        _environment(folder, more),
        _arguments([module, *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = _code(module, err)
    return subprocess.CompletedProcess([module, *arguments], code, out.getvalue(), err.getvalue())


def _code(module: str, err: io.StringIO) -> int:
    """The exit code of a module run as a script; messages and tracebacks go to `err`."""
    try:
        with warnings.catch_warnings():
            # It was imported before, which is what saves the time.
            warnings.filterwarnings("ignore", message=".*found in sys.modules.*")
            runpy.run_module(module, run_name="__main__")
    except SystemExit as stop:
        if isinstance(stop.code, str):
            err.write(f"{stop.code}\n")
            return 1
        return int(stop.code or 0)
    except Exception:
        err.write(traceback.format_exc())
        return 1
    return 0


def without_tools(given: Mapping[str, str]) -> dict[str, str]:
    """An environment without what DVC, MLflow and Git would take for the user's wish."""
    kept = ("MLFLOW_DISABLE_TELEMETRY", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR")
    return {
        k: v
        for k, v in given.items()
        if k in kept or not k.startswith(("DVC_", "MLFLOW_", "GIT_", "RAREWAVE_"))
    }


@contextlib.contextmanager
def _environment(folder: Path, more: Mapping[str, str]) -> Iterator[None]:
    """The working directory and variables of a user in `folder`; both are put back."""
    before = dict(os.environ)
    os.environ.clear()
    # Workers that an earlier run left behind are in its folder.
    os.environ.update({"RAREWAVE_JOBS": "1"} | without_tools(before) | more)
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _arguments(given: list[str]) -> Iterator[None]:
    before = sys.argv
    sys.argv = given
    try:
        yield
    finally:
        sys.argv = before


@contextlib.contextmanager
def _fresh() -> Iterator[None]:
    """Nothing that an earlier run left in memory, and nothing left for a later one."""
    _forget()
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    """What a process starts without: caches (they know a path only), Keras' names and policy."""
    for name, module in list(sys.modules.items()):
        if name.startswith("rarewave."):
            for cached in vars(module).values():
                if hasattr(cached, "cache_clear"):
                    cached.cache_clear()
    if "rarewave.networks.backend" in sys.modules:
        from rarewave.networks.backend import keras

        keras.config.set_dtype_policy("float32")
        keras.backend.clear_session(free_memory=False)  # Python's own collector will
    if "mlflow" in sys.modules:
        import mlflow

        while mlflow.active_run():
            mlflow.end_run()
        mlflow.set_tracking_uri(None)  # and takes the variable away that it set
