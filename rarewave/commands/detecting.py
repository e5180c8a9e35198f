"""The command detect: a model over any recordings, to label files of other programs."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from rarewave import __version__
from rarewave.annotations import images_fit, writing
from rarewave.annotations.writing import Listed
from rarewave.base.errors import DataError
from rarewave.base.files import shown, whole
from rarewave.base.tables import COVERAGE
from rarewave.commands import results, tables
from rarewave.detection import coverage as detection_coverage
from rarewave.detection import event_list, levels, scanning
from rarewave.detection.coverage import unaccounted
from rarewave.frontend.transform import FrontEnd
from rarewave.model import beside, detector, novelty, review
from rarewave.model.package import Package, Source, load, read_as
from rarewave.recordings import images, reading, seismic, sound, stations, streams
from rarewave.recordings.reading import Header
from rarewave.recordings.seismic import OtherChannelsError

if TYPE_CHECKING:
    from obspy import Inventory


class Wishes(NamedTuple):
    """What a user may say beside model, recordings and `--out`."""

    forms: tuple[str, ...] = ("raven",)  # names in `writing.WRITERS`
    channel: int | str | None = None  # a number, mean, a pattern, or as the model learnt
    start_pattern: str | None = None  # of names of sound files; None: as the model learnt
    in_order: bool = False  # the files follow one another as given, though they have no times
    stations: Path | None = None  # StationXML with the places of the stations
    any_level: bool = False  # also where most recordings are far from what the model learnt from
    abstain: bool = False  # leave out events that are novel


def detect(model: str, paths: Sequence[Path], out: Path, part: Path, wishes: Wishes) -> bool:
    """Write the events of recordings, and what was seen of every file, into `out`.

    Files that follow one another without a gap are one recording. Scores are kept in `part` while
    the work goes on, so that it can be stopped and gone on with; event lists are written when all
    is done, then `detect.json`, `coverage.csv` last.

    Parameters
    ----------
    model : a folder, a `.keras` file or an MLflow URI.
    paths : recordings, and folders that are searched for them.
    out, part : what `results.opened` gives.

    Returns
    -------
    Whether every file was whole and every second accounted for.

    Raises
    ------
    DataError
        No model, no recordings, most of them in another unit than the model's, or events that a
        format cannot hold.
    """
    package = load(model)
    _refuse_abstain(package, wishes)
    source = read_as(package, wishes.channel, wishes.start_pattern)
    if wishes.start_pattern is not None:
        sound.check_pattern(wishes.start_pattern)
    places = None if wishes.stations is None else stations.read(wishes.stations)
    files, broken = headers_of(recordings_of(paths), source, wishes.start_pattern is not None)
    listed = listed_of([(path, header.channel) for path, header, _, _ in files])
    forms = _forms(wishes, files)
    joined = _joined(package, wishes, files)
    refuse_odd(package, joined, wishes.any_level)
    left_out = [tables.NOVEL] if wishes.abstain else []
    results.plan(out, part, [tables.RECORDINGS, *left_out, *_made(forms, listed)])
    scanned = _scanned(package, joined, part)
    covers = [detection_coverage.coverage(s, package.detector.scans) for s in scanned]
    coverage = _coverage(covers, files, broken)
    found = review.reviewed(package, scanned, _events(package, scanned))
    found = _with_files(found, joined, listed, package.detector.scans)
    events, novel = _apart(found, package, wishes.abstain)
    counts = tables.by_recording(coverage, events, package.detector.task.events)
    events, novel = (_traced(table, package, places) for table in (events, novel))
    if "quakeml" in forms:
        _say_places(events)
    scored = _scored(listed, covers, files)
    if wishes.abstain:
        writing.write_table(out / tables.NOVEL, novel, scored)
        print(f"{len(novel)} of {len(found)} events are novel and left out: {out / tables.NOVEL}")
    for form in forms:
        writing.write(out, form, events, scored)
    with whole(out / tables.RECORDINGS) as path:
        counts.to_csv(path, index=False)
    about = _about(package, source, wishes.forms, _made(forms, scored), files)
    results.finish(out, about, coverage)
    return _report(coverage, events, out)


def _forms(wishes: Wishes, files: "Sequence[File]") -> tuple[str, ...]:
    """The forms to write, which can hold events of all files."""
    forms = (*dict.fromkeys([*wishes.forms, tables.COMBINED]),)
    headers = [(path, header.start, header.channel) for path, header, _, _ in files]
    for form in forms:
        writing.check_recordings(form, headers)
    return forms


def _joined(package: Package, wishes: Wishes, files: "Sequence[File]") -> list[streams.Stream]:
    """Files that follow one another as one stream, heard as the model's training heard them."""
    joined, alone = [], package.detector.front_end.clean.noise_s is not None
    for run in _unbroken(files) if wishes.in_order else [files]:
        pairs = [(path, header) for path, header, _, _ in run]
        joined += streams.join(pairs, wishes.in_order, alone)
    return [stream._replace(responses=package.responses) for stream in joined]


