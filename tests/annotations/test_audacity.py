"""Label tracks come back as they were written, and real ones are read line by line."""

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from support.labeltables import check_types, data, event_tables, raw_cells, same, written

from rarewave.annotations import reading
from rarewave.annotations.formats import audacity
from rarewave.base.errors import DataError


@given(event_tables())
def test_a_track_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, events: pd.DataFrame
) -> None:
    """To the last bit, with what is known of the frequencies, and told from its content."""
    path = tmp_path_factory.mktemp("track") / "labels.txt"
    audacity.write(path, events)
    for found in (audacity.read(path), reading.read(path)):
        same(found, events, ["onset_s", "offset_s", "low_hz", "high_hz", "label"])
    first = path.read_bytes()
    audacity.write(path, events)
    assert path.read_bytes() == first


def test_the_bytes_of_a_track(tmp_path: Path) -> None:
    """As the manual of Audacity shows them: -1 is a frequency that is not known."""
    events = pd.DataFrame(
        {
            "onset_s": [0.00001, 2.0, 3.5],
            "offset_s": [1.25, 2.5, 86400.000001],
            "label": ["a b", "é", "c"],
            "low_hz": [math.nan, math.nan, 1484.669312],
            "high_hz": [math.nan, 6334.5, 2969.0],
        }
    )
    audacity.write(tmp_path / "t.txt", events)
    assert (tmp_path / "t.txt").read_bytes().decode() == (
        "0.00001\t1.25\ta b\n2\t2.5\té\n\\\t-1\t6334.5\n"
        "3.5\t86400.000001\tc\n\\\t1484.669312\t2969\n"
    )


@pytest.mark.parametrize("label", ["a\tb", "a\nb", "a\r", "a\u2028b", "\x00", "", " a", "a\xa0"])
def test_a_label_that_would_not_come_back_is_refused(tmp_path: Path, label: str) -> None:
    """The event is named and no file appears."""
    events = pd.DataFrame({"onset_s": [1, 2], "offset_s": [2, 3], "label": ["a", label]})
    with pytest.raises(DataError, match=r"t\.txt, event 2 cannot be written: .*(label|space)"):
        audacity.write(tmp_path / "t.txt", events)
    assert not list(tmp_path.iterdir())


def test_a_track_is_of_one_recording(tmp_path: Path) -> None:
    """It has no place for the name of a file."""
    events = pd.DataFrame({"onset_s": [1, 2], "offset_s": [2, 3], "label": "a", "file": ["x", "y"]})
    with pytest.raises(DataError, match=r"t\.txt: .*events name 2: write one track for each"):
        audacity.write(tmp_path / "t.txt", events)
    with pytest.raises(DataError, match=r"t\.txt: events have no column offset_s, label: add"):
        audacity.write(tmp_path / "t.txt", events[["onset_s"]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1\t2\n", "row 1: has no label"),
        ("1\t2\ta\n1\t2\t\t\n", "row 2: has no label"),
        ("1\t2\ta\n3\n", "row 2: '3' is not start, end and label: separate them by tabs"),
        ("1\tdog\n", "row 1: end 'dog' is not a number"),
        ("1,5\t2,5\ta\n", "row 1: start '1,5' is not a number: write it as 12.5"),
        ("\\\t1\t2\n", "row 1: a line of frequencies"),
        ("1\t2\ta\n\\\t1\t2\n\\\t1\t2\n", "row 3: a line of frequencies"),
        ("1\t2\ta\n\n\\\t1\t2\n", "row 3: a line of frequencies"),
        ("1\t2\ta\n\\\t1\n", "row 2: a line of frequencies"),
        ("1\t2\ta\n\\\tx\t2\n", "row 1: low frequency 'x' is not a number"),
        ("1\t2\ta\n\\\t3\t2\n", "row 1: low frequency 3.0 Hz is above"),
        ("1\t2\ta\tb\n", "row 1: label 'a.*tb' has a tab"),
    ],
)
def test_a_line_that_is_no_label_is_named(tmp_path: Path, text: str, words: str) -> None:
    """By the number that an editor shows."""
    with pytest.raises(DataError, match=rf"labels\.txt, {words}"):
        audacity.read(written(tmp_path, text))


def test_rows_count_lines_of_frequencies_and_blank_lines(tmp_path: Path) -> None:
    """So that a message leads to the line."""
    found = audacity.read(written(tmp_path, "1\t2\ta\n\\\t-1\t9\n\n3\t4\tb\t\n"))
    assert list(found["row"]) == [1, 4]
    assert list(found["label"]) == ["a", "b"]
    assert math.isnan(found["low_hz"][0]) and found["high_hz"][0] == 9
    assert found[["low_hz", "high_hz"]].iloc[1].isna().all()


def test_a_real_track_with_frequencies() -> None:
    """18 labels of the two lines each, value by value."""
    path = data("annotation_samples") / "spinetail.txt"
    found = reading.read(path)
    lines = raw_cells(path)
    assert len(found) == 18 and len(lines) == 36
    check_types(found)
    for event, times, band in zip(found.itertuples(), lines[::2], lines[1::2], strict=True):
        assert [event.onset_s, event.offset_s] == [float(cell) for cell in times[:2]]
        assert [event.low_hz, event.high_hz] == [float(cell) for cell in band[1:]]
        assert event.label == times[2]
    assert list(found["row"]) == list(range(1, 36, 2))
    assert found["label"].value_counts().to_dict() == {"SP": 14, "CRER": 4}


def test_real_finch_labels() -> None:
    """80 tracks with 4230 syllables of 9 kinds, value by value."""
    counts: dict[str, int] = {}
    for path in sorted(data("finch").glob("labels/*.txt")):
        found = reading.read(path)
        cells = raw_cells(path)
        assert list(found["label"]) == [line[2] for line in cells]
        assert list(found["onset_s"]) == [float(line[0]) for line in cells]
        assert list(found["offset_s"]) == [float(line[1]) for line in cells]
        assert found["low_hz"].isna().all()
        for label in found["label"]:
            counts[label] = counts.get(label, 0) + 1
    assert counts == dict(
        zip("012345678", [1073, 348, 424, 260, 260, 752, 479, 270, 364], strict=True)
    )
