"""Recordings that repeat or overlap one another."""

import re
from pathlib import PurePosixPath
from typing import Any

import pandas as pd


def duplicates(recordings: pd.DataFrame) -> list[tuple[str, str]]:
    """Pairs (first, repeat) of recordings with the same samples, rate and start.

    The first is the first that is labelled, if any is.
    """
    first: dict[tuple[Any, ...], str] = {}
    pairs = []
    ordered = recordings.sort_values("labelled", ascending=False, kind="stable")
    keys = ordered[["content", "sample_rate", "start"]].itertuples(index=False, name=None)
    for key, name in zip(keys, ordered["recording_id"], strict=True):
        if key in first:
            pairs.append((first[key], name))
        first.setdefault(key, name)
    return pairs


def _place(channel: str, path: str) -> str:
    if "." in channel:  # NET.STA.LOC.CHA
        return channel
    file = PurePosixPath(path)
    return f"{channel} {file.parent / re.split(r'[0-9]{6}', file.stem)[0]}"


def overlaps(recordings: pd.DataFrame) -> list[tuple[str, str]]:
    """Pairs of recordings of one channel that share time without being the same.

    Channels of sound files say nothing of the place: those of one folder are compared whose names
    are alike up to their time.
    """
    pairs = []
    length = pd.to_timedelta(recordings["n_samples"] / recordings["sample_rate"], unit="s")
    places = map(_place, recordings["channel"], recordings["path"])
    table = recordings.assign(finish=recordings["start"] + length, place=list(places))
    for _, channel in table.dropna(subset="start").groupby("place", sort=True):
        running: list[dict[str, Any]] = []
        for row in channel.sort_values(["start", "recording_id"]).to_dict("records"):
            # miniSEED rounds times: less than half a sample is no overlap.
            least = pd.Timedelta(seconds=0.5 / row["sample_rate"])
            running = [other for other in running if other["finish"] - row["start"] > least]
            pairs += [(other["recording_id"], row["recording_id"]) for other in running]
            running.append(row)
    return pairs
