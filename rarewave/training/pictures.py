"""What training and pretraining show: curves over the epochs, and windows as they were changed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rarewave.frontend.transform import FrontEnd
from rarewave.plots import contact_sheets
from rarewave.plots.charts import over_epochs
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
    names = ("loss", "val_average_precision", "val_precision", "val_recall")
    label = "loss, or score on validation"
    over_epochs(folder / "history.png", history, names, "Training", label)
    contact_sheets.variants(
        folder / "augmentation.png",
        augmented_call(examples, rows, front_end, changes, seed),
        front_end.input_samples / front_end.clean.sample_rate_hz,
        "One training call, and what augmentation makes of it",
    )


def of_pretraining(
    folder: Path, history: History, pool: Pool, changes: Augmentation, seed: int
) -> None:
    """`history.png`, and `views.png`: two views of some windows."""
    names = [name for name in history[-1] if name != "epoch"]
    label = "loss, or what the features are like"
    over_epochs(folder / "history.png", history, names, "Pretraining", label, False)
    rng = np.random.Generator(np.random.PCG64([seed, 19]))
    rows = np.sort(rng.permutation(pool.size)[:6])
    both = np.split(simclr.views(pool, rows, changes, rng)[..., 0], 2)
    shown = {
        f"window {row}, {name}": X[number]
        for number, row in enumerate(rows)
        for name, X in zip(("one view", "another"), both, strict=True)
    }
    seconds = pool.spec.hop * both[0].shape[2] / pool.rate
    contact_sheets.variants(folder / "views.png", shown, seconds, "Two views of some windows")
