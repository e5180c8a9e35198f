"""Train the detector on the training part, watched by the validation part."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

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
from rarewave.dataset.index import Indexed
from rarewave.frontend import transform
from rarewave.frontend.normalisation import Normalisation
from rarewave.model import detector
from rarewave.model.detector import Detector
from rarewave.networks import backend, kerasfile
from rarewave.training import encoders, fit, members, notices, pictures
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
    changes.refuse_classes(data.task.names)
    if changes.of_waveforms:
        transform.refuse_context(data.front_end, "augment")
        samples = samples_of(data.table, data.front_end)
    examples = Examples(data.task, data.X, data.y, data.truth, samples)
    encoder, normalise = encoders.load(artifacts.ENCODER, data.front_end, options)
    about = members.about(data, (train, validation), encoder, normalise, options, changes)
    ready = members.ready(options, about, artifacts.MODEL.name)
    mlflow = logbook.open_run("train")
    histories: list[list[fit.Row]] = []
    for number, seed in enumerate(members.seeds(options), 1):
        path = detector.member(artifacts.MODEL, number)
        if seed in ready:
            print(f"member {number} of {options.members}: from {ready[seed].parent}")
            kerasfile.save(kerasfile.load(ready[seed]), path)
            continue
        if options.members > 1:
            print(f"member {number} of {options.members}, seed {seed}")
        own = replace(options, seed=seed)
        network = fit.start(encoder, data.task, data.front_end, normalise.channels, own)
        histories.append([])
        report = partial(show, histories, number, mlflow)
        fit.train(
            network, examples, train, validation, normalise, data.front_end, own, changes, report,
            checkpoint=partial(kerasfile.save, path=path),
        )  # fmt: skip
        learnt = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
    best = sealed(options, data, normalise)
    write_json(artifacts.MODEL.with_name(members.ABOUT), {"seed": options.seed} | about)
    write_table(artifacts.TRAINING_ROWS, split.set_index("row").loc[train].reset_index(), ROWS)
    score(best, data, split)
    history = histories[0]
    weights = {
        "epochs": len(history),
        "weights": sum(network.count_params() for network in best.networks),
        "trained_weights": learnt * options.members,
        "labelled_windows": len(train),
    }
    kept, guessing = fit.chosen(history, options), notices.chance(data.task, data.truth[validation])
    off = listed(notices.not_learnt(history, kept, guessing))
    write_json(artifacts.metrics("train"), kept | weights | off)
    folder, front_end = artifacts.plots("train"), data.front_end
    pictures.of_training(folder, history, examples, train, front_end, changes, options.seed)
    logbook.close(mlflow, "train")


def show(
    histories: list[list[fit.Row]], number: int, mlflow: logbook.Run | None, row: fit.Row
) -> None:
    """Print an epoch, keep it as CSV, and tell MLflow; of other members in files of their own."""
    history = histories[-1]
    history.append(row)
    if len(history) == 1:
        print("  ".join(f"{name:>21}" for name in row))
    print("  ".join(f"{value:21.4g}" for value in row.values()), flush=True)
    name = "history.csv" if number == 1 else f"history_{number}.csv"
    path = artifacts.plots("train") / name
    write_csv(path, [r | {"epoch": int(r["epoch"])} for r in history])
    if number == 1:
        logbook.live(mlflow, "train", row)


def sealed(options: Training, data: Indexed, normalise: Normalisation) -> Detector:
    """The detector of all members, as they were kept; writes its description."""
    numbers = range(1, options.members + 1)
    networks = [kerasfile.load(detector.member(artifacts.MODEL, number)) for number in numbers]
    given = data.front_end, data.task, normalise, options.width, tuple(networks[1:])
    best = Detector(networks[0], options.network, *given)
    write_json(detector.sidecar(artifacts.MODEL), detector.describe(best))
    return best


def score(model: Detector, data: Indexed, split: pd.DataFrame) -> None:
    """Write the scores of training and validation windows."""
    scored = split[split["part"].isin(["train", "validation"])]
    p = model.score_rows(data.X, scored["row"].to_numpy())
    names = data.task.names
    write_table(artifacts.TRAINED, assign_scores(scored, p, names), with_scores(SCORES, names))


if __name__ == "__main__":
    run("train", main, needs_labels=True)
