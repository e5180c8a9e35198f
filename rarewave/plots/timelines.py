"""Pictures of events along recordings: what was labelled, and what was found."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.plots.style import GREY, Look, figure, looks, save, shortened, styled

_MOST_RECORDINGS = 6
_MOST_CLIPS = 60
_LENGTHS = 200.0  # of events: more are not shown at once, or an event would be a hair
_MOST_BARS = 30  # classes that have a bar for each detector
_WHOLE = 0.95  # share of a clip that an event covers which says what the clip is

Spans = Mapping[str, tuple[float, float]]


@styled
def timelines(
    path: Path,
    lengths: Mapping[str, float],
    tables: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    title: str,
) -> None:
    """A panel for each recording, a row of bars for each table, coloured and hatched by class.

    Events at the same time are drawn one below the other. Shown are the recordings with most
    events, and of long ones the stretch with most. Clips whose events cover them whole are side by
    side in one panel.

    Parameters
    ----------
    lengths : recording_id to seconds.
    tables : name of the row to events with recording_id, onset_s, offset_s, label; the first one
        is what was labelled.
    """
    look = looks(list(classes))
    shown = busiest(lengths, tables)
    events = pd.concat(tables.values()) if tables else pd.DataFrame()
    if _are_clips(events, lengths):
        made = _clips(lengths, tables, look)
        if len(lengths) > _MOST_CLIPS:
            title = f"{title}: {_MOST_CLIPS} of {len(lengths)} clips"
    else:
        made = _recordings(shown, lengths, tables, look)
        if len(shown) < len(lengths):
            title = f"{title}: the {len(shown)} of {len(lengths)} with most events"
    panel = made.axes[0]
    handles = [panel.barh(0, 0, label=name, **one.bar) for name, one in look.items()]
    made.legend(handles, [shortened(str(n), 24) for n in look], loc="outside right upper",
                fontsize=7, handleheight=1.2)  # fmt: skip
    made.suptitle(title, fontsize=10)
    save(path, made)


def busiest(lengths: Mapping[str, float], tables: Mapping[str, pd.DataFrame]) -> Spans:
    """The stretch in seconds to show of each of the six recordings with most events.

    Labelled events count before found ones. A stretch is 200 events long, or the recording.
    """
    labelled, *found = tables.values()
    others = pd.concat(found) if found else labelled[:0]
    both = (labelled["recording_id"].value_counts(), others["recording_id"].value_counts())
    first = sorted(lengths, key=lambda name: [-int(n.get(name, 0)) for n in both])
    known = labelled if len(labelled) else others
    usual = float((known["offset_s"] - known["onset_s"]).median()) if len(known) else np.inf
    spans = {}
    for name in [name for name in lengths if name in first[:_MOST_RECORDINGS]]:
        length, reach = lengths[name], _LENGTHS * usual
        mine = known[known["recording_id"] == name].sort_values("onset_s")
        if not len(mine):
            mine = others[others["recording_id"] == name].sort_values("onset_s")
        if length <= 1.5 * reach or not len(mine):
            spans[name] = (0.0, length)
            continue
        onsets = mine["onset_s"].to_numpy(float)
        counts = np.searchsorted(onsets, onsets + 0.9 * reach) - np.arange(len(onsets))
        begin = float(np.clip(onsets[int(np.argmax(counts))] - 0.05 * reach, 0, length - reach))
        spans[name] = (begin, begin + reach)
    return spans


def _are_clips(events: pd.DataFrame, lengths: Mapping[str, float]) -> bool:
    """Whether an event says what a clip is, not when it was."""
    if not len(events):
        return False
    share = (events["offset_s"] - events["onset_s"]) / events["recording_id"].map(lengths)
    return bool(share.quantile(0.25) >= _WHOLE)


def _recordings(
    shown: Spans,
    lengths: Mapping[str, float],
    tables: Mapping[str, pd.DataFrame],
    look: Mapping[str, Look],
) -> Any:
    drawn = {
        (name, row): lanes(table[table["recording_id"] == name])
        for name in shown
        for row, table in enumerate(tables.values())
    }
    most = max((int(table["lane"].max()) + 1 for table in drawn.values() if len(table)), default=1)
    made = figure(9, 0.9 + (0.4 + (0.19 + 0.05 * most) * len(tables)) * len(shown))
    panels = made.subplots(len(shown), 1, squeeze=False)[:, 0]
    longest = max(end - begin for begin, end in shown.values())
    unit, said = (
        (3600.0, "h") if longest > 3 * 3600 else (60.0, "min") if longest > 600 else (1, "s")
    )
    for axes, (name, (begin, end)) in zip(panels, shown.items(), strict=True):
        for row in range(len(tables)):
            for event in drawn[name, row].to_dict("records"):
                width = (event["offset_s"] - event["onset_s"]) / unit
                bar = look[event["label"]].bar | {"linewidth": 0.4}  # neighbours stay apart
                middle = row - 0.4 + 0.8 * (event["lane"] + 0.5) / most
                axes.barh(middle, width, left=event["onset_s"] / unit, height=0.8 / most, **bar)
        _name_rows(axes, list(tables))
        axes.set_xlim(begin / unit, end / unit)
        share = (end - begin) / lengths[name]
        part = "" if share >= 1 else f", {share:.1%} of it"
        axes.set_title(f"{shortened(name, 60)}{part}", fontsize=8)
    panels[-1].set_xlabel(f"time from the start of the recording [{said}]", fontsize=8)
    return made


def lanes(events: pd.DataFrame) -> pd.DataFrame:
    """Events of one recording by onset, each with the first `lane` that is free when it begins."""
    events = events.sort_values("onset_s", kind="stable")
    ends: list[float] = []
    taken: list[int] = []
    for onset, offset in events[["onset_s", "offset_s"]].to_numpy(float):
        free = [lane for lane, end in enumerate(ends) if end <= onset]
        lane = free[0] if free else len(ends)
        ends[lane : lane + 1] = [offset]
        taken.append(lane)
    return events.assign(lane=taken)


def _clips(
    lengths: Mapping[str, float],
    tables: Mapping[str, pd.DataFrame],
    look: Mapping[str, Look],
) -> Any:
    """One panel: a cell for each clip and table; where clips have several classes each its lane."""
    labelled = next(iter(tables.values()))
    first = labelled.drop_duplicates("recording_id").set_index("recording_id")["label"]
    order = {name: number for number, name in enumerate(look)}
    names = sorted(lengths, key=lambda name: order.get(first.get(name), len(order)))
    if len(names) > _MOST_CLIPS:  # spread over the classes
        names = [names[k] for k in np.linspace(0, len(names) - 1, _MOST_CLIPS).astype(int)]
    several = bool(labelled.groupby("recording_id")["label"].nunique().gt(1).any())
    high = 0.8 / len(look) if several else 0.8
    made = figure(9, 1.2 + (0.11 * len(look) + 0.2 if several else 0.4) * len(tables))
    axes = made.add_subplot()
    for row, table in enumerate(tables.values()):
        mine = table[table["recording_id"].isin(names)]
        place = {name: at for at, name in enumerate(names)}
        for name, label in mine[["recording_id", "label"]].drop_duplicates().to_numpy():
            lane = row - 0.4 + (order[label] + 0.5) * high if several else row
            axes.barh(lane, 0.9, left=place[name] + 0.05, height=high, **look[label].bar)
    _name_rows(axes, list(tables))
    axes.set_xlim(0, len(names))
    axes.set_xlabel("test clips, in the order of their label", fontsize=8)
    return made


def _name_rows(axes: Any, names: Sequence[str]) -> None:
    axes.axhline(0.5, color=GREY, linewidth=0.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(labelsize=7)


@styled
def class_bars(path: Path, table: pd.DataFrame, title: str) -> None:
    """Event F1 of each class, detectors side by side; `table` has detector, label and f1."""
    wide = table.pivot(index="label", columns="detector", values="f1")
    look = looks(list(dict.fromkeys(table["detector"])))
    many = len(wide) > _MOST_BARS  # then marks in one line
    made = figure(7, 1.1 + (0.15 if many else 0.1 + 0.13 * len(look)) * len(wide))
    axes = made.add_subplot()
    height = 0.8 / len(look)
    for k, (name, one) in enumerate(look.items()):
        if many:
            drawn: Any = {"color": one.colour, "markersize": 4, "linewidth": 0}
            axes.plot(wide[name], np.arange(len(wide)), one.mark, label=name, **drawn)
            continue
        y = np.arange(len(wide)) + (k - (len(look) - 1) / 2) * height
        axes.barh(y, wide[name], height, label=name, **one.bar)
    names = [shortened(str(name), 30) for name in wide.index]
    axes.set_yticks(range(len(wide)), names, fontsize=6 if many else 8)
    axes.set(xlim=(-0.02 if many else 0, 1.02), ylim=(len(wide) - 0.5, -0.5), xlabel="event F1")
    axes.set_title(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(path, made)
