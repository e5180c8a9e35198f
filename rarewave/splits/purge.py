"""Time between the parts of a split."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.splits.held_out import fits
from rarewave.splits.parts import Split


def purge(
    windows: pd.DataFrame, part: NDArray[np.str_], purge_s: float, clock_of: str = "shared"
) -> NDArray[np.bool_]:
    """Windows too near in time to another part.

    Of two parts that come too near, the training part gives way, then validation. Time is UTC
    where recordings have a start, whatever the station, for one event reaches all of them, unless
    `clock_of` is `group`; otherwise the time within the recording.
    """
    clock, axis = _clock(windows, clock_of)
    begin, end = clock, clock + windows["duration_s"].to_numpy()
    removed = np.zeros(len(part), bool)
    of_axis = pd.Series(part).groupby(axis)
    torn = of_axis.nunique() > 1  # the others, thousands where each recording is one, stay whole
    for name in torn.index[torn]:
        mine = of_axis.indices[name]
        for weaker, stronger in (
            ("train", "validation"),
            ("train", "test"),
            ("validation", "test"),
        ):
            here = mine[~removed[mine]]
            weak, strong = here[part[here] == weaker], here[part[here] == stronger]
            if len(weak) and len(strong):
                begins, ends = np.sort(begin[strong]), np.sort(end[strong])
                removed[weak] = _near(begin[weak], end[weak], begins, ends, purge_s)
    return removed


def free(
    unlabelled: pd.DataFrame, windows: pd.DataFrame, part: NDArray[np.str_], options: Split
) -> NDArray[np.bool_]:
    """Which unlabelled windows pretraining may see: none of, or near, validation and test.

    Parameters
    ----------
    unlabelled, windows : rows of table WINDOWS; `part` (n,) is that of the latter.
    """
    held = np.isin(part, ("validation", "test"))
    closed = unlabelled["group"].isin(windows["group"][held]).to_numpy(copy=True)
    closed |= fits(unlabelled["group"], *options.test_groups, *options.validation_groups)
    closed |= fits(unlabelled["recording_id"], *options.test_recordings)
    if options.test_fold is not None:
        closed |= (unlabelled["fold"] == str(options.test_fold)).to_numpy()
    both = pd.concat([unlabelled, windows[held]], ignore_index=True)
    parts = np.concatenate([np.full(len(unlabelled), "train", "U16"), part[held]])
    return ~closed & ~purge(both, parts, options.purge_s, options.clock)[: len(unlabelled)]


def _clock(windows: pd.DataFrame, of: str) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Seconds on a time axis, and the name of that axis, for every window."""
    known = windows["start"].notna().to_numpy()
    seconds = windows["start_s"].to_numpy(float).copy()
    utc = windows["start"].to_numpy("datetime64[ns]").astype(np.int64) / 1e9
    seconds[known] = utc[known]
    axis = np.where(known, "UTC", windows["recording_id"].to_numpy("U"))
    return seconds, windows["group"].to_numpy("U") if of == "group" else axis


def _near(
    begin: NDArray, end: NDArray, other_begin: NDArray, other_end: NDArray, gap: float
) -> NDArray[np.bool_]:
    """Intervals that come nearer than `gap` to any of the others (sorted, of one length)."""
    reaching = np.searchsorted(other_begin, end + gap, side="left")
    passed = np.searchsorted(other_end, begin - gap, side="right")
    return reaching > passed
