"""Recordings and their labels, whatever their form, to two tables and a report."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rarewave.annotations import by_file, by_time, classes, doubt, listing, span, strong
from rarewave.annotations.by_time import Uncertainty
from rarewave.annotations.listing import Wanted
from rarewave.annotations.reading import read_catalogue
from rarewave.annotations.sources import Sources
from rarewave.base.parallel import ordered_map
from rarewave.base.tables import EVENTS, RECORDINGS, conform
from rarewave.recordings import reading, repeats


class Intake(NamedTuple):
    """What a folder holds."""

    recordings: pd.DataFrame  # table RECORDINGS, of repeated ones one
    events: pd.DataFrame  # table EVENTS
    report: dict[str, Any]  # what does not fit, lists of words by finding
    classes: pd.DataFrame | None  # counts of labels and of their classes, where classes are given


def take_in(sources: Sources, uncertainty: Uncertainty, wanted: Wanted) -> Intake:
    """Read every recording once, read the labels, report what does not fit.

    Raises
    ------
    DataError
        A recording cannot be used, or labels cannot be read. File, row and fix are named.
    """
    folder = Path(sources.data)
    files = reading.find_files(folder, sources.pattern)
    catalogue = None
    if sources.labels == "catalogues":
        columns = sources.label_columns
        tables = [read_catalogue(folder / name, columns) for name in sources.label_files]
        catalogue = pd.concat(tables, ignore_index=True)
    table, about = listed(files, sources, folder, wanted)
    if sources.labels == "none":
        report: dict[str, Any] = {}
        events = conform(pd.DataFrame(columns=list(EVENTS)), EVENTS, "events")
        table = table.assign(labelled=False)
    elif catalogue is None:
        events, table, report = by_file.read(sources, folder, table)
    else:
        events, report = by_time.match_events(catalogue, table, uncertainty)
    events = doubt.marked(events, table, sources.uncertain_labels, sources.until_label)
    counts = None
    timed = set(report.get("recordings_with_times", []))
    if sources.classes:
        until = [sources.until_label] if sources.until_label else []
        doubted = {*sources.uncertain_labels, *until}
        events, counts = classes.applied(events, sources.classes, doubted)
    if sources.strong_files:
        events = strong.together(events, timed, report)
    if catalogue is not None:
        events, table, spoken = span.within(catalogue, table, events, sources.span())
        report |= spoken
    repeated = repeats.duplicates(table)
    again = [repeat for _, repeat in repeated]  # known once labels are: the labelled one is kept
    table, events = (t[~t["recording_id"].isin(again)] for t in (table, events))
    report |= about | {
        "not_read_for_the_case_of_their_names": reading.overlooked(folder, sources.pattern, files),
        "duplicated_recordings": [f"{b} repeats {a} and is left out" for a, b in repeated],
        "overlapping_recordings": [f"{a} and {b}" for a, b in repeats.overlaps(table)],
    }
    return Intake(table, events, report, counts)


def listed(
    files: list[Path], sources: Sources, folder: Path, wanted: Wanted
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Table RECORDINGS of some files, and what was left out; what is unusable is named at once."""
    rows: list[dict[str, object]] = []
    others: dict[str, list[str]] = {}
    channels: dict[Path, list[str]] = {}
    work = partial(listing.describe, sources=sources, wanted=wanted)
    described = ordered_map(work, files, "ingest")
    for path, found in zip(files, described, strict=True):
        name = path.relative_to(folder).as_posix()
        if not isinstance(found, list):  # it holds other channels than those that are chosen
            others[name] = list(found)
            continue
        channels[path] = [str(row["channel"]) for row in found if "channel" in row]
        rows += [row | {"path": name} for row in found]
    if sources.channels is None:
        listing.refuse_several(channels)
    if not rows:
        listing.refuse_none([i for ids in others.values() for i in ids], sources.patterns())
    good, left_out = listing.usable(rows, sources.leave_out_unusable)
    table = good.assign(fold="", labelled=True)
    table["start"] = pd.to_datetime(table["start"], utc=True)
    table["recording_id"] = listing.unique_ids(table)
    table["group"] = table.apply(
        listing.group_of, axis=1, by=sources.group, pattern=sources.group_pattern
    )
    about = {"left_out": left_out}
    if sources.channels is not None:
        about["without_a_chosen_channel"] = [*others]
    return conform(table, RECORDINGS, "recordings"), about
