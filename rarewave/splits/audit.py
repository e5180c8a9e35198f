"""Proof that nothing leaks from one part of a split into another."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.splits.parts import PURGED, Split
from rarewave.splits.purge import purge


def audit(
    windows: pd.DataFrame,
    part: NDArray[np.str_],
    content: NDArray[np.str_],
    options: Split,
) -> dict[str, Any]:
    """Prove that nothing leaks between the parts.

    Checks that a group is in one part only, that windows of different parts neither overlap
    nor come nearer than `purge_s`, that no event is in two parts, and that no spectrogram
    occurs in two parts. Groups that a published split (`test_recordings`) parts are counted.

    Parameters
    ----------
    content : (n,) digest of each window's spectrogram, empty for digital silence, which leaks
        nothing.

    Returns
    -------
    What was checked, with counts.

    Raises
    ------
    DataError
        A leak, naming the windows.
    """
    used = part != PURGED
    groups = windows["group"].to_numpy("U")
    shared = np.intersect1d(groups[part == "train"], groups[part == "test"])
    parts_of = {
        column: pd.Series(part[used]).groupby(windows[column].to_numpy("U")[used]).nunique()
        for column in ("group", "event_id")
    }
    parts_of["event_id"] = parts_of["event_id"].drop("", errors="ignore")  # background
    if options.clock == "group":  # what one recorder heard is no other's
        parts_of["event_id"] = parts_of["event_id"][:0]
    for column, parts in parts_of.items():
        torn = parts[parts > 1]
        if len(torn) and not (column == "group" and options.test_recordings):
            raise DataError(f"the split leaks: {column} {torn.index[0]} is in two parts")
    near = purge(windows[used], part[used], options.purge_s, options.clock)
    if near.any():
        name = windows["window_id"].to_numpy("U")[used][near][0]
        raise DataError(
            f"the split leaks: window {name} is within {options.purge_s:g} s of another part"
        )
    names = windows["window_id"].to_numpy("U")
    distinct = _contents(names[used], part[used], content[used])
    return {
        "groups_in_one_part": int((parts_of["group"] == 1).sum()),
        "groups_of_training_and_test": len(shared),
        "test_windows_of_a_training_group": float(np.isin(groups[part == "test"], shared).mean()),
        "events_in_one_part": int(windows["event_id"][windows["event_id"] != ""].nunique()),
        "windows_apart_in_time": int(used.sum()),
        "distinct_spectrograms": distinct,
    }


def _contents(names: NDArray[np.str_], part: NDArray[np.str_], content: NDArray[np.str_]) -> int:
    """How many contents there are; raises `DataError` where two parts share one."""
    seen: dict[str, tuple[str, str]] = {}
    for row in np.flatnonzero(content != ""):
        other = seen.setdefault(str(content[row]), (str(part[row]), str(names[row])))
        if other[0] != part[row]:
            raise DataError(
                f"the split leaks: windows {other[1]} ({other[0]}) and {names[row]} "
                f"({part[row]}) have the same content: is a recording there twice?"
            )
    return len(seen)
