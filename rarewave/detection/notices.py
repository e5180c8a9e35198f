"""Where postprocessing does not fit the events that it is to find."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.notices import Notice, some
from rarewave.detection.postprocessing import Joining
from rarewave.detection.recovery_options import Recovery
from rarewave.detection.recovery_report import OFTEN


def longer_than_events(
    joining: Joining, events_s: NDArray[np.float64], gaps_s: NDArray[np.float64]
) -> list[Notice]:
    """Which lengths of postprocessing are longer than events, or than the time between them.

    Parameters
    ----------
    events_s, gaps_s : (n,) seconds of the labelled events of training, and between neighbours.
    """
    event = float(np.median(events_s)) if len(events_s) else np.inf
    gap = float(np.median(gaps_s)) if len(gaps_s) else np.inf
    short, what = f"the median event of training lasts {event:.3g} s", "detect."
    notices = []
    if joining.smooth_s > event:
        says = f"{what}smooth_s is {joining.smooth_s:g} s, and {short}: the running median takes "
        says += f"away events of less than half its length; set it below {event:.2g}, or to 0"
        notices.append(Notice("smoothing_longer_than_events", joining.smooth_s / event, says))
    if joining.min_s > event:
        says = f"{what}min_s is {joining.min_s:g} s, and {short}: most true events are dropped as "
        says += f"too short; set it below {np.quantile(events_s, 0.05):.2g}"
        notices.append(Notice("events_shorter_than_least", joining.min_s / event, says))
    if joining.gap_s > gap:
        says = f"{what}gap_s is {joining.gap_s:g} s, and the median gap between neighbouring "
        says += f"events of training is {gap:.3g} s: neighbours become one event; set it below "
        says += f"{np.quantile(gaps_s, 0.05):.2g}"
        notices.append(Notice("events_joined", joining.gap_s / gap, says))
    return notices


def without_times(parts: Sequence[str]) -> list[Notice]:
    """Parts of the split whose events are scored against labels of whole recordings."""
    if not parts:
        return []
    return [
        Notice(
            "labels_without_times",
            len(parts),
            f"the labels of {' and '.join(parts)} are of whole recordings: nobody said when, and "
            "event scores compare with the recordings' ends; give events with times of some of "
            "them in ingest.strong_files, put recordings that have some into that part with "
            "split.test_groups, or go by the scores of evaluate",
        )
    ]


def too_little_quiet(days: float, per_day: float) -> list[Notice]:
    """Where the quiet time of validation is too short for the rate of false alarms asked for."""
    if days * per_day >= 1:
        return []
    return [
        Notice(
            "too_little_quiet_time",
            days,
            f"recover.false_alarms_per_day is {per_day:g}, and validation has {days:.3g} days of "
            "quiet time: every threshold is one without any false alarm there, at most one in "
            f"{days:.3g} days is what is known; ask for {_enough(days)} a day or more, or put more "
            "recordings into validation",
        )
    ]


def _enough(days: float) -> str:
    """One in so many days, in three digits and not less."""
    digit = 10 ** (np.floor(np.log10(1 / days)) - 2)
    return f"{np.ceil(1 / days / digit) * digit:.3g}" if days else "inf"


def hardly_found(points: pd.DataFrame, options: Recovery) -> list[Notice]:
    """Where no detector finds half of the events at any ratio; the table of `recovery_report`."""
    if (points["half_db_beyond"] != "above").any():
        return []
    return [
        Notice(
            "hardly_found",
            float(options.snr_high_db),
            "no detector finds half of the events at any ratio up to recover.snr_high_db "
            f"({options.snr_high_db:g} dB): raise that, where events are louder than this, or "
            "recover.false_alarms_per_day",
        )
    ]


def found_by_chance(points: pd.DataFrame) -> list[Notice]:
    """Which detectors often find something where no event was put in; `with_chance`'s table."""
    much = []
    for name, rows in points.groupby("detector", sort=False):
        share = rows.set_index("kind")["by_chance"]  # of all types first, where there are several
        high = share[share >= OFTEN][: 1 if share.iloc[0] >= OFTEN else None]
        much += [f"{name}, {kind} ({value:.2f})" for kind, value in high.items()]
    if not much:
        return []
    return [
        Notice(
            "found_by_chance",
            len(much),
            "at a quarter of the places or more there is a detection without any event, too, by "
            f"{some(much)}: at a low threshold few detections, each a false alarm, cover much of "
            "the time, and their points say little of faint events; put more quiet time into "
            "validation",
        )
    ]


def at_the_edge(
    thresholds: Mapping[str, float], scores: Mapping[str, NDArray[np.float64]]
) -> list[Notice]:
    """Which thresholds of events lie at the lowest or highest score of validation.

    Parameters
    ----------
    scores : of every moment of the validation recordings, by class.
    """
    ends = []
    for name, at in thresholds.items():
        known = scores[name][np.isfinite(scores[name])]
        if len(known) and (at <= known.min() or at >= known.max()):
            ends.append(f"{name} ({at:.3g})")
    if not ends:
        return []
    return [
        Notice(
            "event_threshold_at_edge",
            len(ends),
            f"the threshold of events lies at the edge of its sweep for {some(ends)}: the best "
            "event F1 on validation finds everything or next to nothing; train better, or give "
            "validation more events",
        )
    ]
