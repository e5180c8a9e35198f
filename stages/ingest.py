"""Recordings and labels to the tables of recordings and events."""

from functools import partial
from pathlib import Path

import pandas as pd

from rarewave.annotations import by_file, by_time, classes, doubt, listing, span
from rarewave.annotations.by_time import Uncertainty
from rarewave.annotations.listing import Wanted
from rarewave.annotations.reading import read_catalogue
from rarewave.annotations.sources import Sources
from rarewave.base import parameters
from rarewave.base.files import write_csv, write_json
from rarewave.base.parallel import ordered_map
from rarewave.base.tables import EVENTS, RECORDINGS, conform, write_table
from rarewave.dataset.placement import Placement
from rarewave.frontend.cleaning import Cleaning
from rarewave.recordings import reading, repeats
from rarewave.splits.folds import make_folds
from stages.shared import artifacts, params
from stages.shared.run import run


def main() -> None:
    """Read every recording once, read the labels, report what does not fit."""
    sources, uncertainty = params.options("ingest", Sources, Uncertainty)
    folder = Path(sources.data)
    files = reading.find_files(folder, sources.pattern)
    catalogue = None
    if sources.labels == "catalogues":
        columns = sources.label_columns
        tables = [read_catalogue(folder / name, columns) for name in sources.label_files]
        catalogue = pd.concat(tables, ignore_index=True)
    section = params.read_section("clean")
    signal = parameters.build(Cleaning, section, "clean")
    placement = parameters.build(Placement, section, "clean")
    wanted = Wanted(signal, placement.window_samples, placement.pad_short)
    table, about = listed(files, sources, folder, wanted)
    if catalogue is None:
        events, table, report = by_file.read(sources, folder, table)
    else:
        events, report = by_time.match_events(catalogue, table, uncertainty)
    events = doubt.marked(events, table, sources.uncertain_labels, sources.until_label)
    events = classified(events, sources)
    if catalogue is not None:
        events, table, spoken = span.within(catalogue, table, events, sources.span())
        report |= spoken
    repeated = repeats.duplicates(table)
    again = [repeat for _, repeat in repeated]  # known once labels are: the labelled one is kept
    table, events = (t[~t["recording_id"].isin(again)] for t in (table, events))
    if sources.folds:
        table["fold"] = make_folds(table, events, sources.folds, sources.fold_seed)
    report |= about | {
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
    write_json(artifacts.metrics("ingest"), summary)


def classified(events: pd.DataFrame, sources: Sources) -> pd.DataFrame:
    """Events under the names of ingest.classes; counts before and after are said and kept."""
    artifacts.CLASSES.unlink(missing_ok=True)
    if not sources.classes:
        return events
    doubted = {*sources.uncertain_labels, *([sources.until_label] if sources.until_label else [])}
    events, counts = classes.applied(events, sources.classes, doubted)
    print(f"ingest.classes:\n{counts.to_string(index=False)}")
    write_csv(artifacts.CLASSES, counts.to_dict("records"))
    return events


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
    table["group"] = table.apply(listing.group_of, axis=1, by=sources.group)
    about = {"left_out": left_out}
    if sources.channels is not None:
        about["without_a_chosen_channel"] = [*others]
    return conform(table, RECORDINGS, "recordings"), about


if __name__ == "__main__":
    run("ingest", main)
