"""The stages end to end on a reduced archive, as a user drives them."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from support import opened, project

from rarewave.model import detector, inspection
from rarewave.recordings import seismic
from stages.shared import artifacts
from tools.check_repro import hashes

MODEL = artifacts.MODEL


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after its first dvc repro, committed."""
    folder = project.make(tmp_path_factory.mktemp("project") / "first")
    project.good(project.run(folder, "dvc", "repro", **opened.noting(folder.parent / "opened")))
    project.good(project.run(folder, "git", "add", "-A"))
    project.good(project.run(folder, "git", "commit", "-q", "-m", "first run"))
    return folder


def test_every_stage_writes_its_metrics(done: Path) -> None:
    """Each stage leaves metrics/<stage>.json with its name."""
    for name in project.STAGES:
        assert json.loads((done / f"metrics/{name}.json").read_text())


# What only the log of the run is made of.
LOGGED = ("params.yaml", "recipes", ".rarewave", "mlflow.db")


def test_stages_open_nothing_that_they_do_not_declare(done: Path) -> None:
    """Neither code nor data: what is not among deps or outs would change without a new run."""
    lock = YAML(typ="safe").load((done / "dvc.lock").read_text())["stages"]
    found = opened.by_stage(done.parent / "opened", done)
    assert set(found) == set(project.STAGES)
    for name, paths in found.items():
        entries = [*lock[name]["deps"], *lock[name]["outs"]]
        listed = [entry["path"] for entry in entries]
        assert f"stages/{name}.py" in paths
        assert opened.beyond(paths, [*listed, *LOGGED]) == [], name


def test_every_recorded_second_is_accounted_for(done: Path) -> None:
    """The seconds of all statuses sum to what was recorded."""
    found = json.loads((done / "metrics/clean.json").read_text())
    assert sum(found["seconds"].values()) == pytest.approx(found["recorded_s"], abs=1e-3)
    assert found["recorded_s"] == pytest.approx(6 * 3 * 3600, rel=0.01)


def test_arrays_are_aligned_and_plain(done: Path) -> None:
    """X_spec, y_all, the index and the npz agree in rows and types, and need no pickle."""
    X_spec = np.load(done / artifacts.X_SPEC)
    index = pd.read_parquet(done / artifacts.INDEX)
    y_all = np.load(done / "artifacts/clean/y_all.npy")
    windows = pd.read_parquet(done / "artifacts/clean/windows.parquet")
    data = np.load(done / artifacts.DATASET, allow_pickle=False)
    assert X_spec.shape == (len(y_all), 129, 32, 1) and X_spec.dtype == np.float32
    assert np.array_equal(data["X_spec"], X_spec)
    assert np.array_equal(index["window_id"].to_numpy("U"), data["window_id"])
    assert y_all.dtype == np.int8
    assert data["X_spec"].shape == (len(y_all), 129, 32, 1)
    assert np.array_equal(data["y_all"], y_all)
    used = windows[windows["row"] >= 0].sort_values("row")
    assert np.array_equal(data["window_id"], used["window_id"].to_numpy("U"))
    assert np.array_equal(y_all == 1, (used["label"] != "background").to_numpy())


def test_nothing_changed_means_nothing_runs(done: Path) -> None:
    """A second dvc repro runs no stage and changes no file."""
    said = project.good(project.run(done, "dvc", "repro"))
    assert "Running stage" not in said
    assert project.run(done, "git", "status", "--porcelain").stdout == ""


