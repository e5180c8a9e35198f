"""The recordings of one part of a split, whole, and what is true of them."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.intervals import covered, gap_share, union
from rarewave.base.tables import DETECTED, conform
from rarewave.base.tasks import Task
from rarewave.detection import postprocessing
from rarewave.detection.postprocessing import Joining
from rarewave.frontend import cleaning
from rarewave.frontend.transform import FrontEnd
from rarewave.metrics import event_based
from rarewave.metrics.event_based import Matching
from rarewave.recordings import streams
from rarewave.recordings.reading import Header
from rarewave.recordings.streams import Stream

PARTS = ("validation", "test")


class _OfAStream(Protocol):
    @property
    def stream(self) -> Stream: ...


Scanned = TypeVar("Scanned", bound=_OfAStream)


class Heldout(NamedTuple):
    """Recordings of one part, whole or by blocks, files that follow one another joined.

    Times of events are on the axis of their stream, which is called as its first file: an event
    across a file boundary is one event.
    """

    recordings: pd.DataFrame  # rows of table RECORDINGS, a row for each file
    streams: list[Stream]  # of these files, whose paths are below the folder of recordings
    truth: pd.DataFrame  # rows of table EVENTS, certain ones; of an event task all of one label,
    # and what they were called in the column `kind`
    doubtful: pd.DataFrame  # the uncertain ones
    gaps: pd.DataFrame  # recording_id, onset_s, offset_s of what was not recorded
    windows: pd.DataFrame  # rows of table WINDOWS, of the files

    def work(self, folder: Path, scores: Path) -> list[tuple[Stream, Path]]:
        """The streams with whole paths, and the file of scores of each below `scores`."""
        return [
            (
                Stream(tuple(p._replace(path=folder / p.path) for p in stream.pieces)),
                scores / f"{number}.f32",
            )
            for number, stream in enumerate(self.streams)
        ]

    @property
    def durations(self) -> dict[str, float]:
        """Seconds of each stream."""
        return _durations(self.streams)

    @property
    def hours(self) -> float:
        """Of recorded time that is not uncertain: where a detection is right or wrong."""
        closed = pd.concat([self.gaps, self.doubtful[self.gaps.columns]])
        total = 0.0
        for name, seconds in self.durations.items():
            mine = closed[closed["recording_id"] == name]
            total += seconds * (1 - min(1.0, float(covered(np.zeros(1), seconds, mine)[0])))
        return total / 3600

    @property
    def grid(self) -> bool:
        """Whether the windows cover the recordings, and baselines were scored everywhere."""
        of_files = self.recordings.set_index("recording_id")
        seconds = of_files["n_samples"] / of_files["sample_rate"]
        new_s = self.windows.groupby("recording_id")["new_s"].sum()
        return bool((new_s.reindex(seconds.index) > 0.99 * seconds).all())

    @property
    def weak(self) -> bool:
        """Whether of some events nobody said when they are."""
        return bool(self.truth["weak"].any())

    def with_times(self) -> "Heldout":
        """The streams without a weak label, if any event has times of its own; else all."""
        events = pd.concat([self.truth, self.doubtful])
        weak = set(events["recording_id"][events["weak"]])
        streams = [s for s in self.streams if s.pieces[0].header.recording_id not in weak]
        if not weak or events["weak"].all() or not streams:
            return self
        names = {piece.header.recording_id for stream in streams for piece in stream.pieces}
        tables = (self.recordings, self.truth, self.doubtful, self.gaps, self.windows)
        recordings, *others = (
            table[table["recording_id"].isin(names)].reset_index(drop=True) for table in tables
        )
        return Heldout(recordings, streams, *others)

    def of(self, scans: Sequence[Scanned]) -> list[Scanned]:
        """Those of some scans that are of its streams."""
        names = {stream.pieces[0].header.recording_id for stream in self.streams}
        return [s for s in scans if s.stream.pieces[0].header.recording_id in names]

    def with_signals(self, signals: pd.DataFrame) -> "Heldout":
        """With the columns of a table of window_id and scores beside the windows."""
        return self._replace(windows=self.windows.merge(signals, on="window_id", how="left"))

    def in_files(self, events: pd.DataFrame) -> pd.DataFrame:
        """Events of streams, each in seconds of the file in which it begins."""
        rows, onset = events.groupby("recording_id").indices, events["onset_s"].to_numpy(float)
        shift, file = np.zeros(len(events)), events["recording_id"].to_numpy(object, copy=True)
        for stream in self.streams:
            begins, names = _begins(stream)
            if names[0] in rows:
                mine = rows[names[0]]
                piece = np.maximum(np.searchsorted(begins, onset[mine], side="right") - 1, 0)
                shift[mine], file[mine] = begins[piece], np.array(names, object)[piece]
        return events.assign(
            recording_id=file, onset_s=onset - shift, offset_s=events["offset_s"] - shift
        )

    def groups_of(self, events: pd.DataFrame) -> NDArray[np.str_]:
        """The group that each event of streams begins in: that of the window before its onset."""
        inside = self.in_files(events)
        groups, onset = np.full(len(events), "", object), inside["onset_s"].to_numpy(float)
        windows = dict(list(self.windows.sort_values("start_s").groupby("recording_id")))
        for name, here in inside.groupby("recording_id").indices.items():
            if name not in windows:
                continue
            mine = windows[name]
            at = np.searchsorted(mine["start_s"], onset[here], side="right") - 1
            groups[here] = mine["group"].to_numpy(object)[np.maximum(at, 0)]
        return groups.astype("U")

    def scored(self, found: pd.DataFrame, matching: Matching) -> pd.DataFrame:
        """Detections but for those that are no hit and lie in uncertain time, as table DETECTED."""
        return self.judged(found, matching)[0]

    def judged(self, found: pd.DataFrame, matching: Matching) -> tuple[pd.DataFrame, int]:
        """What `scored` gives, and how many of them are hits."""
        table = conform(found.reset_index(drop=True), DETECTED, "events")
        order = ["recording_id", "onset_s", "offset_s", "label"]
        table = table.sort_values(order, ignore_index=True)
        hits = event_based.match(self.truth, table, matching)[:, 1]
        kept = ~in_doubt(table, self.doubtful)
        kept[hits] = True
        return table[kept].reset_index(drop=True), len(hits)

    def from_windows(
        self, column: str, front_end: FrontEnd, how: Joining
    ) -> tuple[Callable[[str, float], pd.DataFrame], NDArray[np.float64]]:
        """Events of a baseline that is a column of the windows, and all scores that it has.

        An event ends where the score falls below its threshold: a level in dB has no half.
        """
        rate, length = front_end.clean.sample_rate_hz, front_end.grid.window_samples
        how = dataclasses.replace(how, off_ratio=1.0)
        tables = dict(list(self.windows.groupby("recording_id")))
        given = {}
        for stream in self.streams:
            names = [piece.header.recording_id for piece in stream.pieces]
            scale = cleaning.raw_per_cleaned(stream.sample_rate, front_end.clean)
            befores = [piece.first / scale for piece in stream.pieces]
            mine = pd.concat(
                [
                    tables[name].assign(start_s=tables[name]["start_s"] + before / rate)
                    for name, before in zip(names, befores, strict=True)
                    if name in tables
                ]
            )
            first = np.rint(mine["start_s"] * rate).to_numpy(np.int64)
            p = mine[column].where(mine["status"] != "gap").to_numpy(float)
            cut = postprocessing.cells(first, length, round(stream.n_samples / scale), how.combine)
            given[names[0]] = postprocessing.levels(p, cut, rate, how)

        def find(label: str, threshold: float) -> pd.DataFrame:
            rows = []
            for stream, (name, known) in zip(self.streams, given.items(), strict=True):
                found = postprocessing.spans_of(known, rate, threshold, how)
                about = {"recording_id": name, "label": label}
                rows += [row | about | timed(row, stream, front_end) for row in found]
            table = pd.DataFrame(rows, columns=list(DETECTED))
            return conform(table, DETECTED, "events")

        values = np.concatenate([known.score for known in given.values()])
        return find, np.unique(values[np.isfinite(values)])


def in_doubt(found: pd.DataFrame, doubtful: pd.DataFrame) -> NDArray[np.bool_]:
    """Which detections lie for more than half in uncertain time.

    Uncertain time is neither event nor background: what is no hit there is no false alarm.
    """
    share = np.zeros(len(found))
    rows = found.groupby("recording_id").indices
    for name, mine in doubtful.groupby("recording_id"):
        if name in rows:
            at = rows[name]
            spans = mine[["onset_s", "offset_s"]].sort_values("onset_s").to_numpy(float)
            onset, offset = (found[c].to_numpy(float)[at] for c in ("onset_s", "offset_s"))
            share[at] = gap_share(union(spans), onset, offset - onset)
    return share > 0.5


def timed(row: Mapping[str, Any], stream: Stream, front_end: FrontEnd) -> dict[str, float]:
    """Onset and offset of an event in seconds of its stream, by the clocks of its files.

    `row` has them in cleaned samples over the rate of the front end.
    """
    rate = front_end.clean.sample_rate_hz
    scale = cleaning.raw_per_cleaned(stream.sample_rate, front_end.clean)
    samples = (round(row[name] * rate) * scale for name in ("onset_s", "offset_s"))
    number, onset, offset = stream.span(*samples)
    begin = stream.apart_s(0, number)
    return {"onset_s": begin + onset, "offset_s": begin + offset}


def cleaned_seconds(times: pd.Series, stream: Stream, front_end: FrontEnd) -> NDArray[np.float64]:
    """Seconds of a stream by the clocks of its files as cleaned samples over the model's rate."""
    begins, _ = _begins(stream)
    seconds = times.to_numpy(float)
    number = np.maximum(np.searchsorted(begins, seconds, side="right") - 1, 0)
    firsts = np.array([piece.first for piece in stream.pieces], float)
    rates = np.array([piece.header.sample_rate for piece in stream.pieces])
    raw = firsts[number] + (seconds - begins[number]) * rates[number]
    scale = cleaning.raw_per_cleaned(stream.sample_rate, front_end.clean)
    return raw / scale / front_end.clean.sample_rate_hz


