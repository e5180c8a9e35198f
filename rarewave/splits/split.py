"""Split windows into train, validation and test without leaking, and prove it."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tasks import BACKGROUND
from rarewave.splits.deal import deal
from rarewave.splits.held_out import held_out, published
from rarewave.splits.parts import PARTS, PURGED, Split
from rarewave.splits.purge import purge


def split(windows: pd.DataFrame, options: Split, tags: bool = False) -> NDArray[np.str_]:
    """The part of each window: train, validation, test or purged.

    Whole groups are dealt, the largest of the rarest label first, each to the part that lacks
    most of it; of many seeded deals the one nearest to the wanted shares of every label wins
    (a grouped form of iterative stratification, Sechidis et al. 2011).

    Parameters
    ----------
    windows : used rows of table WINDOWS.
    tags : every label of a window is dealt evenly and to each part where it can be, not only the
        one that fills most of it.

    Raises
    ------
    DataError
        There are fewer groups than parts, an unknown test group, or a part without an event
        or, but for tags, without background.
    """
    labels = windows["label"].to_numpy("U")
    groups = windows["group"].to_numpy("U")
    names, index = np.unique(groups, return_inverse=True)
    kinds, held = _held(windows["labels"] if tags else windows["label"].map(lambda name: [name]))
    counts = np.zeros((len(names), len(kinds)))
    np.add.at(counts, index, held)
    of_windows = held_out(groups, windows["fold"].to_numpy("U"), options)
    named = published(windows["recording_id"], options)
    if len(names) < len(PARTS) - named.any():
        raise DataError(
            f"there are fewer groups ({len(names)}) than parts ({len(PARTS)}): add recordings of "
            "other days or choose a finer ingest.group (block: stretches of a long file)"
        )
    fixed = np.full(len(names), -1)
    fixed[index] = of_windows
    np.add.at(counts, index[named], -held[named])
    dealt = deal(counts, kinds != BACKGROUND, options, fixed, tags)
    part = np.array(PARTS)[dealt][index].astype("U16")
    part[named] = "test"
    part[purge(windows, part, options.purge_s, options.clock)] = PURGED
    if options.clock == "shared":
        part[_torn(windows["event_id"].to_numpy("U"), part)] = PURGED
    positive = labels != BACKGROUND
    needed = {"event": positive} if tags else {"event": positive, "background": ~positive}
    for name in PARTS:
        inside = part == name
        for what, flags in needed.items():
            if flags.any() and not (inside & flags).any():
                holding = len(np.unique(groups[flags]))
                raise DataError(
                    f"the {name} part has no {what} window: {holding} of {len(names)} groups hold "
                    f"{what} windows, and {len(PARTS)} parts need one each; add recordings, or "
                    "change split.validation, split.test or split.seed"
                )
    return part


def _held(lists: pd.Series) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """All labels, and which of them each window has (n, labels)."""
    each = lists.reset_index(drop=True).explode()
    kinds, kind = np.unique(each.to_numpy("U"), return_inverse=True)
    held = np.zeros((len(lists), len(kinds)))
    held[each.index, kind] = 1.0
    return kinds, held


def _torn(event_id: NDArray[np.str_], part: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Windows of events that reach into a stronger part (an event across midnight)."""
    strength = {PURGED: -1, "train": 0, "validation": 1, "test": 2}
    rank = np.array([strength[name] for name in part])
    events, event = np.unique(event_id, return_inverse=True)
    highest = np.full(len(events), -1)
    np.maximum.at(highest, event, rank)
    return (event_id != "") & (rank < highest[event])
