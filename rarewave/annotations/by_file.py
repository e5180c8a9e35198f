"""Labels of sound files, in any of their forms, to events in seconds from the start."""

import glob
import os
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rarewave.annotations import cells, reading
from rarewave.annotations.formats import audioset, clips
from rarewave.annotations.formats.names import labels_from_name
from rarewave.annotations.sources import Sources
from rarewave.annotations.table import bad_label
from rarewave.base import files
from rarewave.base.errors import DataError
from rarewave.base.tables import EVENTS, conform
from rarewave.base.tasks import BACKGROUND
from rarewave.recordings import sound
from rarewave.recordings.seismic import name_of

# How far from its ends an event may keep that reaches over all of a recording.
_WHOLE_S, _WHOLE = 0.05, 0.01


def read(
    sources: Sources, folder: Path, recordings: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Events of recordings, and which recordings are labelled at all.

    A recording with an empty label file, or named in a table without an event, is a true
    negative; one without a label file, or named in no table, is unlabelled. Labels of whole
    recordings are weak, and so are those of a table, or of all label files, that give each of
    its events all of its recording.

    Parameters
    ----------
    folder : that of the recordings; label files lie below it.
    recordings : table RECORDINGS but for `labelled`, `fold` and a given group.

    Returns
    -------
    Table EVENTS; the recordings with `labelled`, `fold` and `group`; and a report of rows that
    name an absent recording, recordings without labels, and events cut at the end.

    Raises
    ------
    DataError
        A label file is broken, an event begins behind the end of its recording, or nothing is
        labelled. File, row and fix are named.
    """
    recordings = recordings.assign(fold="", labelled=False)
    report: dict[str, Any] = {"recording_absent": [], "cut_at_the_end": []}
    report["of_channels_that_are_not_read"] = []
    if sources.labels in ("files", "tables"):
        rows, named = (_files if sources.labels == "files" else _tables)(
            sources, folder, recordings, report
        )
        recordings["labelled"] = recordings["recording_id"].isin(named)
    else:
        rows = _of_whole(sources, folder, recordings, report)
    if not recordings["labelled"].any():
        raise DataError(
            f"no recording has labels: of {len(recordings)} recordings none is named by "
            f"ingest.label_files {list(sources.label_files)} (ingest.labels: {sources.labels})"
        )
    report["unlabelled_recordings"] = recordings["path"][~recordings["labelled"]].tolist()
    events = conform(pd.DataFrame(rows, columns=list(EVENTS)), EVENTS, "events")
    return once(events, report), recordings, report


def _of_whole(
    sources: Sources, folder: Path, recordings: pd.DataFrame, report: dict[str, Any]
) -> list[dict[str, Any]]:
    """Events of recordings that are labelled as a whole, and those with times of some of them.

    What is labelled, and fold and group where they are given, is put into `recordings`.
    """
    found = _whole(sources, folder, recordings, report)
    recordings["labelled"] = recordings["recording_id"].isin(found)
    for column in ("fold", "group"):
        given = recordings["recording_id"].map(
            lambda r, c=column: getattr(found.get(r, _Clip()), c)
        )
        if column == "fold" or sources.group == "given":
            recordings[column] = given
    if sources.group == "given" and (recordings["group"] == "").any():
        lacking = recordings["path"][recordings["group"] == ""].iloc[0]
        raise DataError(f"{lacking} has no group: ingest.group is given, and nothing gives it")
    rows = [
        _event(r, 0.0, r["n_samples"] / r["sample_rate"], label, label * (len(labels) > 1))
        for r in recordings[recordings["labelled"]].to_dict("records")
        for labels in [found[r["recording_id"]].labels]
        for label in labels
    ]
    if sources.strong_files:
        with_times, named = _strong(sources, folder, recordings, report)
        recordings["labelled"] |= recordings["recording_id"].isin(named)
        rows += with_times
        report["recordings_with_times"] = sorted(named)
    return rows


def once(events: pd.DataFrame, report: dict[str, Any]) -> pd.DataFrame:
    """Table EVENTS without rows that say what another says; those are reported.

    One file that is listed twice, or a row that stands there twice, is no second event.
    """
    same = ["recording_id", "onset_s", "offset_s", "low_hz", "high_hz", "label", "certain"]
    again = events.duplicated(same)
    report["listed_twice"] = events["event_id"][again].tolist()
    return events[~again].reset_index(drop=True)


def _files(
    sources: Sources, folder: Path, recordings: pd.DataFrame, report: dict[str, Any]
) -> tuple[list[dict[str, Any]], set[str]]:
    """Events of one label file for each recording, found by patterns with {stem}."""
    rows: list[dict[str, Any]] = []
    named: set[str] = set()
    taken = _label_files(sources.label_files, folder, list(recordings["path"].unique()))
    for recording in recordings.to_dict("records"):
        path = Path(recording["path"])
        name = taken.get(path)
        if name is None:
            continue
        named.add(recording["recording_id"])
        table = _read(sources, folder / name)
        mine = table[(table["file"] == "") | (table["file"].map(_stem) == name_of(path))]
        _refuse_channels(mine, folder / path, folder / name)
        if len(mine) < len(table):
            other = table[~table.index.isin(mine.index)].iloc[0]
            raise DataError(
                f"{folder / name}, row {other['row']}: it names {other['file']}, and the "
                f"table is that of {path}: rename one, or give it as ingest.labels: tables"
            )
        rows += _events(mine, recording, folder / name, report)
    rows = _weak_if_all_are(rows)
    known = {*taken.values()}
    report["label_files_without_a_recording"] = sorted(
        path.relative_to(folder).as_posix()
        for pattern in sources.label_files
        for path in folder.glob(_any_stem(pattern))
        if path.is_file() and path.relative_to(folder).as_posix() not in known
    )
    return rows, named


def _label_files(patterns: Sequence[str], folder: Path, recordings: list[str]) -> dict[Path, str]:
    """The label file of each recording that has one: the first pattern that gives a file.

    Where several do, that in folders named as those of the recording, labels/north of audio/north;
    and a file that several recordings would have is that of the nearest.
    """
    chosen: dict[str, tuple[int, Path]] = {}
    for path in map(Path, recordings):
        there = {}
        for pattern in patterns:
            name = _filled(pattern, path)
            if os.path.lexists(folder / name):  # a pipe or a broken link is no missing file
                files.refuse_special(folder / name)
                there[name] = len({*path.parent.parts} & {*Path(name).parent.parts})
        if not there:
            continue
        name = max(there, key=lambda name: there[name])
        near, other = chosen.get(name, (-1, path))
        if near == there[name]:
            raise DataError(
                f"{folder / name} would label both {other} and {path}: use {{folder}} in "
                "ingest.label_files, or rename one of them"
            )
        if near < there[name]:
            chosen[name] = there[name], path
    return {path: name for name, (_, path) in chosen.items()}


def _filled(pattern: str, recording: Path) -> str:
    """The label file that a pattern gives for a recording."""
    try:
        return pattern.format(stem=name_of(recording), folder=recording.parent.as_posix())
    except (KeyError, IndexError, ValueError, AttributeError):
        raise DataError(
            f"ingest.label_files has {pattern!r}: only {{stem}} and {{folder}} are filled "
            "in, as in labels/{stem}.txt"
        ) from None


def _any_stem(pattern: str) -> str:
    """The glob of label files that a pattern would name for some recording."""
    filled = glob.escape(pattern.format(stem="\0", folder="\1"))
    return filled.replace("\0", "*").replace("\1", "**")


def _refuse_channels(table: pd.DataFrame, recording: Path, path: Path) -> None:
    """Raise `DataError` where labels are of a channel that a sound file has not."""
    beyond = table[table["channel"] > 1]
    if len(beyond) and sound.is_sound(recording):
        count = sound.channels_of(recording)
        beyond = beyond[beyond["channel"] > count]
        if len(beyond):
            raise DataError(
                f"{path}, row {beyond['row'].iloc[0]}: channel {beyond['channel'].iloc[0]} of "
                f"{recording}, which has {count}: correct the row or take it out"
            )


def _tables(
    sources: Sources, folder: Path, recordings: pd.DataFrame, report: dict[str, Any]
) -> tuple[list[dict[str, Any]], set[str]]:
    """Events of tables that name the file of each row."""
    by_name = _by_name(recordings)
    rows: list[dict[str, Any]] = []
    named: set[str] = set()
    for name in sources.label_files:
        path, of_table = folder / name, list[dict[str, Any]]()
        table = _read(sources, path)
        if (table["file"] == "").any():
            raise DataError(
                f"{path}, row {table['row'][table['file'] == ''].iloc[0]}: no file is named; a "
                "label file of one recording is ingest.labels: files"
            )
        listed = list(
            dict.fromkeys([*table["file"], *reading.named_files(path, sources.label_columns)])
        )
        of_file = dict(list(table.groupby("file", sort=False)))
        for file in listed:
            recording = _find(by_name, file)
            if recording is None:
                report["recording_absent"].append(f"{file} of {name}")
                continue
            named.add(recording["recording_id"])
            mine = of_file.get(file, table[:0])
            _refuse_channels(mine, folder / recording["path"], path)
            of_table += _events(mine, recording, path, report)
        rows += _weak_if_all_are(of_table)
    return rows, named


def _weak_if_all_are(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events that reach over all of their recordings are weak, unless some have other times."""
    return rows if all(row["weak"] for row in rows) else [row | {"weak": False} for row in rows]


def _strong(
    sources: Sources, folder: Path, recordings: pd.DataFrame, report: dict[str, Any]
) -> tuple[list[dict[str, Any]], set[str]]:
    """Events with times of recordings whose labels are of the whole, and recordings named there.

    Columns that are called otherwise than those of the labels are found by their names, and a cell
    is one label: an event is of one kind.

    Raises
    ------
    DataError
        No table names a recording.
    """
    rows: list[dict[str, Any]] = []
    named: set[str] = set()
    for name in sources.strong_files:
        path = folder / name
        header = cells.separated(path).columns if reading.form(path) == "table" else ()
        columns = {what: n for what, n in sources.label_columns.items() if n in header}
        column = sources.label_column if sources.label_column in header else None
        mine = replace(
            sources, label_files=(name,), label_columns=columns, label_column=column,
            label_separator=None,
        )  # fmt: skip
        found, there = _tables(mine, folder, recordings, report)
        rows += [row | {"weak": False} for row in found]
        named |= there
    if sources.strong_files and not named:
        raise DataError(
            f"no recording is named by ingest.strong_files {list(sources.strong_files)}: correct "
            "the names of files in it, or leave it empty"
        )
    return rows, named


class _Clip(NamedTuple):
    """What is known of a recording that is labelled as a whole."""

    labels: tuple[str, ...] = ()  # none: nothing is in it
    fold: str = ""
    group: str = ""
    file: str = ""  # as a table names it


def _whole(
    sources: Sources, folder: Path, recordings: pd.DataFrame, report: dict[str, Any]
) -> dict[str, _Clip]:
    """Labels (and perhaps fold and group) of recordings that are labelled as a whole."""
    if sources.labels == "clips":
        return _clips(sources, folder, recordings, report)
    found: dict[str, _Clip] = {}
    for recording in recordings.to_dict("records"):
        path = Path(recording["path"])
        if sources.labels == "folders":
            said = {"label": path.parent.name}
            if not path.parent.name:
                raise DataError(
                    f"{path} lies in no folder named after what it holds: ingest.labels is "
                    "folders, and ingest.pattern should be as */*.wav"
                )
        else:
            said = labels_from_name(str(sources.name_pattern), path.name)
        name = recording["recording_id"]
        clip = _Clip((said["label"],), said.get("fold", ""), said.get("group", ""))
        found[name] = _heard(clip, f"{folder}: {name}")
    return found


def _clips(
    sources: Sources, folder: Path, recordings: pd.DataFrame, report: dict[str, Any]
) -> dict[str, _Clip]:
    """What tables of clips say: of several rows of a clip the labels add up where cells may."""
    by_name = _by_name(recordings)
    found: dict[str, _Clip] = {}
    for name in sources.label_files:
        path = folder / name
        table = clips.read(
            path, sources.label_column, sources.label_separator, sources.label_columns
        )
        for (file, start, end), rows in table.groupby(["file", "start", "end"], sort=False):
            of_segment = audioset.names(file, start, end) if start else []
            called = next((stem for stem in of_segment if stem in by_name), str(file))
            recording = _find(by_name, called)
            if recording is None:
                report["recording_absent"].append(f"{file} of {name}")
                continue
            labels = tuple(dict.fromkeys(label for label in rows["label"] if label))
            where = f"{path}, row {rows.index[0]}: {file}"
            before = found.get(recording["recording_id"])
            fold, group = (_one_of(rows[name], before, where) for name in ("fold", "group"))
            clip = _heard(_Clip(labels, fold, group, str(file)), where)
            known = (before or clip)._replace(fold=fold, group=group)
            found[recording["recording_id"]] = known
            if sources.label_separator is not None:
                both = tuple(dict.fromkeys((*known.labels, *clip.labels)))
                found[recording["recording_id"]] = known._replace(labels=both)
            elif known.labels != clip.labels:
                raise DataError(
                    f"{path}: {known.file} and {file} are one clip, and its class is "
                    f"{' '.join(known.labels) or BACKGROUND} and "
                    f"{' '.join(clip.labels) or BACKGROUND}: delete one of the rows"
                )
    return found


def _one_of(cells: "pd.Series[str]", before: _Clip | None, where: str) -> str:
    """The fold or group of a clip, from its rows and what is known of it; empty where nobody says.

    Raises
    ------
    DataError
        They say several: one part of a split would hold what another learns from.
    """
    said = [*cells, getattr(before, str(cells.name), "")]
    names = list(dict.fromkeys(name for name in said if name))
    if len(names) > 1:
        raise DataError(
            f"{where} has the {cells.name}s {' and '.join(names)}: a clip is of one; correct it"
        )
    return names[0] if names else ""


def _heard(clip: _Clip, where: str) -> _Clip:
    """The clip without the label that says that nothing is in it; other labels must be good."""
    if clip.labels == (BACKGROUND,):
        return clip._replace(labels=())
    for label in clip.labels:
        mistake = bad_label(label)
        if mistake:
            raise DataError(f"{where} {mistake}")
    return clip


def _read(sources: Sources, path: Path) -> pd.DataFrame:
    """The events of a label file, one for each label of a cell."""
    table = reading.read(path, sources.label_column, sources.label_columns)
    if sources.label_separator is None:
        return table
    table = cells.apart(table, sources.label_separator).reset_index(drop=True)
    for row, label in zip(table["row"], table["label"], strict=True):
        mistake = bad_label(label)
        if mistake:
            raise DataError(f"{path}, row {row}: {mistake}")
    return table


def _events(
    table: pd.DataFrame, recording: dict[Hashable, Any], path: Path, report: dict[str, Any]
) -> list[dict[str, Any]]:
    rows = []
    length = recording["n_samples"] / recording["sample_rate"]
    if str(recording["channel"]).isdigit():
        other = ~table["channel"].isin([0, int(recording["channel"])])
        name = "of_channels_that_are_not_read"
        report[name] += [f"{path.name} row {row}" for row in table["row"][other]]
        table = table[~other]
    several = set(table["row"][table["row"].duplicated()])
    for row in table.to_dict("records"):
        if row["onset_s"] >= length:
            raise DataError(
                f"{path}, row {row['row']}: the event at {row['onset_s']:g} s lies outside "
                f"{recording['path']}, which ends at {length:g} s: correct the row or take it out"
            )
        if row["offset_s"] > length:
            report["cut_at_the_end"].append(f"{path.name} row {row['row']}")
        source = f"{path.name}:{row['row']}"
        if row["row"] in several:
            source += f":{row['label']}"
        band = float(row["low_hz"]), float(row["high_hz"])
        until = min(float(row["offset_s"]), length)
        event = _event(recording, row["onset_s"], until, row["label"], source, band)
        near = max(_WHOLE_S, _WHOLE * length)
        whole = bool(row["onset_s"] <= near and row["offset_s"] >= length - near)
        rows.append(event | {"certain": row["certain"], "weak": whole})
    return rows


def _event(
    recording: dict[Hashable, Any],
    onset_s: float,
    offset_s: float,
    label: str,
    source: str = "",
    band: tuple[float, float] = (np.nan, np.nan),
) -> dict[str, Any]:
    name = recording["recording_id"]
    return {
        "event_id": f"{name}/{source}" if source else name,
        "recording_id": name,
        "onset_s": onset_s,
        "offset_s": offset_s,
        "low_hz": band[0],
        "high_hz": band[1],
        "label": label,
        "certain": True,
        "weak": True,
    }


def _stem(name: str) -> str:
    return name_of(Path(name.replace("\\", "/")))


def _find(by_name: dict[str, dict[Hashable, Any]], file: str) -> dict[Hashable, Any] | None:
    """The recording that a table names: by path; a bare or an absolute name also by its stem.

    Of an absolute path, as of another machine, as much as possible must be the same.
    """
    file = file.replace("\\", "/")
    absolute = file.startswith("/") or file[1:3] == ":/"
    parts = [part for part in file.split("/") if part not in ("", ".")]
    for first in range(len(parts) if absolute else 1):
        known = by_name.get("/".join(parts[first:]))
        if known:
            return known
    return by_name.get(_stem(file)) if absolute or len(parts) == 1 else None


def _by_name(recordings: pd.DataFrame) -> dict[str, dict[Hashable, Any]]:
    """Recordings by path, file name and stem; names that several have are left out."""
    found: dict[str, dict[Hashable, Any]] = {}
    for key in (_stem, lambda p: Path(p).name, str):
        names = recordings["path"].map(key)
        unique = ~names.duplicated(keep=False)
        rows = recordings[unique].to_dict("records")
        found |= dict(zip(names[unique], rows, strict=True))
    return found
