"""Train the detector on the training part, watched by the validation part."""

from pathlib import Path

import numpy as np

from rarewave.base import tables
from rarewave.base.classes import BACKGROUND
from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_csv, write_json
from rarewave.base.tables import SCORES, SPLIT, read_table, with_scores, write_table
from rarewave.dataset import archive
from rarewave.frontend import transform
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.model import detector
from rarewave.model.detector import Detector
from rarewave.networks import backend, inference, kerasfile
from rarewave.plots import charts, contact_sheets
from rarewave.training import augmentation, few_labels, fit
from rarewave.training.augmentation import Augmentation
from rarewave.training.batches import Examples
from rarewave.training.hyperparameters import Training
from stages import common, logbook

OUT = Path("artifacts/train")
MODEL = OUT / "spectrogram_seismic_detector.keras"


def main() -> None:
    """Train, keep the best epoch, score training and validation windows with it."""
    (options,) = common.options("train", Training)
    (changes,) = common.options("augment", Augmentation)
    backend.start(options.threads)
    data = archive.load(Path("artifacts/npz/lunar_spectrogram_dataset.npz"))
    split = read_table(Path("artifacts/split/split.parquet"), SPLIT)
    if len(split) != len(data.y_all) or (split["window_id"].to_numpy("U") != data.window_id).any():
        raise DataError("the split is of other windows than the data set: run the stage split")
    rows = {
        part: split["row"][split["part"] == part].to_numpy() for part in ("train", "validation")
    }
    rows["train"] = few_labels.labelled(
        data.y_all, data.labelled_at_once, rows["train"], options.labels, options.seed
    )
    classes = tuple(str(name) for name in data.classes)
    front_end = data.made_by()
    examples = Examples(
        data.X_spec,
        data.y_all,
        data.targets,
        classes.index(BACKGROUND) if BACKGROUND in classes else -1,
        waveforms(front_end, changes),
    )
    encoder, normalise = pretrained(front_end, options)
    network = fit.start(encoder, examples.outputs, front_end, options)
    run = logbook.open_run("train")
    history: list[fit.Row] = []

    def report(row: fit.Row) -> None:
        history.append(row)
        if len(history) == 1:
            print("  ".join(f"{name:>21}" for name in row))
        print("  ".join(f"{value:21.4g}" for value in row.values()), flush=True)
        write_csv(
            Path("plots/train/history.csv"),
            [r | {"epoch": int(r["epoch"])} for r in history],
        )
        logbook.live(run, "train", row)

    show_augmentation(examples, rows["train"], front_end, changes, options.seed)
    fit.train(
        network,
        examples,
        rows["train"],
        rows["validation"],
        normalise,
        front_end,
        options,
        changes,
        report,
        checkpoint=lambda network: kerasfile.save(network, MODEL),
    )
    best = Detector(kerasfile.load(MODEL), options.network, front_end, classes, normalise)
    write_json(detector.sidecar(MODEL), detector.describe(best))
    scored = split[split["part"].isin(["train", "validation"])]
    p = inference.predict(best.network, data.X_spec, scored["row"].to_numpy(), normalise)
    scores = tables.assign_scores(scored, p, classes)
    write_table(OUT / "scores.parquet", scores, with_scores(SCORES, classes))
    chosen = history[-1]
    if options.keep == "best":
        chosen = max(history, key=lambda row: row["val_average_precision"])
    write_json(
        Path("metrics/train.json"),
        chosen
        | {
            "epochs": len(history),
            "weights": best.network.count_params(),
            "trained_weights": sum(int(np.prod(v.shape)) for v in network.trainable_variables),
            "labelled_windows": len(rows["train"]),
        },
    )
    epochs = np.array([row["epoch"] for row in history])
    charts.curves(
        Path("plots/train/history.png"),
        {
            name: (epochs, np.array([row[name] for row in history]))
            for name in ("loss", "val_average_precision", "val_precision", "val_recall")
        },
        "Training",
        "epoch",
        "loss, or score on validation",
    )
    logbook.close(run, "train")


def pretrained(front_end: FrontEnd, options: Training) -> tuple[backend.keras.Model, Normalisation]:
    """The encoder to start from, and the normalisation that it was made with."""
    path = Path("artifacts/pretrain/encoder.keras")
    about = read_json(path.with_suffix(".json"))
    normalise = Normalisation.from_dict(about["normalisation"])
    made = (about["network"], about["front_end_digest"], normalise.mode)
    if made != (options.network, front_end.digest, options.normalisation):
        raise DataError(
            f"{path} is of another network ({made[0]}), front end or normalisation ({made[2]}): "
            "run the stage pretrain"
        )
    return kerasfile.load(path), normalise


def show_augmentation(
    examples: Examples, rows: np.ndarray, front_end: FrontEnd, changes: Augmentation, seed: int
) -> None:
    """What each augmentation, and all of them, make of one training call."""
    calls = rows[examples.y[rows] != examples.background]
    row = np.array([calls[len(calls) // 2]])
    quiet = rows[examples.y[rows] == examples.background]
    rate, spec = front_end.clean.sample_rate_hz, front_end.spectrogram
    shown = augmentation.examples(
        examples.X[row],
        None if examples.waveforms is None else np.asarray(examples.waveforms[row]),
        examples.X[quiet[:64]] if len(quiet) else examples.X[rows[:64]],
        rate,
        spec,
        changes,
        seed,
    )
    contact_sheets.variants(
        Path("plots/train/augmentation.png"),
        shown,
        front_end.input_samples / rate,
        "One training call, and what augmentation makes of it",
    )


def waveforms(front_end: FrontEnd, changes: Augmentation) -> np.ndarray | None:
    """Samples of the windows, where an augmentation is of the waveform."""
    if not changes.of_waveforms:
        return None
    transform.refuse_context(front_end, "augment")
    return np.load("artifacts/clean/X_raw.npy", mmap_mode="r")


if __name__ == "__main__":
    common.run("train", main)
