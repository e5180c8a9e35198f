"""DVC experiments: run one, read what it left."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rarewave.base.errors import DataError
from rarewave.base.files import content_of, json_of
from rarewave.base.tables import parquet_of

if TYPE_CHECKING:
    import pandas as pd

PARAMS = Path("params.yaml")
WORKSPACE = "workspace"  # what DVC calls the files as they are


@contextlib.contextmanager
def parameters_kept(params: Path = PARAMS) -> Iterator[None]:
    """Put params.yaml back at the end: experiments of DVC change it in place."""
    before = params.read_bytes()
    try:
        yield
    finally:
        params.write_bytes(before)
        print(f"{params} is as before; dvc repro brings back the outputs that belong to it")


def experiment(
    name: str, settings: Sequence[str], target: str | None = None, shown: bool = True
) -> None:
    """Run one experiment of DVC, in the place of an older one of that name.

    Stages that ran before with these parameters come back from DVC's cache (which `--force`, the
    other way to use a name again, would not look at).

    Parameters
    ----------
    settings : `section.name=value`.
    target : the last stage to run; None: all. All run, too, where pictures that dvc.lock names are
        not in DVC's cache, as in a fresh clone: DVC cannot save an experiment without them.
    """
    if target and _lacks_pictures():
        print(f"{name}: all stages run, as DVC's cache lacks pictures that dvc.lock names")
        target = None
    with contextlib.suppress(DataError):
        dvc("exp", "remove", name, shown=False)
    pairs = [part for setting in settings for part in ("-S", setting)]
    dvc("exp", "run", "-n", name, *pairs, *([target] if target else []), shown=shown)


def _lacks_pictures() -> bool:
    content = json.loads(dvc("data", "status", "--json", shown=False) or "{}")
    return any(path.startswith("plots/") for path in content.get("not_in_cache", []))


def dvc(*command: str, shown: bool = True) -> str:
    """Run DVC; what it printed where that is not shown.

    Raises
    ------
    DataError
        It failed; with its last words where they are not shown.
    """
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *command], check=False, capture_output=not shown, text=True
    )
    if done.returncode:
        said = "" if shown else "\n" + "\n".join(f"{done.stdout}{done.stderr}".splitlines()[-15:])
        raise DataError(f"dvc {' '.join(command)} failed{said}")
    return "" if shown else done.stdout


def stored(path: str, experiment: str) -> bytes:
    """A file as an experiment left it, or as it is in the `workspace`.

    Raises
    ------
    DataError
        There is none.
    """
    if experiment == WORKSPACE:
        return content_of(Path(path))
    if not experiment.strip():
        raise DataError("an experiment has no name: a variable may be empty; see dvc exp show")
    import dvc.api
    from dvc.exceptions import DvcException

    try:
        return dvc.api.read(path, rev=experiment, mode="rb")
    except (DvcException, OSError) as error:
        raise DataError(
            f"no scores in experiment {experiment} ({error}): see dvc exp show"
        ) from None


def stored_json(path: str, experiment: str) -> dict[str, Any]:
    """A map in JSON as an experiment left it; raises `DataError` where there is none."""
    name = f"{path} of experiment {experiment}"
    content = json_of(stored(path, experiment), name)
    if not isinstance(content, dict):
        raise DataError(f"{name} is a {type(content).__name__}, not a map: run it again")
    return content


def stored_table(path: str, experiment: str) -> "pd.DataFrame":
    """A table as an experiment left it; raises `DataError` where there is none."""
    return parquet_of(stored(path, experiment), f"{path} of experiment {experiment}")
