"""The table of recordings: files, their headers, groups and names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from rarewave.annotations import images_fit
from rarewave.annotations.formats.names import labels_from_name
from rarewave.annotations.sources import Sources
from rarewave.base.errors import DataError
from rarewave.frontend import cleaning
from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.grid import PadShort
from rarewave.recordings import images, reading
from rarewave.recordings.reading import Header
from rarewave.recordings.seismic import OtherChannelsError


class Wanted(NamedTuple):
    """What cleaning and windows ask of a recording."""

    cleaning: Cleaning
    window_samples: int | None  # None: the calls will say
    pad_short: PadShort


def describe(
    path: Path, sources: Sources, wanted: Wanted
) -> list[dict[str, object]] | tuple[str, ...]:
    """Rows of the table of recordings, one per channel; unusable ones carry a `problem`.

    A tuple of its channels where none of them is chosen.
    """
    rows: list[dict[str, object]] = []
    try:
        origin = ""
        given = sources.channel, sources.start_pattern, sources.time_zone, sources.patterns()
        for header in reading.headers(path, *given):
            content, why = reading.examine(path, header)
            name = reading.said(path, header.channel)
            problem = f"{name}: {why}; take it out of the folder" if why else ""
            if images.is_image(path):
                problem = problem or images_fit.unfit(path, wanted.cleaning)
                origin = images.origin(path)
            problem = problem or unfit(path, header, wanted)
            about = {"content": content, "problem": problem, "origin": origin}
            rows.append(header._asdict() | about)
    except OtherChannelsError as error:
        return error.ids
    except DataError as error:
        return [{"problem": str(error)}]
    return rows


def refuse_several(files: Mapping[Path, Sequence[str]]) -> None:
    """Raise `DataError` where a file has several channels, as none was chosen.

    Parameters
    ----------
    files : the channels of each file.
    """
    several = [path for path, channels in files.items() if len(channels) > 1]
    if several:
        ids = sorted({channel for channels in files.values() for channel in channels})
        shown = ", ".join(ids[:12]) + (" …" if len(ids) > 12 else "")
        raise DataError(
            f"{several[0]} holds {len(files[several[0]])} channels (there are {shown}): choose "
            f'with  channels: "{suggested(ids)}"  below ingest in params.yaml, or "*" for every '
            "channel as a recording of its own"
        )


def refuse_none(others: Sequence[str], chosen: Sequence[str] | None) -> None:
    """Raise `DataError`: no file has a channel that was chosen, but these."""
    ids = sorted(set(others))
    shown = ", ".join(ids[:12]) + (" …" if len(ids) > 12 else "")
    raise DataError(
        f"no recording has a channel that fits ingest.channels {', '.join(chosen or ())}: there "
        f'are {shown}; write it as "{suggested(ids)}"'
    )


def suggested(ids: Sequence[str]) -> str:
    """A pattern of one component at all stations: the vertical one, or the first there is."""
    component = min((i.split(".")[-1] for i in ids), key=lambda cha: (not cha.endswith("Z"), cha))
    fields = zip(*(i.split(".") for i in ids if i.split(".")[-1] == component), strict=True)
    return ".".join(values[0] if len(set(values)) == 1 else "*" for values in fields)


def unfit(path: Path, header: Header, wanted: Wanted) -> str:
    """Why a recording cannot become windows, empty where it can."""
    rate = wanted.cleaning.sample_rate_hz
    try:
        count = cleaning.plan(header.n_samples, header.sample_rate, wanted.cleaning).length
    except DataError as error:
        return f"{reading.said(path, header.channel)}: {error}"
    length = wanted.window_samples or 16
    if count >= length or (wanted.pad_short and count > 1):
        return ""
    return (
        f"{reading.said(path, header.channel)} is shorter than a window: {count / rate:.3g} s of "
        f"{length / rate:.3g} s; take it out of the folder, lower clean.window_samples, or set "
        "clean.pad_short or ingest.leave_out_unusable"
    )


def usable(rows: list[dict[str, object]], leave_out: bool) -> tuple[pd.DataFrame, list[str]]:
    """The rows without a problem, and the problems of the others.

    Raises
    ------
    DataError
        There are problems, all named, and they are not to be left out; or nothing is left.
    """
    problems = [str(row["problem"]) for row in rows if row["problem"]]
    good = [row for row in rows if not row["problem"]]
    if problems and not (leave_out and good):
        head = "" if len(problems) < 2 else f"{len(problems)} recordings cannot be used:\n"
        raise DataError(head + "\n".join(images_fit.once(problems)))
    return pd.DataFrame(good), problems


def group_of(row: pd.Series, by: str, pattern: str | None = None) -> str:
    """What must not be split: the UTC day, the station, the folder, the recording, or of its name.

    Of `block`, which parts recordings, it is the recording here. Pictures of one recording are
    of that, where it is known.

    Raises
    ------
    DataError
        The recording has no start time, no station, or a name that `pattern` does not fit.
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
    if by == "name":
        return labels_from_name(str(pattern), row["path"], "ingest.group_pattern")["group"]
    if by == "folder":
        return Path(row["path"]).parent.as_posix()
    return row.get("origin") or row["recording_id"]


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
    weak = set(events["recording_id"][events["weak"]])
    timed = set(events["recording_id"][~events["weak"]]) - weak
    return {
        "recordings": len(table),
        "hours": float((table["n_samples"] / table["sample_rate"]).sum() / 3600),
        "groups": int(table["group"].nunique()),
        "events": int(certain["event_id"].nunique()),
        "events_per_type": certain.groupby("label")["event_id"].nunique().to_dict(),
        "unlabelled_recordings": int((~table["labelled"]).sum()),
    } | (
        {"weakly_labelled_recordings": len(weak), "strongly_labelled_recordings": len(timed)}
        if weak
        else {}
    )
