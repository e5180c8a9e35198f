"""QuakeML that is written is read as the same events, here and by ObsPy, byte for byte."""

import math
import os
import subprocess
import sys
import warnings
from pathlib import Path

import obspy
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy.io.quakeml.core import _validate
from support.labeltables import ODD_LABELS, labels
from support.places import ROOT

from rarewave.annotations.formats import quakeml
from rarewave.annotations.reading import read_catalogue
from rarewave.base.errors import DataError


def table(*rows: tuple[str, str, str, str], **more: list[float]) -> pd.DataFrame:
    """Events of id, start, end (or nothing) and label, at one station."""
    events = pd.DataFrame(rows, columns=["event_id", "start", "end", "label"])
    for name in ("start", "end"):
        events[name] = pd.to_datetime(events[name].replace("", None), utc=True, format="ISO8601")
    return events.assign(channel_id="XA.S12.00.MHZ", **more)


TWO = table(
    ("evid-1", "1971-04-08T01:02:03.000500", "1971-04-08T02:00:00", "deep_mq"),
    ("evid-2", "1969-12-31T23:59:59.999999", "", "Stoß 2"),
    peak=[0.987654321, math.nan],
    mean=[0.5, math.nan],
    uncertainty_s=[7.5, math.nan],
)


def test_the_catalogue_comes_back(tmp_path: Path) -> None:
    """Start, end, label and id, to the microsecond, before 1970 too."""
    quakeml.write(tmp_path / "cat.xml", TWO)
    found = read_catalogue(tmp_path / "cat.xml")
    for name in ("event_id", "start", "end", "label"):
        for one, two in zip(found[name], TWO[name], strict=True):
            assert one == two or (pd.isna(one) and pd.isna(two))


def test_what_obspy_finds_in_it(tmp_path: Path) -> None:
    """Picks, uncertainty, channel, scores; nothing that two writes would tell differently."""
    quakeml.write(tmp_path / "cat.xml", TWO)
    one, two = obspy.read_events(str(tmp_path / "cat.xml"))
    onset, end = one.picks
    assert (onset.phase_hint, end.phase_hint) == ("onset", "end")
    assert onset.time == obspy.UTCDateTime(1971, 4, 8, 1, 2, 3, 500)
    assert (onset.evaluation_mode, onset.time_errors.uncertainty) == ("automatic", 7.5)
    assert end.time_errors.uncertainty == 7.5
    assert onset.waveform_id.get_seed_string() == "XA.S12.00.MHZ"
    assert [c.text for c in onset.comments] == ["peak score: 0.987654", "mean score: 0.5"]
    assert one.event_descriptions[0].text == "deep_mq"
    assert one.resource_id.id == "smi:local/rarewave/event/evid-1"
    (alone,) = two.picks
    assert alone.time_errors.uncertainty is None and alone.comments == []
    assert alone.resource_id.id == "smi:local/rarewave/pick/onset/evid-2"
    text = (tmp_path / "cat.xml").read_text()
    assert "http://quakeml.org/xmlns/bed/1.2" in text
    assert "creationInfo" not in text


PLACED = TWO.assign(
    latitude=[0.67, math.nan], longitude=[23.47, 1.0], model="0123456789abcdef", version="0.1.0"
).drop(columns="event_id")


@pytest.mark.parametrize("form", ["QUAKEML", "SC3ML", "SCML"])
@pytest.mark.filterwarnings("ignore:Format 'SC3ML' is deprecated")
def test_programs_that_make_events_of_origins_find_one(tmp_path: Path, form: str) -> None:
    """ObsPy's writer and reader of what SeisComP reads, both valid by their schemas."""
    quakeml.write(tmp_path / "cat.xml", PLACED)
    catalogue = obspy.read_events(str(tmp_path / "cat.xml"))
    again = tmp_path / "again.xml"
    if form == "QUAKEML":
        assert _validate(str(tmp_path / "cat.xml"))
        catalogue.write(str(again), format=form, validate=True)
    else:
        catalogue.write(str(again), format=form, validate=True)
        catalogue = obspy.read_events(str(again))
    one, two = catalogue
    origin = one.preferred_origin()
    assert (origin.latitude, origin.longitude) == (0.67, 23.47)
    assert origin.time == obspy.UTCDateTime(1971, 4, 8, 1, 2, 3, 500)
    assert (origin.evaluation_mode, origin.time_errors.uncertainty) == ("automatic", 7.5)
    assert origin.creation_info.author == "rarewave, model 0123456789abcdef"
    (arrival,) = origin.arrivals
    (onset,) = [pick for pick in one.picks if pick.phase_hint == "onset"]
    assert arrival.pick_id.id == onset.resource_id.id
    assert not two.origins and two.preferred_origin_id is None


def test_a_place_changes_nothing_of_what_is_read(tmp_path: Path) -> None:
    """Onset and end are the picks'."""
    quakeml.write(tmp_path / "a.xml", PLACED)
    quakeml.write(tmp_path / "b.xml", PLACED.drop(columns=["latitude", "longitude"]))
    one, two = (read_catalogue(tmp_path / f"{name}.xml") for name in "ab")
    pd.testing.assert_frame_equal(one.drop(columns="source"), two.drop(columns="source"))


