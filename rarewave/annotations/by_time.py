"""Match catalogue events with recordings, and find what does not fit."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.annotations import by_station
from rarewave.base.parameters import Seconds
from rarewave.base.tables import EVENTS, conform
from rarewave.recordings.seismic import name_of


@dataclass(frozen=True)
class Uncertainty:
    """Time that is neither event nor background.

    `unknown_end_s`: how long an event without an end makes what follows uncertain;
    `coda_s`: how long the time after an end stays uncertain; `same_event_s`: onsets closer
    than this in two catalogues are one event.
    """

    unknown_end_s: Seconds
    coda_s: Seconds
    same_event_s: Seconds


def match_events(
    catalogue: pd.DataFrame, recordings: pd.DataFrame, uncertainty: Uncertainty
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Events in seconds from the start of each recording that they touch.

    An event belongs to every recording that its time overlaps, so that one quake at two
    stations is two rows with one `event_id`. Times decide, for file names in the wild are often
    stale; the file that a catalogue names tells which row is meant where an event has one for each
    station, and is reported where it is absent. Where it has times for each station, a recording
    has those of its own; at a station that an event does not name, its time is uncertain. An
    event with an onset only, that another catalogue gives with its end, is that event.

    Parameters
    ----------
    catalogue : as `reading.read_catalogue` returns, several concatenated.
    recordings : table RECORDINGS.

    Returns
    -------
    The table EVENTS (certain events, and uncertain time after them), and a report of
    catalogue rows without a recording, outside every recording, and without an end.
    """
    same = ["start", "end", "label", "filename", "station"]  # as where a catalogue is listed twice
    again = catalogue.duplicated(same)
    listed_twice = (catalogue["source"] + " row " + catalogue["row"].astype(str))[again].tolist()
    catalogue = _own_ids(_without_repeats(catalogue[~again], uncertainty.same_event_s))
    count = len(catalogue[["source", "row"]].drop_duplicates())
    catalogue, stations = by_station.divided(catalogue, recordings["channel"])
    touched = _Recordings(recordings)
    stem = [name_of(Path(path)) for path in recordings["path"]]
    given = recordings.to_dict("records")
    rows_for, told = _files_of(catalogue), _Told(set(stem))
    open_tail, coda = (
        pd.Timedelta(seconds=s) for s in (uncertainty.unknown_end_s, uncertainty.coda_s)
    )
    rows: list[dict[str, Any]] = []
    for event in catalogue.sort_values(["start", "event_id"]).to_dict("records"):
        open_ended = pd.isna(event["end"])
        tail = open_tail if open_ended else coda
        last = event["start"] if open_ended else event["end"]
        # Those that are named elsewhere have a row of their own for this event.
        named = rows_for[event["event_id"]] - {event["filename"]}
        near = touched.between(event["start"], last + tail)
        hits = [k for k in near if stem[k] not in named and stations.hears(k, event)]
        told.note(event, bool(hits))
        elsewhere = event["station"] == by_station.ELSEWHERE
        for hit in hits:
            made = _rows(event, given[hit], last, tail)
            rows += [row | {"certain": row["certain"] and not elsewhere} for row in made]
    report = {"catalogue_rows": count, **told.report(), "listed_twice": listed_twice}
    return conform(pd.DataFrame(rows, columns=list(EVENTS)), EVENTS, "events"), report


class _Told:
    """What is said of events that do not fit; one with times of stations is said once."""

    def __init__(self, stems: set[str]) -> None:
        self.stems = stems
        self.found: set[str] = set()
        self.outside: dict[str, str] = {}
        self.absent: dict[str, str] = {}
        self.no_end: dict[str, str] = {}

    def note(self, event: Mapping[Hashable, Any], hit: bool) -> None:
        """Whether a row of a catalogue touches any recording."""
        name = f"{event['source']} row {event['row']} ({event['event_id']})"
        key = event["event_id"] if event["station"] else name
        if pd.isna(event["end"]) and event["station"] != by_station.ELSEWHERE:
            self.no_end[name] = name
        if hit:
            self.found.add(key)
        else:
            known = event["filename"] == "" or event["filename"] in self.stems
            (self.outside if known else self.absent).setdefault(key, name)

    def report(self) -> dict[str, list[str]]:
        """Rows outside of every recording, of absent recordings, and without an end."""
        lost = {"outside_every_recording": self.outside, "recording_absent": self.absent}
        return {
            finding: [name for key, name in names.items() if key not in self.found]
            for finding, names in lost.items()
        } | {"without_end": [*self.no_end]}


