"""What a catalogue, and an annotator, say nothing of."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest

from rarewave.annotations import doubt, span
from rarewave.base.errors import DataError
from rarewave.base.tables import EVENTS, conform


def recordings(*starts: str | None, hours: float = 12.0) -> pd.DataFrame:
    """Recordings of so many hours, `a`, `b` and so on."""
    table = pd.DataFrame({"recording_id": list("abcdefg")[: len(starts)]})
    table["path"] = table["recording_id"] + ".mseed"
    table["start"] = pd.to_datetime(list(starts), utc=True)
    return table.assign(sample_rate=1.0, n_samples=int(hours * 3600), labelled=True)


def events(*rows: tuple[str, float, float, str]) -> pd.DataFrame:
    """Table EVENTS of recording, onset, offset and label."""
    table = pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label"])
    table = table.assign(low_hz=np.nan, high_hz=np.nan, certain=True, weak=False)
    return conform(table.assign(event_id=[f"e{k}" for k in range(len(table))]), EVENTS, "events")


def catalogue(*starts: str) -> pd.DataFrame:
    """Of events that begin then."""
    times = pd.to_datetime(list(starts), utc=True)
    end = pd.to_datetime([None] * len(times), utc=True)
    return pd.DataFrame({"start": times, "end": end, "source": "one.csv"})


def test_a_recording_of_other_years_is_unlabelled(capsys: pytest.CaptureFixture[str]) -> None:
    """A catalogue of April 1971 says nothing of 1975, nor of what has no time; it is said aloud."""
    listed = recordings("1971-04-08T06:00", "1975-01-01T00:00", None, "1971-04-10T20:00")
    given = catalogue("1971-04-08T10:05", "1971-04-10T21:00")
    found, table, report = span.within(given, listed, events(), None)
    assert table["labelled"].tolist() == [True, False, False, True]
    assert report["outside_the_catalogue_span"] == ["b.mseed", "c.mseed"]
    assert "1971-04-08T00:00 to 1971-04-11T00:00" in capsys.readouterr().out
    # The last one runs on for eight hours behind the last day: nobody knows what is there.
    assert found[["recording_id", "onset_s", "offset_s", "certain"]].to_numpy().tolist() == [
        ["d", 4 * 3600, 12 * 3600, False]
    ]


def test_a_span_can_be_declared() -> None:
    """Then quiet days at its ends are background, and a part of a recording may lie outside."""
    listed = recordings("1971-01-05T00:00", "1971-12-31T18:00", "1972-06-01T00:00")
    declared = (pd.Timestamp("1971-01-01", tz="UTC"), pd.Timestamp("1972-01-01", tz="UTC"))
    known = events(("b", 100, 200, "deep"))
    found, table, _ = span.within(catalogue("1971-12-31T18:01"), listed, known, declared)
    assert table["labelled"].tolist() == [True, True, False]
    assert found["certain"].tolist() == [True, False]
    assert found.loc[1, ["onset_s", "offset_s"]].tolist() == [6 * 3600, 12 * 3600]


@pytest.mark.parametrize("starts", [["1990-01-01"], []])
def test_a_catalogue_that_says_nothing_of_any_recording_is_refused(starts: Iterable[str]) -> None:
    """By name of what to change."""
    with pytest.raises(DataError, match=r"ingest\.catalogue_span"):
        span.within(catalogue(*starts), recordings("1971-01-05"), events(), None)


def test_labels_that_say_nobody_knows() -> None:
    """Uncertain by name; behind the mark that ends annotation everything is."""
    known = events(
        ("a", 10, 20, "call"), ("a", 30, 40, "unsure"), ("b", 5, 6, "end"), ("b", 1, 2, "call"),
        ("b", 50, 60, "call"),
    )  # fmt: skip
    found = doubt.marked(known, recordings("1971-01-05", "1971-01-06"), {"unsure"}, "end")
    columns = ["recording_id", "onset_s", "offset_s", "label", "certain"]
    assert found[columns].to_numpy().tolist() == [
        ["a", 10, 20, "call", True],
        ["a", 30, 40, "unsure", False],
        ["b", 1, 2, "call", True],
        ["b", 5, 12 * 3600, "end", False],
    ]
    pd.testing.assert_frame_equal(doubt.marked(known, recordings("1971-01-05"), (), None), known)


def test_catalogues_speak_each_of_its_own_time() -> None:
    """Not of the years between them; what lies between within a recording is uncertain."""
    given = pd.concat([catalogue("1971-04-08"), catalogue("1975-01-01").assign(source="two.csv")])
    listed = recordings("1971-04-08T18:00", "1973-01-01T00:00", "1975-01-01T00:00")
    found, table, _ = span.within(given, listed, events(), None)
    assert table["labelled"].tolist() == [True, False, True]
    assert found[["recording_id", "onset_s", "offset_s"]].to_numpy().tolist() == [
        ["a", 6 * 3600, 12 * 3600]
    ]
    assert found["event_id"].is_unique


def test_a_misspelt_label_of_doubt_is_refused() -> None:
    """What it should have marked would be learnt as sure."""
    known = events(("a", 30, 40, "unsure"))
    for labels, until in (({"unsre"}, None), ((), "stopp")):
        with pytest.raises(DataError, match="there are unsure"):
            doubt.marked(known, recordings("1971-01-05"), labels, until)
