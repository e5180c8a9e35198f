"""Train a detector: batches, losses, early stopping on validation average precision."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave import augmentation, sampling, scoring
from rarewave.augmentation import Augmentation
from rarewave.backend import keras
from rarewave.frontend import FrontEnd
from rarewave.hyperparameters import Training
from rarewave.networks import build
from rarewave.normalisation import Normalisation
from rarewave.spectrogram import spectrograms

Row = dict[str, float]

PREDICT_BATCH = 256


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
        self.weights = sampling.class_weights(y) if options.imbalance == "class_weights" else None
        self.backgrounds = rows[y == examples.background]
        times = front_end.times_s
        self.frame_s = float(times[1] - times[0]) if len(times) > 1 else 1.0
        self._deal()

    def _deal(self) -> None:
        options = self.options
        order = sampling.epoch_order(
            self.examples.y[self.rows],
            options.imbalance,
            options.batch_size,
            options.seed,
            self.epoch,
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
        spec = self.front_end.spectrogram
        waveforms = self.examples.waveforms
        if waveforms is None:
            X = self.examples.X[rows]
        else:
            rate = self.front_end.clean.sample_rate_hz
            changed = augmentation.augment_waveforms(waveforms[rows], rng, rate, self.changes)
            X = spectrograms(changed, rate, spec)
        others = None
        if self.changes.background_p:
            pool = self.backgrounds if len(self.backgrounds) else self.rows
            others = self.examples.X[rng.choice(pool, min(len(pool), len(rows)), replace=False)]
        return augmentation.augment_spectrograms(
            X, rng, self.changes, self.frame_s, others, spec.floor_db
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
        """Score, report and perhaps stop."""
        p = self.score(self.model)
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
    input_shape: tuple[int, int, int],
    outputs: int,
    window_frames: slice,
    options: Training,
    steps: int,
) -> keras.Model:
    """A fresh network with optimiser and loss; `steps` is the length of the whole training."""
    smoothing = options.label_smoothing
    loss: Any
    if options.loss == "focal":
        # Lin et al. 2017; `alpha` weighs the events.
        gamma, alpha = options.focal_gamma, options.focal_alpha
        if outputs == 1:
            loss = keras.losses.BinaryFocalCrossentropy(
                apply_class_balancing=True, alpha=alpha, gamma=gamma, label_smoothing=smoothing
            )
        else:
            loss = keras.losses.CategoricalFocalCrossentropy(
                alpha=alpha, gamma=gamma, label_smoothing=smoothing
            )
    elif outputs == 1:
        loss = keras.losses.BinaryCrossentropy(label_smoothing=smoothing)
    else:
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    rate: Any = options.learning_rate
    rising = round(options.warmup * steps)
    if options.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            rate if not rising else 0.0,
            steps - rising,
            warmup_target=rate if rising else None,
            warmup_steps=rising,
        )
    model = build(options.network, input_shape, outputs, window_frames)
    optimiser = keras.optimizers.Adam(rate, name="adam")
    if options.weight_decay:
        optimiser = keras.optimizers.AdamW(rate, options.weight_decay, name="adamw")
        optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimiser, loss, jit_compile=False)
    return model


def train(
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
    train_rows, validation_rows : indices into the examples; only the former are augmented.
    front_end : what made the spectrograms.
    report : called after every epoch with its scores.
    """
    keras.utils.set_random_seed(options.seed)
    batches = Batches(examples, train_rows, normalise, front_end, options, changes)
    shape = (*examples.X.shape[1:3], normalise.channels)
    steps = len(batches) * options.epochs
    model = compiled(shape, examples.outputs, front_end.window_frames, options, steps)
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
    found = [
        np.asarray(model.predict_on_batch(normalise(X[rows[at : at + PREDICT_BATCH]])))
        for at in range(0, len(rows), PREDICT_BATCH)
    ]
    outputs = model.output_shape[-1]
    p = np.concatenate(found).astype(np.float64) if found else np.zeros((0, outputs))
    return np.concatenate([1 - p, p], axis=1) if outputs == 1 else p
