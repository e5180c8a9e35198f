"""Times of the last run are those of its stages."""

import json
import time
from pathlib import Path

import pytest

from rarewave.base import timing


def ledger(path: Path, lines: list[dict]) -> Path:
    """A ledger of those lines."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def line(stage: str, run: int, began: float, tracking_s: float = 0.5) -> dict:
    """A stage that imports for 2 s and works for 5 s, MLflow included."""
    return {
        "stage": stage, "run": [run, 100.0], "began": began, "work_began": began + 2,
        "ended": began + 7, "tracking_s": tracking_s,
    }  # fmt: skip


def test_only_the_last_run_counts_and_nothing_is_lost(tmp_path: Path) -> None:
    """Work, imports, MLflow and what DVC took before each stage sum to the time of the run."""
    path = ledger(
        tmp_path / "t", [line("old", 1, 50.0), line("clean", 2, 103.0), line("train", 2, 111.0)]
    )
    rows = timing.last_run(path)
    assert [row["stage"] for row in rows] == ["clean", "train"]
    for row, dvc in zip(rows, (3.0, 1.0), strict=True):
        assert row["work"] == pytest.approx(4.5)
        assert row["imports"] == pytest.approx(2.0)
        assert row["MLflow"] == pytest.approx(0.5)
        assert row["DVC"] == pytest.approx(dvc)
    total = sum(value for row in rows for key, value in row.items() if key != "stage")
    assert total == pytest.approx(118.0 - 100.0)


def test_a_stage_leaves_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written in the project folder and read back; time with MLflow is taken off the work."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(timing, "_tracking_s", 0.0)
    began = time.time()
    with timing.tracking():
        time.sleep(0.05)
    with pytest.raises(RuntimeError), timing.tracking():
        time.sleep(0.05)
        raise RuntimeError
    timing.write("clean", began - 3.0, began)
    (row,) = timing.last_run(tmp_path / timing.LEDGER)
    assert row["stage"] == "clean"
    assert row["imports"] == pytest.approx(3.0, abs=0.01)
    assert 0.1 <= row["MLflow"] < 5
    assert 0 <= row["work"] < 5


def test_no_run_has_no_times(tmp_path: Path) -> None:
    """No ledger yet."""
    assert timing.last_run(tmp_path / "gone") == []


def test_an_empty_ledger_has_no_times(tmp_path: Path) -> None:
    """As after `truncate`, or a first stage that was killed."""
    assert timing.last_run(ledger(tmp_path / "t", [])) == []
