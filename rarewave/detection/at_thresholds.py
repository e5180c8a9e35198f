"""The events of scanned recordings at one threshold after another."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.tables import DETECTED, conform
from rarewave.detection import operating_points, postprocessing
from rarewave.detection.heldout import Heldout, timed
from rarewave.detection.operating_points import Find
from rarewave.detection.postprocessing import Joining, Levels
from rarewave.detection.scanning import Scan
from rarewave.frontend.transform import FrontEnd
from rarewave.metrics.event_based import Matching


def finder(
    scans: Sequence[Scan],
    front_end: FrontEnd,
    columns: Mapping[str, int],
    how: Joining,
    bands: Mapping[str, tuple[float, float]],
) -> tuple[Find, dict[str, NDArray[np.float64]]]:
    """Gives the events of one class at a threshold, and the scores of every moment by class.

    Scores are joined and smoothed once. The events are table DETECTED, on the axis of their
    stream, which is called as its first file.

    Parameters
    ----------
    columns : name of the class to its column of the scores.
    bands : Hz, of each class; one that is not there gets the band of the front end.
    """
    grid, rate = front_end.grid, front_end.clean.sample_rate_hz
    whole = float(front_end.frequencies_hz[0]), float(front_end.frequencies_hz[-1])
    seen = [scan for scan in scans if len(scan.P)]
    names = [scan.stream.pieces[0].header.recording_id for scan in seen]
    known: dict[str, list[Levels]] = {
        label: [
            postprocessing.levels(
                scan.P[:, column],
                scan.first[: len(scan.P)],
                grid.window_samples,
                scan.length,
                rate,
                how,
            )
            for scan in seen
        ]
        for label, column in columns.items()
    }

    def find(label: str, threshold: float) -> pd.DataFrame:
        low, high = bands.get(label, whole)
        rows = [
            row
            | {"recording_id": name, "label": label, "low_hz": low, "high_hz": high}
            | timed(row, scan.stream, front_end)
            for name, scan, given in zip(names, seen, known[label], strict=True)
            for row in postprocessing.spans_of(given, rate, threshold, how)
        ]
        return conform(pd.DataFrame(rows, columns=list(DETECTED)), DETECTED, "events")

    scores = {
        label: np.concatenate([np.zeros(0), *(given.score for given in mine)])
        for label, mine in known.items()
    }
    return find, scores


def at_once(find: Find, thresholds: Mapping[str, float]) -> pd.DataFrame:
    """The events of all classes, each at its threshold, one class after the other."""
    return pd.concat([find(label, at) for label, at in thresholds.items()], ignore_index=True)


def scored(held: Heldout, find: Find, matching: Matching) -> Find:
    """The events that count, of those that `find` gives; see `Heldout.scored`."""

    def counted(label: str, threshold: float) -> pd.DataFrame:
        return held.scored(find(label, threshold), matching)

    return counted


def best(
    held: Heldout,
    find: Find,
    scores: Mapping[str, NDArray[np.float64]],
    matching: Matching,
    most: int,
) -> dict[str, float]:
    """The threshold of each class with the best event F1, of its distinct scores or `most` of them.

    Parameters
    ----------
    find, scores : what `finder` gives.
    """
    scored_ones = scored(held, find, matching)
    return {
        label: operating_points.best_f1(
            scored_ones, held.truth, label, operating_points.candidates(values, most), matching
        )
        for label, values in scores.items()
    }
