"""Recordings and labels to the tables of recordings and events."""

from functools import partial
from pathlib import Path

import pandas as pd

from rarewave.annotations import by_file, by_time, listing
from rarewave.annotations.by_time import Uncertainty
from rarewave.annotations.reading import read_catalogue
from rarewave.annotations.sources import Sources
from rarewave.base.errors import DataError
from rarewave.base.files import write_json
from rarewave.base.parallel import ordered_map
from rarewave.base.tables import EVENTS, RECORDINGS, conform, write_table
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
        tables = [read_catalogue(folder / name) for name in sources.label_files]
        catalogue = pd.concat(tables, ignore_index=True)
    table = listed(files, sources, folder)
    repeated = repeats.duplicates(table)
    table = table[~table["recording_id"].isin([repeat for _, repeat in repeated])]
    if catalogue is None:
        events, table, report = by_file.read(sources, folder, table)
    else:
        events, report = by_time.match_events(catalogue, table, uncertainty)
    if sources.folds:
        table["fold"] = make_folds(table, events, sources.folds, sources.fold_seed)
    report |= {
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


def listed(files: list[Path], sources: Sources, folder: Path) -> pd.DataFrame:
    """Table RECORDINGS of some files; all that are unusable are named at once."""
    rows = []
    described = ordered_map(partial(listing.describe, sources=sources), files, "ingest")
    for path, channels in zip(files, described, strict=True):
        rows += [row | {"path": path.relative_to(folder).as_posix()} for row in channels]
    problems = [str(row["problem"]) for row in rows if row["problem"]]
    if problems:
        raise DataError("\n".join(problems))
    table = pd.DataFrame(rows).assign(fold="", labelled=True)
    table["start"] = pd.to_datetime(table["start"], utc=True)
    table["recording_id"] = listing.unique_ids(table)
    table["group"] = table.apply(listing.group_of, axis=1, by=sources.group)
    return conform(table, RECORDINGS, "recordings")


if __name__ == "__main__":
    run("ingest", main)
