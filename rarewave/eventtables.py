"""Tables of events (DCASE and any csv or tsv) and of labelled clips, with a header."""

import math
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pandas as pd

from rarewave import labelfiles
from rarewave.errors import DataError

# Names of columns, without upper case, underscores and unit; the first that is there counts.
_NAMES: dict[str, tuple[str, ...]] = {
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
}
_CLIP_LABELS = ("category", "class", "label", "event label", "species", "class name")
_UNIT = re.compile(r"[ (]+(s|sec|secs|second|seconds|hz)\)?$")
_FORMS = "an event table has a header such as filename, onset, offset, event_label"


def read(path: Path, label_column: str | None = None) -> pd.DataFrame:
    """Events of a csv or tsv table with columns like filename, onset, offset, event_label.

    Times are seconds, frequencies Hz. The column of labels is `label_column`, else the first of
    `labelfiles.LABEL_COLUMNS` that has any value. A row that has a file and neither onset,
    offset nor label says that the file has no event (DCASE): see `named_files`.

    Returns
    -------
    The table of `labelfiles.COLUMNS`, `file` as the row names it. Empty for an empty table.

    Raises
    ------
    DataError
        No header or a column is missing, an event without a file where others have one, and
        what `labelfiles.checked` refuses. File, row and fix are named.
    """
    path = Path(path)
    table = labelfiles.separated(path)
    if not len(table):
        return labelfiles.empty()
    names = _columns(table, path)
    times = [names["onset_s"], names["offset_s"]]
    labels = labelfiles.label_column(table, path, label_column)
    if "file" in names:
        named = table[names["file"]] != ""
        if named.any() and not named.all():
            raise DataError(
                f"{path}, row {named.idxmin()}: names no file, and other rows do: fill in column "
                f"{names['file']}"
            )
        table = table[~(named & (table[[*times, labels]] == "").all(axis=1))]
    if not len(table):
        return labelfiles.empty()
    found = pd.DataFrame({"label": table[labels]})
    for new in ("onset_s", "offset_s"):
        found[new] = labelfiles.numbers(table[names[new]], path)
    for new in ("low_hz", "high_hz"):
        if new in names:
            found[new] = labelfiles.numbers(table[names[new]], path, needed=False)
    if "file" in names:
        found["file"] = table[names["file"]]
    found["channel"] = labelfiles.channels(table, names.get("channel"), path)
    return labelfiles.checked(found, path, labels)


def named_files(path: Path) -> list[str]:
    """Files that an event table names, with events or without, in the order of their first row.

    Raises
    ------
    DataError
        As `read`, for the header.
    """
    table = labelfiles.separated(Path(path))
    if not len(table):
        return []
    names = _columns(table, Path(path))
    if "file" not in names:
        return []
    files = table[names["file"]]
    return [str(name) for name in files[files != ""].unique()]


def read_clips(path: Path) -> pd.DataFrame:
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
    table = labelfiles.separated(path)
    known = {_plain(name): name for name in reversed(table.columns)}
    sources = {
        "file": labelfiles.first(known, _NAMES["file"]),
        "label": labelfiles.first(known, _CLIP_LABELS),
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


def labels_from_name(pattern: str, name: str) -> dict[str, str]:
    r"""Named groups of a regular expression that the whole stem of a file name matches.

    >>> labels_from_name(r"(?P<label>\d)_(?P<group>\w+)_\d+", "clips/7_jackson_12.wav")
    {'label': '7', 'group': 'jackson'}

    Raises
    ------
    DataError
        The pattern is no regular expression or names no group, or the name does not match.
        Parameter ingest.name_pattern is named.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise DataError(
            f"ingest.name_pattern {pattern!r} is no regular expression ({error}): correct it"
        ) from None
    if not compiled.groupindex:
        raise DataError(
            f"ingest.name_pattern {pattern!r} names no group: write (?P<label>...) around the label"
        )
    found = compiled.fullmatch(PurePath(name).stem)
    if found is None:
        raise DataError(
            f"{name}: its name does not match ingest.name_pattern {pattern!r}: correct the "
            "pattern or rename the file"
        )
    return {group: text or "" for group, text in found.groupdict().items()}


def write_csv(path: Path, events: pd.DataFrame) -> None:
    """Write all columns of an event table as csv; floats so that they read back the same.

    Raises
    ------
    DataError
        What `labelfiles.writable` refuses.
    """
    labelfiles.writable(events, path)
    rows = [[_cell(value) for value in row] for row in events.itertuples(index=False, name=None)]
    labelfiles.write_separated(path, [[str(name) for name in events.columns], *rows], ",")


def write_dcase(path: Path, events: pd.DataFrame, files: Sequence[str] = ()) -> None:
    """Write tab-separated filename, onset, offset (s), event_label.

    Parameters
    ----------
    events: file, onset_s, offset_s (s), label.
    files: recordings that were looked through; those without an event get a row without times
        after the events.

    Raises
    ------
    DataError
        An event names no file, and what `labelfiles.writable` refuses.
    """
    events = labelfiles.writable(events, path)
    nameless = np.flatnonzero(events["file"] == "")
    if len(nameless):
        raise DataError(
            f"{path}, event {nameless[0] + 1} cannot be written: it names no file: fill it in"
        )
    rows = [["filename", "onset", "offset", "event_label"]]
    for event in events.itertuples():
        times = [labelfiles.decimal(event.onset_s), labelfiles.decimal(event.offset_s)]
        rows.append([event.file, *times, event.label])
    named = set(events["file"])
    for name in dict.fromkeys(files):
        mistake = labelfiles.unwritable("file name", name) if name else "a file has no name: add it"
        if mistake:
            raise DataError(f"{path} cannot be written: {mistake}")
        rows += [] if name in named else [[name, "", "", ""]]
    labelfiles.write_separated(path, rows, "\t")


def _columns(table: pd.DataFrame, path: Path) -> dict[str, str]:
    """The columns of the file, onset, … by the names of the common table."""
    known = {_plain(name): name for name in reversed(table.columns)}
    found = {new: labelfiles.first(known, spellings) for new, spellings in _NAMES.items()}
    missing = [name.removesuffix("_s") for name in ("onset_s", "offset_s") if found[name] is None]
    if missing:
        raise DataError(
            f"{path} has no column of {' and '.join(missing)} in seconds (found: "
            f"{', '.join(table.columns)}); {_FORMS}"
        )
    return {new: old for new, old in found.items() if old is not None}


def _plain(name: str) -> str:
    """A name of a column without upper case, underscores and its unit."""
    return _UNIT.sub("", re.sub(r"[\s_]+", " ", name.strip()).casefold())


def _cell(value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, float | np.floating):
        return labelfiles.decimal(float(value))
    return str(value)
