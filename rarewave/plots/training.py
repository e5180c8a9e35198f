"""Pictures of training: curves over the epochs, and what augmentation makes of windows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rarewave.plots import charts, contact_sheets


def history(
    path: Path,
    rows: Sequence[Mapping[str, float]],
    names: Sequence[str],
    title: str,
    label: str,
    unit_square: bool = True,
) -> None:
    """Curves of some columns over the epochs."""
    epochs = np.array([row["epoch"] for row in rows])
    curves = {name: (epochs, np.array([row.get(name, np.nan) for row in rows])) for name in names}
    charts.curves(path, curves, title, "epoch", label, unit_square=unit_square)


def two_views(
    path: Path, rows: NDArray[np.int64], views: NDArray[np.float32], seconds: float
) -> None:
    """Two views of some windows; `views` (2 n, frequencies, frames): all first ones first."""
    both = np.split(views, 2)
    shown = {
        f"window {row}, {name}": X[number]
        for number, row in enumerate(rows)
        for name, X in zip(("one view", "another"), both, strict=True)
    }
    contact_sheets.variants(path, shown, seconds, "Two views of some windows")


def augmented(path: Path, shown: Mapping[str, NDArray[np.float32]], seconds: float) -> None:
    """One training call, changed in several ways."""
    title = "One training call, and what augmentation makes of it"
    contact_sheets.variants(path, dict(shown), seconds, title)
