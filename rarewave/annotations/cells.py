"""What readers and writers of label files share: the common table, its checks, its text."""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.base import files
from rarewave.base.errors import DataError
from rarewave.base.files import write_text
from rarewave.base.tables import FIRST_YEAR, LAST_YEAR

# Where a table keeps its labels: the first of these that has any value.
LABEL_COLUMNS = (
    "event_label",
    "annotation",
    "annotations",
    "tags",
    "tag",
    "species",
    "label",
    "common name",
    "species code",
    "scientific name",
    "sound type",
    "call type",
    "class",
    "category",
)
_DAY = re.compile(r"\d{4}-\d\d")
_COMMENT = re.compile(r"\s*#\s*([^\s,;]|$)")  # but not a column that is called so
_LINE_END = re.compile(r"\r\n|\r|\n")


def text_of(path: Path) -> str:
    """The text of a label file, without a byte-order mark.

    Raises
    ------
    DataError
        The file is missing, no plain file, or not UTF-8 text.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"no label file {path}: correct the path or write the file")
    return files.text_of(path)


def lines_of(text: str) -> list[tuple[int, str]]:
    """Lines that are not blank with their numbers from 1; Unix, Windows and old Mac line ends."""
    lines = enumerate(_LINE_END.split(text), start=1)
    return [(number, line) for number, line in lines if line.strip()]


def tabbed(path: Path) -> pd.DataFrame:
    """Cells of a tab-separated table as written; quotation marks mean nothing.

    Returns
    -------
    Text columns by the names of the header, stripped; the index is the row in the file.
    """
    return _table([(row, line.split("\t")) for row, line in lines_of(text_of(path))], path)


def separated(path: Path) -> pd.DataFrame:
    """Cells of a csv or tsv table, told from its header; quotation marks as spreadsheets mean them.

    Lines before the table that begin with # are comments; where the header is one of them, as in
    AudioSet's tables, it is the last that has as many cells as the first row.

    Returns
    -------
    As `tabbed`; without a column where the file is empty.

    Raises
    ------
    DataError
        Semicolons, a quotation mark that is never closed, more cells than columns.
    """
    text = text_of(path)
    text, header = _without_comments(text)
    if ";" in header and "\t" not in header and "," not in header:
        raise DataError(f"{path} is separated by semicolons: save it with commas or tabs")
    tabs = "\t" in header
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter="\t" if tabs else ",",
        skipinitialspace=not tabs and ", " in header,
        strict=True,
    )
    records = []
    before = 0
    try:
        for cells in reader:
            records.append((before + 1, cells))
            before = reader.line_num
    except csv.Error as error:
        raise DataError(
            f"{path}, row {before + 1}: cannot be read ({error}): correct its quotation marks"
        ) from None
    return _table(records, path)


def _without_comments(text: str) -> tuple[str, str]:
    """Text whose lines of comments are empty, and the line that names its columns."""
    lines = lines_of(text)
    comments = []
    for number, line in lines:
        if not _COMMENT.match(line):
            break
        comments.append((number, line.lstrip(" #")))
    rest = lines[len(comments) :]
    if not comments or not rest:
        return text, lines[0][1] if lines else ""
    separator = "\t" if "\t" in rest[0][1] else ","
    width = len(next(csv.reader([rest[0][1]], delimiter=separator, skipinitialspace=True)))
    named = [row for row in comments if 1 < row[1].count(separator) + 1 == width]
    all_lines = _LINE_END.split(text)
    for number, _ in comments:
        all_lines[number - 1] = ""
    if named:
        number, header = named[-1]
        all_lines[number - 1] = header
    return "\n".join(all_lines), named[-1][1] if named else rest[0][1]


def _table(records: list[tuple[int, list[str]]], path: Path) -> pd.DataFrame:
    stripped = [(row, [cell.strip() for cell in cells]) for row, cells in records]
    stripped = [(row, cells) for row, cells in stripped if any(cells)]
    if not stripped:
        return pd.DataFrame()
    (_, header), *rest = stripped
    width = len(header)
    for row, cells in rest:
        if any(cells[width:]):
            raise DataError(
                f"{path}, row {row}: has {len(cells)} cells, the header {width}: delete what is "
                "too much or name the column"
            )
    filled = [(cells + [""] * width)[:width] for _, cells in rest]
    table = pd.DataFrame(filled, [row for row, _ in rest], range(width), dtype=object)
    table.columns = pd.Index(header)
    # Programs end the header with a separator; of two columns of one name the first counts.
    keep = [name != "" and name not in header[:at] for at, name in enumerate(header)]
    return table.loc[:, keep]


def numbers(texts: "pd.Series[str]", path: Path, needed: bool = True) -> "pd.Series[float]":
    """Numbers of a column; an empty cell is NaN where the number is not needed.

    Raises
    ------
    DataError
        A cell is not a finite number. File, row and column are named.
    """
    values = []
    for row, text in texts.items():
        value = _number(text) if text or needed else np.nan
        if value is None:
            day = "; times of day are ingest.labels: catalogues" if _DAY.match(text) else ""
            raise DataError(
                f"{path}, row {row}: {texts.name} {text!r} is not a number: write it as 12.5{day}"
            )
        values.append(value)
    return pd.Series(values, texts.index, dtype="float64")


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        return None
    value = float(text)
    return value if np.isfinite(value) else None


def label_column(table: pd.DataFrame, path: Path, wanted: str | None) -> str:
    """The column of labels: `wanted`, else the first of `LABEL_COLUMNS` with any value in it.

    Upper and lower case are the same. If all of them are empty, the first one there.

    Raises
    ------
    DataError
        No such column; those that are there and parameter ingest.label_column are named.
    """
    known = {_plain(name): name for name in reversed(table.columns)}
    there = ", ".join(table.columns)
    if wanted:
        if _plain(wanted) not in known:
            raise DataError(
                f"{path} has no column {wanted} (found: {there}): correct ingest.label_column"
            )
        return known[_plain(wanted)]
    found = [known[_plain(name)] for name in LABEL_COLUMNS if _plain(name) in known]
    if not found:
        raise DataError(
            f"{path} has no column of labels that is known (found: {there}): name it in "
            "ingest.label_column"
        )
    return next((name for name in found if (table[name] != "").any()), found[0])


def refuse_absent(table: pd.DataFrame, path: Path, columns: Mapping[str, str]) -> None:
    """Raise `DataError` for the first column that ingest.label_columns names and is not there."""
    for what, name in columns.items():
        if name not in table.columns:
            raise DataError(
                f"{path} has no column {name} (found: {', '.join(table.columns)}): correct "
                f"ingest.label_columns, {what}"
            )


def apart(table: pd.DataFrame, separator: str) -> pd.DataFrame:
    """A row for each label of a cell in column `label`, each label once; an empty cell stays."""
    parts = table["label"].map(lambda cell: _parts(cell, separator))
    return table.assign(label=parts).explode("label")


def _parts(cell: str, separator: str) -> list[str]:
    names = [name.strip() for name in cell.split(separator)]
    return list(dict.fromkeys(name for name in names if name)) or [""]


def first(known: Mapping[str, str], spellings: Sequence[str]) -> str | None:
    """The column under the first of some spellings that is there; None without any."""
    return next((known[spelling] for spelling in spellings if spelling in known), None)


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", " ", name.strip()).casefold()


def channels(table: pd.DataFrame, name: str | None, path: Path) -> "pd.Series[float]":
    """Channel numbers from 1 of column `name`; 0 where the cell or the column is not there."""
    if name is None:
        return pd.Series(0.0, table.index)
    found = numbers(table[name], path, needed=False)
    bad = found[(found < 1) | (found % 1 != 0) & found.notna()]
    if len(bad):
        raise DataError(
            f"{path}, row {bad.index[0]}: channel {table[name][bad.index[0]]} is not a whole "
            "number from 1: correct it"
        )
    return found.fillna(0.0)


_YES, _NO = {"yes", "y", "true", "1", "x", "?"}, {"", "no", "n", "false", "0"}


def certain(table: pd.DataFrame, names: Mapping[str, str], path: Path) -> "pd.Series[bool]":
    """Whether each row is sure: by a column `certain` or `uncertain`, if there is one.

    Parameters
    ----------
    names : the columns of the table by their names in lower case.

    Raises
    ------
    DataError
        A cell is neither yes nor no. File and row are named.
    """
    sure = pd.Series(True, table.index)
    for name, meaning in (("certain", True), ("uncertain", False)):
        if name in names:
            said = table[names[name]].str.strip().str.casefold()
            odd = ~said.isin(_YES | _NO)
            if odd.any():
                raise DataError(
                    f"{path}, row {odd.idxmax()}: {names[name]} is {said[odd.idxmax()]!r}: write "
                    "yes or no, or leave it empty"
                )
            given = said != ""
            sure &= ~given | (said.isin(_YES) == meaning)
    return sure


def nanoseconds(times: pd.Series, rows: pd.Series, path: Path) -> pd.Series:
    """UTC times in the resolution of the tables, which ends in 2262.

    Raises
    ------
    DataError
        A time beyond. File and row are named.
    """
    far = times.notna() & ~times.dt.year.between(FIRST_YEAR, LAST_YEAR)
    if far.any():
        first = far.idxmax()
        raise DataError(f"{path}, row {rows[first]}: {times[first]} is no time of a recording")
    return times.astype("datetime64[ns, UTC]")


def unwritable(what: str, text: str) -> str:
    """What is wrong with text that a line of cells would not give back; empty if nothing."""
    for sign in text:
        if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in "\ufffe\uffff":
            return f"{what} {text!r} has a tab, line end or control character: remove it"
    return f"{what} {text!r} has space around it: remove it" if text != text.strip() else ""


def decimal(value: float) -> str:
    """The shortest decimal number, without exponent, that reads back as the same float."""
    return str(np.format_float_positional(float(value), trim="-"))


def write_separated(path: Path, rows: Sequence[Sequence[str]], separator: str) -> None:
    """Write cells, header first; quoted only where a cell could not be read otherwise."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())
