"""Which groups, folds and recordings a split names."""

import fnmatch
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.splits.parts import Split


def held_out(groups: NDArray[np.str_], folds: NDArray[np.str_], options: Split) -> NDArray:
    """Which part is named for each group: 2 test, 1 validation, -1 neither.

    Raises
    ------
    DataError
        A pattern fits no group, a group is in both parts, or no recording has that fold.
    """
    fixed = np.full(len(groups), -1)
    for parameter, part in (("validation_groups", 1), ("test_groups", 2)):
        for pattern in getattr(options, parameter):
            matching = fits(groups, pattern)
            if not matching.any():
                shown = np.unique(groups)
                raise DataError(
                    f"split.{parameter} names {pattern}, and no window has that group; groups are "
                    f"{', '.join(shown[:20])}{' …' if len(shown) > 20 else ''}"
                )
            if (fixed[matching] == 3 - part).any():
                both = groups[matching][fixed[matching] == 3 - part][0]
                raise DataError(f"{both} is in test_groups and in validation_groups")
            fixed[matching] = part
    if options.test_fold is not None:
        mine = folds == str(options.test_fold)
        if not mine.any():
            known = ", ".join(sorted(set(folds) - {""})) or "none: see ingest.folds"
            raise DataError(f"split.test_fold is {options.test_fold}; the folds are {known}")
        torn = np.intersect1d(groups[mine], groups[~mine])
        if len(torn):
            raise DataError(
                f"the split leaks: group {torn[0]} lies in fold {options.test_fold} and in another"
            )
        fixed[mine] = 2
    return fixed


def fits(names: Iterable[str], *patterns: str) -> NDArray[np.bool_]:
    """Which names fit any of some patterns, `*` standing for anything."""
    return np.array([any(fnmatch.fnmatchcase(name, p) for p in patterns) for name in names], bool)


def published(recordings: "pd.Series[str]", options: Split) -> NDArray[np.bool_]:
    """Which windows `test_recordings` names."""
    found = np.zeros(len(recordings), bool)
    for pattern in options.test_recordings:
        matching = fits(recordings, pattern)
        if not matching.any():
            raise DataError(
                f"split.test_recordings names {pattern}, and no window has that recording; one is "
                f"{recordings.iloc[0]}"
            )
        found |= matching
    return found
