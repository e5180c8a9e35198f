"""What the stage look may be told."""

from dataclasses import dataclass
from typing import Annotated

from rarewave.base.parameters import Between, Seed


@dataclass(frozen=True)
class Looking:
    """Which convolutions are drawn, and how much of each.

    `layers` names them, None means all; of each at most `channels` are drawn, evenly spread. What
    is dead or redundant is counted over at most `windows` training windows. An input that a channel
    answers most to is climbed to in `steps`; 0: none.
    """

    layers: tuple[str, ...] | None
    channels: Annotated[int, Between(1, 256)]
    windows: Annotated[int, Between(2, 100_000)]
    steps: Annotated[int, Between(0, 10_000)]
    seed: Seed


DEFAULTS = Looking(None, 12, 64, 48, 1)  # of the command; those of the recipe `lunar` are the same
