"""Seismic events as QuakeML 1.2."""

import hashlib
import re
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rarewave.annotations.cells import nanoseconds
from rarewave.annotations.table import bad_label
from rarewave.base import xml
from rarewave.base.errors import DataError
from rarewave.base.files import whole
from rarewave.base.tables import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from obspy.core.event import Event

_ID = re.compile(r"[A-Za-z0-9\-.*()+?_~'=,;#&]+")
_ENDS = ("end", "coda")  # phase hints of picks of an end
_ROOT = "smi:local/rarewave"
_FIRST_NS = pd.Timestamp(f"{FIRST_YEAR}-01-01", tz="UTC").value
_LAST_NS = pd.Timestamp(f"{LAST_YEAR}-12-31", tz="UTC").value
_SCORES = {"peak": "peak score", "mean": "mean score", "threshold": "threshold"}
_SCORES |= {"uncertainty": "uncertainty (bits)", "novelty": "novelty (0 to 1)"}


def looks_like(path: Path) -> bool:
    """Whether a file is meant to be QuakeML: its name says so."""
    return path.suffix.lower() in (".xml", ".qml", ".quakeml")


def read(path: Path) -> pd.DataFrame:
    """Events of a QuakeML file, as `reading.read_catalogue` returns them but for its checks.

    A row for each station that picks name, with its own onset (the earliest pick) and end (the
    last pick whose phase hint is `end` or `coda`, its own or of no station). An event without a
    pick of a station is one row: the earliest pick, else the origin.
    """
    import obspy

    document, count = xml.document(path, "event", "see ingest.label_files")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it leaves out is counted below
            events = obspy.read_events(document, format="QUAKEML")
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} is not QuakeML ({reason}): write it as QuakeML 1.2") from None
    if len(events) < count:
        raise DataError(
            f"{path}: {count - len(events)} of {count} events are not of QuakeML 1.2, as where "
            "their type is none of its words: correct them"
        )
    rows = []
    for number, event in enumerate(events, start=1):
        spans = _spans(event, f"{path}, event {number}")
        label = event.event_type or "event"
        if event.event_descriptions:
            label = event.event_descriptions[0].text or label
        rows += [
            {
                "event_id": str(event.resource_id).rsplit("/", 1)[-1],
                "start": pd.Timestamp(start.ns, tz="UTC"),
                "end": pd.NaT if end is None else pd.Timestamp(end.ns, tz="UTC"),
                "label": label,
                "filename": "",
                "station": station,
                "row": number,
                "source": path.name,
            }
            for station, start, end in spans
        ]
    if not rows:
        raise DataError(f"{path} holds no event: a catalogue needs at least one")
    table = pd.DataFrame(rows)
    for column in ("start", "end"):
        table[column] = nanoseconds(pd.to_datetime(table[column], utc=True), table["row"], path)
    return table


def _spans(event: "Event", where: str) -> list[tuple[str, Any, Any]]:
    """Station (`NET.STA`; empty: of all), onset and end (None: not known) of an event."""
    onsets: dict[str, list[Any]] = {}
    ends: dict[str, list[Any]] = {}
    for pick in event.picks:
        _check_time(pick.time, where)
        known = pick.waveform_id
        station = (known.station_code if known else None) or ""
        name = f"{known.network_code or ''}.{station}" if station else ""
        kind = ends if (pick.phase_hint or "").lower() in _ENDS else onsets
        kind.setdefault(name, []).append(pick.time)
    stations = sorted(name for name in onsets if name)
    if stations:
        last = {name: max(ends.get(name) or ends.get("") or [None]) for name in stations}
        return [(name, min(onsets[name]), last[name]) for name in stations]
    first = onsets.get("") or [origin.time for origin in event.origins]
    if not first:
        raise DataError(f"{where}: neither a pick nor an origin gives its time: add one")
    for time in first:
        _check_time(time, where)
    closing = [time for times in ends.values() for time in times]
    return [("", min(first), max(closing) if closing else None)]


def _check_time(time: Any, where: str) -> None:
    if time is None:
        raise DataError(f"{where}: a time is missing or cannot be read: write 1971-04-08T09:04:00Z")
    if not _FIRST_NS <= time.ns < _LAST_NS:
        raise DataError(
            f"{where}: a time lies outside of {FIRST_YEAR} to {LAST_YEAR}: it is no time of a "
            "recording; correct it"
        )


