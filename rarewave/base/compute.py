"""What the numbers are computed with."""

from dataclasses import dataclass
from typing import Annotated

from rarewave.base.parameters import Between


@dataclass(frozen=True)
class Compute:
    """Threads of one TensorFlow operation: another count gives another network."""

    threads: Annotated[int, Between(1, 1024)]
