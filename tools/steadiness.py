"""How steady training is, with and without a moving average of the weights, over several seeds.

`python -m tools.steadiness --seeds 1 2 3 4 5`, after `dvc repro`. One training for each seed, all
epochs of it; after each epoch validation is scored with the weights as they are, with their
average, and with the average's own statistics of batch normalisation. From each of these curves
the epoch is chosen as `train.patience` and `keep: best` choose it, and scored on test.
"""

import argparse
import dataclasses
import json
from typing import Any

import numpy as np

from rarewave.base.files import read_json
from rarewave.frontend import normalisation
from rarewave.metrics import binary, thresholds
from rarewave.metrics.thresholds import Objective
from rarewave.networks import backend, registry
from rarewave.networks.backend import keras
from rarewave.networks.inference import predict
from rarewave.training import fit, losses
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.averaging import Average, refresh
from rarewave.training.batches import Batches, Examples
from rarewave.training.hyperparameters import Training
from stages.shared import artifacts, params
from stages.shared.data import dataset

WARM = 3  # epochs that no measure of steadiness looks at


class Curves(keras.callbacks.Callback):
    """Weights, validation scores and cross-entropy after each epoch, in three ways."""

    def __init__(self, average: Average, inputs: list[np.ndarray], score: Any) -> None:
        super().__init__()
        self.average, self.inputs, self.score = average, inputs, score
        self.found: dict[str, list[tuple[np.ndarray, list[np.ndarray]]]] = {}

    def _note(self, name: str) -> None:
        looked = self.score(self.model), self.model.get_weights()
        self.found.setdefault(name, []).append(looked)

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        own = self.model.get_weights()
        self._note("as they are")
        self.model.set_weights(self.average.weights)
        self._note("averaged")
        refresh(self.model, self.inputs)
        self._note("averaged, own statistics")
        self.model.set_weights(own)


def measure(seed: int) -> list[dict[str, Any]]:
    """One training, and what each way of scoring it comes to."""
    (options,) = params.options("train", Training)
    (changes,) = params.options("augment", Augmentation)
    (objective,) = params.options("threshold", Objective)
    options = dataclasses.replace(options, seed=seed)
    data, split = dataset(), artifacts.split()
    rows = {name: mine["row"].to_numpy() for name, mine in split.groupby("part")}
    front_end, task = data.front_end, data.task
    normalise = normalisation.fit(data.X[rows["train"]], options.normalisation)
    examples = Examples(task, data.X, data.y, data.truth, None)
    keras.utils.set_random_seed(seed)
    shape = (*front_end.shape[:2], normalise.channels)
    frames = front_end.window_frames
    model = registry.build(options.network, shape, task, frames, options.width)
    batches = Batches(examples, rows["train"], normalise, front_end, options, changes)
    counts = losses.window_counts(task, data.y[rows["train"]], data.truth[rows["train"]])
    fit.compiled(model, options, len(batches) * options.epochs, task, counts)
    drawn = np.random.default_rng(0).permutation(rows["train"])[:1024]
    inputs = [normalise(data.X[drawn[at : at + 64]]) for at in range(0, len(drawn), 64)]

    def score(network: keras.Model, part: str = "validation") -> np.ndarray:
        return predict(network, data.X, rows[part], normalise, task)[:, 1]

    average = Average(0.99, list)
    curves = Curves(average, inputs, score)
    model.fit(batches, epochs=options.epochs, shuffle=False, verbose=0, callbacks=[average, curves])
    y, truth = data.y[rows["validation"]], data.y[rows["test"]]
    about = read_json(artifacts.CLEAN_ABOUT)
    hop_s = about["grid"]["hop_samples"] / about["clean"]["sample_rate_hz"]
    lines = []
    for name, epochs in curves.found.items():
        ranked = [binary.average_precision(y, p) for p, _ in epochs]
        kept = chosen(ranked, options.patience)
        model.set_weights(epochs[kept][1])
        p = score(model, "test")
        sweep = thresholds.sweep(y, epochs[kept][0], objective.prevalence, hop_s)
        at = thresholds.choose(sweep, objective)["threshold"]
        entropy = [-np.log(np.clip(np.where(y == 1, q, 1 - q), 1e-7, 1)).mean() for q, _ in epochs]
        line: dict[str, Any] = {"seed": seed, "weights": name, "epoch": kept + 1}
        line["average_precision"] = binary.average_precision(truth, p)
        line["f1"] = binary.rates(binary.confusion(truth, p >= at))["f1"]
        line["highest_cross_entropy"] = max(entropy[WARM:])
        line["cross_entropy_step"] = float(np.abs(np.diff(np.log(entropy[WARM:]))).mean())
        line["average_precision_step"] = float(np.abs(np.diff(ranked[WARM:])).mean())
        lines.append({k: round(v, 3) if isinstance(v, float) else v for k, v in line.items()})
    return lines


def chosen(ranked: list[float], patience: int) -> int:
    """The best epoch before training would have stopped."""
    best = 0
    for epoch, value in enumerate(ranked):
        if value > ranked[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best


def main() -> None:
    """A line of JSON for each seed and way."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    backend.start(arguments.threads)
    for seed in arguments.seeds:
        for line in measure(seed):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
