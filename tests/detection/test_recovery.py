"""Events put into quiet time: where, how strong, at which threshold, and what is cut out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import options, tiny

from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.baselines.options import Baselines
from rarewave.baselines.signal import Signal
from rarewave.detection import (
    cut_outs,
    false_alarms,
    injected,
    one_section,
    postprocessing,
    quiet_time,
    recovery,
    recovery_report,
    scanning,
    tuning,
)
from rarewave.detection.clean_stream import CleanStream
from rarewave.detection.false_alarms import Watched
from rarewave.detection.heldout import Heldout
from rarewave.detection.injected import Event, Injected
from rarewave.detection.notices import found_by_chance, hardly_found, too_little_quiet
from rarewave.detection.one_section import System
from rarewave.detection.recovery import Events, Place
from rarewave.detection.recovery_options import Recovery
from rarewave.detection.tuning import Labelled
from rarewave.frontend.grid import Grid
from rarewave.recordings.streams import Stream
from stages.shared import recovering

RATE, SECONDS = tiny.RATE, 60.0
OPTIONS = Recovery("simulated", 12, -10.0, 20.0, 5.0, 6.0, 1.0, 0.0, 1)
TIMES = ["recording_id", "onset_s", "offset_s"]


def stream(folder: Path, seed: int = 0, seconds: float = SECONDS) -> Stream:
    """A recording of noise."""
    samples = 20 * tiny.noise(round(seconds * RATE), seed)
    return tiny.joined([tiny.write(folder / f"r{seed}.wav", samples)])[0]


def held(one: Stream, events: list[tuple[float, float]], gaps: list[tuple[float, float]]) -> Any:
    """The recording with events, the last of which is uncertain, and gaps."""
    name = one.pieces[0].header.recording_id
    rows = [(name, *span) for span in events]
    truth, doubtful = (pd.DataFrame(some, columns=TIMES) for some in (rows[:-1], rows[-1:]))
    missing = pd.DataFrame([(name, *span) for span in gaps], columns=TIMES)
    listed = pd.DataFrame({"recording_id": [name]})
    nothing = pd.DataFrame({"weak": []})
    return Heldout(listed, [one], truth.assign(weak=False), doubtful, missing, nothing)


def spans(most: int) -> st.SearchStrategy:
    """Stretches of a minute."""
    ends = st.tuples(st.floats(0, 55), st.floats(0.1, 5)).map(lambda s: (s[0], s[0] + s[1]))
    return st.lists(ends, min_size=1, max_size=most)


@given(events=spans(4), gaps=spans(3), margin_s=st.floats(0, 4))
def test_quiet_time_is_far_from_events_and_gaps(
    tmp_path_factory: pytest.TempPathFactory, events: list, gaps: list, margin_s: float
) -> None:
    """And all that is far from them is quiet, to a sample."""
    folder = tmp_path_factory.mktemp("quiet", numbered=True)
    one = stream(folder)
    front = replace(tiny.FRONT, clean=replace(tiny.CLEANING, taper_s=0.5))
    found = quiet_time.quiet(held(one, events, gaps), one, front, margin_s)
    is_quiet = np.zeros(round(SECONDS * RATE), bool)
    for start, stop in found:
        assert not is_quiet[start:stop].any()
        is_quiet[start:stop] = True
    seconds = np.arange(len(is_quiet)) / RATE
    far = (seconds >= 0.5) & (seconds <= SECONDS - 0.5)
    near = ~far
    for onset, offset in events + gaps:
        far &= (seconds < onset - margin_s - 1 / RATE) | (seconds > offset + margin_s + 1 / RATE)
        near |= (seconds > onset - margin_s) & (seconds < offset + margin_s)
    near[seconds == 0.5] = near[seconds == SECONDS - 0.5] = False
    assert not (is_quiet & near & (seconds > 0.5) & (seconds < SECONDS - 0.5)).any()
    assert is_quiet[far & (seconds < SECONDS - 0.5 - 1 / RATE)].all()


def test_names_may_hold_a_slash() -> None:
    """As file names of labels do; the detector stands before the first."""
    task = Task("tags", ("whale/call", "noise"))
    columns = [f"{who}/{name}" for who in ("network", "forest") for name in task.names]
    found = recovering.systems(task, columns, tiny.JOINING)
    assert [system.name for system in found[:2]] == ["network", "forest"]
    assert found[1].columns == {"whale/call": 2, "noise": 3}


def test_quiet_time_ends_where_the_taper_begins(tmp_path: Path) -> None:
    """An event in tapered time opens none of it; nor is the profile of the noise quiet."""
    one = stream(tmp_path)
    clean = replace(tiny.CLEANING, taper_s=2.0, noise_s=5.0)
    found = held(one, [(59.0, 59.2), (20.0, 21.0)], [])
    quiet = quiet_time.quiet(found, one, replace(tiny.FRONT, clean=clean), 0.5)
    np.testing.assert_allclose(quiet / RATE, [[5.0, 19.5], [21.5, 58.0]], atol=1 / RATE)


def test_no_quiet_time_lies_within_a_taper_of_where_files_meet(tmp_path: Path) -> None:
    """What is known of the noise there is of files that were tapered one by one."""
    paths = [
        tiny.write(tmp_path / f"{name}.wav", 20 * tiny.noise(round(10 * RATE), seed))
        for seed, name in enumerate("ab")
    ]
    (one,) = tiny.joined(paths, in_order=True)
    found = held(one, [(9.9, 9.95)], [])
    for taper_s, wanted in ((2.0, [[2, 8], [12, 18]]), (0.0, [[0, 9.9], [9.95, 20]])):
        front = replace(tiny.FRONT, clean=replace(tiny.CLEANING, taper_s=taper_s))
        stretches = quiet_time.quiet(found, one, front, 0.0)
        np.testing.assert_allclose(stretches / RATE, wanted, atol=1 / RATE)


def test_what_is_put_in_fits_into_a_quiet_stretch() -> None:
    stretches = np.array([[0, 10], [20, 25], [40, 60]])
    assert quiet_time.places(stretches, 10).tolist() == [[0, 1], [40, 51]]
    assert len(quiet_time.places(stretches, 30)) == 0


def burst(kind: str, rate: float, snr_db: float, rng: np.random.Generator) -> Event:
    """Two seconds of noise that fade over a second more."""
    samples = rng.standard_normal(round(3 * rate))
    samples[round(2 * rate) :] *= np.linspace(1, 0, len(samples) - round(2 * rate))
    return Event(kind, samples, round(2 * rate), "made")


CLEANINGS = {
    "as it is": tiny.CLEANING,
    "band": replace(tiny.CLEANING, low_hz=50.0, high_hz=200.0),
    "slower": replace(tiny.CLEANING, sample_rate_hz=400.0, high_hz=150.0),
}


def place(one: Stream, front: Any) -> Place:
    """The recording as the stage finds it, all of it quiet; scores by level."""
    cleaned = CleanStream(one, front.clean, reach=10**9)
    first = one_section_starts(cleaned.length, front)
    P = np.zeros((len(first), 3), np.float32)
    nothing = np.zeros((0, 2), np.int64)
    scan = scanning.Scan(one, first, lambda: P, cleaned.length, "", nothing)
    return Place(scan, cleaned.read, nothing, np.array([[0, cleaned.length]]))


def one_section_starts(length: int, front: Any) -> np.ndarray:
    from rarewave.frontend.grid import starts

    return starts(length, front.grid)


def test_an_event_alone_is_neither_noise_nor_silence() -> None:
    """However faint it is before it has a strength, and however long the profile of the noise."""
    made = burst("low", RATE, 0.0, np.random.default_rng(1))
    made = made._replace(samples=1e-4 * made.samples)
    wanted = injected.power(made, RATE, tiny.CLEANING, None)
    assert wanted == pytest.approx(np.mean(np.square(made.samples[: made.duration])), rel=0.01)
    for more in ({"noise_s": 4.0}, {"silence_db": -50.0}):
        clean = replace(tiny.CLEANING, **more)
        assert injected.power(made, RATE, clean, None) == pytest.approx(wanted)


def test_the_ratio_is_to_the_noise_that_was_recorded(tmp_path: Path) -> None:
    """Not to the little that its suppression leaves."""
    front = replace(tiny.FRONT, clean=replace(tiny.CLEANING, noise_s=2.0, silence_db=-120.0))
    where = [place(stream(tmp_path), front)]
    for one in recovery.put_in(Events({"low": np.inf}, burst), where, front, OPTIONS):
        begin, end = one.span
        noise = where[0].scan.stream.read(begin, end)
        added = one.stream.added[: end - begin]
        ratio = np.mean(np.square(added)) / np.mean(np.square(noise))
        assert 10 * np.log10(ratio) == pytest.approx(one.snr_db, abs=0.1)


@pytest.mark.parametrize("how", CLEANINGS)
def test_an_event_has_the_ratio_that_was_asked_for(tmp_path: Path, how: str) -> None:
    """What the detector's cleaning makes of the sum, less what it makes of the noise."""
    front = replace(tiny.FRONT, clean=CLEANINGS[how])
    where = [place(stream(tmp_path, seed), front) for seed in (0, 1)]
    events = Events({"low": np.inf, "high": 8.0}, burst)
    found = list(recovery.put_in(events, where, front, OPTIONS))
    assert len(found) == 24
    for one in found:
        plain, n = where[one.place], where[one.place].scan.length
        summed = CleanStream(one.stream, front.clean, reach=n).read(0, n).astype(float)
        noise = plain.read(0, n).astype(float)
        begin, end = one.span
        added = np.mean((summed - noise)[begin:end] ** 2)
        ratio = 10 * np.log10(added / np.mean(noise[begin:end] ** 2))
        assert ratio == pytest.approx(one.snr_db, abs=0.1)
    low, high = ([p.snr_db for p in found if p.kind == kind] for kind in ("low", "high"))
    assert np.histogram(low, 12, (-10, 20))[0].tolist() == [1] * 12
    assert np.histogram(high, 12, (-10, 8))[0].tolist() == [1] * 12
    again = list(recovery.put_in(events, where, front, OPTIONS))
    assert [(p.span, p.snr_db, p.place) for p in again] == [
        (p.span, p.snr_db, p.place) for p in found
    ]


