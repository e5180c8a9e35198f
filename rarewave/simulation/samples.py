"""The generated samples, by the folder in which recipes look for them."""

from collections.abc import Callable
from pathlib import Path

from rarewave.simulation import lunar_archive, scenes, species_clips, underwater_calls

MAKERS: dict[str, Callable[[Path], None]] = {
    "data": lunar_archive.make_archive,
    "samples/calls": underwater_calls.make_calls,
    "samples/scenes": scenes.make_scenes,
    "samples/species": species_clips.make_species,
}


def make(folder: str) -> bool:
    """Make the sample of that folder, if it is one and absent; whether it was made."""
    if folder not in MAKERS or Path(folder).exists():
        return False
    MAKERS[folder](Path(folder))
    return True
