"""What the stage ingest may be told."""

from dataclasses import dataclass
from typing import Literal

from rarewave.errors import DataError


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

    def __post_init__(self) -> None:
        if not self.pattern or self.pattern.startswith("/") or ".." in self.pattern:
            raise DataError(
                f"pattern is {self.pattern!r}: it must be relative to ingest.data, as in "
                "recordings/*.mseed"
            )
        if not self.catalogues:
            raise DataError("catalogues is empty: name at least one file below ingest.data")
