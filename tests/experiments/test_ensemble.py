"""What several runs say together, by `python -m tools.ensemble`."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from stages.shared import artifacts
from tools import ensemble


def run(folder: Path, first: str, p_dog: list[float]) -> str:
    """A folder whose test part holds four clips, two of a dog, with these probabilities."""
    path = folder / artifacts.EVALUATED
    path.parent.mkdir(parents=True)
    clips = [f"{first}{number}" for number in range(len(p_dog))]
    table = pd.DataFrame({"window_id": clips, "recording_id": clips, "unit": clips})
    table["label"] = ["dog", "dog", "rain", "rain"]
    table["p_dog"], table["p_rain"] = p_dog, [1 - p for p in p_dog]
    table.to_parquet(path)
    return str(folder)


def test_members_that_err_apart_are_right_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of two members errs on another clip, surer where it is right; parts are apart."""
    runs = [
        run(tmp_path / "fold-1-seed-1", "a", [0.9, 0.4, 0.1, 0.1]),
        run(tmp_path / "fold-2-seed-1", "b", [0.9, 0.9, 0.9, 0.9]),
        run(tmp_path / "fold-1-seed-2", "a", [0.9, 0.9, 0.1, 0.6]),
    ]
    monkeypatch.setattr(sys, "argv", ["ensemble", *runs])
    ensemble.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "part 1: 1.000 together, 0.750 0.750 alone"
    assert lines[1] == "part 2: 0.500 together, 0.500 alone"
    assert lines[2].startswith("mean of 2 parts 0.750, all 0.750 [")