def _made(forms: Sequence[str], listed: dict[str, Listed]) -> dict[str, tuple[str, str]]:
    """The files of some forms, as `writing.files` gives those of one."""
    return {file: of for form in forms for file, of in writing.files(form, listed).items()}


def refuse_odd(package: Package, joined: Sequence[streams.Stream], go_on: bool) -> None:
    """Say what sets recordings apart from those of training; refuse most of another level."""
    front_end = package.detector.front_end
    for piece in (piece for stream in joined for piece in stream.pieces):
        images_fit.refuse_unfit(piece.path, front_end)
    if package.trained is None:
        return
    looked_at = tqdm(joined, unit="recording", desc="levels", disable=None)
    found = [levels.of_stream(front_end, stream) for stream in looked_at]
    odd = levels.odd(package.trained, front_end.clean.output, found)
    if odd.most and not go_on:
        raise DataError("; ".join([*odd.says, "--any-level scans them all the same"]))
    for says in odd.says:
        print(f"warning: {says}")


def _scanned(
    package: Package, joined: Sequence[streams.Stream], folder: Path
) -> list[scanning.Scan]:
    """Scores of recordings, kept in a folder under the key of the model and the recording.

    Says which recordings are mostly unlike those of training.
    """
    inner, known = package.detector, package.novelty
    scorer = beside.scorer_alone(inner) if known is None else novelty.scorer(inner, known)
    state = repr(detector.describe(inner)) + (known.digest if known is not None else "")
    state += repr([float(w.sum()) for network in inner.networks for w in network.get_weights()])
    total = sum(s.n_samples / s.sample_rate for s in joined)
    with tqdm(total=round(total), unit="s", desc="detect", disable=None) as bar:
        work = [(s, folder / f"{scanning.key(s, state)}.f32") for s in joined]
        found = scanning.scans(scorer, work, bar.update)
    for scan in found:
        if says := review.unlike(package, scan):
            piece = scan.stream.pieces[0]
            print(f"warning: {reading.said(piece.path, piece.header.channel)}: {says}")
    return found


def _refuse_abstain(package: Package, wishes: Wishes) -> None:
    """Raise `DataError` where novel events are to be left out and nothing is known of them."""
    if wishes.abstain and package.novelty is None:
        raise DataError(
            "--abstain: the model keeps no training windows to compare with: run the stages "
            "uncertainty and detect of its project again"
        )


