"""Whatever wrote a label file, its events are the same table, and mistakes name their row."""

import math
from pathlib import Path

import pytest
from support.labeltables import check_types, data, raw_cells, written

from rarewave.annotations import reading
from rarewave.base.errors import DataError

RAVEN = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\t"
TRACK = "1\t2\tdog\n"
TABLE = "filename,onset,offset,label\na.wav,1,2,dog\n"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (RAVEN + "Species\n1\tS\t1\t1\t2\t0\t9\tdog\n", "raven"),
        (TRACK, "audacity"),
        ("1.5\t2\n", "audacity"),
        ("1,5\t2,5\tdog\n", "audacity"),
        ("\n" + TRACK, "audacity"),
        (TABLE, "table"),
        (TABLE.replace(",", "\t"), "table"),
        ("Begin Time (s)\tEnd Time (s)\tfilename\tlabel\n1\t2\ta.wav\tdog\n", "table"),
        ("", "empty"),
        ("\ufeff\r\n \r\n", "empty"),
    ],
)
def test_the_form_is_told_from_the_content(tmp_path: Path, text: str, form: str) -> None:
    """Not from the name, which is .txt for most of them."""
    assert reading.form(written(tmp_path, text)) == form


@pytest.mark.parametrize(
    ("text", "file", "row"),
    [
        (RAVEN + "Species\n1\tS\t1\t1\t2\t\t\tdog\n", "", 2),
        (TRACK, "", 1),
        (TABLE, "a.wav", 2),
        (TABLE.replace(",", "\t"), "a.wav", 2),
    ],
)
def test_every_form_gives_the_same_table(tmp_path: Path, text: str, file: str, row: int) -> None:
    """With line ends of Unix, Windows and old Macs, and a byte-order mark."""
    for end in ("\n", "\r\n", "\r"):
        for mark in ("", "\ufeff"):
            found = reading.read(written(tmp_path, mark + text.replace("\n", end)))
            check_types(found)
            (event,) = found.to_dict("records")
            assert math.isnan(event.pop("low_hz")) and math.isnan(event.pop("high_hz"))
            assert event == {
                "file": file,
                "onset_s": 1.0,
                "offset_s": 2.0,
                "label": "dog",
                "channel": 1 if "Begin Time" in text and "Channel" in text else 0,
                "certain": True,
                "row": row,
                "source": "labels.txt",
            }


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "\ufeff", RAVEN + "Species\t\n", RAVEN + "\r\n", TABLE.split("\n")[0]],
)
def test_a_file_without_events_is_a_true_negative(tmp_path: Path, text: str) -> None:
    """No row and no error, also where the header knows no labels or a parameter names another."""
    for column in (None, "Code"):
        found = reading.read(written(tmp_path, text), column)
        check_types(found)
        assert not len(found)
        assert reading.named_files(written(tmp_path, text)) == []


