"""The generated samples, by the folder in which recipes look for them."""

from collections.abc import Callable
from pathlib import Path

from rarewave import simulate, simulate_calls, simulate_species

MAKERS: dict[str, Callable[[Path], None]] = {
    "data": simulate.make_archive,
    "samples/calls": simulate_calls.make_calls,
    "samples/species": simulate_species.make_species,
}


def make(folder: str) -> bool:
    """Make the sample of that folder, if it is one and absent; whether it was made."""
    if folder not in MAKERS or Path(folder).exists():
        return False
    MAKERS[folder](Path(folder))
    return True