def test_many_kinds_have_fewer_events_each(tmp_path: Path) -> None:
    """And a kind whose loudest is fainter than what is asked for has none."""
    where = [place(stream(tmp_path), tiny.FRONT)]
    kinds = {f"kind {k:03d}": np.inf for k in range(250)} | {"faint": -20.0}
    found = list(recovery.put_in(Events(kinds, burst), where, tiny.FRONT, OPTIONS))
    counts = pd.Series([one.kind for one in found]).value_counts()
    assert len(counts) == 250 and (counts == 2).all()


def test_a_stream_with_an_event_is_the_sum_however_it_is_read(tmp_path: Path) -> None:
    one, added = stream(tmp_path, seconds=3.0), np.arange(100.0)
    for first in (500, -40, 2950):
        into = Injected.into(one, added, first)
        wanted = np.concatenate([np.zeros(3000), np.zeros(100)])
        inside = slice(max(0, first), min(3000, first + 100))
        wanted[inside] = added[inside.start - first : inside.stop - first]
        pieces = [into.read(a, min(a + 37, 3000)) for a in range(0, 3000, 37)]
        np.testing.assert_allclose(np.concatenate(pieces), one.read(0, 3000) + wanted[:3000])
        assert (into.n_samples, into.sample_rate) == (3000, RATE)


