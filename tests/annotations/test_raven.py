"""Selections are read once each, in the time of their own recording, and come back as written."""

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.labeltables import check_types, event_tables, same, written

from rarewave.annotations import reading
from rarewave.annotations.formats import raven
from rarewave.base.errors import DataError

HEAD = ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)"]
HEAD += ["High Freq (Hz)", "Tags"]
WAVE, SPEC = "Waveform 1", "Spectrogram 1"


def table(*rows: str, more: str = "", head: list[str] = HEAD) -> str:
    """A selection table; cells of rows and more columns are separated by blanks here."""
    lines = [[*head, *more.split(", ")] if more else head]
    lines += [[cell.replace("_", " ") for cell in row.split(" ")] for row in rows]
    return "".join("\t".join(line) + "\n" for line in lines)


def test_a_selection_in_two_views_is_one_event(tmp_path: Path) -> None:
    """With the frequencies of the spectrogram, whichever stands first."""
    text = table(
        "1 Waveform_1 1 1.5 2.5   dog",
        "1 Spectrogram_1 1 1.5 2.5 100 900 dog",
        "2 Spectrogram_1 1 3 4 200 800 cat",
        "2 Waveform_1 1 3 4 0 4000 cat",
        "3 Waveform_1 1 5 6   owl",
    )
    found = raven.read(written(tmp_path, text))
    check_types(found)
    assert list(found["label"]) == ["dog", "cat", "owl"]
    assert list(found["row"]) == [3, 4, 6]
    assert list(found["low_hz"])[:2] == [100, 200] and math.isnan(found["low_hz"][2])
    assert list(found["onset_s"]) == [1.5, 3, 5]


def test_a_label_that_stands_in_one_view_only_is_kept(tmp_path: Path) -> None:
    """It is the label of the selection."""
    text = table("1 Waveform_1 1 1 2   dog", "1 Spectrogram_1 1 1 2 100 900 ")
    (event,) = raven.read(written(tmp_path, text)).to_dict("records")
    assert (event["label"], event["high_hz"], event["row"]) == ("dog", 900, 3)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ("1 Spectrogram_1 1 1.1 2 100 900 dog", "row 2: selection 1 is not at the same times"),
        ("1 Spectrogram_1 1 1 2.1 100 900 dog", "row 2: selection 1 is not at the same times"),
        (
            "1 Spectrogram_1 1 1 2 100 900 cat",
            "row 2: selection 1 is labelled dog in one view and cat",
        ),
    ],
)
def test_views_that_differ_are_not_merged_in_silence(
    tmp_path: Path, second: str, words: str
) -> None:
    """Times and labels must agree."""
    with pytest.raises(DataError, match=rf"labels\.txt, {words}"):
        raven.read(written(tmp_path, table("1 Waveform_1 1 1 2   dog", second)))


def test_numbers_that_repeat_are_other_selections(tmp_path: Path) -> None:
    """In one view, in another channel, in another recording, and in tables that were joined."""
    same_view = table("1 Spectrogram_1 1 1 2 1 9 a", "1 Spectrogram_1 1 3 4 1 9 b")
    assert len(raven.read(written(tmp_path, same_view))) == 2
    channels = table("1 Spectrogram_1 1 1 2 1 9 a", "1 Spectrogram_2 2 1 2 1 9 a")
    assert list(raven.read(written(tmp_path, channels))["channel"]) == [1, 2]
    files = table(
        *[f"1 {view} 1 1 2 1 9 a {file} 1" for file in ("x", "y") for view in ("W", "S")],
        more="Begin File, File Offset (s)",
    )
    assert list(raven.read(written(tmp_path, files))["file"]) == ["x", "y"]
    joined = table(
        *[f"1 {view} 1 {begin} 9 1 9 a" for begin in (1, 2) for view in ("W", "Spectrogram")]
    )
    assert list(raven.read(written(tmp_path, joined))["row"]) == [3, 5]


