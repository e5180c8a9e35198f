"""Tables of events and the rates that counts of them give."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tables import Schema, conform

Array = NDArray[np.float64]

EVENT: Schema = {
    "recording_id": "str",
    "onset_s": "float64",
    "offset_s": "float64",
    "label": "str",
}
ROUNDING = 1e-9


def events_of(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The columns of EVENT of the certain rows, indexed by their row number."""
    table = conform(frame, EVENT, name)
    onset, offset = table["onset_s"].to_numpy(), table["offset_s"].to_numpy()
    wrong = ~((offset >= onset) & np.isfinite(onset) & np.isfinite(offset))
    if wrong.any():
        row = table[wrong].iloc[0]
        raise DataError(
            f"{name}: {row['label']} in {row['recording_id']} lasts from {row['onset_s']} to "
            f"{row['offset_s']} s: both must be numbers, and the offset not before the onset"
        )
    if "certain" in frame.columns:
        table = table[frame["certain"].to_numpy(bool)]
    return table


def listed(
    truth: pd.DataFrame, found: pd.DataFrame, classes: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables, where all labels are among the classes."""
    if not classes or len(set(classes)) < len(classes):
        raise DataError(f"classes are [{', '.join(classes)}]: name each that is scored once")
    tables = events_of(truth, "truth"), events_of(found, "detections")
    for name, table in zip(("truth", "detections"), tables, strict=True):
        other = sorted(set(table["label"]) - set(classes))
        if other:
            raise DataError(
                f"{name}: label {', '.join(other)} is not among the classes "
                f"{', '.join(classes)}: add it to them, or leave its events out"
            )
    return tables


def rates(classes: Sequence[str], counts: Array) -> pd.DataFrame:
    """Scores per class from counts (classes, 3) of the reference, the detected and the hits."""
    reference, detected, tp = counts.T
    fp, fn = detected - tp, reference - tp
    precision, recall, f1 = told_apart(counts)
    return pd.DataFrame(
        {
            "label": list(classes),
            "reference": reference.astype(np.int64),
            "detected": detected.astype(np.int64),
            "tp": tp.astype(np.int64),
            "fp": fp.astype(np.int64),
            "fn": fn.astype(np.int64),
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "error_rate": ratio(fp + fn, reference),
        }
    )


def told_apart(counts: Array) -> Array:
    """Precision, recall and F1 (3, ...) of events, detections and hits (..., 3).

    Precision is 0 without a detection, the others are NaN without an event.
    """
    reference, detected, tp = np.moveaxis(counts, -1, 0)
    f1 = np.where(reference > 0, ratio(2 * tp, reference + detected), np.nan)
    return np.stack([np.where(detected > 0, ratio(tp, detected), 0.0), ratio(tp, reference), f1])


def summary(table: pd.DataFrame, errors: tuple[int, int, int]) -> dict[str, float]:
    """Scores of all classes, from those of each and substitutions, deletions and insertions."""
    total = table[["reference", "detected", "tp"]].to_numpy(float).sum(axis=0)
    alike = rates(["all"], total[None]).iloc[0]
    f1 = table["f1"].dropna()
    parts = ratio(np.array(errors, float), np.full(3, total[0]))
    return {
        "macro_f1": float(f1.mean()) if len(f1) else float("nan"),
        "precision": float(alike["precision"]),
        "recall": float(alike["recall"]),
        "f1": float(alike["f1"]),
        "error_rate": float(parts.sum()),
        "substitution_rate": float(parts[0]),
        "deletion_rate": float(parts[1]),
        "insertion_rate": float(parts[2]),
    }


def ratio(part: Array, whole: Array) -> Array:
    """The quotient; NaN over 0."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
