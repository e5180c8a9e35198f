"""Labels of sound files in each of their forms, and the stage that reads them."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from support import project, tiny
from support.properties import examples

from rarewave.annotations import by_file, strong
from rarewave.annotations.formats import audacity, dcase
from rarewave.annotations.sources import Sources
from rarewave.base.errors import DataError
from rarewave.base.tables import EVENTS, RECORDINGS, conform
from rarewave.experiments import recipes

RAVEN = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)"
MULTI = (
    f"{RAVEN}\tBegin File\tFile Offset (s)\tAnnotation\n"
    "1\tSpectrogram 1\t1\t2\t3\t100\t200\ta.wav\t2\tcall\n"
    "2\tSpectrogram 1\t1\t11.5\t12.5\t100\t200\tb.wav\t1.5\tsong\n"
)

FILES = Sources(
    data="data",
    pattern="**/*.wav",
    labels="files",
    label_files=("labels/{stem}.txt",),
    label_column=None,
    label_columns={},
    label_separator=None,
    strong_files=(),
    name_pattern=None,
    start_pattern=None,
    channel=None,
    channels=None,
    leave_out_unusable=False,
    group="recording",
    folds=0,
    fold_seed=1,
    time_zone="UTC",
    block_s=3600.0,
    group_pattern=None,
    catalogue_span=None,
    classes={},
    uncertain_labels=(),
    until_label=None,
)
TABLES = replace(FILES, labels="tables", label_files=("all.tsv",))
CLIPS = replace(FILES, labels="clips", label_files=("meta.csv",), group="given")
FOLDERS = replace(FILES, labels="folders", label_files=())
NAMES = replace(
    FILES, labels="names", label_files=(), name_pattern=r"(?P<label>\d)_(?P<group>\w+)_\d+",
    group="given",
)  # fmt: skip


def recorded(*paths: str, seconds: float = 10.0) -> pd.DataFrame:
    """Rows of table RECORDINGS as the stage has them before labels are read."""
    rows = [
        {
            "recording_id": path.removesuffix(".wav"),
            "path": path,
            "channel": "1",
            "start": pd.NaT,
            "sample_rate": 100.0,
            "n_samples": round(seconds * 100),
            "group": f"group of {path}",
            "content": path,
        }
        for path in paths
    ]
    return pd.DataFrame(rows)


def text(folder: Path, name: str, content: str) -> Path:
    """A text file below the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def read(
    sources: Sources, folder: Path, table: pd.DataFrame
) -> tuple[list[tuple[Any, ...]], dict[str, bool], dict[str, Any]]:
    """Events as tuples, which recordings are labelled, and the report; all of the right types."""
    events, recordings, report = by_file.read(sources, folder, table)
    pd.testing.assert_frame_equal(events, conform(events, EVENTS, "events"))
    conform(recordings.assign(start=pd.to_datetime(recordings["start"], utc=True)), RECORDINGS, "r")
    assert not events["event_id"].duplicated().any() and events["certain"].all()
    assert set(events["recording_id"]) <= set(recordings["recording_id"][recordings["labelled"]])
    columns = ["recording_id", "onset_s", "offset_s", "low_hz", "high_hz", "label"]
    rows = [
        tuple(None if v != v else v for v in row)
        for row in events[columns].itertuples(index=False, name=None)
    ]
    labelled = dict(zip(recordings["recording_id"], recordings["labelled"], strict=True))
    assert report["unlabelled_recordings"] == [f"{k}.wav" for k, v in labelled.items() if not v]
    return rows, labelled, report


def test_an_empty_label_file_is_a_true_negative_and_none_is_unlabelled(tmp_path: Path) -> None:
    """Of four recordings: calls, an empty file, a table with a header only, no file."""
    text(tmp_path, "labels/a.txt", "1\t2\tcall\n\\\t100\t200\n3\t4\tsong\n")
    text(tmp_path, "labels/b.txt", "")
    text(tmp_path, "labels/c.txt", RAVEN + "\tAnnotation\n")
    rows, labelled, report = read(FILES, tmp_path, recorded("a.wav", "b.wav", "c.wav", "d.wav"))
    assert rows == [("a", 1, 2, 100, 200, "call"), ("a", 3, 4, None, None, "song")]
    assert labelled == {"a": True, "b": True, "c": True, "d": False}
    assert report["recording_absent"] == report["cut_at_the_end"] == []


def test_the_first_pattern_with_a_file_counts(tmp_path: Path) -> None:
    """Patterns are tried in order, for each recording."""
    sources = replace(FILES, label_files=("new/{stem}.txt", "old/{stem}.txt"))
    text(tmp_path, "new/a.txt", "1\t2\tnew\n")
    for name in "ab":
        text(tmp_path, f"old/{name}.txt", "1\t2\told\n")
    rows, _, _ = read(sources, tmp_path, recorded("a.wav", "b.wav"))
    assert [(row[0], row[-1]) for row in rows] == [("a", "new"), ("b", "old")]