def test_an_event_is_put_nowhere_where_there_is_no_room_or_no_noise(tmp_path: Path) -> None:
    silent = tiny.joined([tiny.write(tmp_path / "silent.wav", np.zeros(20_000))])[0]
    events = Events({"low": np.inf}, burst)
    silence = [place(silent, tiny.FRONT)]
    assert list(recovery.put_in(events, silence, tiny.FRONT, OPTIONS)) == []
    short = place(stream(tmp_path), tiny.FRONT)._replace(quiet=np.array([[0, 2500]]))
    assert list(recovery.put_in(events, [short], tiny.FRONT, OPTIONS)) == []


def watched(seed: int, count: int, start: float = 0.0, shift: float = 0.0) -> Watched:
    """Windows of noise, all of it quiet."""
    p = np.random.default_rng(seed).uniform(start, 1, count) + shift
    first = np.arange(count) * 128
    cut = postprocessing.cells(first, 128, count * 128, "mean")
    how = tiny.JOINING
    return Watched({"": postprocessing.levels(p, cut, RATE, how)}, np.array([[0, count * 128]]))


@pytest.mark.parametrize("shift", [0.0, -150.0])  # levels are in dB
@pytest.mark.parametrize("wanted", [0.4, 3.0, 40.0])
def test_a_threshold_gives_the_rate_of_false_alarms(wanted: float, shift: float) -> None:
    """At most so many; the next lower score would give more; and as many on other noise."""
    seen = [watched(seed, 2000, shift=shift) for seed in range(5)]
    how = replace(tiny.JOINING, off_ratio=1.0)
    days = 10_000 * 128 / RATE / 86400
    at = false_alarms.at_rate(seen, RATE, how, wanted / days)
    assert at.days == pytest.approx(days) and at.alarms == int(wanted)
    assert false_alarms.alarms(seen, RATE, at.threshold, how) == at.alarms
    scores = np.concatenate([one.levels[""].score for one in seen])
    below = scores[scores < at.threshold].max()
    assert false_alarms.alarms(seen, RATE, float(below), how) > wanted
    assert at.threshold <= np.nextafter(scores.max(), np.inf)
    others = [watched(100 + seed, 2000, shift=shift) for seed in range(5)]
    elsewhere = false_alarms.alarms(others, RATE, at.threshold, how)
    low, high = at.per_day[1] * days, at.per_day[2] * days
    assert low - 3 * np.sqrt(high) <= elsewhere <= high + 3 * np.sqrt(high)


