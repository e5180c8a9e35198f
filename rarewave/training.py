"""Train a detector: batches, losses, early stopping on validation average precision."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave import sampling
from rarewave.backend import keras
from rarewave.hyperparameters import Training
from rarewave.networks import build
from rarewave.normalisation import Normalisation
from rarewave.scoring import average_precision, confusion, rates

Row = dict[str, float]

PREDICT_BATCH = 256


class Batches(keras.utils.PyDataset):
    """Normalised batches of some rows of `X`, in a fresh seeded order every epoch."""

    def __init__(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int8],
        rows: NDArray[np.int64],
        normalise: Normalisation,
        options: Training,
        seed: int,
    ) -> None:
        super().__init__()
        self.X, self.y, self.rows, self.normalise = X, y, rows, normalise
        self.options, self.seed, self.epoch = options, seed, 0
        self.weights = (
            sampling.class_weights(y[rows]) if options.imbalance == "class_weights" else None
        )
        self._deal()

    def _deal(self) -> None:
        options = self.options
        order = sampling.epoch_order(
            self.y[self.rows],
            options.imbalance,
            options.batch_size,
            self.seed,
            self.epoch,
        )
        self.order = self.rows[order]

    def __len__(self) -> int:
        return -(-len(self.order) // self.options.batch_size)

    def __getitem__(self, number: int) -> tuple[NDArray, ...]:
        size = self.options.batch_size
        rows = self.order[number * size : (number + 1) * size]
        inputs, targets = (
            self.normalise(self.X[rows]),
            self.y[rows].astype(np.float32)[:, None],
        )
        if self.weights is None:
            return inputs, targets
        weight = np.array([self.weights[int(label)] for label in self.y[rows]], np.float32)
        return inputs, targets, weight

    def on_epoch_end(self) -> None:
        """Deal the order of the next epoch."""
        self.epoch += 1
        self._deal()


class EveryEpoch(keras.callbacks.Callback):
    """Scores the validation part after each epoch, keeps the best weights, stops in time."""

    def __init__(
        self,
        score: Callable[[keras.Model], NDArray[np.float64]],
        y: NDArray[np.int8],
        patience: int,
        report: Callable[[Row], None],
        checkpoint: Callable[[keras.Model], None],
    ) -> None:
        super().__init__()
        self.score, self.y, self.patience = score, y, patience
        self.report, self.checkpoint = report, checkpoint
        self.best, self.best_epoch = -np.inf, 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Score, report and perhaps stop."""
        p = self.score(self.model)
        found = rates(confusion(self.y, p >= 0.5))
        precision = average_precision(self.y, p)
        clipped = np.clip(p, 1e-7, 1 - 1e-7)
        loss = -np.mean(np.where(self.y == 1, np.log(clipped), np.log(1 - clipped)))
        self.report(
            {
                "epoch": epoch + 1,
                "loss": float((logs or {})["loss"]),
                "val_cross_entropy": float(loss),
                "val_average_precision": precision,
                "val_precision": found["precision"],
                "val_recall": found["recall"],
            }
        )
        if precision > self.best:
            self.best, self.best_epoch = precision, epoch
            self.checkpoint(self.model)
        elif epoch - self.best_epoch >= self.patience:
            self.model.stop_training = True


def compiled(
    input_shape: tuple[int, int, int],
    window_frames: slice,
    options: Training,
    steps: int,
) -> keras.Model:
    """A fresh network with optimiser and loss; `steps` is the length of the whole training."""
    if options.loss == "focal":
        # Lin et al. 2017; `alpha` weighs the events.
        loss = keras.losses.BinaryFocalCrossentropy(
            apply_class_balancing=True,
            alpha=options.focal_alpha,
            gamma=options.focal_gamma,
        )
    else:
        loss = keras.losses.BinaryCrossentropy()
    rate: Any = options.learning_rate
    if options.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    model = build(options.network, input_shape, window_frames)
    model.compile(keras.optimizers.Adam(rate, name="adam"), loss, jit_compile=False)
    return model


def train(
    X: NDArray[np.float32],
    y: NDArray[np.int8],
    train_rows: NDArray[np.int64],
    validation_rows: NDArray[np.int64],
    normalise: Normalisation,
    window_frames: slice,
    options: Training,
    report: Callable[[Row], None],
    checkpoint: Callable[[keras.Model], None],
) -> None:
    """Train one network; `checkpoint` gets it whenever validation is the best so far.

    Parameters
    ----------
    X : (n, frequencies, frames, channels) spectrograms in dB.
    y : (n,) 0 or 1.
    train_rows, validation_rows : indices into both.
    window_frames : the frames of the window itself, without its context.
    report : called after every epoch with its scores.
    """
    keras.utils.set_random_seed(options.seed)
    batches = Batches(X, y, train_rows, normalise, options, options.seed)
    shape = (*X.shape[1:3], normalise.channels)
    model = compiled(shape, window_frames, options, len(batches) * options.epochs)
    watch = EveryEpoch(
        lambda network: predict(network, X, validation_rows, normalise),
        y[validation_rows],
        options.patience,
        report,
        checkpoint,
    )
    model.fit(batches, epochs=options.epochs, shuffle=False, verbose=0, callbacks=[watch])


def predict(
    model: keras.Model,
    X: NDArray[np.float32],
    rows: NDArray[np.int64],
    normalise: Normalisation,
) -> NDArray[np.float64]:
    """Probability of an event for the given rows of spectrograms, (len(rows),)."""
    found = [
        np.asarray(model.predict_on_batch(normalise(X[rows[at : at + PREDICT_BATCH]])))[:, 0]
        for at in range(0, len(rows), PREDICT_BATCH)
    ]
    return np.concatenate(found).astype(np.float64) if found else np.zeros(0)