def test_equal_stems_in_folders_have_labels_of_their_own(tmp_path: Path) -> None:
    """Label files beside the recordings, by {folder}."""
    sources = replace(FILES, label_files=("{folder}/{stem}.txt",))
    text(tmp_path, "x/a.txt", "1\t2\tone\n")
    text(tmp_path, "y/a.txt", "5\t6\ttwo\n")
    rows, _, _ = read(sources, tmp_path, recorded("x/a.wav", "y/a.wav", "z/a.wav"))
    assert [(row[0], row[1], row[-1]) for row in rows] == [("x/a", 1, "one"), ("y/a", 5, "two")]


def test_a_label_file_of_two_recordings_is_refused(tmp_path: Path) -> None:
    """x/a.wav and y/a.wav cannot both be what labels/a.txt is about."""
    text(tmp_path, "labels/a.txt", "1\t2\tone\n")
    with pytest.raises(DataError, match=r"labels/a\.txt"):
        by_file.read(FILES, tmp_path, recorded("x/a.wav", "y/a.wav"))


@pytest.mark.parametrize(
    "pattern",
    [
        "labels/{name}.txt",
        "labels/{}.txt",
        "labels/{stem",
        pytest.param(
            "labels/{stem.name}.txt",
        ),
    ],
)
def test_a_wrong_pattern_is_named(tmp_path: Path, pattern: str) -> None:
    """Only {stem} and {folder} are known."""
    with pytest.raises(DataError, match=r"ingest\.label_files has .*only \{stem\} and \{folder\}"):
        by_file.read(replace(FILES, label_files=(pattern,)), tmp_path, recorded("a.wav"))


def test_a_label_file_of_another_recording_is_refused(tmp_path: Path) -> None:
    """It names b.wav and lies beside a.wav."""
    row = "1\tSpectrogram 1\t1\t1\t2\t0\t100\tb.wav\tcall\n"
    text(tmp_path, "labels/a.txt", f"{RAVEN}\tBegin File\tAnnotation\n{row}")
    with pytest.raises(DataError, match=r"a\.txt, row 2: it names b\.wav, .* that of a\.wav"):
        by_file.read(FILES, tmp_path, recorded("a.wav"))


@pytest.mark.parametrize("onset", ["10", "11.5"])
def test_an_event_outside_the_recording_is_refused(tmp_path: Path, onset: str) -> None:
    """At its end or behind: file, row, times and recording are named."""
    text(tmp_path, "labels/a.txt", f"1\t2\tcall\n\n{onset}\t12\tcall\n")
    wanted = rf"labels/a\.txt, row 3: the event at {onset} s lies outside a\.wav, .* 10 s"
    with pytest.raises(DataError, match=wanted):
        by_file.read(FILES, tmp_path, recorded("a.wav"))


def test_an_event_that_runs_over_the_end_is_cut_and_told(tmp_path: Path) -> None:
    """To the length of the recording; one that ends with it is left alone."""
    text(tmp_path, "labels/a.txt", "9\t10\tcall\n9.5\t10.2\tcall\n")
    rows, _, report = read(FILES, tmp_path, recorded("a.wav"))
    assert [row[1:3] for row in rows] == [(9, 10), (9.5, 10)]
    assert report["cut_at_the_end"] == ["a.txt row 2"]


def test_a_raven_table_over_several_recordings(tmp_path: Path) -> None:
    """Times by File Offset; a recording that it does not name is unlabelled."""
    text(tmp_path, "all.tsv", MULTI)
    rows, labelled, _ = read(TABLES, tmp_path, recorded("a.wav", "b.wav", "c.wav"))
    assert rows == [("a", 2, 3, 100, 200, "call"), ("b", 1.5, 2.5, 100, 200, "song")]
    assert labelled == {"a": True, "b": True, "c": False}


def test_a_dcase_table_with_a_recording_without_events(tmp_path: Path) -> None:
    """A row with a name alone is a true negative; recordings that are not there are told."""
    text(
        tmp_path,
        "all.tsv",
        "filename\tonset\toffset\tevent_label\nx/a.wav\t1\t2\tcall\nb.wav\t\t\t\n"
        "gone.wav\t1\t2\tcall\nlost.wav\t\t\t\n",
    )
    rows, labelled, report = read(TABLES, tmp_path, recorded("x/a.wav", "y/b.wav", "c.wav"))
    assert rows == [("x/a", 1, 2, None, None, "call")]
    assert labelled == {"x/a": True, "y/b": True, "c": False}
    assert report["recording_absent"] == ["gone.wav of all.tsv", "lost.wav of all.tsv"]


def test_tables_add_up(tmp_path: Path) -> None:
    """A csv by column names and a Raven table over the same recordings."""
    sources = replace(TABLES, label_files=("one.csv", "two.txt"))
    text(tmp_path, "one.csv", "file,start,end,fmin,species\na.wav,1,2,50,call\n")
    text(tmp_path, "two.txt", MULTI)
    rows, _, _ = read(sources, tmp_path, recorded("a.wav", "b.wav"))
    assert sorted(rows, key=lambda row: row[:2]) == [
        ("a", 1, 2, 50, None, "call"),
        ("a", 2, 3, 100, 200, "call"),
        ("b", 1.5, 2.5, 100, 200, "song"),
    ]


