"""Train an encoder without labels, by contrast between two changed views of each window (SimCLR).

Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, ICML 2020.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.arrays import read_npz
from rarewave.base.errors import DataError
from rarewave.base.files import write_npz
from rarewave.base.tasks import BACKGROUND, EVENT, Task
from rarewave.dataset.index import Indexed
from rarewave.dataset.waveforms import Waveforms
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.spectrogram import Spectrogram
from rarewave.frontend.transform import FrontEnd
from rarewave.networks import inference, registry
from rarewave.networks.backend import keras
from rarewave.training import contrast, optimisers
from rarewave.training.augmentation import apply
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.hyperparameters import Pretraining, Training

Row = dict[str, float]

_PROJECTION = (512, 128)  # of 512 features: 512 -> 512 -> 128
_WATCHED = 512  # windows whose views tell alignment and uniformity


class Pool(NamedTuple):
    """The windows to learn from, read as they are needed."""

    size: int
    spectrograms: Callable[[NDArray[np.int64]], NDArray[np.float32]]  # rows to (n, f, t, c) dB
    waveforms: Callable[[NDArray[np.int64]], NDArray[np.float32]] | None  # rows to (n, samples)
    normalise: Normalisation
    rate: float  # Hz
    spec: Spectrogram


def pool_of(
    data: Indexed,
    unlabelled: NDArray[np.float32],
    train: NDArray[np.int64],
    allowed: NDArray[np.int64],
    normalise: Normalisation,
    samples: Waveforms | None,
) -> Pool:
    """Training windows, then some of the unlabelled ones.

    Parameters
    ----------
    unlabelled : (n, frequencies, frames, channels) dB, perhaps memory-mapped.
    train, allowed : rows of the data set, and of `unlabelled`.
    samples : gives the waveforms of the windows of the pool.
    """
    front_end = data.front_end

    def spectrograms(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        ours = rows < len(train)
        X = np.empty((len(rows), *front_end.shape), np.float32)
        X[ours] = data.X[train[rows[ours]]]
        X[~ours] = unlabelled[allowed[rows[~ours] - len(train)]]
        return X

    rate, size = front_end.clean.sample_rate_hz, len(train) + len(allowed)
    return Pool(size, spectrograms, samples, normalise, rate, front_end.spectrogram)


class Views(keras.utils.PyDataset):
    """Batches of views: first one of each window, then, in the same order, another of each."""

    def __init__(self, pool: Pool, options: Pretraining, changes: Augmentation) -> None:
        super().__init__()
        self.pool, self.options, self.changes = pool, options, changes
        self.size = min(options.batch_size, pool.size)

    def at(self, epoch: int) -> None:
        """Deal the order of an epoch; what is left over of whole batches waits for another."""
        self.epoch = epoch
        rng = np.random.Generator(np.random.PCG64([self.options.seed, epoch]))
        self.order = rng.permutation(self.pool.size)

    def __len__(self) -> int:
        return self.pool.size // self.size

    def __getitem__(self, number: int) -> tuple[NDArray, NDArray]:
        rows = self.order[number * self.size : (number + 1) * self.size]
        rng = np.random.Generator(np.random.PCG64([self.options.seed, self.epoch, number, 13]))
        X = views(self.pool, rows, self.changes, rng)
        return X, np.zeros((len(X), 1), np.float32)


def views(
    pool: Pool, rows: NDArray[np.int64], changes: Augmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Two changed views of each row, normalised: (2n, frequencies, frames, channels)."""
    X = pool.spectrograms(rows)
    samples = pool.waveforms(rows) if pool.waveforms and changes.of_waveforms else None
    found = []
    for _ in range(2):
        others = None
        if changes.background.p:
            others = pool.spectrograms(np.sort(rng.choice(pool.size, min(pool.size, len(rows)))))
        changed = apply.augment(X, samples, others, rng, pool.rate, pool.spec, changes)
        found.append(pool.normalise(changed))
    return np.concatenate(found)


class Watch(NamedTuple):
    """Labelled windows whose nearest neighbours are asked as pretraining goes on, if any."""

    X: NDArray[np.float32]  # (n, frequencies, frames, channels) dB
    y: NDArray[np.int8]  # (n,)
    known: NDArray[np.int64]  # rows of the training part
    asked: NDArray[np.int64]  # rows of the validation part
    classes: int


def looked_at(
    encoder: keras.Model, pool: Pool, watch: Watch, options: Pretraining, changes: Augmentation
) -> Row:
    """Alignment, uniformity, and accuracy of nearest neighbours on validation if it is labelled."""
    rng = np.random.Generator(np.random.PCG64([options.seed, 17]))
    rows = np.sort(rng.permutation(pool.size)[:_WATCHED])
    seen = []
    half = inference.BATCH // 2  # of windows: each has two views
    for at in range(0, len(rows), half):
        X = views(pool, rows[at : at + half], changes, rng)
        seen.append(np.split(np.asarray(encoder.predict_on_batch(X)), 2))
    one, other = (np.concatenate(part) for part in zip(*seen, strict=True))
    found = {"alignment": contrast.alignment(one, other), "uniformity": contrast.uniformity(one)}
    if not len(watch.known) or not len(watch.asked):
        return found
    known, asked = (
        inference.outputs(encoder, watch.X, part, pool.normalise)
        for part in (watch.known, watch.asked)
    )
    truth = watch.y[watch.asked]
    right = contrast.nearest(known, watch.y[watch.known], asked, watch.classes) == truth
    return found | {
        "knn_accuracy": float(right.mean()),
        "knn_balanced_accuracy": float(np.mean([right[truth == k].mean() for k in set(truth)])),
    }


