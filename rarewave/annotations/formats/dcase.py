"""Event tables as DCASE challenges write them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.annotations import cells, table
from rarewave.base.errors import DataError


def write(path: Path, events: pd.DataFrame, files: Sequence[str] = ()) -> None:
    """Write tab-separated filename, onset, offset (s), event_label.

    Parameters
    ----------
    events: file, onset_s, offset_s (s), label.
    files: recordings that were looked through; those without an event get a row without times
        after the events.

    Raises
    ------
    DataError
        An event names no file, and what `table.writable` refuses.
    """
    events = table.writable(events, path)
    nameless = np.flatnonzero(events["file"] == "")
    if len(nameless):
        raise DataError(
            f"{path}, event {nameless[0] + 1} cannot be written: it names no file: fill it in"
        )
    rows = [["filename", "onset", "offset", "event_label"]]
    for event in events.itertuples():
        times = [cells.decimal(event.onset_s), cells.decimal(event.offset_s)]
        rows.append([event.file, *times, event.label])
    named = set(events["file"])
    for name in dict.fromkeys(files):
        mistake = cells.unwritable("file name", name) if name else "a file has no name: add it"
        if mistake:
            raise DataError(f"{path} cannot be written: {mistake}")
        rows += [] if name in named else [[name, "", "", ""]]
    cells.write_separated(path, rows, "\t")
