"""Baselines for several classes: a random forest and a linear model on simple features.

The features are the mean and spread of each frequency over the window.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# More training windows than this change the forest little and its time much.
_MOST = 10_000


def features(X: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean and standard deviation over time of each row of spectrograms: (n, 2 rows)."""
    flat = X[..., 0]
    return np.concatenate([flat.mean(axis=2), flat.std(axis=2)], axis=1)


def fit(X: NDArray[np.float32], y: NDArray[np.int8], rows: NDArray[np.int64], seed: int) -> Any:
    """A forest of 200 trees (scikit-learn) fitted to some windows, at most 10,000 of them."""
    from sklearn.ensemble import RandomForestClassifier

    rows = _some(rows, seed)
    model = RandomForestClassifier(200, random_state=seed, class_weight="balanced")
    return model.fit(features(X[rows]), y[rows])


def fit_linear(
    X: NDArray[np.float32], y: NDArray[np.int8], rows: NDArray[np.int64], seed: int
) -> Any:
    """Logistic regression (scikit-learn) of the standardised features, classes weighed alike."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = _some(rows, seed)
    model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=500)
    return make_pipeline(StandardScaler(), model).fit(features(X[rows]), y[rows])


def _some(rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    if len(rows) <= _MOST:
        return rows
    return np.random.Generator(np.random.PCG64(seed)).choice(rows, _MOST, replace=False)


def score(model: Any, X: NDArray[np.float32], classes: int) -> NDArray[np.float64]:
    """Probabilities (n, classes) by what `fit` or `fit_linear` gave."""
    found = np.zeros((len(X), classes))
    found[:, model.classes_.astype(int)] = model.predict_proba(features(X))
    return found
