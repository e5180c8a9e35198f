"""The stages on sound: two types of calls, Raven tables, windows around calls, whole recordings."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import project

from rarewave.annotations.formats import raven
from rarewave.simulation import underwater_calls
from stages.shared import artifacts

CHANGES = project.CALLS | {
    "train.epochs": 3,
    "evaluate.resamples": 20,
    "gradcam.cases": 1,
    "recover.count": 6,
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with nine recordings, all stages run."""
    return project.calls(tmp_path_factory.mktemp("sound") / "project", CHANGES, project.STAGES)


def selections(folder: Path, part: str) -> pd.DataFrame:
    """The labels of some recordings, read with the package's own reader."""
    tables = sorted((folder / "samples/calls/labels").glob(f"ice_{part}*"))
    return pd.concat([raven.read(path) for path in tables])


def test_windows_are_sized_by_the_training_calls(done: Path) -> None:
    """As long as the longest and as broad as the broadest of them; test calls do not count."""
    made = json.loads((done / "artifacts/spectrogram/frontend.json").read_text())
    training = selections(done, "20240301_0[2-5]")
    longest = (training["offset_s"] - training["onset_s"]).max()
    assert made["grid"]["window_samples"] == int(np.ceil(longest * 4000))
    assert made["spectrogram"]["fmin_hz"] == training["low_hz"].min()
    assert made["spectrogram"]["fmax_hz"] == training["high_hz"].max()


def test_every_call_has_a_window_and_background_touches_none(done: Path) -> None:
    """A window holds the middle of its call; background lies clear of all labels."""
    windows = pd.read_parquet(done / "artifacts/clean/windows.parquet")
    used = windows[windows["status"] == "used"]
    for name, mine in used.groupby("recording_id"):
        labels = selections(done, str(name).removeprefix("ice_"))
        ends = mine["start_s"] + mine["duration_s"]
        for call in labels.to_dict("records"):
            middle = (call["onset_s"] + call["offset_s"]) / 2
            around = mine[(mine["start_s"] < middle) & (ends > middle)]
            assert any(call["label"] in names for names in around["labels"])
        for row in mine[mine["label"] == "background"].to_dict("records"):
            end = row["start_s"] + row["duration_s"]
            assert not ((labels["onset_s"] < end) & (labels["offset_s"] > row["start_s"])).any()


def test_nobody_looked_is_not_nothing_there(done: Path) -> None:
    """The recording without a table is unlabelled; the one with an empty table is background."""
    windows = pd.read_parquet(done / "artifacts/clean/windows.parquet")
    status = windows.groupby("recording_id")["status"].agg(set)
    assert status["ice_20240302_020000"] == {"unlabelled"}
    assert status["ice_20240301_050000"] == {"used"}
    empty = windows[windows["recording_id"] == "ice_20240301_050000"]
    assert set(empty["label"]) == {"background"}
    split = pd.read_parquet(done / "artifacts/split/split.parquet")
    assert not split["window_id"].str.startswith("ice_20240302_020000").any()


def test_the_data_set_says_where_each_row_comes_from(done: Path) -> None:
    """Classes, targets of overlapping calls, band, time and the annotator's row."""
    data = np.load(done / artifacts.DATASET, allow_pickle=False)
    assert data["classes"].tolist() == ["background", "Rupe A", "Rupe B"]
    assert data["targets"].shape == (len(data["y_all"]), 3)
    assert (data["targets"].sum(axis=1) >= 1).all()
    assert (data["targets"][:, 1:].sum(axis=1) == 2).any()
    rows = np.arange(len(data["y_all"]))
    assert (data["targets"][rows, data["y_all"]] == 1).all()
    event = data["y_all"] > 0
    assert np.isfinite(data["band_hz"][event]).all() and np.isnan(data["band_hz"][~event]).all()
    assert all("selections.txt:" in row for row in data["annotation"][event])


def test_scores_of_each_class_stand_beside_a_forest(done: Path) -> None:
    """evaluate and detect name classes and baselines, with support and intervals."""
    table = pd.read_csv(done / "artifacts/evaluate/table.csv").set_index(["detector", "metric"])
    assert {"network", "forest", "linear", "majority"} == set(table.index.get_level_values(0))
    scores = pd.read_parquet(done / "artifacts/evaluate/scores.parquet")
    support = table.loc[("network", "support.Rupe A"), "value"]
    assert support == scores["labels"].map(lambda names: "Rupe A" in names).sum() > 0
    p = scores[["p_background", "p_Rupe A", "p_Rupe B"]].to_numpy()
    assert p.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    thresholds = json.loads((done / "artifacts/threshold/threshold.json").read_text())
    assert set(thresholds["network"]) == {"Rupe A", "Rupe B"}


