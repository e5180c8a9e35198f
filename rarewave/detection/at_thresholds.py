"""The events of scanned recordings at one threshold after another."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.tables import DETECTED, conform
from rarewave.detection import operating_points, postprocessing
from rarewave.detection.heldout import Heldout, in_doubt, timed
from rarewave.detection.operating_points import Find, Judge
from rarewave.detection.postprocessing import Joining, Levels
from rarewave.detection.scanning import Scan
from rarewave.frontend.transform import FrontEnd
from rarewave.metrics.event_based import Matching
from rarewave.recordings.streams import Stream


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
    whole = front_end.band_hz
    seen: list[Stream] = []
    known: dict[str, list[Levels]] = {label: [] for label in columns}
    for scan in scans:
        P = np.array(scan.P)  # a map would hold its file open, and there may be thousands
        if not len(P):
            continue
        seen.append(scan.stream)
        first, length = scan.first[: len(P)], grid.window_samples
        cut = postprocessing.cells(first, length, scan.length, how.combine)
        for label, column in columns.items():
            known[label].append(postprocessing.levels(P[:, column], cut, rate, how))

    def find(label: str, threshold: float) -> pd.DataFrame:
        low, high = bands.get(label, whole)
        about = {"label": label, "low_hz": low, "high_hz": high}
        rows = [
            row
            | about
            | {"recording_id": stream.pieces[0].header.recording_id}
            | timed(row, stream, front_end)
            for stream, given in zip(seen, known[label], strict=True)
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


def judge(held: Heldout, find: Find, matching: Matching) -> Judge:
    """The events that count, of those that `find` gives, and how many are hits."""
    return lambda label, threshold: held.judged(find(label, threshold), matching)


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
    events = held.truth["label"].value_counts()
    return _of_each(judge(held, find, matching), events, scores, most)


def best_of_recordings(
    held: Heldout, find: Find, scores: Mapping[str, NDArray[np.float64]], most: int
) -> dict[str, float]:
    """The threshold of each class with the best F1 of which recordings hold it; else as `best`."""
    holding = held.truth.groupby("label")["recording_id"].agg(set)

    def judged(label: str, threshold: float) -> tuple[pd.DataFrame, int]:
        found = find(label, threshold)
        right = found["recording_id"].isin(holding[label])
        if len(held.doubtful):  # where nobody can tell a detection is no false alarm
            found = found[right | ~in_doubt(found, held.doubtful)]
        found = found.drop_duplicates("recording_id")
        return found, int(found["recording_id"].isin(holding[label]).sum())

    return _of_each(judged, holding.map(len), scores, most)


def _of_each(
    judged: Judge, true: pd.Series, scores: Mapping[str, NDArray[np.float64]], most: int
) -> dict[str, float]:
    return {
        label: operating_points.best_f1(
            judged, label, int(true.get(label, 0)), operating_points.candidates(values, most)
        )
        for label, values in scores.items()
    }
