"""Match catalogue events with recordings, and find what does not fit."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rarewave.base.parameters import Seconds
from rarewave.base.tables import EVENTS, conform


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
    station, and is reported where it is absent. An event with an onset only, that another
    catalogue gives with its end, is that event.

    Parameters
    ----------
    catalogue : as `reading.read_catalogue` returns, several concatenated.
    recordings : table RECORDINGS.

    Returns
    -------
    The table EVENTS (certain events, and uncertain time after them), and a report of
    catalogue rows without a recording, outside every recording, and without an end.
    """
    same = ["start", "end", "label", "filename"]  # as where a catalogue is listed twice
    again = catalogue.duplicated(same)
    listed_twice = (catalogue["source"] + " row " + catalogue["row"].astype(str))[again].tolist()
    catalogue = _own_ids(_without_repeats(catalogue[~again], uncertainty.same_event_s))
    begin = recordings["start"]
    finish = begin + pd.to_timedelta(recordings["n_samples"] / recordings["sample_rate"], unit="s")
    stem = recordings["path"].map(lambda path: Path(path).stem)
    stems = set(stem)
    rows_for = catalogue.groupby("event_id")["filename"].agg(set)
    rows: list[dict[str, Any]] = []
    outside: list[str] = []
    no_recording: list[str] = []
    no_end: list[str] = []
    for event in catalogue.sort_values(["start", "event_id"]).to_dict("records"):
        open_ended = pd.isna(event["end"])
        tail = pd.Timedelta(seconds=uncertainty.unknown_end_s if open_ended else uncertainty.coda_s)
        last = event["start"] if open_ended else event["end"]
        hits = recordings[(begin < last + tail) & (finish > event["start"])]
        named = stem.loc[hits.index].isin(rows_for[event["event_id"]] - {event["filename"]})
        hits = hits[~named]  # those have a row of their own for this event
        name = f"{event['source']} row {event['row']} ({event['event_id']})"
        if open_ended:
            no_end.append(name)
        if not len(hits):
            known = event["filename"] == "" or event["filename"] in stems
            (outside if known else no_recording).append(name)
        for recording in hits.to_dict("records"):
            rows += _rows(event, recording, last, tail)
    report = {
        "catalogue_rows": len(catalogue),
        "outside_every_recording": outside,
        "recording_absent": no_recording,
        "without_end": no_end,
        "listed_twice": listed_twice,
    }
    return conform(pd.DataFrame(rows, columns=list(EVENTS)), EVENTS, "events"), report


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
    }
    rows = []
    if pd.notna(event["end"]) and offset > 0 and onset < length:
        rows.append(common | {"onset_s": onset, "offset_s": offset, "certain": True})
    if tail > pd.Timedelta(0):
        until = offset + tail.total_seconds()
        rows.append(common | {"onset_s": offset, "offset_s": until, "certain": False})
    return rows


def _own_ids(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Ids that two catalogues give to different events are told apart by the catalogue's name."""
    shared = catalogue.groupby("event_id")["source"].transform("nunique") > 1
    with_source = catalogue["source"] + ":" + catalogue["event_id"]
    return catalogue.assign(event_id=catalogue["event_id"].where(~shared, with_source))


def _without_repeats(catalogue: pd.DataFrame, same_event_s: float) -> pd.DataFrame:
    """Drop onset-only rows of one source that another source gives with an end."""
    ends = catalogue[catalogue["end"].notna()]
    keep = []
    for event in catalogue.to_dict("records"):
        near = (ends["start"] - event["start"]).abs() <= pd.Timedelta(seconds=same_event_s)
        elsewhere = ends["source"] != event["source"]
        keep.append(pd.notna(event["end"]) or not (near & elsewhere).any())
    return catalogue[keep]
