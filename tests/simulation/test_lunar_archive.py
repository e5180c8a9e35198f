"""The simulated archive: same bytes, honest labels, and not to be solved by loudness."""

import csv
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import obspy
import pytest
from sklearn.metrics import average_precision_score

from rarewave.base.errors import DataError
from rarewave.simulation import injection, lunar_archive, lunar_noise, moonquakes, waveforms

RATE = waveforms.SAMPLE_RATE_HZ
WINDOW, HOP = 2240, 1120  # samples, as the recipe for lunar data has them
RECORDINGS, HOURS = 6, 3.0  # a reduced archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reduced archive, made once."""
    folder = tmp_path_factory.mktemp("simulate") / "data"
    lunar_archive.make_archive(folder, seed=0, recordings=RECORDINGS, hours=HOURS)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a csv file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digest(folder: Path) -> dict[str, str]:
    """A checksum of every file under a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def window_labels(recording: lunar_archive.Recording, n: int) -> np.ndarray:
    """1 for an event, 0 for background, -1 for neither, of each window of a recording."""
    inside = np.zeros(n, dtype=bool)
    doubtful = np.zeros(n, dtype=bool)
    for arrival in recording.arrivals:
        end_s = arrival.at_s + arrival.duration_s
        part = slice(round(arrival.at_s * RATE), round(end_s * RATE))
        (inside if arrival.certain else doubtful)[part] = True
    starts = range(0, n - WINDOW + 1, HOP)
    labels = [int(inside[i : i + WINDOW].mean() >= 0.5) for i in starts]
    return np.array(
        [
            -1 if doubtful[i : i + WINDOW].any() and not label else label
            for i, label in zip(starts, labels, strict=True)
        ]
    )


def test_same_seed_same_bytes(archive: Path, tmp_path: Path) -> None:
    """The same arguments give the same files, another seed gives others."""
    lunar_archive.make_archive(tmp_path / "again", seed=0, recordings=RECORDINGS, hours=HOURS)
    lunar_archive.make_archive(tmp_path / "other", seed=1, recordings=RECORDINGS, hours=HOURS)
    first, again, other = digest(archive), digest(tmp_path / "again"), digest(tmp_path / "other")
    assert first == again
    assert not set(first.values()) & set(other.values())


def test_a_recording_does_not_depend_on_the_others() -> None:
    """One recording made alone equals the same recording made after others."""
    plan = lunar_archive.plan_archive(seed=3, recordings=RECORDINGS, hours=HOURS)
    alone = lunar_archive.make_counts(3, 4, plan[4], HOURS)
    lunar_archive.make_counts(3, 1, plan[1], HOURS)
    np.testing.assert_array_equal(alone, lunar_archive.make_counts(3, 4, plan[4], HOURS))


def test_files_are_apollo_like_miniseed(archive: Path) -> None:
    """ObsPy reads one whole int32 STEIM2 trace per file, at 6.625 Hz and with Apollo's names."""
    paths = sorted((archive / "recordings").iterdir())
    assert len(paths) == RECORDINGS
    for path in paths:
        (trace,) = obspy.read(str(path), details=True)
        stats = trace.stats
        assert stats.sampling_rate == RATE
        assert trace.data.dtype == np.int32
        assert len(trace) == round(HOURS * 3600 * RATE)
        assert (stats.mseed.encoding, stats.mseed.byteorder) == ("STEIM2", ">")
        assert (stats.network, stats.location, stats.channel) == ("XA", "00", "MHZ")
        start = stats.starttime
        assert path.name.startswith(
            f"xa.{stats.station.lower()}.00.mhz.{start.strftime('%Y-%m-%dHR%H')}_sim"
        )
        assert start.date == stats.endtime.date


def test_gaps_are_runs_of_minus_one(archive: Path) -> None:
    """-1 marks gaps, everything else is a 10-bit count around 512; the ends stand still."""
    for path in (archive / "recordings").iterdir():
        counts = obspy.read(str(path))[0].data
        gap = counts == lunar_noise.GAP_COUNT
        edges = np.flatnonzero(np.diff(np.concatenate([[0], gap.astype(int), [0]])))
        lengths = edges[1::2] - edges[::2]
        assert lengths.max() >= 6  # a second or more
        assert gap.mean() < 0.1
        kept = counts[~gap]
        assert kept.min() >= 0
        assert kept.max() <= lunar_noise.MAX_COUNTS
        assert abs(np.median(kept) - lunar_noise.DC_COUNTS) < 20
        assert np.ptp(kept[:10]) <= 1


