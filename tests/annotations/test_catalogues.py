"""Every form of catalogue gives the same table, and every mistake is named by its row."""

from pathlib import Path

import pandas as pd
import pytest
from obspy import UTCDateTime
from obspy.core.event import (
    Catalog,
    Event,
    EventDescription,
    Origin,
    Pick,
    ResourceIdentifier,
    WaveformStreamID,
)

from rarewave.annotations.reading import read_catalogue
from rarewave.base.errors import DataError

SPACE_APPS = "filename,time_abs(%Y-%m-%dT%H:%M:%S.%f),time_rel(sec),evid,mq_type\n"
INTERVALS = "event_id,start,end,type\n"


def written(tmp_path: Path, text: str) -> Path:
    """A catalogue of that content."""
    path = tmp_path / "catalogue.csv"
    path.write_text(text, encoding="utf-8")
    return path


def utc(text: str) -> pd.Timestamp:
    """A time in UTC."""
    return pd.Timestamp(text, tz="UTC")


def test_onsets_of_the_space_apps_form(tmp_path: Path) -> None:
    """Onset to the microsecond, no end, the file it names."""
    path = written(
        tmp_path, SPACE_APPS + "xa.s12.00.mhz.x,1970-01-19T20:25:00.000500,73500,evid2,impact_mq\n"
    )
    (row,) = read_catalogue(path).to_dict("records")
    assert row["start"] == utc("1970-01-19T20:25:00.000500")
    assert pd.isna(row["end"])
    assert (row["event_id"], row["label"]) == ("evid2", "impact_mq")
    assert (row["filename"], row["row"], row["source"]) == ("xa.s12.00.mhz.x", 2, "catalogue.csv")


def test_intervals_with_and_without_an_end(tmp_path: Path) -> None:
    """Columns in any order and more of them, spaces, a byte-order mark, Windows line ends."""
    path = tmp_path / "catalogue.csv"
    path.write_bytes(
        b"\xef\xbb\xbftype, start ,end,amplitude,event_id\r\n"
        b"deep, 1971-04-08T01:00:00 ,1971-04-08T02:00:00,3,a\r\n"
        b"deep,1971-04-08T03:00:00.5Z,,3,b\r\n"
    )
    found = read_catalogue(path)
    assert list(found["start"]) == [utc("1971-04-08T01:00:00"), utc("1971-04-08T03:00:00.5")]
    assert found["end"][0] == utc("1971-04-08T02:00:00")
    assert pd.isna(found["end"][1])
    assert str(found["end"].dtype) == "datetime64[ns, UTC]"
    assert list(found["event_id"]) == ["a", "b"]
    assert list(found["row"]) == [2, 3]


def test_a_catalogue_without_ids(tmp_path: Path) -> None:
    """Nobody numbers events by hand: the row is the id."""
    path = written(tmp_path, "start,end,type\n1971-04-08T01:00,1971-04-08T02:00,x\n1971-04-09,,y\n")
    found = read_catalogue(path)
    assert list(found["event_id"]) == [f"{path.stem}-row2", f"{path.stem}-row3"]
    assert list(found["label"]) == ["x", "y"]


def test_the_real_apollo_catalogues(lunar: Path) -> None:
    """87 intervals of which one has no end, and 76 onsets."""
    intervals = read_catalogue(lunar / "catalog.csv")
    onsets = read_catalogue(lunar / "apollo12_catalog_GradeA_final.csv")
    assert (len(intervals), len(onsets)) == (87, 76)
    (open_ended,) = intervals[intervals["end"].isna()].to_dict("records")
    assert open_ended["event_id"] == "nakamura01065"
    assert open_ended["start"] == utc("1971-04-08T05:11:00")
    assert onsets["end"].isna().all()
    assert onsets["filename"].str.startswith("xa.s12.00.mhz.").all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "event_id,start,type\n1,1971-04-08,x\n",
            r"no column end \(found: event_id, start, type\)",
        ),
        ("a,b\n1,2\n", r"no column event_id, start, end, type.*either filename"),
        (
            SPACE_APPS.replace("evid", "id") + "f,1970-01-19T20:25:00,1,e,x\n",
            r"no column evid",
        ),
        (
            INTERVALS + "a,1971-04-08,,x\nb,8 April,,x\n",
            r"row 3: start time '8 April'.*write it as",
        ),
        (INTERVALS + "a,1971-04-08,,x\nb,,,x\n", r"row 3: start time ''"),
        (INTERVALS + "a,1971-04-08,later,x\n", r"row 2: end time 'later'"),
        (
            INTERVALS + "a,1971-04-08T02,1971-04-08T03,x\nb,1971-04-08T03,1971-04-08T02,x\n",
            r"row 3: event b ends at 1971-04-08 02:00.* before or at its start 1971-04-08 03:00.*"
            r"correct one of them or leave the end empty",
        ),
        (INTERVALS + "b,1971-04-08T03,1971-04-08T03,x\n", r"row 2: event b ends"),
        (
            INTERVALS + "a,1971-04-08,,x\nb,1971-04-09,,x\na,1971-04-10,,x\n",
            r"row 4: event a stands there twice: give every event its own id",
        ),
        (INTERVALS + "a,1971-04-08,,\n", r"row 2: the event has no type"),
        (INTERVALS, "has no rows"),
        ("", "is not a CSV table"),
        (INTERVALS + 'a,"1971\n', "is not a CSV table"),
        (INTERVALS + "a,1971-04-08,,x,one,too,many\n" * 2, r"catalogue\.csv"),
    ],
)
def test_a_mistake_is_named_with_file_row_and_fix(tmp_path: Path, text: str, words: str) -> None:
    """One bad catalogue each."""
    with pytest.raises(
        DataError, match=rf"catalogue\.csv.*{words}" if "csv" not in words else words
    ):
        read_catalogue(written(tmp_path, text))


