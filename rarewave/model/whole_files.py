"""Scores of whole recordings: of all their windows or segments together, as the model learnt."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rarewave.base.errors import DataError
from rarewave.detection import scanning
from rarewave.detection.scanning import Scan, Scorer
from rarewave.frontend import cleaning
from rarewave.frontend.grid import starts
from rarewave.frontend.transform import FrontEnd
from rarewave.model import beside
from rarewave.model.detector import Detector, together
from rarewave.networks import last_layer
from rarewave.recordings.streams import Stream

CHUNK = 1 << 14  # rows of a scan at once: it bounds the memory


class Together(NamedTuple):
    """One recording scored as a whole."""

    scan: Scan
    front_end: FrontEnd  # whose windows the scan is of
    p: NDArray[np.float64]  # (names,), NaN where nothing was scored


def of_recording(
    model: Detector,
    stream: Stream,
    folder: Path,
    aggregate: str = "mean",
    progress: Callable[[float], object] = lambda seconds: None,
) -> Together:
    """The scores of a whole recording.

    A network of windows: those of all its windows, by `aggregate`. A network of segments pools
    all segments of one pass as in training; a recording that is one window for training, or fills
    one with silence behind it, has exactly the scores of that window. What lies in gaps is left
    out.

    Parameters
    ----------
    folder : an empty one, for the scan.
    aggregate : mean or max.
    """
    if model.segments is not None and _one_window(model, stream):
        scorer = Scorer(model.front_end, model.task.names, model.score)
        found = scanning.scan(scorer, stream, folder / "window.f32")
        if len(found.P) and np.isfinite(found.P).all():
            progress(stream.n_samples / stream.sample_rate)
            return Together(found, model.front_end, found.P[0].astype(np.float64))
    found = scanned(model, stream, folder, progress)
    return Together(found, model.scans, _together(model, found, aggregate))


def scanned(
    model: Detector,
    stream: Stream,
    folder: Path,
    progress: Callable[[float], object] = lambda seconds: None,
) -> Scan:
    """The scan that detect makes; of segments, what pooling needs stands behind the names."""
    scorer = beside.scorer_alone(model) if model.segments is None else _with_sums(model)
    return scanning.scan(scorer, stream, folder / "scan.f32", progress)


def _one_window(model: Detector, stream: Stream) -> bool:
    """Whether a recording is a single window of those that the model learnt from."""
    try:
        plan = cleaning.plan(stream.n_samples, stream.sample_rate, model.front_end.clean)
    except DataError:  # the scan says so
        return False
    return len(starts(plan.length, model.front_end.grid)) == 1


def _with_sums(model: Detector) -> Scorer:
    """Gives (segments, names and of each member outputs, sums, attention) of one spectrogram."""
    members = [last_layer.parts_of_segments(network) for network in model.networks]
    task = model.task
    width = sum(one.shape[-1] for one in members[0].outputs)

    def score(X: NDArray[np.float32]) -> NDArray[np.float64]:
        inputs = model.normalisation(X)
        each = [
            [np.asarray(one, np.float32)[0] for one in m(inputs, training=False)] for m in members
        ]
        p = together(np.stack([task.probabilities(outputs) for outputs, *_ in each]))
        return np.concatenate([p, *(part for parts in each for part in parts)], axis=1)

    names = [*task.names, *(f"column {number}" for number in range(width * len(members)))]
    return Scorer(model.scans, names, score, model.segments)


def _together(model: Detector, scan: Scan, aggregate: str) -> NDArray[np.float64]:
    """Scores (names,) of all rows of a scan that are no gap; NaN where there are none."""
    task, names, width = model.task, len(model.task.names), model.task.outputs
    if model.segments is not None:
        each = (scan.P.shape[1] - names) // len(model.networks)
        ends = [names + each * (number + 1) for number in range(len(model.networks))]
        found = [_pooled(model, scan, end - each, end) for end in ends]
        return together(np.stack([task.probabilities(one[None])[0] for one in found]))
    own = slice(names - width, names)  # of an event one output for two names
    if aggregate == "max":
        outputs = highest((rows[:, own] for rows in _scored(scan)), width)
    else:
        outputs = weighed(((rows[:, own], rows[:, :0]) for rows in _scored(scan)), width)
    return task.probabilities(outputs[None])[0]


def _pooled(model: Detector, scan: Scan, first: int, end: int) -> NDArray[np.float64]:
    """Outputs (width,) of one member, whose columns are from `first` to `end`."""
    task, width = model.task, model.task.outputs
    own, sums = slice(first, first + width), slice(first + width, first + 2 * width)
    how = last_layer.pooling(model.network)
    if how == "max":  # of classes before the softmax, as the network does
        top = highest((rows[:, sums] for rows in _scored(scan)), width)
        return special.softmax(top) if task.activation == "softmax" else special.expit(top)
    logits = slice(sums.stop if how == "attention" else end, end)  # else none: all alike
    return weighed(((rows[:, own], rows[:, logits]) for rows in _scored(scan)), width)


def highest(chunks: Iterable[NDArray[np.float64]], width: int) -> NDArray[np.float64]:
    """The maximum (width,) of rows that come some (n, width) at a time; NaN of none."""
    top = np.full(width, -np.inf)
    for rows in chunks:
        top = np.maximum(top, rows.max(axis=0))
    return np.where(np.isfinite(top), top, np.nan)


def weighed(
    chunks: Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]], width: int
) -> NDArray[np.float64]:
    """The mean (width,) of values (n, width) by the softmax over all rows of logits.

    They come some rows at a time. The logits are (n, width), (n, 1), or (n, 0): then all rows
    weigh the same. NaN of no rows.
    """
    top, weights, total = np.full(width, -np.inf), np.zeros(width), np.zeros(width)
    for values, given in chunks:
        logits = np.broadcast_to(given if given.shape[1] else 0.0, values.shape)
        new = np.maximum(top, logits.max(axis=0))
        each, before = np.exp(logits - new), np.exp(top - new)
        weights = weights * before + each.sum(axis=0)
        total = total * before + (each * values).sum(axis=0)
        top = new
    with np.errstate(invalid="ignore"):
        return total / weights


def _scored(scan: Scan) -> Iterator[NDArray[np.float64]]:
    """Rows of a scan that are no gap, some at a time."""
    P = scan.P
    for at in range(0, len(P), CHUNK):
        rows = np.asarray(P[at : at + CHUNK], np.float64)
        rows = rows[np.isfinite(rows[:, 0])]
        if len(rows):
            yield rows