def test_ids_are_of_channel_time_label_and_model() -> None:
    """The same for the same events in any order; others where any of these differs."""
    ids = quakeml.event_ids(PLACED)
    assert ids[0].startswith("XA.S12.00.MHZ-19710408T010203.000500-")
    assert quakeml.event_ids(PLACED[::-1])[::-1] == ids
    assert quakeml.event_ids(pd.concat([PLACED, PLACED])) == [*ids, *(f"{i}-2" for i in ids)]
    second = pd.Timedelta(seconds=1)
    for change in (
        {"channel_id": "XA.S14.00.MHZ"},
        {"start": PLACED["start"] + second},
        {"label": "other"},
        {"model": "fedcba9876543210"},
    ):
        assert not set(quakeml.event_ids(PLACED.assign(**change))) & set(ids)


def test_it_is_valid_by_the_schema(tmp_path: Path) -> None:
    """The one of QuakeML 1.2 that ObsPy brings along."""
    quakeml.write(tmp_path / "cat.xml", TWO)
    assert _validate(str(tmp_path / "cat.xml"))


def test_two_writes_give_the_same_bytes(tmp_path: Path) -> None:
    """Also of another process, and without a warning of ObsPy about ids that it has seen."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quakeml.write(tmp_path / "a.xml", TWO)
        quakeml.write(tmp_path / "b.xml", TWO)
    TWO.to_pickle(tmp_path / "events")
    code = "import sys, pandas; from rarewave.annotations.formats import quakeml; "
    code += "quakeml.write(sys.argv[2], pandas.read_pickle(sys.argv[1]))"
    arguments = [str(tmp_path / "events"), str(tmp_path / "c.xml")]
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert len({(tmp_path / f"{name}.xml").read_bytes() for name in "abc"}) == 1


moments = st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2100-01-01"))


@given(
    st.lists(
        st.tuples(
            moments,
            st.one_of(st.none(), st.integers(1, 10**11)),
            st.one_of(labels, st.sampled_from(ODD_LABELS)),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_catalogue_comes_back(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[pd.Timestamp, int | None, str]]
) -> None:
    """Any times in microseconds and any label that can be written."""
    starts = pd.to_datetime([start for start, _, _ in drawn], utc=True)
    lengths = pd.to_timedelta([length for _, length, _ in drawn], unit="us")
    events = pd.DataFrame(
        {
            "event_id": [f"e{n}" for n in range(len(drawn))],
            "start": pd.Series(starts).astype("datetime64[ns, UTC]"),
            "end": pd.Series(starts + lengths).astype("datetime64[ns, UTC]"),
            "label": [label for _, _, label in drawn],
            "channel_id": "XA.S12..MHZ",
        }
    )
    path = tmp_path_factory.mktemp("quakeml") / "cat.xml"
    quakeml.write(path, events)
    found = read_catalogue(path)
    assert list(found["label"]) == list(events["label"])
    assert list(found["event_id"]) == list(events["event_id"])
    for name in ("start", "end"):
        assert (
            found[name]
            .fillna(pd.Timestamp(0, tz="UTC"))
            .equals(events[name].fillna(pd.Timestamp(0, tz="UTC")))
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"event_id": "a b"}, "event 2 cannot be written: event_id 'a b' is not a QuakeML id"),
        ({"event_id": "01:02"}, "event 2 cannot be written: event_id '01:02'.*slash or colon"),
        ({"event_id": "x/y"}, "event 2 cannot be written: event_id 'x/y'"),
        ({"event_id": "evid-1"}, "event 2 cannot be written: event_id evid-1 stands there twice"),
        ({"label": "a\tb"}, "event 2 cannot be written: label .* has a tab"),
        ({"label": "a\x01"}, "event 2 cannot be written: label .* control character"),
        ({"label": ""}, "event 2 cannot be written: has no label"),
        ({"label": "background"}, "event 2 cannot be written: .*background"),
        ({"channel_id": "S12"}, r"event 2 cannot be written: channel_id 'S12' is not NET\.STA"),
        ({"channel_id": "..00.MHZ"}, "event 2 cannot be written: channel_id"),
        ({"start": pd.NaT}, "event 2 cannot be written: it has no start"),
        ({"end": TWO["start"][1]}, "event 2 cannot be written: it ends at .* before or at its"),
        ({"uncertainty_s": -1.0}, "event 2 cannot be written: uncertainty_s -1.0"),
    ],
)
def test_what_cannot_be_written_is_named(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    """By its event, and no file appears."""
    events = TWO.copy()
    for name, value in change.items():
        events.loc[1, name] = value
    with pytest.raises(DataError, match=rf"cat\.xml, {words}"):
        quakeml.write(tmp_path / "cat.xml", events)
    assert not list(tmp_path.iterdir())


def test_columns_and_kinds_of_time_are_checked(tmp_path: Path) -> None:
    """The column is named."""
    with pytest.raises(DataError, match=r"cat\.xml: events have no column end, label: add"):
        quakeml.write(tmp_path / "cat.xml", TWO.drop(columns=["end", "label"]))
    naive = TWO.assign(start=TWO["start"].dt.tz_localize(None))
    with pytest.raises(DataError, match=r"cat\.xml: column start is not UTC time"):
        quakeml.write(tmp_path / "cat.xml", naive)


def test_a_catalogue_without_events_is_still_quakeml(tmp_path: Path) -> None:
    """A run that found nothing leaves a file that says so."""
    quakeml.write(tmp_path / "cat.xml", TWO[:0])
    assert len(obspy.read_events(str(tmp_path / "cat.xml"))) == 0
