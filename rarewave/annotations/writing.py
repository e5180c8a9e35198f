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


WRITERS: dict[str, Writer] = {
    "raven": Writer("raven", "{stem}.Table.1.selections.txt"),
    "audacity": Writer("audacity", "{stem}.txt"),
    "sonic_visualiser": Writer("sonic_visualiser", "{stem}.layer.csv"),
    "csv": Writer("event_table", "events.csv", leaves_out=("event_id", "nyquist_hz")),
    "dcase": Writer("dcase", "events.tsv", names_all=True),
    "quakeml": Writer("quakeml", "events.xml"),
}


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


def write(folder: Path, form: str, events: "pd.DataFrame", names: Mapping[str, str]) -> None:
    """Write events of several recordings into a folder.

    Parameters
    ----------
    events : rows in the order of the file; `path` is that of the recording, the other columns
        are those of `table.writable` and what the format knows beside them.
    names : path of every recording, with events or without, to its name in the files.

    Raises
    ------
    DataError
        What the format cannot hold.
    """
    module, writer = _module(form), WRITERS[form]
    numbered = events.assign(event_id=[f"rarewave-{n + 1:06d}" for n in range(len(events))])
    events = numbered.assign(file=events["path"].map(names)).drop(columns=[*writer.leaves_out])
    everything = events.drop(columns="path")
    if "{stem}" in writer.file:
        for path, stem in _stems(names).items():
            mine = everything[events["path"] == path].reset_index(drop=True)
            module.write(folder / writer.file.format(stem=stem), mine)
    elif writer.names_all:
        module.write(folder / writer.file, everything, list(names.values()))
    else:
        module.write(folder / writer.file, everything)


def _stems(names: Mapping[str, str]) -> dict[str, str]:
    """A file name for each path without its ending, unless several would have the same."""
    flat = {path: name.replace("/", "_") for path, name in names.items()}
    stems = {path: str(Path(name).with_suffix("")) for path, name in flat.items()}
    return stems if len(set(stems.values())) == len(stems) else flat  # x.wav and x.flac
