"""STA/LTA with the averages that serve it best on validation."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.baselines.options import Baselines
from rarewave.baselines.registry import SIGNALS
from rarewave.baselines.signal import Signal
from rarewave.detection import false_alarms
from rarewave.detection.false_alarms import Watched
from rarewave.detection.one_section import System

STA_LTA = "sta_lta"
SHORT = (0.25, 0.5, 1.0, 2.0, 4.0)  # times the short average that params.yaml has
LONG = (0.5, 1.0, 2.0)  # times the long one
_LOUD_DB = 10.0  # an event this far above the threshold is found whatever else is


class Labelled(NamedTuple):
    """One stream of validation."""

    signal: Signal
    length: int  # cleaned samples
    quiet: NDArray[np.int64]  # (k, 2)
    events: NDArray[np.int64]  # (k, 2) cleaned samples of labelled events


def candidates(options: Baselines) -> list[Baselines]:
    """Averages around those of params.yaml, which come first."""
    tried = [options]
    for sta in SHORT:
        for lta in LONG:
            if sta * options.sta_s < lta * options.lta_s and (sta, lta) != (1.0, 1.0):
                tried.append(Baselines(sta * options.sta_s, lta * options.lta_s, options.seed))
    return tried


def tuned(
    streams: Sequence[Labelled], options: Baselines, system: System, per_day: float
) -> Baselines:
    """The averages with which most labelled events are found at a rate of false alarms.

    Of equals those with which events stand highest above the threshold, each by 10 dB at most.
    """
    if not any(len(one.events) for one in streams):
        return options
    ranked = [(merit(streams, tried, system, per_day), tried) for tried in candidates(options)]
    best = max(rank for rank, _ in ranked)
    return next(tried for rank, tried in ranked if rank == best)


def merit(
    streams: Sequence[Labelled], options: Baselines, system: System, per_day: float
) -> tuple[int, float]:
    """How many labelled events are found, and how far they stand above the threshold, in dB."""
    watched, rate = [], streams[0].signal.rate
    for one in streams:
        p = {STA_LTA: SIGNALS[STA_LTA](one.signal, options)}
        about = one.signal.first, one.signal.length, one.length, rate
        nothing = np.zeros((len(one.signal.first), 0))
        watched.append(Watched(system.levels(nothing, p, *about), one.quiet))
    at = false_alarms.at_rate(watched, rate, system.how, per_day).threshold
    margins = []
    for one, known in zip(streams, watched, strict=True):
        levels = known.levels[""]
        for begin, end in one.events:
            inside = (levels.cut.edges[:-1] < end) & (levels.cut.edges[1:] > begin)
            peak = np.nanmax(levels.score[inside], initial=1e-12)
            margins.append(10 * np.log10(max(peak, 1e-12) / max(at, 1e-12)))
    above = np.array(margins)
    return int((above >= 0).sum()), float(np.clip(above, -_LOUD_DB, _LOUD_DB).mean().round(9))
