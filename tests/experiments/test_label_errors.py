"""Doubtful labels of several folds: gathered, joined to stretches, written for other programs."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rarewave.annotations import reading
from rarewave.annotations.formats import audacity
from rarewave.base.errors import DataError
from rarewave.base.tables import EVALUATED, RECORDINGS, WINDOWS
from rarewave.base.tasks import BACKGROUND, Task
from rarewave.experiments import dvc, label_errors

TASK = Task("classes", (BACKGROUND, "a", "b"))
COUNT = 60  # windows of a recording, half a second each
WRONG = {0: range(20, 24), 1: range(41, 42)}  # of each recording, labelled b where a sounds


def left(fold: int, task: Task = TASK) -> dict[str, bytes]:
    """What an experiment leaves that tested recording `fold`, 30.2 s long, of two."""
    true = np.tile([0, 0, 1, 1, 2, 2], COUNT // 6)
    given = true.copy()
    for row in WRONG[fold]:
        true[row], given[row] = 1, 2
    names = [f"r{fold}-{n:03}" for n in range(COUNT)]
    everyone = [f"r{k}-{n:03}" for k in (0, 1) for n in range(COUNT)]
    p = np.exp(5.0 * np.eye(3)[true] + np.random.default_rng(fold).normal(0, 0.5, (COUNT, 3)))
    labels = [TASK.names[k] for k in given]
    scores = pd.DataFrame({"window_id": names, "row": range(COUNT), "recording_id": f"r{fold}"})
    scores = scores.assign(label=labels, labels=[[name] for name in labels], unit="u")
    for k, name in enumerate(task.names):
        scores[f"p_{name}"] = p[:, k] / p.sum(axis=1) if k < 3 else 0.0
    windows = pd.DataFrame({"window_id": everyone, "duration_s": 0.5, "new_s": 0.5})
    windows["recording_id"] = [name[:2] for name in everyone]
    windows["start_s"] = [0.5 * (n % COUNT) for n in range(2 * COUNT)]
    windows["row"] = range(2 * COUNT)
    for name, kind in WINDOWS.items():
        if name not in windows:
            windows[name] = {"float64": 0.0, "str": "", "int64": 0}.get(kind)
    windows["labels"] = [[] for _ in everyone]
    windows["start"] = pd.Series(pd.NaT, windows.index, "datetime64[ns, UTC]")
    listed = pd.DataFrame({"recording_id": ["r0", "r1"], "path": ["x/one.wav", "x/two.wav"]})
    listed = listed.assign(channel="1", sample_rate=1000.0, n_samples=29_900, labelled=True)
    listed["start"] = pd.Series(pd.NaT, listed.index, "datetime64[ns, UTC]")
    listed = listed.assign(group="", content="", fold="")
    tables = {
        "artifacts/evaluate/examples.parquet": scores[
            [*EVALUATED, *(f"p_{n}" for n in task.names)]
        ],
        "artifacts/clean/windows.parquet": windows[list(WINDOWS)],
        "artifacts/ingest/recordings.parquet": listed[list(RECORDINGS)],
    }
    found = {}
    for path, table in tables.items():
        raw = io.BytesIO()
        table.to_parquet(raw)
        found[path] = raw.getvalue()
    found["artifacts/clean/frontend.json"] = json.dumps({"task": task.to_dict()}).encode()
    found["params.yaml"] = b"ingest: {data: mine}\n"
    return found


@pytest.fixture
def folds(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, bytes]]:
    """Two experiments in the place of DVC's."""
    files = {"fold-1": left(0), "fold-2": left(1)}

    def stored(path: str, name: str) -> bytes:
        if name not in files:
            raise DataError(f"no scores in experiment {name}")
        return files[name][path]

    monkeypatch.setattr(dvc, "stored", stored)
    monkeypatch.setattr(label_errors, "stored", stored)
    listed = "other-1\nfold-2\nfold-1\nfold-best\n"
    monkeypatch.setattr(label_errors, "dvc", lambda *_, **__: listed)
    return files


def test_planted_errors_are_written_for_other_programs(
    folds: dict, command: Callable[..., str], tmp_path: Path
) -> None:
    """Windows that follow are one stretch; Raven and Audacity tables read back with its times."""
    said = command("label-errors", "--name", "fold", "--out", tmp_path / "out", "--count", 9)
    assert "120 of 120 windows scored by a network that did not learn them" in said
    assert "2 doubtful labels, written to" in said
    table = pd.read_csv(tmp_path / "out/events.csv").sort_values("onset_s")
    assert table["file"].tolist() == ["one.wav", "two.wav"]
    assert table[["onset_s", "offset_s"]].to_numpy().tolist() == [[10.0, 12.0], [20.5, 21.0]]
    assert (table["given"] == "b").all() and (table["suggested"] == "a").all()
    assert table["windows"].tolist() == [4, 1] and (table["quality"] < 0.2).all()
    track = audacity.read(tmp_path / "out/one.txt")
    assert track[["onset_s", "offset_s", "label"]].to_numpy().tolist() == [[10.0, 12.0, "b -> a"]]
    raven = tmp_path / "out/two.Table.1.selections.txt"
    (event,) = reading.read(raven).to_dict("records")
    assert (event["onset_s"], event["offset_s"], event["label"]) == (20.5, 21.0, "b -> a")
    header, row = (line.split("\t") for line in raven.read_text().splitlines())
    cells = dict(zip(header, row, strict=True))
    assert (cells["Given"], cells["Suggested"]) == ("b", "a")
    assert float(cells["Label quality"]) == table["quality"].tolist()[1]


def test_so_many_as_wanted(folds: dict, command: Callable[..., str], tmp_path: Path) -> None:
    """The first of the same list; nothing is written over."""
    command("label-errors", "fold-1", "fold-2", "--count", 1, "--out", tmp_path / "one")
    assert len(pd.read_csv(tmp_path / "one/events.csv")) == 1
    command("label-errors", "fold-1", "--format", "dcase", "--out", tmp_path / "all")
    (row,) = pd.read_csv(tmp_path / "all/events.csv").to_dict("records")
    assert 10.0 <= row["onset_s"] < row["offset_s"] <= 12.0 and row["windows"] >= 3
    assert (tmp_path / "all/events.tsv").exists()
    again = command("label-errors", "fold-1", "--out", tmp_path / "one", code=1)
    assert "is there, and is no empty folder" in again


def test_the_last_window_ends_with_its_recording(folds: dict) -> None:
    windows = label_errors.scored(["fold-1"])
    assert windows.table["end_s"].max() == 29.9
    assert windows.labelled == 120 and len(windows.table) == 60


def test_what_does_not_go_together_is_refused(
    folds: dict, command: Callable[..., str], tmp_path: Path
) -> None:
    """Folds of other classes, the same windows twice, no folds of that name."""
    out = ("--out", tmp_path / "out")
    folds["again"] = left(0)
    folds["other"] = left(1, Task("classes", (BACKGROUND, "a", "b", "c")))
    both = command("label-errors", "fold-1", "again", *out, code=1)
    assert "fold-1 and again both test window r0-000" in both
    assert "give the folds" in command("label-errors", "fold-1", "other", *out, code=1)
    assert "run python -m rarewave crossvalidate" in command(
        "label-errors", "--name", "mine", *out, code=1
    )
    assert "go apart" in command("label-errors", "fold-1", "--name", "fold", *out, code=1)
    assert "at least 1" in command("label-errors", "--count", 0, *out, code=1)
    assert not (tmp_path / "out").exists()
