"""Annotation layers of Sonic Visualiser, exported as csv: regions and boxes.

As its `RegionModel`, `BoxModel` and `Event` write them: times with nine decimals, no cell for an
empty label, quotation marks only round a label with the separator in it; the header is optional.
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from rarewave.annotations.cells import decimal, lines_of, numbers, text_of
from rarewave.annotations.table import checked, drawn_band, empty, writable
from rarewave.base.errors import DataError
from rarewave.base.files import write_text

_REGIONS = ("TIME", "VALUE", "DURATION", "LABEL")
_BOXES = ("START", "END", "EXTENT START", "EXTENT END", "LABEL")
_POINTS = (("TIME", "LABEL"), ("TIME", "VALUE", "LABEL"))  # instants; values and texts
_NOTES = ("TIME", "VALUE", "DURATION", "LEVEL", "LABEL")
_LAYERS = (_REGIONS, _BOXES, *_POINTS, _NOTES)
_IN_FRAMES = {"FRAME": "TIME", "STARTFRAME": "START", "ENDFRAME": "END"}

_TIME, _FRAME, _NUMBER = r"\d+\.\d{9,}", r"\d+", r"[-+.\w]+"


class _Layer(NamedTuple):
    """What the first line of a file says of it."""

    columns: tuple[str, ...]
    in_frames: bool
    has_header: bool


# Rows of layers without a header, cells joined by tabs. No other program writes times with just
# these decimals into such cells; of a file that has tabs, others could be a track of Audacity.
_BY_TABS = {
    rf"{_TIME}\t{_TIME}\t{_NUMBER}\t{_NUMBER}(\t.*)?": _Layer(_BOXES, False, False),
    rf"{_TIME}\t{_NUMBER}\t{_TIME}(\t.*)?": _Layer(_REGIONS, False, False),
    rf"{_TIME}(\t[^-+.\d].*)?": _Layer(_POINTS[0], False, False),
}
_BY_COMMAS = _BY_TABS | {
    rf"{_TIME}(\t.*)?": _Layer(_POINTS[0], False, False),
    rf"{_FRAME}\t{_NUMBER}\t{_FRAME}(\t.*)?": _Layer(_REGIONS, True, False),
    rf"{_FRAME}\t{_FRAME}\t{_NUMBER}\t{_NUMBER}(\t.*)?": _Layer(_BOXES, True, False),
}


def looks_like(line: str) -> bool:
    """Whether this is the header or the first row of a layer, of whatever kind."""
    return _layer(line) is not None


def _layer(line: str) -> _Layer | None:
    separator = _separator(line)
    cells = [cell.strip() for cell in line.split(separator)]
    header = tuple(_IN_FRAMES.get(cell, cell) for cell in cells)
    if header in _LAYERS:
        return _Layer(header, list(header) != cells, True)
    rows = _BY_TABS if separator == "\t" else _BY_COMMAS
    row = "\t".join(cells)
    return next((layer for like, layer in rows.items() if re.fullmatch(like, row)), None)


def _separator(line: str) -> str:
    return "\t" if "\t" in line else ","


def read(path: Path) -> pd.DataFrame:
    """Regions or boxes of one recording; a box from 0 to 0 Hz has no known frequencies.

    Returns
    -------
    The table of `table.COLUMNS`. Empty for an empty layer.

    Raises
    ------
    DataError
        A layer of points or notes, times in sample frames, a row that is none of the layer, and
        what `table.checked` refuses. File, row and fix are named.
    """
    path = Path(path)
    lines = lines_of(text_of(path))
    if not lines:
        return empty()
    layer = _layer(lines[0][1])
    if layer is None:
        raise DataError(f"{path} is no layer of Sonic Visualiser: export one of regions or boxes")
    if layer.columns not in (_REGIONS, _BOXES):
        kind = "notes" if layer.columns == _NOTES else "points in time, which have no length"
        raise DataError(f"{path} is a layer of {kind}: export a layer of regions or boxes")
    if layer.in_frames:
        raise DataError(
            f"{path} has times in sample frames: export the layer with times in seconds (and a "
            "table of events with a header)"
        )
    separator = _separator(lines[0][1])
    rows = lines[1:] if layer.has_header else lines
    if not rows:
        return empty()
    wanted = layer.columns
    cells = [_cells(line, separator, wanted, f"{path}, row {row}") for row, line in rows]
    table = pd.DataFrame(cells, [row for row, _ in rows], list(wanted), dtype=object)
    return checked(_boxes(table, path) if wanted == _BOXES else _regions(table, path), path)


def _cells(line: str, separator: str, columns: tuple[str, ...], where: str) -> list[str]:
    """Cells of a row, the label as it was before it was quoted, empty where it is not there."""
    last = len(columns) - 1
    cells = [cell.strip() for cell in line.split(separator, last)]
    if len(cells) < last:
        raise DataError(f"{where}: {line!r} is not {', '.join(columns).lower()}: correct it")
    values, label = cells[:last], "".join(cells[last:])
    if separator not in label:
        return [*values, label]
    if not re.fullmatch(r'"([^"]|"")*"', label):
        raise DataError(
            f"{where}: has more cells than {', '.join(columns).lower()}: write quotation marks "
            "round the label"
        )
    return [*values, label[1:-1].replace('""', '"')]


def _regions(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    events = pd.DataFrame({"onset_s": numbers(table["TIME"], path), "label": table["LABEL"]})
    numbers(table["DURATION"], path)
    times = zip(table["TIME"], table["DURATION"], strict=True)
    # Added as they are written: 0.1 and 0.2 end at 0.3.
    return events.assign(offset_s=[float(Decimal(onset) + Decimal(s)) for onset, s in times])


def _boxes(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    columns = {"onset_s": "START", "offset_s": "END"}
    columns |= {"low_hz": "EXTENT START", "high_hz": "EXTENT END"}
    events = pd.DataFrame({new: numbers(table[old], path) for new, old in columns.items()})
    flat = (events["low_hz"] == 0) & (events["high_hz"] == 0)
    events.loc[flat, ["low_hz", "high_hz"]] = np.nan
    return events.assign(label=table["LABEL"])


def write(path: Path, events: pd.DataFrame) -> None:
    """Write a layer of boxes, or of regions if no event has a frequency, with its header.

    A region's value is the score `peak`, or 0. Times have nine decimals as those of the program,
    and more where they need them to read back the same.

    Parameters
    ----------
    events : onset_s, offset_s (s), label, perhaps low_hz, high_hz, nyquist_hz (Hz) and peak, of
        one recording.

    Raises
    ------
    DataError
        Events of several files, what `table.drawn_band` and what `table.writable` refuse.
    """
    events = writable(events, path)
    if events["file"].nunique() > 1:
        raise DataError(
            f"{path}: a layer belongs to one recording, and events name "
            f"{events['file'].nunique()}: write one for each"
        )
    boxes = bool(events[["low_hz", "high_hz"]].notna().any(axis=None))
    lines = [",".join(_BOXES if boxes else _REGIONS)]
    for number, event in enumerate(events.to_dict("records"), start=1):
        row = {str(key): value for key, value in event.items()}
        onset, offset = Decimal(decimal(row["onset_s"])), Decimal(decimal(row["offset_s"]))
        if boxes:
            band = drawn_band(row, f"{path}, event {number}")
            cells = [_time(onset), _time(offset), *map(decimal, band)]
        else:
            cells = [_time(onset), f"{row.get('peak', 0.0):g}", _time(offset - onset)]
        label = row["label"]
        quoted = '"' + label.replace('"', '""') + '"' if "," in label else label
        lines.append(",".join([*cells, quoted]))
    write_text(path, "".join(f"{line}\n" for line in lines))


def _time(seconds: Decimal) -> str:
    text = f"{seconds:f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<9}"
