"""Whether pictures of spectrograms fit how they are to be read."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rarewave.base import rates
from rarewave.base.errors import DataError
from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.spectrogram import Spectrogram
from rarewave.frontend.transform import FrontEnd
from rarewave.recordings.images import is_image, picture

_IS = " is a picture of "


def unfit(path: Path, cleaning: Cleaning) -> str:
    """Why a picture cannot be cleaned in this way, empty where it can: pixels stay as they are."""
    known = picture(path)
    options: dict[str, int | None] = dict.fromkeys(
        ("low_hz", "high_hz", "gap_value", "noise_s", "silence_db"), None
    )
    options |= {"flat_s": 0, "spike_factor": 0, "taper_s": 0}
    off = [
        f"clean.{name} to {'null' if value is None else value}"
        for name, value in options.items()
        if getattr(cleaning, name) != value
    ]
    if not rates.same(known.sample_rate, cleaning.sample_rate_hz):
        off.append(f"clean.sample_rate_hz to {known.sample_rate:.12g}")
    if not off:
        return ""
    return (
        f"{path}{_IS}{known.rows} rows and {1 / known.column_s:g} columns a second: "
        f"set {', '.join(off)}, spectrogram.scale to picture, and spectrogram.n_fft and hop to "
        f"{known.rows}"
    )


def once(problems: Iterable[str]) -> list[str]:
    """Problems as they are, but what is to be set for many pictures said of the first alone."""
    paths: dict[str, list[str]] = {}
    for problem in problems:
        path, is_picture, what = problem.partition(_IS)
        key = is_picture + what if is_picture else problem
        paths.setdefault(key, []).append(path if is_picture else "")
    told = []
    for what, named in paths.items():
        more = f" (and so are {len(named) - 1} more)" if named[0] and len(named) > 1 else ""
        told += [named[0] + what + more] if named[0] else [what] * len(named)
    return told


def rows_of(paths: Sequence[Path]) -> int | None:
    """Rows of the pictures, None of recordings that are none.

    Raises
    ------
    DataError
        Some are pictures and others not, or they differ in height.
    """
    rows = {path: picture(path).rows if is_image(path) else None for path in paths}
    first = next(iter(rows))
    for path, count in rows.items():
        if count != rows[first]:
            found = ", ".join(f"{p} has {rows[p] or 'no'} rows" for p in (first, path))
            raise DataError(f"recordings must all be pictures of one height, or none be: {found}")
    return rows[first]


def about(folder: Path, names: Iterable[str]) -> dict[str, int]:
    """What later stages are told of recordings: `picture_rows` of pictures, of others nothing."""
    rows = rows_of([folder / name for name in names])
    return {} if rows is None else {"picture_rows": rows}


def refuse_rows(what: str, rows: int | None, options: Spectrogram) -> None:
    """Raise `DataError` where pictures of so many rows (None: sound) are not what is expected."""
    if (rows is None) == options.is_picture:
        kind = "no picture" if rows is None else f"a picture of {rows} rows"
        fix = "another scale" if rows is None else f"scale picture, n_fft and hop {rows}"
        raise DataError(
            f"{what} is {kind}, and spectrogram.scale is {options.scale}: it needs {fix}"
        )
    if rows is not None and rows != options.n_fft:
        raise DataError(
            f"{what} is a picture of {rows} rows, and spectrogram.n_fft and hop are "
            f"{options.n_fft}: they must be its rows"
        )


def refuse_unfit(path: Path, front_end: FrontEnd) -> None:
    """Raise `DataError` where a front end for pictures is given another file, or the reverse."""
    rows = picture(path).rows if is_image(path) else None
    refuse_rows(str(path), rows, front_end.spectrogram)
    if rows is not None and (why := unfit(path, front_end.clean)):
        raise DataError(why)
