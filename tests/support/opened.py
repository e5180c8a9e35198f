"""Which files of the project each stage of a `dvc repro` opened."""

from collections.abc import Iterable
from pathlib import Path

from tools.deps import is_charter

AUDIT = Path(__file__).parent / "audit"


def noting(notes: Path) -> dict[str, str]:
    """The variables with which stages note what they open below the folder `notes`."""
    notes.mkdir()
    return {"PYTHONPATH": str(AUDIT), "RAREWAVE_OPENED": str(notes)}


def by_stage(notes: Path, folder: Path) -> dict[str, set[str]]:
    """The files below `folder` that each stage opened; bytecode counts as its source.

    What is not there afterwards was asked for in vain, or written; a charter holds no code.
    """
    found = {}
    for note in notes.iterdir():
        paths = {Path(line) for line in note.read_text().splitlines()}
        inside = {p.relative_to(folder) for p in paths if p.is_relative_to(folder)}
        sources = {p for p in map(_source, inside) if (folder / p).is_file()}
        charters = {p for p in sources if p.name == "__init__.py" and is_charter(folder / p)}
        found[note.name] = {p.as_posix() for p in sources - charters}
    return found


def _source(path: Path) -> Path:
    if path.parent.name == "__pycache__":
        return path.parent.parent / f"{path.name.split('.')[0]}.py"
    return path


def beyond(opened: Iterable[str], listed: Iterable[str]) -> list[str]:
    """Those that are neither listed nor in a listed folder."""
    names = tuple(listed)
    return sorted(p for p in opened if p not in names and not p.startswith(_folders(names)))


def _folders(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{name}/" for name in names)