class _Recordings:
    """Recordings in order of their starts, so that those around a time are found at once."""

    def __init__(self, recordings: pd.DataFrame) -> None:
        seconds = recordings["n_samples"] / recordings["sample_rate"]
        begin, end = (
            _ns(recordings["start"]),
            _ns(recordings["start"] + pd.to_timedelta(seconds, unit="s")),
        )
        known = np.flatnonzero(recordings["start"].notna())
        self.row = known[np.argsort(begin[known], kind="stable")]
        self.begin, self.end = begin[self.row], end[self.row]
        self.reached = np.maximum.accumulate(self.end)

    def between(self, start: pd.Timestamp, stop: pd.Timestamp) -> list[int]:
        """Rows of the recordings that begin before `stop` and end after `start`, in order."""
        one = np.searchsorted(self.reached, start.value, side="right")
        two = np.searchsorted(self.begin, stop.value)
        inside = self.end[one:two] > start.value
        return sorted(self.row[one:two][inside].tolist())


def _ns(times: "pd.Series[pd.Timestamp]") -> NDArray[np.int64]:
    """Nanoseconds since 1970."""
    return times.to_numpy("datetime64[ns]").astype(np.int64)


def _rows(
    event: Mapping[Hashable, Any],
    recording: Mapping[Hashable, Any],
    last: pd.Timestamp,
    tail: pd.Timedelta,
) -> list[dict[str, Any]]:
    """Rows of an event in one recording: it itself, if its end is known, and the doubt after it.

    Parameters
    ----------
    last : its end, or its start where no end is known.
    tail : how long what follows is uncertain.
    """
    length = recording["n_samples"] / recording["sample_rate"]
    onset = (event["start"] - recording["start"]).total_seconds()
    offset = (last - recording["start"]).total_seconds()
    common = {
        "event_id": event["event_id"],
        "recording_id": recording["recording_id"],
        "low_hz": float("nan"),
        "high_hz": float("nan"),
        "label": event["label"],
        "weak": False,
    }
    rows = []
    if pd.notna(event["end"]) and offset > 0 and onset < length:
        rows.append(common | {"onset_s": onset, "offset_s": offset, "certain": True})
    if tail > pd.Timedelta(0):
        until = offset + tail.total_seconds()
        rows.append(common | {"onset_s": offset, "offset_s": until, "certain": False})
    return rows


def _files_of(catalogue: pd.DataFrame) -> dict[str, set[str]]:
    """The files that the rows of each event name."""
    found: dict[str, set[str]] = {}
    for event_id, filename in zip(catalogue["event_id"], catalogue["filename"], strict=True):
        found.setdefault(event_id, set()).add(filename)
    return found


def _own_ids(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Ids that two catalogues give to different events are told apart by the catalogue's name."""
    shared = catalogue.groupby("event_id")["source"].transform("nunique") > 1
    with_source = catalogue["source"] + ":" + catalogue["event_id"]
    return catalogue.assign(event_id=catalogue["event_id"].where(~shared, with_source))


def _without_repeats(catalogue: pd.DataFrame, same_event_s: float) -> pd.DataFrame:
    """Drop onset-only rows of one source that another source gives with an end."""
    start, near = _ns(catalogue["start"]), pd.Timedelta(seconds=same_event_s).value
    has_end, source = catalogue["end"].notna().to_numpy(), catalogue["source"].to_numpy()

    def counted(rows: NDArray[np.bool_], of: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many events with an end among `rows` begin near each event of `of`."""
        starts = np.sort(start[rows & has_end])
        after = np.searchsorted(starts, start[of] + near, side="right")
        return after - np.searchsorted(starts, start[of] - near)

    everywhere = np.ones(len(catalogue), bool)
    elsewhere = counted(everywhere, everywhere)
    for name in pd.unique(source):
        mine = source == name
        elsewhere[mine] -= counted(mine, mine)
    return catalogue[has_end | (elsewhere == 0)]
