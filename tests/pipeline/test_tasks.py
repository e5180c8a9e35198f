"""Every kind of task from recordings to events: what only one recipe had was a traceback."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from support import project, worlds

from rarewave.experiments import recipes
from rarewave.frontend.transform import FrontEnd
from rarewave.model.package import load
from rarewave.recordings import grey

FAST: dict[str, object] = {
    **project.CALLS,
    "train.epochs": 2,
    "train.width": 0.125,
    "evaluate.resamples": 20,
    "gradcam.cases": 2,
    "recover.count": 6,
    "eda.examples": 1,
    "clean.background_ratio": 1.0,
}


def run(folder: Path, kind: str, target: str) -> Path:
    """A project with nine recordings of calls, every stage run with this target."""
    project.copy(folder)
    worlds.make(kind, folder)
    recipes.use(
        "calls", FAST | {"clean.target": target}, folder / "recipes", folder / "params.yaml"
    )
    for name in project.STAGES:
        project.good(project.stage(folder, name))
    return folder


@pytest.fixture(scope="module")
def one_call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raven tables that know a single call type, and every label a class."""
    return run(tmp_path_factory.mktemp("one") / "project", "one call", "label")


@pytest.fixture(scope="module")
def tags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two call types, any of them at once or none."""
    return run(tmp_path_factory.mktemp("tags") / "project", "calls", "tags")


def read(path: Path) -> dict:
    """JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_one_call_type_is_an_event_of_that_name(one_call: Path) -> None:
    """One sigmoid, one threshold, one curve; scores and events carry the name of the call."""
    task = read(one_call / "artifacts/train/detector.json")["task"]
    assert task == {"kind": "event", "names": ["background", "Rupe A"]}
    thresholds = read(one_call / "artifacts/threshold/threshold.json")
    assert {name: set(at) for name, at in thresholds.items()} == {
        name: {"Rupe A"} for name in ("network", "level", "sta_lta", "forest", "linear")
    }
    scores = pd.read_parquet(one_call / "artifacts/evaluate/scores.parquet")
    total = scores["p_background"] + scores["p_Rupe A"]
    np.testing.assert_allclose(total, 1, atol=1e-6)
    found = read(one_call / "metrics/evaluate.json")
    assert found["gain_over_best"]["baseline"] in ("level", "sta_lta", "forest", "linear")
    cases = pd.read_csv(one_call / "artifacts/gradcam/cases.csv")
    assert set(cases["class"]) == {"Rupe A"}
    table = pd.read_csv(one_call / "artifacts/detect/table.csv")
    assert set(table["label"]) == {"Rupe A"}
    assert {"network", "forest", "linear"} <= set(table["detector"])


def test_the_network_was_looked_into(one_call: Path, tags: Path) -> None:
    """Every convolution has its sheets and counts; of each class a window was shown."""
    for folder in (one_call, tags):
        found = read(folder / "metrics/look.json")
        assert set(found["layers"]) == {f"conv{n}" for n in (1, 2, 3, 4)}
        assert found["windows"] > 10
        plots = folder / "plots/look"
        assert {p.name for p in plots.iterdir()} == {*found["pictures"], "channels.csv"}
        assert len(found["pictures"]) == 12
        table = pd.read_csv(plots / "channels.csv")
        assert (table["dead"] == "yes").sum() == found["dead"]
        assert table["redundant_with"].notna().sum() == found["redundant"]


def test_pictures_are_measured_and_parts_compared(one_call: Path) -> None:
    """Of calls in eda, of every window in npz, of parts beside training in split; and packed."""
    calls = pd.read_csv(one_call / "plots/eda/calls.csv")
    assert calls["entropy"].between(0, 1).all() and calls["dominant_hz"].notna().all()
    index = pd.read_parquet(one_call / "artifacts/npz/index.parquet")
    table = pd.read_parquet(one_call / "artifacts/npz/statistics.parquet")
    assert table["window_id"].tolist() == index["window_id"].tolist()
    X = np.load(one_call / "artifacts/spectrogram/X_spec.npy", mmap_mode="r")
    about = read(one_call / "artifacts/spectrogram/frontend.json")
    rows = FrontEnd.from_dict(about).in_band
    np.testing.assert_allclose(table["mean_db"], X[:, rows][..., 0].mean(axis=(1, 2)), atol=1e-3)
    found = read(one_call / "metrics/split.json")["drift"]
    assert (
        set(found) == {"validation", "test"} and "one median a recording" in found["test"]["says"]
    )
    parts = pd.read_csv(one_call / "plots/split/statistics.csv")
    assert parts.groupby("part").size().to_dict() == {"validation": 14, "test": 14}
    known = load(str(one_call / "artifacts/detect/detector")).statistics
    assert known is not None and known.reach.low.shape == (X.shape[1], 1)
    split = pd.read_parquet(one_call / "artifacts/split/split.parquet")
    heard = index["recording_id"][split["part"] == "train"].nunique()
    assert len(np.unique(known.recording)) == heard


