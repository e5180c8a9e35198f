"""The parts of a split, and what the stage may be told."""

from dataclasses import dataclass
from typing import Annotated, Literal

from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, Between, Seconds, Seed

PARTS = ("train", "validation", "test")
PURGED = "purged"


@dataclass(frozen=True)
class Split:
    """How groups are dealt to the parts.

    `validation` and `test` are shares of the windows; `test_groups` and `validation_groups` name
    the groups of those parts instead (days left out), `*` standing for anything; `test_fold` is
    the fold of the test part, given or made by ingest. `test_recordings` names recordings, to
    repeat a published split even if it parts groups: the audit then says what leaks. Windows of
    different parts are at least `purge_s` apart in time, on one `shared` clock, for one event
    reaches all stations, or each `group` on its own: recorders that hear different things.
    """

    validation: Annotated[float, Above(0), Between(0, 0.9)]
    test: Annotated[float, Above(0), Between(0, 0.9)]
    test_groups: tuple[str, ...]
    validation_groups: tuple[str, ...]
    test_fold: int | None
    test_recordings: tuple[str, ...]
    purge_s: Seconds
    clock: Literal["shared", "group"]
    seed: Seed

    def __post_init__(self) -> None:
        if self.validation + self.test >= 1:
            raise DataError("validation and test together must leave something to train on")
        if (self.test_fold is not None) + bool(self.test_groups) + bool(self.test_recordings) > 1:
            raise DataError(
                "two of test_fold, test_groups and test_recordings name the test part: choose one"
            )
