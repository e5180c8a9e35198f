"""Experiments of every task side by side: best first, paired where their windows are the same."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score

from rarewave.base.errors import DataError
from rarewave.base.tables import EVALUATED
from rarewave.base.tasks import BACKGROUND, Task
from rarewave.experiments import comparing, dvc
from rarewave.metrics import bootstrap, comparison

TASKS = {
    "event": Task("event", (BACKGROUND, "quake")),
    "classes": Task("classes", (BACKGROUND, "a", "b")),
    "tags": Task("tags", ("a", "b")),
}
HEADLINE = {k: comparison.HEADLINE[k].replace("_", " ") for k in TASKS}
Files = dict[tuple[str, str], bytes]


def left(task: Task, name: str, skill: float, part: str = "t", **params: object) -> Files:
    """What an experiment leaves whose network is as good as `skill`, on test part `part`."""
    rng = np.random.default_rng(0)
    n = 160
    names = [BACKGROUND, *task.events]
    main = rng.choice(len(names), n, p=[0.5, *[0.5 / (len(names) - 1)] * (len(names) - 1)])
    labels = [[names[k]] for k in main]
    frame = pd.DataFrame(
        {
            "window_id": [f"{part}{i:03}" for i in range(n)],
            "row": np.arange(n),
            "recording_id": "r",
            "label": [k[0] for k in labels],
            "labels": labels,
            "unit": [f"{part}{i // 10}" for i in range(n)],
        }
    )[list(EVALUATED)]
    truth = task.truth(labels).astype(float)
    p = np.exp(skill * truth + rng.normal(0, 1, truth.shape))
    p = p / (1 + p) if task.kind == "tags" else p / p.sum(axis=1, keepdims=True)
    for k, label in enumerate(task.names):
        frame[f"p_{label}"] = p[:, k]
    order = rng.permutation(n)  # the table need not be in order
    raw, beside = io.BytesIO(), io.BytesIO()
    frame.iloc[order].to_parquet(raw)
    frame.assign(detector="forest").iloc[order].to_parquet(beside)
    at = {"network": dict.fromkeys(task.events, 0.5)}
    evaluated = {"training_windows": dict.fromkeys(task.names, 50), "network": {"f1": skill / 9}}
    settings = {"train": {"epochs": 3, "loss": "focal"}} | params
    texts = {
        "artifacts/clean/frontend.json": json.dumps({"task": task.to_dict()}),
        "artifacts/threshold/threshold.json": json.dumps(at),
        "metrics/evaluate.json": json.dumps(evaluated),
        "metrics/detect.json": json.dumps({"network": {"macro_f1": 0.123}}),
        "params.yaml": json.dumps(settings),
    }
    files = {(path, name): text.encode() for path, text in texts.items()}
    files["artifacts/evaluate/scores.parquet", name] = raw.getvalue()
    files["artifacts/evaluate/baselines.parquet", name] = beside.getvalue()
    return files


def told(monkeypatch: pytest.MonkeyPatch, files: Files, *names: str) -> str:
    """What compare says of experiments."""

    def stored(path: str, name: str) -> bytes:
        if (path, name) not in files:
            raise DataError(f"no {path} in {name}")
        return files[path, name]

    monkeypatch.setattr(dvc, "stored", stored)
    monkeypatch.setattr(comparing, "stored", stored)
    return comparing.text(names)


@pytest.mark.parametrize("kind", TASKS)
def test_experiments_of_every_task_stand_best_first(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the scores that scikit-learn gives, and what their parameters differ in."""
    task = TASKS[kind]
    train = {"train": {"epochs": 9, "loss": "focal"}}
    files = left(task, "poor", 0.5) | left(task, "good", 2.5, **train) | left(task, "even", 2.4)
    said = told(monkeypatch, files, "poor", "good", "even")
    lines = said.splitlines()
    assert lines[0].startswith("|") and HEADLINE[kind] in lines[0] and "event F1" in lines[0]
    assert [line.split()[1] for line in lines[2:5]] == ["good", "even", "poor"]
    frame = pd.read_parquet(io.BytesIO(files["artifacts/evaluate/scores.parquet", "good"]))
    truth = task.truth(frame["labels"])
    p = frame[[f"p_{name}" for name in task.names]].to_numpy()
    if kind == "event":
        wanted = average_precision_score(truth[:, 1], p[:, 1])
    elif kind == "tags":
        wanted = average_precision_score(truth, p, average="macro")
    else:
        wanted = f1_score(truth.argmax(axis=1), p.argmax(axis=1), average="macro")
    assert f"{wanted:.3f} [" in lines[2] and "| 0.123" in lines[2] and "| best" in lines[2]
    gain = re.search(r"\+0\.(\d+) \[\+0\.\d+, \+0\.\d+\] +\|$", lines[4])
    assert gain, lines[4]  # poor is worse than good by more than chance
    assert re.search(r"\[[+-]0\.\d+, \+0\.\d+\] +\|$", lines[3])
    assert "Paired over the same 160 test windows of 16 groups" in said
    assert re.search(r"^\| train.epochs +\| 9 +\| 3 +\| 3 +\|$", said, re.M)
    assert "train.loss" not in said


