"""Whether the windows nearest to one are of its class: what `similar` can be trusted with."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.files import write_csv
from rarewave.baselines import classifiers
from rarewave.frontend import transform
from rarewave.metrics import retrieval
from rarewave.metrics.bootstrap import Bootstrap, units
from rarewave.metrics.comparison import Unit
from rarewave.metrics.retrieval import Side
from rarewave.model import neighbours
from rarewave.model.detector import Detector
from stages.shared import artifacts, params
from stages.shared.data import dataset

QUERIES, SEARCHED = 2_000, 10_000  # windows at most, evenly spread: it bounds the time


def measured(model: Detector) -> dict[str, Any]:
    """Test windows with an event, looked for among training windows.

    By what the network sees, and by mean and standard deviation of each row. Writes the table,
    gives its means over the classes.
    """
    bootstrap, _ = params.options("evaluate", Bootstrap, Unit)
    data, windows = dataset(), artifacts.used_windows()
    part = artifacts.split(data.window_id)["part"].to_numpy("U")
    columns = [model.task.names.index(name) for name in model.task.events]
    eventful = (data.truth[:, columns] > 0).any(axis=1)
    asked = _spread(np.flatnonzero((part == "test") & eventful), QUERIES)
    among = _spread(np.flatnonzero(part == "train"), SEARCHED)
    drawn, labelled = units(windows, bootstrap), data.labelled_at_once
    tables = []
    for name, (mine, theirs) in _features(model, data.X, asked, among).items():
        queries = Side(mine, data.truth[asked], drawn[asked])
        searched = Side(theirs, data.truth[among], labelled[among])
        found = retrieval.precision(queries, searched, model.task.events, columns, bootstrap)
        tables.append(found.assign(search=name))
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "search", table.pop("search"))
    write_csv(artifacts.DETECT / "retrieval.csv", table.to_dict("records"))
    means = table[table["class"] == retrieval.ALL].set_index("search").drop(columns="class")
    return {str(name): row for name, row in means.to_dict("index").items()}


def _spread(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many rows."""
    count = min(len(rows), most)
    return rows[np.arange(count) * len(rows) // max(count, 1)]


def _features(
    model: Detector, X: NDArray[np.float32], asked: NDArray[np.int64], among: NDArray[np.int64]
) -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """What each search compares, of both sides."""
    frames = transform.with_rows(model.front_end).window_frames
    both = np.concatenate([asked, among])
    pieces = [
        classifiers.features(transform.rows_of(model.front_end, some), frames)
        for some in transform.in_chunks(X, both)
    ]
    plain = np.concatenate(pieces)
    known = plain[len(asked) :]
    spread = known.std(axis=0)
    plain = (plain - known.mean(axis=0)) / np.where(spread > 0, spread, 1)
    seen = neighbours.embedded(model.network, model.normalisation, X, both)
    named = {"embedding": seen, "mel_statistics": plain.astype(np.float32)}
    return {name: (both[: len(asked)], both[len(asked) :]) for name, both in named.items()}
