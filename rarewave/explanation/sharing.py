"""What the stage relevance may be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rarewave.base.parameters import Between, OneOf, Seed
from rarewave.base.registered import registered

COMPOSITES = registered([Path(__file__).with_name("lrp_rules.py")], "composite")


@dataclass(frozen=True)
class Relevance:
    """How relevance is shared out, and over how many windows maps are checked.

    `composite` names the rules of the layers, see `lrp_rules.COMPOSITES`; `cases` are shown of
    each kind, and `windows` hits are asked again with parts of them taken away.
    """

    composite: Annotated[str, OneOf(COMPOSITES)]
    cases: Annotated[int, Between(1, 1000)]
    windows: Annotated[int, Between(2, 100_000)]
    seed: Seed