def _apart(
    events: pd.DataFrame, package: Package, abstain: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events to list, and, where `abstain`, those that are novel."""
    novel = np.zeros(len(events), bool)
    if abstain and package.novelty is not None:
        novel = (events["novelty"] >= package.novelty.at).to_numpy()
    return events[~novel].reset_index(drop=True), events[novel].reset_index(drop=True)


def _events(package: Package, scanned: Sequence[scanning.Scan]) -> pd.DataFrame:
    """Events of all recordings at the thresholds of a package."""
    inner = package.detector
    classes = {name: inner.task.names.index(name) for name in inner.task.events}
    given = (package.thresholds, package.joining, package.bands)
    return event_list.events(scanned, inner.scans, classes, *given)


def _traced(events: pd.DataFrame, package: Package, places: "Inventory | None") -> pd.DataFrame:
    """Events as lists have them: with model, version and threshold, and the station's place."""
    events = events.drop(columns=[*event_list.IN_STREAM, "recording_id"])
    thresholds = events["label"].map(dict(package.thresholds)).astype(float)
    events = events.assign(threshold=thresholds, model=package.digest, version=__version__)
    return events if places is None else stations.with_places(events, places)


def _say_places(events: pd.DataFrame) -> None:
    """Say of how many events no station's place is known: they have no origin."""
    unknown = events
    if "latitude" in events:
        unknown = events[events[["latitude", "longitude"]].isna().any(axis=1)]
    if len(unknown):
        names = ", ".join(sorted(set(unknown["channel_id"]))[:3])
        print(
            f"{len(unknown)} events have picks and no origin, as no place is known of {names}: "
            "give --stations, a StationXML file"
        )


def _about(
    package: Package,
    source: Source,
    forms: Sequence[str],
    made: dict[str, tuple[str, str]],
    files: "list[File]",
) -> dict[str, Any]:
    """What `detect.json` says of a run: the same for the same model, recordings and wishes."""
    return {
        "version": __version__,
        "model": {
            "digest": package.digest,
            "network": package.detector.network_name,
            "thresholds": dict(package.thresholds),
        },
        "novel_from": None if package.novelty is None else package.novelty.at,
        "formats": list(forms),
        "channel": reading.MEAN if source.channel is None else source.channel,
        "channels": None if source.channels is None else list(source.channels),
        "start_pattern": source.start_pattern,
        "recordings": list(dict.fromkeys(str(path) for path, *_ in files)),
        "files": {
            file: {"recording": path or None, "channel": channel or None}
            for file, (path, channel) in made.items()
        },
    }


def recordings_of(paths: Sequence[Path]) -> list[Path]:
    """Files as given, and the recordings below folders, sorted."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = (p for p in path.rglob("*") if p.is_file())
            shown = [p for p in below if _is_shown(p.relative_to(path))]
            inside = sorted(p for p in shown if sound.is_sound(p) or seismic.is_called_so(p))
            inside = inside or sorted(p for p in shown if images.is_image(p))
            if not inside:
                raise DataError(
                    f"no recordings in {path}: it holds no sound file, no miniSEED or SAC file, "
                    "and no picture"
                )
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise DataError(f"{path} does not exist")
    return list({path.resolve(): path for path in reversed(files)}.values())[::-1]


def _is_shown(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts if part not in (".", ".."))


File = tuple[Path, Header, float, str]


def _unbroken(files: Sequence[File]) -> list[list[File]]:
    """Files in order, cut behind each that lacks something: time was lost there."""
    runs: list[list[File]] = [[]]
    for file in files:
        runs[-1].append(file)
        if file[3]:
            runs.append([])
    return [run for run in runs if run]


def headers_of(
    paths: Sequence[Path], source: Source, strict: bool
) -> tuple[list[File], list[tuple[Path, str]]]:
    """Recordings of files with the seconds they lack and why, and files that are unreadable.

    `strict`: a sound file whose name does not fit the start pattern is unreadable; else, where
    the pattern is only the model's, it is read as if there were none.
    """
    files: list[File] = []
    broken, unfit = [], 0
    for path in paths:
        pattern = source.start_pattern
        if pattern and not strict and sound.is_sound(path) and not sound.has_time(path, pattern):
            pattern, unfit = None, unfit + 1
        try:
            headers, lacking, problem = reading.readable(
                path, source.channel, pattern, source.time_zone, source.channels
            )
        except OtherChannelsError as error:
            broken.append((path, f"{error}; give --channel, or leave it out"))
            continue
        except DataError as error:
            broken.append((path, str(error)))
            continue
        files += [(path, header, lacking, problem) for header in headers if header.n_samples]
        if not any(header.n_samples for header in headers):
            broken.append((path, problem))
    if source.channel is not None and any(sound.is_sound(path) for path in paths):
        print(f"channel {source.channel} of sound files")
    mixed = sum(header.channel == reading.MEAN for _, header, _, _ in files)
    if mixed and source.channel is None:
        print(f"{mixed} files have several channels: their mean is taken; --channel chooses one")
    if source.channels is not None and any("." in header.channel for _, header, _, _ in files):
        print(f"channels {', '.join(source.channels)} of seismic files")
    if unfit:
        print(
            f"{unfit} names hold no time of the model's start pattern {source.start_pattern}: "
            "read without it"
        )
    return files, broken


def _with_files(
    events: pd.DataFrame,
    joined: Sequence[streams.Stream],
    listed: dict[str, Listed],
    front_end: FrontEnd,
) -> pd.DataFrame:
    """Events with the name of their file, its channel and UTC times, as fine as they are known."""
    numbers = zip(events["scan"], events["piece"], strict=True)
    pieces = [joined[stream].pieces[piece] for stream, piece in numbers]
    lasts = [p.header.n_samples / p.header.sample_rate for p in pieces]
    events = tables.rounded(events, front_end, pd.Series(lasts, dtype=float))
    starts = pd.to_datetime(pd.Series([p.header.start for p in pieces], dtype=object), utc=True)
    return events.assign(
        file=[p.path.name for p in pieces],
        path=[str(p.path) for p in pieces],
        channel_id=[p.header.channel for p in pieces],
        channel=[number_of(p.header.channel, listed[str(p.path)].channels) for p in pieces],
        nyquist_hz=[p.header.sample_rate / 2 for p in pieces],
        start=starts + pd.to_timedelta(events["onset_s"], unit="s"),
        end=starts + pd.to_timedelta(events["offset_s"], unit="s"),
    )


def number_of(channel: str, channels: Sequence[str]) -> int:
    """Of a sound file the channel's own; of others its place, from 1, among the file's channels."""
    if channel.isdigit():
        return int(channel)
    return channels.index(channel) + 1 if channel in channels else 1


def _coverage(
    covers: list[pd.DataFrame], files: list[File], broken: list[tuple[Path, str]]
) -> pd.DataFrame:
    """Table COVERAGE of all files, in the order of their names."""
    lacking = {(str(path), header.recording_id): (s, why) for path, header, s, why in files}
    table = pd.concat(covers, ignore_index=True) if covers else pd.DataFrame(columns=[*COVERAGE])
    for row, key in enumerate(zip(table["path"], table["recording_id"], strict=True)):
        seconds, why = lacking[key]
        table.loc[row, "duration_s"] += seconds
        table.loc[row, "unreadable_s"] += seconds
        if why:
            table.loc[row, "problem"] = why
    rows: list[dict[str, Any]] = [
        {"path": shown(path), "recording_id": shown(path.stem), "problem": why}
        for path, why in broken
    ]
    return pd.concat([table, pd.DataFrame(rows, columns=[*COVERAGE])]).sort_values(
        "path", ignore_index=True
    )


def listed_of(files: Sequence[tuple[Path, str]]) -> dict[str, Listed]:
    """How lists name each file: by its name, or by its path where several have that name.

    Parameters
    ----------
    files : path and channel of each channel of each file.
    """
    distinct = list(dict.fromkeys(path for path, _ in files))
    names = [path.name for path in distinct]
    if len(set(names)) < len(names):
        common = Path(os.path.commonpath([path.resolve().parent for path in distinct]))
        names = [path.resolve().relative_to(common).as_posix() for path in distinct]
    channels: dict[Path, list[str]] = {}
    for path, channel in files:
        channels.setdefault(path, []).append(channel)
    return {
        str(path): Listed(name, tuple(channels[path]) if len(channels[path]) > 1 else ())
        for path, name in zip(distinct, names, strict=True)
    }


def _scored(
    listed: dict[str, Listed], covers: Sequence[pd.DataFrame], files: Sequence[File]
) -> dict[str, Listed]:
    """Files of which anything was scored: an empty list of another would say: nothing is there."""
    seen = {
        (row["path"], row["recording_id"])
        for table in covers
        for row in table[table["scored_s"] > 0].to_dict("records")
    }
    channels: dict[str, list[str]] = {}
    for path, header, _, _ in files:
        if (str(path), header.recording_id) in seen:
            channels.setdefault(str(path), []).append(header.channel)
    return {
        path: one._replace(channels=tuple(channels[path]) if one.channels else ())
        for path, one in listed.items()
        if path in channels
    }


def _report(coverage: pd.DataFrame, events: pd.DataFrame, out: Path) -> bool:
    """Print what was found and what was not seen; whether all is well."""
    count = events["label"].value_counts().to_dict()
    kinds = ("duration_s", *detection_coverage.KINDS)
    seconds = {name.removesuffix("_s"): float(coverage[name].sum()) for name in kinds}
    print(f"{len(coverage)} recordings, {seconds.pop('duration'):.1f} s:", end=" ")
    print(", ".join(f"{name} {value:.1f} s" for name, value in seconds.items()))
    print(f"{sum(count.values())} events", end="")
    print(f" ({', '.join(f'{k} {v}' for k, v in sorted(count.items()))})" if count else "", end="")
    print(f", written to {out}")
    bad = coverage[coverage["problem"] != ""]
    for row in bad.to_dict("records"):
        name = "" if row["path"] in row["problem"] else f"{row['path']}: "
        print(f"not seen in full: {name}{row['problem']}")
    lost = unaccounted(coverage[coverage["duration_s"].notna()])
    for row in lost.to_dict("records"):
        print(f"{row['path']}: {row['duration_s']} s recorded, not all accounted for")
    return not len(lost) and seen_in_full(coverage)


def seen_in_full(coverage: pd.DataFrame) -> bool:
    """Whether every file was whole, of table COVERAGE; one that is too short is no failure."""
    unreadable = coverage["unreadable_s"].fillna(1.0) > 0
    fine = coverage["problem"].isin(["", "shorter than a window"])
    return bool((~unreadable & fine).all())
