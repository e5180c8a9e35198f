"""Labels under the names of classes: renamed, merged, dropped, and the rest."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support import project, tiny

from rarewave.annotations import classes
from rarewave.base.errors import DataError
from rarewave.base.tables import EVENTS, conform
from rarewave.experiments import recipes

LABELS = ["song a", "song b", "song a", "call 1", "call 2", "noise", "wind", "?"]


def events(labels: list[str], certain: bool = True) -> pd.DataFrame:
    """An event a second."""
    rows = [
        {"event_id": f"e{k}", "recording_id": "r", "onset_s": k, "offset_s": k + 0.5}
        | {"low_hz": np.nan, "high_hz": np.nan, "label": label, "certain": certain, "weak": False}
        for k, label in enumerate(labels)
    ]
    return conform(pd.DataFrame(rows), EVENTS, "events")


def test_exact_names_count_before_patterns_and_the_first_of_these() -> None:
    """Renamed, merged, dropped, taken for background, and the others; doubted ones stay."""
    given = {"song ?": "song", "*": "other"}
    given |= {"song b": "b", "noise": None, "wind": "background"}
    found, counts = classes.applied(events(LABELS), given, {"?"})
    assert found["label"].tolist() == ["song", "b", "song", "other", "other", "noise", "?"]
    assert found["certain"].tolist() == [True] * 5 + [False, True]
    assert counts.to_numpy().tolist() == [
        ["call 1", 1, "other", 2],
        ["call 2", 1, "other", 2],
        ["noise", 1, "(uncertain)", 0],
        ["song a", 2, "song", 2],
        ["song b", 1, "b", 1],
        ["wind", 1, "background", 0],
    ]


def test_labels_that_no_class_names_stay() -> None:
    """And what annotators were unsure of stays uncertain under its new name."""
    found, _ = classes.applied(events(["a", "b"], certain=False), {"a": "x"}, ())
    assert found["label"].tolist() == ["x", "b"] and not found["certain"].any()


def test_two_tags_of_one_class_are_one_event() -> None:
    """At the same times; at others they stay two."""
    table = events(["song a", "song b", "song b"]).assign(onset_s=[0, 0, 1], offset_s=[5, 5, 5])
    found, counts = classes.applied(table, {"song*": "song"}, ())
    assert found["onset_s"].tolist() == [0, 1] and set(found["label"]) == {"song"}
    assert counts["events_of_class"].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("given", "doubted", "says"),
    [
        (
            {"sogn a": "song"},
            (),
            "no label is called 'sogn a', .* there are .*, call 1, call 2, noise",
        ),
        ({"song*": "song", "frog*": "f"}, (), r"called 'frog\*', which ingest\.classes names"),
        ({"?": "x"}, ("?",), r"'\?', and so does ingest\.uncertain_labels"),
    ],
)
def test_a_name_that_fits_no_label_is_refused(
    given: dict[str, str], doubted: tuple[str, ...], says: str
) -> None:
    """The labels that exist are named; a doubted label is no class."""
    with pytest.raises(DataError, match=says):
        classes.applied(events(LABELS), given, doubted)


@pytest.mark.parametrize("name", ["", "a\tb", "x" * 300])
def test_a_class_needs_a_name_that_a_label_may_have(name: str) -> None:
    """Refused with the parameters."""
    with pytest.raises(DataError, match="classes gives 'a' a class that cannot be"):
        classes.check({"a": name})


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four recordings with Audacity tracks."""
    folder = tmp_path_factory.mktemp("classes") / "project"
    project.copy(folder)
    tracks = ("1\t2\tsong a\n3\t4\tnoise\n", "1\t2\tsong b\n", "1\t2\tcall\n2\t3\tEND\n", "")
    for number, track in enumerate(tracks):
        tiny.write(folder / f"data/r{number}.wav", tiny.song(5.0, seed=number))
        (folder / f"data/r{number}.txt").write_text(track)
    return folder


def ingest(folder: Path, **options: Any) -> tuple[int, str]:
    """Run the stage."""
    changes = {
        "data": "data", "pattern": "*.wav", "labels": "files", "label_files": ["{stem}.txt"],
        "start_pattern": None, "group": "recording",
    } | options  # fmt: skip
    written = {f"ingest.{key}": value for key, value in changes.items()}
    written |= {"clean.sample_rate_hz": 1000, "clean.low_hz": None, "clean.high_hz": None}
    recipes.use("calls", written, folder / "recipes", folder / "params.yaml")
    done = project.stage(folder, "ingest")
    return done.returncode, done.stdout + done.stderr


def test_the_stage_counts_before_and_after(code: Path) -> None:
    """On the terminal and in a table; dropped time is uncertain; the end of annotation stays."""
    given = {"song *": "song", "noise": None, "*": "other"}
    status, said = ingest(code, classes=given, until_label="END")
    assert status == 0, said
    assert "label  events       class  events_of_class" in said
    assert json.loads((code / "metrics/ingest.json").read_text())["events_per_type"] == {
        "other": 1, "song": 2,
    }  # fmt: skip
    table = pd.read_csv(code / "artifacts/ingest/classes.csv").set_index("label")
    assert table["class"].to_dict() == {
        "call": "other", "noise": "(uncertain)", "song a": "song", "song b": "song",
    }  # fmt: skip
    found = pd.read_parquet(code / "artifacts/ingest/events.parquet")
    doubt = found[~found["certain"]]
    rows = doubt[["recording_id", "onset_s", "offset_s"]].to_numpy().tolist()
    assert rows == [["r0", 3, 4], ["r2", 2, 5]]


def test_without_classes_labels_are_as_they_were_written(code: Path) -> None:
    """And no table of an earlier run lies there."""
    status, said = ingest(code)
    assert status == 0 and "ingest.classes" not in said
    assert not (code / "artifacts/ingest/classes.csv").exists()


def test_a_misspelt_label_stops_the_stage(code: Path) -> None:
    """With the labels that there are."""
    status, said = ingest(code, classes={"sing a": "song"})
    assert status == 1 and "no label is called 'sing a'" in said and "song a, song b" in said
