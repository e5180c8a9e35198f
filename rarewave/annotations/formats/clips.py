"""Tables of whole clips, a label each, or several in a cell."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from rarewave.annotations import cells
from rarewave.annotations.formats.event_table import NAMES, plain
from rarewave.base.errors import DataError

_CLIP_LABELS = (
    *("category", "class", "label", "event label", "species", "class name"),
    *("labels", "tags", "tag", "sounds", "classes", "event labels", "positive labels"),
)


def read(
    path: Path,
    label_column: str | None = None,
    separator: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Clips that each have one class, as in ESC-50: filename, fold, target, category, src_file.

    Parameters
    ----------
    label_column : name of the column of labels; None finds it.
    separator : what stands between the labels of a cell; a clip may then have several rows, and
        an empty cell says that nothing was heard. None: a cell is one label.
    columns : names of columns by what they hold, file and label; None finds them.

    Returns
    -------
    A table of file, label (category, class or label; empty where nothing was heard), fold (as
    written, empty where there is no such column), group (src_file or YTID; empty where there is
    none), start and end (seconds of AudioSet's segments as written; empty of other tables), a row
    for each clip and label, in the order of the rows; the index is the row in the file.

    Raises
    ------
    DataError
        A column is missing, a clip has no name, or none or two rows of a class without a
        separator. File, row and fix are named.
    """
    path = Path(path)
    table = cells.separated(path)
    clips = pd.DataFrame(
        {
            new: "" if old is None else table[old]
            for new, old in _columns(table, path, label_column, columns or {}).items()
        },
        table.index,
        dtype="str",
    )
    nameless = clips.index[clips["file"] == ""]
    if len(nameless):
        raise DataError(f"{path}, row {nameless[0]}: the clip has no name of a file: write it")
    if separator is not None:
        return cells.apart(clips, separator)
    empty = clips.index[clips["label"] == ""]
    if len(empty):
        raise DataError(
            f"{path}, row {empty[0]}: the clip has no class: write it; where an empty cell says "
            "that nothing was heard, set ingest.label_separator, as to ';'"
        )
    twice = clips.index[clips[["file", "start", "end"]].duplicated()]
    if len(twice):
        raise DataError(
            f"{path}, row {twice[0]}: clip {clips['file'][twice[0]]} stands there twice: delete "
            "one, or set ingest.label_separator where clips have several labels"
        )
    return clips


def _columns(
    table: pd.DataFrame, path: Path, label_column: str | None, columns: Mapping[str, str]
) -> dict[str, str | None]:
    """The columns of the file by the names of the clip table; None where it has none."""
    known = {plain(name): name for name in reversed(table.columns)}
    found = {
        "file": cells.first(known, (*NAMES["file"], "ytid")),
        "label": cells.first(known, _CLIP_LABELS),
        "fold": known.get("fold"),
        "group": known.get("src file", known.get("ytid")),
        "start": None,
        "end": None,
    }
    if "ytid" in known and found["file"] == known["ytid"]:
        found |= {"start": known.get("start"), "end": known.get("end")}
    if len(table.columns):
        cells.refuse_absent(table, path, columns)
        found |= {what: name for what, name in columns.items() if what in ("file", "label")}
    if label_column and len(table.columns):
        found["label"] = cells.label_column(table, path, label_column)
    missing = [name for name in ("file", "label") if found[name] is None]
    if missing and len(table.columns):
        raise DataError(
            f"{path} has no column of {' and '.join(missing)} (found: {', '.join(table.columns)}); "
            "a table of clips has filename and category, and perhaps fold and src_file: name the "
            "column of labels in ingest.label_column"
        )
    return found
