"""Look at a folder: recordings, labels, groups, and what can be measured."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from rarewave.annotations.by_time import Uncertainty
from rarewave.annotations.intake import Intake, take_in
from rarewave.annotations.listing import Wanted, suggested
from rarewave.annotations.sources import HELD, Sources
from rarewave.base import parameters
from rarewave.base.errors import DataError
from rarewave.frontend.cleaning import Cleaning
from rarewave.own_data import grouping, label_sources, measures
from rarewave.own_data.folder import Folder
from rarewave.own_data.label_sources import Labels
from rarewave.own_data.survey import UNLABELLED, Choice, Survey
from rarewave.recordings import reading, sound

_LOOKED_AT = 30  # files, for the channels that there are


class Asked(NamedTuple):
    """What a user may say, as it cannot be known; None: it is found out."""

    task: str | None = None  # event, classes or tags
    labels: str | None = None  # a value of ingest.labels; none: what looks like labels is not
    group: str | None = None  # a value of ingest.group
    time_zone: str | None = None
    channels: str | None = None  # a pattern of ingest.channels
    columns: str | None = None  # of label files, as start=t0,end=t1


def survey(
    folder: Folder, data: str, defaults: Mapping[str, Mapping[str, Any]], asked: Asked
) -> tuple[Survey, list[str]]:
    """What is in a folder, and what was noticed on the way; `form` none where nobody labelled it.

    Parameters
    ----------
    data : the folder as `ingest.data` will say it.
    defaults : parameters by section, that hold where nothing is found out.

    Raises
    ------
    DataError
        Labels cannot be read, or are not of the form that is asked for. File, row and fix are
        named.
    """
    folder = _with_columns(folder, asked.columns)
    labels, noticed = _labels(folder, asked)
    ingest, said = _sources(folder, data, labels, asked)
    noticed += said
    if "channels" in ingest and not asked.channels:
        noticed.append(
            f"recordings have several channels: {ingest['channels'].value} is taken; --channels "
            "chooses others"
        )
    if "time_zone" in ingest and not asked.time_zone:
        noticed.append(
            "times in file names say no time zone: UTC is taken; --time-zone Europe/Berlin, or "
            "yours, says another"
        )
    if asked.time_zone and "time_zone" not in ingest:
        sound.zone_of(asked.time_zone)
        noticed.append("--time-zone says nothing here: file names hold no times, or say the zone")
    intake, broken = _read(ingest, defaults, folder.seismic)
    if broken:
        ingest["leave_out_unusable"] = Choice(True, f"{len(broken)} recordings cannot be used")
        noticed.append(f"{len(broken)} recordings cannot be used and are left out: {broken[0]}")
    table, events = intake.recordings.reset_index(drop=True), intake.events
    if labels.form != UNLABELLED:
        _refuse_no_event(events, labels)
    chosen, said = grouping.choose(table, events, labels.form, labels.grouped, asked.group)
    if labels.form != UNLABELLED:
        grouping.refuse_few(chosen, table, events)
    ingest |= chosen.parameters
    groups = grouping.count(chosen, table)
    why = f"{groups} groups; {chosen.parameters['group'].why}"
    ingest["group"] = ingest["group"]._replace(why=why)
    table = table.assign(group=chosen.groups.to_numpy())
    if folder.left_out:
        noticed.append(
            f"{len(folder.left_out)} recordings of another kind are not looked at, as "
            f"{folder.left_out[0]}"
        )
    known = measures.measure(folder.root, table, events)
    return Survey(folder, ingest, table, events, intake.report, groups, known), noticed + said


def _permissive(defaults: Mapping[str, Mapping[str, Any]], seismic: bool) -> Wanted:
    """What no recording that holds a signal is refused by: its band is so low."""
    # Sound of 500 Hz (geophones, infrasound) is no less of use than short clips, which need a rate.
    rate, top = (0.01, None) if seismic else (1000.0, 0.1)
    clean = dict(defaults["clean"]) | {"low_hz": None, "high_hz": top, "sample_rate_hz": rate}
    return Wanted(parameters.build(Cleaning, clean, "clean"), None, True)


def _with_columns(folder: Folder, wanted: str | None) -> Folder:
    """The folder with what columns of its label files hold; one of labels may be of any form."""
    if wanted is None:
        return folder
    pairs = [part.split("=", 1) for part in wanted.split(",")]
    if any(len(pair) < 2 or pair[0].strip() not in HELD or not pair[1].strip() for pair in pairs):
        raise DataError(
            f"--columns is {wanted!r}: write it as start=t0,end=t1,label=what; before each sign of "
            f"equality one of {', '.join(HELD)}"
        )
    columns = {what.strip(): name.strip() for what, name in pairs}
    if set(columns) == {"label"}:
        return folder._replace(label_column=columns["label"])
    return folder._replace(columns=columns)


def _labels(folder: Folder, asked: Asked) -> tuple[Labels, list[str]]:
    """The labels to use: the most telling, those that are asked for, or none."""
    found = label_sources.find(folder) if asked.labels != UNLABELLED else []
    if asked.labels not in (None, UNLABELLED):
        forms = ", ".join(labels.form for labels in found) or "none"
        found = [labels for labels in found if labels.form == asked.labels]
        if not found:
            raise DataError(
                f"{folder.root} has no labels of the form {asked.labels}; found: {forms}"
            )
    if not found and asked.labels is None:
        label_sources.refuse_unread(folder)
    if not found:
        return Labels(UNLABELLED, (), "nobody has labelled them"), []
    others = [labels.form for labels in found[1:]]
    noticed = [f"labels are {found[0].form} ({found[0].why})"]
    if others:
        noticed.append(
            f"there are {', '.join(others)} as well, which say less: --labels takes them"
        )
    return found[0], noticed


def _sources(
    folder: Folder, data: str, labels: Labels, asked: Asked
) -> tuple[dict[str, Choice], list[str]]:
    """Parameters of ingest but for the groups, and what to say of them."""
    found = {
        "data": Choice(data),
        "pattern": Choice(folder.pattern, f"{len(folder.recordings)} files"),
        "labels": Choice(labels.form, labels.why),
    }
    if labels.files:
        found["label_files"] = Choice(list(labels.files))
    if folder.label_column:
        found["label_column"] = Choice(folder.label_column, "as asked for")
    if folder.columns:
        found["label_columns"] = Choice(dict(folder.columns), "as asked for")
    channels = asked.channels or _channels(folder)
    if channels:
        why = "as asked for" if asked.channels else "the vertical one of several"
        found["channels"] = Choice(channels, why)
    if labels.name_pattern:
        found["name_pattern"] = Choice(labels.name_pattern)
    if labels.separator:
        found["label_separator"] = Choice(labels.separator)
    if labels.strong:
        found["strong_files"] = Choice(list(labels.strong), "events are scored against these")
    found["group"] = Choice("given" if labels.grouped else "recording")
    pattern, said = grouping.start_pattern(folder)
    if pattern:
        found["start_pattern"] = Choice(pattern, f"as in {folder.recordings[0].stem}")
        if "%z" not in pattern:
            found["time_zone"] = Choice(asked.time_zone or "UTC", "of the times in the names")
    return found, said


def _channels(folder: Folder) -> str | None:
    """A pattern of one component, where seismic recordings have several."""
    if not folder.seismic:
        return None
    some = folder.recordings[:: max(1, len(folder.recordings) // _LOOKED_AT)]
    ids = {h.channel for path in some for h in reading.headers(folder.root / path, None, None)}
    codes = {name.rsplit(".", 1)[-1] for name in ids}
    return suggested(sorted(ids)) if len(codes) > 1 else None


def _read(
    ingest: dict[str, Choice], defaults: Mapping[str, Mapping[str, Any]], seismic: bool
) -> tuple[Intake, list[str]]:
    """What the stage ingest will read, and the recordings that cannot be used."""
    given = dict(defaults["ingest"]) | {name: choice.value for name, choice in ingest.items()}
    given |= {"leave_out_unusable": True}
    sources = parameters.build(Sources, given, "ingest")
    uncertainty = parameters.build(Uncertainty, given, "ingest")
    intake = take_in(sources, uncertainty, _permissive(defaults, seismic))
    return intake, list(intake.report["left_out"])


def _refuse_no_event(events: pd.DataFrame, labels: Labels) -> None:
    """Raise `DataError` where labels give no stretch of time with an event."""
    if events["certain"].any():
        return
    if len(events):
        raise DataError(
            f"no event has an end: {events['event_id'].nunique()} onsets in "
            f"{', '.join(labels.files)} say when events begin, and a detector learns from "
            "stretches of them: give the ends, as in a table of event_id, start, end, type"
        )
    raise DataError(
        f"no event is labelled: what was found is {labels.form} ({labels.why}), all of it empty; "
        "label some events first"
    )


def describe(found: Survey) -> pd.DataFrame:
    """A row for each label: events, recordings, groups, duration, band, SNR."""
    certain = found.certain
    group = certain["recording_id"].map(
        dict(zip(found.recordings["recording_id"], found.recordings["group"], strict=True))
    )
    lengths = (certain["offset_s"] - certain["onset_s"]).groupby(certain["label"])
    events = certain.groupby("label")["event_id"].nunique()
    measured = found.measures.events.groupby("label")[["low_hz", "high_hz", "snr_db"]].median()
    measured = measured.reindex(events.index)
    table = pd.DataFrame(
        {
            "events": events,
            "recordings": certain.groupby("label")["recording_id"].nunique(),
            "groups": group.groupby(certain["label"]).nunique(),
            "shortest_s": lengths.min(),
            "median_s": lengths.median(),
            "longest_s": lengths.max(),
            "low_hz": measured["low_hz"],
            "high_hz": measured["high_hz"],
            "snr_db": measured["snr_db"],
        }
    )
    if found.whole:  # a clip holds no quiet time beside its sound
        table = table.drop(columns=["low_hz", "high_hz", "snr_db"])
    return table.rename_axis("label").sort_values("events", ascending=False).reset_index()
