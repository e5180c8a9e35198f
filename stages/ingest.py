"""Recordings and labels to the tables of recordings and events."""

from functools import partial
from pathlib import Path

import pandas as pd

from rarewave.annotations import by_file, by_time
from rarewave.annotations.by_time import Uncertainty
from rarewave.annotations.catalogues import read_catalogue
from rarewave.annotations.sources import Sources
from rarewave.base.errors import DataError
from rarewave.base.files import write_json
from rarewave.base.parallel import ordered_map
from rarewave.base.tables import EVENTS, RECORDINGS, conform, write_table
from rarewave.recordings import reading
from rarewave.recordings.repeats import duplicates, overlaps
from rarewave.splits import folds
from stages import common

OUT = Path("artifacts/ingest")


def describe(path: Path, sources: Sources) -> list[dict[str, object]]:
    """Rows of the table of recordings, one per channel; unusable ones carry a `problem`."""
    rows: list[dict[str, object]] = []
    try:
        for header in reading.headers(path, sources.channel, sources.start_pattern):
            content, why = reading.examine(path, header)
            problem = f"{path}: {why}; take it out of the folder" if why else ""
            rows.append(header._asdict() | {"content": content, "problem": problem})
    except DataError as error:
        return [{"problem": str(error)}]
    return rows


def group_of(row: pd.Series, by: str) -> str:
    """What must not be split: the UTC day, the station, the folder or the recording."""
    if by == "day":
        if pd.isna(row["start"]):
            raise DataError(
                f"{row['path']} has no start time, and ingest.group is day: give "
                "ingest.start_pattern, or choose another group"
            )
        return row["start"].strftime("%Y-%m-%d")
    if by == "station" and "." in row["channel"]:
        return row["channel"].split(".")[1]
    if by == "station":
        raise DataError(
            f"{row['path']} names no station, and ingest.group is station: choose folder or "
            "recording"
        )
    if by == "folder":
        return Path(row["path"]).parent.as_posix()
    return row["recording_id"]


def main() -> None:
    """Read every recording once, read the labels, report what does not fit."""
    sources, uncertainty = common.options("ingest", Sources, Uncertainty)
    folder = Path(sources.data)
    files = reading.find_files(folder, sources.pattern)
    catalogue = None
    if sources.labels == "catalogues":
        found = [read_catalogue(folder / c) for c in sources.label_files]
        catalogue = pd.concat(found, ignore_index=True)

    work = partial(describe, sources=sources)
    rows = []
    for path, found in zip(files, ordered_map(work, files, "ingest"), strict=True):
        rows += [row | {"path": path.relative_to(folder).as_posix()} for row in found]
    problems = [str(row["problem"]) for row in rows if row["problem"]]
    if problems:
        raise DataError("\n".join(problems))
    table = pd.DataFrame(rows).assign(fold="", labelled=True)
    table["start"] = pd.to_datetime(table["start"], utc=True)
    table["recording_id"] = unique_ids(table)
    table["group"] = table.apply(group_of, axis=1, by=sources.group)
    table = conform(table, RECORDINGS, "recordings")

    repeats = duplicates(table)
    table = table[~table["recording_id"].isin([repeat for _, repeat in repeats])]
    if catalogue is None:
        events, table, report = by_file.read(sources, folder, table)
    else:
        events, report = by_time.match_events(catalogue, table, uncertainty)
    if sources.folds:
        table["fold"] = folds.make_folds(table, events, sources.folds, sources.fold_seed)
    report |= {
        "duplicated_recordings": [f"{b} repeats {a} and is left out" for a, b in repeats],
        "overlapping_recordings": [f"{a} and {b}" for a, b in overlaps(table)],
    }
    for finding, names in report.items():
        if isinstance(names, list) and names:
            print(
                f"{finding.replace('_', ' ')}: {len(names)}: {'; '.join(names[:3])}",
                end="",
            )
            print(" …" if len(names) > 3 else "")

    write_table(OUT / "recordings.parquet", table, RECORDINGS)
    write_table(OUT / "events.parquet", events, EVENTS)
    write_json(OUT / "report.json", report)
    certain = events[events["certain"]]
    summary = {
        "recordings": len(table),
        "hours": float((table["n_samples"] / table["sample_rate"]).sum() / 3600),
        "groups": int(table["group"].nunique()),
        "events": int(certain["event_id"].nunique()),
        "events_per_type": certain.groupby("label")["event_id"].nunique().to_dict(),
        "unlabelled_recordings": int((~table["labelled"]).sum()),
    }
    counts = {k: len(v) if isinstance(v, list) else v for k, v in report.items()}
    write_json(Path("metrics/ingest.json"), summary | {"found": counts})


def unique_ids(table: pd.DataFrame) -> pd.Series:
    """Recording ids: the stem of the file, with its folder where several files have that stem."""
    ids = table["recording_id"]
    several = table.groupby(ids)["path"].transform("nunique") > 1
    folder = table["path"].map(lambda p: Path(p).parent.as_posix())
    found = ids.where(~several | (folder == "."), folder + "/" + ids)
    if found.duplicated().any():
        name = found[found.duplicated()].iloc[0]
        files = " and ".join(table["path"][found == name])
        raise DataError(f"two files are called {name} ({files}): rename one of them")
    return found


if __name__ == "__main__":
    common.run("ingest", main)
