r"""Label tracks of Audacity: start, end and label by tabs, then perhaps `\`, low, high."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.annotations.cells import decimal, lines_of, numbers, text_of
from rarewave.annotations.table import checked, empty, writable
from rarewave.base.errors import DataError
from rarewave.base.files import write_text

_FIRST_CELL = re.compile(r"[+-]?[\d.,]+([eE][+-]?\d+)?", re.ASCII)


def looks_like(line: str) -> bool:
    """Whether this can be the first line of a label track: it has no header but a time."""
    cells = line.split("\t")
    return len(cells) > 1 and (cells[0].strip() == "\\" or bool(_FIRST_CELL.fullmatch(cells[0])))


def read(path: Path) -> pd.DataFrame:
    r"""Labels of one recording.

    A frequency below 0 is unknown, as Audacity writes it.

    Returns
    -------
    The table of `table.COLUMNS`; `row` is the line of the times. Empty for an empty file.

    Raises
    ------
    DataError
        A line that has no start and end, a point label, an empty label, frequencies without a
        label before them, and what `table.checked` refuses. File, row and fix are named.
    """
    path = Path(path)
    rows: list[int] = []
    cells: list[list[str]] = []
    for row, line in lines_of(text_of(path)):
        first, *rest = line.split("\t")
        if first.strip() == "\\":
            if not cells or len(cells[-1]) != 3 or row != rows[-1] + 1 or len(rest) < 2:
                raise DataError(
                    f"{path}, row {row}: a line of frequencies is \\, low and high after the "
                    "line of its label: correct or delete it"
                )
            cells[-1] += [rest[0].strip(), rest[1].strip()]
            continue
        if not rest:
            raise DataError(
                f"{path}, row {row}: {line!r} is not start, end and label: separate them by tabs"
            )
        rows.append(row)
        cells.append([first.strip(), rest[0].strip(), "\t".join(rest[1:]).strip()])
    if not rows:
        return empty()
    names = ["start", "end", "label", "low frequency", "high frequency"]
    table = pd.DataFrame([[*c, "", ""][:5] for c in cells], rows, names, dtype=object)
    times = {"onset_s": "start", "offset_s": "end"}
    bands = {"low_hz": "low frequency", "high_hz": "high frequency"}
    found = table[["label"]].copy()
    for new, old in times.items():
        found[new] = numbers(table[old], path)
    for new, old in bands.items():
        found[new] = numbers(table[old], path, needed=False)
        found[new] = found[new].where(found[new] >= 0)
    return checked(found, path)


def write(path: Path, events: pd.DataFrame) -> None:
    r"""Write a label track; a known frequency adds the line `\`, low, high, -1 being unknown.

    Parameters
    ----------
    events: onset_s, offset_s (s), label, perhaps low_hz, high_hz (Hz), of one recording.

    Raises
    ------
    DataError
        Events of several files, and what `table.writable` refuses.
    """
    events = writable(events, path)
    if events["file"].nunique() > 1:
        raise DataError(
            f"{path}: a label track belongs to one recording, and events name "
            f"{events['file'].nunique()}: write one track for each"
        )
    lines = []
    for event in events.itertuples():
        times = [decimal(event.onset_s), decimal(event.offset_s)]
        lines.append("\t".join([*times, event.label]))
        if not (np.isnan(event.low_hz) and np.isnan(event.high_hz)):
            band = [-1.0 if np.isnan(hz) else hz for hz in (event.low_hz, event.high_hz)]
            lines.append("\t".join(["\\", *map(decimal, band)]))
    write_text(path, "".join(f"{line}\n" for line in lines))
