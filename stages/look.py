"""Look into the trained network: filters, feature maps, what channels answer to, which are dead."""

import numpy as np
from numpy.typing import NDArray

from rarewave.base.compute import Compute
from rarewave.base.files import write_json
from rarewave.base.tables import EVALUATED, ROWS, read_table, with_scores
from rarewave.dataset.index import Indexed
from rarewave.explanation import cases, inside
from rarewave.explanation.layer_sheets import Shown
from rarewave.explanation.looking import Looking
from rarewave.model import detector, training_statistics
from rarewave.networks import backend
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset
from stages.shared.run import run


def main() -> None:
    """Draw every convolution, and count its dead and redundant channels over training windows."""
    (options,) = params.options("look", Looking)
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    model, data = detector.load(artifacts.MODEL), dataset()
    trained = read_table(artifacts.TRAINING_ROWS, ROWS)["row"].to_numpy()
    at = np.linspace(0, len(trained) - 1, min(options.windows, len(trained)))
    rows = np.sort(trained)[np.unique(at.astype(np.int64))]
    sample = [data.X[rows[at : at + inside.BATCH]] for at in range(0, len(rows), inside.BATCH)]
    reach = training_statistics.reach_of(model.normalisation(np.concatenate(sample)))
    folder = artifacts.plots("look")
    found = inside.look(model, folder, options, reach, examples(data), sample)
    inside.say(model.network_name, found)
    write_json(artifacts.metrics("look"), found)
    logbook.close(logbook.open_run("look"), "look")


def examples(data: Indexed) -> Shown:
    """Of each class the test window that is surest to be of it, and is."""
    names = data.task.names
    scores = read_table(artifacts.EXAMPLES, with_scores(EVALUATED, names))
    rows, p = scores["row"].to_numpy(), scores[[f"p_{name}" for name in names]].to_numpy()
    picked = cases.one_of_each(names, data.truth[rows], p, inside.MOST_SHOWN)
    shown: NDArray[np.int64] = rows[[case.window for case in picked]]
    titles = [f"{case.name}, p = {case.p:.2f}" for case in picked]
    return Shown(np.array(data.X[shown]), titles)


if __name__ == "__main__":
    run("look", main, needs_labels=True)
