"""Labels that are likely wrong, from the scores of networks that did not learn from them.

Confident learning (Northcutt et al., Confident Learning: Estimating Uncertainty in Dataset Labels,
JAIR 2021) as cleanlab has it; of tags each on its own (Thyagarajan et al., Identifying Incorrect
Annotations in Multi-Label Classification Data, 2022).
"""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tasks import BACKGROUND, Task


def doubtful(
    task: Task,
    labels: Sequence[str],
    truth: NDArray[np.int8],
    p: NDArray[np.float64],
    every: bool = False,
) -> pd.DataFrame:
    """Labels that are likely wrong, a row each.

    Parameters
    ----------
    labels : (n,) the main label of each window; tags are taken from `truth`.
    truth : (n, names) all that is said to be true of a window.
    p : (n, names) probabilities by networks that did not train on the window.
    every : whatever the scores contradict, not only what cleanlab holds for an error.

    Returns
    -------
    row (of `truth`), given, suggested (background where a tag is or should be absent) and quality:
    the probability that the scores give to the label as it stands, 0 to 1.

    Raises
    ------
    DataError
        No windows, or scores that are no numbers.
    """
    if not len(truth):
        raise DataError("there are no scored windows with labels: run the stage evaluate")
    if not np.isfinite(p).all():
        raise DataError("some scores are no numbers: run the stage evaluate again")
    found = _of_tags(task, truth, p, every) if task.kind == "tags" else None
    if found is None:
        found = _of_classes(task, task.index(labels).astype(np.int64), truth, p, every)
    return found.sort_values(["quality", "row"], kind="stable", ignore_index=True)


def _of_classes(
    task: Task,
    y: NDArray[np.int64],
    truth: NDArray[np.int8],
    p: NDArray[np.float64],
    every: bool,
) -> pd.DataFrame:
    """One of several: the class that the scores prefer is suggested."""
    from cleanlab.rank import get_label_quality_scores

    p = p / p.sum(axis=1, keepdims=True)
    preferred, rows = p.argmax(axis=1), np.arange(len(y))
    # Where two calls share a window, either is right.
    bad = (preferred != y) & (truth[rows, preferred] == 0)
    if not every:
        bad &= _errors(y, p)
    names = np.array(task.names, object)
    return pd.DataFrame(
        {
            "row": rows[bad],
            "given": names[y[bad]],
            "suggested": names[preferred[bad]],
            "quality": get_label_quality_scores(y, p)[bad],
        }
    )


def _errors(y: NDArray[np.int64], p: NDArray[np.float64]) -> NDArray[np.bool_]:
    """What cleanlab holds for errors; nothing where all labels are the same, or few are others."""
    from cleanlab.filter import find_label_issues

    if len(np.unique(y)) < 2:
        return np.zeros(len(y), bool)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "May not flag all label issues", UserWarning)
        return np.asarray(find_label_issues(y, p, n_jobs=1), bool)


def _of_tags(
    task: Task, truth: NDArray[np.int8], p: NDArray[np.float64], every: bool
) -> pd.DataFrame:
    """Any of several: a tag that is given and not heard, or heard and not given."""
    given = truth > 0
    bad = given != (p >= 0.5)
    for k in range(truth.shape[1]):
        if not every:
            pair = np.stack([1 - p[:, k], p[:, k]], axis=1)
            bad[:, k] &= _errors(truth[:, k].astype(np.int64), pair)
    rows, tags = np.nonzero(bad)
    names, absent = np.array(task.names, object)[tags], np.full(len(tags), BACKGROUND, object)
    present = given[rows, tags]
    return pd.DataFrame(
        {
            "row": rows,
            "given": np.where(present, names, absent),
            "suggested": np.where(present, absent, names),
            "quality": np.where(present, p[rows, tags], 1 - p[rows, tags]),
        }
    )