def test_catalogs_have_their_two_forms_and_agree(archive: Path) -> None:
    """Columns as in the real catalogues; same events, types and first onsets in both."""
    nasa = rows(archive / "catalog.csv")
    intervals = rows(archive / "catalog_intervals.csv")
    assert list(nasa[0]) == [
        "filename",
        "time_abs(%Y-%m-%dT%H:%M:%S.%f)",
        "time_rel(sec)",
        "evid",
        "mq_type",
    ]
    assert list(intervals[0]) == ["event_id", "start", "end", "type", "amplitude"]
    by_id = {row["event_id"]: row for row in intervals}
    assert len(by_id) == len(intervals)
    assert set(by_id) == {row["evid"] for row in nasa}
    assert [row["end"] for row in intervals].count("") == 1
    assert {row["mq_type"] for row in nasa} == set(moonquakes.MOONQUAKES)
    for evid, row in by_id.items():
        heard = [r for r in nasa if r["evid"] == evid]
        assert {r["mq_type"] for r in heard} == {row["type"]}
        onsets = [datetime.fromisoformat(r["time_abs(%Y-%m-%dT%H:%M:%S.%f)"]) for r in heard]
        assert datetime.fromisoformat(row["start"]) == min(onsets)
        if row["end"]:
            assert max(onsets) < datetime.fromisoformat(row["end"])


def test_every_event_lies_inside_its_recording(archive: Path) -> None:
    """The absolute and the relative time agree with the file, from the onset to the end."""
    ends = {row["event_id"]: row["end"] for row in rows(archive / "catalog_intervals.csv")}
    for row in rows(archive / "catalog.csv"):
        path = archive / "recordings" / f"{row['filename']}.mseed"
        stats = obspy.read(str(path), headonly=True)[0].stats
        onset = datetime.fromisoformat(row["time_abs(%Y-%m-%dT%H:%M:%S.%f)"])
        start = stats.starttime.datetime
        assert onset == start + timedelta(seconds=int(row["time_rel(sec)"]))
        end = ends[row["evid"]]
        last = datetime.fromisoformat(end) if end else onset
        assert start < onset <= last < stats.endtime.datetime


@pytest.mark.parametrize("seed", range(5))
def test_full_archive_has_few_events_in_every_part_of_the_day(seed: int) -> None:
    """3-8 % of the windows are events; 18 days, some quiet; events in each quarter of a day."""
    plan = lunar_archive.plan_archive(seed)
    n = round(12 * 3600 * RATE)
    labels = np.concatenate([window_labels(recording, n) for recording in plan])
    assert 0.03 < np.mean(labels == 1) < 0.08
    days = {recording.start.date() for recording in plan}
    busy = {recording.start.date() for recording in plan if recording.arrivals}
    assert (len(plan), len(days)) == (20, 18)
    assert len(days) - len(busy) >= 3
    quarters = {
        (recording.start + timedelta(seconds=arrival.at_s)).hour // 6
        for recording in plan
        for arrival in recording.arrivals
    }
    assert quarters == {0, 1, 2, 3}
    events = {arrival.evid: arrival.kind for recording in plan for arrival in recording.arrivals}
    kinds = list(events.values())
    assert 16 <= len(events) <= 24
    assert kinds.count("deep_mq") >= kinds.count("impact_mq") > kinds.count("shallow_mq") >= 4


@pytest.mark.parametrize("seed", range(5))
def test_reduced_archive_has_both_classes_on_four_days(seed: int) -> None:
    """Six recordings of three hours can still be split by day."""
    n = round(HOURS * 3600 * RATE)
    events, background = set(), set()
    for recording in lunar_archive.plan_archive(seed, recordings=RECORDINGS, hours=HOURS):
        labels = window_labels(recording, n)
        events |= {recording.start.date()} if (labels == 1).any() else set()
        background |= {recording.start.date()} if (labels == 0).any() else set()
    assert len(events) >= 4
    assert len(background) >= 4


def test_both_stations_hear_the_same_events_on_shared_days() -> None:
    """Two days have two stations, the same events, other arrival times and strengths."""
    by_day: dict[str, list[lunar_archive.Recording]] = {}
    for recording in lunar_archive.plan_archive(seed=0):
        by_day.setdefault(str(recording.start.date()), []).append(recording)
    shared = [pair for pair in by_day.values() if len(pair) > 1]
    assert len(shared) == 2
    for one, two in shared:
        assert {one.station, two.station} == set(lunar_archive.STATIONS)
        assert one.arrivals
        assert len(one.arrivals) == len(two.arrivals)
        for a, b in zip(one.arrivals, two.arrivals, strict=True):
            assert (a.evid, a.kind) == (b.evid, b.kind)
            assert 20 <= abs(a.at_s - b.at_s) <= 130
            assert a.snr_db != b.snr_db
            assert min(a.snr_db, b.snr_db) > 0


@pytest.mark.parametrize(("rise_s", "decay_s"), [(60.0, 150.0), (300.0, 600.0), (600.0, 500.0)])
def test_envelope_rises_to_one_and_decays(rise_s: float, decay_s: float) -> None:
    """Silent before the onset, 1 at the rise time, falling ever after towards absorption."""
    times_s = np.arange(-10.0, 7200.0)
    envelope = moonquakes.diffusive_envelope(times_s, rise_s, decay_s)
    peak = int(np.argmax(envelope))
    assert times_s[peak] == rise_s
    assert envelope[peak] == pytest.approx(1.0)
    assert not envelope[times_s <= 0].any()
    assert (np.diff(envelope[(times_s > 0) & (times_s <= rise_s)]) >= 0).all()
    assert (np.diff(envelope[peak:]) < 0).all()
    # t**(-3/2) exp(-t / decay) by hand: the energy between two late times, t0 / t included.
    spread_s = rise_s**2 / decay_s + 1.5 * rise_s
    early, late = 3000.0, 6000.0
    expected = 2**-1.5 * np.exp(spread_s * (1 / early - 1 / late) - (late - early) / decay_s)
    energy = envelope[np.searchsorted(times_s, [early, late])] ** 2
    assert energy[1] / energy[0] == pytest.approx(expected, rel=1e-9)