@pytest.mark.parametrize(
    ("start", "end", "label", "words"),
    [
        ("2", "1", "dog", r"ends at 1\.0 s before its start 2\.0 s: exchange"),
        ("1.5", "1.5", "dog", r"is a point at 1\.5 s and no interval: give it an end"),
        ("-1", "2", "dog", r"begins at -1\.0 s, before the recording: move it"),
        ("nan", "2", "dog", "'nan' is not a number: write it as 12.5"),
        ("1", "inf", "dog", "'inf' is not a number"),
        ("1", "1e999", "dog", "'1e999' is not a number"),
        ("1", "1_0", "dog", "'1_0' is not a number"),
        ("1", "", "dog", "'' is not a number"),
        ("1", "2", "background", "cannot be labelled background: delete the row or name"),
        ("1", "2", " ", "has no label: write one"),
    ],
)
def test_a_mistake_is_named_with_file_row_and_fix(
    tmp_path: Path, start: str, end: str, label: str, words: str
) -> None:
    """The same rule in every form, after one good row."""
    good, bad = ("1", "2", "dog"), (start, end, label)
    head = RAVEN + "Species\n"
    raven = [f"{n}\tS\t1\t{a}\t{b}\t\t\t{c}\n" for n, (a, b, c) in enumerate((good, bad))]
    tables = [f"a.wav,{a},{b},{c}\n" for a, b, c in (good, bad)]
    texts = {head + "".join(raven): 3, TABLE.split("\n")[0] + "\n" + "".join(tables): 3}
    texts["".join("\t".join(cells) + "\n" for cells in (good, bad))] = 2
    for text, row in texts.items():
        with pytest.raises(DataError, match=rf"labels\.txt, row {row}: .*{words}"):
            reading.read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [("9", "5", "9.0 Hz is above high frequency 5.0"), ("-1", "5", "write frequencies from 0")],
)
def test_frequencies_must_be_a_band(tmp_path: Path, low: str, high: str, words: str) -> None:
    """In tables; Audacity means unknown by -1."""
    raven = RAVEN + f"Species\n1\tS\t1\t1\t2\t{low}\t{high}\tdog\n"
    table = f"onset,offset,label,low_hz,high_hz\n1,2,dog,{low},{high}\n"
    for text in (raven, table):
        with pytest.raises(DataError, match=rf"labels\.txt, row 2: .*{words}"):
            reading.read(written(tmp_path, text))


def test_a_label_column_can_be_named_for_tables(tmp_path: Path) -> None:
    """Upper and lower case are the same; a track has no columns and ignores it."""
    raven = RAVEN + "Species\tCode\n1\tS\t1\t1\t2\t\t\tdog\tD\n"
    table = "onset,offset,label,Code\n1,2,dog,D\n"
    for text in (raven, table):
        assert list(reading.read(written(tmp_path, text))["label"]) == ["dog"]
        assert list(reading.read(written(tmp_path, text), "code")["label"]) == ["D"]
        with pytest.raises(DataError, match=r"no column Kind \(found: .*Code\).*label_column"):
            reading.read(written(tmp_path, text), "Kind")
    assert list(reading.read(written(tmp_path, TRACK), "code")["label"]) == ["dog"]


def test_labels_are_found_where_there_are_any(tmp_path: Path) -> None:
    """The first known column with a value; without one the columns and parameter are named."""
    table = "onset,offset,Annotation,SPECIES,Sound type\n"
    assert list(reading.read(written(tmp_path, table + "1,2,,dog,x\n"))["label"]) == ["dog"]
    assert list(reading.read(written(tmp_path, table + "1,2,,,x\n"))["label"]) == ["x"]
    with pytest.raises(DataError, match="row 2: column Annotation has no label: write one"):
        reading.read(written(tmp_path, table + "1,2,,,\n"))
    with pytest.raises(DataError, match=r"found: onset, offset, what\).*ingest\.label_column"):
        reading.read(written(tmp_path, "onset,offset,what\n1,2,dog\n"))


def test_named_files_of_every_form(tmp_path: Path) -> None:
    """Those with and without events, in the order of the rows; a track names none."""
    table = TABLE + "c.wav,,,\na.wav,3,4,dog\nb.wav,1,2,cat\n"
    assert reading.named_files(written(tmp_path, table)) == ["a.wav", "c.wav", "b.wav"]
    assert reading.named_files(written(tmp_path, TRACK)) == []
    raven = RAVEN + "Begin File\tTags\n1\tS\t1\t1\t2\t\t\tx.wav\tdog\n"
    assert reading.named_files(written(tmp_path, raven)) == ["x.wav"]


def test_files_that_cannot_be_text_say_so(tmp_path: Path) -> None:
    """A path that is wrong, a sound, another encoding."""
    with pytest.raises(DataError, match=r"no label file .*gone\.txt: correct the path"):
        reading.read(tmp_path / "gone.txt")
    path = tmp_path / "labels.txt"
    path.write_bytes(TRACK.replace("dog", "bébé").encode("latin1"))
    with pytest.raises(DataError, match=r"labels\.txt is not UTF-8 text .*save it as UTF-8"):
        reading.read(path)
    path.write_bytes(b"RIFF\x24\0\0\0WAVE")
    with pytest.raises(DataError, match=r"labels\.txt is not a text file"):
        reading.read(path)


