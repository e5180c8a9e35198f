"""Events find the recordings that hold them; what does not fit is reported by row."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from obspy import Trace, UTCDateTime
from support.speed import processor_seconds

from rarewave.annotations import by_time
from rarewave.annotations.by_time import Uncertainty
from rarewave.base.tables import EVENTS, conform
from rarewave.recordings import repeats, seismic

ZERO = pd.Timestamp("1971-04-08", tz="UTC")
RULES = Uncertainty(unknown_end_s=3600.0, coda_s=600.0, same_event_s=120.0)


def recording_table(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """Recordings of (name, station, start in s after ZERO, length in s) at 10 Hz."""
    return pd.DataFrame(
        {
            "recording_id": [r[0] for r in rows],
            "path": [f"day/{r[0]}.mseed" for r in rows],
            "channel": [f"XA.{r[1]}.00.MHZ" for r in rows],
            "start": [ZERO + pd.Timedelta(seconds=r[2]) for r in rows],
            "sample_rate": 10.0,
            "n_samples": [round(r[3] * 10) for r in rows],
            "group": "g",
            "content": [r[0] for r in rows],
        }
    )


def catalogue_of(*rows: tuple[str, float, float | None], source: str = "a.csv") -> pd.DataFrame:
    """Events of (id, onset, end) in seconds after ZERO."""

    def utc(seconds: list[float | None]) -> pd.Series:
        times = [pd.NaT if s is None else ZERO + pd.Timedelta(seconds=s) for s in seconds]
        return pd.Series(pd.to_datetime(times, utc=True).astype("datetime64[ns, UTC]"))

    return pd.DataFrame(
        {
            "event_id": [r[0] for r in rows],
            "start": utc([r[1] for r in rows]),
            "end": utc([r[2] for r in rows]),
            "label": "deep",
            "filename": "",
            "station": "",
            "row": range(2, len(rows) + 2),
            "source": source,
        }
    )


def spans(events: pd.DataFrame) -> list[tuple[str, str, float, float, bool]]:
    """The rows of a table of events, sorted."""
    columns = ["event_id", "recording_id", "onset_s", "offset_s", "certain"]
    return sorted(events[columns].itertuples(index=False, name=None))


def test_an_event_at_two_stations_is_two_rows_of_one_id() -> None:
    """Times count from the start of each recording, and the coda follows as uncertain."""
    table = recording_table(("p", "S12", 0, 10000), ("q", "S14", 500, 10000))
    events, report = by_time.match_events(catalogue_of(("e", 1000, 2000)), table, RULES)
    assert spans(events) == [
        ("e", "p", 1000.0, 2000.0, True),
        ("e", "p", 2000.0, 2600.0, False),
        ("e", "q", 500.0, 1500.0, True),
        ("e", "q", 1500.0, 2100.0, False),
    ]
    assert report["outside_every_recording"] == []
    conform(events, EVENTS, "events")  # it fits the declared table


def test_an_event_across_two_recordings_is_in_both() -> None:
    """As at midnight between two day files."""
    table = recording_table(("p", "S12", 0, 1000), ("q", "S12", 1000, 5000))
    events, _ = by_time.match_events(catalogue_of(("e", 900, 1500)), table, RULES)
    certain = spans(events[events["certain"]])
    assert certain == [("e", "p", 900.0, 1500.0, True), ("e", "q", -100.0, 500.0, True)]
    doubt = spans(events[~events["certain"]])
    assert ("e", "q", 500.0, 1100.0, False) in doubt


def test_an_event_without_an_end_is_uncertain_from_its_onset() -> None:
    """It never counts as an event, and is reported."""
    table = recording_table(("p", "S12", 0, 10000))
    events, report = by_time.match_events(catalogue_of(("e", 1000, None)), table, RULES)
    assert spans(events) == [("e", "p", 1000.0, 4600.0, False)]
    assert report["without_end"] == ["a.csv row 2 (e)"]


def test_only_the_coda_may_reach_a_recording() -> None:
    """A recording that begins after the end of an event begins with uncertain time."""
    table = recording_table(("p", "S12", 2100, 1000))
    events, report = by_time.match_events(catalogue_of(("e", 1000, 2000)), table, RULES)
    assert spans(events) == [("e", "p", -100.0, 500.0, False)]
    assert report["outside_every_recording"] == []


def test_no_coda_leaves_the_event_alone() -> None:
    """With coda_s 0 there is no uncertain row."""
    table = recording_table(("p", "S12", 0, 10000))
    rules = Uncertainty(0.0, 0.0, 0.0)
    events, _ = by_time.match_events(catalogue_of(("e", 1000, 2000)), table, rules)
    assert spans(events) == [("e", "p", 1000.0, 2000.0, True)]


def test_an_event_outside_and_one_of_an_absent_file_are_told_apart() -> None:
    """A stale file name is no reason to lose an event whose time is there."""
    table = recording_table(("p", "S12", 0, 10000))
    catalogue = catalogue_of(("in", 1000, 2000), ("out", 50000, 51000), ("absent", 60000, 61000))
    catalogue["filename"] = ["gone_with_stale_name", "p", "gone"]
    events, report = by_time.match_events(catalogue, table, RULES)
    assert set(events["event_id"]) == {"in"}
    assert report["outside_every_recording"] == ["a.csv row 3 (out)"]
    assert report["recording_absent"] == ["a.csv row 4 (absent)"]
    assert report["catalogue_rows"] == 3


def test_a_recording_without_a_start_holds_no_event() -> None:
    """Times in UTC cannot be matched with it."""
    table = recording_table(("p", "S12", 0, 10000))
    table.loc[0, "start"] = pd.NaT
    events, report = by_time.match_events(catalogue_of(("e", 1000, 2000)), table, RULES)
    assert len(events) == 0
    assert report["outside_every_recording"] == ["a.csv row 2 (e)"]


def test_an_onset_that_another_catalogue_gives_with_its_end_is_that_event() -> None:
    """Within same_event_s; farther away, or in the same catalogue, it is another."""
    table = recording_table(("p", "S12", 0, 100000))
    full = catalogue_of(("full", 1000, 2000), ("own", 30000, 31000))
    onsets = catalogue_of(("same", 1120, None), ("other", 1121, None), source="b.csv")
    inside = catalogue_of(("nearby", 30010, None))
    catalogue = pd.concat([full, onsets, inside], ignore_index=True)
    events, report = by_time.match_events(catalogue, table, RULES)
    assert set(events["event_id"]) == {"full", "own", "other", "nearby"}
    assert len(report["without_end"]) == 2


def test_repeated_recordings_are_found() -> None:
    """Same samples, rate and start; the first one stays."""
    table = recording_table(("p", "S12", 0, 10), ("q", "S12", 0, 10), ("r", "S12", 0, 10))
    table["content"], table["labelled"] = ["x", "y", "x"], True
    assert repeats.duplicates(table) == [("p", "r")]
    table["labelled"] = [False, True, True]
    assert repeats.duplicates(table) == [("r", "p")]  # the labels are not lost
    table["labelled"] = False
    assert repeats.duplicates(table) == [("p", "r")]
    table.loc[2, "start"] = ZERO + pd.Timedelta(seconds=1)
    assert repeats.duplicates(table) == []


def test_recordings_that_share_time_are_found_by_channel() -> None:
    """Each pair once; touching ends share nothing; another station does not count."""
    table = recording_table(
        ("a", "S12", 0, 1000), ("b", "S12", 900, 1000), ("c", "S12", 1000, 500),
        ("d", "S14", 900, 1000), ("e", "S12", 5000, 10),
    )  # fmt: skip
    assert repeats.overlaps(table) == [("a", "b"), ("b", "c")]


def test_recorders_at_one_time_do_not_overlap() -> None:
    """Sound: other folders, or other names before the time, are other places."""
    table = recording_table(*((name, "x", 0, 100) for name in "abcd"))
    table["channel"] = "1"
    table["path"] = ["A/20240301_06.wav", "B/20240301_06.wav", "B/x20240301_06.wav",
                     "B/x20240301_07.wav"]  # fmt: skip
    assert repeats.overlaps(table) == [("c", "d")]


def test_files_that_follow_each_other_do_not_overlap(
    tmp_path: Path, noise: Callable[..., np.ndarray]
) -> None:
    """miniSEED rounds times to the microsecond: less than a sample is no overlap."""
    wave = noise(4000).astype(np.int32)
    rows = []
    for part, cut in enumerate((0, 1001, 2003, 3000)):
        samples = wave[cut : (1001, 2003, 3000, 4000)[part]]
        header = {"station": "S12", "sampling_rate": 6.625}
        header["starttime"] = UTCDateTime(1971, 4, 8) + cut / 6.625
        Trace(samples, header).write(str(tmp_path / f"{part}.mseed"), format="MSEED")
        (found,) = seismic.read_file(tmp_path / f"{part}.mseed")
        rows.append(found._asdict() | {"n_samples": len(found.samples), "path": f"{part}.mseed"})
    assert repeats.overlaps(pd.DataFrame(rows)) == []


@pytest.mark.parametrize("extra", [1, 7])
def test_a_shared_sample_is_an_overlap(extra: int) -> None:
    """One whole sample is enough."""
    table = recording_table(("a", "S12", 0, 100), ("b", "S12", 100 - extra / 10, 100))
    assert repeats.overlaps(table) == [("a", "b")]


def test_a_row_for_each_station_keeps_its_own_arrival() -> None:
    """One id, two rows that name their file: each recording takes its own row only."""
    table = recording_table(("s12", "S12", 0, 5000), ("s15", "S15", 0, 5000))
    events = catalogue_of(("q", 100, 400), ("q", 160, 500)).assign(filename=["s12", "s15"])
    found, _ = by_time.match_events(events, table, RULES)
    certain = found[found["certain"]]
    assert spans(certain) == [("q", "s12", 100.0, 400.0, True), ("q", "s15", 160.0, 500.0, True)]


def test_one_id_in_two_catalogues_stays_two_events() -> None:
    """Numbers from 1 on in both files, at different times."""
    table = recording_table(("s12", "S12", 0, 9000))
    both = [catalogue_of(("1", 100, 400)), catalogue_of(("1", 5000, 5400), source="b.csv")]
    found, _ = by_time.match_events(pd.concat(both, ignore_index=True), table, RULES)
    assert set(found["event_id"]) == {"a.csv:1", "b.csv:1"}


def test_a_long_catalogue_costs_what_its_rows_cost() -> None:
    """10,000 rows and 300 recordings in seconds; each row in the recordings that it overlaps."""
    rng = np.random.default_rng(0)
    starts, lengths = rng.uniform(0, 3e6, 10_000), rng.uniform(1, 3000, 10_000)
    lengths[::4] = np.nan
    rows = [
        (f"e{k}", s, None if np.isnan(d) else s + d)
        for k, (s, d) in enumerate(zip(starts, lengths, strict=True))
    ]
    catalogue = pd.concat(
        [catalogue_of(*rows[:5000]), catalogue_of(*rows[5000:], source="b.csv")], ignore_index=True
    )
    table = recording_table(*[(f"r{k}", "", 10_000.0 * k, 10_000.0) for k in range(300)])
    found: dict[str, pd.DataFrame] = {}

    def work() -> None:
        found["events"], _ = by_time.match_events(catalogue, table, RULES)

    assert processor_seconds(work) < 5
    certain = found["events"][found["events"]["certain"]]
    known = ~np.isnan(lengths)
    ends = starts + lengths
    wanted = (np.floor(ends / 10_000) - np.floor(starts / 10_000) + 1)[known]
    inside = (ends < 3e6)[known]
    counts = certain["event_id"].value_counts()
    names = np.array([f"e{k}" for k in np.flatnonzero(known)])[inside]
    np.testing.assert_array_equal(counts[names], wanted[inside])


def of_stations(*rows: tuple[str, str, float, float | None]) -> pd.DataFrame:
    """Events of (id, station, onset, end) in seconds after ZERO."""
    table = catalogue_of(*((name, onset, end) for name, _, onset, end in rows))
    return table.assign(station=[row[1] for row in rows], row=2)


TWO_STATIONS = recording_table(("a", "S12", 0, 9000), ("b", "S15", 0, 9000))


def test_a_recording_has_the_onset_of_its_own_station() -> None:
    """And the end; a network that is not written is any; one row each, and none outside."""
    catalogue = of_stations(("q", "XA.S12", 100, 500), ("q", ".S15", 160, 700))
    events, report = by_time.match_events(catalogue, TWO_STATIONS, RULES)
    assert spans(events[events["certain"]]) == [
        ("q", "a", 100, 500, True), ("q", "b", 160, 700, True),
    ]  # fmt: skip
    assert spans(events[~events["certain"]])[0] == ("q", "a", 500, 1100, False)
    assert report["catalogue_rows"] == 1 and report["outside_every_recording"] == []
    events, report = by_time.match_events(catalogue, TWO_STATIONS[:1], RULES)
    assert set(events["recording_id"]) == {"a"} and report["outside_every_recording"] == []
    far = of_stations(("q", "XA.S12", 1e6, 2e6), ("q", "XA.S15", 1e6, 2e6))
    _, report = by_time.match_events(far, TWO_STATIONS, RULES)
    assert report["outside_every_recording"] == ["a.csv row 2 (q)"]


def test_of_a_station_that_is_not_named_nobody_knows() -> None:
    """The time of the event is uncertain there; where none is named, it is that of all."""
    catalogue = of_stations(("q", "XA.S12", 100, 500))
    events, _ = by_time.match_events(catalogue, TWO_STATIONS, RULES)
    assert spans(events) == [
        ("q", "a", 100, 500, True), ("q", "a", 500, 1100, False),
        ("q", "b", 100, 500, False), ("q", "b", 500, 1100, False),
    ]  # fmt: skip
    elsewhere = of_stations(("q", "XB.S12", 100, 500), ("q", "XB.S15", 160, None))
    events, _ = by_time.match_events(elsewhere, TWO_STATIONS, RULES)
    assert spans(events[events["certain"]]) == [
        ("q", "a", 100, 500, True), ("q", "b", 100, 500, True),
    ]  # fmt: skip


def test_an_onset_without_an_end_at_one_station_is_uncertain_there() -> None:
    """The end at another station is not its own."""
    catalogue = of_stations(("q", "XA.S12", 100, 500), ("q", "XA.S15", 160, None))
    events, report = by_time.match_events(catalogue, TWO_STATIONS, RULES)
    assert spans(events[events["recording_id"] == "b"]) == [("q", "b", 160, 3760, False)]
    assert report["without_end"] == ["a.csv row 2 (q)"]
