"""What to make of found events: how unsure and how novel each is, and which somebody should see."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.detection import postprocessing
from rarewave.detection.scanning import Scan
from rarewave.frontend import cleaning
from rarewave.metrics.calibration import at_temperature
from rarewave.metrics.decisions import entropy
from rarewave.model.package import Package
from rarewave.recordings.clipping import clipped_share

COLUMNS = ("uncertainty", "novelty", "uncertainty_s", "review", "reason")
_MOST = 0.5  # of a recording: a warning where more of it is novel
_TIMES = 1.5  # a sampling rate so much higher or lower is another recorder's, or a wrong header
_CLIPPED = 0.001  # of the samples of an event: fewer may be its peaks
_READ = 1 << 20  # samples of an event that are looked at


def reviewed(package: Package, scans: Sequence[Scan], events: pd.DataFrame) -> pd.DataFrame:
    """Events with what to make of each, by the window of its highest score.

    `uncertainty`: the entropy in bits of the calibrated probability there, 0 for sure and, of one
    kind of event, 1 for a toss. `novelty`: the share of validation windows that are less novel, by
    sound or by level, the larger. `uncertainty_s`: the standard deviation of the onsets of an
    ensemble's members, in seconds; NaN where fewer than two found the event. `review`: yes where it
    is novel, where at most half of the members found it, where its calibrated probability is below
    a half, where it was clipped or holds no signal, or where the recording is shorter than half of
    what is scored at once; `reason` says which.

    Parameters
    ----------
    scans : by `novelty.scorer`; of a package that keeps nothing to compare with, by another, and
        novelty is NaN.
    events : table of `event_list.events`.
    """
    about = {
        (scan, label): _of(package, scans[scan], label)
        for scan, label in dict.fromkeys(zip(events["scan"], events["label"], strict=True))
    }
    rows = []
    for event in events.to_dict("records"):
        found, reasons = _judged(package, *about[event["scan"], event["label"]], event)
        reasons = _poor(package, scans[event["scan"]], event) + reasons
        rows.append(found | {"review": "yes" if reasons else "no", "reason": "; ".join(reasons)})
    made = pd.DataFrame(rows, columns=list(COLUMNS), index=events.index)
    kinds = dict.fromkeys(COLUMNS[:3], float) | dict.fromkeys(COLUMNS[3:], object)
    return pd.concat([events, made.astype(kinds)], axis=1)


Spans = list[list[dict[str, Any]]]


def _of(package: Package, scan: Scan, label: str) -> tuple[NDArray[np.float32], int, Spans, float]:
    """Scores of a scan, the column of a label, what each member finds of it, an unlike rate."""
    model, P = package.detector, scan.P
    names, column = len(model.task.names), model.task.names.index(label)
    grid, rate = model.scans.grid, model.scans.clean.sample_rate_hz
    about = scan.first[: len(P)], grid.window_samples, scan.length, rate
    how = package.thresholds[label], package.joining
    members = range(1, len(model.networks) + 1) if model.others and package.novelty else ()
    found = [postprocessing.spans(P[:, column + names * k], *about, *how) for k in members]
    return P, column, found, _other_rate(package, scan)


def _other_rate(package: Package, scan: Scan) -> float:
    """The sampling rate of a recording, Hz, where it is far from those of training; else 0."""
    if package.trained is None:
        return 0.0
    (low, high), rate = package.trained.rates_hz, scan.stream.sample_rate
    return 0.0 if low / _TIMES <= rate <= high * _TIMES else rate


def _judged(
    package: Package,
    P: NDArray[np.float32],
    column: int,
    members: Spans,
    other_rate: float,
    event: dict[Hashable, Any],
) -> tuple[dict[str, Any], list[str]]:
    """The numbers of one event, and why to review it; `other_rate` in Hz, 0 for one as trained."""
    scores = np.asarray(P[event["first"] : event["after"], column], float)
    row = np.asarray(P[event["first"] + int(np.nanargmax(scores))], float)
    p, reasons = _probability(package, row, column), []
    found: dict[str, Any] = {"uncertainty": float(entropy(p)), "novelty": np.nan}
    if (known := package.novelty) is not None:
        sound, level = row[-2:]
        found["novelty"] = 1.0 if other_rate else float(max(sound, level))
        reasons += [f"sampling rate {other_rate:g} Hz, unlike those of training"] * bool(other_rate)
        reasons += ["levels unlike those of training"] * bool(level >= known.at)
        reasons += ["sound unlike that of training"] * bool(sound >= known.at)
    onsets = _onsets(members, event)
    found["uncertainty_s"] = float(np.std(onsets, ddof=1)) if len(onsets) > 1 else np.nan
    if 2 * len(onsets) <= len(members) and members:
        reasons.append(f"found by {len(onsets)} of {len(members)} members")
    sure = float(p[-1] if package.detector.task.kind != "classes" else p[column])
    reasons += [f"probability {sure:.2f}"] * (sure < 0.5)
    return found, reasons


def _poor(package: Package, scan: Scan, event: dict[Hashable, Any]) -> list[str]:
    """What to say of an event whose recording could not hold it, or holds nothing there."""
    if package.detector.scans.spectrogram.is_picture:  # its darkest pixels are the floor
        return []
    stream, rate = scan.stream, package.detector.scans.clean.sample_rate_hz
    scale = cleaning.raw_per_cleaned(stream.sample_rate, package.detector.scans.clean)
    first, after = (round(event[name] * rate * scale) for name in ("begin_s", "end_s"))
    try:
        samples = stream.read(first, min(after, first + _READ, stream.n_samples))
    except (DataError, OSError):  # the scan said why
        return []
    share, known = clipped_share(samples), samples[np.isfinite(samples)]
    reasons = [f"clipped ({share:.1%} of its samples)"] * (share > _CLIPPED)
    reasons += ["no signal: all samples are alike"] * bool(len(known) and np.ptp(known) == 0)
    window = package.detector.scans.grid.window_samples
    if 2 * scan.length < window:
        reasons.append(f"{scan.length / rate:.3g} s long, and windows are {window / rate:.3g} s")
    return reasons


def _probability(package: Package, row: NDArray[np.float64], column: int) -> NDArray[np.float64]:
    """Calibrated: of an event's absence and its presence, or of all classes."""
    task = package.detector.task
    p = np.array([1 - row[column], row[column]])
    if task.kind == "classes":
        p = row[: len(task.names)]
    return at_temperature(p, package.temperature)


