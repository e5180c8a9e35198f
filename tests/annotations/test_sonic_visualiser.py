"""Layers of Sonic Visualiser come back as written, and are told from tables and tracks."""

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from support.labeltables import check_types, event_tables, same, written

from rarewave.annotations import reading, writing
from rarewave.annotations.formats import sonic_visualiser
from rarewave.annotations.writing import Listed
from rarewave.base.errors import DataError

ALL = ["onset_s", "offset_s", "low_hz", "high_hz", "label"]

# As the program writes them: `Event::toStringExportRow` and `getStringExportHeaders` (regions and
# the other layers), `BoxModel::toStringExportRows`, `RealTime::toString` (nine decimals) and
# `StringBits::joinDelimited` (quotation marks) of github.com/sonic-visualiser/svcore, read in the
# commits 381231931c6c and 276f89a1fc92.
REGIONS = """TIME,VALUE,DURATION,LABEL
0.000000000,3,1.250000000,dog
0.100000000,0.5,0.200000000,"song, ""2nd"" part"
86400.000022675,-1e-05,0.500000000,"a" b
"""
BOXES = """START,END,EXTENT START,EXTENT END,LABEL
0.464399092,1.114557823,1205.86,3681.31,dog
2.000000000,2.500000000,0,0,cat
3.000000000,3.500000000,0,1.2345e+05,"a, b"
"""


@pytest.mark.parametrize("header", [True, False])
def test_regions_of_the_program(tmp_path: Path, header: bool) -> None:
    """Values are no frequencies; an end is onset and duration added as they are written."""
    text = REGIONS if header else REGIONS.split("\n", 1)[1]
    path = written(tmp_path, text)
    assert reading.form(path) == "sonic_visualiser"
    events = reading.read(path)
    check_types(events)
    assert events["onset_s"].tolist() == [0.0, 0.1, 86400.000022675]
    assert events["offset_s"].tolist() == [1.25, 0.3, 86400.500022675]
    assert events["label"].tolist() == ["dog", 'song, "2nd" part', '"a" b']
    assert events[["low_hz", "high_hz"]].isna().all(axis=None)
    assert events["row"].tolist() == [row + header for row in (1, 2, 3)]
    assert reading.named_files(path) == []


@pytest.mark.parametrize("header", [True, False])
def test_boxes_of_the_program(tmp_path: Path, header: bool) -> None:
    """Start, end and band; a box from 0 to 0 Hz has none."""
    text = BOXES if header else BOXES.split("\n", 1)[1]
    path = written(tmp_path, text)
    assert reading.form(path) == "sonic_visualiser"
    events = reading.read(path)
    assert events["onset_s"].tolist() == [0.464399092, 2.0, 3.0]
    assert events["offset_s"].tolist() == [1.114557823, 2.5, 3.5]
    assert events["low_hz"].fillna(-1).tolist() == [1205.86, -1.0, 0.0]
    assert events["high_hz"].fillna(-1).tolist() == [3681.31, -1.0, 123450.0]
    assert events["label"].tolist() == ["dog", "cat", "a, b"]


@pytest.mark.parametrize(
    "row", ["0.500000000\t3\t1.250000000\tdog", "0.500000000\t1.750000000\t100\t2000\tdog"]
)
@pytest.mark.parametrize("header", [True, False])
def test_layers_by_tabs(tmp_path: Path, row: str, header: bool) -> None:
    """A label with a comma needs no quotation marks there."""
    columns = "TIME,VALUE,DURATION,LABEL"
    if row.count("\t") == 4:
        columns = "START,END,EXTENT START,EXTENT END,LABEL"
    text = (columns.replace(",", "\t") + "\n") * header + row + ", a\r\n"
    path = written(tmp_path, text)
    assert reading.form(path) == "sonic_visualiser"
    (event,) = reading.read(path).to_dict("records")
    assert (event["onset_s"], event["offset_s"], event["label"]) == (0.5, 1.75, "dog, a")


@given(event_tables())
def test_a_layer_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, events: pd.DataFrame
) -> None:
    """To the last bit; beside a band that is known, one that is not is the whole band."""
    path = tmp_path_factory.mktemp("layer") / "x.layer.csv"
    sonic_visualiser.write(path, events.assign(nyquist_hz=5e5, peak=0.5))
    wanted = events.copy()
    if events[["low_hz", "high_hz"]].notna().any(axis=None):
        wanted = wanted.fillna({"low_hz": 0.0, "high_hz": 5e5})
        flat = (wanted["low_hz"] == 0) & (wanted["high_hz"] == 0)
        wanted.loc[flat, ["low_hz", "high_hz"]] = math.nan
    assert reading.form(path) == "sonic_visualiser"
    for read in (sonic_visualiser.read(path), reading.read(path)):
        same(read, wanted, ALL)
    first = path.read_bytes()
    sonic_visualiser.write(path, events.assign(nyquist_hz=5e5, peak=0.5))
    assert path.read_bytes() == first
    if len(events):  # without its header it is told by its times
        headless = written(path.parent, first.decode().split("\n", 1)[1])
        assert reading.form(headless) == "sonic_visualiser"
        same(reading.read(headless), wanted, ALL)