def test_paths_tell_files_of_equal_names_apart(tmp_path: Path) -> None:
    """By the path below the folder; a bare name that two have is nobody's."""
    head = "filename\tonset\toffset\tevent_label\n"
    text(tmp_path, "all.tsv", f"{head}x/a.wav\t1\t2\tone\ny/a.wav\t3\t4\ttwo\n")
    table = recorded("x/a.wav", "y/a.wav")
    rows, _, _ = read(TABLES, tmp_path, table)
    assert [(row[0], row[-1]) for row in rows] == [("x/a", "one"), ("y/a", "two")]
    text(tmp_path, "all.tsv", f"{head}x/a.wav\t1\t2\tone\na.wav\t3\t4\ttwo\n")
    rows, labelled, report = read(TABLES, tmp_path, table)
    assert [row[0] for row in rows] == ["x/a"] and labelled == {"x/a": True, "y/a": False}
    assert report["recording_absent"] == ["a.wav of all.tsv"]


def test_columns_of_any_csv_are_named(tmp_path: Path) -> None:
    """Of tables and of clips; times of day are those of catalogues; a wrong name is told."""
    text(tmp_path, "all.csv", "name,t0,t1,what,f0\na.wav,1,2,call,50\nb.wav,,,,\n")
    named = {"file": "name", "start": "t0", "end": "t1", "label": "what", "low": "f0"}
    sources = replace(TABLES, label_files=("all.csv",), label_columns=named)
    rows, labelled, _ = read(sources, tmp_path, recorded("a.wav", "b.wav", "c.wav"))
    assert rows == [("a", 1, 2, 50, None, "call")]
    assert labelled == {"a": True, "b": True, "c": False}
    text(tmp_path, "meta.csv", "name,what\na.wav,call\n")
    clips = replace(CLIPS, group="recording", label_columns={"file": "name", "label": "what"})
    rows, _, _ = read(clips, tmp_path, recorded("a.wav"))
    assert rows == [("a", 0, 10, None, None, "call")]
    with pytest.raises(DataError, match=r"no column t0 .*ingest\.label_columns, start"):
        by_file.read(replace(clips, label_columns=named), tmp_path, recorded("a.wav"))
    text(tmp_path, "all.csv", "name,t0,t1,what,f0\na.wav,2024-05-01T06:00:01,2,call,50\n")
    with pytest.raises(DataError, match=r"row 2: t0 .* times of day are ingest\.labels: cat"):
        by_file.read(sources, tmp_path, recorded("a.wav"))


@pytest.mark.parametrize("given", [{"begin": "t0"}, {"start": ""}])
def test_what_columns_may_hold_is_said(given: dict[str, str]) -> None:
    """A slip is named with all that there are."""
    with pytest.raises(DataError, match=r"label_columns is .*which is file, start, end, label"):
        replace(TABLES, label_columns=given)


def test_a_path_of_another_machine_is_told_by_its_end(tmp_path: Path) -> None:
    """By as much of it as lies below the folder; its bare name where only one has it."""
    head = "filename\tonset\toffset\tevent_label\n"
    lines = "C:\\Field\\x\\a.wav\t1\t2\tone\n/home/me/y/a.wav\t3\t4\ttwo\n/z/b.wav\t5\t6\tsix\n"
    text(tmp_path, "all.tsv", head + lines)
    rows, _, report = read(TABLES, tmp_path, recorded("x/a.wav", "y/a.wav", "b.wav"))
    assert [(row[0], row[-1]) for row in rows] == [("x/a", "one"), ("y/a", "two"), ("b", "six")]
    assert report["recording_absent"] == []


def test_a_table_that_names_no_file_is_refused(tmp_path: Path) -> None:
    """That is a label file of one recording."""
    text(tmp_path, "all.tsv", "onset\toffset\tevent_label\n1\t2\tcall\n")
    with pytest.raises(DataError, match=r"all\.tsv, row 2: no file is named"):
        by_file.read(TABLES, tmp_path, recorded("a.wav"))


def test_clips_have_class_fold_and_group(tmp_path: Path) -> None:
    """As in ESC-50; the whole recording is the event, and background is none."""
    text(
        tmp_path,
        "meta.csv",
        "filename,fold,target,category,esc10,src_file\n1-a.wav,1,0,dog,True,100\n"
        "1-b.wav,2,1,background,True,101\n1-gone.wav,1,0,dog,True,100\n",
    )
    table = recorded("1-a.wav", "1-b.wav", "1-c.wav")
    events, found, report = by_file.read(replace(CLIPS, group="folder"), tmp_path, table)
    assert events[["recording_id", "onset_s", "offset_s", "label"]].to_numpy().tolist() == [
        ["1-a", 0, 10, "dog"]
    ]
    assert found["labelled"].tolist() == [True, True, False]
    assert found["fold"].tolist() == ["1", "2", ""]
    assert found["group"].tolist() == table["group"].tolist()
    assert report["recording_absent"] == ["1-gone.wav of meta.csv"]
    _, found, _ = by_file.read(CLIPS, tmp_path, table.iloc[:2])
    assert found["group"].tolist() == ["100", "101"]
    with pytest.raises(DataError, match=r"1-c\.wav has no group: ingest\.group is given"):
        by_file.read(CLIPS, tmp_path, table)