def _onsets(members: Spans, event: dict[Hashable, Any]) -> list[float]:
    """Of each member that finds the event, its onset: that of what overlaps it most."""
    onsets = []
    for spans in members:
        shared = [
            min(one["offset_s"], event["end_s"]) - max(one["onset_s"], event["begin_s"])
            for one in spans
        ]
        if shared and max(shared) > 0:
            onsets.append(spans[int(np.argmax(shared))]["onset_s"])
    return onsets


def unlike(package: Package, scan: Scan) -> str:
    """What to say of a recording most of which is novel; else nothing."""
    known, P = package.novelty, scan.P
    if known is None or not len(P):
        return ""
    if rate := _other_rate(package, scan):
        low, high = package.trained.rates_hz if package.trained else (rate, rate)
        rates = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        return (
            f"its sampling rate is {rate:g} Hz, and the model learnt from {rates} Hz: all of its "
            "events are marked for review; where the header is wrong, correct it"
        )
    seen = np.asarray(P[:, -2:], float)
    seen = seen[np.isfinite(seen[:, 0])]
    sound, level = (seen >= known.at).mean(axis=0) if len(seen) else (0.0, 0.0)
    if max(sound, level) <= _MOST:
        return ""
    share, what = (level, "levels") if level >= sound else (sound, "sound")
    return (
        f"{share:.0%} of its windows are unlike all that the model learnt from in their {what} "
        f"(of the validation windows {float(known.alarms):.0%} are): scores mean little there"
    )
