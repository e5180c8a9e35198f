"""The data set as the stages after npz read it."""

from rarewave.dataset import index
from rarewave.dataset.index import Indexed
from stages.shared import artifacts


def dataset() -> Indexed:
    """Spectrograms, memory-mapped, and what is known of each."""
    return index.load(artifacts.X_SPEC, artifacts.INDEX, artifacts.DATASET_ABOUT)
