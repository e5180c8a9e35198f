"""Batches of training examples."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tasks import NOTHING, Task
from rarewave.dataset.waveforms import Waveforms
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd, Segments, apart
from rarewave.networks import registry
from rarewave.networks.backend import keras
from rarewave.training import samplers
from rarewave.training.augmentation import apply
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.hyperparameters import Training


class Examples(NamedTuple):
    """All windows of a data set and what they hold."""

    task: Task
    X: NDArray[np.float32]  # (n, frequencies, frames, channels) dB
    y: NDArray[Any]  # (n,) class that fills most of the window, -1 where it is none of the tags
    truth: NDArray[np.int8]  # (n, names) all that is true of the window
    waveforms: Waveforms | None  # samples of rows, where augmentation needs them

    def labels(self, rows: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """All that is true of each of some windows."""
        names = self.task.names
        return [tuple(names[k] for k in np.flatnonzero(row)) for row in self.truth[rows]]

    @property
    def quiet(self) -> int:
        """The class of background windows; -2 where there is none."""
        if self.task.kind == "tags":
            return NOTHING
        return self.task.background if self.task.background >= 0 else -2


class Batches(keras.utils.PyDataset):
    """Augmented, normalised batches of some rows, in a fresh seeded order every epoch."""

    def __init__(
        self,
        examples: Examples,
        rows: NDArray[np.int64],
        normalise: Normalisation,
        front_end: FrontEnd,
        options: Training,
        changes: Augmentation,
    ) -> None:
        super().__init__()
        self.examples, self.rows, self.normalise = examples, rows, normalise
        self.front_end, self.options, self.changes, self.epoch = front_end, options, changes, 0
        y, tags = examples.y[rows], examples.task.kind == "tags"
        self.kinds = samplers.rarest_tags(examples.truth[rows]) if tags else y
        self.weights: dict[int, float] | None = None  # those of tags are the loss's
        if options.imbalance == "class_weights" and not tags:
            self.weights = samplers.class_weights(y)
        elif options.class_balanced_beta and not tags:
            self.weights = samplers.class_balanced_weights(y, options.class_balanced_beta)
        self.backgrounds = rows[y == examples.quiet]
        self.segments = segments_of(options)
        self._deal()

    def _deal(self) -> None:
        options = self.options
        order = samplers.epoch_order(
            self.kinds,
            options.imbalance,
            options.seed,
            self.epoch,
            # The last batch of an epoch may be short.
            (options.least_batches - 1) * options.batch_size + 1,
        )
        self.order = self.rows[order]

    def __len__(self) -> int:
        return -(-len(self.order) // self.options.batch_size)

    def __getitem__(self, number: int) -> tuple[NDArray, ...]:
        size, examples = self.options.batch_size, self.examples
        rows = self.order[number * size : (number + 1) * size]
        rng = np.random.Generator(np.random.PCG64([self.options.seed, self.epoch, number, 7]))
        X, truth = self._examples(rows, rng), examples.truth[rows]
        if self.changes.mixture.p:
            others = rng.choice(self.rows, len(rows))
            beside, quiet = (examples.X[others], examples.truth[others]), examples.task.background
            X, truth = self.changes.mixture(
                X, truth, *beside, quiet, rng, self.front_end.spectrogram.scale
            )
        inputs, targets = self.normalise(X), examples.task.targets(truth)
        inputs, targets = self.changes.mixup(inputs, targets, rng)
        given: tuple[NDArray, ...] = (targets,)
        if self.weights is not None:
            given = (targets, self._weights_of(rows, truth, self.weights))
        if self.segments is None:
            return inputs, *given
        cut = apart(inputs, self.segments)
        return cut, *(np.repeat(each, len(cut) // len(rows), axis=0) for each in given)

    def _weights_of(
        self, rows: NDArray[np.int64], truth: NDArray[np.int8], weights: dict[int, float]
    ) -> NDArray[np.float32]:
        """Weights (n,) of windows by their class; of mixed ones the mean over what they hold."""
        found = np.array([weights[int(label)] for label in self.examples.y[rows]])
        mixed = (truth != self.examples.truth[rows]).any(axis=1)
        each = np.array([weights.get(k, 0.0) for k in range(truth.shape[1])])
        found[mixed] = truth[mixed] @ each / truth[mixed].sum(axis=1)
        return found.astype(np.float32)

    def _examples(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
        examples, changes = self.examples, self.changes
        waveforms = examples.waveforms
        others = None
        if changes.background.p:
            pool = self.backgrounds if len(self.backgrounds) else self.rows
            others = examples.X[rng.choice(pool, min(len(pool), len(rows)), replace=False)]
        return apply.augment(
            examples.X[rows],
            None if waveforms is None else waveforms(rows),
            others,
            rng,
            self.front_end.clean.sample_rate_hz,
            self.front_end.spectrogram,
            changes,
            examples.labels(rows) if changes.stretch.classes else None,
        )

    def on_epoch_end(self) -> None:
        """Deal the order of the next epoch."""
        self.epoch += 1
        self._deal()


def segments_of(options: Training) -> Segments | None:
    """The segments to learn from one by one; None: windows are learnt as a whole.

    Raises
    ------
    DataError
        `train.segments` is asked of a network that scores none.
    """
    if not options.segments:
        return None
    known = registry.find(options.network).segments
    if known is None:
        raise DataError(
            f"train.segments is true, and {options.network} scores no segments: set it to false, "
            "or train.network to vgg_fcn or band_net"
        )
    return known


def augmented_call(
    examples: Examples,
    rows: NDArray[np.int64],
    front_end: FrontEnd,
    changes: Augmentation,
    seed: int,
) -> dict[str, NDArray[np.float32]]:
    """What each augmentation, and all of them, make of one training call."""
    y = examples.y[rows]
    calls, quiet = rows[y != examples.quiet], rows[y == examples.quiet]
    row, beside = calls[[len(calls) // 2]], calls[[len(calls) // 2 - 1]]
    return apply.examples(
        examples.X[row],
        None if examples.waveforms is None else examples.waveforms(row),
        examples.X[quiet[:64]] if len(quiet) else examples.X[rows[:64]],
        front_end.clean.sample_rate_hz,
        front_end.spectrogram,
        changes,
        seed,
        examples.X[beside],
        examples.labels(row)[0],
    )
