"""What training and pretraining show: curves over the epochs, and windows as they were changed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.dataset import label_first
from rarewave.frontend.spectrogram import frequencies_hz
from rarewave.frontend.transform import FrontEnd
from rarewave.plots import charts, contact_sheets
from rarewave.plots.charts import over_epochs
from rarewave.plots.style import shortened
from rarewave.training import simclr
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.batches import Examples, augmented_call
from rarewave.training.simclr import Pool

History = Sequence[Mapping[str, float]]


def of_training(
    folder: Path,
    history: History,
    examples: Examples,
    rows: NDArray[np.int64],
    front_end: FrontEnd,
    changes: Augmentation,
    seed: int,
) -> None:
    """`history.png`, and `augmentation.png`: what each change makes of one training call."""
    panels = {
        "training loss": ("loss",),
        "validation score, 0 to 1": ("val_average_precision", "val_precision", "val_recall"),
    }
    over_epochs(folder / "history.png", history, panels, "Training")
    contact_sheets.variants(
        folder / "augmentation.png",
        [augmented_call(examples, rows, front_end, changes, seed)],
        front_end.frequencies_hz,
        front_end.input_samples / front_end.clean.sample_rate_hz,
        "One training call, and what augmentation makes of it"
        if changes.used
        else "One training call; nothing is augmented",
    )


def of_pretraining(
    folder: Path, history: History, pool: Pool, changes: Augmentation, seed: int
) -> None:
    """`history.png`, and `views.png`: two views of some windows.

    Neither where nothing was pretrained: the only row is that before the first epoch.
    """
    if history[-1]["epoch"] < 1:
        return
    panels = {
        "loss": ("loss",),
        "features": ("alignment", "uniformity"),
        "validation, 0 to 1": ("knn_accuracy", "knn_balanced_accuracy"),
    }
    over_epochs(folder / "history.png", history, panels, "Pretraining")
    rng = np.random.Generator(np.random.PCG64([seed, 19]))
    rows = np.sort(rng.permutation(pool.size)[:6])
    names = ("one view", "another")
    both = np.split(simclr.views(pool, rows, changes, rng)[..., 0], 2)
    shown = [
        {f"window {row}, {name}": X[number] for name, X in zip(names, both, strict=True)}
        for number, row in enumerate(rows)
    ]
    seconds = pool.spec.step * both[0].shape[2] / pool.rate
    hertz = frequencies_hz(pool.rate, pool.spec)
    title = "Two views of some windows"
    contact_sheets.variants(folder / "views.png", shown, hertz, seconds, title)


def of_embedding(
    folder: Path, table: pd.DataFrame, X: NDArray[np.float32], front_end: FrontEnd
) -> None:
    """`embedding.png`, where windows lie by kind; `label_first.png`, those to label first.

    Parameters
    ----------
    table : what `label_first.pick` gives for windows X (n, rows, frames, channels).
    """
    title = "What the encoder makes of all windows, by kind"
    axes = ("first principal component", "second principal component")
    charts.scatter(folder / "embedding.png", label_first.places(table), title, *axes)
    shown = [
        {
            f"kind {kind}: {shortened(row.path, 24)}, {row.start_s:.1f} s": X[row.Index, :, :, 0]
            for row in mine.itertuples()
        }
        for kind, mine in label_first.picked(table).groupby("kind")
    ]
    seconds = front_end.input_samples / front_end.clean.sample_rate_hz
    where = front_end.frequencies_hz
    contact_sheets.variants(folder / "label_first.png", shown, where, seconds, "To label first")
