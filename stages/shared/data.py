"""The data set as the stages after npz read it."""

import pandas as pd

from rarewave.dataset import index, waveforms
from rarewave.dataset.index import Indexed
from rarewave.dataset.waveforms import Waveforms
from rarewave.frontend.transform import FrontEnd
from stages.shared import artifacts


def dataset() -> Indexed:
    """Spectrograms, memory-mapped, and what is known of each."""
    return index.load(artifacts.X_SPEC, artifacts.INDEX, artifacts.DATASET_ABOUT)


def samples_of(table: pd.DataFrame, front_end: FrontEnd) -> Waveforms:
    """Gives the cleaned samples of windows, of which `table` has recording_id and start_s."""
    X_clean, where = artifacts.cleaned(table)
    return waveforms.reader(X_clean, where, table, front_end.clean.sample_rate_hz, front_end.grid)