def test_the_headline_is_of_windows_as_detect_meets_them(done: Path) -> None:
    """Where training has windows around calls: thresholds and scores on the grid, others apart."""
    scores = pd.read_parquet(done / "artifacts/evaluate/scores.parquet")
    about = json.loads((done / "artifacts/clean/frontend.json").read_text())
    hop_s = about["grid"]["hop_samples"] / about["clean"]["sample_rate_hz"]
    first = scores["window_id"].str.rpartition("/")[2].astype(int)
    inner = first % about["grid"]["hop_samples"] == 0  # but for one flush with the end
    assert inner.mean() > 0.95 and (scores["row"] == -1).all() and hop_s > 0
    assert (scores["label"] == "background").mean() > 0.5  # not as often as a parameter says
    metrics = json.loads((done / "metrics/evaluate.json").read_text())
    answer = scores[["p_background", "p_Rupe A", "p_Rupe B"]].to_numpy().argmax(axis=1)
    said = np.array(["background", "Rupe A", "Rupe B"])[answer]
    right = [name in names for name, names in zip(said, scores["labels"], strict=True)]
    assert metrics["network"]["accuracy"] == pytest.approx(np.mean(right))
    examples = pd.read_parquet(done / "artifacts/evaluate/examples.parquet")
    centred = metrics["windows_centred_on_labels"]
    answer = examples[["p_background", "p_Rupe A", "p_Rupe B"]].to_numpy().argmax(axis=1)
    said = np.array(["background", "Rupe A", "Rupe B"])[answer]
    right = [name in names for name, names in zip(said, examples["labels"], strict=True)]
    assert centred["network"]["accuracy"] == pytest.approx(np.mean(right))
    assert {"forest", "linear", "majority"} <= set(centred)
    validation = pd.read_parquet(done / "artifacts/scan/windows.parquet")
    validation = validation[validation["part"] == "validation"]
    chosen = json.loads((done / "metrics/threshold.json").read_text())
    thresholds = json.loads((done / "artifacts/threshold/threshold.json").read_text())
    for detector, mine in validation.groupby("detector"):
        decided = mine["p_Rupe A"] >= thresholds[detector]["Rupe A"]
        truth = mine["labels"].map(lambda names: "Rupe A" in names)
        if detector == "network":
            hits = (decided & truth).sum()
            assert chosen["Rupe A"]["recall"] == pytest.approx(hits / truth.sum())


def test_the_stage_and_the_command_find_the_same_events(done: Path, tmp_path: Path) -> None:
    """Over the test recordings, by way of Raven tables; every second is accounted for."""
    coverage = pd.read_parquet(done / "artifacts/detect/coverage.parquet")
    assert coverage["scored_s"].sum() == pytest.approx(180.0)
    files = [f"samples/calls/{path}" for path in coverage["path"]]
    given = ["detect", "artifacts/detect/detector", *files, "--out", tmp_path]
    project.good(project.command(done, *given))
    tables = sorted(tmp_path.glob("*.selections.txt"))
    found = pd.concat([raven.read(path) for path in tables], ignore_index=True)
    wanted = pd.read_parquet(done / "artifacts/detect/events.parquet")
    order = ["label", "onset_s"]
    assert len(found) == len(wanted)
    a, b = (t.sort_values(order)["onset_s"].to_numpy() for t in (found, wanted))
    assert a == pytest.approx(b, abs=5.01e-4)  # the command rounds to milliseconds


def test_the_pictures_of_a_sound_are_there(done: Path) -> None:
    """Contact sheet, what augmentation does, timelines."""
    for name in ("eda/contact_sheet", "train/augmentation", "detect/timelines", "detect/classes"):
        assert (done / f"plots/{name}.png").read_bytes()[:4] == b"\x89PNG"
    classes = pd.read_csv(done / "plots/eda/classes.csv").set_index("label")
    calls = selections(done, "")
    assert classes["calls"].to_dict() == calls["label"].value_counts().to_dict()


def test_the_committed_sample_is_the_generated_one(tmp_path: Path) -> None:
    """samples/calls.dvc has the number and size of the files that simulate_calls makes."""
    underwater_calls.make_calls(tmp_path / "calls")
    files = [p for p in (tmp_path / "calls").rglob("*") if p.is_file()]
    text = (project.ROOT / "samples/calls.dvc").read_text()
    assert f"nfiles: {len(files)}" in text
    assert f"size: {sum(p.stat().st_size for p in files)}" in text
    project.good(project.run(tmp_path, "git", "init", "-q"))
    project.good(project.run(tmp_path, "dvc", "init", "-q"))
    project.good(project.run(tmp_path, "dvc", "add", "-q", "calls"))
    wanted = next(line for line in text.splitlines() if "md5:" in line)
    assert wanted in (tmp_path / "calls.dvc").read_text()
