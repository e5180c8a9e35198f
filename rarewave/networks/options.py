"""Options of networks, for what knows none: importing this loads no Keras."""

from dataclasses import dataclass
from typing import Annotated

from rarewave.base.parameters import Above, AtLeast, Between, Seed


@dataclass(frozen=True)
class MonteCarlo:
    """How many `passes` Monte Carlo dropout makes, 0 for none, and the `seed` of what falls out."""

    passes: Annotated[int, AtLeast(0)]
    seed: Seed


@dataclass(frozen=True)
class Novel:
    """What share of the validation windows may be called `novel`."""

    novel: Annotated[float, Above(0), Between(0, 0.5)]
