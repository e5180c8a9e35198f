"""Tables of events and clips, by many names of columns, and back again."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from support.labeltables import check_types, data, event_tables, raw_cells, same, written

from rarewave.annotations import reading
from rarewave.annotations.formats import dcase, event_table
from rarewave.annotations.formats.clips import read as read_clips
from rarewave.annotations.formats.names import labels_from_name
from rarewave.base.errors import DataError

ALL = ["file", "onset_s", "offset_s", "low_hz", "high_hz", "label", "channel"]


@pytest.mark.parametrize(
    "header",
    [
        "filename,onset,offset,event_label",
        "file,start,end,class",
        "FILENAME,Start (s),End (s),Common name",
        "audio_filename,start_s,end_s,label",
        "file_name,start_time,end_time,label",
        "recording,begin,end,Category",
        "Begin File,Begin Time (s),End Time (s),Tags",
        "notated_path,onset_s,offset_s,label",
        "sound.files,start_seconds,stop,species".replace(".", " "),
    ],
)
@pytest.mark.parametrize("separator", [",", "\t"])
def test_names_of_columns_of_many_programs(tmp_path: Path, header: str, separator: str) -> None:
    """The same event from each, in whatever order of columns."""
    for order in (slice(None), slice(None, None, -1)):
        lines = [line.split(",")[order] for line in (header, "a.wav,1.5,2.5,dog")]
        text = "".join(separator.join(line) + "\n" for line in lines)
        found = reading.read(written(tmp_path, text))
        check_types(found)
        (event,) = found.to_dict("records")
        assert [event[name] for name in ("file", "onset_s", "offset_s", "label", "row")] == [
            "a.wav",
            1.5,
            2.5,
            "dog",
            2,
        ]


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("low_hz", "high_hz"),
        ("low_freq", "high_freq"),
        ("Low Freq (Hz)", "High Freq (Hz)"),
        ("fmin", "fmax"),
        ("min_frequency", "max_frequency"),
        ("freq_min_hz", "freq_max_hz"),
    ],
)
def test_frequencies_and_channels_where_there_are_any(tmp_path: Path, low: str, high: str) -> None:
    """Hz; an empty cell is unknown."""
    text = f"onset,offset,label,{low},{high},channel\n1,2,a,100,900,2\n1,2,a,,,\n"
    found = event_table.read(written(tmp_path, text))
    assert found[["low_hz", "high_hz", "channel"]].iloc[0].tolist() == [100, 900, 2]
    assert found[["low_hz", "high_hz"]].iloc[1].isna().all() and found["channel"][1] == 0
    assert list(found["file"]) == ["", ""]


def test_a_file_without_events_is_named(tmp_path: Path) -> None:
    """As DCASE writes it: no event, but a file that was listened to."""
    text = "filename\tonset\toffset\tevent_label\nb.wav\t\t\t\na.wav\t1\t2\tdog\nc.wav\n"
    path = written(tmp_path, text)
    assert list(event_table.read(path)["row"]) == [3]
    assert event_table.named_files(path) == ["b.wav", "a.wav", "c.wav"]
    path = written(tmp_path, "filename\tonset\toffset\tevent_label\nb.wav\t\t\t\n")
    check_types(event_table.read(path))
    assert event_table.named_files(path) == ["b.wav"]
    assert event_table.named_files(written(tmp_path, "onset,offset,label\n1,2,a\n")) == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("b.wav,,,dog", "row 3: onset '' is not a number"),
        ("b.wav,1,,dog", "row 3: offset '' is not a number"),
        ("b.wav,1,2,", "row 3: column label has no label: write one, delete the row, or name"),
        (",1,2,dog", "row 3: names no file, and other rows do: fill in column filename"),
        ("b.wav,1,2,dog,3", "row 3: has 5 cells, the header 4"),
        ('b.wav,1,2,"dog', "row 3: cannot be read .*correct its quotation marks"),
        ('b.wav,1,2,"do\ng"', "row 3: label 'do.*ng' has a tab, line end"),
        ('"b.wav",1,2,"two"x', "row 3: cannot be read"),
    ],
)
def test_a_row_that_is_half_filled_is_named(tmp_path: Path, row: str, words: str) -> None:
    """It is neither an event nor a file without events."""
    text = f"filename,onset,offset,label\na.wav,1,2,dog\n{row}\n"
    with pytest.raises(DataError, match=rf"labels\.txt, {words}"):
        event_table.read(written(tmp_path, text))


def test_of_two_columns_of_one_name_the_first_counts(tmp_path: Path) -> None:
    """As tables that were joined have them."""
    found = event_table.read(written(tmp_path, "onset,offset,label,label\n1,2,a,b\n"))
    assert list(found["label"]) == ["a"]


def test_rows_count_as_in_an_editor(tmp_path: Path) -> None:
    """Blank lines, and cells of several lines, are counted."""
    text = 'note,onset,offset,label\n\n"two\nlines",1,2,a\n,,,\n"x, y",3,4,"b, c"\n'
    found = event_table.read(written(tmp_path, text))
    assert list(found["row"]) == [3, 6]
    assert list(found["label"]) == ["a", "b, c"]


@given(event_tables(("a.wav", "dir/ü, 2.flac", '"b".wav')))
def test_csv_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, events: pd.DataFrame
) -> None:
    """Every column to the last bit."""
    path = tmp_path_factory.mktemp("csv") / "events.csv"
    event_table.write(path, events)
    for found in (event_table.read(path), reading.read(path)):
        same(found, events, ALL)
    again = path.with_name("again.csv")
    event_table.write(again, event_table.read(path))  # with row and source, as tables come
    same(event_table.read(again), events, ALL)


@given(event_tables(("a.wav", "b c.wav", '"d".wav')))
def test_dcase_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, events: pd.DataFrame
) -> None:
    """Events in their order, then the files without any."""
    path = tmp_path_factory.mktemp("dcase") / "events.tsv"
    dcase.write(path, events, ["a.wav", "none.wav", "none.wav"])
    for found in (event_table.read(path), reading.read(path)):
        same(found, events, ["file", "onset_s", "offset_s", "label"])
    named = list(dict.fromkeys([*events["file"], "a.wav", "none.wav"]))
    assert event_table.named_files(path) == named
    pandas = pd.read_csv(path, sep="\t", keep_default_na=False)
    assert list(pandas["event_label"])[: len(events)] == list(events["label"])


def test_the_bytes_of_both_writers(tmp_path: Path) -> None:
    """All columns in csv; four in DCASE's."""
    events = pd.DataFrame(
        {
            "file": ["a,1.wav"],
            "onset_s": np.array([0.1], np.float64),
            "offset_s": [1e-5 + 1],
            "label": ["x"],
            "peak": [np.nan],
            "start": [pd.Timestamp("1971-04-08T01:02:03.5", tz="UTC")],
            "windows": [3],
        }
    )
    event_table.write(tmp_path / "e.csv", events)
    assert (tmp_path / "e.csv").read_bytes().decode() == (
        "file,onset_s,offset_s,label,peak,start,windows\n"
        '"a,1.wav",0.1,1.00001,x,,1971-04-08T01:02:03.500000+00:00,3\n'
    )
    dcase.write(tmp_path / "e.tsv", events, ["b.wav", "a,1.wav"])
    assert (tmp_path / "e.tsv").read_bytes().decode() == (
        "filename\tonset\toffset\tevent_label\na,1.wav\t0.1\t1.00001\tx\nb.wav\t\t\t\n"
    )


