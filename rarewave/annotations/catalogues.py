"""Read event catalogues: NASA Space Apps CSV, start-end CSV, QuakeML."""

import warnings
from pathlib import Path

import pandas as pd

from rarewave.base.errors import DataError

# What a catalogue says, before it is matched with recordings. `end` NaT: not known.
_COLUMNS = ["event_id", "start", "end", "label", "filename", "row", "source"]

_SPACE_APPS_TIME = "time_abs(%Y-%m-%dT%H:%M:%S.%f)"


def read_catalogue(path: Path) -> pd.DataFrame:
    """Events of one catalogue, the form told from its content.

    Returns
    -------
    A table of event_id, start and end (UTC; end NaT where unknown), label, filename (stem of
    the recording, empty where the catalogue names none), row (in the file) and source.

    Raises
    ------
    DataError
        The file is missing, has no needed column, a time that cannot be read, or an end
        before its start. File, row and fix are named.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"no catalogue {path}: see ingest.label_files")
    read = _quakeml if path.suffix.lower() in (".xml", ".qml", ".quakeml") else _csv
    table = read(path)
    backwards = table[table["end"].notna() & (table["end"] <= table["start"])]
    if len(backwards):
        bad = backwards.iloc[0]
        raise DataError(
            f"{path}, row {bad['row']}: event {bad['event_id']} ends at {bad['end']} before or at "
            f"its start {bad['start']}: correct one of them or leave the end empty"
        )
    unnamed = table["event_id"] == ""
    table.loc[unnamed, "event_id"] = [f"{path.stem}-row{row}" for row in table["row"][unnamed]]
    # One event may stand there once for each recording (station) that it names.
    repeated = table[table.duplicated(["event_id", "filename"])]
    if len(repeated):
        bad = repeated.iloc[0]
        raise DataError(
            f"{path}, row {bad['row']}: event {bad['event_id']} stands there twice: give every "
            "event its own id"
        )
    reserved = table[table["label"] == "background"]
    if len(reserved):
        raise DataError(
            f"{path}, row {reserved['row'].iloc[0]}: an event cannot be of type background: leave "
            "the row out or name its type"
        )
    return table[_COLUMNS]


def _csv(path: Path) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            # A comma at the end of every row, as spreadsheets write, is one empty column more.
            warnings.simplefilter("ignore", pd.errors.ParserWarning)
            raw = pd.read_csv(
                path,
                dtype=str,
                keep_default_na=False,
                encoding="utf-8-sig",
                index_col=False,
                skip_blank_lines=False,
            )
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason}): save it as UTF-8") from None
    except ValueError as error:
        raise DataError(f"{path} is not a CSV table ({error})") from None
    raw.columns = raw.columns.str.strip()
    raw.index += 2  # as a spreadsheet counts, the header being row 1
    raw = raw.fillna("")
    raw = raw[(raw != "").any(axis=1)]
    if not len(raw):
        raise DataError(f"{path} has no rows: a catalogue needs at least one event")
    space_apps = _SPACE_APPS_TIME in raw.columns
    if space_apps:
        names = {"event_id": "evid", "start": _SPACE_APPS_TIME, "label": "mq_type"}
        names |= {"filename": "filename"}
    else:
        names = {
            "event_id": "event_id",
            "start": "start",
            "end": "end",
            "label": "type",
        }
    missing = [column for column in names.values() if column not in raw.columns]
    if missing and len(raw.columns) == 1 and ";" in raw.columns[0]:
        raise DataError(f"{path} is separated by semicolons: save it with commas")
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)} (found: {', '.join(raw.columns)}); a "
            f"catalogue has either filename, {_SPACE_APPS_TIME}, time_rel(sec), evid, mq_type or "
            "event_id, start, end, type"
        )
    table = pd.DataFrame({new: raw[old].str.strip() for new, old in names.items()})
    table = table.reset_index(names="row")
    table["source"] = path.name
    for column, may_be_empty in (("start", False), ("end", True)):
        if column not in table:
            table[column] = ""
        table[column] = _times(table, column, path, may_be_empty)
    if "filename" not in table:
        table["filename"] = ""
    unnamed = table[table["label"] == ""]
    if len(unnamed):
        raise DataError(f"{path}, row {unnamed['row'].iloc[0]}: the event has no type")
    return table


def _times(table: pd.DataFrame, column: str, path: Path, may_be_empty: bool) -> pd.Series:
    texts = table[column]
    times = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    bad = times.isna() & ~((texts == "") & may_be_empty)
    if bad.any():
        first = bad.idxmax()
        raise DataError(
            f"{path}, row {table['row'][first]}: {column} time {texts[first]!r} cannot be read; "
            "write it as 1971-04-08T09:04:00"
        )
    return _nanoseconds(times, table["row"], path)


def _nanoseconds(times: pd.Series, rows: pd.Series, path: Path) -> pd.Series:
    """UTC times in the resolution of the tables, which ends in 2262."""
    far = times.notna() & ~times.dt.year.between(1678, 2261)
    if far.any():
        first = far.idxmax()
        raise DataError(f"{path}, row {rows[first]}: {times[first]} is no time of a recording")
    return times.astype("datetime64[ns, UTC]")


def _quakeml(path: Path) -> pd.DataFrame:
    """Onset: the earliest pick, else the origin. End: a pick whose phase hint is `end`."""
    import obspy

    try:
        found = obspy.read_events(str(path))
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} is not QuakeML ({reason})") from None
    rows = []
    for number, event in enumerate(found, start=1):
        ends = [p.time for p in event.picks if (p.phase_hint or "").lower() == "end"]
        onsets = [p.time for p in event.picks if (p.phase_hint or "").lower() != "end"]
        onsets = onsets or [origin.time for origin in event.origins]
        if not onsets:
            raise DataError(f"{path}, event {number}: neither a pick nor an origin gives its time")
        label = event.event_type or "event"
        if event.event_descriptions:
            label = event.event_descriptions[0].text or label
        rows.append(
            {
                "event_id": str(event.resource_id).rsplit("/", 1)[-1],
                "start": pd.Timestamp(min(onsets).ns, tz="UTC"),
                "end": pd.Timestamp(max(ends).ns, tz="UTC") if ends else pd.NaT,
                "label": label,
                "filename": "",
                "row": number,
                "source": path.name,
            }
        )
    if not rows:
        raise DataError(f"{path} holds no event")
    table = pd.DataFrame(rows)
    for column in ("start", "end"):
        table[column] = _nanoseconds(pd.to_datetime(table[column], utc=True), table["row"], path)
    return table
