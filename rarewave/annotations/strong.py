"""Recordings whose labels are of the whole, and events with times of some of them."""

from typing import Any

import pandas as pd


def together(events: pd.DataFrame, timed: set[str], report: dict[str, Any]) -> pd.DataFrame:
    """Table EVENTS where an event with times takes the place of the weak label that it belongs to.

    A weak label without such an event in its recording stays weak, and so does a certain one of
    which only uncertain events are there: nobody doubts that it sounds.

    Parameters
    ----------
    events : with the weak labels of all recordings and the events with times of some.
    timed : recordings that tables of events with times name.
    report : gets the weak labels of these recordings that have no event with times, and events
        with times whose label no weak one says.
    """
    names = pd.MultiIndex.from_frame(events[["recording_id", "label"]])
    weak = events["weak"].to_numpy(bool)
    certain = events["certain"].to_numpy(bool)
    twice = weak & names.isin(names[~weak & certain])
    twice |= weak & ~certain & names.isin(names[~weak])
    alone = weak & ~names.isin(names[~weak]) & events["recording_id"].isin(timed).to_numpy()
    lacking = ~weak & ~names.isin(names[weak])
    for name, rows in (
        ("weak_labels_without_times", alone),
        ("events_with_times_of_no_weak_label", lacking),
    ):
        report[name] = [f"{label} in {recording}" for recording, label in names[rows].unique()]
    return events[~twice].reset_index(drop=True)
