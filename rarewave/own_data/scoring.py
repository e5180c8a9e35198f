"""Split, baselines, joining and matching of events: from groups, durations and gaps."""

import numpy as np

from rarewave.baselines.notices import RECORDING
from rarewave.own_data.grouping import at_once
from rarewave.own_data.survey import Choice, Choices, Survey, digits, rounded_down, seconds
from rarewave.own_data.windows import Layout

_LISTED = 12  # groups that a recipe names
_LOUD_DB = 20.0  # to which events are put in where none is louder
_NIGHT = 3600  # seconds between parts of days that follow one another


def scoring(survey: Survey, lay: Layout) -> Choices:
    """Parameters of the split, of baselines, of evaluation and of events."""
    short, middle = (survey.duration(q) for q in (0.1, 0.5))
    if survey.whole:
        short = middle = lay.window
    most = RECORDING * float(np.median(survey.seconds))
    long = min(digits(10 * survey.duration(0.9)), rounded_down(most))
    quick = min(max(short, lay.window) / 2, long / 4)
    found: Choices = {
        "split": _split(survey, lay),
        "baselines": {
            "sta_s": Choice(digits(quick), "half of a short event, a quarter of the long average"),
            "lta_s": Choice(long, "a quarter of a recording at most"),
        },
        "detect": _events(survey, lay, short, middle),
        "evaluate": {},
        "recover": {
            "events": Choice("cutouts", "no simulation knows these"),
            "snr_high_db": _loudest(survey),
            "false_alarms_per_day": Choice(_alarms(survey), "of one in ten hours, one at least"),
        },
    }
    if lay.way == "clips":
        found["evaluate"]["per"] = Choice("recording", "labels are of recordings as a whole")
    return found


def _loudest(survey: Survey) -> Choice:
    """Up to where events are put in: as loud as one in ten is, and no fainter than usual."""
    ratios = survey.measures.events["snr_db"].dropna()
    high = float(ratios.quantile(0.9)) if len(ratios) else 0.0
    if high <= _LOUD_DB:
        return Choice(_LOUD_DB)
    return Choice(5.0 * np.ceil(high / 5), f"one in ten events is at {high:.0f} dB or more")


def _alarms(survey: Survey) -> float:
    """False alarms a day that a tenth of the recordings, quiet validation time, can tell of."""
    days = float(np.sum(survey.seconds)) / 86400
    return digits(max(1.0, 10 / days)) if days else 1.0


def _split(survey: Survey, lay: Layout) -> dict[str, Choice]:
    found = {"purge_s": Choice(0, "recordings are apart, or carry no clock")}
    group = survey.ingest["group"].value
    if survey.recordings["fold"].str.fullmatch("[0-9]+").all() and survey.whole:
        first = survey.recordings["fold"].astype(int).min()
        found["test_fold"] = Choice(int(first), "folds are given: python -m rarewave crossvalidate")
        found["validation"] = Choice(0.1, "of the other folds")
    if survey.form == "catalogues":
        far = digits(max(survey.duration(0.9), 2 * (lay.window + lay.context)))
        found["purge_s"] = Choice(far, "as long as nine of ten events, or two windows with context")
    elif group == "block":
        far = digits(2 * (lay.window + lay.context) + survey.duration(0.9))
        found["purge_s"] = Choice(far, "more than a window, its context and an event")
    elif group == "day":
        found["purge_s"] = Choice(_NIGHT, "a night goes on behind midnight, and so may its sounds")
    if timed := _timed(survey):
        found["test_groups"] = Choice(timed, "all that has times: events are scored against them")
    places = group in ("name", "folder", "given") and not survey.folder.seismic
    if places and at_once(survey.recordings, survey.recordings["group"]):
        found["clock"] = Choice("group", f"groups by {group} recorded at the same time")
    return found


def _timed(survey: Survey) -> list[str]:
    """Groups to test: those of which all that sounds has times, where only some have.

    None where these are many, or leave too little to learn from.
    """
    table = survey.recordings[survey.recordings["labelled"]]
    timed = table["recording_id"].isin(survey.report.get("recordings_with_times", []))
    quiet = ~table["recording_id"].isin(survey.certain["recording_id"])
    whole = (timed | quiet).groupby(table["group"]).all() & timed.groupby(table["group"]).any()
    names = sorted(whole.index[whole])
    few = len(names) <= _LISTED and len(whole) - len(names) >= 3
    return names if few and timed.mean() <= 0.5 else []


def _gaps(near: float) -> str:
    """What one in ten gaps between events says."""
    if not np.isfinite(near):
        return ""
    if near < 0.001:
        return "one in ten events touches the one before"
    return f"one in ten gaps is shorter than {seconds(near)}"


def _events(survey: Survey, lay: Layout, short: float, middle: float) -> dict[str, Choice]:
    """Joining of windows to events, and what a hit is."""
    near = survey.gap(0.1)
    near = near if np.isfinite(near) else float("inf")
    smooth = 0.0
    if lay.way != "clips" and near > short and survey.form != "catalogues":
        smooth = digits(0.8 * short)
    least = 0.0 if survey.whole else 2 * min(lay.hop, lay.window)
    collar = digits(max(middle / 2, least))
    about = "half of the median event" if middle / 2 >= least else "two hops"
    found = {
        "combine": Choice("centre" if lay.way == "calls" else "mean"),
        "smooth_s": Choice(smooth, f"0.8 of a short event ({seconds(short)})" if smooth else ""),
        "off_ratio": Choice(0.8 if lay.way == "frames" and not survey.folder.seismic else 0.5),
        "gap_s": Choice(
            digits(min(0.5 * short, 0.5 * near)) if near > short else 0,
            "" if survey.whole else _gaps(near),
        ),
        "min_s": Choice(0 if survey.whole else digits(0.4 * short), "shorter is no event"),
        "thresholds": Choice("windows" if survey.whole else "events"),
        "collar_s": Choice(collar, "half of a clip" if survey.whole else about),
        "offset_collar_s": Choice(collar),
        "offset_fraction": Choice(0.5),
        "segment_s": Choice(digits(max(middle, lay.window))),
    }
    if survey.whole:
        found |= {"offset_collar_s": Choice(None), "offset_fraction": Choice(None)}
    if survey.whole and len(survey.timed):
        median = float((survey.timed["offset_s"] - survey.timed["onset_s"]).median())
        found["collar_s"] = Choice(digits(median / 2), "half of the median event with times")
        found["segment_s"] = Choice(digits(median))
    return found
