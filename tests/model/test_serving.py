"""The detector as a model of MLflow: whatever numbers people have, and over HTTP."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from support import tiny

from rarewave.model import registry
from rarewave.model.package import load, save
from rarewave.tracking import runs

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

PORT = 5781


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def uri(root: Path) -> str:
    """A tiny detector, logged there."""
    made = tiny.package(root / "detector")
    before = os.environ.pop("MLFLOW_TRACKING_URI", None)
    run = runs.open_run(root, "f", "name", {})
    assert run is not None
    registry.log_detector(run, root / "detector", made.front_end, made.task)
    (found,) = run.client.get_run(run.run_id).outputs.model_outputs
    if before is not None:
        os.environ["MLFLOW_TRACKING_URI"] = before
    return f"models:/{found.model_id}"


def samples(dtype: str) -> np.ndarray:
    """A song of 16 bits: as wav files hold it, or as soundfile reads it."""
    whole = np.round(tiny.song(3.0) * 32768).astype(np.int16)
    return whole if dtype == "int16" else whole / 32768


def served(content: pd.DataFrame) -> np.ndarray:
    """The scores in an answer."""
    return content[["p_low", "p_high"]].to_numpy(float)


def test_whole_numbers_are_samples_too(root: Path, uri: str) -> None:
    """Of lists and arrays, with a rate that is whole; 16 bits with their full scale; gaps."""
    import mlflow

    model = mlflow.pyfunc.load_model(uri)
    wanted = load(str(root / "detector")).detector.score_recording(samples("float"), 1000.0)
    rows = [
        {"samples": samples("float").tolist(), "sample_rate": 1000.0},
        {"samples": samples("int16").tolist(), "sample_rate": 1000, "full_scale": 32768},
        {"samples": samples("int16"), "sample_rate": 1000, "full_scale": 32768},
    ]
    for row in rows:
        found = model.predict(pd.DataFrame([row]))
        np.testing.assert_allclose(served(found), served(wanted), atol=1e-6)
    counts = [*range(600), *[None] * 500, *range(900)]
    found = model.predict(pd.DataFrame([{"samples": counts, "sample_rate": 1000}]))
    assert set(found["status"]) == {"scored", "gap"}


def test_windows_are_decided_at_the_thresholds_of_windows(root: Path) -> None:
    """Not at those of events, which are of moments of whole recordings."""
    from rarewave.model.serving import WaveformDetector

    folder, (none, all_of_them) = root / "other", ({"low": 1.0, "high": 1.0}, {"low": 0, "high": 0})
    given = root / "made/model.keras", none, tiny.JOINING, tiny.BANDS
    save(folder, *given, window_thresholds=all_of_them)
    model = WaveformDetector()
    model.load_context(SimpleNamespace(artifacts={"detector": str(folder)}))
    row = {"samples": samples("float"), "sample_rate": 1000.0}
    assert model.predict(None, pd.DataFrame([row]))["event"].all()


@pytest.mark.slow
def test_the_server_takes_counts_and_the_samples_of_a_wav(root: Path, uri: str) -> None:
    """As docs/mlflow.md says: JSON over HTTP, whole numbers, null where nothing was recorded."""
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", uri, "--env-manager"]
    command += ["local", "--host", "127.0.0.1", "--port", str(PORT), "--workers", "1"]
    env = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{root}/mlflow.db"}
    env |= {"MLFLOW_DISABLE_TELEMETRY": "true"}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"  # it starts uvicorn by name
    wanted = load(str(root / "detector")).detector.score_recording(samples("float"), 1000.0)
    with open(root / "serve.log", "wb") as log:
        server = subprocess.Popen(
            command, cwd=root, env=env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(server, root / "serve.log")
            wav = [samples("int16").tolist(), 1000, 32768]
            found = _ask(["samples", "sample_rate", "full_scale"], [wav])
            np.testing.assert_allclose(served(found), served(wanted), atol=1e-6)
            counts = [[512, 513, None, *range(500)], 1000]
            found = _ask(["samples", "sample_rate"], [counts, counts])
            assert found["recording"].tolist() == sorted(found["recording"].tolist())
            assert set(found["recording"]) == {0, 1} and found["p_low"].between(0, 1).all()
        finally:
            os.killpg(server.pid, 15)
            server.wait()


def _ask(columns: list[str], data: list[list[object]]) -> pd.DataFrame:
    """The answer of the server."""
    body = json.dumps({"dataframe_split": {"columns": columns, "data": data}}).encode()
    url, kind = f"http://127.0.0.1:{PORT}/invocations", {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, kind), timeout=120) as got:
            return pd.DataFrame(json.loads(got.read())["predictions"])
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from None


def _wait(server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.time() + 180
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/ping", timeout=5).close()
            return
        except OSError:
            assert time.time() < until and server.poll() is None, log.read_text()[-3000:]
            time.sleep(0.5)
