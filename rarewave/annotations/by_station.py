"""Which recordings a catalogue's times are of, where it gives them for each station."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

ELSEWHERE = "*"  # the station of rows of all stations that an event does not name


class Stations(NamedTuple):
    """The station of each recording, and those that each event names."""

    of_recording: Sequence[str]  # NET.STA, empty where it has none
    named: Mapping[str, tuple[str, ...]]  # of events by their id

    def hears(self, recording: int, event: Mapping[Hashable, Any]) -> bool:
        """Whether the times of a row of a catalogue are those of a recording."""
        station, here = event["station"], self.of_recording[recording]
        if station != ELSEWHERE:
            return not station or same(station, here)
        return not any(same(name, here) for name in self.named[event["event_id"]])


def same(one: str, other: str) -> bool:
    """Whether NET.STA, of which NET may be missing, are one station."""
    (net, sta), (other_net, other_sta) = (name.rpartition(".")[::2] for name in (one, other))
    return bool(sta) and sta == other_sta and (not net or not other_net or net == other_net)


def of_channel(channel: str) -> str:
    """NET.STA of NET.STA.LOC.CHA; empty of a channel that is a number or `mean`."""
    return ".".join(channel.split(".")[:2]) if "." in channel else ""


def divided(catalogue: pd.DataFrame, channels: Iterable[str]) -> tuple[pd.DataFrame, Stations]:
    """A catalogue with a row for each recorded station of an event, and one for the others.

    Stations that an event does not name are those of which nobody says when it came: their row,
    of ELSEWHERE, is from the first onset to the last end. Where no station that an event names
    was recorded, its first onset and last end are those of every recording.

    Parameters
    ----------
    catalogue : as `reading.read_catalogue` returns, several concatenated.
    channels : of the recordings.
    """
    stations = [of_channel(channel) for channel in channels]
    known, spoken = set(stations), catalogue[catalogue["station"] != ""]
    reached = {name: {k for k in known if same(name, k)} for name in spoken["station"].unique()}
    recorded = spoken["station"].map(lambda name: bool(reached[name])).astype(bool)
    events = spoken.groupby("event_id", sort=False)
    whole = spoken.drop_duplicates("event_id").set_index("event_id")
    whole = whole.assign(start=events["start"].min(), end=events["end"].max()).reset_index()
    named = {str(name): tuple(given) for name, given in events["station"]}
    heard = {name: set().union(*(reached[k] for k in given)) for name, given in named.items()}
    nowhere = whole["event_id"].map(lambda name: not heard[name]).astype(bool)
    partly = whole["event_id"].map(lambda name: heard[name] != known).astype(bool) & ~nowhere
    parts = [
        catalogue[catalogue["station"] == ""],
        spoken[recorded],
        whole[nowhere].assign(station=""),
        whole[partly].assign(station=ELSEWHERE),
    ]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return table, Stations(stations, named)
