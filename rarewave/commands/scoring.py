"""The command score: what a model says of each recording as a whole, or of each segment."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tables import Schema, assign_scores, with_scores
from rarewave.commands import each_file
from rarewave.commands.each_file import SPANS, Recording, Wishes
from rarewave.commands.growing import growing
from rarewave.model import whole_files
from rarewave.model.detector import Detector
from rarewave.networks import last_layer

FILES: Schema = {
    "file": "str",
    "channel": "str",
    "start": "datetime64[ns, UTC]",  # NaT where the file does not say
    "duration_s": "float64",
    "scored_s": "float64",
    "gaps": "int64",  # windows or segments left out
}
_MANY = 20  # windows of a file, of which one says little of their mean
BEHIND: Schema = {"labels": "str", "problem": "str"}  # behind the scores


def score(
    model: str,
    paths: Sequence[Path],
    out: Path,
    wishes: Wishes,
    segments: bool = False,
    aggregate: str | None = None,
) -> bool:
    """Write the scores of recordings, each for itself, into a table: csv or parquet.

    Parameters
    ----------
    model : a folder, a `.keras` file or an MLflow URI.
    paths : recordings, and folders that are searched for them.
    segments : a row for each segment (of a network that scores none: window), not for each file.
    aggregate : mean or max of windows; None: the mean, or as a network of segments learnt.

    Returns
    -------
    Whether every file was whole.

    Raises
    ------
    DataError
        No model, no recordings, most of them in another unit than the model's, or `aggregate` for
        a network that learnt how its segments are pooled.
    """
    package, files = each_file.opened(model, paths, wishes)
    inner = package.detector
    if aggregate and inner.segments is not None:
        raise DataError(
            f"{inner.network_name} learnt to pool its segments (train.pooling "
            f"{last_layer.pooling(inner.network)}): leave --aggregate out"
        )
    # Rows of segments are what events are made of; windows and files are decided as windows are.
    of_events = segments and inner.segments is not None
    thresholds = package.thresholds if of_events else package.of_windows
    schema = with_scores(SPANS if segments else FILES, inner.task.names) | BEHIND
    covers, gaps = [], 0
    with growing(out, schema) as add, each_file.progress(files, "score") as progress:
        job = _Job(inner, thresholds, aggregate or "mean", add, progress)
        for one in files:
            with each_file.scratch(out) as folder:
                cover, left_out = (_each if segments else _whole)(job, one, folder)
            covers.append(cover)
            gaps += left_out
    if inner.segments is None and not segments and aggregate is None:
        _hint(inner, [float(cover["scored_s"]) for cover in covers])
    return each_file.said(covers, gaps, out)


def _hint(model: Detector, scored_s: Sequence[float]) -> None:
    """Say that a mean over many windows tells little of short events."""
    window_s = model.front_end.grid.window_samples / model.front_end.clean.sample_rate_hz
    if np.median(scored_s) > _MANY * window_s:
        print(
            f"a file's score is the mean over its windows of {window_s:.3g} s, which a short event "
            "hardly moves: --aggregate max takes the highest, detect finds the events"
        )


class _Job(NamedTuple):
    model: Detector
    thresholds: Mapping[str, float]
    aggregate: str
    add: Callable[[pd.DataFrame], None]
    progress: Callable[[float], object]


def _whole(job: _Job, one: Recording, folder: Path) -> tuple[dict[str, Any], int]:
    """Add the row of a recording; its coverage, and how many windows or segments lie in gaps."""
    scan, front_end, p = None, job.model.front_end, np.full(len(job.model.task.names), np.nan)
    if one.stream is not None:
        given = (job.model, one.stream, folder, job.aggregate, job.progress)
        scan, front_end, p = whole_files.of_recording(*given)
    cover, gaps = each_file.accounted(one, scan, front_end), each_file.gaps(scan)
    kept = {name: cover[name] for name in ("duration_s", "scored_s", "problem")}
    row = pd.DataFrame([one.named | {"gaps": gaps} | kept])
    job.add(_scored(job, row.assign(start=one.start(np.zeros(1))), p[None]))
    return cover, gaps


def _each(job: _Job, one: Recording, folder: Path) -> tuple[dict[str, Any], int]:
    """Add a row for each segment or window of a recording; else as `_whole`."""
    scan, front_end, names = None, job.model.scans, len(job.model.task.names)
    if one.stream is not None:
        scan = whole_files.scanned(job.model, one.stream, folder, job.progress)
    cover, written = each_file.accounted(one, scan, front_end), 0
    for table, P in each_file.tables(one, scan, front_end):
        told = table.assign(problem=cover["problem"])
        job.add(_scored(job, told, P[:, :names].astype(np.float64)))
        written += len(table)
    if cover["problem"] and not written:
        about = {"start_s": np.nan, "end_s": np.nan, "problem": cover["problem"]}
        row = pd.DataFrame([one.named | about]).assign(start=one.start(np.zeros(1)))
        job.add(_scored(job, row, np.full((1, names), np.nan)))
    return cover, each_file.gaps(scan)


def _scored(job: _Job, table: pd.DataFrame, p: NDArray[np.float64]) -> pd.DataFrame:
    """Rows with their scores (n, names), and the names that are decided for, joined by `;`."""
    task = job.model.task
    yes = task.decide(p, job.thresholds) & np.isfinite(p)
    events = [(k, name) for k, name in enumerate(task.names) if name in task.events]
    labels = [";".join(name for k, name in events if row[k]) for row in yes]
    return assign_scores(table, p, task.names).assign(labels=labels)
