"""Give training an encoder to start from: learnt without labels, or its seeded start."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.base.compute import Compute
from rarewave.base.files import write_csv, write_json
from rarewave.base.tables import WAVEFORMS, read_table
from rarewave.base.tasks import UNLABELLED
from rarewave.dataset import waveforms
from rarewave.dataset.index import Indexed
from rarewave.frontend import normalisation, transform
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.networks import backend, kerasfile
from rarewave.plots import training as pictures
from rarewave.splits.parts import Split
from rarewave.splits.purge import free
from rarewave.training import simclr
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.hyperparameters import Pretraining, Training
from rarewave.training.simclr import Pool, Watch
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset
from stages.shared.run import run


def main() -> None:
    """Pretrain on the training part and on recordings without labels, watched by validation."""
    (options,) = params.options("pretrain", Pretraining)
    (changes,) = params.options("views", Augmentation)
    (training,) = params.options("train", Training)
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    data, split = dataset(), artifacts.split()
    part = split["part"].to_numpy("U")
    train, validation = (split["row"].to_numpy()[part == p] for p in ("train", "validation"))
    windows = artifacts.windows()
    unlabelled = windows[windows["status"] == UNLABELLED].reset_index(drop=True)
    allowed = allowed_rows(unlabelled, part)
    normalise = normalisation.fit(data.X[train], training.normalisation)
    table = pd.concat([artifacts.used_windows().iloc[train], unlabelled.iloc[allowed]])
    pool = pool_of(data, normalise, train, allowed, table, changes)
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
        path = artifacts.plots("pretrain") / "history.csv"
        write_csv(path, [{"loss": float("nan")} | r for r in history])
        logbook.live(mlflow, "pretrain", row)

    settings = (options, changes, training.network, training.width, compute.threads)
    name = f"pretrain-{mark(settings, normalise, data.front_end, table)}.npz"
    checkpoint = logbook.project_root() / ".rarewave" / name
    encoder = simclr.fresh(data.front_end, normalise, training, options)
    simclr.pretrain(encoder, pool, watch, options, changes, report, checkpoint)
    encoder = simclr.in_full_precision(encoder, data.front_end, normalise, training, options)
    kerasfile.save(encoder, artifacts.ENCODER)
    about = {"network": training.network, "front_end_digest": data.front_end.digest}
    about |= {"normalisation": normalise.to_dict()}
    write_json(artifacts.ENCODER.with_suffix(".json"), about)
    counts = {"training_windows": len(train), "unlabelled_windows": len(allowed)}
    left_out = {"unlabelled_held_out": len(unlabelled) - len(allowed)}
    write_json(artifacts.metrics("pretrain"), history[-1] | counts | left_out)
    draw(history, pool, changes, options.seed)
    if options.epochs:
        logbook.close(mlflow, "pretrain")


def allowed_rows(unlabelled: pd.DataFrame, part: np.ndarray) -> np.ndarray:
    """The unlabelled windows that share nothing with validation or test."""
    (options,) = params.options("split", Split)
    return np.flatnonzero(free(unlabelled, artifacts.used_windows(), part, options))


def pool_of(
    data: Indexed,
    normalise: Normalisation,
    train: np.ndarray,
    allowed: np.ndarray,
    table: pd.DataFrame,
    changes: Augmentation,
) -> Pool:
    """Training windows, then unlabelled ones; `table` holds their rows of WINDOWS."""
    front_end = data.front_end
    unlabelled = np.load(artifacts.X_UNLABELLED, mmap_mode="r")
    rate = front_end.clean.sample_rate_hz

    def spectrograms(rows: np.ndarray) -> np.ndarray:
        ours = rows < len(train)
        X = np.empty((len(rows), *front_end.shape), np.float32)
        X[ours] = data.X[train[rows[ours]]]
        X[~ours] = unlabelled[allowed[rows[~ours] - len(train)]]
        return X

    samples = None
    if changes.of_waveforms:
        transform.refuse_context(front_end, "views")
        X_clean = np.load(artifacts.X_CLEAN, mmap_mode="r")
        where = read_table(artifacts.WAVEFORMS, WAVEFORMS)
        samples = waveforms.reader(X_clean, where, table, rate, front_end.grid.window_samples)
    return Pool(len(table), spectrograms, samples, normalise, rate, front_end.spectrogram)


def mark(
    settings: object, normalise: Normalisation, front_end: FrontEnd, table: pd.DataFrame
) -> str:
    """A digest of parameters and windows that a stopped run may be gone on with."""
    digest = hashlib.sha256(f"{settings} {normalise.to_dict()} {front_end.digest}".encode())
    digest.update("\n".join(table["window_id"]).encode())
    digest.update(Path(artifacts.RECORDINGS).read_bytes())
    return digest.hexdigest()[:16]


def draw(history: list[simclr.Row], pool: Pool, changes: Augmentation, seed: int) -> None:
    """Curves over the epochs, and two views of some windows."""
    folder, names = artifacts.plots("pretrain"), [name for name in history[-1] if name != "epoch"]
    label = "loss, or what the features are like"
    pictures.history(folder / "history.png", history, names, "Pretraining", label, False)
    rng = np.random.Generator(np.random.PCG64([seed, 19]))
    rows = np.sort(rng.permutation(pool.size)[:6])
    views = simclr.views(pool, rows, changes, rng)[..., 0]
    pictures.two_views(
        folder / "views.png", rows, views, pool.spec.hop * views.shape[2] / pool.rate
    )


if __name__ == "__main__":
    run("pretrain", main)
