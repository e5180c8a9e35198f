"""The threshold at which a detector has so many false alarms a day."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from rarewave.detection import operating_points, postprocessing
from rarewave.detection.postprocessing import Joining, Levels

STEPS = 1000  # thresholds that are tried, the finer the higher
DAY_S = 86400.0


class Watched(NamedTuple):
    """What a detector says of one stream, and where nothing is to be found."""

    levels: Mapping[str, Levels]  # of each name that it may say
    quiet: NDArray[np.int64]  # (k, 2) cleaned samples


class Operated(NamedTuple):
    """A detector at a threshold."""

    threshold: float
    alarms: int  # in quiet time
    days: float  # of it

    @property
    def per_day(self) -> tuple[float, float, float]:
        """False alarms a day, and the ends of their 95 % interval (Garwood 1936)."""
        if not self.days:
            return float("nan"), float("nan"), float("nan")
        low = stats.chi2.ppf(0.025, 2 * self.alarms) / 2 if self.alarms else 0.0
        high = stats.chi2.ppf(0.975, 2 * self.alarms + 2) / 2
        return self.alarms / self.days, float(low) / self.days, float(high) / self.days


def days(watched: Sequence[Watched], rate: float) -> float:
    """Quiet time in days."""
    samples = sum(int(np.diff(one.quiet, axis=1).sum()) for one in watched)
    return samples / rate / DAY_S


def alarms(watched: Sequence[Watched], rate: float, threshold: float, how: Joining) -> int:
    """Events of any name whose middle lies in quiet time."""
    count = 0
    for one in watched:
        for levels in one.levels.values():
            rows = postprocessing.spans_of(levels, rate, threshold, how)
            middle = np.array([(row["onset_s"] + row["offset_s"]) / 2 for row in rows]) * rate
            after = np.searchsorted(one.quiet.ravel(), middle, side="right")
            count += int((after % 2 == 1).sum())
    return count


def at_rate(watched: Sequence[Watched], rate: float, how: Joining, per_day: float) -> Operated:
    """The lowest threshold that, and above which every one, has at most `per_day` false alarms.

    Where even the highest score of quiet time is too much, it is the next number above that.

    Parameters
    ----------
    rate : of cleaned samples, Hz.
    """
    lasted = days(watched, rate)
    scores = [levels.score for one in watched for levels in one.levels.values()]
    tried = operating_points.candidates(np.concatenate([np.zeros(0), *scores]), STEPS)
    top = float(tried.max()) if len(tried) else 0.0
    best = Operated(float(np.nextafter(top, np.inf)), 0, lasted)
    for at in tried[::-1].tolist():
        count = alarms(watched, rate, at, how)
        if count > per_day * lasted:
            break
        best = Operated(at, count, lasted)
    return best
