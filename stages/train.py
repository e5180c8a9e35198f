"""Train the detector on the training part, watched by the validation part."""

import numpy as np

from rarewave.base.compute import Compute
from rarewave.base.files import write_csv, write_json
from rarewave.base.notices import listed
from rarewave.base.tables import (
    ROWS,
    SCORES,
    assign_scores,
    with_scores,
    write_table,
)
from rarewave.frontend import transform
from rarewave.model import detector
from rarewave.model.detector import Detector
from rarewave.networks import backend, kerasfile
from rarewave.networks.inference import predict
from rarewave.training import encoders, fit, notices, pictures
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.batches import Examples
from rarewave.training.few_labels import labelled
from rarewave.training.hyperparameters import Training
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset, samples_of
from stages.shared.run import run


def main() -> None:
    """Train, keep the best epoch, score training and validation windows with it."""
    (options,) = params.options("train", Training)
    (changes,) = params.options("augment", Augmentation)
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    data = dataset()
    split = artifacts.split(data.window_id)
    train, validation = (
        split["row"][split["part"] == part].to_numpy() for part in ("train", "validation")
    )
    train = labelled(data.y, data.labelled_at_once, train, options.labels, options.seed)
    samples = None
    changes = changes.possible(data.front_end.spectrogram.scale, "augment")
    if changes.of_waveforms:
        transform.refuse_context(data.front_end, "augment")
        samples = samples_of(data.table, data.front_end)
    examples = Examples(data.task, data.X, data.y, data.truth, samples)
    encoder, normalise = encoders.load(artifacts.ENCODER, data.front_end, options)
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
    trained = kerasfile.load(artifacts.MODEL)
    given = data.front_end, data.task, normalise, options.width
    best = Detector(trained, options.network, *given)
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
    kept, guessing = fit.chosen(history, options), notices.chance(data.task, data.truth[validation])
    off = listed(notices.not_learnt(history, kept, guessing))
    write_json(artifacts.metrics("train"), kept | weights | off)
    folder, front_end = artifacts.plots("train"), data.front_end
    pictures.of_training(folder, history, examples, train, front_end, changes, options.seed)
    logbook.close(mlflow, "train")


if __name__ == "__main__":
    run("train", main, needs_labels=True)
