"""Read any label file of bioacoustics: Raven, Audacity, or a table of events."""

from pathlib import Path

import pandas as pd

from rarewave.annotations import cells, table
from rarewave.annotations.formats import audacity, event_table, raven

COLUMNS = table.COLUMNS


def form(path: Path) -> str:
    """What wrote a label file, told from its first line: raven, audacity, table or empty.

    Raises
    ------
    DataError
        The file is missing or is not UTF-8 text.
    """
    lines = cells.lines_of(cells.text_of(Path(path)))
    if not lines:
        return "empty"
    first = lines[0][1]
    if raven.looks_like(first):
        return "raven"
    return "audacity" if audacity.looks_like(first) else "table"


def read(path: Path, label_column: str | None = None) -> pd.DataFrame:
    """Events of a label file, its form told from its content.

    Parameters
    ----------
    label_column: name of the column of labels of a Raven or event table; None finds it.

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
    readers = {"raven": raven.read, "table": event_table.read}
    found = form(path)
    if found == "empty":
        return table.empty()
    return audacity.read(path) if found == "audacity" else readers[found](path, label_column)


def named_files(path: Path) -> list[str]:
    """Files that a label file names, with events or without, in the order of their first row.

    Raises
    ------
    DataError
        What the reader of the form refuses.
    """
    if form(path) == "table":
        return event_table.named_files(path)
    return [str(name) for name in read(path)["file"].unique() if name]