def test_the_data_set_becomes_pictures_by_label(tags: Path) -> None:
    """A folder for each label, all labels beside; the pixels are the data set's dB."""
    project.good(project.command(tags, "export-images", "--out", "images"))
    about = read(tags / "images/images.json")
    index = pd.read_parquet(tags / "artifacts/npz/index.parquet")
    X = np.load(tags / "artifacts/spectrogram/X_spec.npy", mmap_mode="r")
    assert len(about["images"]) == len(index) == len(list((tags / "images").rglob("*.png")))
    for one, row, x in zip(about["images"], index.to_dict("records"), X, strict=True):
        assert one["file"].split("/")[0] == row["label"].replace(" ", "_")
        assert one["labels"] == list(row["labels"]) and one["start_s"] == row["start_s"]
        tones = grey.Grey(16, about["value_of_black"], about["value_of_a_step"])
        level = tones.values(grey.read(tags / "images" / one["file"]))
        assert np.abs(level - x[:, :, 0]).max() <= about["largest_error"] + 1e-9


def test_the_package_of_one_call_type_finds_it_by_name(one_call: Path, tmp_path: Path) -> None:
    """The commands detect and explain, over a recording of the test part."""
    wave = next((one_call / "samples/calls/recordings").glob("*0301_08*.wav"))
    package, out = one_call / "artifacts/detect/detector", tmp_path / "out"
    ingest = YAML(typ="safe").load((one_call / "params.yaml").read_text())["ingest"]
    wanted = {name: ingest[name] for name in ("channel", "start_pattern", "time_zone")}
    assert read(package / "events.json")["source"] == wanted and wanted["start_pattern"]
    project.good(project.command(one_call, "detect", package, wave, "--out", out))
    trained, rates = read(package / "events.json")["trained"], {8000.0}
    X = np.load(one_call / "artifacts/spectrogram/X_spec.npy")[..., 0]
    rows = pd.read_parquet(one_call / "artifacts/train/rows.parquet")["row"]
    levels = np.quantile(X[rows].mean(axis=(1, 2)), [0.01, 0.5, 0.99])
    np.testing.assert_allclose(trained["level_db"], levels, atol=15)  # in the band alone
    assert set(trained["rates_hz"]) == rates
    (table,) = out.glob("*.selections.txt")
    events = pd.read_csv(table, sep="\t")
    assert set(events["Annotation"]) <= {"Rupe A"}
    project.good(project.command(one_call, "explain", package, wave, "--out", tmp_path / "why"))
    (window,) = read(tmp_path / "why/explanation.json")["windows"]
    assert window["class"] == "Rupe A" and 0 <= window["probability"] <= 1


def test_tags_have_a_sigmoid_each(tags: Path) -> None:
    """Targets of several at once or none, scores that need not sum to 1."""
    task = read(tags / "artifacts/train/detector.json")["task"]
    assert task == {"kind": "tags", "names": ["Rupe A", "Rupe B"]}
    data = np.load(tags / "artifacts/npz/dataset.npz", allow_pickle=False)
    index = pd.read_parquet(tags / "artifacts/npz/index.parquet")
    wanted = [[name in names for name in task["names"]] for names in index["labels"]]
    np.testing.assert_array_equal(data["targets"], wanted)
    assert (data["targets"].sum(axis=1) == 0).any()
    np.testing.assert_array_equal(data["y_all"] == -1, data["targets"].sum(axis=1) == 0)
    scores = pd.read_parquet(tags / "artifacts/evaluate/scores.parquet")
    assert scores[["p_Rupe A", "p_Rupe B"]].to_numpy().sum(axis=1).std() > 0
    assert "p_background" not in scores


def test_tags_have_thresholds_scores_and_events_each(tags: Path) -> None:
    """Beside a forest and a linear model, and saying nothing."""
    thresholds = read(tags / "artifacts/threshold/threshold.json")
    assert {name: set(at) for name, at in thresholds.items()} == {
        name: {"Rupe A", "Rupe B"} for name in ("network", "forest", "linear")
    }
    found = read(tags / "metrics/evaluate.json")
    assert set(found["network"]["f1_per_class"]) == {"Rupe A", "Rupe B"}
    assert {"forest", "linear", "majority", "gain_over_best"} <= set(found)
    table = pd.read_csv(tags / "artifacts/evaluate/table.csv")
    metrics = table.set_index(["detector", "metric"])["value"]
    scores = pd.read_parquet(tags / "artifacts/evaluate/scores.parquet")
    truth = np.array(["Rupe A" in names for names in scores["labels"]])
    decided = scores["p_Rupe A"].to_numpy() >= thresholds["network"]["Rupe A"]
    recall = (truth & decided).sum() / truth.sum()
    assert metrics["network", "recall.Rupe A"] == pytest.approx(recall, abs=1e-5)
    events = pd.read_csv(tags / "artifacts/detect/table.csv")
    assert set(events["label"]) == {"Rupe A", "Rupe B"}
