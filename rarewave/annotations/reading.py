"""Read any file of labels or events, its form told from its content.

A new form is a file in `formats/` and a line in READERS or CATALOGUES.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from rarewave.annotations import cells, table
from rarewave.annotations.formats import (
    audacity,
    catalogue_csv,
    event_table,
    kaleidoscope,
    quakeml,
    raven,
    sonic_visualiser,
)  # fmt: skip
from rarewave.annotations.table import bad_label
from rarewave.base.errors import DataError

COLUMNS = table.COLUMNS

Read = Callable[[Path, str | None], pd.DataFrame]


class Reader(NamedTuple):
    """How one form of label files is told and read."""

    looks_like: Callable[[str], bool]  # of the first line that is not blank
    read: Read  # path, and the name of the column of labels
    named_files: Callable[[Path], list[str]] | None = None  # also those without an event


# Label files with times from the start of a recording. The first that looks like it is taken.
READERS: dict[str, Reader] = {
    "raven": Reader(raven.looks_like, raven.read),
    "sonic_visualiser": Reader(
        sonic_visualiser.looks_like, lambda path, _: sonic_visualiser.read(path)
    ),
    "audacity": Reader(audacity.looks_like, lambda path, _: audacity.read(path)),
    "kaleidoscope": Reader(kaleidoscope.looks_like, kaleidoscope.read),
    "table": Reader(lambda line: True, event_table.read, event_table.named_files),
}


class Catalogue(NamedTuple):
    """How one form of catalogues is told and read."""

    looks_like: Callable[[Path], bool]
    read: Callable[[Path], pd.DataFrame]


# Catalogues of times of day, of several recordings. The first that looks like it is taken.
CATALOGUES: dict[str, Catalogue] = {
    "quakeml": Catalogue(quakeml.looks_like, quakeml.read),
    "csv": Catalogue(lambda path: True, catalogue_csv.read),
}

# What a catalogue says, before it is matched with recordings. `end` NaT: not known.
_CATALOGUE = ["event_id", "start", "end", "label", "filename", "station", "row", "source"]


def form(path: Path) -> str:
    """What wrote a label file, told from its first line: a name in READERS, or empty.

    Raises
    ------
    DataError
        The file is missing or is not UTF-8 text.
    """
    lines = cells.lines_of(cells.text_of(Path(path)))
    if not lines:
        return "empty"
    return next(name for name, reader in READERS.items() if reader.looks_like(lines[0][1]))


def read(
    path: Path, label_column: str | None = None, columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Events of a label file, its form told from its content.

    Parameters
    ----------
    label_column: name of the column of labels of a Raven or event table; None finds it.
    columns: those of an event table by what they hold, see `event_table.read`.

    Returns
    -------
    A table of file (recording that the row names; empty where the label file belongs to one
    recording), onset_s and offset_s (from the start of that recording), low_hz and high_hz (NaN
    where unknown), label, channel (from 1), row (line in the label file) and source (its name).
    A file without events gives a table without rows: nothing was found there.

    Raises
    ------
    DataError
        What the reader of the form refuses. File, row and fix are named.
    """
    name = form(path)
    if columns and name != "empty":
        return event_table.read(Path(path), label_column, columns)
    return table.empty() if name == "empty" else READERS[name].read(Path(path), label_column)


def named_files(path: Path, columns: Mapping[str, str] | None = None) -> list[str]:
    """Files that a label file names, with events or without, in the order of their first row.

    Raises
    ------
    DataError
        What the reader of the form refuses.
    """
    name = form(path)
    if columns and name != "empty":
        return event_table.named_files(path, columns)
    reader = READERS.get(name)
    if reader and reader.named_files:
        return reader.named_files(path)
    return [str(name) for name in read(path)["file"].unique() if name]


def read_catalogue(path: Path, columns: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Events of one catalogue, the form told from its content.

    Parameters
    ----------
    columns : the columns of a csv by what they hold, see `catalogue_csv.NAMES`; None: a known form.

    Returns
    -------
    A table of event_id, start and end (UTC; end NaT where unknown), label, filename (stem of
    the recording, empty where the catalogue names none), station (`NET.STA` or `STA`, of which
    alone the times are; empty: of all), row (in the file) and source.

    Raises
    ------
    DataError
        The file is missing, has no needed column, a time that cannot be read, or an end
        before its start. File, row and fix are named.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"no catalogue {path}: see ingest.label_files")
    form = next(form for form in CATALOGUES.values() if form.looks_like(path))
    table = catalogue_csv.read(path, columns) if columns else form.read(path)
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
    repeated = table[table.duplicated(["event_id", "filename", "station"])]
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
    for row, label in zip(table["row"], table["label"], strict=True):
        mistake = bad_label(label)
        if mistake:
            raise DataError(f"{path}, row {row}: its type: {mistake}")
    return table[_CATALOGUE]
