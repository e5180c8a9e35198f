"""Tables of whole clips, a label each."""

from pathlib import Path

import pandas as pd

from rarewave.annotations import cells
from rarewave.annotations.formats.event_table import NAMES, plain
from rarewave.base.errors import DataError

_CLIP_LABELS = ("category", "class", "label", "event label", "species", "class name")


def read(path: Path) -> pd.DataFrame:
    """Clips that each have one class, as in ESC-50: filename, fold, target, category, src_file.

    Returns
    -------
    A table of file, label (category, class or label), fold (as written, empty where there is no
    such column) and group (src_file; empty where there is none), in the order of the rows.

    Raises
    ------
    DataError
        A column is missing, a clip has no name or class or stands there twice. File, row and
        fix are named.
    """
    path = Path(path)
    table = cells.separated(path)
    known = {plain(name): name for name in reversed(table.columns)}
    sources = {
        "file": cells.first(known, NAMES["file"]),
        "label": cells.first(known, _CLIP_LABELS),
        "fold": known.get("fold"),
        "group": known.get("src file"),
    }
    missing = [name for name in ("file", "label") if sources[name] is None]
    if missing and len(table.columns):
        raise DataError(
            f"{path} has no column of {' and '.join(missing)} (found: {', '.join(table.columns)}); "
            "a table of clips has filename and category, and perhaps fold and src_file"
        )
    blank = pd.Series("", table.index, dtype=object)
    clips = pd.DataFrame(
        {new: blank if old is None else table[old] for new, old in sources.items()}, dtype="str"
    )
    for name, words in (("file", "name of a file"), ("label", "class")):
        bad = clips.index[clips[name] == ""]
        if len(bad):
            raise DataError(f"{path}, row {bad[0]}: the clip has no {words}: write it")
    twice = clips.index[clips["file"].duplicated()]
    if len(twice):
        raise DataError(
            f"{path}, row {twice[0]}: clip {clips['file'][twice[0]]} stands there twice: delete one"
        )
    return clips.reset_index(drop=True)
