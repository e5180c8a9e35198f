"""Recordings and labels to the tables of recordings and events."""

from functools import partial
from pathlib import Path

import pandas as pd

from rarewave.annotations import by_file, by_time, doubt, listing, span
from rarewave.annotations.by_time import Uncertainty
from rarewave.annotations.listing import Wanted
from rarewave.annotations.reading import read_catalogue
from rarewave.annotations.sources import Sources
from rarewave.base import parameters
from rarewave.base.files import write_json
from rarewave.base.notices import listed as told
from rarewave.base.parallel import ordered_map
from rarewave.base.tables import EVENTS, RECORDINGS, conform, write_table
from rarewave.dataset.placement import Placement
from rarewave.frontend.cleaning import Cleaning
from rarewave.recordings import reading, repeats
from rarewave.splits.folds import make_folds
from rarewave.splits.notices import few_groups
from stages.shared import artifacts, params
from stages.shared.run import run


def main() -> None:
    """Read every recording once, read the labels, report what does not fit."""
    sources, uncertainty = params.options("ingest", Sources, Uncertainty)
    folder = Path(sources.data)
    files = reading.find_files(folder, sources.pattern)
    catalogue = None
    if sources.labels == "catalogues":
        tables = [read_catalogue(folder / name) for name in sources.label_files]
        catalogue = pd.concat(tables, ignore_index=True)
    section = params.read_section("clean")
    signal = parameters.build(Cleaning, section, "clean")
    placement = parameters.build(Placement, section, "clean")
    wanted = Wanted(signal, placement.window_samples, placement.pad_short)
    table, left_out = listed(files, sources, folder, wanted)
    if catalogue is None:
        events, table, report = by_file.read(sources, folder, table)
    else:
        events, report = by_time.match_events(catalogue, table, uncertainty)
        events, table, spoken = span.within(catalogue, table, events, sources.span())
        report |= spoken
    events = doubt.marked(events, table, sources.uncertain_labels, sources.until_label)
    repeated = repeats.duplicates(table)
    again = [repeat for _, repeat in repeated]  # known once labels are: the labelled one is kept
    table, events = (t[~t["recording_id"].isin(again)] for t in (table, events))
    if sources.folds:
        table["fold"] = make_folds(table, events, sources.folds, sources.fold_seed)
    report |= {
        "left_out": left_out,
        "not_read_for_the_case_of_their_names": reading.overlooked(folder, sources.pattern, files),
        "duplicated_recordings": [f"{b} repeats {a} and is left out" for a, b in repeated],
        "overlapping_recordings": [f"{a} and {b}" for a, b in repeats.overlaps(table)],
    }
    for finding, names in report.items():
        if isinstance(names, list) and names:
            more = " …" if len(names) > 3 else ""
            print(f"{finding.replace('_', ' ')}: {len(names)}: {'; '.join(names[:3])}{more}")
    write_table(artifacts.RECORDINGS, table, RECORDINGS)
    write_table(artifacts.EVENTS, events, EVENTS)
    write_json(artifacts.INGEST_REPORT, report)
    counts = {k: len(v) if isinstance(v, list) else v for k, v in report.items()}
    summary = listing.summary(table, events) | {"found": counts}
    certain = events["recording_id"][events["certain"]]
    eventful = table["group"][table["recording_id"].isin(certain)].nunique()
    off = [] if sources.group == "block" else few_groups(eventful, sources.group)
    write_json(artifacts.metrics("ingest"), summary | told(off))


def listed(
    files: list[Path], sources: Sources, folder: Path, wanted: Wanted
) -> tuple[pd.DataFrame, list[str]]:
    """Table RECORDINGS of some files, and what was left out; what is unusable is named at once."""
    rows = []
    work = partial(listing.describe, sources=sources, wanted=wanted)
    described = ordered_map(work, files, "ingest")
    for path, channels in zip(files, described, strict=True):
        rows += [row | {"path": path.relative_to(folder).as_posix()} for row in channels]
    good, left_out = listing.usable(rows, sources.leave_out_unusable)
    table = good.assign(fold="", labelled=True)
    table["start"] = pd.to_datetime(table["start"], utc=True)
    table["recording_id"] = listing.unique_ids(table)
    table["group"] = table.apply(listing.group_of, axis=1, by=sources.group)
    return conform(table, RECORDINGS, "recordings"), left_out


if __name__ == "__main__":
    run("ingest", main)