def test_types_differ_in_spectrum() -> None:
    """Deep quakes are the lowest in frequency, impacts in between, shallow quakes the highest."""
    centroids = {}
    for kind in moonquakes.MOONQUAKES:
        rng = np.random.default_rng(1)
        event = moonquakes.moonquake(kind, 300.0, 600.0, 3600.0, RATE, rng)
        assert injection.event_level(event, RATE) == pytest.approx(1.0)
        power = np.abs(np.fft.rfft(event)) ** 2
        frequencies = np.fft.rfftfreq(len(event), 1 / RATE)
        centroids[kind] = float(np.sum(frequencies * power) / np.sum(power))
    assert centroids["deep_mq"] < 0.6 < centroids["impact_mq"] < 0.9 < centroids["shallow_mq"]


@pytest.mark.parametrize("snr_db", [-6.0, 0.0, 12.0])
def test_injection_reaches_the_asked_ratio(snr_db: float) -> None:
    """What was added stands above the noise under it by exactly the decibels asked for."""
    rng = np.random.default_rng(2)
    noise = 3.0 * rng.standard_normal(40_000)
    noise[7000] = 1e4  # a spike must not make the event look weak
    event = 17.0 * moonquakes.moonquake("impact_mq", 400.0, 600.0, 3000.0, RATE, rng)
    before = noise.copy()
    mixed = injection.inject(noise, event, 5000, snr_db, RATE)
    np.testing.assert_array_equal(noise, before)
    np.testing.assert_array_equal(mixed[:5000], noise[:5000])
    added = mixed - noise
    # White noise of deviation 3 has this much inside the band; the filter's edges are soft.
    share = (waveforms.BAND_HZ[1] - waveforms.BAND_HZ[0]) / (RATE / 2)
    ratio_db = 20 * np.log10(injection.event_level(added, RATE) / (3.0 * np.sqrt(share)))
    assert ratio_db == pytest.approx(snr_db, abs=0.5)


def test_injection_refuses_silence_and_wrong_places() -> None:
    """No ratio can be had over a dead stretch, and no event beyond the end."""
    event = moonquakes.moonquake("deep_mq", 60.0, 150.0, 300.0, RATE, np.random.default_rng(0))
    with pytest.raises(DataError, match="noise 0"):
        injection.inject(np.zeros(5000), event, 100, 6.0, RATE)
    with pytest.raises(DataError, match="at_sample is 5000"):
        injection.inject(np.ones(5000), event, 5000, 6.0, RATE)


def test_level_alone_does_not_find_the_events() -> None:
    """Mean power in 0.1-1.2 Hz per window: better than chance, an AP far from 1."""
    plan = lunar_archive.plan_archive(seed=0, recordings=12, hours=6.0)
    n = round(6 * 3600 * RATE)
    levels, labels = [], []
    for index, recording in enumerate(plan):
        counts = lunar_archive.make_counts(0, index, recording, 6.0).astype(float)
        gap = counts == lunar_noise.GAP_COUNT
        counts[gap] = np.median(counts[~gap])
        band = waveforms.in_band(counts, RATE)
        levels += [
            np.log(np.mean(band[i : i + WINDOW] ** 2)) for i in range(0, n - WINDOW + 1, HOP)
        ]
        labels.append(window_labels(recording, n))
    truth = np.concatenate(labels)
    sure = truth >= 0
    precision = average_precision_score(truth[sure], np.array(levels)[sure])
    assert 3 * truth[sure].mean() < precision < 0.75


def test_an_existing_folder_is_left_alone(archive: Path) -> None:
    """Nothing is overwritten, and no scratch folder stays behind."""
    before = digest(archive)
    with pytest.raises(DataError, match="exists"):
        lunar_archive.make_archive(archive, seed=1, recordings=RECORDINGS, hours=HOURS)
    assert digest(archive) == before
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def test_a_failure_leaves_no_half_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error on the way leaves the parent folder as it was."""

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(lunar_archive, "write_catalogs", fail)
    with pytest.raises(OSError, match="disk full"):
        lunar_archive.make_archive(tmp_path / "data", recordings=3, hours=1.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--recordings", "2"], "recordings is 2"),
        (["--hours", "25"], "hours is 25"),
        (["--seed", "-1"], "seed is -1"),
    ],
)
def test_command_line_names_the_wrong_parameter(
    tmp_path: Path, arguments: list[str], named: str
) -> None:
    """The command stops with a message that names the parameter, and makes nothing."""
    with pytest.raises(SystemExit, match=named):
        lunar_archive.main([str(tmp_path / "data"), *arguments])
    assert not (tmp_path / "data").exists()
