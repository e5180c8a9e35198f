"""A table of what sounds in each clip, without times: from ingest to evaluate and detect."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import project, tiny, worlds

from rarewave.experiments import recipes

pytestmark = pytest.mark.slow  # a pipeline of its own, which takes minutes

RATE, POINTS, CLIPS = 8000, 6, 8
HERTZ = {"frog, small": 700.0, "bird": 2500.0}
# By the number of a clip at its point: two with nothing, one not in the table.
HEARD: tuple[tuple[str, ...] | None, ...] = (
    ("bird",), ("frog, small",), ("bird", "frog, small"), (), ("bird",), ("frog, small",), (), None,
)  # fmt: skip

CHANGES: dict[str, object] = worlds.CHANGES["clips"] | {
    "ingest.data": "clips", "ingest.pattern": "audio/*/*.wav", "ingest.labels": "clips",
    "ingest.label_files": ["what_sounds.csv"], "ingest.label_separator": ";",
    "ingest.strong_files": ["when.tsv"],
    "ingest.group": "folder", "ingest.start_pattern": None, "ingest.name_pattern": None,
    "clean.target": "tags", "split.test_groups": ["audio/point5"],
    "split.validation_groups": ["audio/point4"], "train.epochs": 3, "train.width": 0.125,
    "pretrain.epochs": 0, "train.encoder_rate": 1.0, "train.imbalance": "none",
    "evaluate.resamples": 20, "gradcam.cases": 1, "recover.count": 6, "eda.examples": 1,
}  # fmt: skip


def make(folder: Path) -> None:
    """Clips of two seconds, in a folder for each point, and the table."""
    time, lines = np.arange(2 * RATE) / RATE, ["file,sounds"]
    for point in range(POINTS):
        for number, heard in enumerate(HEARD):
            wave = 0.003 * np.random.default_rng([point, number]).standard_normal(len(time))
            for name in heard or ():
                wave += 0.2 * np.sin(2 * np.pi * HERTZ[name] * time)
            name = f"point{point}_{number}.wav"
            tiny.write(folder / f"audio/point{point}" / name, wave, RATE)
            if heard is not None:
                lines.append(f'{name},"{";".join(heard)}"')
    (folder / "what_sounds.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    when = "filename\tonset\toffset\tevent_label\n"
    when += "point5_0.wav\t0.0\t1.99\tbird\npoint5_3.wav\t\t\t\n"
    (folder / "when.tsv").write_text(when, encoding="utf-8")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, every stage run."""
    folder = tmp_path_factory.mktemp("tags") / "project"
    project.copy(folder)
    make(folder / "clips")
    recipes.use("species", CHANGES, folder / "recipes", folder / "params.yaml")
    for name in project.STAGES:
        project.good(project.stage(folder, name))
    return folder


def test_what_nobody_listened_to_is_no_negative(done: Path) -> None:
    """Counted by ingest, and used by no stage; a clip with nothing in it is background."""
    said = json.loads((done / "metrics/ingest.json").read_text())
    assert said["unlabelled_recordings"] == POINTS
    assert said["events_per_type"] == {"bird": 3 * POINTS, "frog, small": 3 * POINTS}
    windows = pd.read_parquet(done / "artifacts/clean/windows.parquet")
    number = windows["recording_id"].str[-1].astype(int)
    assert set(windows["status"][number == 7]) == {"unlabelled"}
    used = windows[windows["status"] == "used"]
    for at, heard in enumerate(HEARD[:7]):
        lists = used["labels"][used["recording_id"].str.endswith(f"_{at}")]
        assert len(lists) and {tuple(k) for k in lists} == {tuple(sorted(heard or ["background"]))}


def test_windows_are_counted_for_each_of_their_tags(done: Path) -> None:
    """Not only for the first in the alphabet; the share with any stays one of windows."""
    said = json.loads((done / "metrics/clean.json").read_text())
    each = said["windows"]["used"] / 7
    assert said["labels"] == {"background": 2 * each, "bird": 3 * each, "frog, small": 3 * each}
    assert said["event_share"] == pytest.approx(5 / 7)
    table = pd.read_csv(done / "plots/clean/labels.csv").set_index("label")["windows"]
    assert table.to_dict() == said["labels"] | {"unlabelled": said["windows"]["unlabelled"]}


