"""One recording to cleaned samples and labelled windows."""

import dataclasses
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import intervals, rates
from rarewave.base.errors import DataError
from rarewave.base.files import NpyRows
from rarewave.base.tasks import UNLABELLED
from rarewave.dataset import labelling, placement
from rarewave.dataset.labelling import Labelling
from rarewave.dataset.placement import Placement
from rarewave.frontend import cleaning
from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.grid import Grid, new_seconds, starts
from rarewave.recordings import reading
from rarewave.recordings.responses import Responses

# Longer recordings are not given to a worker: they would not fit into memory.
_LONG = 1 << 25
# A window may be padded, but not from next to nothing.
_TIMES = 10


class Settings(NamedTuple):
    """What the work on one recording needs."""

    folder: Path
    events: pd.DataFrame
    signal: Cleaning
    grid: Grid
    placement: Placement
    labelling: Labelling
    block_s: float  # stretches that are a group each; infinite: the recording's group stays
    responses: Responses | None  # of the instruments, where clean.output is not counts
    tags: bool = False  # clean.target
    column: int = 1  # samples that windows begin on multiples of: of a picture its rows


def refuse_sizes(listed: pd.DataFrame, signal: Cleaning, grid: Grid) -> None:
    """Raise `DataError` where windows, context or taper cannot be meant for these recordings.

    Parameters
    ----------
    listed : table RECORDINGS.
    """
    longest_s = float((listed["n_samples"] / listed["sample_rate"]).max())
    rate = signal.sample_rate_hz
    longest = max(1, round(longest_s * rate))
    sizes = {"window_samples": grid.window_samples, "context_samples": grid.context_samples}
    for name, size in sizes.items():
        if size > _TIMES * longest:
            raise DataError(
                f"clean.{name} is {size}: a window would need {4 * size / 2**30:.3g} GiB; the "
                f"longest recording has {longest} samples ({longest_s:.4g} s); lower it"
            )
    if 2 * signal.taper_s > _TIMES * longest_s:
        raise DataError(
            f"clean.taper_s is {signal.taper_s:g}: both ends together are more than {_TIMES} times "
            f"the longest recording ({longest_s:.4g} s); lower it"
        )


def blocks(row: dict[str, Any], settings: Settings) -> Iterator[cleaning.Cleaned]:
    """One recording cleaned, a block at a time."""
    path = settings.folder / row["path"]
    read = partial(reading.read, path, row["channel"])
    header = reading.Header(*(row[name] for name in reading.Header._fields))
    if reading.examine(path, header)[0] != row["content"]:
        raise DataError(f"{path} changed since ingest read it: run dvc repro again")
    rate = reading.rate_of(path, row["channel"])
    if not rates.same(rate, row["sample_rate"]):
        raise DataError(
            f"{path} has {rate:g} Hz, and ingest read {row['sample_rate']:g}: run dvc repro again"
        )
    signal, about = settings.signal, (row["n_samples"], row["sample_rate"])
    try:
        respond = None
        if settings.responses is not None:
            wanted = signal.output, signal.low_hz, signal.high_hz
            respond = settings.responses.of(row["channel"], row["start"], *wanted)
        yield from cleaning.blocks(read, *about, signal, respond)
    except DataError as error:
        raise DataError(f"{reading.said(path, row['channel'])}: {error}") from None


class Whole(NamedTuple):
    """A cleaned recording that fits into memory."""

    samples: NDArray[np.float32]
    gaps: NDArray[np.int64]  # (k, 2) of these samples, silence that is left out among them
    silent: int  # samples of the recording that are silence


def cleaned(row: dict[str, Any], settings: Settings) -> Whole | None:
    """A recording that fits into memory; None: it does not."""
    if row["n_samples"] >= _LONG:
        return None
    samples, gap, _, silent = (np.concatenate(c) for c in zip(*blocks(row, settings), strict=True))
    return Whole(samples, intervals.gaps_of(gap), _total(silent))


def _total(runs: NDArray[np.int64]) -> int:
    """Samples in runs (k, 2)."""
    return int((runs[:, 1] - runs[:, 0]).sum())