TAGS = replace(CLIPS, group="recording", label_separator=";")


def test_a_cell_of_several_labels_is_an_event_each(tmp_path: Path) -> None:
    """Over the whole recording; an empty cell is a true negative, a clip that has no row is not."""
    text(tmp_path, "meta.csv", "file,sounds\na.wav,bird a; frog b;bird a\nb.wav,\nc.wav,frog b\n")
    rows, labelled, _ = read(TAGS, tmp_path, recorded("a.wav", "b.wav", "c.wav", "d.wav"))
    assert rows == [
        ("a", 0, 10, None, None, "bird a"),
        ("a", 0, 10, None, None, "frog b"),
        ("c", 0, 10, None, None, "frog b"),
    ]
    assert labelled == {"a": True, "b": True, "c": True, "d": False}


def test_rows_of_one_clip_add_up_where_cells_do(tmp_path: Path) -> None:
    """A row for each tag, in a column that is named; without a separator it is a mistake."""
    written = "file,who hears what\na.wav,bird\na.wav,frog\n./a.wav,toad\nb.wav,background\n"
    text(tmp_path, "meta.csv", written)
    named = replace(TAGS, label_column="who hears what")
    rows, labelled, _ = read(named, tmp_path, recorded("a.wav", "b.wav"))
    assert [row[-1] for row in rows] == ["bird", "frog", "toad"] and labelled == {
        "a": True,
        "b": True,
    }
    with pytest.raises(DataError, match=r"row 3: clip a\.wav .* set ingest\.label_separator"):
        by_file.read(replace(named, label_separator=None), tmp_path, recorded("a.wav", "b.wav"))


def test_a_clip_is_of_one_fold_and_group(tmp_path: Path) -> None:
    """Of several rows, and of several tables, some of which do not say; else it would leak."""
    sources = replace(TAGS, label_files=("meta.csv", "more.csv"), group="given")
    table = recorded("a.wav", "b.wav")
    text(tmp_path, "meta.csv", "file,label,fold,src_file\na.wav,x,1,s\na.wav,y,,\nb.wav,z,2,t\n")
    text(tmp_path, "more.csv", "file,label\nb.wav,y\n")
    _, found, _ = by_file.read(sources, tmp_path, table)
    assert found[["fold", "group"]].to_numpy().tolist() == [["1", "s"], ["2", "t"]]
    text(tmp_path, "more.csv", "file,label,fold\nb.wav,y,3\n")
    with pytest.raises(DataError, match=r"more\.csv, row 2: b\.wav has the folds 3 and 2"):
        by_file.read(sources, tmp_path, table)
    text(tmp_path, "meta.csv", "file,label,fold,src_file\na.wav,x,1,s\na.wav,y,1,t\n")
    with pytest.raises(DataError, match=r"meta\.csv, row 2: a\.wav has the groups s and t"):
        by_file.read(sources, tmp_path, table)


def test_a_comma_in_a_label_stays_where_no_separator_is_declared(tmp_path: Path) -> None:
    """A class may be called `A, b`; an empty cell is then a missing class, and says what to set."""
    text(tmp_path, "meta.csv", 'file,label\na.wav,"A, b"\n')
    rows, _, _ = read(replace(TAGS, label_separator=None), tmp_path, recorded("a.wav"))
    assert [row[-1] for row in rows] == ["A, b"]
    rows, _, _ = read(replace(TAGS, label_separator=","), tmp_path, recorded("a.wav"))
    assert [row[-1] for row in rows] == ["A", "b"]
    text(tmp_path, "meta.csv", "file,label\na.wav,A\nb.wav,\n")
    with pytest.raises(DataError, match=r"row 3: the clip has no class: .*ingest\.label_separator"):
        by_file.read(replace(TAGS, label_separator=None), tmp_path, recorded("a.wav", "b.wav"))


def test_events_with_times_may_have_several_labels_too(tmp_path: Path) -> None:
    """Each is an event of its own, with an id of its own; background is none of several."""
    text(tmp_path, "labels/a.txt", "1\t2\tcall|song\n3\t4\tcall\n")
    rows, _, _ = read(replace(FILES, label_separator="|"), tmp_path, recorded("a.wav"))
    assert [(row[1], row[-1]) for row in rows] == [(1, "call"), (1, "song"), (3, "call")]
    text(tmp_path, "labels/a.txt", "1\t2\tcall|background\n")
    with pytest.raises(DataError, match=r"a\.txt, row 1: an event cannot be labelled background"):
        by_file.read(replace(FILES, label_separator="|"), tmp_path, recorded("a.wav"))


# The head of AudioSet's balanced_train_segments.csv, as it is published.
AUDIOSET = """# Segments csv created Sun Mar  5 10:54:31 2017
# num_ytids=22160, num_segs=22160, num_unique_labels=527, num_positive_labels=52882
# YTID, start_seconds, end_seconds, positive_labels
--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"
--ZhevVpy1s, 50.000, 60.000, "/m/012xff"
--aE2O5G5WE, 0.000, 10.000, "/m/03fwl,/m/04rlf,/m/09x0r"
"""


