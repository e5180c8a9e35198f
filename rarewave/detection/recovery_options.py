"""What the stage recover may be told."""

from dataclasses import dataclass
from typing import Annotated, Literal

from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, AtLeast, Between, Seconds, Seed

Decibels = Annotated[float, Between(-200, 200)]


@dataclass(frozen=True)
class Recovery:
    """Events of known strength that are put into quiet test time.

    `events`: `cutouts` of labelled events of training and validation that stand `loud_db` out of
    their noise, `simulated` ones, or `none`. `count` of each type, with ratios of signal to noise
    spread evenly from `snr_low_db` to `snr_high_db`, told in steps of `step_db`. Every detector has
    the threshold that gives `false_alarms_per_day` in quiet validation time. Nothing is put in
    nearer than a window and `away_s` to a labelled event.
    """

    events: Literal["cutouts", "simulated", "none"]
    count: Annotated[int, AtLeast(0)]
    snr_low_db: Decibels
    snr_high_db: Decibels
    step_db: Annotated[float, Above(0)]
    loud_db: Decibels
    false_alarms_per_day: Annotated[float, Above(0)]
    away_s: Seconds
    seed: Seed

    def __post_init__(self) -> None:
        if self.snr_low_db >= self.snr_high_db:
            raise DataError(
                f"snr_low_db ({self.snr_low_db:g}) must be below snr_high_db ({self.snr_high_db:g})"
            )
        if self.step_db > self.snr_high_db - self.snr_low_db:
            raise DataError(
                f"step_db ({self.step_db:g}) must not exceed the range from snr_low_db to "
                f"snr_high_db ({self.snr_high_db - self.snr_low_db:g})"
            )