def test_events_are_scored_where_somebody_said_when(done: Path) -> None:
    """On the clip whose bird has times, and on two in which nothing sounds; not on the others."""
    said = json.loads((done / "metrics/ingest.json").read_text())
    assert said["strongly_labelled_recordings"] == 1 and said["found"]["recordings_with_times"] == 2
    found = json.loads((done / "metrics/detect.json").read_text())
    assert found["recordings"] == {"scored": 3, "without_times": 4}
    assert found["hours"] == pytest.approx(3 * 2 / 3600)
    assert not [w for w in found["warnings"] if w["key"] == "labels_without_times"]
    table = pd.read_csv(done / "artifacts/detect/table.csv").set_index(["detector", "label"])
    assert table.loc[("network", "bird"), "reference"] == 1
    assert table.loc[("network", "frog, small"), "reference"] == 0


def test_every_tag_is_scored_and_found(done: Path) -> None:
    """A threshold and scores each, through evaluate and detect, whatever signs are in a name."""
    thresholds = json.loads((done / "artifacts/threshold/threshold.json").read_text())
    assert set(thresholds["network"]) == set(HERTZ)
    found = json.loads((done / "metrics/evaluate.json").read_text())
    assert set(found["network"]["f1_per_class"]) == set(HERTZ)
    scores = pd.read_parquet(done / "artifacts/evaluate/scores.parquet")
    assert set(scores["recording_id"].str[:6]) == {"point5"} and len(scores) == 7 * 2
    assert set(pd.read_csv(done / "artifacts/detect/table.csv")["label"]) == set(HERTZ)


def test_the_nearest_training_windows_are_judged_tag_by_tag(done: Path) -> None:
    """Those of every test window with a tag; beside mel statistics, and with the mean."""
    table = pd.read_csv(done / "artifacts/detect/retrieval.csv").set_index(["search", "class"])
    searches, classes = ("embedding", "mel_statistics"), [*sorted(HERTZ), "all"]
    assert sorted(table.index) == sorted((s, c) for s in searches for c in classes)
    p = table[["p_at_1", "p_at_5", "p_at_10"]].to_numpy()
    assert ((p >= 0) & (p <= 1)).all() and (table["chance"].between(0.1, 0.9)).all()
    assert p[table.index.get_loc(("mel_statistics", "all"))].min() > 0.5  # tones of their own
    means = json.loads((done / "metrics/detect.json").read_text())["retrieval"]
    assert set(means) == set(searches)
    rows = {name: table.loc[(name, "all")] for name in searches}
    assert all(means[n]["p_at_10"] == pytest.approx(rows[n]["p_at_10"], abs=1e-5) for n in means)


def test_what_is_looked_at_are_windows_where_recordings_are_scored(
    done: Path, tmp_path: Path
) -> None:
    """Each with its own score and labels, not the first of a recording with the mean of all."""
    folder = tmp_path / "project"
    shutil.copytree(done, folder)
    changes = CHANGES | {"evaluate.per": "recording"}
    recipes.use("species", changes, folder / "recipes", folder / "params.yaml")
    for name in ("evaluate", "gradcam", "relevance"):
        project.good(project.stage(folder, name))
    names = [f"p_{name}" for name in sorted(HERTZ)]
    each = pd.read_parquet(done / "artifacts/evaluate/scores.parquet").set_index("window_id")
    looked = pd.read_parquet(folder / "artifacts/evaluate/examples.parquet").set_index("window_id")
    assert len(looked) == 14
    np.testing.assert_array_equal(looked[names], each.loc[looked.index, names])
    scored = pd.read_parquet(folder / "artifacts/evaluate/scores.parquet")
    means = each.groupby("recording_id")[names].mean()
    np.testing.assert_allclose(scored.set_index("recording_id").loc[means.index, names], means)
    cases = json.loads((folder / "artifacts/relevance/cases.json").read_text())
    assert cases and all(
        each.loc[case["window_id"], f"p_{case['class']}"] == pytest.approx(case["p"])
        for case in cases
    )


