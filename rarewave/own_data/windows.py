"""The task, and how windows lie: from how labels are given, how long events last and how dense."""

from typing import Literal, NamedTuple

import numpy as np

from rarewave.base import intervals
from rarewave.base.errors import DataError
from rarewave.own_data.survey import Choice, Survey, between, seconds

# More windows than this take long to learn from; then windows lie around calls only.
_MOST_WINDOWS = 80_000
_TAGS = 0.1  # share of events that overlap one of another label, from which tags tell more
_ALIKE = 1.5  # clips whose lengths differ by less get one window each
_FREE = 0.01  # of the labelled time: less leaves no background to learn
_SHORT_S = 2.0  # and so do clips as short as this

Way = Literal["clips", "frames", "calls"]


class Layout(NamedTuple):
    """How windows lie, in seconds."""

    way: Way
    window: float
    hop: float
    context: float


def task(survey: Survey, wanted: str | None) -> Choice:
    """`clean.target`: an event or not, one of several classes, or any at once."""
    labels = survey.certain["label"].nunique()
    if wanted:
        return Choice({"classes": "label"}.get(wanted, wanted), "as asked for")
    if survey.form == "catalogues":
        more = f"; --task classes tells its {labels} types apart" if labels > 1 else ""
        return Choice("event", f"a catalogue: an event or none{more}")
    share = _overlapping(survey)
    if share > _TAGS:
        return Choice("tags", f"{share:.0%} of labels share their time with another: any at once")
    return Choice("label", f"{labels} label{'s' * (labels != 1)}, one at a time")


def refuse_one_kind(survey: Survey, target: str) -> None:
    """Raise `DataError` where labels leave nothing to tell apart: one kind, and no other time."""
    names = survey.certain["label"].unique()
    if (target != "event" and len(names) > 1) or _free_share(survey) > _FREE:
        return
    what = f"labelled {names[0]}" if len(names) == 1 else "an event"
    other = " or another class" if target != "event" else "; or --task classes"
    raise DataError(
        f"all time that is labelled is {what} or uncertain, and nothing is left to tell it from: "
        f"add recordings without it{other}"
    )


def _free_share(survey: Survey) -> float:
    """The share of the labelled recordings' time that no label covers."""
    labelled = survey.recordings["labelled"].to_numpy()
    length = dict(zip(survey.recordings["recording_id"], survey.seconds, strict=True))
    covered = 0.0
    for name, mine in survey.events.sort_values("onset_s").groupby("recording_id"):
        spans = intervals.union(mine[["onset_s", "offset_s"]].to_numpy(float))
        covered += float(np.diff(spans.clip(0, length[name])).sum())
    return 1 - covered / float(survey.seconds[labelled].sum())


def _overlapping(survey: Survey) -> float:
    """Share of certain events that overlap one of another label in their recording."""
    events = survey.certain.sort_values("onset_s")
    count = 0
    for _, mine in events.groupby("recording_id"):
        label, meets = mine["label"].to_numpy(object), np.zeros(len(mine), bool)
        until = np.searchsorted(mine["onset_s"], mine["offset_s"])  # those that begin meanwhile
        for k, end in enumerate(until):
            others = label[k + 1 : end] != label[k]
            meets[k] |= others.any()
            meets[k + 1 : end] |= others
        count += int(meets.sum())
    return count / max(1, len(events))


def layout(survey: Survey) -> Layout:
    """How windows lie for these events.

    `clips`: one window for each, or a grid of windows where clips differ in length. `frames`: a
    third of a short event each, on a grid, with an event's length seen on either side, so that
    events of any length and any density are found to a fraction of their length. `calls`: around
    labelled events, where a grid as fine would be too many windows.
    """
    if survey.whole:
        return _of_clips(survey)
    total = float(survey.seconds[survey.recordings["labelled"]].sum())
    short, middle = survey.duration(0.1), survey.duration(0.5)
    if survey.form == "catalogues":  # few and long: more windows of each
        window = max(short / 6, 2 * total / _MOST_WINDOWS, 64 / survey.least_rate)
        return Layout("frames", window, window / 2, 1.5 * window)
    window = max(short / 3, total / _MOST_WINDOWS, 16 / survey.least_rate)
    if window <= middle / 1.5:
        return Layout("frames", window, window, min(middle, 5 * window))
    length = survey.duration(0.75)
    return Layout("calls", length, length / 4, length / 2)


def _of_clips(survey: Survey) -> Layout:
    low, high = np.quantile(survey.seconds, [0.1, 0.95])
    if high <= _SHORT_S or high <= _ALIKE * low:
        return Layout("clips", float(high), float(high), 0.0)
    middle = float(np.median(survey.seconds))
    return Layout("clips", middle, middle / 2, 0.0)


def pad_short(survey: Survey, window_s: float, of_clips: bool = False) -> Choice:
    """`clean.pad_short`, of windows of so many seconds.

    A clip with a label says the same once more; a time with a label is not there twice.
    """
    short = bool((survey.seconds < window_s).any())
    return Choice("repeat" if short and of_clips else short, "recordings shorter than a window")


def cut(survey: Survey, lay: Layout, rate: float, hop: int) -> dict[str, Choice]:
    """Parameters of windows, of so many samples that frames of a spectrogram fit."""
    each = lay.way == "clips" and lay.hop == lay.window
    frames = lay.window * rate / hop
    if each:
        frames = np.ceil(frames - 1e-6)  # else a second window would end with each clip
    window = max(16, hop * max(2 if lay.way == "frames" else 1, round(frames)))
    step = window if each else max(hop, hop * round(lay.hop * rate / hop))
    context = hop * round(lay.context * rate / hop)
    short, middle = survey.duration(0.1), survey.duration(0.5)
    says = f"{seconds(window / rate)}: "
    if lay.way == "clips":
        lengths = np.quantile(survey.seconds, [0.1, 0.95])
        says += f"clips last {between(*lengths)}"
    elif lay.way == "frames":
        part = "sixth" if survey.form == "catalogues" else "third"
        says += f"a {part} of a short event ({seconds(short)}; the median is {seconds(middle)})"
    else:
        says += "three of four events are shorter"
    clean = {
        "placement": Choice(
            "calls" if lay.way == "calls" else "grid",
            {
                "clips": "labels are of whole recordings",
                "frames": "every moment, with what is around it",
                "calls": "a grid as fine as the events would be too many windows",
            }[lay.way],
        ),
        "window_samples": Choice(window, says),
        "hop_samples": Choice(min(step, window), seconds(min(step, window) / rate)),
        "context_samples": Choice(context, f"{seconds(context / rate)} on either side"),
        "pad_short": pad_short(survey, window / rate, lay.way == "clips"),
    }
    if lay.way == "frames":
        clean |= _of_frames(survey, window / rate)
    if lay.way == "calls":
        clean |= {"jitter": Choice(0.2), "background_ratio": Choice(3.0, "quiet time beside them")}
    return clean


def _of_frames(survey: Survey, window: float) -> dict[str, Choice]:
    near = survey.gap(0.1)
    least = 2 * window if np.isfinite(near) and near < 2 * window else 0.0
    if not least or survey.form == "catalogues":
        return {}
    why = f"one in ten events follows another after {seconds(max(near, 0.001))}"
    return {"event_inside": Choice(1.0), "least_gap_s": Choice(round(least, 4), why)}
