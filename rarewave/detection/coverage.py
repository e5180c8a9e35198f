"""What was seen of every file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import intervals
from rarewave.base.tables import COVERAGE, conform
from rarewave.detection.scanning import Scan
from rarewave.frontend import cleaning
from rarewave.frontend.transform import FrontEnd

# Together they make up a file.
KINDS = ("scored_s", "gap_s", "silent_s", "unscored_s", "short_s", "unreadable_s")
_SCORED, _GAP, _SILENT, _UNSCORED, _UNSEEN = range(5)


def coverage(found: Scan, front_end: FrontEnd) -> pd.DataFrame:
    """For each file of a stream what became of its seconds, by kind: table COVERAGE.

    `gap_s` are the samples that are missing, wherever they lie, `silent_s` those that were left
    out as silence. All others are scored where a scored window covers them, and `unscored_s` where
    every window there lacks too much.
    """
    starts = [piece.first for piece in found.stream.pieces]
    edges, kind = _cells(found, front_end, starts)
    piece = np.searchsorted(starts, edges[:-1], side="right") - 1
    total = np.bincount(piece * 5 + kind, np.diff(edges), 5 * len(starts)).reshape(-1, 5)
    rows = []
    for (path, header, _), samples in zip(found.stream.pieces, total, strict=True):
        seconds = samples / header.sample_rate
        short = seconds[_UNSEEN] if not len(found.first) and not found.problem else 0.0
        lost = seconds[_UNSEEN] if found.problem and seconds[_UNSEEN] > 1e-6 else 0.0
        problem = found.problem if lost else ("shorter than a window" if short else "")
        rows.append(
            {
                "path": str(path),
                "recording_id": header.recording_id,
                "duration_s": header.n_samples / header.sample_rate,
                "scored_s": seconds[_SCORED],
                "gap_s": seconds[_GAP],
                "silent_s": seconds[_SILENT],
                "unscored_s": seconds[_UNSCORED],
                "short_s": short,
                "unreadable_s": lost,
                "problem": problem,
            }
        )
    return conform(pd.DataFrame(rows), COVERAGE, "coverage")


def _cells(
    found: Scan, front_end: FrontEnd, starts: list[int]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A stream cut, in its own samples, wherever anything begins or ends; the kind of each cell."""
    whole, length = found.stream.n_samples, front_end.grid.window_samples
    scale = cleaning.raw_per_cleaned(found.stream.sample_rate, front_end.clean)
    P = found.P
    first = found.first[: len(P)]
    windows = np.stack([first, first + length], axis=1)
    good = np.isfinite(P[:, 0]) if len(P) else np.zeros(0, bool)
    spans = [intervals.union(runs.astype(float)) for runs in (found.gaps, found.silent)]
    for covered in (windows[good], windows):
        # Resampling rounds the length to a sample: what reaches the end there reaches it here.
        ends = np.where(covered[:, 1] >= found.length, whole, covered[:, 1] * scale)
        starts_at = np.minimum(covered[:, 0] * scale, whole)
        spans.append(intervals.union(np.stack([starts_at, ends], axis=1)))
    edges = np.unique(np.concatenate([*(s.ravel() for s in spans), starts, [whole]]))
    inside = (np.searchsorted(s.ravel(), edges[:-1], "right") % 2 == 1 for s in spans)
    gap, silent, scored, seen = inside
    kinds = [_UNSEEN, _GAP, _SILENT, _SCORED]
    kind = np.select([~seen, gap, silent, scored], kinds, _UNSCORED)
    return edges, kind


def unaccounted(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of table COVERAGE whose kinds do not add up to the file, to a millisecond."""
    kinds = table[list(KINDS)].sum(axis=1)
    return table[(kinds - table["duration_s"]).abs() > 1e-3]


def below(folder: Path, scans: Sequence[Scan], front_end: FrontEnd) -> pd.DataFrame:
    """`coverage` of several scans, whose paths are told below a folder."""
    table = pd.concat([coverage(scan, front_end) for scan in scans], ignore_index=True)
    return table.assign(path=[Path(p).relative_to(folder).as_posix() for p in table["path"]])
