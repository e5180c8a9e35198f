"""Classifiers of a few numbers a window: a random forest and a linear model (scikit-learn)."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.tasks import Task

# More training windows than this change the forest little and its time much.
_MOST = 10_000


def features(X: NDArray[np.float32], window_frames: slice) -> NDArray[np.float32]:
    """Mean and standard deviation over time of each row of spectrograms.

    Where the network sees more than the window, its frames and those around it are told apart:
    (n, 2 rows) of the window, and as many of its context.
    """
    flat = X[..., 0]
    inside = np.zeros(flat.shape[2], bool)
    inside[window_frames] = True
    if inside.all():
        return np.concatenate([flat.mean(axis=2), flat.std(axis=2)], axis=1)
    parts = (flat[:, :, inside], flat[:, :, ~inside])
    return np.concatenate([f(axis=2) for x in parts for f in (x.mean, x.std)], axis=1)


def some(rows: NDArray[np.int64], y: NDArray, seed: int) -> NDArray[np.int64]:
    """At most 10,000 of the training windows, the most frequent class thinned first.

    Where that is too many, rare classes keep all windows and the others share what is left.

    Parameters
    ----------
    y : (n,) class of each row.
    """
    if len(rows) <= _MOST:
        return rows
    rng = np.random.Generator(np.random.PCG64(seed))
    kinds, counts = np.unique(y, return_counts=True)
    left, kept = _MOST, []
    for done, at in enumerate(np.argsort(counts, kind="stable")):
        share = min(int(counts[at]), left // (len(kinds) - done))
        kept.append(rng.choice(rows[y == kinds[at]], share, replace=False))
        left -= share
    return np.sort(np.concatenate(kept))


def forest(X: NDArray[np.float32], y: NDArray, seed: int) -> Any:
    """A random forest of 200 trees, classes weighed alike; of several tags all windows.

    Weights of several tags would be multiplied: a window with four of them would weigh as much as
    all others together.

    Parameters
    ----------
    X : (n, features).
    y : (n,) classes, or (n, tags) of 0 and 1.
    """
    from sklearn.ensemble import RandomForestClassifier

    y = _flat(y)
    weights = "balanced" if y.ndim == 1 else None
    return RandomForestClassifier(200, random_state=seed, class_weight=weights).fit(X, y)


def linear(X: NDArray[np.float32], y: NDArray, seed: int) -> Any:
    """Logistic regression of the standardised features, classes weighed alike; see `forest`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=500)
    y = _flat(y)
    if y.ndim == 1 and len(np.unique(y)) < 2:
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="prior").fit(X, y)
    each = OneVsRestClassifier(model) if y.ndim == 2 else model
    with warnings.catch_warnings():  # of a tag that all windows hold, or none; the split tells
        warnings.filterwarnings("ignore", "Label .* is present in all training examples")
        return make_pipeline(StandardScaler(), each).fit(X, y)


def _flat(y: NDArray) -> NDArray:
    """A single tag (n, 1) is there or not (n,)."""
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def score(model: Any, X: NDArray[np.float32], task: Task) -> NDArray[np.float64]:
    """Probabilities (n, names) by what `forest` or `linear` gave, from features (n, features)."""
    p = model.predict_proba(X)
    found = np.zeros((len(X), len(task.names)))
    if task.kind != "tags":
        found[:, model.classes_.astype(int)] = p
    elif len(task.names) == 1:
        found[:, 0] = p[:, list(model.classes_).index(1)] if 1 in model.classes_ else 0.0
    elif isinstance(p, list):  # the forest: for each tag the probability of each of its values
        for k, (one, values) in enumerate(zip(p, model.classes_, strict=True)):
            found[:, k] = one[:, list(values).index(1)] if 1 in values else 0.0
    else:
        found[:] = p
    return found
