"""Start times in names, and what must not be split: the strictest grouping that can be dealt."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from rarewave.base.errors import DataError
from rarewave.base.notices import some
from rarewave.dataset import training_calls
from rarewave.own_data.folder import Folder
from rarewave.own_data.survey import UNLABELLED, WHOLE, Choice, seconds
from rarewave.recordings import sound

# As recorders and people write times into names.
_TIMES = (
    "%Y%m%d_%H%M%S%z", "%Y%m%d_%H%M%S", "%Y%m%dT%H%M%S%z", "%Y%m%dT%H%M%S", "%Y-%m-%dT%H-%M-%S",
    "%Y-%m-%d_%H-%M-%S", "%Y-%m-%d %H-%M-%S", "%Y-%m-%d %H.%M.%S", "%Y-%m-%d_%H.%M.%S",
    "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H_%M_%S", "%Y%m%d-%H%M%S", "%Y%m%d %H%M%S", "%Y%m%d%H%M%S",
    "%y%m%d%H%M%S", "%y%m%d_%H%M%S", "%Y_%m_%d_%H_%M_%S", "%Y-%m-%d_%H%M%S", "%y%m%d-%H%M%S",
)  # fmt: skip
_LEAST = 4  # groups with examples of each frequent class: train, validation and two to test
_FREQUENT = 20  # examples of a class that should be in so many groups
_BLOCKS, _LEAST_BLOCKS = 24, 8  # of one long recording
_PARTS = 3  # training, validation, test

_ID = "recording_id"


class Grouping(NamedTuple):
    """A way to group, and the parameters of ingest that say it."""

    parameters: dict[str, Choice]
    groups: "pd.Series[str]"  # of each recording

    @property
    def name(self) -> str:
        """The value of ingest.group."""
        return str(self.parameters["group"].value)


def start_pattern(folder: Folder) -> tuple[str | None, list[str]]:
    """The pattern of times in the names of all sound files, None where they hold none.

    And what to say where most hold one: that the others cost all of them their times.
    """
    if folder.seismic:
        return None, []
    fits = {p: [path for path in folder.recordings if sound.has_time(path, p)] for p in _TIMES}
    pattern = max(_TIMES, key=lambda p: len(fits[p]))
    held, total = len(fits[pattern]), len(folder.recordings)
    if held == total:
        return pattern, []
    if 2 * held <= total:
        return None, []
    others = [path for path in folder.recordings if path not in set(fits[pattern])]
    return None, [
        f"{held} of {total} names hold a time ({pattern}), and not {some(list(map(str, others)))}: "
        "no recording gets one, nor a group by what stands before it; rename these, or take them "
        "out of the folder"
    ]


def choose(
    recordings: pd.DataFrame, events: pd.DataFrame, form: str, given: bool, wanted: str | None
) -> tuple[Grouping, list[str]]:
    """The strictest grouping whose groups can be dealt to three parts, and what to say of it.

    Groups are few where sites or days are held together; a class of 20 examples or more should be
    in four of them at least. Where no grouping has that, the one with most groups is taken, or
    stretches of the recordings where these are too few for three parts. An event of the ground
    reaches all stations, so groups that recorded it at one time cannot be dealt.

    Parameters
    ----------
    recordings, events : tables RECORDINGS and EVENTS.
    form : a value of ingest.labels.
    given : whether the groups of the recordings are what a clip table or names say.
    wanted : a value of ingest.group, or None.

    Raises
    ------
    DataError
        What is wanted cannot be made of these recordings.
    """
    if form == UNLABELLED:
        alone = Choice("recording", "nothing is split yet")
        return Grouping({"group": alone}, recordings[_ID]), []
    ways = [way for way in _ways(recordings, form, given, wanted) if way.groups.nunique() > 1]
    shared = {way.name for way in ways if _ground(recordings) and at_once(recordings, way.groups)}
    ways = [way for way in ways if way.name not in shared]
    if wanted:
        mine = [way for way in ways if way.name == wanted]
        if not mine:
            there = ", ".join(dict.fromkeys(way.name for way in ways)) or "block"
            if wanted == "block":
                return _blocks(recordings, events), []
            why = "makes no groups of these recordings"
            if wanted in shared:
                why = "parts recordings of one time, and an event of the ground reaches them all"
            raise DataError(f"--group {wanted} {why}: {there} would")
        return mine[0], []
    ways.sort(key=lambda way: way.groups.nunique())
    good = [way for way in ways if _holds(way, recordings, events)]
    if good:
        stricter = [way.name for way in ways[: ways.index(good[0])]]
        said = [f"groups by {name} are too few to be dealt to three parts" for name in stricter]
        return good[0], said
    best = ways[-1] if ways else None
    few = best is None or len(recordings) < 4 or eventful(best, recordings, events) < _PARTS
    if best is None or (few and form not in WHOLE):
        return _blocks(recordings, events), []
    return best, [
        f"no grouping has four groups of every class of {_FREQUENT} examples: the finest is taken, "
        f"{best.name} with {best.groups.nunique()} groups"
    ]


def _holds(way: Grouping, recordings: pd.DataFrame, events: pd.DataFrame) -> bool:
    certain = events[events["certain"]]
    group = certain["recording_id"].map(
        dict(zip(recordings["recording_id"], way.groups, strict=True))
    )
    counts = certain["label"].value_counts()
    frequent = counts.index[counts >= min(_FREQUENT, counts.max())] if len(counts) else []
    held = group.groupby(certain["label"]).nunique()
    return bool(len(frequent)) and bool((held[frequent] >= _LEAST).all())


def at_once(recordings: pd.DataFrame, groups: "pd.Series[str]") -> bool:
    """Whether recordings of different groups share time."""
    seconds = recordings["n_samples"] / recordings["sample_rate"]
    table = pd.DataFrame({"start": recordings["start"], "group": groups})
    table["end"] = table["start"] + pd.to_timedelta(seconds, unit="s")
    ends: dict[str, pd.Timestamp] = {}  # the latest of each group; those that are over go
    for row in table.dropna().sort_values("start").itertuples():
        ends = {name: end for name, end in ends.items() if end > row.start}
        if any(name != row.group for name in ends):
            return True
        ends[row.group] = max(row.end, ends.get(row.group, row.end))
    return False


def _ground(recordings: pd.DataFrame) -> bool:
    """Whether these are of seismic channels."""
    return bool(recordings["channel"].str.contains(".", regex=False).any())


def eventful(way: Grouping, recordings: pd.DataFrame, events: pd.DataFrame) -> int:
    """How many groups hold a certain event."""
    certain = events[events["certain"]]
    if way.name == "block":
        block_s = way.parameters["block_s"].value
        return int(training_calls.in_blocks(recordings, certain, block_s)[1][_ID].nunique())
    return int(way.groups[recordings[_ID].isin(certain[_ID])].nunique())


def refuse_few(way: Grouping, recordings: pd.DataFrame, events: pd.DataFrame) -> None:
    """Raise `DataError` where training, validation and test cannot have an event each."""
    held = eventful(way, recordings, events)
    if held < _PARTS:
        what = "stretches of the recordings" if way.name == "block" else "groups"
        raise DataError(
            f"labelled events lie in {held} {what} (ingest.group: {way.name}), and training, "
            "validation and test need one each: label events in more recordings, or further on "
            "in these, or choose another --group"
        )


def _ways(
    recordings: pd.DataFrame, form: str, given: bool, wanted: str | None
) -> Iterator[Grouping]:
    """All groupings that recordings allow; by station only where it is wanted."""
    index = recordings.index
    if given:
        choice = Choice("given", "the table or the name says it")
        yield Grouping({"group": choice}, recordings["group"])
    site = _site(recordings) if form != "names" else None
    if site:
        expression, groups = site
        why = f"the part of the names before the time or number, as {groups.iloc[0]}"
        pattern = Choice(expression)
        yield Grouping({"group": Choice("name", why), "group_pattern": pattern}, groups)
    if wanted == "station" and recordings["channel"].str.contains(".", regex=False).all():
        stations = recordings["channel"].str.split(".").str[1]
        yield Grouping({"group": Choice("station", "as asked for")}, stations)
    parents = recordings["path"].map(lambda path: Path(path).parent.as_posix())
    if form != "folders":
        yield Grouping(
            {"group": Choice("folder", "recordings of one folder stay together")}, parents
        )
    if recordings["start"].notna().all():
        days = recordings["start"].dt.strftime("%Y-%m-%d")
        yield Grouping({"group": Choice("day", "recordings of one UTC day stay together")}, days)
    whole = pd.Series(recordings["recording_id"].to_numpy(), index)
    if form != "catalogues":
        yield Grouping({"group": Choice("recording", "each on its own")}, whole)


def _site(recordings: pd.DataFrame) -> tuple[str, "pd.Series[str]"] | None:
    """What stands in names before a time or a number, where several recordings share it."""
    stems = recordings["path"].map(lambda path: Path(path).stem)
    for expression in (
        r"(?P<group>.*?[^\W_\d].*?)[_\-. ]+(?:19|20)\d{2}[_\-]?\d{2}[_\-]?\d{2}.*",
        r"(?P<group>[^_\-. ]*[^\W_\d][^_\-. ]*)[_\-. ]+\d+",
    ):
        found = stems.str.extract(f"^{expression}$", flags=re.DOTALL)["group"]
        if found.notna().all() and 1 < found.nunique() <= len(found) / 2:
            return expression, found.astype(str)
    return None


def _blocks(recordings: pd.DataFrame, events: pd.DataFrame) -> Grouping:
    """Stretches of long recordings, where there are too few recordings to be dealt."""
    total = float((recordings["n_samples"] / recordings["sample_rate"]).sum())
    certain = events[events["certain"]]
    length = float((certain["offset_s"] - certain["onset_s"]).quantile(0.9)) if len(certain) else 0
    block = float(f"{max(total / _BLOCKS, min(10 * length, total / _LEAST_BLOCKS)):.2g}")
    why = f"{len(recordings)} recording(s): stretches of {seconds(block)} are the groups"
    ids = pd.Series(recordings["recording_id"].to_numpy(), recordings.index)
    return Grouping({"group": Choice("block", why), "block_s": Choice(block)}, ids)


def count(grouping: Grouping, recordings: pd.DataFrame) -> int:
    """How many groups there are."""
    if grouping.name != "block":
        return int(grouping.groups.nunique())
    lengths = recordings["n_samples"] / recordings["sample_rate"]
    return int(np.ceil(lengths / grouping.parameters["block_s"].value).sum())
