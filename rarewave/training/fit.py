"""Train a detector: batches, losses, early stopping on validation average precision."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.metrics import binary
from rarewave.networks import registry
from rarewave.networks.backend import keras
from rarewave.networks.inference import predict
from rarewave.training import losses, optimisers
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.averaging import Average
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
        average: Average,
        report: Callable[[Row], None],
        checkpoint: Callable[[keras.Model], None],
    ) -> None:
        super().__init__()
        self.score, self.options, self.average = score, options, average
        self.task = examples.task
        self.y, self.truth = examples.y[rows], examples.truth[rows]
        self.report, self.checkpoint = report, checkpoint
        self.best, self.best_epoch = -np.inf, 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Score, report and perhaps stop; raises `DataError` where weights are no numbers."""
        with self.average.instead(self.model):
            self._look(epoch, logs)

    def _look(self, epoch: int, logs: dict[str, Any] | None) -> None:
        p = self.score(self.model)
        if not (np.isfinite(p).all() and np.isfinite((logs or {})["loss"])):
            raise DataError(f"training diverged in epoch {epoch + 1}: lower train.learning_rate")
        scores = validation_scores(self.task, self.y, self.truth, p)
        precision = scores["val_average_precision"]
        self.report({"epoch": epoch + 1, "loss": float((logs or {})["loss"])} | scores)
        if self.options.keep == "last" or precision > self.best:
            self.best, self.best_epoch = precision, epoch
            if self.options.keep == "best" or epoch + 1 == self.options.epochs:
                self.checkpoint(self.model)
        elif epoch - self.best_epoch >= self.options.patience:
            self.model.stop_training = True


def validation_scores(
    task: Task, y: NDArray, truth: NDArray[np.int8], p: NDArray[np.float64]
) -> Row:
    """Cross-entropy, and scores at the most probable class or a probability of 0.5.

    Average precision, precision and recall are means over what is to be found.
    """
    decided = task.decide(p)
    scores = []
    for name in task.events:
        k = task.names.index(name)
        rates = binary.rates(binary.confusion(truth[:, k], decided[:, k]))
        scores.append(rates | {"ap": binary.average_precision(truth[:, k], p[:, k])})
    likely = np.log(np.clip(p, 1e-7, 1.0))
    if task.kind == "tags":
        unlikely = np.log(np.clip(1 - p, 1e-7, 1.0))
        loss = -np.where(truth > 0, likely, unlikely).mean()
        right = (decided == (truth > 0)).all(axis=1)
    else:
        loss = -(truth / truth.sum(axis=1, keepdims=True) * likely).sum(axis=1).mean()
        right = np.argmax(decided, axis=1) == y
    return {
        "val_cross_entropy": float(loss),
        "val_average_precision": float(np.nanmean([s["ap"] for s in scores])),
        "val_precision": float(np.mean([s["precision"] for s in scores])),
        "val_recall": float(np.nanmean([s["recall"] for s in scores])),
        "val_accuracy": float(right.mean()),
    }


def chosen(history: Sequence[Row], options: Training) -> Row:
    """The epoch whose weights are kept."""
    if options.keep == "best":
        return max(history, key=lambda row: row["val_average_precision"])
    return history[-1]


def compiled(
    model: keras.Model, options: Training, steps: int, task: Task, counts: NDArray[np.int64]
) -> keras.Model:
    """A network with part of its encoder frozen, loss and optimiser.

    Parameters
    ----------
    model : a network of `networks`, its encoder as it is to start.
    steps : length of the whole training, for the schedule.
    counts : training windows, from `losses.window_counts`.
    """
    layers = [layer for layer in registry.encoder(model).layers if layer.weights]
    for layer in layers[: round(options.frozen * len(layers))]:
        layer.trainable = False
    rate: Any = options.learning_rate
    if options.schedule == "cosine":
        rate = optimisers.cosine(rate, steps, options.warmup)
    names = [layer.name for layer in layers]
    optimiser = optimisers.adam(rate, options.weight_decay, names, options.encoder_rate)
    loss = losses.build(options, task, counts)
    model.compile(optimiser, loss, jit_compile=False)
    return model


def start(
    encoder: keras.Model | None,
    task: Task,
    front_end: FrontEnd,
    channels: int,
    options: Training,
) -> keras.Model:
    """The network with fresh weights from the seed, of its encoder those given, if they are.

    `channels` are those of its input, see `Normalisation.channels`.
    """
    keras.utils.set_random_seed(options.seed)
    shape = (*front_end.shape[:2], channels)
    frames = front_end.window_frames
    model = registry.build(options.network, shape, task, frames, options.width, options.pooling)
    for layer in encoder.layers if encoder is not None else ():
        if layer.weights:
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
    task, steps = examples.task, len(batches) * options.epochs
    counts = losses.window_counts(task, examples.y[train_rows], examples.truth[train_rows])
    compiled(model, options, steps, task, counts)
    average = Average(
        options.average, lambda: _some_inputs(examples.X, train_rows, normalise, options.seed)
    )
    watch = EveryEpoch(
        lambda network: predict(network, examples.X, validation_rows, normalise, examples.task),
        examples,
        validation_rows,
        options,
        average,
        report,
        checkpoint,
    )
    model.fit(batches, epochs=options.epochs, shuffle=False, verbose=0, callbacks=[average, watch])


def _some_inputs(
    X: NDArray[np.float32], rows: NDArray[np.int64], normalise: Normalisation, seed: int
) -> Iterator[NDArray[np.float32]]:
    """Up to 16 batches of 64 training windows, as they are; always the same ones."""
    chosen = np.random.Generator(np.random.PCG64([seed, 23])).permutation(rows)[: 16 * 64]
    for at in range(0, len(chosen), 64):
        yield normalise(X[np.sort(chosen[at : at + 64])])
