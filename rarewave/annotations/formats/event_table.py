"""Tables of events (DCASE and any csv or tsv) and of labelled clips, with a header."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.annotations import cells
from rarewave.annotations.table import checked, empty, writable
from rarewave.base.errors import DataError

# Names of columns, without upper case, underscores and unit; the first that is there counts.
NAMES: dict[str, tuple[str, ...]] = {
    "file": (
        "filename",
        "file name",
        "file",
        "recording",
        "audio filename",
        "audio file",
        "audio path",
        "notated path",
        "begin file",
        "sound file",
        "sound files",
        "wav filename",
        "path",
        "fname",
        "segment id",
    ),
    "onset_s": ("onset", "start", "begin", "onset time", "start time", "begin time"),
    "offset_s": ("offset", "end", "stop", "offset time", "end time", "stop time"),
    "low_hz": (
        "low",
        "low freq",
        "low frequency",
        "min freq",
        "min frequency",
        "freq low",
        "frequency low",
        "freq min",
        "frequency min",
        "f low",
        "f min",
        "fmin",
    ),
    "high_hz": (
        "high",
        "high freq",
        "high frequency",
        "max freq",
        "max frequency",
        "freq high",
        "frequency high",
        "freq max",
        "frequency max",
        "f high",
        "f max",
        "fmax",
    ),
    "channel": ("channel",),
    "certain": ("certain",),
    "uncertain": ("uncertain",),
}
# What ingest.label_columns calls them.
GIVEN = {
    "file": "file", "start": "onset_s", "end": "offset_s", "low": "low_hz", "high": "high_hz",
    "channel": "channel",
}  # fmt: skip
_UNIT = re.compile(r"[ (]+(s|sec|secs|second|seconds|hz)\)?$")
_FORMS = (
    "an event table has a header such as filename, onset, offset, event_label; Raven's has one "
    "with Begin Time (s) and End Time (s); a label track of Audacity has start, end and label "
    "separated by tabs; a table of whole clips is ingest.labels: clips; an empty file says that "
    "nothing was found"
)


def read(
    path: Path, label_column: str | None = None, columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Events of a csv or tsv table with columns like filename, onset, offset, event_label.

    Times are seconds, frequencies Hz. The column of labels is `label_column`, else the first of
    `cells.LABEL_COLUMNS` that has any value. A row that has a file and neither onset,
    offset nor label says that the file has no event (DCASE): see `named_files`.

    Parameters
    ----------
    columns : names of columns by what they hold, of those in `GIVEN`; others are found.

    Returns
    -------
    The table of `table.COLUMNS`, `file` as the row names it. Empty for an empty table.

    Raises
    ------
    DataError
        No header or a column is missing, an event without a file where others have one, and
        what `table.checked` refuses. File, row and fix are named.
    """
    path = Path(path)
    table = cells.separated(path)
    if not len(table.columns):
        return empty()
    names = _columns(table, path, columns)
    if not len(table):
        return empty()
    times = [names["onset_s"], names["offset_s"]]
    labels = cells.label_column(table, path, (columns or {}).get("label") or label_column)
    if "file" in names:
        named = table[names["file"]] != ""
        if named.any() and not named.all():
            raise DataError(
                f"{path}, row {named.idxmin()}: names no file, and other rows do: fill in column "
                f"{names['file']}"
            )
        table = table[~(named & (table[[*times, labels]] == "").all(axis=1))]
    if not len(table):
        return empty()
    found = pd.DataFrame({"label": table[labels]})
    for new in ("onset_s", "offset_s"):
        found[new] = cells.numbers(table[names[new]], path)
    for new in ("low_hz", "high_hz"):
        if new in names:
            found[new] = cells.numbers(table[names[new]], path, needed=False)
    if "file" in names:
        found["file"] = table[names["file"]]
    found["channel"] = cells.channels(table, names.get("channel"), path)
    found["certain"] = cells.certain(table, names, path)
    return checked(found, path, labels)


def named_files(path: Path, columns: Mapping[str, str] | None = None) -> list[str]:
    """Files that an event table names, with events or without, in the order of their first row.

    Raises
    ------
    DataError
        As `read`, for the header.
    """
    table = cells.separated(Path(path))
    if not len(table.columns):
        return []
    names = _columns(table, Path(path), columns)
    if "file" not in names:
        return []
    files = table[names["file"]]
    return [str(name) for name in files[files != ""].unique()]


def write(path: Path, events: pd.DataFrame) -> None:
    """Write all columns of an event table as csv; floats so that they read back the same.

    Raises
    ------
    DataError
        What `table.writable` refuses.
    """
    writable(events, path)
    if "channel" in events:  # 0: unknown
        events = events.assign(channel=events["channel"].map(lambda n: n or ""))
    rows = [[_cell(value) for value in row] for row in events.itertuples(index=False, name=None)]
    cells.write_separated(path, [[str(name) for name in events.columns], *rows], ",")


def _columns(table: pd.DataFrame, path: Path, columns: Mapping[str, str] | None) -> dict[str, str]:
    """The columns of the file, onset, … by the names of the common table."""
    known = {plain(name): name for name in reversed(table.columns)}
    found = {new: cells.first(known, spellings) for new, spellings in NAMES.items()}
    if columns:
        cells.refuse_absent(table, path, columns)
        found |= {GIVEN[what]: name for what, name in columns.items() if what in GIVEN}
    missing = [name.removesuffix("_s") for name in ("onset_s", "offset_s") if found[name] is None]
    if missing:
        raise DataError(
            f"{path} has no column of {' and '.join(missing)} in seconds (found in its first row: "
            f"{', '.join(table.columns)[:200]}): it is in no known form of labels; {_FORMS}"
        )
    return {new: old for new, old in found.items() if old is not None}


def plain(name: str) -> str:
    """A name of a column without upper case, underscores and its unit."""
    return _UNIT.sub("", re.sub(r"[\s_]+", " ", name.strip()).casefold())


def _cell(value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, float | np.floating):
        return cells.decimal(float(value))
    return str(value)