def test_line_ends_marks_and_trailing_tabs(tmp_path: Path) -> None:
    """As several programs write; integers and the long names of frequencies are known."""
    head = [*HEAD[:5], "Low Frequency (Hz)", "High Frequency (Hz)", "Species", "", ""]
    row = "1 Spectrogram_1 1 1 2 100 900 dog"
    for text in (table(row, head=head), table(row + "  ", head=head), table(row + "   ")):
        for end in ("\n", "\r\n"):
            path = written(tmp_path, "\ufeff" + text.replace("\n", end))
            (event,) = reading.read(path).to_dict("records")
            assert (event["low_hz"], event["high_hz"], event["label"]) == (100, 900, "dog")
    with pytest.raises(DataError, match="row 2: has 9 cells, the header 8: delete"):
        raven.read(written(tmp_path, table(row + " more")))


def test_over_several_recordings_the_time_is_that_of_the_file(tmp_path: Path) -> None:
    """Begin Time runs on; the length is that of the selection, over the end of the file too."""
    text = table(
        "1 S 1 10.5 12 1 9 a one.wav 10.5",
        "2 S 1 3610.5 3612.25 1 9 b two.wav 10.5",
        "3 S 1 7199.5 7201 1 9 c two.wav 3599.5",
        more="Begin File, File Offset (s)",
    )
    found = reading.read(written(tmp_path, text))
    assert list(found["file"]) == ["one.wav", "two.wav", "two.wav"]
    assert list(found["onset_s"]) == [10.5, 10.5, 3599.5]
    assert list(found["offset_s"]) == [12, 12.25, 3601]


def test_one_recording_of_a_sequence_keeps_its_own_time(tmp_path: Path) -> None:
    """Where the selections of one file were cut out of a table over many."""
    text = table(
        "2 S 1 3610.5 3612.25 1 9 b C:\\rec\\two.wav 10.5", more="Begin Path, File Offset (s)"
    )
    (event,) = raven.read(written(tmp_path, text)).to_dict("records")
    assert (event["file"], event["onset_s"], event["offset_s"]) == ("two.wav", 10.5, 12.25)


@pytest.mark.parametrize(
    ("rows", "more", "words"),
    [
        (
            ("1 S 1 1 2 1 9 a x", "2 S 1 3 4 1 9 a y"),
            "Begin File",
            r"row 2: the table is over 2 recordings and File Offset \(s\) is not given.*add this",
        ),
        (
            ("1 S 1 1 2 1 9 a x 1", "2 S 1 3 4 1 9 a y "),
            "Begin File, File Offset (s)",
            r"row 3: the table is over 2 recordings",
        ),
        (
            ("1 S 1 1 2 1 9 a x", "2 S 1 3 4 1 9 a "),
            "Begin File",
            "row 3: names no recording, and other rows do: fill in Begin File",
        ),
        (
            ("1 S 1 1 2 1 9 a x.wav /d/x.wav 1", "2 S 1 3 4 1 9 a x.wav /e/x.wav 1"),
            "Begin File, Begin Path, File Offset (s)",
            "row 3: x.wav is the name of two recordings, /d/x.wav and /e/x.wav: give every",
        ),
        (("1 S x 1 2 1 9 a",), "", "row 2: Channel 'x' is not a number"),
        (("1 S 0 1 2 1 9 a",), "", "row 2: channel 0 is not a whole number from 1"),
        (("1 S 1.5 1 2 1 9 a",), "", "row 2: channel 1.5 is not a whole number from 1"),
    ],
)
def test_a_table_that_does_not_say_where_is_refused(
    tmp_path: Path, rows: tuple[str, ...], more: str, words: str
) -> None:
    """Rather than to put events where they are not."""
    with pytest.raises(DataError, match=rf"labels\.txt, {words}"):
        raven.read(written(tmp_path, table(*rows, more=more)))


def test_no_column_of_labels_names_the_parameter(tmp_path: Path) -> None:
    """And the columns that are there; an empty table needs none."""
    path = written(tmp_path, table("1 S 1 1 2 1 9", head=HEAD[:7]))
    with pytest.raises(DataError, match=r"found: Selection, .*High Freq \(Hz\)\).*label_column"):
        raven.read(path)
    assert not len(raven.read(written(tmp_path, table(head=HEAD[:7]))))
    with pytest.raises(DataError, match=r"no column end time \(s\) \(found: Selection"):
        raven.read(written(tmp_path, table("1 S 1 1", head=HEAD[:4])))