def _begins(stream: Stream) -> tuple[NDArray[np.float64], list[str]]:
    """Seconds of the stream at which each file begins, and the names of the files."""
    steps = [stream.apart_s(number, number + 1) for number in range(len(stream.pieces) - 1)]
    names = [piece.header.recording_id for piece in stream.pieces]
    return np.concatenate(([0.0], np.cumsum(steps))), names


def _durations(joined: list[Stream]) -> dict[str, float]:
    found = {}
    for stream in joined:
        begins, names = _begins(stream)
        last = stream.pieces[-1].header
        found[names[0]] = float(begins[-1]) + last.n_samples / last.sample_rate
    return found


def on_streams(events: pd.DataFrame, joined: list[Stream]) -> pd.DataFrame:
    """Events of files on the axis of their streams."""
    stream_of: dict[str, str] = {}
    shift_of: dict[str, float] = {}
    for stream in joined:
        begins, names = _begins(stream)
        stream_of |= dict.fromkeys(names, names[0])
        shift_of |= dict(zip(names, begins, strict=True))
    shift = events["recording_id"].map(shift_of).to_numpy(float)
    return events.assign(
        recording_id=events["recording_id"].map(stream_of),
        onset_s=events["onset_s"] + shift,
        offset_s=events["offset_s"] + shift,
    )


