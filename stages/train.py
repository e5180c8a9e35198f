"""Train the detector on the training part, watched by the validation part."""

import numpy as np

from rarewave.base.compute import Compute
from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_csv, write_json
from rarewave.base.tables import (
    ROWS,
    SCORES,
    WAVEFORMS,
    assign_scores,
    read_table,
    with_scores,
    write_table,
)
from rarewave.dataset import waveforms
from rarewave.dataset.index import Indexed
from rarewave.frontend import transform
from rarewave.frontend.normalisation import Normalisation
from rarewave.model import detector
from rarewave.model.detector import Detector
from rarewave.networks import backend, kerasfile
from rarewave.networks.inference import predict
from rarewave.plots import training as pictures
from rarewave.training import fit
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.batches import Examples, augmented_call
from rarewave.training.few_labels import labelled
from rarewave.training.hyperparameters import Training
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset
from stages.shared.run import run


def main() -> None:
    """Train, keep the best epoch, score training and validation windows with it."""
    (options,) = params.options("train", Training)
    (changes,) = params.options("augment", Augmentation)
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    data, split = dataset(), artifacts.split()
    if (split["window_id"].to_numpy("U") != data.window_id).any():
        raise DataError("the split is of other windows than the data set: run the stage split")
    train, validation = (
        split["row"][split["part"] == part].to_numpy() for part in ("train", "validation")
    )
    train = labelled(data.y, data.labelled_at_once, train, options.labels, options.seed)
    examples = Examples(data.task, data.X, data.y, data.truth, samples(data, changes))
    encoder, normalise = pretrained(data, options)
    network = fit.start(encoder, data.task, data.front_end, options)
    mlflow = logbook.open_run("train")
    history: list[fit.Row] = []

    def report(row: fit.Row) -> None:
        history.append(row)
        if len(history) == 1:
            print("  ".join(f"{name:>21}" for name in row))
        print("  ".join(f"{value:21.4g}" for value in row.values()), flush=True)
        path = artifacts.plots("train") / "history.csv"
        write_csv(path, [r | {"epoch": int(r["epoch"])} for r in history])
        logbook.live(mlflow, "train", row)

    fit.train(
        network, examples, train, validation, normalise, data.front_end, options, changes, report,
        checkpoint=lambda network: kerasfile.save(network, artifacts.MODEL),
    )  # fmt: skip
    best = Detector(
        kerasfile.load(artifacts.MODEL), options.network, data.front_end, data.task, normalise
    )
    write_json(detector.sidecar(artifacts.MODEL), detector.describe(best))
    write_table(artifacts.TRAINING_ROWS, split.set_index("row").loc[train].reset_index(), ROWS)
    scored = split[split["part"].isin(["train", "validation"])]
    p = predict(best.network, data.X, scored["row"].to_numpy(), normalise, data.task)
    scores = assign_scores(scored, p, data.task.names)
    write_table(artifacts.TRAINED, scores, with_scores(SCORES, data.task.names))
    weights = {
        "epochs": len(history),
        "weights": best.network.count_params(),
        "trained_weights": sum(int(np.prod(v.shape)) for v in network.trainable_variables),
        "labelled_windows": len(train),
    }
    write_json(artifacts.metrics("train"), fit.chosen(history, options) | weights)
    draw(history, examples, train, data, changes, options.seed)
    logbook.close(mlflow, "train")


def pretrained(data: Indexed, options: Training) -> tuple[backend.keras.Model, Normalisation]:
    """The encoder to start from, and the normalisation that it was made with."""
    about = read_json(artifacts.ENCODER.with_suffix(".json"))
    normalise = Normalisation.from_dict(about["normalisation"])
    made = (about["network"], about["front_end_digest"], normalise.mode)
    if made != (options.network, data.front_end.digest, options.normalisation):
        raise DataError(
            f"{artifacts.ENCODER} is of another network ({made[0]}), front end or normalisation "
            f"({made[2]}): run the stage pretrain"
        )
    return kerasfile.load(artifacts.ENCODER), normalise


def samples(data: Indexed, changes: Augmentation) -> waveforms.Waveforms | None:
    """Gives the samples of windows, where an augmentation is of the waveform."""
    if not changes.of_waveforms:
        return None
    front_end = data.front_end
    transform.refuse_context(front_end, "augment")
    X_clean = np.load(artifacts.X_CLEAN, mmap_mode="r")
    where = read_table(artifacts.WAVEFORMS, WAVEFORMS)
    rate, length = front_end.clean.sample_rate_hz, front_end.grid.window_samples
    return waveforms.reader(X_clean, where, data.table, rate, length)


def draw(
    history: list[fit.Row],
    examples: Examples,
    train: np.ndarray,
    data: Indexed,
    changes: Augmentation,
    seed: int,
) -> None:
    """Curves over the epochs, and what augmentation makes of one training call."""
    folder = artifacts.plots("train")
    names = ("loss", "val_average_precision", "val_precision", "val_recall")
    label = "loss, or score on validation"
    pictures.history(folder / "history.png", history, names, "Training", label)
    shown = augmented_call(examples, train, data.front_end, changes, seed)
    seconds = data.front_end.input_samples / data.front_end.clean.sample_rate_hz
    pictures.augmented(folder / "augmentation.png", shown, seconds)


if __name__ == "__main__":
    run("train", main)