def test_the_bytes_of_layers(tmp_path: Path) -> None:
    """Nine decimals or more; a region's value is the peak."""
    events = pd.DataFrame(
        {"onset_s": [0.1, 2.0], "offset_s": [0.3, 86400.00000000001], "label": ["a, b", 'c"']}
    )
    sonic_visualiser.write(tmp_path / "x", events.assign(peak=[0.75, 1.0]))
    assert (tmp_path / "x").read_text() == (
        'TIME,VALUE,DURATION,LABEL\n0.100000000,0.75,0.200000000,"a, b"\n'
        '2.000000000,1,86398.00000000001,c"\n'
    )
    sonic_visualiser.write(tmp_path / "x", events.assign(low_hz=[100.5, math.nan], high_hz=2e3))
    assert (tmp_path / "x").read_text() == (
        "START,END,EXTENT START,EXTENT END,LABEL\n"
        '0.100000000,0.300000000,100.5,2000,"a, b"\n2.000000000,86400.00000000001,0,2000,c"\n'
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("TIME,LABEL\n0.500000000,dog\n", "points in time, which have no length: export"),
        ("TIME,VALUE,LABEL\n0.500000000,3,dog\n", "points in time"),
        ("0.500000000,dog\n", "points in time"),
        ("0.500000000\tdog\n", "points in time"),
        ("0.500000000\n", "points in time"),
        ("0.500000000,3,dog\n", "points in time"),
        ("TIME,VALUE,DURATION,LEVEL,LABEL\n0.500000000,60,1.000000000,0.8,a\n", "layer of notes"),
        ("FRAME,VALUE,DURATION,LABEL\n22050,3,44100,dog\n", "times in sample frames: export"),
        ("STARTFRAME,ENDFRAME,EXTENT START,EXTENT END,LABEL\n1,9,0,9,a\n", "in sample frames"),
        ("22050,3,44100,dog\n", "times in sample frames"),
        ("22050,66150,100,2000.5,dog\n", "times in sample frames"),
        (REGIONS + "0.500000000,3\n", "row 5: .* is not time, value, duration, label: correct"),
        (REGIONS + "0.500000000,3,1.0,a,b\n", "row 5: has more cells.*quotation marks"),
        (REGIONS + '0.500000000,3,1.0,"a",b\n', "row 5: has more cells"),
        (REGIONS + "0.500000000,3,x,a\n", "row 5: DURATION 'x' is not a number"),
        (REGIONS + "0.500000000,3,0.000000000,a\n", "row 5: is a point"),
        (REGIONS + "-0.500000000,3,1.000000000,a\n", "row 5: begins at -0.5 s"),
        (REGIONS + "0.500000000,3,1.000000000\n", "row 5: has no label"),
        (BOXES + "2.000000000,1.000000000,0,9,a\n", "row 5: ends at 1.0 s before"),
        (BOXES + "2.000000000,3.000000000,9,5,a\n", "row 5: low frequency 9.0 Hz is above"),
    ],
)
def test_what_is_no_event_is_named(tmp_path: Path, text: str, words: str) -> None:
    """Instants have no length, frames no rate; a mistake has its row."""
    with pytest.raises(DataError, match=rf"labels\.txt.*{words}"):
        reading.read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("start,end,label\n1,2,dog\n", "table"),
        ("START,END,LABEL\n1,2,dog\n", "table"),
        ("filename,onset,offset,label\na.wav,1,2,dog\n", "table"),
        ("0.123456789\t1.123456789\tdog\n", "audacity"),
        ("0.123456789\t1.123456789\t3\n", "audacity"),
        ("0.123456789\t1.5\n", "audacity"),
        ("0.123456789\t1.123456789\t3,4\n", "audacity"),
        ("1\t2\t3\n", "audacity"),
    ],
)
def test_tables_and_tracks_stay_what_they_are(tmp_path: Path, text: str, form: str) -> None:
    """Also those with as many decimals."""
    assert reading.form(written(tmp_path, text)) == form


@pytest.mark.parametrize("text", ["TIME,VALUE,DURATION,LABEL\n", BOXES.split("\n")[0]])
def test_a_layer_without_events_is_a_true_negative(tmp_path: Path, text: str) -> None:
    """No row and no error."""
    events = reading.read(written(tmp_path, text))
    check_types(events)
    assert not len(events)


def test_a_layer_is_of_one_recording(tmp_path: Path) -> None:
    """The command detect writes one for each, those without events too."""
    events = pd.DataFrame({"onset_s": [1, 2], "offset_s": [2, 3], "label": "a", "file": ["x", "y"]})
    with pytest.raises(DataError, match="a layer belongs to one recording, and events name 2"):
        sonic_visualiser.write(tmp_path / "x", events)
    names = {f"/r/{name}.wav": Listed(f"{name}.wav") for name in "xyz"}
    events = events.assign(path=["/r/x.wav", "/r/y.wav"], nyquist_hz=500.0)
    writing.write(tmp_path, "sonic_visualiser", events, names)
    counts = {p.name: len(reading.read(p)) for p in sorted(tmp_path.iterdir())}
    assert counts == {"x.layer.csv": 1, "y.layer.csv": 1, "z.layer.csv": 0}
