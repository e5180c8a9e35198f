"""The stage threshold where validation lacks a class, as with many rare ones it will."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.places import ROOT

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_json
from rarewave.base.tables import OTHERS, SCORES, WINDOWS, with_scores, write_table
from rarewave.base.tasks import Task
from rarewave.metrics import notices, thresholds
from rarewave.metrics.thresholds import Objective
from stages import threshold

CLASSES = ["background", "common", "odd", "rare"]


def project(folder: Path, labels: list[str]) -> None:
    """What the stage reads: a validation part of these labels, each scored 0.6 as what it is."""
    shutil.copyfile(ROOT / "recipes/lunar.yaml", folder / "params.yaml")
    n = len(labels)
    named = pd.DataFrame({"window_id": [f"w{i}" for i in range(n)], "row": np.arange(n)})
    windows = named.assign(
        label=labels, labels=[[k] for k in labels], group="g", status="used", duration_s=1.0
    )
    for column, kind in WINDOWS.items():
        if column not in windows:
            empty = {"str": "", "float64": 0.0, "int64": 0}.get(kind, pd.NaT)
            windows[column] = pd.Series([empty] * n, dtype=kind)
    write_table(folder / "artifacts/clean/windows.parquet", windows, WINDOWS)
    grid, clean = {"hop_samples": 10, "window_samples": 20}, {"sample_rate_hz": 10.0}
    about = {"task": {"kind": "classes", "names": CLASSES}, "grid": grid, "clean": clean}
    about["placement"] = "grid"
    write_json(folder / "artifacts/clean/frontend.json", about)
    scores = named.assign(part="validation")
    for name in CLASSES:
        scores[f"p_{name}"] = np.where(np.array(labels) == name, 0.6, 0.1)
    path = folder / "artifacts/train/scores.parquet"
    write_table(path, scores, with_scores(SCORES, CLASSES))
    path = folder / "artifacts/baselines/scores.parquet"
    write_table(path, scores[:0].assign(detector=""), with_scores(OTHERS | SCORES, CLASSES))


def test_a_class_called_as_the_warnings_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its scores stay in the metrics beside what is off; its threshold has its name."""
    monkeypatch.setattr(sys.modules[__name__], "CLASSES", ["background", "common", "warnings"])
    project(tmp_path, ["background"] * 10 + ["common"] * 5 + ["warnings"] * 2)
    monkeypatch.chdir(tmp_path)
    threshold.main()
    assert "warnings" in read_json(Path("artifacts/threshold/threshold.json"))["network"]
    metrics = read_json(Path("metrics/threshold.json"))
    assert isinstance(metrics["warnings"], list) and metrics["(warnings)"]["recall"] == 1


def test_a_class_that_validation_lacks_takes_the_median_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, ["background"] * 10 + ["common"] * 5 + ["odd"] * 2)
    monkeypatch.chdir(tmp_path)
    threshold.main()
    found = read_json(Path("artifacts/threshold/threshold.json"))["network"]
    assert set(found) == {"common", "odd", "rare"}
    assert found["rare"] == pytest.approx((found["common"] + found["odd"]) / 2)
    metrics = read_json(Path("metrics/threshold.json"))
    assert metrics["rare"]["borrowed"] is True
    assert "borrowed" not in metrics["odd"]
    # Windows of 2 s are of calls: their false alarms are told per hour.
    assert (
        metrics["odd"]["false_alarms_per_hour"] == 0
        and "false_alarms_per_day" not in metrics["odd"]
    )
    assert "validation has no window of rare" in capsys.readouterr().out


def test_a_tag_of_every_window_takes_the_median_of_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As rain in all clips: nothing tells what is without it, and the others are not lost."""
    task = Task("tags", ("bird", "frog", "rain"))
    truth = np.array([[1, 0, 1]] * 3 + [[0, 1, 1]] * 3 + [[0, 0, 1]] * 4, np.int8)
    table = pd.DataFrame(0.1 + 0.7 * truth, columns=[f"p_{name}" for name in task.names])
    rule = Objective("f1", 0.9, 0.9, 1.0, None)
    chosen, sweeps = thresholds.of_each(task, truth, table, rule, 1.0, "network")
    assert set(sweeps) == {"bird", "frog"} and chosen["rain"]["borrowed"] is True
    assert chosen["rain"]["threshold"] == pytest.approx(chosen["bird"]["threshold"])
    assert "network: validation has no window without rain" in capsys.readouterr().out
    with pytest.raises(DataError, match="class fog: a threshold needs both classes"):
        only = Task("tags", ("fog", "rain"))
        thresholds.of_each(
            only, np.ones((4, 2), np.int8), pd.DataFrame({"p_rain": [0.5] * 4, "p_fog": 0.5}),
            rule, 1.0, "network",
        )  # fmt: skip


def test_a_validation_part_without_any_event_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, ["background"] * 10)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="class common: a threshold needs both classes"):
        threshold.main()
    assert not Path("artifacts/threshold").exists()


def test_tags_of_few_windows_share_the_threshold_of_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """That of two windows is theirs alone: a tag would be found wherever it is a little likely."""
    rng = np.random.default_rng(0)
    names = ("common", *(f"rare {k}" for k in range(20)))
    truth = np.zeros((60, 21), np.int8)
    truth[:12, 0] = 1
    for k in range(1, 21):
        truth[rng.choice(60, 2, replace=False), k] = 1
    odds = -2.0 + 3.0 * truth + rng.normal(0, 1.2, truth.shape)
    table = pd.DataFrame(1 / (1 + np.exp(-odds)), columns=[f"p_{name}" for name in names])
    rule = Objective("f1", 0.9, 0.9, 1.0, None)
    task = Task("tags", names)
    chosen, sweeps = thresholds.of_each(task, truth, table, rule, 1.0, "network")
    wanted = thresholds.choose(
        thresholds.sweep(truth.ravel(), table.to_numpy().ravel(), None, 1.0), rule
    )
    shared = {chosen[name]["threshold"] for name in names[1:]}
    assert shared == {wanted["threshold"]} and chosen["rare 3"]["borrowed"] is True
    alone = thresholds.choose(sweeps["common"], rule)
    assert chosen["common"] == alone and "borrowed" not in chosen["common"]
    assert "fewer than 5 windows of rare 0, rare 1" in capsys.readouterr().out
    assert notices.at_the_edge(chosen, sweeps) == []
    # Of classes, which exclude one another, each keeps its own.
    classes, _ = thresholds.of_each(Task("classes", names), truth, table, rule, 1.0, "network")
    assert len({found["threshold"] for found in classes.values()}) > 10
