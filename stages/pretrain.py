"""Give training an encoder to start from: learnt without labels, or its seeded start."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.arrays import read_npy
from rarewave.base.compute import Compute
from rarewave.base.errors import DataError
from rarewave.base.files import write_csv, write_json
from rarewave.base.tables import write_table
from rarewave.base.tasks import UNLABELLED
from rarewave.dataset import label_first
from rarewave.dataset.label_first import Windows
from rarewave.frontend import transform
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.networks import backend, inference
from rarewave.networks.backend import keras
from rarewave.splits.parts import Split
from rarewave.splits.purge import free
from rarewave.training import encoders, pictures, simclr
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.hyperparameters import Pretraining, Training
from rarewave.training.simclr import Watch
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset, samples_of
from stages.shared.run import run
from stages.shared.start import encoder_of, start_of


def main() -> None:
    """Pretrain on the training part and on recordings without labels, watched by validation."""
    (options,) = params.options("pretrain", Pretraining)
    (changes,) = params.options("views", Augmentation)
    (training,) = params.options("train", Training)
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    data = dataset()
    split = artifacts.split(data.window_id)
    part = split["part"].to_numpy("U")
    train, validation = (split["row"].to_numpy()[part == p] for p in ("train", "validation"))
    windows = artifacts.windows()
    unlabelled = windows[windows["status"] == UNLABELLED].reset_index(drop=True)
    used = artifacts.used_windows()
    allowed = np.flatnonzero(free(unlabelled, used, part, *params.options("split", Split)))
    free_ones = unlabelled.iloc[allowed]
    table = pd.concat([used.iloc[train], free_ones]) if len(train) else free_ones
    scale, samples = data.front_end.spectrogram.scale, None
    changes = changes.possible(scale, "views" if options.epochs else None)
    if changes.of_waveforms:
        transform.refuse_context(data.front_end, "views")
        samples = samples_of(table, data.front_end)
    X_unlabelled = spectra_of(unlabelled, data.front_end)
    learnt = data.X[train] if len(train) else X_unlabelled[allowed]
    if not len(learnt):
        raise DataError("no window to pretrain on: all recordings are held out by the split")
    given, normalise, digest = start_of(options, training, data.front_end, learnt)
    pool = simclr.pool_of(data, X_unlabelled, train, allowed, normalise, samples)
    nothing = len(data.task.names)  # the class of windows that hold none of the tags
    y = np.where(data.y < 0, nothing, data.y)
    watch = Watch(data.X, y, train, validation, nothing + 1)
    history: list[simclr.Row] = []
    mlflow = logbook.open_run("pretrain") if options.epochs else None

    def report(row: simclr.Row) -> None:
        history.append(row)
        if options.epochs:
            shown = (f"{name} {value:.4g}" for name, value in row.items() if name != "epoch")
            print(f"epoch {row['epoch']:.0f} of {options.epochs}: {', '.join(shown)}", flush=True)
        write_csv(artifacts.plots("pretrain") / "history.csv", list(map(in_columns, history)))
        logbook.live(mlflow, "pretrain", row)

    settings = (options, changes, training.network, training.width, compute.threads, digest)
    name = f"pretrain-{mark(settings, normalise, data.front_end, table)}.npz"
    checkpoint = logbook.project_root() / ".rarewave" / name
    encoder = encoder_of(given, normalise, options, training, data.front_end)
    simclr.pretrain(encoder, pool, watch, options, changes, report, checkpoint)
    encoder = simclr.in_full_precision(encoder, data.front_end, normalise, training, options)
    made = (training.network, data.front_end, normalise, options.epochs > 0 or digest is not None)
    encoders.save(encoder, artifacts.ENCODER, *made, digest)
    counts = {"training_windows": len(train), "unlabelled_windows": len(allowed)}
    counts["unlabelled_held_out"] = len(unlabelled) - len(allowed)
    write_json(artifacts.metrics("pretrain"), history[-1] | counts)
    pictures.of_pretraining(artifacts.plots("pretrain"), history, pool, changes, options.seed)
    if not len(used):
        embed(encoder, X_unlabelled, unlabelled, normalise, data.front_end)
    if options.epochs:
        logbook.close(mlflow, "pretrain")


def in_columns(row: simclr.Row) -> simclr.Row:
    """A row of the table that DVC draws: what is not known is no number."""
    nothing = float("nan")
    return {"loss": nothing} | row | {"knn_accuracy": row.get("knn_accuracy", nothing)}


def spectra_of(unlabelled: pd.DataFrame, front_end: FrontEnd) -> NDArray[np.float32]:
    """Spectrograms (n, frequencies, frames, channels) of the windows without labels, on disk."""
    X = read_npy(artifacts.X_UNLABELLED, dimensions=4)
    if X.shape != (len(unlabelled), *front_end.shape):
        raise DataError(
            f"{artifacts.X_UNLABELLED} is of other windows than {artifacts.WINDOWS_TABLE}: run the "
            "stage spectrogram"
        )
    return X


def embed(
    encoder: keras.Model,
    X: NDArray[np.float32],
    windows: pd.DataFrame,
    normalise: Normalisation,
    front_end: FrontEnd,
) -> None:
    """Write what the encoder gives for every window, and by that what to label first."""
    features = inference.outputs(encoder, X, np.arange(len(X)), normalise)
    table = label_first.described(X, windows, artifacts.recordings(), front_end.spectrogram)
    write_table(artifacts.EMBEDDING, *label_first.embedding(table, features))
    alike = features / np.maximum(features.std(axis=0), 1e-9)  # a feature may be of any scale
    table = label_first.pick(Windows(table, alike))
    folder = artifacts.plots("pretrain")
    pictures.of_embedding(folder, table, X, front_end)
    rows = label_first.picked(table)[list(label_first.COLUMNS)].round(3)
    write_csv(folder / "label_first.csv", rows.to_dict("records"))
    print(
        f"{artifacts.EMBEDDING} holds {features.shape[1]} features of each of {len(X)} windows; "
        f"{folder / 'label_first.csv'} lists windows of every kind among them"
    )


def mark(
    settings: object, normalise: Normalisation, front_end: FrontEnd, table: pd.DataFrame
) -> str:
    """A digest of parameters and windows that a stopped run may be gone on with."""
    digest = hashlib.sha256(f"{settings} {normalise.to_dict()} {front_end.digest}".encode())
    digest.update("\n".join(table["window_id"]).encode())
    digest.update(Path(artifacts.RECORDINGS).read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    run("pretrain", main)