def test_alarms_count_where_their_middle_is_quiet() -> None:
    how = replace(tiny.JOINING, off_ratio=1.0)
    one = watched(0, 100)
    p = np.zeros(100)
    p[[10, 11, 40, 70]] = 1.0
    levels = postprocessing.levels(p, one.levels[""].cut, RATE, how)
    for quiet, count in (([[0, 12800]], 3), ([[0, 1300]], 0), ([[0, 1500], [5200, 12800]], 2)):
        some = [Watched({"": levels}, np.array(quiet))]
        assert false_alarms.alarms(some, RATE, 0.5, how) == count
    both = [Watched({"a": levels, "b": levels}, np.array([[0, 12800]]))]
    assert false_alarms.alarms(both, RATE, 0.5, how) == 6


def table(*rows: tuple[str, float, float, str]) -> pd.DataFrame:
    """Events with times."""
    found = pd.DataFrame(rows, columns=[*TIMES, "label"])
    names = [f"e{k}" for k in range(len(found))]
    return found.assign(event_id=names, certain=True, weak=False)


def test_nothing_is_cut_out_of_the_test_part() -> None:
    """Nor out of time that a window of the test part shares, nor what is uncertain."""
    windows = pd.DataFrame(
        [(f"w{k}", "mixed" if k < 4 else f"r{k}", 10.0 * k if k < 4 else 0.0) for k in range(7)],
        columns=["window_id", "recording_id", "start_s"],
    ).assign(duration_s=10.0)
    parts = ["train", "test", "validation", "purged", "train", "test", "validation"]
    split = pd.DataFrame({"window_id": windows["window_id"], "part": parts})
    events = table(
        ("mixed", 2, 4, "a"), ("mixed", 8, 12, "a"), ("mixed", 12, 14, "a"), ("mixed", 22, 24, "a"),
        ("mixed", 33, 35, "a"), ("r4", 1, 3, "a"), ("r5", 1, 3, "a"), ("r6", 1, 3, "a"),
        ("r4", 5, 6, "a"), ("r4", 7, 8, "a"),
    )  # fmt: skip
    events.loc[8, "certain"], events.loc[9, "weak"] = False, True
    found = cut_outs.of_parts(events, windows, split)
    assert dict(zip(found["event_id"], found["part"], strict=True)) == {
        "e0": "train", "e3": "validation", "e5": "train", "e7": "validation",
    }  # fmt: skip