def test_a_table_of_one_recording_needs_no_names(tmp_path: Path) -> None:
    """A label track written as csv and read again."""
    track = reading.read(written(tmp_path, "1\t2\tdog\n"))
    event_table.write(tmp_path / "e.csv", track)
    same(reading.read(tmp_path / "e.csv"), track, ALL)


def test_what_would_not_come_back_is_not_written(tmp_path: Path) -> None:
    """The event or file is named and no file appears."""
    good = {"file": "a", "onset_s": 1.0, "offset_s": 2.0, "label": "x"}
    for change, words in (
        ({"label": "a\tb"}, "event 2 cannot be written: label"),
        ({"label": "a\nb"}, "event 2 cannot be written: label"),
        ({"label": "background"}, "event 2 cannot be written: .*background"),
        ({"file": "a\nb"}, "event 2 cannot be written: file name"),
        ({"offset_s": 0.5}, "event 2 cannot be written: ends at"),
    ):
        events = pd.DataFrame([good, {**good, **change}])
        for write in (event_table.write, dcase.write):
            with pytest.raises(DataError, match=rf"e\.csv, {words}"):
                write(tmp_path / "e.csv", events)
    with pytest.raises(DataError, match=r"event 1 cannot be written: it names no file"):
        dcase.write(tmp_path / "e.tsv", pd.DataFrame([{**good, "file": ""}]))
    for name, words in (("", "a file has no name"), ("a\tb", "file name .* has a tab")):
        with pytest.raises(DataError, match=rf"e\.tsv cannot be written: {words}"):
            dcase.write(tmp_path / "e.tsv", pd.DataFrame([good]), [name])
    assert not list(tmp_path.iterdir())


