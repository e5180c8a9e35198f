"""Folds of whole groups, for cross-validation."""

import numpy as np
import pandas as pd

from rarewave.base.errors import DataError
from rarewave.splits.swaps import completed


def make_folds(recordings: pd.DataFrame, events: pd.DataFrame, count: int, seed: int) -> list[str]:
    """A fold, 1 to `count`, for each recording: groups whole, labels and time spread evenly.

    The group with the largest share of any label first, each goes where its labels are fewest; then
    groups change places until a label that enough groups hold is in every fold, as far as
    that is possible.

    Parameters
    ----------
    recordings, events : the tables of those names.

    Raises
    ------
    DataError
        There are fewer groups than folds.
    """
    groups, index = np.unique(recordings["group"].to_numpy("U"), return_inverse=True)
    if len(groups) < count:
        raise DataError(f"ingest.folds is {count}, and there are {len(groups)} groups to deal")
    of = dict(zip(recordings["recording_id"], index, strict=True))
    kinds, kind = np.unique(events["label"].to_numpy("U"), return_inverse=True)
    held = np.zeros((len(groups), len(kinds) + 1))
    np.add.at(held, ([of[r] for r in events["recording_id"]], kind), 1.0)
    seconds = (recordings["n_samples"] / recordings["sample_rate"]).to_numpy()
    held[:, -1] = np.bincount(index, seconds, len(groups))
    share = held / np.maximum(held.sum(axis=0), 1e-12)
    rng = np.random.Generator(np.random.PCG64(seed))
    order = rng.permutation(len(groups))
    order = order[np.argsort(-share[order].max(axis=1), kind="stable")]
    folds, total = np.zeros(len(groups), int), np.zeros((count, held.shape[1]))
    for group in order:
        full = total + share[group]
        cost = np.square(full).sum(axis=1) - np.square(total).sum(axis=1)
        folds[group] = int(np.argmin(cost))
        total[folds[group]] += share[group]
    even = np.tile(share.sum(axis=0) / count, (count, 1))
    folds = completed(folds, share[:, :-1] > 0, share, even)
    return [str(folds[i] + 1) for i in index]
