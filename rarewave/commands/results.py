"""The folder that detect writes into: of one run, locked while it works, with a list of it all."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, whole, write_json

ABOUT = "detect.json"
COVERAGE = "coverage.csv"
_LOCK, _PLAN = "lock", "files.json"


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Raise `DataError` where the block cannot write below `out`."""
    try:
        yield
    except OSError as error:
        raise DataError(f"--out {out} cannot be written ({error.strerror}): name another") from None


@contextmanager
def opened(out: Path) -> Iterator[Path]:
    """The folder `out/.partial`, of this process alone as long as the block runs.

    It goes when the block ends well. A lock is the operating system's: it ends with its process,
    however that ends.

    Raises
    ------
    DataError
        `out` holds the results of another run, another run is at work in it, or it cannot be
        written.
    """
    from filelock import FileLock, Timeout

    refuse_results(out)
    part = out / ".partial"
    with writing(out):
        part.mkdir(parents=True, exist_ok=True)
        lock = FileLock(part / _LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise DataError(
                f"another run is at work in {out}: wait until it ends, or name another --out"
            ) from None
    try:
        refuse_results(out)  # the other run may just have ended
        yield part
        shutil.rmtree(part, ignore_errors=True)
    finally:
        _leave(out, part)
        lock.release()


def _leave(out: Path, part: Path) -> None:
    """Take away the lock and folders that hold nothing else."""
    if part.exists() and [path.name for path in part.iterdir()] == [_LOCK]:
        shutil.rmtree(part, ignore_errors=True)
    if out.exists() and not any(out.iterdir()):
        out.rmdir()


def refuse_results(out: Path) -> None:
    """Raise `DataError` where a folder holds the results of a run: they are not written over."""
    if (out / COVERAGE).exists():
        raise DataError(
            f"{out} holds the results of an earlier run ({COVERAGE}), which would be lost: name "
            "another --out, or delete that folder"
        )


def plan(out: Path, part: Path, files: Iterable[str]) -> None:
    """Note which files a run will write, and take away those of one that was stopped at it.

    Raises
    ------
    DataError
        One of them is there, and no run of detect has noted that it would write it.
    """
    wanted = [*files, ABOUT]
    before = read_json(part / _PLAN) if (part / _PLAN).exists() else []
    for name in wanted:
        if name not in before and (out / name).exists():
            raise DataError(
                f"{out / name} is there, and is not of this run: name another --out, or move it"
            )
    with writing(out):
        for name in before:
            (out / name).unlink(missing_ok=True)
    write_json(part / _PLAN, sorted({*wanted}))


def finish(out: Path, about: dict[str, Any], coverage: pd.DataFrame) -> None:
    """Write what the run was, and last the coverage: where it stands, all the rest does."""
    write_json(out / ABOUT, about)
    with whole(out / COVERAGE) as path:
        coverage.to_csv(path, index=False)