def check_recording(path: Path, start: pd.Timestamp | None, channel_id: str) -> None:
    """Raise `DataError` where the events of a recording could not be written."""
    if pd.isna(start):
        raise DataError(
            f"{path} has no start time, and QuakeML needs one: give --start-pattern, or "
            "another format"
        )
    if channel_id.count(".") != 3:
        raise DataError(
            f"{path} has no channel NET.STA.LOC.CHA, and QuakeML needs one: choose another format"
        )


def write(path: Path, events: pd.DataFrame) -> None:
    """Write one Event a row, with an automatic pick of its onset and, where known, of its end.

    Times are rounded to the microsecond, which is what ObsPy writes. Resource ids come from
    event_id and no clock is read: the same events give the same bytes.

    An event whose station has a place gets an automatic origin there, at the onset, its epicentre
    marked as fixed: nothing was located, but programs that make events of origins (SeisComP) take
    it. QuakeML and SCML know no origin without a place, so the others have picks alone.

    Parameters
    ----------
    events: start, end (UTC; end NaT where unknown), label and channel_id (`NET.STA.LOC.CHA`);
        perhaps event_id (else made of channel, start, end, label and model: see `event_ids`),
        latitude and longitude of the station (degrees, NaN where unknown), uncertainty_s (of both
        times, s); the scores peak and mean, the threshold, uncertainty, novelty and the reason to
        review it, which become comments of the pick of the onset; model (a digest) and version of
        the program, which stand at what they made.

    Raises
    ------
    DataError
        A column is missing, a time is not UTC, an end is not after its start, an id is not
        unique or has signs that QuakeML forbids, a channel or label that cannot be written.
        The event is counted from 1.
    """
    from obspy.core.event import Catalog, ResourceIdentifier

    columns = ("start", "end", "label", "channel_id")
    missing = [name for name in columns if name not in events]
    if missing:
        raise DataError(f"{path}: events have no column {', '.join(missing)}: add it")
    for name in ("start", "end"):
        if not isinstance(events[name].dtype, pd.DatetimeTZDtype):
            raise DataError(f"{path}: column {name} is not UTC time: give it as such")
    table = events.reset_index(drop=True)
    for name in ("start", "end"):
        table[name] = table[name].dt.tz_convert("UTC").dt.round("us")
    if "event_id" not in table:
        table["event_id"] = event_ids(table)
    for row, event in enumerate(table.to_dict("records"), start=1):
        mistake = _mistake({str(key): value for key, value in event.items()})
        if mistake:
            raise DataError(f"{path}, event {row} cannot be written: {mistake}")
    twice = np.flatnonzero(table["event_id"].duplicated())
    if len(twice):
        raise DataError(
            f"{path}, event {twice[0] + 1} cannot be written: event_id "
            f"{table['event_id'][twice[0]]} stands there twice: give every event its own"
        )
    catalog = Catalog(
        [_event({str(k): v for k, v in row.items()}) for row in table.to_dict("records")],
        resource_id=ResourceIdentifier(f"{_ROOT}/catalogue/{_hash(table['event_id'])}"),
    )
    with whole(path) as part:
        catalog.write(str(part), format="QUAKEML")


def event_ids(events: pd.DataFrame) -> list[str]:
    """Ids that stay the same from run to run, and differ between stations, classes and models.

    An event that stands there twice (a recording given twice) gets a number.
    """
    made: dict[str, int] = {}
    ids = []
    for event in events.to_dict("records"):
        about = [event["channel_id"], event["start"], event["end"], event["label"]]
        channel = re.sub(r"[^A-Za-z0-9.-]", "_", str(event["channel_id"]))
        time = "" if pd.isna(event["start"]) else f"{event['start']:%Y%m%dT%H%M%S.%f}"
        name = f"{channel}-{time}-{_hash([*about, event.get('model', '')])}"
        made[name] = made.get(name, 0) + 1
        ids.append(name if made[name] == 1 else f"{name}-{made[name]}")
    return ids