def append(
    X_clean: NpyRows,
    row: dict[str, Any],
    whole: Whole | None,
    settings: Settings,
) -> tuple[NDArray[np.int64], int]:
    """Append a cleaned recording to a file, in blocks where it is too long.

    Returns
    -------
    Its gaps (k, 2), silence that is left out among them, and the samples that are silence.
    """
    if whole is not None:
        X_clean.append(whole.samples)
        return whole.gaps, whole.silent
    begin, runs, quiet = X_clean.count, [], 0
    for samples, gap, _, silent in blocks(row, settings):
        runs.append(intervals.gaps_of(gap, X_clean.count - begin))
        quiet += _total(silent)
        X_clean.append(samples)
    return np.concatenate(runs), quiet


def windows_of(
    row: dict[str, Any], count: int, gaps: np.ndarray, settings: Settings
) -> pd.DataFrame:
    """The windows of one recording of `count` cleaned samples, labelled."""
    path, name = settings.folder / row["path"], row["recording_id"]
    rate, grid = settings.signal.sample_rate_hz, settings.grid
    length = grid.window_samples
    silence = settings.signal.silence_db is not None  # a quiet recording is no mistake then
    if (gaps[:, 1] - gaps[:, 0]).sum() == count and not silence:
        raise DataError(f"{path}: {cleaning.NO_SAMPLE}")
    mine = settings.events[settings.events["recording_id"] == name]
    if not row["labelled"]:
        # Nobody looked: windows are for pretraining, and need not follow a scan's short hop.
        wide = dataclasses.replace(grid, hop_samples=max(grid.hop_samples, length // 2))
        first = starts(count, wide)
    elif settings.placement.placement == "calls":
        seed = [settings.placement.placement_seed, int(row["content"], 16)]
        rng = np.random.Generator(np.random.PCG64(seed))
        first = placement.around_calls(mine, count, rate, length, settings.placement, rng)
    else:
        first = starts(count, grid)
    first = np.unique((first + settings.column // 2) // settings.column * settings.column)
    if not len(first):
        raise DataError(
            f"{path} is shorter than a window: {count / rate:.3g} s of {length / rate:.3g} s; take "
            "it out of the folder, lower clean.window_samples or set clean.pad_short"
        )
    rules = settings.labelling, settings.tags
    table = labelling.label_windows(first, gaps, mine, rate, grid, *rules)
    if not row["labelled"]:
        recorded = table["status"] != "gap"
        table.loc[recorded, "status"] = UNLABELLED
        table.loc[recorded, "reason"] = "the recording has no labels"
    table["window_id"] = [f"{name}/{at:08d}" for at in first]
    table["recording_id"], table["group"], table["fold"] = name, row["group"], row["fold"]
    table["start_s"] = first / rate
    if np.isfinite(settings.block_s):
        number = (table["start_s"] // settings.block_s).astype(int)
        table["group"] = [f"{row['group']}/{block:04d}" for block in number]
    table["duration_s"] = length / rate
    begins = pd.Series(pd.to_datetime([row["start"]] * len(first), utc=True))
    table["start"] = begins + pd.to_timedelta(first / rate, unit="s").round("us")
    table["new_s"] = new_seconds(count, first, grid, rate)
    return table


def last_pieces(table: pd.DataFrame) -> str:
    """How many seconds the last window of each recording adds, for it ends with the recording.

    Parameters
    ----------
    table : table WINDOWS, of windows on a grid.
    """
    order = table.sort_values(["recording_id", "start_s"], kind="stable")
    last, window_s = order.groupby("recording_id")["new_s"].last(), table["duration_s"].iloc[0]
    return (
        f"windows of {window_s:.6g} s; the last of each recording adds {last.min():.3g} to "
        f"{last.max():.3g} s, {last.median():.3g} in the median: new_s of windows.parquet"
    )


def accounted(
    table: pd.DataFrame, listed: pd.DataFrame, placement: Placement, rate: float
) -> tuple[float, dict[str, float]]:
    """Recorded seconds, and those of every status of windows, which sum to them.

    Windows around calls are drawn in places: what lies between them is `not drawn`.
    """
    recorded = float((listed["n_samples"] / listed["sample_rate"]).sum())
    seconds = table.groupby("status")["new_s"].sum().to_dict()
    if placement.placement == "calls":
        seconds["not drawn"] = recorded - sum(seconds.values())
    if abs(sum(seconds.values()) - recorded) > len(listed) / rate:
        raise AssertionError(f"{recorded} s recorded, {seconds} accounted for")
    return recorded, seconds