def test_a_blank_line_does_not_shift_the_rows_of_messages(tmp_path: Path) -> None:
    """The row is that of the spreadsheet."""
    path = written(tmp_path, INTERVALS + "a,1971-04-08,,x\n\nb,noon,,x\n")
    with pytest.raises(DataError, match="row 4: start time 'noon'"):
        read_catalogue(path)


def test_a_comma_at_the_end_of_rows_shifts_no_column(tmp_path: Path) -> None:
    """Spreadsheets write such rows; the first column stays the first."""
    path = written(tmp_path, INTERVALS + "a,1971-04-08T01,1971-04-08T02,x,\n")
    (row,) = read_catalogue(path).to_dict("records")
    assert (row["event_id"], row["label"]) == ("a", "x")
    assert row["start"] == utc("1971-04-08T01")


@pytest.mark.parametrize("name", ["bytes.csv", "bytes.xml"])
def test_bytes_that_are_no_catalogue_are_refused(tmp_path: Path, name: str) -> None:
    """Whatever the name says."""
    path = tmp_path / name
    path.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(DataError, match=rf"{name} (is not|has no)"):
        read_catalogue(path)


def test_a_missing_catalogue_names_the_parameter(tmp_path: Path) -> None:
    """Where the path comes from."""
    with pytest.raises(DataError, match=r"no catalogue .*gone\.csv.*ingest\.label_files"):
        read_catalogue(tmp_path / "gone.csv")


def quake(number: int, picks: list[tuple[str, float]], origin_s: float | None = None) -> Event:
    """An event with picks (phase, seconds after 1971-04-08) and perhaps an origin."""
    zero = UTCDateTime(1971, 4, 8)
    station = WaveformStreamID("XA", "S12", "00", "MHZ")
    return Event(
        resource_id=ResourceIdentifier(f"smi:local/event/{number}"),
        event_type="meteorite" if number == 3 else None,
        event_descriptions=[EventDescription("deep_mq")] if number == 1 else [],
        picks=[Pick(time=zero + s, phase_hint=p, waveform_id=station) for p, s in picks],
        origins=[] if origin_s is None else [Origin(time=zero + origin_s)],
    )


def test_quakeml_of_obspy_gives_onset_and_end(tmp_path: Path) -> None:
    """Onset: the earliest pick, else the origin; end: the last pick called end."""
    path = tmp_path / "cat.xml"
    Catalog(
        [
            quake(1, [("S", 90.0), ("P", 60.25), ("end", 3000.0), ("END", 3600.0)], origin_s=10.0),
            quake(2, [("end", 500.0)], origin_s=100.0),
            quake(3, [("P", 7.0)]),
        ]
    ).write(str(path), format="QUAKEML")
    found = read_catalogue(path)
    day = utc("1971-04-08")
    seconds = [(t - day).total_seconds() for t in found["start"]]
    assert seconds == [60.25, 100.0, 7.0]
    assert [(t - day).total_seconds() for t in found["end"][:2]] == [3600.0, 500.0]
    assert pd.isna(found["end"][2])
    assert list(found["event_id"]) == ["1", "2", "3"]
    assert list(found["label"]) == ["deep_mq", "event", "meteorite"]
    assert list(found["row"]) == [1, 2, 3]


