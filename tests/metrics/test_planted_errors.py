"""Errors are planted where the table says, and a review is judged by them."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from rarewave.annotations.formats import audacity
from tools import planted_errors


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    """`python -m tools.planted_errors`."""
    monkeypatch.setattr(sys, "argv", ["planted_errors", *map(str, arguments)])
    planted_errors.main()


def test_tags_are_taken_away_and_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The copy differs by them and nothing else; a review of all of them finds all."""
    data, copy = tmp_path / "data", tmp_path / "copy"
    data.mkdir()
    rows = [{"filename": f"{n}.flac", "sounds": ["", "a", "a;b", "c"][n % 4]} for n in range(40)]
    before = pd.DataFrame(rows)
    before.to_csv(data / "scenes.csv", index=False)
    run(monkeypatch, "plant", data, copy, "scenes.csv", "--share", 0.25)
    assert capsys.readouterr().out == "10 errors planted\n"
    assert pd.read_csv(data / "scenes.csv", keep_default_na=False).equals(before)
    after = pd.read_csv(copy / "scenes.csv", keep_default_na=False)
    planted = pd.read_csv(copy / "planted.csv")
    changed = before["sounds"] != after["sounds"]
    assert set(planted["file"].astype(str)) == {str(n) for n in before.index[changed]}
    for row in planted.to_dict("records"):
        was, now = (set(t["sounds"][row["file"]].split(";")) - {""} for t in (before, after))
        tag = row["true"] if row["given"] == "background" else row["given"]
        assert was ^ now == {tag} and (tag in now) == (row["given"] == tag)
    review = planted.rename(columns={"true": "suggested"}).assign(onset_s=0.0, offset_s=10.0)
    wrong = review.head(1).assign(file="none")
    pd.concat([wrong, review]).to_csv(tmp_path / "events.csv", index=False)
    run(monkeypatch, "judge", copy, tmp_path / "events.csv")
    said = capsys.readouterr().out
    assert "first 10: precision 0.90, recall 9/10 = 0.90" in said
    assert "first 11: precision 0.91, recall 10/10 = 1.00" in said


def test_intervals_get_another_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    (data / "labels").mkdir(parents=True)
    track = "".join(f"{n}.0\t{n}.5\t{'ab'[n % 2]}\n" for n in range(1, 21))
    (data / "labels/x.txt").write_text(track)
    run(monkeypatch, "plant", data, copy, "labels/*.txt", "--share", 0.1)
    after = audacity.read(copy / "labels/x.txt")
    (one, two) = pd.read_csv(copy / "planted.csv").to_dict("records")
    for row in (one, two):
        (event,) = after[after["onset_s"] == row["onset_s"]].to_dict("records")
        assert {row["given"], row["true"]} == {"a", "b"} and event["label"] == row["given"]
    assert (data / "labels/x.txt").read_text() == track
    capsys.readouterr()
    found = {"file": "x.flac", "onset_s": one["onset_s"] - 0.1, "offset_s": one["offset_s"]}
    review = pd.DataFrame([found | {"given": one["given"], "suggested": one["true"]}])
    review.to_csv(tmp_path / "events.csv", index=False)
    run(monkeypatch, "judge", copy, tmp_path / "events.csv")
    assert "swapped: 1 of 2 found" in capsys.readouterr().out
