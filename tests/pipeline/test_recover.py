"""The stage recover on a small ensemble of calls, and where there is nothing to recover."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import project

from rarewave.experiments import recipes
from stages.shared import artifacts

CHANGES = project.CALLS | {
    "train.epochs": 2, "train.network": "acoustic_cnn", "train.width": 0.0625, "train.members": 2,
    "evaluate.resamples": 20, "recover.count": 8, "recover.events": "cutouts",
    "recover.loud_db": 3.0, "recover.false_alarms_per_day": 2000.0,
}  # fmt: skip
BEFORE = ("ingest", "clean", "spectrogram", "npz", "split", "pretrain", "train", "baselines")
SYSTEMS = ["network", "forest", "linear", "first_member", "level", "sta_lta"]
OUTPUTS = ("artifacts/recover", "plots/recover")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of calls, scanned and recovered."""
    folder = tmp_path_factory.mktemp("recover") / "project"
    project.calls(folder, CHANGES, (*BEFORE, "scan"))
    assert "network fainter by" in project.good(project.stage(folder, "recover"))
    return folder


def again(folder: Path, **changes: object) -> str:
    """The stage with other parameters; what it says."""
    recipes.use("calls", CHANGES | changes, folder / "recipes", folder / "params.yaml")
    return project.good(project.stage(folder, "recover"))


def content(folder: Path) -> dict[str, bytes]:
    """Everything that the stage writes."""
    paths = [path for name in OUTPUTS for path in sorted((folder / name).rglob("*"))]
    paths += [folder / artifacts.metrics("recover")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_all_detectors_are_asked_for_the_same_events(done: Path) -> None:
    """Eight of each type, in quiet time of test recordings, cut out of none of these."""
    again(done)
    rows = pd.read_parquet(done / artifacts.RECOVER / "events.parquet")
    assert rows["kind"].value_counts().to_dict() == {"Rupe A": 8, "Rupe B": 8}
    assert [c.removeprefix("found_") for c in rows if c.startswith("found_")] == SYSTEMS
    listed = pd.read_parquet(done / artifacts.RECORDINGS).set_index("recording_id")
    windows = pd.read_parquet(done / artifacts.WINDOWS_TABLE)
    split = pd.read_parquet(done / artifacts.SPLIT_TABLE).merge(windows, on="window_id")
    part_of = split.groupby("recording_id")["part"].agg(set)
    events = pd.read_parquet(done / artifacts.EVENTS)
    for row in rows.itertuples():
        assert part_of[row.recording_id] <= {"test", "purged"}
        mine = events[events["recording_id"] == row.recording_id]
        near = (mine["onset_s"] < row.offset_s) & (mine["offset_s"] > row.onset_s)
        assert not near.any() and 0 <= row.onset_s < row.offset_s
        assert row.offset_s < listed.loc[row.recording_id, "n_samples"] / 8000
        part, event = row.source.split(": ")
        origin = events.loc[events["event_id"] == event, "recording_id"].iloc[0]
        assert part in part_of[origin] and part in ("train", "validation")
        assert "test" not in part_of[origin]


def test_metrics_table_and_curves_agree(done: Path) -> None:
    """Shares, points and leads of every detector; of quiet time at most the rate asked for."""
    again(done)
    found = json.loads((done / artifacts.metrics("recover")).read_text())
    rows = pd.read_parquet(done / artifacts.RECOVER / "events.parquet")
    table = pd.read_csv(done / artifacts.RECOVER / "table.csv")
    assert found["put_in"] == {"Rupe A": 8, "Rupe B": 8} and found["events"] == "cutouts"
    assert set(found["tuned"]) == {"sta_s", "lta_s"}
    for name in SYSTEMS:
        mine = table[table["detector"] == name].set_index("kind")
        assert mine.loc["all", "found"] == rows[f"found_{name}"].sum()
        assert found[name]["validation_alarms_per_day"] <= 2000
        assert set(found[name]["half_db"]) == {"all", "Rupe A", "Rupe B"}
        if name != "network":
            lead = found[f"lead_over_{name}"]["all"]["value"]
            half = found[name]["half_db"]["all"]["value"]
            assert lead == pytest.approx(half - found["network"]["half_db"]["all"]["value"])
    curves = pd.read_csv(done / "plots/recover/curves.csv")
    assert list(curves) == ["snr_db", *SYSTEMS] and curves[SYSTEMS].isin([0, 1]).any().all()
    steps = pd.read_csv(done / artifacts.RECOVER / "curves.csv")
    counts = steps.groupby(["kind", "detector"])["events"].sum()
    assert (counts["all"] == 16).all() and (counts["Rupe A"] == 8).all()
    assert (done / "plots/recover/curves.png").stat().st_size > 10_000


def test_the_same_bytes_again_and_others_from_another_seed(done: Path) -> None:
    again(done)
    first = content(done)
    again(done)
    assert content(done) == first
    again(done, **{"recover.seed": 2})
    assert (
        content(done)["artifacts/recover/events.parquet"]
        != first["artifacts/recover/events.parquet"]
    )


def test_simulated_calls_are_put_in_as_well(done: Path) -> None:
    """Of the range that was asked for: no cut-out limits it."""
    again(done, **{"recover.events": "simulated", "recover.snr_high_db": 40.0})
    rows = pd.read_parquet(done / artifacts.RECOVER / "events.parquet")
    assert set(rows["source"]) == {"simulated"} and rows["snr_db"].max() > 30
    assert rows["found_level"][rows["snr_db"] > 25].all()
    assert not rows["found_level"][rows["snr_db"] < -15].any()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"recover.events": "none"}, "recover.events is none or recover.count is 0"),
        ({"recover.count": 0}, "recover.events is none or recover.count is 0"),
        ({"recover.loud_db": 150.0}, "no labelled event of training or validation has times"),
        ({"recover.away_s": 80.0}, "the validation part has no quiet time"),
    ],
)
def test_where_there_is_nothing_to_recover_it_says_so(
    done: Path, changes: dict[str, object], says: str
) -> None:
    """And leaves valid files, none of an earlier run."""
    again(done)
    assert says in again(done, **changes)
    found = json.loads((done / artifacts.metrics("recover")).read_text())
    assert says in found["nothing"] and found["put_in"] == {} and found["warnings"] == []
    assert len(pd.read_parquet(done / artifacts.RECOVER / "events.parquet")) == 0
    assert (done / "plots/recover/curves.csv").read_text().startswith("snr_db,")
    assert len(content(done)) == 3


def test_scan_keeps_the_scores_of_the_first_member(done: Path) -> None:
    """Beside the mean of both, which is between them."""
    about = json.loads((done / artifacts.SCAN / "about.json").read_text())
    names = about["columns"]
    P = np.fromfile(done / artifacts.SCAN / "test/0.f32", np.float32).reshape(-1, len(names))
    mean, first = P[:, names.index("network/Rupe A")], P[:, names.index("first_member/Rupe A")]
    assert np.abs(mean - first).max() > 1e-3
    assert names[-1].startswith("first_member/") and not names[0].startswith("first_member/")


def test_scores_of_another_detector_are_refused(done: Path) -> None:
    """One message, and what was there stays."""
    again(done)
    before = content(done)
    path = done / artifacts.SCAN / "validation/0.f32"
    kept = path.read_bytes()
    path.write_bytes(kept[:-400])
    failed = project.stage(done, "recover")
    path.write_bytes(kept)
    assert failed.returncode == 1 and "run the stage scan" in failed.stderr
    assert "Traceback" not in failed.stderr and content(done) == before
