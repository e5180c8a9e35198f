"""Logging finds its run again, and its failure never costs a result."""

from pathlib import Path

import pytest

from rarewave.tracking import runs
from rarewave.tracking.runs import Run


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No store named by the environment, which MLflow itself sets; work outside the project."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with a store of its own."""
    return tmp_path_factory.mktemp("project")


def test_a_fingerprint_is_one_of_the_content() -> None:
    """Not of the order of keys; any value changes it."""
    one = runs.fingerprint({"a": 1, "b": [1, 2]}, "x")
    assert one == runs.fingerprint({"b": [1, 2], "a": 1}, "x")
    assert one != runs.fingerprint({"a": 1, "b": [2, 1]}, "x")
    assert one != runs.fingerprint({"a": 1, "b": [1, 2]}, "y")
    assert len(one) == 16


def test_nested_parameters_become_dotted_names() -> None:
    """Lists stay values."""
    own = {"ingest": {"classes": {"a*": "b"}}}
    assert runs.flat(own) == {"ingest.classes": {"a*": "b"}}
    assert runs.flat({"a": {"b": 1, "c": {"d": [1]}}, "e": None}) == {
        "a.b": 1, "a.c.d": [1], "e": None,
    }  # fmt: skip


def test_the_same_fingerprint_finds_the_same_run(root: Path) -> None:
    """A repeated stage updates its run; another state makes another."""
    one = runs.open_run(root, "f1", "first", {"stage": "train"})
    again = runs.open_run(root, "f1", "second", {"more": "x"})
    other = runs.open_run(root, "f2", "third", {})
    assert one is not None
    assert again is not None
    assert other is not None
    assert one.run_id == again.run_id != other.run_id
    run = again.client.get_run(one.run_id)
    assert run.data.tags["stage"] == "train"
    assert run.data.tags["more"] == "x"
    assert run.data.tags[runs.FINGERPRINT] == "f1"
    assert run.info.run_name == "first"
    assert (root / "mlflow.db").is_file()


def test_artifacts_lie_in_the_project_folder(root: Path) -> None:
    """Not where the process happens to work, as in a queued experiment's copy."""
    run = runs.open_run(root, "f0", "where", {})
    assert run is not None
    folder = run.client.get_run(run.run_id).info.artifact_uri.removeprefix("file://")
    assert Path(folder).is_relative_to(root / "mlruns")


def test_another_project_folder_is_another_store(root: Path, tmp_path: Path) -> None:
    """In one process, as in a notebook."""
    runs.open_run(root, "f0", "one", {})
    other = runs.open_run(tmp_path, "f0", "two", {})
    assert other is not None
    assert (tmp_path / "mlflow.db").is_file()


def test_everything_logged_is_there(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Parameters, metrics of steps without null and NaN, data set, files under their paths."""
    run = runs.open_run(root, "f3", "all", {})
    assert run is not None
    many = {f"p{i}": i for i in range(150)}
    runs.log_params(run, {"train.loss": "focal"} | many)
    runs.log_params(run, {"train.loss": "focal"} | many)  # a repeated stage
    steps = [(s, {"ap": s / 2000, "nan": float("nan"), "null": None}) for s in range(1, 1001)]
    runs.log_metrics(run, steps)
    runs.log_dataset(run, "data", "abc", "data.dvc")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "roc.png").write_bytes(b"x")
    runs.log_files(run, [Path("plots/roc.png")])
    runs.close(run)
    assert capsys.readouterr().err == ""
    found = run.client.get_run(run.run_id)
    assert found.data.params == {"train.loss": "focal"} | {k: str(v) for k, v in many.items()}
    assert found.data.metrics == {"ap": 0.5}
    history = run.client.get_metric_history(run.run_id, "ap")
    assert sorted(m.step for m in history) == list(range(1, 1001))
    (entry,) = found.inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("data", "abc")
    assert [f.path for f in run.client.list_artifacts(run.run_id, "plots")] == ["plots/roc.png"]
    assert found.info.status == "FINISHED"


def test_a_relative_project_folder_will_do(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """`Path('.')` is what a caller in the project folder gives."""
    monkeypatch.chdir(tmp_path)
    assert runs.open_run(Path(), "f", "n", {}) is not None, capsys.readouterr().err


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////dev/null/folder/mlflow.db",
        "nonsense://host",
        "http://127.0.0.1:9",
    ],
)
def test_a_store_that_does_not_answer_costs_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture, uri: str
) -> None:
    """No exception; None for a run; one line that says the results are there."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert runs.open_run(tmp_path, "f", "n", {"a": "b"}) is None
    error = capfd.readouterr().err
    assert "MLflow did not log" in error
    assert "the results are written all the same" in error
    assert "Traceback" not in error


def test_a_project_folder_that_is_gone_costs_a_line(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture
) -> None:
    """The store cannot be made there."""
    assert runs.open_run(tmp_path / "gone", "f", "n", {}) is None
    assert "MLflow did not log" in capsys.readouterr().err


def test_without_a_run_logging_does_nothing(capsys: pytest.CaptureFixture) -> None:
    """Every function takes None."""
    runs.log_params(None, {"a": 1})
    runs.log_metrics(None, [(0, {"a": 1.0})])
    runs.log_dataset(None, "n", "d", "s")
    runs.log_files(None, [Path("gone")])
    runs.close(None)
    assert capsys.readouterr().err == ""


class Broken:
    """A client whose every call fails."""

    def __getattr__(self, name: str) -> object:
        raise ConnectionError(f"{name} failed\nat length")


def test_a_store_that_breaks_on_the_way_costs_a_line_each(capsys: pytest.CaptureFixture) -> None:
    """A server that goes away between opening and logging."""
    run = Run(Broken(), "id")
    runs.log_params(run, {"a": 1})
    runs.log_metrics(run, [(0, {"a": 1.0})])
    runs.log_dataset(run, "n", "d", "s")
    runs.log_files(run, [Path("gone")])
    runs.close(run)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert all("failed); the results are written all the same" in line for line in lines)


def test_an_error_of_the_user_is_not_swallowed() -> None:
    """Only `Exception`: an interrupt stops the program."""

    @runs.never_fails
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_a_server_that_dies_slowly_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """A stage with hundreds of epochs would wait for each."""
    now = [0.0]
    monkeypatch.setattr(runs.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(runs, "_given_up", False)

    @runs.never_fails
    def slow() -> None:
        now[0] += 40.0
        raise ConnectionError("timed out")

    for _ in range(3):
        slow()
    assert now[0] == 40.0
    assert capsys.readouterr().err.count("MLflow did not log") == 1