@given(event_tables(("a.wav", "dir b/ü.flac")), st.booleans(), st.floats(0, 1e6))
def test_a_table_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, events: pd.DataFrame, several: bool, before: float
) -> None:
    """Times to a microsecond, frequencies as written, in sequences of recordings too."""
    if several:
        events["file_start_s"] = before
    else:
        events["file"] = events["file"].map(lambda name: "")
    events["nyquist_hz"] = 6e5
    path = tmp_path_factory.mktemp("raven") / "t.selections.txt"
    raven.write(path, events)
    expected = events.assign(
        low_hz=events["low_hz"].fillna(0.0), high_hz=events["high_hz"].fillna(6e5)
    )
    bottom = (expected["low_hz"] == 0) & (expected["high_hz"] == 0)
    expected.loc[bottom, ["low_hz", "high_hz"]] = math.nan
    for found in (raven.read(path), reading.read(path)):
        same(found, expected, ["file", "onset_s", "low_hz", "high_hz", "label", "channel"])
        assert ((found["offset_s"] - events["offset_s"].astype(float)).abs() <= 1e-6).all()
        assert list(found["row"]) == list(range(2, len(events) + 2))
    first = path.read_bytes()
    raven.write(path, events)
    assert path.read_bytes() == first


def test_the_bytes_of_a_table(tmp_path: Path) -> None:
    """Columns in Raven's order, scores after the label, unknown frequencies the whole band."""
    events = pd.DataFrame(
        {
            "file": ["a.wav", "b.wav"],
            "file_start_s": [0.0, 600.0],
            "onset_s": [0.00001, 3.0],
            "offset_s": [1.5, 4.0],
            "label": ["dog", "é"],
            "low_hz": [100.0, math.nan],
            "high_hz": [900.5, math.nan],
            "nyquist_hz": [8000.0, 8000.0],
            "peak": [0.5, math.nan],
            "mean": [0.25, math.nan],
            "windows": [3, 1],
        }
    )
    path = tmp_path / "t.txt"
    raven.write(path, events)
    assert path.read_bytes().decode() == (
        "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\t"
        "Begin File\tFile Offset (s)\tAnnotation\tScore\tMean score\tWindows\n"
        "1\tSpectrogram 1\t1\t0.00001\t1.5\t100\t900.5\ta.wav\t0.00001\tdog\t0.5\t0.25\t3\n"
        "2\tSpectrogram 1\t1\t603\t604\t0\t8000\tb.wav\t3\té\t\t\t1\n"
    )
    raven.write(path, events[["onset_s", "offset_s", "label"]][:1])
    assert (
        path.read_text().split("\n")[1] == "1\tSpectrogram 1\t1\t0.00001\t1.5\t0\t0\t\t0.00001\tdog"
    )
    assert raven.read(path)[["low_hz", "high_hz"]].isna().all(axis=None)
    raven.write(path, events[:0])
    assert reading.form(path) == "raven" and not len(reading.read(path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"label": "a\tb"}, "event 2 cannot be written: label 'a.*tb' has a tab"),
        ({"label": "a\nb"}, "event 2 cannot be written: label .* has a tab, line end"),
        ({"file": "a\tb"}, "event 2 cannot be written: file name .* has a tab"),
        ({"file": ""}, "event 2 cannot be written: others name a file"),
        ({"onset_s": math.nan}, "event 2 cannot be written: interval nan to 2.0 s is not finite"),
        ({"offset_s": 1.0}, "event 2 cannot be written: is a point at 1.0 s"),
        ({"low_hz": 5.0}, "event 2 cannot be written: its high frequency is unknown: add column"),
    ],
)
def test_what_would_not_come_back_is_not_written(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    """The event is named and no file appears."""
    good = {"file": "a", "onset_s": 1.0, "offset_s": 2.0, "label": "x", "low_hz": math.nan}
    with pytest.raises(DataError, match=rf"t\.txt, {words}"):
        raven.write(tmp_path / "t.txt", pd.DataFrame([good, {**good, **change}]))
    assert not list(tmp_path.iterdir())