@pytest.mark.parametrize(
    "files",
    [
        ("--PJHxphWEs.wav", "--ZhevVpy1s.wav", "--aE2O5G5WE.wav"),
        ("Y--PJHxphWEs.wav", "Y--ZhevVpy1s.wav", "Y--aE2O5G5WE.wav"),
        ("--PJHxphWEs_30.wav", "--ZhevVpy1s_50.wav", "--aE2O5G5WE_0.wav"),
        ("--PJHxphWEs_30000_40000.wav", "--ZhevVpy1s_50000.wav", "--aE2O5G5WE_0_10000.wav"),
        ("Y--PJHxphWEs_30.000_40.000.wav", "--ZhevVpy1s_50.0-60.0.wav", "--aE2O5G5WE_0_10.wav"),
    ],
)
def test_audiosets_table_finds_the_files_as_downloaders_name_them(
    tmp_path: Path, files: tuple[str, ...]
) -> None:
    """Comments, of which the last names the columns; blanks, and labels in a quoted cell."""
    text(tmp_path, "meta.csv", AUDIOSET)
    table = recorded(*(f"audio/{name}" for name in files), "audio/other.wav")
    rows, labelled, report = read(replace(TAGS, label_separator=","), tmp_path, table)
    heard = {name: [row[-1] for row in rows if row[0] == name] for name in labelled}
    first, second, third, _ = heard
    assert heard[first] == ["/m/09x0r", "/t/dd00088"] and heard[second] == ["/m/012xff"]
    assert heard[third] == ["/m/03fwl", "/m/04rlf", "/m/09x0r"]
    assert list(labelled.values()) == [True, True, True, False]
    assert report["recording_absent"] == []
    sources = replace(TAGS, label_separator=",", group="given")
    _, found, _ = by_file.read(sources, tmp_path, table.iloc[:3])
    assert found["group"].tolist() == ["--PJHxphWEs", "--ZhevVpy1s", "--aE2O5G5WE"]


def test_segments_of_one_video_are_files_of_their_own(tmp_path: Path) -> None:
    """The header without its sign, as tables are that somebody has cut."""
    text(tmp_path, "meta.csv", 'YTID, start_seconds, end_seconds, positive_labels\n'
         '0123456789a, 0.000, 10.000, "a,b"\n0123456789a, 60.000, 70.000, "c"\n')  # fmt: skip
    table = recorded("0123456789a_0.wav", "0123456789a_60.wav")
    rows, _, _ = read(replace(TAGS, label_separator=","), tmp_path, table)
    assert [(row[0][-2:], row[-1]) for row in rows] == [("_0", "a"), ("_0", "b"), ("60", "c")]


def test_dcases_weak_table_and_fsds(tmp_path: Path) -> None:
    """Labels of the whole under other names of columns."""
    text(tmp_path, "meta.csv", "filename\tevent_labels\na.wav\tSpeech,Dishes\nb.wav\tDog\n")
    rows, _, _ = read(replace(TAGS, label_separator=","), tmp_path, recorded("a.wav", "b.wav"))
    assert [row[-1] for row in rows] == ["Speech", "Dishes", "Dog"]
    text(tmp_path, "meta.csv", 'fname,labels\na.wav,"Bark,Drip"\n')
    rows, _, _ = read(replace(TAGS, label_separator=","), tmp_path, recorded("a.wav"))
    assert [row[-1] for row in rows] == ["Bark", "Drip"]


def test_labels_of_the_whole_are_weak(tmp_path: Path) -> None:
    """By their form, or as all events of a table reach over all of their recordings."""
    text(tmp_path, "meta.csv", "file,sounds\na.wav,bird\n")
    events, _, _ = by_file.read(TAGS, tmp_path, recorded("a.wav"))
    assert events["weak"].all()
    whole = "filename\tonset\toffset\tevent_label\na.wav\t0\t9.96\tx\nb.wav\t0.02\t10\ty\n"
    text(tmp_path, "all.tsv", whole)
    table = recorded("a.wav", "b.wav")
    events, _, _ = by_file.read(TABLES, tmp_path, table)
    assert events["weak"].tolist() == [True, True]
    text(tmp_path, "all.tsv", f"{whole}b.wav\t2\t3\tx\n")
    events, _, _ = by_file.read(TABLES, tmp_path, table)
    assert not events["weak"].any()
    text(tmp_path, "labels/a.txt", "0\t10\tcall\n")
    text(tmp_path, "labels/b.txt", "1\t2\tcall\n")
    assert not by_file.read(FILES, tmp_path, table)[0]["weak"].any()
    text(tmp_path, "labels/b.txt", "0\t10\tsong\n")
    assert by_file.read(FILES, tmp_path, table)[0]["weak"].all()


STRONG = replace(TAGS, strong_files=("strong.tsv",))