def test_the_interval_of_a_difference_is_that_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Far narrower than the scores' own, where two networks are nearly the same."""
    task = TASKS["event"]
    told(monkeypatch, left(task, "one", 1.5) | left(task, "two", 1.45), "one", "two")
    one, two = comparing.read("one"), comparing.read("two")
    metric = "average_precision"
    low, high = bootstrap.interval(
        one.score - two.score, one.draws[metric] - two.draws[metric], 16, -1, 1
    )
    own = bootstrap.interval(one.score, one.draws[metric], 16)
    assert high - low < 0.2 * (own[1] - own[0])
    said = comparing.text(["two", "one"])
    assert f"{one.score - two.score:+.3f} [{low:+.3f}, {high:+.3f}]" in said


def test_other_test_windows_are_not_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    task = TASKS["classes"]
    files = left(task, "here", 2.0) | left(task, "there", 1.0, part="u")
    said = told(monkeypatch, files, "there", "here")
    assert "| other test windows" in said.splitlines()[3]
    assert "there was tested on other windows than here (160, 0 shared by name)" in said
    assert "Paired" not in said and "All parameters are the same." in said


def test_test_parts_of_their_own_have_a_mean_of_an_event_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As days left out in turn: means over them and the gain over each baseline."""
    task = TASKS["event"]
    files = left(task, "monday", 2.0) | left(task, "friday", 1.0, part="u")
    said = told(monkeypatch, files, "friday", "monday")
    assert "| average precision | friday | monday | mean [95 %] |" in said
    assert "network - forest: +0.000" in said and "| F1 | friday | monday | mean |" in said


def test_what_is_not_alike_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    files = left(TASKS["classes"], "a", 1.0) | left(TASKS["tags"], "b", 1.0)
    with pytest.raises(DataError, match=r"b tells a, b apart \(tags\), and a background, a, b"):
        told(monkeypatch, files, "a", "b")
    with pytest.raises(DataError, match=r"frontend.json in c"):
        told(monkeypatch, files, "a", "c")


def test_an_experiment_that_ended_before_detect_has_no_event_score(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = left(TASKS["tags"], "a", 1.0)
    del files["metrics/detect.json", "a"]
    said = told(monkeypatch, files, "a", "a")
    assert len(said.splitlines()) == 3  # one experiment, however often it is named
    assert re.search(r"\| - +\| best +\|$", said)


@pytest.mark.parametrize(("read", "shown"), [("one", True), ("another", False)])
def test_an_event_score_of_an_earlier_run_is_not_shown(
    read: str, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An experiment up to evaluate keeps the metrics that detect left before it."""
    files = left(TASKS["event"], "a", 1.0)
    lock = {
        "evaluate": {"outs": [{"path": "artifacts/evaluate", "md5": "one"}]},
        "detect": {"deps": [{"path": "artifacts/evaluate", "md5": read}]},
    }
    files["dvc.lock", "a"] = json.dumps({"stages": lock}).encode()
    assert ("| 0.123 " in told(monkeypatch, files, "a")) == shown


def test_the_workspace_is_what_lies_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(str(tmp_path))
    for (path, _), content in left(TASKS["event"], "x", 2.0).items():
        target = tmp_path / path  # type: ignore[operator]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    assert "| workspace | " in comparing.text(["workspace"])
