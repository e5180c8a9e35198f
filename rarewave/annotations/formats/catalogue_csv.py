"""Catalogues of events as csv: NASA Space Apps (Moon, Mars), start and end, or named columns."""

import io
import warnings
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from rarewave.annotations import cells
from rarewave.annotations.cells import nanoseconds, text_of
from rarewave.base.errors import DataError
from rarewave.base.tasks import EVENT

_DAY = r"\d{4}-?\d\d-?\d\d"
_ENDING = r"\.(csv|mseed|miniseed|sac)$"  # what a catalogue may call a recording by
_SPACE_APPS_TIME = "time_abs(%Y-%m-%dT%H:%M:%S.%f)"


# What ingest.label_columns calls the columns of a catalogue; only a start is needed.
NAMES = {
    "id": "event_id", "start": "start", "end": "end", "label": "label", "file": "filename",
    "station": "station",
}  # fmt: skip


def read(path: Path, columns: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Events of a csv catalogue, as `reading.read_catalogue` returns them but for its checks.

    Parameters
    ----------
    columns : names of columns by what they hold, see NAMES; None: those of a known form.
    """
    raw = _cells(path)
    names = _given(raw, path, columns) if columns else _columns(raw, path)
    table = pd.DataFrame({new: raw[old].str.strip() for new, old in names.items()})
    table = table.reset_index(names="row")
    table["source"] = path.name
    for column, may_be_empty in (("start", False), ("end", True)):
        if column not in table:
            table[column] = ""
        table[column] = _times(table, column, path, may_be_empty)
    for column, value in {"event_id": "", "filename": "", "station": "", "label": EVENT}.items():
        if column not in table:
            table[column] = value
    table["filename"] = table["filename"].str.replace(_ENDING, "", regex=True)
    unnamed = table[table["label"] == ""]
    if len(unnamed):
        raise DataError(f"{path}, row {unnamed['row'].iloc[0]}: the event has no type: write it")
    return table


def _given(raw: pd.DataFrame, path: Path, columns: Mapping[str, str]) -> dict[str, str]:
    """The columns that ingest.label_columns names, by the names of a catalogue."""
    cells.refuse_absent(raw, path, columns)
    if "start" not in columns:
        raise DataError("ingest.label_columns names no start, which a catalogue needs: add it")
    return {NAMES[what]: name for what, name in columns.items() if what in NAMES}


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
        if "mq_type" not in raw.columns:  # as for Mars
            names.pop("label")
    elif "event_id" not in raw.columns and {"start", "end", "type"} <= set(raw.columns):
        names.pop("event_id")  # rows count as ids
    missing = [column for column in names.values() if column not in raw.columns]
    if missing and len(raw.columns) == 1 and ";" in raw.columns[0]:
        raise DataError(f"{path} is separated by semicolons: save it with commas")
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)} (found: {', '.join(raw.columns)}); a "
            f"catalogue has either filename, {_SPACE_APPS_TIME}, time_rel(sec), evid, mq_type or "
            "event_id, start, end, type, or columns that ingest.label_columns names"
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