def test_events_with_times_take_the_place_of_weak_labels(tmp_path: Path) -> None:
    """Of their own label; what has none stays weak, what no weak label says is kept and told."""
    text(tmp_path, "meta.csv", "file,sounds\na.wav,bird;frog\nb.wav,bird\nc.wav,\n")
    header = "filename\tonset\toffset\tevent_label\n"
    text(tmp_path, "strong.tsv",
         f"{header}a.wav\t1\t2\tbird\na.wav\t4\t5\tbird\na.wav\t6\t7\ttoad\nd.wav\t0\t10\ttoad\n"
         "e.wav\t\t\t\n")  # fmt: skip
    table = recorded("a.wav", "b.wav", "c.wav", "d.wav", "e.wav", "f.wav")
    events, recordings, report = by_file.read(STRONG, tmp_path, table)
    assert recordings["labelled"].tolist() == [True] * 5 + [False]
    assert report["recordings_with_times"] == ["a", "d", "e"]
    events = strong.together(events, set(report["recordings_with_times"]), report)
    rows = events[["recording_id", "onset_s", "offset_s", "label", "weak"]]
    assert rows.to_numpy().tolist() == [
        ["a", 0, 10, "frog", True],
        ["b", 0, 10, "bird", True],
        ["a", 1, 2, "bird", False],
        ["a", 4, 5, "bird", False],
        ["a", 6, 7, "toad", False],
        ["d", 0, 10, "toad", False],
    ]
    assert report["weak_labels_without_times"] == ["frog in a"]
    assert report["events_with_times_of_no_weak_label"] == ["toad in a", "toad in d"]


def test_a_cell_of_events_with_times_is_one_label(tmp_path: Path) -> None:
    """Though those of clips are lists: AudioSet's weak table has commas, and so have its names."""
    text(tmp_path, "meta.csv", 'file,sounds\na.wav,"bell,dog"\n')
    text(tmp_path, "strong.tsv",
         "filename\tonset\toffset\tevent_label\na.wav\t1\t2\tAlarm, bell\n")  # fmt: skip
    sources = replace(STRONG, label_separator=",")
    events, _, _ = by_file.read(sources, tmp_path, recorded("a.wav"))
    assert events["label"].tolist() == ["bell", "dog", "Alarm, bell"]


def test_a_weak_label_is_not_doubted_for_an_uncertain_event(tmp_path: Path) -> None:
    """The bird is in the clip, whatever it is that somebody heard from second 1 on."""
    text(tmp_path, "meta.csv", "file,sounds\na.wav,bird;frog\n")
    text(tmp_path, "strong.tsv",
         "filename\tonset\toffset\tevent_label\tuncertain\na.wav\t1\t2\tbird\tyes\n"
         "a.wav\t3\t4\tfrog\tyes\na.wav\t5\t6\tfrog\t\n")  # fmt: skip
    events, _, report = by_file.read(STRONG, tmp_path, recorded("a.wav"))
    found = strong.together(events, {"a"}, report)
    rows = found[["label", "weak", "certain"]].to_numpy().tolist()
    assert rows == [["bird", True, True], ["bird", False, False], ["frog", False, False],
                    ["frog", False, True]]  # fmt: skip
    doubted = strong.together(events.assign(certain=False), {"a"}, report)
    assert not doubted["weak"].any()  # where the label itself is doubted, its times say when


def test_tables_of_events_with_times_that_fit_nothing_are_refused(tmp_path: Path) -> None:
    """They name no recording, or the labels have times already."""
    text(tmp_path, "meta.csv", "file,sounds\na.wav,bird\n")
    text(tmp_path, "strong.tsv", "filename\tonset\toffset\tevent_label\nz.wav\t1\t2\tbird\n")
    with pytest.raises(DataError, match=r"no recording is named by ingest\.strong_files"):
        by_file.read(STRONG, tmp_path, recorded("a.wav"))
    with pytest.raises(DataError, match="labels is tables, which have times already: give all"):
        replace(TABLES, strong_files=("strong.tsv",))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"label_separator": ""}, "label_separator is empty: give ';', or null"),
        ({"labels": "folders", "label_separator": ";"}, "labels is folders: only cells of files"),
    ],
)
def test_a_separator_that_separates_nothing_is_refused(changes: dict[str, Any], says: str) -> None:
    """Where it could not be meant."""
    with pytest.raises(DataError, match=says):
        replace(FILES, **changes)


def test_folders_are_classes(tmp_path: Path) -> None:
    """Equal stems in two folders are two recordings; background is no event."""
    table = recorded("cat/a.wav", "dog/a.wav", "background/a.wav")
    rows, labelled, _ = read(FOLDERS, tmp_path, table)
    assert rows == [("cat/a", 0, 10, None, None, "cat"), ("dog/a", 0, 10, None, None, "dog")]
    assert all(labelled.values())
    with pytest.raises(DataError, match=r"a\.wav lies in no folder named after what it holds"):
        by_file.read(FOLDERS, tmp_path, recorded("a.wav"))