def test_a_tag_of_all_training_windows_has_no_faithfulness(done: Path, tmp_path: Path) -> None:
    """Nothing can be put in its place, which was a traceback; others are checked all the same."""
    folder = tmp_path / "project"
    shutil.copytree(done, folder)
    index = pd.read_parquet(folder / "artifacts/npz/index.parquet")
    split = pd.read_parquet(folder / "artifacts/split/split.parquet").set_index("row")["part"]
    mine = index["row"].map(split) == "train"
    index["labels"] = [
        sorted({*labels, "bird"} - {"background"}) if is_mine else list(labels)
        for labels, is_mine in zip(index["labels"], mine, strict=True)
    ]
    index.to_parquet(folder / "artifacts/npz/index.parquet")
    path = folder / "artifacts/threshold/threshold.json"
    path.write_text(json.dumps({"network": dict.fromkeys(HERTZ, 0.0)}))
    project.good(project.stage(folder, "relevance"))
    assert json.loads((folder / "metrics/relevance.json").read_text())["cases"]


def test_score_gives_the_windows_that_evaluate_scored(done: Path) -> None:
    """Of a network of windows, one by one, and their mean for each clip; decided as there."""
    clips = done / "clips/audio/point5"
    given = ("score", "artifacts/detect/detector", clips)
    project.good(project.command(done, *given, "--segments", "--out", "each.parquet"))
    project.good(project.command(done, *given, "--out", "whole.csv"))
    names = [f"p_{name}" for name in sorted(HERTZ)]
    each = pd.read_parquet(done / "each.parquet")
    each["clip"] = each["file"].map(lambda name: Path(name).stem)
    wanted = pd.read_parquet(done / "artifacts/evaluate/scores.parquet")
    windows = pd.read_parquet(done / "artifacts/clean/windows.parquet")
    wanted = wanted.merge(windows[["window_id", "start_s"]], on="window_id")
    keys = ["clip", "start_s"]
    wanted = wanted.rename(columns={"recording_id": "clip"}).set_index(keys)[names]
    found = each.set_index(keys)[names].loc[wanted.index]
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    whole = pd.read_csv(done / "whole.csv").set_index("file").fillna({"labels": ""})
    assert len(whole) == CLIPS
    means = each.groupby("file")[names].mean()
    np.testing.assert_allclose(whole.loc[means.index, names], means, rtol=1e-6)
    thresholds = json.loads((done / "artifacts/threshold/threshold.json").read_text())["network"]
    for row in whole.to_dict("records"):
        yes = [name for name in sorted(HERTZ) if row[f"p_{name}"] >= thresholds[name]]
        assert row["labels"] == ";".join(yes)


def test_a_clip_that_fills_a_window_with_silence_has_the_score_of_evaluate(
    done: Path, tmp_path: Path
) -> None:
    """Of a network of segments, trained on whole clips by attention; detect scores them too."""
    folder = tmp_path / "project"
    shutil.copytree(done, folder)
    longer = {
        "clean.window_samples": 20_000, "clean.hop_samples": 20_000, "clean.pad_short": True,
        "spectrogram.hop": 100, "train.network": "vgg_fcn", "train.pooling": "attention",
        "train.normalisation": "dataset", "train.epochs": 1,
    }  # fmt: skip
    recipes.use("species", CHANGES | longer, folder / "recipes", folder / "params.yaml")
    left_out = ("ingest", "eda", "gradcam", "relevance")
    for name in project.STAGES:
        if name not in left_out:
            project.good(project.stage(folder, name))
    given = ("artifacts/detect/detector", "clips/audio/point5", "--out", "scores.csv")
    project.good(project.command(folder, "score", *given))
    names = [f"p_{name}" for name in sorted(HERTZ)]
    found = pd.read_csv(folder / "scores.csv")
    found.index = found["file"].map(lambda name: Path(name).stem)
    wanted = pd.read_parquet(folder / "artifacts/evaluate/scores.parquet")
    wanted = wanted.set_index("recording_id")[names]
    assert len(wanted) == 7 and np.ptp(wanted[names[0]]) > 1e-4
    np.testing.assert_allclose(found.loc[wanted.index, names], wanted, rtol=2e-6)
    assert found["scored_s"].tolist() == [2.0] * CLIPS