def test_a_cut_out_knows_how_loud_it_was() -> None:
    """Ten times the power of its noise is 10 dB; beside others, or in a gap, nobody knows."""
    rng = np.random.default_rng(0)
    wave = rng.standard_normal(200_000)
    for start, power in ((20, 10.0), (60, 100.0), (100, 10.0), (150, 10.0)):
        wave[start * 1000 : (start + 5) * 1000] *= np.sqrt(1 + power)
    chosen = table(
        ("r", 20, 25, "a"), ("r", 60, 65, "b"), ("r", 100, 105, "a"), ("r", 150, 155, "a"),
        ("r", 104, 106, "b"),
    )  # fmt: skip
    gaps = pd.DataFrame([("r", 151.0, 152.0), ("r", 61.0, 61.05)], columns=TIMES)
    given = chosen, gaps, lambda name, a, b: wave[a:b].astype(np.float32), 1000.0, {"r": 200_000}
    snr_db = cut_outs.signal_to_noise(chosen, *given)
    assert snr_db[:2] == pytest.approx([10, 20], abs=0.3)
    assert np.isnan(snr_db[2:]).all()
    loud = cut_outs.loudest(chosen.assign(snr_db=snr_db), 15.0)
    assert loud["event_id"].tolist() == ["e1"]


def test_a_cut_out_has_no_trend_gap_or_spike_and_fades(tmp_path: Path) -> None:
    """At the rate that it is wanted at."""
    samples = 0.2 + 0.1 * np.sin(2 * np.pi * 100 * np.arange(10_000) / RATE)
    samples[4000] = 0.9
    one = tiny.joined([tiny.write(tmp_path / "r.wav", samples)])[0]
    row = {"label": "a", "event_id": "e", "part": "train", "snr_db": 12.0}
    row |= {"onset_s": 3.0, "offset_s": 6.0}
    clean = replace(tiny.CLEANING, spike_factor=8.0)
    found = cut_outs.cut(one, row, 2000.0, clean)
    assert len(found.samples) == found.duration == 6000 and found.source == "train: e"
    assert np.abs(found.samples).max() < 0.115 and abs(found.samples[:5]).max() < 0.01
    assert np.abs(np.fft.rfft(found.samples)).argmax() == 300
    assert abs(found.samples.mean()) < 0.001


def test_sta_lta_is_tuned_to_the_events_of_validation() -> None:
    """Of 2 s: longer averages beat that of 0.05 s; without events they stay as given."""
    rng = np.random.default_rng(0)
    streams = []
    for _ in range(3):
        wave = rng.standard_normal(120_000).astype(np.float32)
        events = np.array([[k, k + 2000] for k in range(20_000, 110_000, 22_000)])
        for begin, end in events:
            wave[begin:end] *= 1.25
        first = np.arange(0, 119_001, 500)
        quiet = np.array([[0, 19_000]])
        signal = Signal(wave, np.zeros((0, 2), np.int64), first, 1000, RATE)
        streams.append(Labelled(signal, 120_000, quiet, events))
    system = System(tuning.STA_LTA, {}, replace(tiny.JOINING, off_ratio=1.0))
    start = Baselines(0.05, 20.0, 1)
    found = tuning.tuned(streams, start, system, 100.0)
    given_merit, best = (tuning.merit(streams, o, system, 100.0) for o in (start, found))
    assert found.sta_s >= 0.1 and best > given_merit
    silent = [one._replace(events=np.zeros((0, 2), np.int64)) for one in streams]
    assert tuning.tuned(silent, start, system, 100.0) == start