@pytest.mark.slow
def test_the_same_state_gives_the_same_bytes(done: Path, tmp_path: Path) -> None:
    """A second clone, run from scratch with another number of workers, has equal hashes."""
    other = project.make(tmp_path / "second")
    project.good(project.run(other, "dvc", "repro", RAREWAVE_JOBS="2"))
    assert hashes(other) == hashes(done)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_run_ends_in_the_same_bytes(done: Path, tmp_path: Path, seed: int) -> None:
    """After kill -9 at any moment, dvc repro completes to the same hashes."""
    other = project.make(tmp_path / "killed")
    wait = random.Random(seed).uniform(2, 14)
    running = subprocess.Popen(
        ["dvc", "repro"],
        cwd=other,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(wait)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    project.good(project.run(other, "dvc", "repro"))
    assert hashes(other) == hashes(done)


def test_the_served_model_scores_as_evaluate_does(done: Path, tmp_path: Path) -> None:
    """The MLflow model, given raw waveforms, returns the scores of evaluate to 1e-5."""
    scores = pd.read_parquet(done / "artifacts/evaluate/scores.parquet").set_index("window_id")
    windows = pd.read_parquet(done / "artifacts/clean/windows.parquet")
    name = scores.index[0].split("/")[0]
    wave = seismic.read_file(done / f"data/recordings/{name}.mseed")[0]
    samples = [None if np.isnan(v) else float(v) for v in wave.samples]
    given = tmp_path / "input.json"
    split = {"columns": ["samples", "sample_rate"], "data": [[samples, wave.sample_rate]]}
    given.write_text(json.dumps({"dataframe_split": split}))
    script = (
        "import mlflow; mlflow.set_tracking_uri('sqlite:///mlflow.db');"
        "r = mlflow.search_runs(experiment_names=['rarewave'], output_format='list')[0];"
        "print('models:/' + r.outputs.model_outputs[0].model_id)"
    )
    uri = project.good(project.run(done, sys.executable, "-c", script)).split()[-1]
    command = ["mlflow", "models", "predict", "-m", uri, "-i", str(given), "-t", "json"]
    command += ["--env-manager", "local", "-o", str(tmp_path / "out.json")]
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{done}/mlflow.db"}
    project.good(project.run(tmp_path, *command, **store))
    found = pd.DataFrame(json.loads((tmp_path / "out.json").read_text())["predictions"])
    mine = windows[windows["recording_id"] == name]
    assert len(found) == len(mine)
    joined = mine.reset_index(drop=True).assign(served=found["p_event"], event=found["event"])
    joined = joined[joined["window_id"].isin(scores.index)]
    wanted = scores.loc[joined["window_id"], "p_event"].to_numpy()
    assert len(wanted) > 10
    assert np.abs(joined["served"].to_numpy(float) - wanted).max() < 1e-5
    threshold = json.loads((done / "artifacts/threshold/threshold.json").read_text())["network"]
    assert np.array_equal(joined["event"].to_numpy(bool), wanted >= threshold["event"])


def test_detect_finds_the_windows_of_evaluate(done: Path) -> None:
    """The packed detector, over whole test recordings, sees every second and ends in events."""
    coverage = pd.read_parquet(done / "artifacts/detect/coverage.parquet")
    names = ["scored_s", "unscored_s", "gap_s", "silent_s", "short_s", "unreadable_s"]
    kinds = coverage[names].sum(axis=1)
    assert kinds.to_numpy() == pytest.approx(coverage["duration_s"].to_numpy(), abs=1e-3)
    found = json.loads((done / "metrics/detect.json").read_text())
    assert {"network", "level", "sta_lta"} <= set(found)
    closed = np.zeros(0)  # by the second: what is uncertain, or was not recorded
    events = pd.read_parquet(done / "artifacts/ingest/events.parquet")
    gaps = pd.read_parquet(done / "artifacts/clean/gaps.parquet")
    for row in coverage.to_dict("records"):
        flags = np.zeros(round(row["duration_s"]), bool)
        doubt = events[~events["certain"] & (events["recording_id"] == row["recording_id"])]
        mine = gaps[gaps["recording_id"] == row["recording_id"]]
        runs = mine[["start", "stop"]].to_numpy() / 6.625
        for a, b in [*doubt[["onset_s", "offset_s"]].to_numpy(), *runs]:
            flags[max(0, round(a)) : max(0, round(b))] = True
        closed = np.append(closed, flags)
    assert found["hours"] == pytest.approx((~closed.astype(bool)).sum() / 3600, abs=0.01)
    assert found["hours"] < coverage["duration_s"].sum() / 3600
    assert set(found["network"]["interval"]) == {"macro_f1", "precision", "recall", "f1"}


def test_the_command_detect_agrees_with_the_stage(done: Path, tmp_path: Path) -> None:
    """Over the same files the command writes the events that the stage found."""
    coverage = pd.read_parquet(done / "artifacts/detect/coverage.parquet")
    files = [f"data/{path}" for path in coverage["path"]]
    given = ["detect", "artifacts/detect/detector", *files, "--format", "csv"]
    project.good(project.command(done, *given, "--out", tmp_path / "out"))
    written = pd.read_csv(tmp_path / "out/events.csv")
    wanted = pd.read_parquet(done / "artifacts/detect/events.parquet")
    wanted[["onset_s", "offset_s"]] = wanted[["onset_s", "offset_s"]].round()  # the hop is 169 s
    scored = written.merge(wanted, on=["onset_s", "offset_s", "label"], how="right")
    assert scored["peak_x"].notna().all() or not len(wanted)
    seen = pd.read_csv(tmp_path / "out/coverage.csv")
    assert seen["scored_s"].sum() == pytest.approx(coverage["scored_s"].sum())


def test_one_mlflow_run_holds_the_whole_state(done: Path) -> None:
    """One run carries parameters, metrics of every stage, curves, plots, data and commit."""
    script = (
        "import mlflow, json; mlflow.set_tracking_uri('sqlite:///mlflow.db');"
        "rs = mlflow.search_runs(experiment_names=['rarewave'], output_format='list');"
        "c = mlflow.MlflowClient(); r = rs[0];"
        "h = c.get_metric_history(r.info.run_id, 'training/val_average_precision');"
        "m = max(len(c.get_metric_history(r.info.run_id, k)) for k in r.data.metrics"
        " if not k.startswith(('training/', 'pretraining/')));"
        "a = [x.path for p in ('plots/evaluate','plots/gradcam')"
        " for x in c.list_artifacts(r.info.run_id, p)];"
        "print(json.dumps([len(rs), r.data.params, r.data.metrics, r.data.tags, len(h), m, a,"
        " [d.dataset.digest for d in r.inputs.dataset_inputs], r.info.status]))"
    )
    said = project.good(project.run(done, sys.executable, "-c", script)).splitlines()[-1]
    count, params, metrics, tags, epochs, most, files, digests, status = json.loads(said)
    assert (count, status) == (1, "FINISHED")
    assert params["train.loss"] == "cross_entropy"
    assert {"test/f1", "data/hours", "training/loss", "events/f1"} <= set(metrics)
    assert len(metrics) <= 40 and all("/" in name for name in metrics)
    assert tags["mlflow.runName"].startswith("lunar* state-")
    assert epochs == 2 and most == 1  # no number is logged again by each later stage
    assert "plots/gradcam/contact_sheet.png" in files and "plots/evaluate/pr.png" in files
    assert digests == [tags["data"]]
    assert len(tags["git.commit"]) == 40


def test_an_experiment_compares_with_the_last_run(done: Path) -> None:
    """dvc exp run -S, exp show, metrics, params and plots diff give what changed."""
    change = "threshold.objective=false_alarms_per_day", "threshold.false_alarms_per_day=0.01"
    given = [word for text in change for word in ("-S", text)]
    project.good(project.run(done, "dvc", "exp", "run", "-n", "silent", *given))
    assert "silent" in project.good(project.run(done, "dvc", "exp", "show", "--md"))
    params = json.loads(project.run(done, "dvc", "params", "diff", "--json").stdout)
    assert params["params.yaml"] == {
        "threshold.objective": {"old": "f1", "new": "false_alarms_per_day"},
        "threshold.false_alarms_per_day": {"old": 1.0, "new": 0.01, "diff": -0.99},
    }
    metrics = json.loads(project.run(done, "dvc", "metrics", "diff", "--json").stdout)
    assert set(metrics) == {"metrics/summary.json"}
    changed = metrics["metrics/summary.json"]
    assert {"false_alarms_per_hour"} & set(changed) <= set(HEADLINE)
    assert json.loads((done / "metrics/evaluate.json").read_text())["network"]["fp"] == 0
    for columns, more in (("160", ["--no-pager"]), ("600", ["--drop", ".*/|Created"])):
        show = ("dvc", "exp", "show", "--only-changed", *more)
        shown = project.good(project.run(done, *show, COLUMNS=columns))
        assert max(map(len, shown.splitlines())) <= 160 and "silent" in shown
        assert "false_alarms_per_hour" in shown and "threshold.objective" in shown
    plots = project.good(project.run(done, "dvc", "plots", "diff", "-o", "dvc_plots"))
    assert "index.html" in plots
    said = project.good(project.command(done, "compare", "silent", "main"))
    assert re.search(r"^\| (silent|main) +\| 0\.\d+ \[", said, re.M)
    assert "Paired over the same" in said
    assert re.search(r'^\| threshold.objective +\| "f1|false', said, re.M)
    project.good(project.run(done, "git", "checkout", "-q", "."))
    project.good(project.run(done, "dvc", "checkout", "-q"))


def test_rebuild_gives_the_same_network(done: Path) -> None:
    """rebuild writes a network with the same layers, weights and scores."""
    said = project.good(project.command(done, "rebuild"))
    assert "identical" in said
    (done / "rebuilt_detector.keras").rename(done / MODEL.with_name("rebuilt_detector.keras"))
    saved = detector.load(done / MODEL)
    built = inspection.rebuild(done / MODEL)
    X = np.random.default_rng(0).normal(size=(4, 129, 32, 1)).astype(np.float32)
    assert np.array_equal(
        np.asarray(saved.network.predict_on_batch(X)), np.asarray(built.predict_on_batch(X))
    )
    (done / MODEL.with_name("rebuilt_detector.keras")).unlink()


def test_inspect_prints_layers_and_totals(done: Path) -> None:
    """inspect names every layer and counts weights as Keras's summary does."""
    said = project.good(project.command(done, "inspect"))
    assert "101,889" in said and "304,773" in said and "conv3" in said


HEADLINE = (
    "average_precision", "low", "high", "gain", "groups", "event_f1", "event_recall",
    "false_alarms_per_hour",
)  # fmt: skip


def test_eight_numbers_say_how_a_run_went(done: Path) -> None:
    """They are those of the stages, and all are numbers."""
    found = json.loads((done / "metrics/summary.json").read_text())
    assert set(found) == set(HEADLINE)
    known = {name: value for name, value in found.items() if value is not None}
    assert all(isinstance(value, int | float) for value in known.values())
    assert set(HEADLINE) - set(known) <= {"low", "high"}  # one group has no interval
    evaluate, detect = (
        json.loads((done / f"metrics/{stage}.json").read_text()) for stage in ("evaluate", "detect")
    )
    wanted = evaluate["network"]["average_precision"]
    assert found["average_precision"] == pytest.approx(wanted, abs=1e-5)
    for name, end in evaluate["interval"]["average_precision"].items():
        assert found[name] == (None if end is None else pytest.approx(end, abs=1e-5))
    assert found["gain"] == pytest.approx(evaluate["gain_over_best"]["value"], abs=1e-5)
    assert found["event_f1"] == detect["network"]["macro_f1"]


def test_times_and_summary_print_tables(done: Path) -> None:
    """times shows all stages of the last run, summary the detectors."""
    said = project.good(project.command(done, "summary"))
    assert "sta_lta" in said and "average_precision" in said
    assert "own parameters: lunar with " in said and "baselines.lta_s=600" in said
    assert "Out of date" not in said and "EARLIER" not in said
    assert "- ingest: " in said and "groups (ingest.group: day) hold labelled events" in said
    said = project.good(project.command(done, "times"))
    assert "imports" in said and "evaluate" in said


def test_summary_marks_what_is_of_an_earlier_state(done: Path) -> None:
    """Scores that the parameters of now would not give, and all that follows from them."""
    before = (done / "params.yaml").read_text()
    (done / "params.yaml").write_text(
        before.replace("objective: f1", "objective: recall_at_precision")
    )
    said = project.good(project.command(done, "summary"))
    (done / "params.yaml").write_text(before)
    assert "changes in params.yaml" in said
    assert re.search(r"^  threshold +params.yaml: threshold modified$", said, re.M)
    assert re.search(r"^  evaluate +follows threshold$", said, re.M)
    assert not re.search(r"^  train ", said, re.M)
    assert "OF AN EARLIER STATE:" in said


def test_a_dead_mlflow_server_costs_nothing(done: Path) -> None:
    """With an unreachable store the stage still succeeds and says so in one line."""
    said = project.stage(done, "gradcam", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert said.returncode == 0
    assert "MLflow did not log" in said.stderr and "Traceback" not in said.stderr
