"""The command detect: a model over any recordings, to label files of other programs."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from rarewave.annotations import writing
from rarewave.base.errors import DataError
from rarewave.base.files import shown, whole
from rarewave.base.tables import COVERAGE
from rarewave.detection import coverage as detection_coverage
from rarewave.detection import event_list, scanning
from rarewave.detection.coverage import unaccounted
from rarewave.model import detector
from rarewave.model.package import Package, load
from rarewave.recordings import reading, sound, streams
from rarewave.recordings.reading import Header

_SEISMIC = (".mseed", ".miniseed", ".ms", ".sac", ".gse2", ".seed")


def detect(
    model: str,
    paths: Sequence[Path],
    form: str,
    out: Path,
    channel: int | None = None,
    start_pattern: str | None = None,
    in_order: bool = False,
) -> bool:
    """Write the events of recordings, and what was seen of every file, into `out`.

    Files that follow one another without a gap are one recording. Scores are kept in
    `out/.partial` while the work goes on, so that it can be stopped and gone on with; event
    lists are written when all is done, `coverage.csv` last.

    Parameters
    ----------
    model : a folder, a `.keras` file or an MLflow URI.
    paths : recordings, and folders that are searched for them.
    form : a name in `writing.WRITERS`.
    in_order : the files follow one another as given, though they have no start times.

    Returns
    -------
    Whether every file was whole and every second accounted for.

    Raises
    ------
    DataError
        No model, no recordings, or events that the format cannot hold.
    """
    package = load(model)
    if channel is not None and channel < 1:
        raise DataError(f"--channel is {channel}: channels count from 1")
    if start_pattern is not None:
        sound.check_pattern(start_pattern)
    files, broken = _headers(recordings_of(paths), channel, start_pattern)
    part = out / ".partial"
    with _writing(out):
        (out / "coverage.csv").unlink(missing_ok=True)  # it stands for a whole run
    writing.check_recordings(form, [(p, header.start, header.channel) for p, header, _, _ in files])
    with _writing(out):
        part.mkdir(parents=True, exist_ok=True)
    joined = []
    for run in _unbroken(files) if in_order else [files]:
        joined += streams.join([(path, header) for path, header, _, _ in run], in_order)
    scanned = _scanned(package.detector, joined, part)
    covers = [detection_coverage.coverage(s, package.detector.front_end) for s in scanned]
    coverage = _coverage(covers, files, broken)
    events = _with_files(_events(package, scanned), joined)
    events = events.drop(columns=["scan", "piece", "recording_id"])
    writing.write(out, form, events, _names([path for path, *_ in files]))
    with whole(out / "coverage.csv") as path:
        coverage.to_csv(path, index=False)
    shutil.rmtree(part, ignore_errors=True)
    return _report(coverage, events, out)


def _scanned(
    inner: detector.Detector, joined: Sequence[streams.Stream], folder: Path
) -> list[scanning.Scan]:
    """Scores of recordings, kept in a folder under the key of the model and the recording."""
    scorer = scanning.Scorer(inner.front_end, inner.task.names, inner.score)
    state = repr(detector.describe(inner)) + repr(
        [float(w.sum()) for w in inner.network.get_weights()]
    )
    total = sum(s.n_samples / s.sample_rate for s in joined)
    with tqdm(total=round(total), unit="s", desc="detect", disable=None) as bar:
        work = [(s, folder / f"{scanning.key(s, state)}.f32") for s in joined]
        return scanning.scans(scorer, work, bar.update)


def _events(package: Package, scanned: Sequence[scanning.Scan]) -> pd.DataFrame:
    """Events of all recordings at the thresholds of a package."""
    inner, thresholds, joining, bands, _ = package
    classes = {name: inner.task.names.index(name) for name in inner.task.events}
    return event_list.events(scanned, inner.front_end, classes, thresholds, joining, bands)


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"--out {out} cannot be written ({error.strerror}): name another") from None


def recordings_of(paths: Sequence[Path]) -> list[Path]:
    """Files as given, and the recordings below folders, sorted."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = (p for p in path.rglob("*") if p.is_file())
            inside = sorted(p for p in below if _is_recording(p.relative_to(path)))
            if not inside:
                raise DataError(
                    f"no recordings in {path}: it holds no sound file and no miniSEED or SAC file"
                )
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise DataError(f"{path} does not exist")
    return list({path.resolve(): path for path in reversed(files)}.values())[::-1]


def _is_recording(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts if part not in (".", ".."))
    return not hidden and (sound.is_sound(path) or path.suffix.lower() in _SEISMIC)


File = tuple[Path, Header, float, str]


def _unbroken(files: Sequence[File]) -> list[list[File]]:
    """Files in order, cut behind each that lacks something: time was lost there."""
    runs: list[list[File]] = [[]]
    for file in files:
        runs[-1].append(file)
        if file[3]:
            runs.append([])
    return [run for run in runs if run]


def _headers(
    paths: Sequence[Path], channel: int | None, start_pattern: str | None
) -> tuple[list[File], list[tuple[Path, str]]]:
    """Recordings of files with the seconds they lack and why, and files that are unreadable."""
    files: list[File] = []
    broken = []
    for path in paths:
        try:
            headers, lacking, problem = reading.readable(path, channel, start_pattern)
        except DataError as error:
            broken.append((path, str(error)))
            continue
        files += [(path, header, lacking, problem) for header in headers if header.n_samples]
        if not any(header.n_samples for header in headers):
            broken.append((path, problem))
    return files, broken


def _with_files(events: pd.DataFrame, joined: Sequence[streams.Stream]) -> pd.DataFrame:
    """Events with the name of their file, its channel and UTC times."""
    numbers = zip(events["scan"], events["piece"], strict=True)
    pieces = [joined[stream].pieces[piece] for stream, piece in numbers]
    starts = pd.to_datetime(pd.Series([p.header.start for p in pieces], dtype=object), utc=True)
    channels = [p.header.channel for p in pieces]
    return events.assign(
        file=[p.path.name for p in pieces],
        path=[str(p.path) for p in pieces],
        channel_id=channels,
        channel=[int(c) if c.isdigit() else 1 for c in channels],
        nyquist_hz=[p.header.sample_rate / 2 for p in pieces],
        start=starts + pd.to_timedelta(events["onset_s"], unit="s"),
        end=starts + pd.to_timedelta(events["offset_s"], unit="s"),
    )


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


def _names(paths: Sequence[Path]) -> dict[str, str]:
    """A name for each file: its own, or its path where several have that name."""
    distinct = list(dict.fromkeys(paths))
    names = [path.name for path in distinct]
    if len(set(names)) < len(names):
        common = Path(os.path.commonpath([path.resolve().parent for path in distinct]))
        names = [path.resolve().relative_to(common).as_posix() for path in distinct]
    return {str(path): name for path, name in zip(distinct, names, strict=True)}


def _report(coverage: pd.DataFrame, events: pd.DataFrame, out: Path) -> bool:
    """Print what was found and what was not seen; whether all is well."""
    count = events["label"].value_counts().to_dict()
    kinds = ("duration_s", "scored_s", "gap_s", "short_s", "unreadable_s")
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
    return (
        not len(lost)
        and not (coverage["unreadable_s"].fillna(1.0) > 0).any()
        and not len(bad[bad["problem"] != "shorter than a window"])
    )
