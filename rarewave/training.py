"""Train a detector: batches, losses, early stopping on validation average precision."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave import augmentation, inference, losses, networks, optimisers, sampling, scoring
from rarewave.augmentation import Augmentation
from rarewave.backend import keras
from rarewave.errors import DataError
from rarewave.frontend import FrontEnd
from rarewave.hyperparameters import Training
from rarewave.normalisation import Normalisation

Row = dict[str, float]


class Examples(NamedTuple):
    """All windows of a data set and what they hold."""

    X: NDArray[np.float32]  # (n, frequencies, frames, channels) dB
    y: NDArray[np.int8]  # (n,) class that fills most of the window
    targets: NDArray[np.int8]  # (n, classes) all classes of the window
    background: int  # index of the class background, -1: none
    waveforms: NDArray[np.float32] | None  # (n, samples) where augmentation needs them

    @property
    def binary(self) -> bool:
        """One output: event or background."""
        return self.background == 0 and self.targets.shape[1] == 2

    @property
    def outputs(self) -> int:
        """Numbers that the network gives for a window."""
        return 1 if self.binary else self.targets.shape[1]


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
        y = examples.y[rows]
        self.weights: dict[int, float] | None = None
        if options.imbalance == "class_weights":
            self.weights = sampling.class_weights(y)
        elif options.class_balanced_beta:
            self.weights = sampling.class_balanced_weights(y, options.class_balanced_beta)
        self.backgrounds = rows[y == examples.background]
        self._deal()

    def _deal(self) -> None:
        options = self.options
        order = sampling.epoch_order(
            self.examples.y[self.rows],
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
        X, targets = self._examples(rows, rng), self._targets(rows)
        inputs = self.normalise(X)
        if self.changes.mixup_p:
            inputs, targets = augmentation.mixup(inputs, targets, rng, self.changes)
        if self.weights is None:
            return inputs, targets
        weight = np.array([self.weights[int(label)] for label in examples.y[rows]], np.float32)
        return inputs, targets, weight

    def _examples(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
        examples, changes = self.examples, self.changes
        waveforms = examples.waveforms
        others = None
        if changes.background_p:
            pool = self.backgrounds if len(self.backgrounds) else self.rows
            others = examples.X[rng.choice(pool, min(len(pool), len(rows)), replace=False)]
        return augmentation.augment(
            examples.X[rows],
            None if waveforms is None else waveforms[rows],
            others,
            rng,
            self.front_end.clean.sample_rate_hz,
            self.front_end.spectrogram,
            changes,
        )

    def _targets(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        targets = self.examples.targets[rows].astype(np.float32)
        if self.examples.binary:
            return targets[:, 1:]
        # A window of two calls is half of each: then the sum of probabilities is 1.
        return targets / targets.sum(axis=1, keepdims=True)

    def on_epoch_end(self) -> None:
        """Deal the order of the next epoch."""
        self.epoch += 1
        self._deal()


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
            scoring.rates(scoring.confusion(self.targets[:, k], decided == k))
            | {"ap": scoring.average_precision(self.targets[:, k], p[:, k])}
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
    layers = [layer for layer in networks.encoder(model).layers if layer.weights]
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
    model = networks.build(options.network, shape, outputs, frames, options.width)
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


def predict(
    model: keras.Model,
    X: NDArray[np.float32],
    rows: NDArray[np.int64],
    normalise: Normalisation,
) -> NDArray[np.float64]:
    """Probability of each class for the given rows of spectrograms, (len(rows), classes).

    A network with one output gives the probability of an event: the classes are background and
    event.
    """
    p = inference.outputs(model, X, rows, normalise).astype(np.float64)
    return np.concatenate([1 - p, p], axis=1) if p.shape[1] == 1 else p
