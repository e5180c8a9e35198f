"""Selection tables of Raven, over one recording or a sequence of recordings."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.annotations import cells
from rarewave.annotations.cells import channels, decimal, first, numbers, tabbed
from rarewave.annotations.table import COLUMNS, checked, drawn_band, empty, writable
from rarewave.base.errors import DataError
from rarewave.base.files import write_text

_BEGIN, _END = "begin time (s)", "end time (s)"
_LOW = ("low freq (hz)", "low frequency (hz)")
_HIGH = ("high freq (hz)", "high frequency (hz)")
_FILE_OFFSET = ("file offset (s)",)
_OTHERS = {"selection", "view", "channel", "begin file", "begin path", _LOW[0], _LOW[1]}

_SCORES = {"peak": "Score", "mean": "Mean score", "windows": "Windows", "threshold": "Threshold"}
_SCORES |= {
    "uncertainty": "Uncertainty",
    "novelty": "Novelty",
    "uncertainty_s": "Onset deviation (s)",
    "quality": "Label quality",
}
_TEXTS = {"channel_id": "Channel id", "model": "Model", "version": "Version"}
_TEXTS |= {"review": "Review", "reason": "Reason"}
_TEXTS |= {"given": "Given", "suggested": "Suggested"}
_WRITTEN = {*COLUMNS, "nyquist_hz", "file_start_s", *_SCORES, *_TEXTS}


def looks_like(line: str) -> bool:
    """Whether this is the header of a selection table."""
    names = {cell.strip().casefold() for cell in line.split("\t")}
    return {_BEGIN, _END} <= names and bool(names & _OTHERS)


def read(path: Path, label_column: str | None = None) -> pd.DataFrame:
    """Selections as events.

    A selection that stands there once for each view is one event, with the frequencies of its
    spectrogram. Times come from `File Offset (s)` where it is given, since `Begin Time (s)`
    runs on over a sequence of files; an event may then end after its file. Empty frequencies,
    and 0 for both, are unknown. The column of labels is `label_column`, else the first of
    `cells.LABEL_COLUMNS` that has any value.

    Returns
    -------
    The table of `table.COLUMNS`, `file` from `Begin File` or `Begin Path`. Empty for a
    table without selections.

    Raises
    ------
    DataError
        A column is missing, several recordings but no `File Offset (s)`, a selection that its
        views place or label differently, and what `table.checked` refuses. File, row and
        fix are named.
    """
    path = Path(path)
    table = tabbed(path)
    if not len(table):
        return empty()
    names = {name.casefold(): name for name in reversed(table.columns)}
    missing = [name for name in (_BEGIN, _END) if name not in names]
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)} (found: {', '.join(table.columns)}): save "
            "the selection table with it"
        )
    labels = cells.label_column(table, path, label_column)
    found = pd.DataFrame({"label": table[labels], "file": _files(table, names, path)})
    begin = numbers(table[names[_BEGIN]], path)
    end = numbers(table[names[_END]], path)
    found["onset_s"] = _onsets(table, names, found["file"], begin, path)
    # The sum only where it is needed: it rounds.
    same = found["onset_s"] == begin
    found["offset_s"] = np.where(same, end, found["onset_s"] + (end - begin))
    for new, spellings in (("low_hz", _LOW), ("high_hz", _HIGH)):
        column = first(names, spellings)
        unknown = pd.Series(np.nan, table.index)
        found[new] = unknown if column is None else numbers(table[column], path, False)
    flat = (found["low_hz"] == 0) & (found["high_hz"] == 0)
    found.loc[flat, ["low_hz", "high_hz"]] = np.nan
    found["channel"] = channels(table, names.get("channel"), path)
    found["certain"] = cells.certain(table, names, path)
    if "selection" in names and "view" in names:
        found["selection"] = table[names["selection"]]
        found["view"] = table[names["view"]]
        found = _one_view(found, path)
    return checked(found, path, labels)


def _files(table: pd.DataFrame, names: dict[str, str], path: Path) -> "pd.Series[str]":
    """The recording of each selection, by its name."""
    if "begin path" in names:
        paths = table[names["begin path"]]
        found = paths.map(lambda text: re.split(r"[\\/]", text)[-1])
        if "begin file" in names:
            found = table[names["begin file"]].where(table[names["begin file"]] != "", found)
        for name, group in paths[paths != ""].groupby(found):
            if group.nunique() > 1:
                row = group.index[group != group.iloc[0]][0]
                raise DataError(
                    f"{path}, row {row}: {name} is the name of two recordings, {group.iloc[0]} "
                    f"and {group[row]}: give every recording its own name"
                )
    elif "begin file" in names:
        found = table[names["begin file"]]
    else:
        return pd.Series("", table.index, dtype=object)
    if (found != "").any() and (found == "").any():
        raise DataError(
            f"{path}, row {found.index[found == ''][0]}: names no recording, and other rows do: "
            "fill in Begin File"
        )
    return found


def _onsets(
    table: pd.DataFrame,
    names: dict[str, str],
    files: "pd.Series[str]",
    begin: "pd.Series[float]",
    path: Path,
) -> "pd.Series[float]":
    """Seconds from the start of the recording that the row names."""
    column = first(names, _FILE_OFFSET)
    offsets = pd.Series(np.nan, table.index)
    if column is not None:
        offsets = numbers(table[column], path, needed=False)
    if files.nunique() > 1 and offsets.isna().any():
        raise DataError(
            f"{path}, row {offsets.index[offsets.isna()][0]}: the table is over "
            f"{files.nunique()} recordings and File Offset (s) is not given, so where in its "
            "recording a selection lies is not known: add this measurement in Raven, or save one "
            "table for each recording"
        )
    return offsets.fillna(begin)


def _one_view(found: pd.DataFrame, path: Path) -> pd.DataFrame:
    """One row for each selection that several views show, of its spectrogram if there is one.

    A number may be given to several selections: they are told apart by their times.
    """
    dropped: list[int] = []
    numbered = found[found["selection"] != ""]
    for (_, number, _), group in numbered.groupby(["file", "selection", "channel"], sort=False):
        views = group["view"].nunique()
        if views < 2:
            continue
        for _, part in group.groupby(["onset_s", "offset_s"], sort=False):
            where = f"{path}, row {part.index[0]}: selection {number}"
            if len(part) != views or part["view"].nunique() != views:
                raise DataError(
                    f"{where} is not at the same times once in each view: correct the times or "
                    "give every selection its own number"
                )
            labels = part["label"][part["label"] != ""].unique()
            if len(labels) > 1:
                raise DataError(
                    f"{where} is labelled {labels[0]} in one view and {labels[1]} in another: "
                    "correct one of them"
                )
            spectrogram = part["view"].str.casefold().str.startswith("spectrogram")
            chosen = spectrogram.idxmax()  # the first row where none is a spectrogram
            found.loc[chosen, "label"] = labels[0] if len(labels) else ""
            dropped += part.index.difference([chosen]).tolist()
    return found.drop(dropped)


def write(path: Path, events: pd.DataFrame) -> None:
    """Write a selection table that Raven opens and `read` gives back.

    Raven places a selection by `Begin Time (s)` in the sound that is open, and by `File Offset
    (s)` where it opens the recordings named by the table. `Begin Time (s)` is the onset in the
    recording, plus column `file_start_s` (where the recording begins in the sequence that is
    opened, s) if events have it; a table over several recordings needs that column to be shown
    over their sequence.

    Unknown frequencies become 0 and column `nyquist_hz`, the whole band, as Raven draws a
    selection that was made in a waveform; without that column 0 and 0, which Raven opens too
    and `read` takes as unknown.

    Parameters
    ----------
    events: onset_s, offset_s (s), label; perhaps file, low_hz, high_hz, nyquist_hz (Hz), channel,
        the scores peak, mean and windows, the threshold, uncertainty, novelty, uncertainty_s and
        quality, and channel_id, model, version, review, reason, given and suggested, which
        stand in columns of their own.

    Raises
    ------
    DataError
        Only some of the events name a file, a high frequency is unknown where the low one is
        known and `nyquist_hz` is not, and what `table.writable` refuses.
    """
    # Others, as times of day, cost more than all the rest where there are thousands of events.
    events = writable(events[[name for name in events if name in _WRITTEN]], path)
    if (events["file"] == "").any() and (events["file"] != "").any():
        row = int((events["file"] == "").to_numpy().argmax()) + 1
        raise DataError(f"{path}, event {row} cannot be written: others name a file: add it")
    scores = {old: new for old, new in _SCORES.items() if old in events}
    header = ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)"]
    texts = {old: new for old, new in _TEXTS.items() if old in events}
    header += ["High Freq (Hz)", "Begin File", "File Offset (s)", "Annotation"]
    header += [*scores.values(), *texts.values()]
    lines = ["\t".join(header)]
    for number, event in enumerate(events.to_dict("records"), start=1):
        before = event.get("file_start_s", 0.0)
        low, high = drawn_band({str(k): v for k, v in event.items()}, f"{path}, event {number}")
        times = [before + event["onset_s"], before + event["offset_s"], low, high]
        cells = [str(number), "Spectrogram 1", str(int(event["channel"]))]
        cells += [decimal(value) for value in times]
        cells += [event["file"], decimal(event["onset_s"]), event["label"]]
        cells += ["" if pd.isna(event[s]) else decimal(event[s]) for s in scores]
        cells += [str(event[text]) for text in texts]
        lines.append("\t".join(cells))
    write_text(path, "".join(f"{line}\n" for line in lines))
