"""Result tables of Kaleidoscope (id.csv, cluster.csv): a row for each identified sound."""

import re
from pathlib import Path

import pandas as pd

from rarewave.annotations import cells
from rarewave.annotations.table import checked, empty

_MANUAL, _AUTO = ("manual id", "manual id*"), ("auto id*", "auto id")
_NEEDED = {"in file", "offset", "duration"}


def looks_like(line: str) -> bool:
    """Whether this is the header of a result table."""
    names = {name.strip().strip('"').casefold() for name in line.split(",")}
    return names >= _NEEDED and bool(names & {*_MANUAL, *_AUTO})


def read(path: Path, label_column: str | None = None) -> pd.DataFrame:
    """Identified sounds, at OFFSET seconds of IN FILE and of that DURATION.

    The label is that of `label_column`, else what a person wrote (MANUAL ID), else AUTO ID. Where
    persons identified some rows, what only the program says of the others is uncertain. Channels
    and frequencies, whose units differ between versions, are not read.

    Returns
    -------
    The table of `table.COLUMNS`; `file` is INDIR, FOLDER and IN FILE, as far as they are there.

    Raises
    ------
    DataError
        A time is no number, a row has no label, and what `table.checked` refuses.
    """
    path = Path(path)
    table = cells.separated(path)
    if not len(table):
        return empty()
    names = {name.casefold(): name for name in reversed(table.columns)}
    blank = pd.Series("", table.index, dtype=object)
    manual, auto = (
        blank if column is None else table[column]
        for column in (cells.first(names, _MANUAL), cells.first(names, _AUTO))
    )
    by_person = manual != ""
    found = pd.DataFrame({"label": manual.where(by_person, auto)})
    found["certain"] = by_person | (not by_person.any())
    if label_column:
        found = pd.DataFrame({"label": table[cells.label_column(table, path, label_column)]})
    found["onset_s"] = cells.numbers(table[names["offset"]], path)
    found["offset_s"] = found["onset_s"] + cells.numbers(table[names["duration"]], path)
    parts = [table[names[part]] for part in ("indir", "folder", "in file") if part in names]
    joined = pd.concat(parts, axis=1).apply(lambda row: "/".join(filter(None, row)), axis=1)
    found["file"] = joined.map(lambda name: re.sub(r"[\\/]+", "/", name))
    return checked(found, path, label_column or "MANUAL ID or AUTO ID")
