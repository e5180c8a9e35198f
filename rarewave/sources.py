"""What the stage ingest may be told."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Sources:
    """Where recordings and catalogues are, and what must not be split.

    `data` is a folder; `pattern` (a glob of recordings) and `catalogues` lie below it. `group`:
    recordings of one UTC `day`, one `station`, or every `recording` for itself stay together in
    a split.
    """

    data: str
    pattern: str
    catalogues: tuple[str, ...]
    group: Literal["day", "station", "recording"]