def test_windows_around_an_event_score_as_in_a_scan(tmp_path: Path) -> None:
    """All windows that it changes are looked at, and those of the whole stream agree."""
    front = replace(tiny.FRONT, grid=Grid(128, 64, 32, max_gap=0.1, pad_short=False))
    scorer = tiny.SCORER._replace(front_end=front)
    where = [place(stream(tmp_path), front)]
    (whole,) = scanning.scans(scorer, [(where[0].scan.stream, tmp_path / "plain.f32")])
    where = [where[0]._replace(scan=whole)]
    system = System("network", {"low": 1, "high": 2}, tiny.JOINING)
    averages = Baselines(0.1, 2.0, 1)
    few = replace(OPTIONS, count=3)
    put = list(recovery.put_in(Events({"low": np.inf}, burst), where, front, few))
    for one in recovery.heard(iter(put), where, scorer, averages, system):
        injected_stream = one.put.stream
        (full,) = scanning.scans(scorer, [(injected_stream, tmp_path / f"{one.put.span}.f32")])
        rows = np.searchsorted(full.first, one.first)
        np.testing.assert_allclose(one.P, full.P[rows], atol=1e-6)
        others = np.setdiff1d(np.arange(len(full.first)), rows)
        np.testing.assert_allclose(full.P[others], whole.P[others], atol=1e-6)
        np.testing.assert_allclose(one.plain, whole.P[rows])
        wave = CleanStream(injected_stream, front.clean).read(0, full.length)
        signal = Signal(wave, full.gaps, full.first, 128, RATE)
        for name, score in one_section.SIGNALS.items():
            wanted = score(signal, averages)[rows]
            np.testing.assert_allclose(one.signals[name], wanted, rtol=0.02)


def test_a_loud_event_is_found_and_none_is_not(tmp_path: Path) -> None:
    where = [place(stream(tmp_path), tiny.FRONT)]
    (whole,) = scanning.scans(tiny.SCORER, [(where[0].scan.stream, tmp_path / "plain.f32")])
    where = [where[0]._replace(scan=whole)]
    system = System("network", {"low": 1, "high": 2}, tiny.JOINING)
    level = System("level", {}, replace(tiny.JOINING, off_ratio=1.0))
    put = recovery.put_in(Events({"low": np.inf}, burst), where, tiny.FRONT, OPTIONS)
    heard = recovery.heard(put, where, tiny.SCORER, Baselines(0.1, 2.0, 1), system)
    quietest = np.square(where[0].read(0, whole.length)).mean()
    at = {"network": float(whole.P[:, 1].max()) + 0.02, "level": 10 * np.log10(quietest) + 3.0}
    rows = recovery.recovered(heard, where, tiny.FRONT, [system, level], at, str)
    assert rows["found_level"][rows["snr_db"] > 5].all()
    assert not rows["found_level"][rows["snr_db"] < -7].any()
    assert rows["found_network"][rows["snr_db"] > 12].all()
    assert not rows[["without_network", "without_level"]].any().any()
    assert ((rows["offset_s"] - rows["onset_s"]).round(2) == 2.0).all()


def test_a_rate_that_quiet_time_cannot_tell_is_said() -> None:
    (notice,) = too_little_quiet(0.25, 1.0)
    assert "ask for 4 a day or more" in notice.says and notice.value == 0.25
    assert too_little_quiet(2.0, 1.0) == []
    for days in (0.0738, 1 / 13.5, 0.000578, 0.97, 123.0):  # what it asks for is enough
        (notice,) = too_little_quiet(days, 0.5 / days)
        asked = float(notice.says.split("ask for ")[1].split(" a day")[0])
        assert too_little_quiet(days, asked) == [] and asked < 1.02 / days