def fresh(
    front_end: FrontEnd, normalise: Normalisation, training: Training, options: Pretraining
) -> keras.Model:
    """The encoder of the network that training will use, from the seed.

    Raises
    ------
    DataError
        The network does not take what the front end gives.
    """
    registry.refuse_input(training.network, front_end.spectrogram.scale)
    if options.epochs and keras.config.dtype_policy().name != options.precision:
        keras.config.set_dtype_policy(options.precision)
    keras.utils.set_random_seed(options.seed)
    shape = (*front_end.shape[:2], normalise.channels)
    any_head = Task("event", (BACKGROUND, EVENT))
    frames = front_end.window_frames
    return registry.encoder(
        registry.build(training.network, shape, any_head, frames, training.width)
    )


def in_full_precision(
    encoder: keras.Model,
    front_end: FrontEnd,
    normalise: Normalisation,
    training: Training,
    options: Pretraining,
) -> keras.Model:
    """The encoder for any machine: with the same weights, in float32."""
    if options.precision == "float32":
        return encoder
    keras.config.set_dtype_policy("float32")
    full = fresh(front_end, normalise, training, dataclasses.replace(options, precision="float32"))
    full.set_weights(encoder.get_weights())
    return full


def pretrain(
    encoder: keras.Model,
    pool: Pool,
    watch: Watch,
    options: Pretraining,
    changes: Augmentation,
    report: Callable[[Row], None],
    checkpoint: Path,
) -> None:
    """Train the encoder in place; a run that was stopped goes on from its last whole epoch.

    Parameters
    ----------
    encoder : spectrogram to (n, features).
    changes : what the two views of a window differ in; must change something.
    report : called with epoch (0: before the first), loss, alignment, uniformity and accuracy of
        nearest neighbours; after a stop it is called for the stored epochs too.
    checkpoint : a file that must stand for these windows and options alone; removed at the end.

    Raises
    ------
    DataError
        There are fewer than two windows, or the views would be equal.
    """
    if not options.epochs:
        report({"epoch": 0.0} | looked_at(encoder, pool, watch, options, changes))
        return
    if pool.size < 2:
        raise DataError(f"{pool.size} windows to pretrain on: add recordings to the training part")
    if not changes.used:
        raise DataError("the two views of a window would be equal: set a probability in views")
    _refuse_labels(changes)
    model = _with_projection(encoder)
    batches = Views(pool, options, changes)
    steps = len(batches) * options.epochs
    rate = optimisers.cosine(options.learning_rate, steps, options.warmup)
    optimiser = optimisers.adam(rate, options.weight_decay)
    model.compile(optimiser, contrast.Contrast(options.temperature), jit_compile=False)
    optimiser.build(model.trainable_variables)
    state = [*model.variables, *optimiser.variables]
    history = _resumed(state, checkpoint)
    if not history:
        history = [{"epoch": 0.0} | looked_at(encoder, pool, watch, options, changes)]
    for row in history:
        report(row)
    for epoch in range(len(history), options.epochs + 1):
        batches.at(epoch)
        done = model.fit(batches, epochs=1, shuffle=False, verbose=0)
        row = {"epoch": float(epoch), "loss": float(done.history["loss"][0])}
        if not np.isfinite(row["loss"]):
            raise DataError(
                f"pretraining diverged in epoch {epoch}: lower pretrain.learning_rate or raise "
                "pretrain.temperature"
            )
        history.append(row | looked_at(encoder, pool, watch, options, changes))
        _keep(state, history, checkpoint)
        report(history[-1])
    checkpoint.unlink(missing_ok=True)


def _refuse_labels(changes: Augmentation) -> None:
    """Raise `DataError` for views that would need labels."""
    for name in {"mixture", "mixup"} & set(changes.used):
        raise DataError(f"views.{name} mixes targets, and pretraining has none: set its p to 0")
    if changes.stretch.classes:
        raise DataError("views.stretch.classes is of classes, and views have none: set it to {}")


def _with_projection(encoder: keras.Model) -> keras.Model:
    """The encoder with SimCLR's projection head, which is thrown away afterwards."""
    hidden, last = _PROJECTION
    x = keras.layers.Dense(hidden, activation="relu", name="projection1")(encoder.output)
    x = keras.layers.Dense(last, dtype="float32", name="projection2")(x)
    return keras.Model(encoder.input, x, name="contrast")


def _keep(state: list[Any], history: list[Row], path: Path) -> None:
    arrays = {f"v{number}": np.asarray(v) for number, v in enumerate(state)}
    names = list(history[-1])
    table = np.array([[row.get(name, np.nan) for name in names] for row in history])
    write_npz(path, arrays | {"names": np.array(names), "history": table})


def _resumed(state: list[Any], path: Path) -> list[Row]:
    """The history of a stopped run whose weights are now in `state`; empty: there was none."""
    if not path.exists():
        return []
    again = f"delete {path} and begin anew"
    names = (*(f"v{n}" for n in range(len(state))), "names", "history")
    stored = read_npz(path, names, "holds no stopped run", again)
    for number, variable in enumerate(state):
        if stored[f"v{number}"].shape != tuple(variable.shape):
            raise DataError(f"{path} is of another network: {again}")
        variable.assign(stored[f"v{number}"])
    columns = [str(name) for name in stored["names"]]
    rows = [dict(zip(columns, map(float, row), strict=True)) for row in stored["history"]]
    return [{k: v for k, v in row.items() if np.isfinite(v)} for row in rows]
