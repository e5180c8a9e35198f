"""What the stage recover works on: quiet places, events to put in, detectors to compare."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from rarewave.base.files import read_json
from rarewave.base.tasks import Task
from rarewave.baselines.options import Baselines
from rarewave.baselines.registry import SIGNALS
from rarewave.detection import (
    cut_outs,
    false_alarms,
    injected,
    quiet_time,
    scanning,
    stream_signals,
    tuning,
)
from rarewave.detection.clean_stream import CleanStream
from rarewave.detection.false_alarms import Operated, Watched
from rarewave.detection.heldout import PARTS, Heldout, cleaned_seconds
from rarewave.detection.injected import Event
from rarewave.detection.one_section import System
from rarewave.detection.postprocessing import Joining
from rarewave.detection.recovery import Events, Place
from rarewave.detection.recovery_options import Recovery
from rarewave.detection.tuning import STA_LTA, Labelled
from rarewave.frontend.transform import FrontEnd
from rarewave.model.beside import column
from rarewave.recordings import responses
from rarewave.recordings.reading import Header
from rarewave.recordings.responses import Responses
from rarewave.recordings.streams import Piece, Stream
from rarewave.simulation import simulated
from stages.shared import artifacts, params

Places = dict[str, list[Place]]


def instruments(front_end: FrontEnd) -> Responses | None:
    """What the recordings were made with, where the front end takes it away."""
    if front_end.clean.output == "counts":
        return None
    return responses.load(folder() / params.read_section("clean")["response"])


def folder() -> Path:
    """Of the recordings."""
    return Path(params.read_section("ingest")["data"])


def scanned(
    parts: Mapping[str, Heldout], front_end: FrontEnd, names: Sequence[str], margin_s: float
) -> Places:
    """The streams of validation and test that were scanned to their ends, as they are."""
    about = read_json(artifacts.SCAN / "about.json", "columns", "problems")
    known, found = instruments(front_end), {}
    for part in PARTS:
        held = parts[part]
        work = [
            (stream._replace(responses=known), path)
            for stream, path in held.work(folder(), artifacts.SCAN / part)
        ]
        scans = scanning.kept(front_end, len(names), work, about["problems"][part])
        X_clean, where = artifacts.cleaned(held.recordings)
        found[part] = [
            Place(
                scan,
                stream_signals.cleaned(scan, X_clean, where, front_end),
                stream_signals.gaps_of(held, scan, front_end),
                quiet_time.quiet(held, stream, front_end, margin_s),
            )
            for scan, stream in zip(scans, held.streams, strict=True)
            if len(scan.P) and not scan.problem
        ]
    return found


def systems(task: Task, columns: Sequence[str], joining: Joining) -> list[System]:
    """The network, its first member where it has several, and all baselines.

    Parameters
    ----------
    columns : those of the scores that the stage scan keeps.
    """
    names = dict.fromkeys(name.partition("/")[0] for name in columns)
    found = [
        System(name, {k: columns.index(column(name, k)) for k in task.events}, joining)
        for name in names
    ]
    # An event of theirs ends where it began: a level in dB has no half.
    plain = dataclasses.replace(joining, off_ratio=1.0)
    return found + [System(name, {}, plain) for name in SIGNALS]


class Compared(NamedTuple):
    """Detectors at the same rate of false alarms."""

    options: Baselines  # the averages of STA/LTA that are best on validation
    validation: dict[str, Operated]
    test: dict[str, Operated]


def compared(
    known: Places,
    held: Heldout,
    detectors: Sequence[System],
    front_end: FrontEnd,
    wanted: Recovery,
    given: Baselines,
) -> Compared:
    """Tune STA/LTA and find the threshold of each detector on validation; count on test, too.

    Parameters
    ----------
    held : of validation.
    """
    rate, per_day = front_end.clean.sample_rate_hz, wanted.false_alarms_per_day
    (sta_lta,) = (system for system in detectors if system.name == STA_LTA)
    streams = [labelled(held, place, front_end) for place in known["validation"]]
    options = tuning.tuned(streams, given, sta_lta, per_day)
    watched = {
        part: [
            {name: score(one.signal, options) for name, score in SIGNALS.items()}
            for one in (labelled(None, place, front_end) for place in known[part])
        ]
        for part in PARTS
    }
    on: dict[str, dict[str, Operated]] = {part: {} for part in PARTS}
    for system in detectors:
        seen = {part: watch(system, known[part], watched[part], front_end) for part in PARTS}
        at = false_alarms.at_rate(seen["validation"], rate, system.how, per_day)
        count = false_alarms.alarms(seen["test"], rate, at.threshold, system.how)
        on["validation"][system.name] = at
        days = false_alarms.days(seen["test"], rate)
        on["test"][system.name] = Operated(at.threshold, count, days)
    return Compared(options, on["validation"], on["test"])


def labelled(held: Heldout | None, place: Place, front_end: FrontEnd) -> Labelled:
    """A stream as baselines of the signal see it, with its events where they are asked for."""
    scan, rate = place.scan, front_end.clean.sample_rate_hz
    length = front_end.grid.window_samples
    signal = stream_signals.Signal(
        place.read(0, scan.length), place.gaps, scan.first[: len(scan.P)], length, rate
    )
    events = np.zeros((0, 2), np.int64)
    if held is not None:
        name = scan.stream.pieces[0].header.recording_id
        mine = held.truth[(held.truth["recording_id"] == name) & ~held.truth["weak"]]
        sides = (cleaned_seconds(mine[c], scan.stream, front_end) for c in ("onset_s", "offset_s"))
        events = np.rint(np.stack([*sides], axis=1) * rate).astype(np.int64)
    return Labelled(signal, scan.length, place.quiet, events)


def watch(
    system: System,
    where: Sequence[Place],
    signals: Sequence[Mapping[str, np.ndarray]],
    front_end: FrontEnd,
) -> list[Watched]:
    """What one detector says of whole streams."""
    rate, length = front_end.clean.sample_rate_hz, front_end.grid.window_samples
    return [
        Watched(
            system.levels(np.array(p.scan.P), mine, p.scan.first, length, p.scan.length, rate),
            p.quiet,
        )
        for p, mine in zip(where, signals, strict=True)
    ]


def of_simulation(kinds: Sequence[str]) -> Events:
    """Events of the types that the simulation knows."""
    makers = simulated.makers(kinds)

    def draw(kind: str, rate: float, snr_db: float, rng: np.random.Generator) -> Event:
        made = simulated.event(makers[kind], rate, rng)
        return Event(kind, made.samples, made.duration, "simulated")

    return Events(dict.fromkeys(sorted(makers), np.inf), draw)


def of_recordings(
    kinds: Sequence[str], front_end: FrontEnd, loud_db: float
) -> tuple[Events, pd.DataFrame]:
    """Loud events of training and validation, cut out, and their list.

    One that were made stronger than it was would bring more noise along than there is.
    """
    listed = artifacts.recordings()
    events, windows = artifacts.events(listed), artifacts.windows()
    split = artifacts.split(artifacts.used_windows()["window_id"])
    mine = cut_outs.of_parts(events[events["label"].isin(kinds)], windows, split)
    streams, known = {}, instruments(front_end)
    for row in listed[listed["recording_id"].isin(mine["recording_id"])].to_dict("records"):
        header = Header(*(row[name] for name in Header._fields))
        piece = Piece(folder() / row["path"], header, 0)
        streams[row["recording_id"]] = Stream((piece,), known)
    samples, where = artifacts.cleaned(windows)
    lies = where.set_index("recording_id")
    rate, noisy = front_end.clean.sample_rate_hz, injected.with_noise(front_end.clean)

    def clean(name: str, start: int, stop: int) -> np.ndarray:
        if noisy != front_end.clean:
            return CleanStream(streams[name], noisy).read(start, stop)
        first = int(lies.loc[name, "first"])
        return samples[first + start : first + stop]

    gaps = artifacts.gaps(rate)
    snr_db = cut_outs.signal_to_noise(mine, events, gaps, clean, rate, lies["count"])
    chosen = cut_outs.loudest(mine.assign(snr_db=snr_db), loud_db)
    by_kind = {str(kind): rows.to_dict("records") for kind, rows in chosen.groupby("label")}

    def draw(kind: str, rate: float, snr_db: float, rng: np.random.Generator) -> Event:
        loud = [row for row in by_kind[kind] if row["snr_db"] >= snr_db]
        row = loud[int(rng.integers(len(loud)))]
        return cut_outs.cut(streams[row["recording_id"]], row, rate, front_end.clean)

    strongest = {kind: float(rows[0]["snr_db"]) for kind, rows in sorted(by_kind.items())}
    return Events(strongest, draw), chosen
