"""What lies in a folder: recordings, and files that may say what is in them."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from rarewave.base.errors import DataError
from rarewave.recordings import images, reading, seismic, sound

# Six digits and a quality letter begin a record of miniSEED 2, MS and a 3 one of miniSEED 3.
_MINISEED = re.compile(rb"\d{6}[DRQM][ \x00]|MS\x03")
_LABELS = {".txt", ".csv", ".tsv", ".xml", ".qml", ".quakeml", ".svl", ".dat", ".tab", ".sel"}


class Folder(NamedTuple):
    """Files below a folder, by what they may be; paths are relative to it."""

    root: Path
    pattern: str  # for ingest.pattern: it gives these recordings and no other file
    recordings: tuple[Path, ...]
    texts: tuple[Path, ...]  # that may hold labels
    left_out: tuple[str, ...]  # recordings of the kind that is not looked at
    seismic: bool
    label_column: str | None = None  # of label files, and
    columns: Mapping[str, str] | None = None  # those of a csv by what they hold, as a user says


def look(root: Path) -> Folder:
    """What lies below a folder; hidden files do not count.

    Raises
    ------
    DataError
        There is no such folder, or no recording in it.
    """
    if not root.is_dir():
        raise DataError(f"no folder {root}: give the folder with recordings and labels")
    kinds: dict[str, list[Path]] = {"sound": [], "seismic": [], "text": []}
    for path in _files(root):
        kind = _kind(root / path)
        if kind:
            kinds[kind].append(path)
    if not kinds["sound"] and not kinds["seismic"]:
        if any(images.is_image(root / path) for path in _files(root)):
            raise DataError(
                f"{root} holds pictures: `new` looks at recordings; for pictures take a recipe, "
                "see `Spectrograms as pictures` in docs/own-data.md"
            )
        raise DataError(
            f"no recording in {root}: it holds no file of sound ({', '.join(sound.SUFFIXES)}) and "
            "none in a seismic format (miniSEED, SAC, ...)"
        )
    sizes = {
        kind: sum((root / path).stat().st_size for path in kinds[kind])
        for kind in ("sound", "seismic")
    }
    kind = max(sizes, key=lambda name: sizes[name])
    other = "sound" if kind == "seismic" else "seismic"
    mine = tuple(kinds[kind])
    left = tuple(path.as_posix() for path in kinds[other])
    return Folder(root, _pattern(root, mine), mine, tuple(kinds["text"]), left, kind == "seismic")


def _files(root: Path) -> list[Path]:
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    return sorted((p.relative_to(root) for p in found if p.is_file()), key=Path.as_posix)


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    if sound.is_sound(path):
        return "sound"
    if seismic.is_called_so(path):
        return "seismic"
    with open(path, "rb") as stream:
        if _MINISEED.match(stream.read(8)):  # an archive's files have no ending
            return "seismic"
    return "text" if suffix in _LABELS else ""


def _pattern(root: Path, files: tuple[Path, ...]) -> str:
    """The shortest glob that gives these files and no others."""
    endings = sorted({path.suffix for path in files})
    ending = endings[0] if len(endings) == 1 else f"{{{','.join(e[1:] for e in endings)}}}"
    name = f"*{'.' if len(endings) > 1 else ''}{ending}"
    folders = {path.parent for path in files}
    levels = {len(path.parents) - 1 for path in files}
    shared = Path(os.path.commonpath([path.as_posix() for path in folders]))
    between = ["*"] * (max(levels) - len(shared.parts)) if len(levels) == 1 else ["**"]
    wanted, given = set(files), set[Path]()
    for candidate in (Path(*shared.parts, *between, name), Path("**", name)):
        try:
            fitting = reading.find_files(root, candidate.as_posix())
        except DataError:  # a folder's name means something else in a pattern
            continue
        given = {path.relative_to(root) for path in fitting}
        if given == wanted:
            return candidate.as_posix()
    raise DataError(
        f"recordings and other files in {root} cannot be told apart by their names, as "
        f"{sorted(given ^ wanted)[0]}: move them into a folder of their own"
    )