def _hash(values: Iterable[object]) -> str:
    text = "\t".join(map(str, values))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _mistake(event: dict[str, Any]) -> str:
    if not isinstance(event["event_id"], str) or not _ID.fullmatch(event["event_id"]):
        return (
            f"event_id {event['event_id']!r} is not a QuakeML id: use letters, digits, - . _ and "
            "no space, slash or colon"
        )
    if pd.isna(event["start"]):
        return "it has no start: write it or leave the event out"
    if event["end"] <= event["start"]:
        return f"it ends at {event['end']} before or at its start {event['start']}: correct them"
    channel = event["channel_id"]
    if not isinstance(channel, str) or channel.count(".") != 3 or not all(_net_sta_cha(channel)):
        return f"channel_id {channel!r} is not NET.STA.LOC.CHA: write it so"
    uncertainty = event.get("uncertainty_s", np.nan)
    if np.isinf(uncertainty) or uncertainty < 0:
        return f"uncertainty_s {uncertainty} is not a time from 0: correct it"
    return bad_label(event["label"])


def _net_sta_cha(channel_id: str) -> list[str]:
    network, station, _, channel = channel_id.split(".")
    return [network, station, channel]


def _event(event: dict[str, Any]) -> "Event":
    from obspy.core.event import Comment, Event, EventDescription, ResourceIdentifier

    def name(kind: str) -> ResourceIdentifier:
        return ResourceIdentifier(f"{_ROOT}/{kind}/{event['event_id']}")

    onset = _pick(event, "start", "onset", name("pick/onset"))
    for column, words in _SCORES.items():
        if not pd.isna(event.get(column, np.nan)):
            text = f"{words}: {event[column]:.6g}"
            onset.comments.append(Comment(text=text, resource_id=name(f"comment/{column}")))
    if event.get("reason"):
        text = f"to review: {event['reason']}"
        onset.comments.append(Comment(text=text, resource_id=name("comment/review")))
    picks = [onset]
    if not pd.isna(event["end"]):
        picks.append(_pick(event, "end", "end", name("pick/end")))
    made = Event(
        resource_id=name("event"),
        event_descriptions=[EventDescription(text=event["label"])],
        picks=picks,
        creation_info=_made_by(event),
    )
    if not pd.isna([event.get("latitude", np.nan), event.get("longitude", np.nan)]).any():
        made.origins = [_origin(event, onset, name)]
        made.preferred_origin_id = made.origins[0].resource_id
    return made


def _origin(event: dict[str, Any], onset: Any, name: Callable[[str], Any]) -> Any:
    """The station's place at the onset."""
    from obspy.core.event import Arrival, Comment, Origin

    words = "the place is the station's: detected, not located"
    return Origin(
        resource_id=name("origin"),
        time=onset.time,
        time_errors=onset.time_errors,
        latitude=event["latitude"],
        longitude=event["longitude"],
        epicenter_fixed=True,
        method_id=onset.method_id,
        evaluation_mode="automatic",
        creation_info=onset.creation_info,
        comments=[Comment(text=words, resource_id=name("comment/origin"))],
        arrivals=[
            Arrival(
                resource_id=name("arrival/onset"),
                pick_id=onset.resource_id,
                phase="onset",
                creation_info=onset.creation_info,
            )
        ],
    )


def _made_by(event: dict[str, Any]) -> Any:
    """The program, its version and the model; None where they are not known. No clock."""
    from obspy.core.event import CreationInfo

    model, version = event.get("model", ""), event.get("version", "")
    if not model and not version:
        return None
    author = f"rarewave, model {model}" if model else "rarewave"
    return CreationInfo(author=author, version=version or None)


def _pick(event: dict[str, Any], column: str, phase_hint: str, resource_id: Any) -> Any:
    from obspy import UTCDateTime
    from obspy.core.event import Pick, QuantityError, ResourceIdentifier, WaveformStreamID

    uncertainty, model = event.get("uncertainty_s", np.nan), event.get("model", "")
    return Pick(
        resource_id=resource_id,
        time=UTCDateTime(ns=event[column].as_unit("ns").value),
        time_errors=QuantityError() if pd.isna(uncertainty) else QuantityError(uncertainty),
        waveform_id=WaveformStreamID(seed_string=event["channel_id"]),
        method_id=ResourceIdentifier("/".join(filter(None, (f"{_ROOT}/detector", model)))),
        phase_hint=phase_hint,
        evaluation_mode="automatic",
        creation_info=_made_by(event),
    )