def test_a_table_of_something_else_says_what_is_missing(tmp_path: Path) -> None:
    """A table without times, without a header, with semicolons."""
    for text, words in (
        (
            "a,b\n1,2\n",
            r"no column of onset and offset in seconds \(found in its first row: a, b\)",
        ),
        ("a.wav\t1\t2\tdog\nb.wav\t1\t2\tdog\n", "no column of onset and offset"),
        ("onset;offset;label\n1;2;dog\n", "semicolons: save it with commas"),
        ("onset_ms,offset_ms,label\n1,2,dog\n", "no column of onset and offset in seconds"),
    ):
        with pytest.raises(DataError, match=rf"labels\.txt.*{words}"):
            reading.read(written(tmp_path, text))


# What other programs wrote: rows, label column and file column, counted by eye in the files.
SAMPLES = {
    "2013_UnivMD_Maryland_71485_71485MD02_002K_M11_multi_20150626_031500Z_2kHz_ch03_0600s.txt": (
        (1, 9, 7)
    ),
    "2013_UnivMD_Maryland_71485_71485MD02_002K_M11_multi_20150626_071500Z_2kHz_ch05_0600s.txt": (
        (1, 9, 7)
    ),
    "2013_UnivMD_Maryland_71485_71485MD02_002K_M11_multi_20150626_071500Z_2kHz_ch08_0600s.txt": (
        (1, 9, 7)
    ),
    "EmptyExample.Table.1.selections.txt": (0, 7, None),
    "raven_with_Annotation_col.txt": (1, 7, None),
    "Recording_1_Segment_07.Table.1.selections.txt": (279, 7, None),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_real_raven_tables_value_by_value(name: str) -> None:
    """Each row against its cells; the number of rows against a count by hand."""
    count, label, file = SAMPLES[name]
    path = data("annotation_samples") / name
    assert reading.form(path) == "raven"
    found = reading.read(path)
    check_types(found)
    assert len(found) == count
    _, *lines = raw_cells(path)
    for event, cells, row in zip(found.itertuples(), lines, range(2, 999), strict=False):
        assert [event.onset_s, event.offset_s, event.low_hz, event.high_hz] == [
            float(cell) for cell in cells[3:7]
        ]
        assert event.label == cells[label].strip()
        assert event.file == ("" if file is None else cells[file])
        assert (event.channel, event.row, event.source) == (1, row, name)
    assert len(lines) == count


def test_a_real_table_with_an_empty_label_names_its_row(tmp_path: Path) -> None:
    """Row 11 of it; without that row the ten others are read."""
    path = data("annotation_samples") / "MSD-0003_20180427_2minstart00.Table.1.selections.txt"
    with pytest.raises(DataError, match=r"MSD-0003.*, row 11: column Species has no label"):
        reading.read(path)
    lines = path.read_text().split("\n")
    found = reading.read(written(tmp_path, "\n".join(lines[:10])))
    assert " ".join(found["label"]) == "WOTH EATO WOTH WOTH EATO EATO WOTH LOWA EATO"
    assert [found["onset_s"].iloc[-1], found["high_hz"].iloc[-1]] == [15.043462094999995, 4310.4]
    with pytest.raises(DataError, match="row 2: column distance has no label"):
        reading.read(path, "distance")


def test_every_real_sample_is_read_by_a_test() -> None:
    """A new file in the folder must not go unseen."""
    there = {path.name for path in data("annotation_samples").glob("*.txt")}
    others = {"MSD-0003_20180427_2minstart00.Table.1.selections.txt", "spinetail.txt"}
    assert there == {*SAMPLES, *others}
