"""Write events in any of the forms that other programs read.

A new form is a file in `formats/` and a line in WRITERS.
"""

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd


class Writer(NamedTuple):
    """How events become files of one form."""

    module: str  # in `formats`, imported when it is needed: --help does not wait for it
    file: str  # with {stem} one for each recording, else one for all of them
    leaves_out: tuple[str, ...] = ()  # columns of `write` that do not belong into the file
    names_all: bool = False  # recordings without an event stand in it too
    by_channel: bool = False  # has no place for the channel: one file for each


WRITERS: dict[str, Writer] = {
    "raven": Writer("raven", "{stem}.Table.1.selections.txt"),
    "audacity": Writer("audacity", "{stem}.txt", by_channel=True),
    "sonic_visualiser": Writer("sonic_visualiser", "{stem}.layer.csv", by_channel=True),
    "csv": Writer("event_table", "events.csv", leaves_out=("nyquist_hz",)),
    "parquet": Writer("parquet", "events.parquet", leaves_out=("nyquist_hz",)),
    "dcase": Writer("dcase", "events.tsv", names_all=True),
    "quakeml": Writer("quakeml", "events.xml"),
}


class Listed(NamedTuple):
    """A recorded file as lists name it."""

    name: str  # its own, or its path where several have that name
    channels: tuple[str, ...] = ()  # of a file with several


def _module(form: str) -> Any:
    return importlib.import_module(f"rarewave.annotations.formats.{WRITERS[form].module}")


def check_recordings(
    form: str, recordings: "Iterable[tuple[Path, pd.Timestamp | None, str]]"
) -> None:
    """Raise `DataError` for the first recording whose events the form could not hold.

    Parameters
    ----------
    recordings : path, start (UTC) and channel of each. A format refuses what it cannot hold by
        a function `check_recording`, if it has one.
    """
    check = getattr(_module(form), "check_recording", None)
    if check is not None:
        for recording in recordings:
            check(*recording)


def files(form: str, recordings: Mapping[str, Listed]) -> dict[str, tuple[str, str]]:
    """Each file of a form, and what it lists: path and channel, empty for all of them.

    No two recordings share a file: where files of one name lie in several folders, so do their
    lists, and where only endings differ (x.wav and x.flac), they are kept.
    """
    writer = WRITERS[form]
    if "{stem}" not in writer.file:
        return {writer.file: ("", "")}
    what = [
        (path, channel, listed.name)
        for path, listed in recordings.items()
        for channel in (listed.channels if writer.by_channel and listed.channels else ("",))
    ]
    whole = [".".join(filter(None, (name, channel))) for _, channel, name in what]
    stems = [".".join(filter(None, (_stem(Path(name)), channel))) for _, channel, name in what]
    if len(set(stems)) < len(stems):
        stems = whole
    made: dict[str, tuple[str, str]] = {}
    for (path, channel, _), stem in zip(what, stems, strict=True):
        file, number = writer.file.format(stem=stem), 1
        while file in made:  # a file called as another one's channel
            number += 1
            file = writer.file.format(stem=f"{stem}-{number}")
        made[file] = (path, channel)
    return made


def _stem(path: Path) -> str:
    """As {stem} of ingest.label_files, behind its folder."""
    from rarewave.recordings.seismic import name_of  # which loads pandas

    return path.with_name(name_of(path)).as_posix()


def write(
    folder: Path, form: str, events: "pd.DataFrame", recordings: Mapping[str, Listed]
) -> None:
    """Write events of several recordings into a folder, into the files that `files` names.

    Parameters
    ----------
    events : rows in the order of the file; `path` is that of the recording and `channel_id` its
        channel, the other columns are those of `table.writable` and what the format knows beside
        them.
    recordings : path of every recording, with events or without, and how lists name it.

    Raises
    ------
    DataError
        What the format cannot hold.
    """
    module, writer = _module(form), WRITERS[form]
    names = {path: listed.name for path, listed in recordings.items()}
    events = _named(events, writer, names)
    for file, (path, channel) in files(form, recordings).items():
        mine = events if not path else events[events["path"] == path]
        mine = mine if not channel else mine[mine["channel_id"] == channel]
        mine = mine.drop(columns="path").reset_index(drop=True)
        if writer.names_all:
            module.write(folder / file, mine, list(names.values()))
        else:
            module.write(folder / file, mine)


def write_table(path: Path, events: "pd.DataFrame", recordings: Mapping[str, Listed]) -> None:
    """Write events of all recordings as the form csv does, into a file of another name."""
    names = {path: listed.name for path, listed in recordings.items()}
    table = _named(events, WRITERS["csv"], names).drop(columns="path")
    _module("csv").write(path, table)


def _named(events: "pd.DataFrame", writer: Writer, names: Mapping[str, str]) -> "pd.DataFrame":
    """Events with the file as lists name it, and without what does not belong into a form."""
    return events.assign(file=events["path"].map(names)).drop(columns=[*writer.leaves_out])
