"""The labelled events that training knows."""

import pandas as pd

from rarewave.dataset import training_calls
from stages.shared import artifacts


def training_events() -> pd.DataFrame:
    """The labelled events of which a window is of the training part."""
    split = artifacts.split(artifacts.used_windows()["window_id"])
    events = artifacts.events(artifacts.recordings())
    return training_calls.of_training(events, artifacts.windows(), split)
