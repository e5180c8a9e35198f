"""The table of recordings: files, their headers, groups and names."""

from pathlib import Path

import pandas as pd

from rarewave.annotations.sources import Sources
from rarewave.base.errors import DataError
from rarewave.recordings import reading


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
    """What must not be split: the UTC day, the station, the folder or the recording.

    Raises
    ------
    DataError
        The recording has no start time, or no station.
    """
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


def unique_ids(table: pd.DataFrame) -> pd.Series:
    """Recording ids: the stem of the file, with its folder where several files have that stem.

    Raises
    ------
    DataError
        Two files would have the same.
    """
    ids = table["recording_id"]
    several = table.groupby(ids)["path"].transform("nunique") > 1
    folder = table["path"].map(lambda p: Path(p).parent.as_posix())
    names = ids.where(~several | (folder == "."), folder + "/" + ids)
    if names.duplicated().any():
        name = names[names.duplicated()].iloc[0]
        files = " and ".join(table["path"][names == name])
        raise DataError(f"two files are called {name} ({files}): rename one of them")
    return names


def summary(table: pd.DataFrame, events: pd.DataFrame) -> dict[str, object]:
    """Numbers of recordings, hours, groups and events."""
    certain = events[events["certain"]]
    return {
        "recordings": len(table),
        "hours": float((table["n_samples"] / table["sample_rate"]).sum() / 3600),
        "groups": int(table["group"].nunique()),
        "events": int(certain["event_id"].nunique()),
        "events_per_type": certain.groupby("label")["event_id"].nunique().to_dict(),
        "unlabelled_recordings": int((~table["labelled"]).sum()),
    }