def test_names_hold_label_and_group(tmp_path: Path) -> None:
    """By a regular expression that the whole stem matches."""
    table = recorded("7_jackson_0.wav", "3_theo_12.wav")
    events, found, _ = by_file.read(NAMES, tmp_path, table)
    assert events["label"].tolist() == ["7", "3"]
    assert found["group"].tolist() == ["jackson", "theo"]
    with pytest.raises(DataError, match=r"x\.wav: its name does not match ingest\.name_pattern"):
        by_file.read(NAMES, tmp_path, recorded("x.wav"))


@pytest.mark.parametrize(
    "pattern",
    [
        "(?P<label>",
        r"\d_\w+",
        pytest.param(
            r"(?P<who>\d)_\w+",
        ),
    ],
)
def test_a_wrong_name_pattern_is_named(tmp_path: Path, pattern: str) -> None:
    """No regular expression, no group, a group that is not label."""
    with pytest.raises(DataError, match="name_pattern"):
        sources = replace(NAMES, name_pattern=pattern, group="recording")
        by_file.read(sources, tmp_path, recorded("7_jackson_0.wav"))


def test_nothing_labelled_is_refused(tmp_path: Path) -> None:
    """It is a wrong pattern, not an archive without calls."""
    wanted = r"no recording has labels: of 2 recordings .*labels/\{stem\}\.txt.*labels: files"
    with pytest.raises(DataError, match=wanted):
        by_file.read(FILES, tmp_path, recorded("a.wav", "b.wav"))


EVENT = st.tuples(st.integers(0, 99), st.integers(1, 30), st.sampled_from(["call", "song"]))


