"""Train a detector: batches, losses, early stopping on validation average precision."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.metrics import binary
from rarewave.networks import registry
from rarewave.networks.backend import keras
from rarewave.networks.inference import predict
from rarewave.training import losses, optimisers
from rarewave.training.augmentation import Augmentation
from rarewave.training.batches import Batches, Examples
from rarewave.training.hyperparameters import Training

Row = dict[str, float]


class EveryEpoch(keras.callbacks.Callback):
    """Scores the validation part after each epoch, keeps the best weights, stops in time."""

    def __init__(
        self,
        score: Callable[[keras.Model], NDArray[np.float64]],
        examples: Examples,
        rows: NDArray[np.int64],
        options: Training,
        report: Callable[[Row], None],
        checkpoint: Callable[[keras.Model], None],
    ) -> None:
        super().__init__()
        self.score, self.options = score, options
        self.y, self.targets = examples.y[rows], examples.targets[rows]
        self.classes = [k for k in range(self.targets.shape[1]) if k != examples.background]
        self.report, self.checkpoint = report, checkpoint
        self.best, self.best_epoch = -np.inf, 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Score, report and perhaps stop; raises `DataError` where weights are no numbers."""
        p = self.score(self.model)
        if not (np.isfinite(p).all() and np.isfinite((logs or {})["loss"])):
            raise DataError(f"training diverged in epoch {epoch + 1}: lower train.learning_rate")
        share = self.targets / self.targets.sum(axis=1, keepdims=True)
        loss = -(share * np.log(np.clip(p, 1e-7, 1.0))).sum(axis=1).mean()
        decided = np.argmax(p[:, ::-1], axis=1)  # of equals the later class, as p >= 0.5 is event
        decided = p.shape[1] - 1 - decided
        found = [
            binary.rates(binary.confusion(self.targets[:, k], decided == k))
            | {"ap": binary.average_precision(self.targets[:, k], p[:, k])}
            for k in self.classes
        ]
        precision = float(np.nanmean([f["ap"] for f in found]))
        self.report(
            {
                "epoch": epoch + 1,
                "loss": float((logs or {})["loss"]),
                "val_cross_entropy": float(loss),
                "val_average_precision": precision,
                "val_precision": float(np.mean([f["precision"] for f in found])),
                "val_recall": float(np.nanmean([f["recall"] for f in found])),
                "val_accuracy": float((decided == self.y).mean()),
            }
        )
        if self.options.keep == "last" or precision > self.best:
            self.best, self.best_epoch = precision, epoch
            if self.options.keep == "best" or epoch + 1 == self.options.epochs:
                self.checkpoint(self.model)
        elif epoch - self.best_epoch >= self.options.patience:
            self.model.stop_training = True


def compiled(
    model: keras.Model, options: Training, steps: int, counts: NDArray[np.int64]
) -> keras.Model:
    """A network with part of its encoder frozen, loss and optimiser.

    Parameters
    ----------
    model : a network of `networks`, its encoder as it is to start.
    steps : length of the whole training, for the schedule.
    counts : (classes,) training windows of each class.
    """
    layers = [layer for layer in registry.encoder(model).layers if layer.weights]
    for layer in layers[: round(options.frozen * len(layers))]:
        layer.trainable = False
    rate: Any = options.learning_rate
    if options.schedule == "cosine":
        rate = optimisers.cosine(rate, steps, options.warmup)
    names = [layer.name for layer in layers]
    optimiser = optimisers.adam(rate, options.weight_decay, names, options.encoder_rate)
    loss = losses.build(options, model.output_shape[-1], counts)
    model.compile(optimiser, loss, jit_compile=False)
    return model


def start(
    encoder: keras.Model, outputs: int, front_end: FrontEnd, options: Training
) -> keras.Model:
    """The network with a fresh head from the seed, and its encoder as it is given."""
    keras.utils.set_random_seed(options.seed)
    shape, frames = encoder.input_shape[1:], front_end.window_frames
    model = registry.build(options.network, shape, outputs, frames, options.width)
    for layer in encoder.layers:
        model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


def train(
    model: keras.Model,
    examples: Examples,
    train_rows: NDArray[np.int64],
    validation_rows: NDArray[np.int64],
    normalise: Normalisation,
    front_end: FrontEnd,
    options: Training,
    changes: Augmentation,
    report: Callable[[Row], None],
    checkpoint: Callable[[keras.Model], None],
) -> None:
    """Train one network; `checkpoint` gets it whenever validation is the best so far.

    Parameters
    ----------
    model : from `start`.
    train_rows, validation_rows : indices into the examples; only the former are augmented.
    front_end : what made the spectrograms.
    report : called after every epoch with its scores.
    """
    batches = Batches(examples, train_rows, normalise, front_end, options, changes)
    counts = np.bincount(examples.y[train_rows], minlength=examples.targets.shape[1])
    compiled(model, options, len(batches) * options.epochs, counts)
    watch = EveryEpoch(
        lambda network: predict(network, examples.X, validation_rows, normalise),
        examples,
        validation_rows,
        options,
        report,
        checkpoint,
    )
    model.fit(batches, epochs=options.epochs, shuffle=False, verbose=0, callbacks=[watch])