def test_real_nips4b_events() -> None:
    """3960 events in 399 files, value by value."""
    path = data("nips4b/events.tsv")
    found = reading.read(path)
    _, *cells = raw_cells(path)
    check_types(found)
    assert (len(found), found["file"].nunique(), found["label"].nunique()) == (3960, 399, 87)
    assert list(found["file"]) == [line[0] for line in cells]
    assert list(found["onset_s"]) == [float(line[1]) for line in cells]
    assert list(found["offset_s"]) == [float(line[2]) for line in cells]
    assert list(found["label"]) == [line[3] for line in cells]
    assert event_table.named_files(path) == list(dict.fromkeys(line[0] for line in cells))


def test_real_esc10_clips() -> None:
    """400 clips of 10 classes in 5 folds, each source in one fold."""
    path = data("esc10/esc10.csv")
    clips = read_clips(path)
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(clips.columns) == ["file", "label", "fold", "group", "start", "end"]
    for new, old in (("file", "filename"), ("label", "category"), ("group", "src_file")):
        assert list(clips[new]) == [row[old] for row in rows]
    assert list(clips["fold"]) == [row["fold"] for row in rows]
    assert clips["label"].value_counts().tolist() == [40] * 10
    assert sorted(clips["fold"].unique()) == list("12345")
    assert clips.groupby("group")["fold"].nunique().eq(1).all()


def test_clips_without_fold_or_source(tmp_path: Path) -> None:
    """They are empty text; the class may be called so."""
    path = written(tmp_path, "file\tclass\na.wav\tdog\nb.wav\tcat\n")
    assert read_clips(path).to_dict("list") == {
        "file": ["a.wav", "b.wav"],
        "label": ["dog", "cat"],
        "fold": ["", ""],
        "group": ["", ""],
        "start": ["", ""],
        "end": ["", ""],
    }
    columns = ["file", "label", "fold", "group", "start", "end"]
    assert list(read_clips(written(tmp_path, "")).columns) == columns


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("filename,target\na.wav,1\n", r" has no column of label \(found: filename, target\)"),
        ("name,category\na.wav,1\n", r" has no column of file \(found"),
        ("filename,category\na.wav,dog\nb.wav,\n", ", row 3: the clip has no class: write it"),
        ("filename,category\n,dog\n", ", row 2: the clip has no name of a file"),
        ("filename,category\na.wav,x\n\na.wav,y\n", r", row 4: clip a\.wav stands there twice"),
    ],
)
def test_a_table_of_clips_that_lacks_something(tmp_path: Path, text: str, words: str) -> None:
    """The row or the columns are named."""
    with pytest.raises(DataError, match=rf"labels\.txt{words}"):
        read_clips(written(tmp_path, text))


def test_labels_from_the_name_of_a_file() -> None:
    """The whole stem, folders and extension aside."""
    pattern = r"(?P<label>\d)_(?P<group>\w+)_\d+"
    for name in ("7_jackson_12.wav", "clips/7_jackson_12.wav", "7_jackson_12"):
        assert labels_from_name(pattern, name) == {"label": "7", "group": "jackson"}
    for name in ("10_george_1.wav", "7_jackson_12_x.wav", "x7_jackson_12.wav"):
        with pytest.raises(DataError, match=rf"^{name}: .*match ingest\.name_pattern.*correct"):
            labels_from_name(pattern, name)
    assert labels_from_name(r"(?P<label>a)(?P<take>b)?", "a") == {
        "label": "a",
        "take": "",
    }


@pytest.mark.parametrize(
    ("pattern", "words"), [("(?P<label", "is no regular expression"), (r"\d_x", "names no group")]
)
def test_a_pattern_that_cannot_be_used(pattern: str, words: str) -> None:
    """It is the parameter that is wrong, not a file."""
    with pytest.raises(DataError, match=rf"^ingest\.name_pattern .*{words}"):
        labels_from_name(pattern, "a.wav")


def test_real_spoken_digits_have_their_labels_in_the_name() -> None:
    """1800 clips of 10 digits by 6 speakers."""
    names = sorted(path.name for path in data("fsdd/recordings").iterdir())
    found = pd.DataFrame([labels_from_name(r"(?P<label>\d)_(?P<group>\w+)_\d+", n) for n in names])
    assert len(found) == 1800
    assert (found["label"].nunique(), found["group"].nunique()) == (10, 6)


def test_comments_before_a_table_are_passed_over(tmp_path: Path) -> None:
    """Rows keep their numbers; a column may be called #."""
    head = "file,onset,offset,label\n"
    path = written(tmp_path, f"# by me, in May\n#\n{head}a.wav,1,2,x\n")
    found = event_table.read(path)
    assert found["row"].tolist() == [4] and found["label"].tolist() == ["x"]
    numbered = written(tmp_path, "#,file,onset,offset,label\n1,a.wav,1,2,x\n")
    assert event_table.read(numbered)["row"].tolist() == [2]