@given(st.lists(st.lists(EVENT, max_size=4), min_size=1, max_size=3))
@settings(max_examples=examples(15))
def test_files_and_tables_give_the_same_events(
    tmp_path_factory: pytest.TempPathFactory, drawn: Sequence[Sequence[tuple[int, int, str]]]
) -> None:
    """A track for each recording, or all in one table: the same, cut at 10 s."""
    folder = tmp_path_factory.mktemp("labels")
    names = [f"r{number}.wav" for number in range(len(drawn))]
    rows: list[dict[str, Any]] = [
        {"file": name, "onset_s": a / 10, "offset_s": (a + n) / 10, "label": label}
        for name, mine in zip(names, drawn, strict=True)
        for a, n, label in mine
    ]
    table = pd.DataFrame(rows, columns=["file", "onset_s", "offset_s", "label"])
    dcase.write(folder / "all.tsv", table, names)
    for name in names:
        mine = table[table["file"] == name].drop(columns="file")
        audacity.write(folder / f"labels/{name[:-4]}.txt", mine)
    found = [read(sources, folder, recorded(*names))[:2] for sources in (FILES, TABLES)]
    assert sorted(found[0][0]) == sorted(found[1][0]) == sorted(
        (row["file"][:-4], row["onset_s"], min(row["offset_s"], 10.0), None, None, row["label"])
        for row in rows
    )  # fmt: skip
    assert found[0][1] == found[1][1] == dict.fromkeys([n[:-4] for n in names], True)


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the pipeline that several tests give data to, one after the other."""
    folder = tmp_path_factory.mktemp("ingest") / "project"
    project.copy(folder)
    return folder


def ingest(
    folder: Path, waves: dict[str, np.ndarray], written: dict[str, str], good: bool = True,
    **options: Any,
) -> str:  # fmt: skip
    """Run the stage on recordings and label files; what it said."""
    for name in ("data", "artifacts", "metrics"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name, wave in waves.items():
        tiny.write(folder / "data" / name, wave)
    for name, content in written.items():
        text(folder / "data", name, content)
    changes = {"data": "data", "pattern": "**/*.wav", "start_pattern": None} | options
    changes = {f"ingest.{key}": value for key, value in changes.items()}
    changes |= {"clean.sample_rate_hz": 1000, "clean.low_hz": None, "clean.high_hz": None}
    recipes.use("calls", changes, folder / "recipes", folder / "params.yaml")
    done = project.stage(folder, "ingest")
    assert done.returncode == (0 if good else 1), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if not good:
        assert done.stderr.startswith("ingest: ") and not list(folder.glob("artifacts/ingest/*"))
        assert not (folder / "metrics/ingest.json").exists()
    return done.stdout + done.stderr


WAVES = {f"{name}/a.wav": tiny.song(4.0, seed=k) for k, name in enumerate(("cat", "dog", "none"))}


def test_the_stage_reads_label_files(code: Path) -> None:
    """Tables, counts and report of a folder with calls, without, and not looked at."""
    labels = {"cat/a.txt": "1\t2\tcall\n3\t9\tsong\n", "dog/a.txt": ""}
    said = ingest(code, WAVES, labels, label_files=["{folder}/{stem}.txt"], group="folder")
    table = pd.read_parquet(code / "artifacts/ingest/recordings.parquet")
    assert table["recording_id"].tolist() == ["cat/a", "dog/a", "none/a"]
    assert table["labelled"].tolist() == [True, True, False]
    assert table["group"].tolist() == ["cat", "dog", "none"]
    events = pd.read_parquet(code / "artifacts/ingest/events.parquet")
    assert events[["recording_id", "onset_s", "offset_s", "label"]].to_numpy().tolist() == [
        ["cat/a", 1, 2, "call"],
        ["cat/a", 3, 4, "song"],
    ]
    found = json.loads((code / "metrics/ingest.json").read_text())
    assert (found["recordings"], found["events"], found["unlabelled_recordings"]) == (3, 2, 1)
    assert found["events_per_type"] == {"call": 1, "song": 1}
    report = json.loads((code / "artifacts/ingest/report.json").read_text())
    assert report["unlabelled_recordings"] == ["none/a.wav"]
    assert report["cut_at_the_end"] == ["a.txt row 2"]
    assert "unlabelled recordings: 1: none/a.wav" in said


def test_the_stage_reads_folders_and_makes_folds(code: Path) -> None:
    """Classes by folder; folds keep groups whole."""
    names = [f"{k}/{n}.wav" for k in "xy" for n in range(3)]
    waves = {name: tiny.noise(500, seed) for seed, name in enumerate(names)}
    ingest(code, waves, {}, labels="folders", label_files=[], folds=3)
    table = pd.read_parquet(code / "artifacts/ingest/recordings.parquet")
    events = pd.read_parquet(code / "artifacts/ingest/events.parquet")
    joined = events.merge(table, on="recording_id")
    assert (joined["label"] == joined["path"].str[0]).all() and len(joined) == 6
    assert sorted(table["fold"].unique()) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("written", "options", "says"),
    [
        ({"cat/a.txt": "5\t6\tcall\n"}, {"label_files": ["{folder}/{stem}.txt"]},
         ["a.txt, row 1", "outside cat/a.wav", "4 s"]),
        ({"all.csv": "file,start\ncat/a.wav,1\n"}, {"labels": "tables", "label_files": ["all.csv"]},
         ["all.csv has no column of offset"]),
        ({}, {"labels": "names", "label_files": [], "name_pattern": r"(?P<label>\d)_.*"},
         ["a.wav: its name does not match ingest.name_pattern"]),
        ({}, {"labels": "tables", "label_files": ["gone.txt"]}, ["gone.txt"]),
        ({"bad/b.wav": "no sound"}, {"labels": "folders", "label_files": []},
         ["bad/b.wav cannot be read"]),
    ],
)  # fmt: skip
def test_the_stage_refuses_bad_labels(
    code: Path, written: dict[str, str], options: dict[str, Any], says: list[str]
) -> None:
    """One message that names file and row, code 1, no output."""
    said = ingest(code, WAVES, written, good=False, **options)
    for part in says:
        assert part in said, said


def test_selections_of_other_channels_are_left_out_and_said(tmp_path: Path) -> None:
    """Where channel 1 is read, a selection on channel 2 is none of it; without a column all are."""
    (tmp_path / "labels").mkdir()
    rows = "1\tSpectrogram 1\t1\t1\t2\t0\t0\tcall\n2\tSpectrogram 1\t2\t3\t4\t0\t0\tcall\n"
    (tmp_path / "labels/a.txt").write_text(f"{RAVEN}\tAnnotation\n{rows}")
    soundfile.write(tmp_path / "a.wav", np.zeros((80_000, 2)), 8000)
    listed = recorded("a.wav").assign(channel="1")
    found, _, report = by_file.read(replace(FILES, channel=1), tmp_path, listed)
    assert found["onset_s"].tolist() == [1]
    assert report["of_channels_that_are_not_read"] == ["a.txt row 3"]
    found, _, report = by_file.read(FILES, tmp_path, listed.assign(channel="mean"))
    assert found["onset_s"].tolist() == [1, 3]
    (tmp_path / "labels/a.txt").write_text("1\t2\tcall\n3\t4\tcall\n")
    found, _, _ = by_file.read(replace(FILES, channel=2), tmp_path, listed.assign(channel="2"))
    assert found["onset_s"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("header", "cells", "sure"),
    [("Uncertain", ["x", ""], [False, True]), ("Certain", ["no", "yes"], [False, True])],
)
def test_a_column_says_what_is_uncertain(
    tmp_path: Path, header: str, cells: list[str], sure: list[bool]
) -> None:
    """Of a Raven table and of an event table."""
    (tmp_path / "labels").mkdir()
    lines = [f"{n}\tSpectrogram 1\t1\t{n}\t{n}.5\t0\t0\tcall\t{c}" for n, c in enumerate(cells, 1)]
    table = "\n".join([f"{RAVEN}\tAnnotation\t{header}", *lines])
    plain = "\n".join([f"onset,offset,label,{header}"] + [f"{n},{n}.5,call,{c}" for n, c in
                                                          enumerate(cells, 1)])  # fmt: skip
    for text in (table, plain):
        (tmp_path / "labels/a.txt").write_text(text + "\n")
        found, _, _ = by_file.read(FILES, tmp_path, recorded("a.wav"))
        assert found["certain"].tolist() == sure
    (tmp_path / "labels/a.txt").write_text(plain.replace(f"call,{cells[0]}", "call,perhaps") + "\n")
    with pytest.raises(DataError, match=rf"row 2: {header} is 'perhaps'"):
        by_file.read(FILES, tmp_path, recorded("a.wav"))
