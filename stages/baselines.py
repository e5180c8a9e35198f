"""What the network has to beat: baselines scored on the windows that it is scored on."""

import numpy as np
import pandas as pd

from rarewave.base.files import write_json
from rarewave.base.notices import Notice, listed
from rarewave.base.tables import (
    GAPS,
    OTHERS,
    ROWS,
    SCORES,
    assign_scores,
    read_table,
    with_scores,
    write_table,
)
from rarewave.baselines import classifiers, notices, stored
from rarewave.baselines.options import Baselines
from rarewave.baselines.registry import CLASSIFIERS, SIGNALS
from rarewave.dataset import training_calls
from rarewave.dataset.index import Indexed
from rarewave.dataset.signals import signals
from rarewave.frontend import transform
from stages.shared import artifacts, params
from stages.shared.calls import training_events
from stages.shared.data import dataset
from stages.shared.run import run


def main() -> None:
    """Score every window by the signal, and fit classifiers to the rows that trained."""
    (options,) = params.options("baselines", Baselines)
    data = dataset()
    split = artifacts.split(data.window_id)
    scored = split[split["part"].isin(["validation", "test"])]
    tables = []
    if data.task.kind == "event":
        everywhere = of_the_signal(data, options)
        schema = {"window_id": "str"} | dict.fromkeys(SIGNALS, "float64")
        write_table(artifacts.SIGNALS, everywhere, schema)
        mine = everywhere.set_index("window_id").loc[scored["window_id"]]
        for name in SIGNALS:
            p = np.stack([np.full(len(mine), np.nan), mine[name]], axis=1)
            tables.append(assign_scores(scored.assign(detector=name), p, data.task.names))
    train = read_table(artifacts.TRAINING_ROWS, ROWS)["row"].to_numpy()
    train = classifiers.some(train, data.y[train], options.seed)
    frames, of = transform.with_rows(data.front_end).window_frames, data.front_end
    known, asked = (
        np.concatenate(
            [
                classifiers.features(transform.rows_of(of, X), frames)
                for X in transform.in_chunks(data.X, rows)
            ]
        )
        for rows in (train, scored["row"].to_numpy())
    )
    wanted = (data.truth if data.task.kind == "tags" else data.y)[train]
    for name, fit in CLASSIFIERS.items():
        model = fit(known, wanted, options.seed)
        stored.save(model, artifacts.BASELINES / f"{name}.pickle")
        p = classifiers.score(model, asked, data.task)
        tables.append(assign_scores(scored.assign(detector=name), p, data.task.names))
    schema = with_scores(OTHERS | SCORES, data.task.names)
    write_table(artifacts.BASELINE_SCORES, pd.concat(tables), schema)
    counts = {"training_windows": len(train), "features": known.shape[1]}
    off = unfit(options) if data.task.kind == "event" else []
    write_json(artifacts.metrics("baselines"), counts | listed(off))


def unfit(options: Baselines) -> list[Notice]:
    """What is off with the averages of STA/LTA."""
    recordings = artifacts.recordings()
    seconds = (recordings["n_samples"] / recordings["sample_rate"]).to_numpy(float)
    events = training_calls.durations(training_events())
    return notices.windows_that_do_not_fit(options, seconds, events)


def of_the_signal(data: Indexed, options: Baselines) -> pd.DataFrame:
    """The score of every window, used or not, by each baseline of the signal itself."""
    windows = artifacts.windows()
    X_clean, where = artifacts.cleaned(windows, every=True)
    gaps = read_table(artifacts.GAPS, GAPS)
    return pd.concat(
        table.assign(**{name: score(signal, options) for name, score in SIGNALS.items()})
        for table, signal in signals(X_clean, where, gaps, windows, data.front_end)
    )


if __name__ == "__main__":
    run("baselines", main, needs_labels=True)
