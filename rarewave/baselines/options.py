"""What the stage baselines may be told."""

from dataclasses import dataclass
from typing import Annotated

from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, Seconds, Seed


@dataclass(frozen=True)
class Baselines:
    """Lengths of the short and long averages of STA/LTA in seconds, and a seed of the forest."""

    sta_s: Annotated[Seconds, Above(0)]
    lta_s: Annotated[Seconds, Above(0)]
    seed: Seed

    def __post_init__(self) -> None:
        if self.sta_s >= self.lta_s:
            raise DataError(f"sta_s ({self.sta_s:g}) must be below lta_s ({self.lta_s:g})")
