"""What was seen of every file."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.tables import COVERAGE, conform
from rarewave.detection.scanning import Scan
from rarewave.frontend.transform import FrontEnd


def coverage(found: Scan, front_end: FrontEnd) -> pd.DataFrame:
    """For each file of a stream what was scored, a gap, too short, or unreadable: table COVERAGE.

    Every kind is counted from the windows; together they make up the file.
    """
    grid, rate = front_end.grid, front_end.clean.sample_rate_hz
    count = len(found.P)
    start = found.first[:count].astype(float)
    stop = start + grid.window_samples
    # Resampling rounds the length to a sample: the last window reaches the end of the last file.
    whole = found.stream.n_samples * rate / found.stream.sample_rate
    if count:
        at_end = found.first[:count] + grid.window_samples >= found.length
        stop[at_end] = whole
    good = np.isfinite(found.P[:, 0]) if count else np.zeros(0, bool)
    seen = _union(start, stop)
    scored = _union(start[good], stop[good])
    rows = []
    for path, header, first in found.stream.pieces:
        scale = rate / header.sample_rate
        begin, end = first * scale, (first + header.n_samples) * scale
        duration = header.n_samples / header.sample_rate
        in_scored, in_seen = (_inside(u, begin, end) / rate for u in (scored, seen))
        short = duration if not len(found.first) and not found.problem else 0.0
        lost = duration - in_seen if found.problem and duration - in_seen > 1e-6 else 0.0
        problem = found.problem if lost else ("shorter than a window" if short else "")
        rows.append(
            {
                "path": str(path),
                "recording_id": header.recording_id,
                "duration_s": duration,
                "scored_s": in_scored,
                "gap_s": in_seen - in_scored,
                "short_s": short,
                "unreadable_s": lost,
                "problem": problem,
            }
        )
    return conform(pd.DataFrame(rows), COVERAGE, "coverage")


def unaccounted(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of table COVERAGE whose kinds do not add up to the file, to a millisecond."""
    kinds = table[["scored_s", "gap_s", "short_s", "unreadable_s"]].sum(axis=1)
    return table[(kinds - table["duration_s"]).abs() > 1e-3]


def _union(start: NDArray[np.float64], stop: NDArray[np.float64]) -> NDArray[np.float64]:
    """Disjoint intervals (k, 2) that cover the same samples; starts are in order."""
    if not len(start):
        return np.zeros((0, 2))
    reach = np.maximum.accumulate(stop)
    fresh = np.concatenate(([True], start[1:] > reach[:-1]))
    ends = np.append(reach[np.flatnonzero(fresh)[1:] - 1], reach[-1])
    return np.stack([start[fresh], ends], axis=1)


def _inside(intervals: NDArray[np.float64], begin: float, end: float) -> float:
    a, b = np.maximum(intervals[:, 0], begin), np.minimum(intervals[:, 1], end)
    return float(np.maximum(b - a, 0.0).sum())
