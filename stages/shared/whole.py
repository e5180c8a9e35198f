"""Recordings held out whole, as the stages from scan on read them."""

import numpy as np
import pandas as pd

from rarewave.base.tables import read_table
from rarewave.base.tasks import Task
from rarewave.detection import grid_scores
from rarewave.detection.heldout import PARTS, Heldout, heldout
from stages.shared import artifacts, params


def held_out() -> dict[str, Heldout]:
    """The recordings that lie in validation or test as a whole, with what is true of them."""
    made = artifacts.about_clean()
    task, rate = Task.from_dict(made["task"]), made["clean"]["sample_rate_hz"]
    listed = artifacts.recordings()
    tables = (
        listed,
        artifacts.events(listed),
        artifacts.windows(),
        artifacts.gaps(rate),
        artifacts.split(artifacts.used_windows()["window_id"]),
    )
    ingest = params.read_section("ingest")
    block_s = ingest["block_s"] if ingest["group"] == "block" else np.inf
    alone = made["clean"].get("noise_s") is not None
    return {part: heldout(part, *tables, task, block_s, alone) for part in PARTS}


def on_grid(task: Task) -> dict[str, pd.DataFrame]:
    """Scores of windows on the grid by part, where training has windows around calls.

    Such windows are centred on labels and their background is as frequent as a parameter says;
    thresholds and scores are of windows as detect meets them. Nothing where training is on the
    grid.
    """
    if artifacts.about_clean("placement")["placement"] != "calls":
        return {}
    table = read_table(artifacts.GRID_SCORES, grid_scores.schema(task.names))
    return {part: table[table["part"] == part] for part in PARTS}
