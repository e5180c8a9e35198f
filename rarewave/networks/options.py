"""Options of networks, for what knows none: importing this loads no Keras."""

from dataclasses import dataclass
from typing import Annotated

from rarewave.base.parameters import AtLeast, Seed


@dataclass(frozen=True)
class MonteCarlo:
    """How many `passes` Monte Carlo dropout makes, 0 for none, and the `seed` of what falls out."""

    passes: Annotated[int, AtLeast(0)]
    seed: Seed
