"""Give training an encoder to start from: learnt without labels, or its seeded start."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.base.classes import UNLABELLED
from rarewave.base.files import write_csv, write_json
from rarewave.base.tables import SPLIT, WAVEFORMS, WINDOWS, read_table
from rarewave.dataset import archive
from rarewave.dataset.archive import Dataset
from rarewave.frontend import normalisation, transform
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.networks import backend, kerasfile, registry
from rarewave.networks.backend import keras
from rarewave.plots import charts, contact_sheets
from rarewave.splits import purge
from rarewave.splits.parts import Split
from rarewave.training import simclr
from rarewave.training.augmentation import Augmentation
from rarewave.training.hyperparameters import Pretraining, Training
from rarewave.training.simclr import Pool, Watch
from stages import common, logbook

OUT = Path("artifacts/pretrain")
PLOTS = Path("plots/pretrain")


def main() -> None:
    """Pretrain on the training part and on recordings without labels, watched by validation."""
    (options,) = common.options("pretrain", Pretraining)
    (changes,) = common.options("views", Augmentation)
    (training,) = common.options("train", Training)
    (split_options,) = common.options("split", Split)
    backend.start(training.threads)
    data = archive.load(Path("artifacts/npz/lunar_spectrogram_dataset.npz"))
    split = read_table(Path("artifacts/split/split.parquet"), SPLIT)
    windows = read_table(Path("artifacts/clean/windows.parquet"), WINDOWS)
    part = split["part"].to_numpy("U")
    train, validation = (split["row"].to_numpy()[part == p] for p in ("train", "validation"))
    used = windows[windows["row"] >= 0].sort_values("row").reset_index(drop=True)
    unlabelled = windows[windows["status"] == UNLABELLED].reset_index(drop=True)
    allowed = np.flatnonzero(purge.free(unlabelled, used, part, split_options))
    front_end = data.made_by()
    normalise = normalisation.fit(data.X_spec[train], training.normalisation)
    table = pd.concat([used.iloc[train], unlabelled.iloc[allowed]], ignore_index=True)
    pool = pool_of(data, front_end, normalise, train, allowed, table, changes)
    watch = Watch(data.X_spec, data.y_all, train, validation, len(data.classes))
    encoder = fresh(front_end, normalise, training, options)
    history: list[simclr.Row] = []
    run = logbook.open_run("pretrain") if options.epochs else None

    def report(row: simclr.Row) -> None:
        history.append(row)
        if options.epochs:
            shown = (f"{name} {value:.4g}" for name, value in row.items() if name != "epoch")
            print(f"epoch {row['epoch']:.0f} of {options.epochs}: {', '.join(shown)}", flush=True)
        write_csv(PLOTS / "history.csv", [{"loss": float("nan")} | r for r in history])
        logbook.live(run, "pretrain", row)

    settings = (options, changes, training.network, training.width, training.threads)
    name = f"pretrain-{mark(settings, normalise, front_end, table)}.npz"
    checkpoint = logbook.project_root() / ".rarewave" / name
    simclr.pretrain(encoder, pool, watch, options, changes, report, checkpoint)
    if options.precision != "float32":  # what is kept is for any machine
        keras.config.set_dtype_policy("float32")
        full = dataclasses.replace(options, precision="float32")
        trained, encoder = encoder, fresh(front_end, normalise, training, full)
        encoder.set_weights(trained.get_weights())
    kerasfile.save(encoder, OUT / "encoder.keras")
    about = {"network": training.network, "front_end_digest": front_end.digest}
    write_json(OUT / "encoder.json", about | {"normalisation": normalise.to_dict()})
    counts = {"training_windows": len(train), "unlabelled_windows": len(allowed)}
    left_out = {"unlabelled_held_out": len(unlabelled) - len(allowed)}
    write_json(Path("metrics/pretrain.json"), history[-1] | counts | left_out)
    draw(history, pool, changes, options.seed)
    if options.epochs:
        logbook.close(run, "pretrain")


def fresh(
    front_end: FrontEnd, normalise: Normalisation, training: Training, options: Pretraining
) -> keras.Model:
    """The encoder of the network that training will use, from the seed."""
    if options.epochs and keras.config.dtype_policy().name != options.precision:
        keras.config.set_dtype_policy(options.precision)
    keras.utils.set_random_seed(options.seed)
    shape = (*front_end.shape[:2], normalise.channels)
    frames = front_end.window_frames
    return registry.encoder(registry.build(training.network, shape, 1, frames, training.width))


def pool_of(
    data: Dataset,
    front_end: FrontEnd,
    normalise: Normalisation,
    train: np.ndarray,
    allowed: np.ndarray,
    table: pd.DataFrame,
    changes: Augmentation,
) -> Pool:
    """Training windows, then unlabelled ones; `table` holds their rows of WINDOWS."""
    unlabelled = np.load("artifacts/spectrogram/X_unlabelled.npy", mmap_mode="r")
    rate = front_end.clean.sample_rate_hz

    def spectrograms(rows: np.ndarray) -> np.ndarray:
        ours = rows < len(train)
        X = np.empty((len(rows), *front_end.shape), np.float32)
        X[ours] = data.X_spec[train[rows[ours]]]
        X[~ours] = unlabelled[allowed[rows[~ours] - len(train)]]
        return X

    if not changes.of_waveforms:
        return Pool(len(table), spectrograms, None, normalise, rate, front_end.spectrogram)
    transform.refuse_context(front_end, "views")
    X_clean = np.load("artifacts/clean/X_clean.npy", mmap_mode="r")
    where = read_table(Path("artifacts/clean/waveforms.parquet"), WAVEFORMS)
    where = where.set_index("recording_id").loc[table["recording_id"]]
    first = where["first"].to_numpy() + np.rint(table["start_s"].to_numpy() * rate).astype(int)
    end = (where["first"] + where["count"]).to_numpy()
    length = front_end.grid.window_samples

    def waveforms(rows: np.ndarray) -> np.ndarray:
        x = np.zeros((len(rows), length), np.float32)
        for samples, begin, stop in zip(x, first[rows], end[rows], strict=True):
            cut = X_clean[begin : min(begin + length, stop)]
            samples[: len(cut)] = cut
        return x

    return Pool(len(table), spectrograms, waveforms, normalise, rate, front_end.spectrogram)


def mark(
    settings: object, normalise: Normalisation, front_end: FrontEnd, table: pd.DataFrame
) -> str:
    """A digest of parameters and windows that a stopped run may be gone on with."""
    digest = hashlib.sha256(f"{settings} {normalise.to_dict()} {front_end.digest}".encode())
    digest.update("\n".join(table["window_id"]).encode())
    digest.update(Path("artifacts/ingest/recordings.parquet").read_bytes())
    return digest.hexdigest()[:16]


def draw(history: list[simclr.Row], pool: Pool, changes: Augmentation, seed: int) -> None:
    """Curves over the epochs, and two views of some windows."""
    epochs = np.array([row["epoch"] for row in history])
    charts.curves(
        PLOTS / "history.png",
        {
            name: (epochs, np.array([row.get(name, np.nan) for row in history]))
            for name in history[-1]
            if name != "epoch"
        },
        "Pretraining",
        "epoch",
        "loss, or what the features are like",
        unit_square=False,
    )
    rng = np.random.Generator(np.random.PCG64([seed, 19]))
    rows = np.sort(rng.permutation(pool.size)[:6])
    found = np.split(simclr.views(pool, rows, changes, rng)[..., 0], 2)
    shown = {
        f"window {row}, {name}": X[number]
        for number, row in enumerate(rows)
        for name, X in zip(("one view", "another"), found, strict=True)
    }
    seconds = pool.spec.hop * found[0].shape[2] / pool.rate
    contact_sheets.variants(PLOTS / "views.png", shown, seconds, "Two views of some windows")


if __name__ == "__main__":
    common.run("pretrain", main)
