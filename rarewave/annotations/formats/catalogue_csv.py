"""Catalogues of events as csv: that of NASA Space Apps, or start and end."""

import io
import warnings
from pathlib import Path

import pandas as pd

from rarewave.annotations.cells import nanoseconds, text_of
from rarewave.base.errors import DataError

_DAY = r"\d{4}-?\d\d-?\d\d"
_SPACE_APPS_TIME = "time_abs(%Y-%m-%dT%H:%M:%S.%f)"


def read(path: Path) -> pd.DataFrame:
    """Events of a csv catalogue, as `reading.read_catalogue` returns them but for its checks."""
    raw = _cells(path)
    names = _columns(raw, path)
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
        raise DataError(f"{path}, row {unnamed['row'].iloc[0]}: the event has no type: write it")
    return table


def _cells(path: Path) -> pd.DataFrame:
    """Texts by the names of the header; the index is the row as a spreadsheet counts."""
    text = text_of(path)
    try:
        with warnings.catch_warnings():
            # A comma at the end of every row, as spreadsheets write, is one empty column more.
            warnings.simplefilter("ignore", pd.errors.ParserWarning)
            raw = pd.read_csv(
                io.StringIO(text),
                dtype=str,
                keep_default_na=False,
                index_col=False,
                skip_blank_lines=False,
            )
    except ValueError as error:
        raise DataError(f"{path} is not a CSV table ({error}): save it as one") from None
    raw.columns = raw.columns.str.strip()
    raw.index += 2  # as a spreadsheet counts, the header being row 1
    raw = raw.fillna("")
    raw = raw[(raw != "").any(axis=1)]
    if not len(raw):
        raise DataError(f"{path} has no rows: a catalogue needs at least one event")
    return raw


def _columns(raw: pd.DataFrame, path: Path) -> dict[str, str]:
    """The columns of the file by the names of a catalogue."""
    names = {"event_id": "event_id", "start": "start", "end": "end", "label": "type"}
    if _SPACE_APPS_TIME in raw.columns:
        names = {"event_id": "evid", "start": _SPACE_APPS_TIME, "label": "mq_type"}
        names |= {"filename": "filename"}
    missing = [column for column in names.values() if column not in raw.columns]
    if missing and len(raw.columns) == 1 and ";" in raw.columns[0]:
        raise DataError(f"{path} is separated by semicolons: save it with commas")
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)} (found: {', '.join(raw.columns)}); a "
            f"catalogue has either filename, {_SPACE_APPS_TIME}, time_rel(sec), evid, mq_type or "
            "event_id, start, end, type"
        )
    return names


def _times(table: pd.DataFrame, column: str, path: Path, may_be_empty: bool) -> pd.Series:
    texts = table[column]
    times = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    times = times.where(texts.str.match(_DAY))  # a year or a month is no onset
    bad = times.isna() & ~((texts == "") & may_be_empty)
    if bad.any():
        first = bad.idxmax()
        raise DataError(
            f"{path}, row {table['row'][first]}: {column} time {texts[first]!r} cannot be read; "
            "write it as 1971-04-08T09:04:00"
        )
    return nanoseconds(times, table["row"], path)
