"""Events of known strength put into quiet time, and which of them each detector finds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.baselines.options import Baselines
from rarewave.detection import injected, one_section
from rarewave.detection.clean_stream import CleanStream
from rarewave.detection.heldout import timed
from rarewave.detection.injected import Event, Injected
from rarewave.detection.one_section import System
from rarewave.detection.quiet_time import places
from rarewave.detection.recovery_options import Recovery
from rarewave.detection.scanning import Scan, Scorer
from rarewave.frontend import cleaning
from rarewave.frontend.transform import CHUNK, FrontEnd, Read

MOST = 600  # events of all kinds together: each is a scan of the windows around it
TRIES = 20  # places that are looked at for one event, where there is no digital silence

# Gives an event of a kind at a rate (Hz) that is to be so strong (dB).
DrawOne = Callable[[str, float, float, np.random.Generator], Event]


class Events(NamedTuple):
    """What may be put in."""

    strongest_db: dict[str, float]  # of each kind: what is cut out is made no louder than it was
    draw: DrawOne


class Place(NamedTuple):
    """A stream of the test part, as it is."""

    scan: Scan  # its scores
    read: Read  # its cleaned samples
    gaps: NDArray[np.int64]  # (k, 2) of these
    quiet: NDArray[np.int64]  # (k, 2)


class Put(NamedTuple):
    """An event in its place."""

    kind: str
    source: str
    snr_db: float
    place: int
    span: tuple[int, int]  # cleaned samples of its own duration
    whole: tuple[int, int]  # and of all of it
    stream: Injected


def put_in(
    events: Events, where: Sequence[Place], front_end: FrontEnd, options: Recovery
) -> Iterator[Put]:
    """Events of every kind at quiet places; what fits nowhere is left out.

    Ratios of signal to noise of each kind are spread evenly over the range, one at random in each
    of `count` equal steps, up to the strongest that there may be; steps are fewer where events
    were more than `MOST` altogether. The power of an event over its own duration is set beside
    that of what was recorded there, both as the detector cleans them: in its band and unit, before
    noise or silence is taken out.
    """
    low = options.snr_low_db
    known = {kind: db for kind, db in events.strongest_db.items() if db > low}
    count = min(options.count, max(1, MOST // max(1, len(known))))
    for number, (kind, strongest) in enumerate(known.items()):
        step = (min(options.snr_high_db, strongest) - low) / count
        order = np.random.Generator(np.random.PCG64(options.seed)).permutation(count)
        for k in range(count):
            rng = np.random.Generator(
                np.random.PCG64(np.random.SeedSequence(options.seed, spawn_key=(number, k)))
            )
            snr_db = low + step * (order[k] + float(rng.uniform()))
            made = _one(kind, snr_db, events.draw, where, front_end, rng)
            if made is not None:
                yield made


def _one(
    kind: str,
    snr_db: float,
    draw: DrawOne,
    where: Sequence[Place],
    front_end: FrontEnd,
    rng: np.random.Generator,
) -> Put | None:
    """One event at a place with noise; None where it fits nowhere, or is silent in the band."""
    seed, rates = int(rng.integers(2**32)), [place.scan.stream.sample_rate for place in where]

    @cache
    def event(rate: float) -> tuple[Event, int]:
        made = draw(kind, rate, snr_db, np.random.Generator(np.random.PCG64(seed)))
        scale = cleaning.raw_per_cleaned(rate, front_end.clean)
        return made, int(np.ceil(len(made.samples) / scale))

    # At another rate it may be a sample longer.
    room_for = event(rates[0])[1] + (len(set(rates)) > 1)
    rooms = [places(place.quiet, room_for) for place in where]
    number = np.repeat(np.arange(len(rooms)), [len(room) for room in rooms])
    room = np.concatenate([np.zeros((0, 2), np.int64), *rooms])
    ends = np.cumsum(room[:, 1] - room[:, 0])
    for _ in range(TRIES if len(room) else 0):
        pick = int(rng.integers(ends[-1]))
        row = int(np.searchsorted(ends, pick, side="right"))
        begin = int(room[row, 1] - (ends[row] - pick))
        place = where[number[row]]
        stream = place.scan.stream
        made, length = event(stream.sample_rate)
        scale = cleaning.raw_per_cleaned(stream.sample_rate, front_end.clean)
        first = round(begin * scale)
        span = begin, begin + max(1, round(made.duration / scale))
        clean, noisy = front_end.clean, injected.with_noise(front_end.clean)
        read = place.read if noisy == clean else CleanStream(stream, noisy).read
        noise = float(np.mean(np.square(read(*span), dtype=np.float64)))
        respond = stream.respond(clean.output, clean.low_hz, clean.high_hz)
        strength = injected.power(made, stream.sample_rate, clean, respond)
        if noise > 0 and strength > 0:
            factor = injected.gain(snr_db, strength, noise)
            into = Injected.into(stream, factor * made.samples, first)
            return Put(
                kind, made.source, snr_db, int(number[row]), span, (begin, begin + length), into
            )
    return None


class Heard(NamedTuple):
    """The scores of the windows around an event, with it and without."""

    put: Put
    first: NDArray[np.int64]  # (n,) of these windows
    P: NDArray[np.float64]  # (n, columns) with it
    signals: dict[str, NDArray[np.float64]]
    plain: NDArray[np.float64]
    plain_signals: dict[str, NDArray[np.float64]]


def heard(
    put: Iterator[Put],
    where: Sequence[Place],
    scorer: Scorer,
    options: Baselines,
    system: System,
) -> Iterator[Heard]:
    """Clean, cut and score each recording with its event, as `scanning.scans` does.

    Windows of several events are scored at once. Nothing but the windows around an event is looked
    at, and a few long averages before them.
    """
    front_end, waiting, X = scorer.front_end, [], []
    for one in put:
        place = where[one.place]
        first, n = place.scan.first, place.scan.length
        rows = one_section.rows_around(front_end, first, one.whole, system.how)
        cleaned = CleanStream(one.stream, front_end.clean, reach=n)
        about = n, place.gaps, first[rows], front_end, options
        signals = one_section.of_signal(cleaned.read, *about)
        before = one_section.of_signal(place.read, *about)
        P = np.full((len(rows), len(scorer.names)), np.nan)
        if scorer.segments is not None:
            P[:] = one_section.of_segments(scorer, cleaned, first, rows)
        else:
            seen, good = one_section.spectrograms(front_end, cleaned, first, rows)
            X.append(seen[good])
            P[good] = 0.0
        plain = np.asarray(place.scan.P[rows], np.float64)
        waiting.append(Heard(one, first[rows], P, signals, plain, before))
        if sum(len(some) for some in X) >= CHUNK:
            yield from _scored(scorer, waiting, X)
            waiting, X = [], []
    yield from _scored(scorer, waiting, X)


def _scored(
    scorer: Scorer, waiting: Sequence[Heard], X: Sequence[NDArray[np.float32]]
) -> Iterator[Heard]:
    """Those that wait, with the scores of what the network sees of them."""
    if X:
        p = scorer.score(np.concatenate(X))
        at = 0
        for one, some in zip(waiting, X, strict=True):
            one.P[np.isfinite(one.P).all(axis=1)] = p[at : at + len(some)]
            at += len(some)
    yield from waiting


def recovered(
    given: Iterator[Heard],
    where: Sequence[Place],
    front_end: FrontEnd,
    systems: Sequence[System],
    thresholds: Mapping[str, float],
    label_of: Callable[[str], str],
) -> pd.DataFrame:
    """A row for each event that was put in, and whether each detector finds it.

    Returns
    -------
    kind, source, recording_id (of its stream), onset_s, offset_s (own duration), snr_db, and for
    each system found_NAME, and without_NAME: whether it says the same there without the event.
    """
    rate, length = front_end.clean.sample_rate_hz, front_end.grid.window_samples
    rows: list[dict[str, Any]] = []
    for one in given:
        put, scan = one.put, where[one.put.place].scan
        times = {"onset_s": put.span[0] / rate, "offset_s": put.span[1] / rate}
        row: dict[str, Any] = {"kind": put.kind, "source": put.source, "snr_db": put.snr_db}
        row["recording_id"] = scan.stream.pieces[0].header.recording_id
        row |= timed(times, scan.stream, front_end)
        for system in systems:
            for name, P, signals in (
                ("found", one.P, one.signals),
                ("without", one.plain, one.plain_signals),
            ):
                levels = system.levels(P, signals, one.first, length, scan.length, rate)
                label, at = label_of(put.kind), thresholds[system.name]
                row[f"{name}_{system.name}"] = system.finds(levels, label, put.span, rate, at)
        rows.append(row)
    return pd.DataFrame(rows)