def test_quakeml_without_a_time_or_an_event_is_refused(tmp_path: Path) -> None:
    """The event is named by its number."""
    path = tmp_path / "cat.xml"
    Catalog([quake(1, [("P", 1.0)]), quake(2, [])]).write(str(path), format="QUAKEML")
    with pytest.raises(DataError, match=r"cat\.xml, event 2: neither a pick nor an origin"):
        read_catalogue(path)
    Catalog([]).write(str(path), format="QUAKEML")
    with pytest.raises(DataError, match=r"cat\.xml"):
        read_catalogue(path)
    path.write_text("<html></html>")
    with pytest.raises(DataError, match=r"cat\.xml is not QuakeML"):
        read_catalogue(path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,9999-01-01T00:00:00,,x", "row 2.*9999"),
        ("a,1971-04-08,,background", "row 2.*type background"),
    ],
)
def test_impossible_times_and_types_are_named(tmp_path: Path, row: str, words: str) -> None:
    """Beyond what the tables can hold, and a word that means no event."""
    with pytest.raises(DataError, match=words):
        read_catalogue(written(tmp_path, INTERVALS + row + "\n"))


def test_semicolons_and_other_encodings_say_what_to_do(tmp_path: Path) -> None:
    """What European spreadsheets write."""
    path = written(tmp_path, "event_id;start;end;type\na;1971-04-08;;x\n")
    with pytest.raises(DataError, match="semicolons: save it with commas"):
        read_catalogue(path)
    path.write_bytes((INTERVALS + "a,1971-04-08,,bébé\n").encode("latin1"))
    with pytest.raises(DataError, match="save it as UTF-8"):
        read_catalogue(path)


def test_events_without_an_id_get_one_from_their_row(tmp_path: Path) -> None:
    """So that they stay apart."""
    path = written(tmp_path, INTERVALS + ",1971-04-08,,x\n,1971-04-09,,x\n")
    assert list(read_catalogue(path)["event_id"]) == [f"{path.stem}-row2", f"{path.stem}-row3"]


def test_picks_of_several_stations_are_times_of_each(tmp_path: Path) -> None:
    """Onset and end of each; a coda closes as an end does; one of no station closes for all."""

    def pick(station: str, seconds: float, hint: str) -> Pick:
        where = WaveformStreamID("XB", station, "", "MHZ") if station else None
        return Pick(time=UTCDateTime(seconds), phase_hint=hint, waveform_id=where)

    picks = [
        pick("A12", 100, "P"), pick("A12", 130, "S"), pick("A12", 500, "Coda"),
        pick("A15", 160, "P"), pick("", 900, "end"),
    ]  # fmt: skip
    event = Event(resource_id=ResourceIdentifier("smi:local/q"), picks=picks)
    Catalog([event]).write(str(tmp_path / "c.xml"), format="QUAKEML")
    found = read_catalogue(tmp_path / "c.xml")
    zero = utc("1970-01-01")
    assert found["station"].tolist() == ["XB.A12", "XB.A15"] and set(found["event_id"]) == {"q"}
    assert [(t - zero).total_seconds() for t in found["start"]] == [100, 160]
    assert [(t - zero).total_seconds() for t in found["end"]] == [500, 900]
    assert found["row"].tolist() == [1, 1]


def test_the_catalogue_of_mars_has_no_types(tmp_path: Path) -> None:
    """NASA Space Apps 2024: every row is an event, of a file that it calls .csv."""
    text = (
        "filename,time_abs(%Y-%m-%dT%H:%M:%S.%f),time_rel(sec),evid\n"
        "XB.ELYSE.02.BHV.2022-02-03HR08_evid0005.csv,2022-02-03T08:08:27.000000,507.0,evid0005\n"
    )
    (row,) = read_catalogue(written(tmp_path, text)).to_dict("records")
    assert row["start"] == utc("2022-02-03T08:08:27")
    assert (row["label"], row["event_id"]) == ("event", "evid0005")
    assert row["filename"] == "XB.ELYSE.02.BHV.2022-02-03HR08_evid0005"


def test_columns_of_any_csv_are_named(tmp_path: Path) -> None:
    """Only the start is needed; a station of its own for each row; what is not there is said."""
    path = written(
        tmp_path, "no,t0,t1,what,sta\n1,1971-04-08T01:00:00,1971-04-08T02:00:00,deep,S12\n"
    )
    given = {"start": "t0", "end": "t1", "label": "what", "id": "no", "station": "sta"}
    (row,) = read_catalogue(path, given).to_dict("records")
    assert (row["event_id"], row["label"], row["station"]) == ("1", "deep", "S12")
    assert row["end"] == utc("1971-04-08T02:00:00")
    (row,) = read_catalogue(path, {"start": "t0"}).to_dict("records")
    assert (row["event_id"], row["label"], row["station"]) == ("catalogue-row2", "event", "")
    assert pd.isna(row["end"])
    with pytest.raises(DataError, match=r"no column t2 \(found: .*ingest\.label_columns, end"):
        read_catalogue(path, {"start": "t0", "end": "t2"})
    with pytest.raises(DataError, match=r"label_columns names no start"):
        read_catalogue(path, {"end": "t1"})
