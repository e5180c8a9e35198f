"""Recordings and catalogues to the tables of recordings and events."""

from pathlib import Path

import pandas as pd

from rarewave import matching, recordings
from rarewave.catalogues import read_catalogue
from rarewave.errors import DataError
from rarewave.files import write_json
from rarewave.matching import Uncertainty
from rarewave.parallel import ordered_map
from rarewave.sources import Sources
from rarewave.tables import EVENTS, RECORDINGS, conform, write_table
from stages import common

OUT = Path("artifacts/ingest")


def describe(path: Path) -> list[dict[str, object]]:
    """Rows of the table of recordings, one per channel; unusable ones carry a `problem`."""
    try:
        waveforms = recordings.read_file(path)
    except DataError as error:
        return [{"problem": str(error)}]
    rows: list[dict[str, object]] = []
    for waveform in waveforms:
        why = recordings.unusable(waveform.samples)
        rows.append(
            {
                "recording_id": waveform.recording_id,
                "channel": waveform.channel,
                "start": waveform.start,
                "sample_rate": waveform.sample_rate,
                "n_samples": len(waveform.samples),
                "content": recordings.digest(waveform.samples),
                "problem": f"{path}: {why}; take it out of the folder" if why else "",
            }
        )
    return rows


def group_of(row: pd.Series, by: str) -> str:
    """What must not be split: the UTC day, the station or the recording."""
    if by == "day":
        return row["start"].strftime("%Y-%m-%d")
    return row["channel"].split(".")[1] if by == "station" else row["recording_id"]


def main() -> None:
    """Read every recording once, match the events, report what does not fit."""
    sources, uncertainty = common.options("ingest", Sources, Uncertainty)
    folder = Path(sources.data)
    files = recordings.find_files(folder, sources.pattern)
    catalogue = pd.concat(
        [read_catalogue(folder / c) for c in sources.catalogues], ignore_index=True
    )

    rows = []
    for path, found in zip(files, ordered_map(describe, files, "ingest"), strict=True):
        rows += [row | {"path": path.relative_to(folder).as_posix()} for row in found]
    problems = [str(row["problem"]) for row in rows if row["problem"]]
    if problems:
        raise DataError("\n".join(problems))
    table = pd.DataFrame(rows)
    table["group"] = table.apply(group_of, axis=1, by=sources.group)
    table = conform(table, RECORDINGS, "recordings")
    if table["recording_id"].duplicated().any():
        name = table["recording_id"][table["recording_id"].duplicated()].iloc[0]
        raise DataError(f"two files below {folder} are called {name}: rename one of them")

    repeats = matching.duplicates(table)
    table = table[~table["recording_id"].isin([repeat for _, repeat in repeats])]
    events, report = matching.match_events(catalogue, table, uncertainty)
    report |= {
        "duplicated_recordings": [f"{b} repeats {a} and is left out" for a, b in repeats],
        "overlapping_recordings": [f"{a} and {b}" for a, b in matching.overlaps(table)],
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
    }
    counts = {k: len(v) if isinstance(v, list) else v for k, v in report.items()}
    write_json(Path("metrics/ingest.json"), summary | {"found": counts})


if __name__ == "__main__":
    common.run("ingest", main)