def test_events_that_no_detector_finds_are_said() -> None:
    """Where all points lie above the ratios that were tried."""
    rows = pd.DataFrame({"kind": "quake", "snr_db": np.linspace(-10, 20, 60)})
    for found, count in ((False, 1), (rows["snr_db"] > 0, 0)):
        mine = rows.assign(found_network=found, found_level=False)
        known = recovery_report.tested(mine, ["network", "level"], OPTIONS, {"quake": np.inf})
        points, _ = recovery_report.table(known, 20, 1)
        said = hardly_found(points, OPTIONS)
        assert len(said) == count
        assert all("recover.snr_high_db (20 dB): raise that" in notice.says for notice in said)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"snr_low_db": 30.0}, r"snr_low_db \(30\) must be below snr_high_db \(20\)"),
        ({"step_db": 40.0}, "must not exceed the range"),
    ],
)
def test_a_range_without_room_is_refused(changes: dict[str, float], says: str) -> None:
    with pytest.raises(DataError, match=says):
        replace(OPTIONS, **changes)


def test_power_leaves_out_what_the_detector_does_not_hear() -> None:
    """A tone inside of the band has half the square of its amplitude, one outside nothing."""
    time = np.arange(8000) / RATE
    clean = replace(options.CLEANING, sample_rate_hz=RATE, low_hz=50.0, high_hz=200.0)
    for hertz, wanted in ((100.0, 2.0), (400.0, 0.0)):
        event = Event("a", 2 * np.sin(2 * np.pi * hertz * time), 8000, "made")
        assert injected.power(event, RATE, clean, None) == pytest.approx(wanted, abs=0.02)


def test_a_detector_that_finds_by_chance_has_no_lead() -> None:
    """A detection that lasts for hours counts as one false alarm, and finds whatever is put in."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"kind": "quake", "snr_db": rng.uniform(-30, 20, 60)})
    rows = rows.assign(found_network=True, found_level=rows["snr_db"] > 0)
    rows = rows.assign(without_network=True, without_level=False)
    names = ["network", "level"]
    known = recovery_report.tested(rows, names, OPTIONS, {"quake": np.inf})
    points, _ = recovery_report.table(known, 20, 1)
    assert "at least" in points["lead_bound"].to_list()
    points = recovery_report.with_chance(points, rows)
    assert points["by_chance"].to_list() == [1.0, 0.0]
    network, level = recovery_report.text(points, 1.0).splitlines()[2:]
    assert network.split(maxsplit=2)[2].split("  ")[0] == "by chance"
    assert level.endswith("unknown") and "by chance" not in level
    (notice,) = found_by_chance(points)
    assert "network, quake (1.00)" in notice.says and "level" not in notice.says
    assert found_by_chance(points.assign(by_chance=0.1)) == []


def test_what_is_found_by_chance_is_told_by_type() -> None:
    """A detector that takes quiet time for one of its types finds that one alone by chance."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"kind": ["burst"] * 30 + ["bell"] * 90})
    rows = rows.assign(snr_db=rng.uniform(-30, 20, len(rows)))
    burst = rows["kind"] == "burst"
    rows = rows.assign(found_network=burst | (rows["snr_db"] > -10), found_level=rows["snr_db"] > 0)
    rows = rows.assign(without_network=burst & (rows.index % 2 == 0), without_level=False)
    strongest = {"burst": np.inf, "bell": np.inf}
    known = recovery_report.tested(rows, ["network", "level"], OPTIONS, strongest)
    points = recovery_report.with_chance(recovery_report.table(known, 20, 1)[0], rows)
    at = points.set_index(["kind", "detector"])
    assert at["by_chance"]["burst", "network"] == 0.5
    assert at["by_chance"]["all", "network"] == 0.125
    bounds = at["lead_bound"].xs("level", level="detector")
    assert bounds["burst"] == "unknown" and bounds["bell"] != "unknown" != bounds["all"]