def _one_each(events: pd.DataFrame, moved: pd.DataFrame) -> pd.DataFrame:
    """Events on the axis of streams, where an event has a row for each file that it touches."""
    same = ["event_id", "label", "certain"]
    number = events.groupby(["recording_id", *same]).cumcount()
    groups = moved.groupby([moved["recording_id"], *(moved[name] for name in same), number])
    moved = moved.assign(
        onset_s=groups["onset_s"].transform("min"), offset_s=groups["offset_s"].transform("max")
    )
    return moved[groups.cumcount() == 0]


def _truth(events: pd.DataFrame, joined: list[Stream], task: Task) -> pd.DataFrame:
    """The events on the times of the streams, within them, with their own labels as `kind`."""
    truth = events.assign(kind=events["label"])
    if task.kind == "event":
        truth = truth.assign(label=task.events[0])
    truth = _one_each(truth, on_streams(truth, joined))
    ends = truth["recording_id"].map(_durations(joined))
    truth = truth.assign(
        offset_s=truth["offset_s"].clip(upper=ends), onset_s=truth["onset_s"].clip(0)
    )
    return truth[truth["offset_s"] > truth["onset_s"]]


def _parted(
    events: pd.DataFrame,
    windows: pd.DataFrame,
    recordings: pd.DataFrame,
    part: str,
    block_s: float,
) -> pd.DataFrame:
    """Events, where time of other parts is uncertain, and so are events that lie there by half.

    Parameters
    ----------
    windows : recording_id, group and part of recordings with windows of `part`.
    block_s : seconds of the stretches that are groups, called as the recording's group and a
        number.
    """
    others = ~windows["part"].isin([part, "purged"])
    torn = windows[windows["recording_id"].isin(windows["recording_id"][others])]
    seconds = recordings["n_samples"] / recordings["sample_rate"]
    length = dict(zip(recordings["recording_id"], seconds, strict=True))
    closed: list[tuple[str, float, float]] = []
    for name, mine in torn[torn["part"] == part].groupby("recording_id"):
        open_ones = {int(group.rpartition("/")[2]) for group in mine["group"]}
        for number in range(math.ceil(length.get(str(name), 0.0) / block_s)):
            if number not in open_ones:
                begin = number * block_s
                closed.append((str(name), begin, min(begin + block_s, length[str(name)])))
    if not closed:
        return events
    rows = pd.DataFrame(closed, columns=["recording_id", "onset_s", "offset_s"])
    rows = rows.assign(event_id=[f"part {n}" for n in range(len(rows))], label="", certain=False)
    rows = rows.assign(weak=False)
    events = events.assign(certain=events["certain"] & ~in_doubt(events, rows))
    rows = rows.assign(low_hz=np.nan, high_hz=np.nan)[events.columns]
    return pd.concat([events, rows], ignore_index=True)


