"""Labels to look at again: windows whose label the networks of other folds contradict."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from rarewave.base import tables, yaml
from rarewave.base.errors import DataError
from rarewave.base.tables import EVALUATED, WINDOWS, conform, with_scores
from rarewave.base.tasks import Task
from rarewave.experiments.dvc import PARAMS, dvc, stored, stored_json, stored_table
from rarewave.metrics.label_errors import doubtful

_SCORES = "artifacts/evaluate/examples.parquet"  # of windows of the data set, as they are learnt
_WINDOWS = "artifacts/clean/windows.parquet"
_RECORDINGS = "artifacts/ingest/recordings.parquet"
_ABOUT = "artifacts/clean/frontend.json"
_TOUCH_S = 1e-6  # windows so near follow each other


class Scored(NamedTuple):
    """Windows with labels, each scored by a network that did not train on it."""

    task: Task
    table: pd.DataFrame  # EVALUATED with scores, start_s, end_s, path, channel and start
    labelled: int  # used windows in all, scored or not


def of_folds(name: str) -> list[str]:
    """The experiments that `crossvalidate --name NAME` left; raises `DataError` without any."""
    known = dvc("exp", "list", "--name-only", shown=False).split()
    folds = [k for k in dict.fromkeys(known) if re.fullmatch(rf"{re.escape(name)}-\d+", k)]
    if not folds:
        raise DataError(
            f"there are no experiments {name}-1, {name}-2, …: run python -m rarewave "
            f"crossvalidate --name {name}"
        )
    return sorted(folds, key=lambda fold: int(fold.rpartition("-")[2]))


def scored(experiments: Sequence[str]) -> Scored:
    """The test windows of experiments together.

    Raises
    ------
    DataError
        There is no such experiment or it has no scores, two are of different tasks or test the
        same windows.
    """
    read = {name: _test_windows(name) for name in dict.fromkeys(experiments)}
    (first, one), *others = read.items()
    for name, other in others:
        if other.task != one.task:
            raise DataError(
                f"{name} tells {', '.join(other.task.names)} apart, and {first} "
                f"{', '.join(one.task.names)}: give the folds of one cross-validation"
            )
    table = pd.concat(
        [part.table.assign(experiment=name) for name, part in read.items()], ignore_index=True
    )
    again = table[table.duplicated("window_id")]
    if len(again):
        row = again.iloc[0]
        mine = table["experiment"][table["window_id"] == row["window_id"]]
        raise DataError(
            f"{' and '.join(mine)} both test window {row['window_id']}: give the folds of one "
            "cross-validation"
        )
    return Scored(one.task, table, max(part.labelled for part in read.values()))


def _test_windows(name: str) -> Scored:
    """What one experiment left."""
    task = Task.from_dict(stored_json(_ABOUT, name).get("task"))
    schema = with_scores(EVALUATED, task.names)
    table = conform(stored_table(_SCORES, name), schema, f"{name}: {_SCORES}")
    windows = conform(stored_table(_WINDOWS, name), WINDOWS, f"{name}: {_WINDOWS}")
    listed = conform(stored_table(_RECORDINGS, name), tables.RECORDINGS, f"{name}: {_RECORDINGS}")
    text = stored(str(PARAMS), name).decode("utf-8", "replace")
    folder = yaml.mapping(text, f"{PARAMS} of {name}").get("ingest", {}).get("data", "")
    windows["end_s"] = windows["start_s"] + windows["duration_s"]
    table = table.merge(windows[["window_id", "start_s", "end_s"]], on="window_id", how="left")
    if table["start_s"].isna().any():
        raise DataError(f"{name}: {_SCORES} is of other windows than {_WINDOWS}: run it again")
    listed["length_s"] = listed["n_samples"] / listed["sample_rate"]
    listed["path"] = [(Path(folder) / path).as_posix() for path in listed["path"]]
    about = listed[["recording_id", "path", "channel", "start", "sample_rate", "length_s"]]
    table = table.merge(about, on="recording_id", how="left")
    table["end_s"] = table[["end_s", "length_s"]].min(axis=1)  # of one with silence behind it
    return Scored(task, table, int((windows["row"] >= 0).sum()))


def stretches(windows: Scored, most: int | None = None) -> pd.DataFrame:
    """Likely label errors, the least likely labels first, windows that follow joined.

    Parameters
    ----------
    most : so many, whatever cleanlab holds for an error; None: those that it does.

    Returns
    -------
    rank (from 1), path, channel, recording_id, start (of the recording), sample_rate (Hz),
    onset_s, offset_s, given, suggested, quality (the lowest of its windows) and windows.
    """
    task, table = windows.task, windows.table
    p = table[[f"p_{name}" for name in task.names]].to_numpy(float)
    truth = task.truth(table["labels"])
    found = doubtful(task, table["label"].tolist(), truth, p, every=most is not None)
    about = ["recording_id", "path", "channel", "start", "sample_rate"]
    rows = table.loc[found["row"], [*about, "start_s", "end_s"]].reset_index(drop=True)
    found = pd.concat([found.drop(columns="row"), rows], axis=1)
    keys = ["recording_id", "given", "suggested"]
    found = found.sort_values([*keys, "start_s"], kind="stable")
    before = found.groupby(keys)["end_s"].cummax().groupby([found[k] for k in keys]).shift()
    found["stretch"] = (~(found["start_s"] <= before + _TOUCH_S)).cumsum()
    joined = found.groupby("stretch", sort=False).agg(
        **{name: (name, "first") for name in (*about, "given", "suggested")},
        onset_s=("start_s", "min"),
        offset_s=("end_s", "max"),
        quality=("quality", "min"),
        windows=("quality", "size"),
    )
    joined = joined.sort_values(
        ["quality", "recording_id", "onset_s"], kind="stable", ignore_index=True
    )
    joined = joined if most is None else joined.head(most)
    return joined.assign(rank=range(1, len(joined) + 1))
