"""A detector and its baselines as one scorer, so that recordings are read and cleaned once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.baselines import classifiers
from rarewave.detection.scanning import Scorer
from rarewave.frontend import transform
from rarewave.metrics.comparison import NETWORK
from rarewave.model.detector import Detector, together
from rarewave.model.uncertainty import SINGLE


def column(detector: str, name: str) -> str:
    """The name of a column of scores."""
    return f"{detector}/{name}"


def scorer_of(model: Detector, baselines: Mapping[str, Any]) -> Scorer:
    """Gives (windows, detectors x names): the network's scores, then those of each baseline.

    Of an ensemble those of its first member come last.

    Parameters
    ----------
    baselines : fitted models by name, see `classifiers.score`.
    """
    front_end, segments = model.front_end, model.segments
    frames = transform.with_rows(front_end).window_frames

    def score(X: NDArray[np.float32]) -> NDArray[np.float64]:
        if segments is None:
            members = model.score_members(X, np.arange(len(X)))
            features = classifiers.features(transform.rows_of(front_end, X), frames)
        else:  # of the same segments
            members, each = model.members_of_segments(X), transform.apart(X, segments)
            features = classifiers.features(each, slice(0, segments.frames))
        beside = [classifiers.score(fit, features, model.task) for fit in baselines.values()]
        return np.concatenate([together(members), *beside, *members[: len(first)]], axis=1)

    first = (SINGLE,) if model.others else ()
    detectors = (NETWORK, *baselines, *first)
    names = [column(detector, name) for detector in detectors for name in model.task.names]
    return Scorer(model.scans, names, score, segments)


def scorer_alone(model: Detector) -> Scorer:
    """The scorer (windows or segments, names) of a detector without baselines."""
    segments = model.segments
    score = model.score if segments is None else model.score_segments
    return Scorer(model.scans, model.task.names, score, segments)