def heldout(
    part: str,
    recordings: pd.DataFrame,
    events: pd.DataFrame,
    windows: pd.DataFrame,
    gaps: pd.DataFrame,
    split: pd.DataFrame,
    task: Task,
    block_s: float = np.inf,
    alone: bool = False,
) -> Heldout:
    """The labelled recordings that hold windows of one part.

    Where a recording is of several parts, as its blocks are groups, the blocks of others are
    uncertain time: nothing is scored there.

    Parameters
    ----------
    gaps : recording_id, onset_s, offset_s.
    block_s : seconds of the stretches that are groups; infinite where recordings are whole.
    alone : files that follow one another are not joined; see `streams.join`.

    Raises
    ------
    DataError
        There is none.
    """
    named = split.merge(windows[["window_id", "recording_id", "group"]], on="window_id")
    here = named["recording_id"].isin(named["recording_id"][named["part"] == part])
    named = named[here]
    mine = recordings[recordings["recording_id"].isin(named["recording_id"])]
    mine = mine[mine["labelled"]]
    if not len(mine):
        raise DataError(f"no labelled recording lies in the {part} part: run the stage split")
    if np.isfinite(block_s):
        events = _parted(events, named, mine, part, block_s)
    files = [
        (Path(row["path"]), Header(*(row[name] for name in Header._fields)))
        for row in mine.to_dict("records")
    ]
    joined = streams.join(files, alone=alone)
    truth = _truth(events[events["recording_id"].isin(mine["recording_id"])], joined, task)
    certain = truth["certain"]
    return Heldout(
        mine.reset_index(drop=True),
        joined,
        truth[certain].reset_index(drop=True),
        truth[~certain].reset_index(drop=True),
        on_streams(gaps[gaps["recording_id"].isin(mine["recording_id"])], joined).sort_values(
            ["recording_id", "onset_s"], ignore_index=True
        ),
        windows[windows["recording_id"].isin(mine["recording_id"])],
    )
