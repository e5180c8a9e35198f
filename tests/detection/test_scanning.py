"""Scanning: the same events however the work is cut, and every second accounted for."""

import itertools
import resource
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import obspy
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import tiny
from support.properties import examples

from rarewave.detection import at_thresholds, coverage, event_list, postprocessing, scanning
from rarewave.detection.scanning import Scan, Scorer
from rarewave.frontend import cleaning, grid, transform
from rarewave.frontend.transform import FrontEnd
from rarewave.model.detector import Detector
from rarewave.networks import inference
from rarewave.recordings import reading, streams

PATTERN = "%Y%m%d_%H%M%S"
AT = {"low": 0.5, "high": 0.5}
FLOOR = replace(tiny.FRONT, spectrogram=replace(tiny.FRONT.spectrogram, floor_s=3.0))
CONTEXT = replace(tiny.FRONT, grid=replace(tiny.FRONT.grid, context_samples=96, hop_samples=50))
GAPPY = replace(tiny.FRONT, clean=replace(tiny.CLEANING, gap_value=0.0, gap_run=8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 24 s as one file and as files of 1, 7, 4 and 12 s; and at 3 kHz."""
    made = tmp_path_factory.mktemp("song")
    wave = tiny.song(24.0)
    tiny.write(made / "whole/x_20240301_020000.wav", wave)
    for a, b in ((0, 1), (1, 8), (8, 12), (12, 24)):
        tiny.write(made / f"parts/x_20240301_0200{a:02d}.wav", wave[a * 1000 : b * 1000])
    tiny.write(made / "fast/x.wav", tiny.song(24.0, 3000.0), 3000.0)
    return made


@pytest.fixture(scope="module")
def network() -> Detector:
    """A tiny untrained network."""
    return tiny.network_detector()


Maker = Callable[..., list[Scan]]


@pytest.fixture
def scan(tmp_path: Path) -> Maker:
    """Scans of the streams of files, scores in a fresh place each time."""
    count = 0

    def make(
        paths: Sequence[Path], scorer: Scorer = tiny.SCORER, pattern: str | None = None
    ) -> list[Scan]:
        nonlocal count
        found = []
        for stream in tiny.joined(paths, pattern):
            count += 1
            found.append(scanning.scan(scorer, stream, tmp_path / f"{count}.f32"))
        return found

    return make


def same(found: list[Scan], wanted: list[Scan], front: FrontEnd, at: dict[str, float]) -> None:
    """Scores to 1e-6; the same events, of which there are some."""
    for one, two in zip(found, wanted, strict=True):
        assert one.problem == two.problem == ""
        assert np.array_equal(one.first, two.first) and one.length == two.length
        np.testing.assert_allclose(one.P, two.P, rtol=0, atol=1e-6)
    events = [tiny.events(scans, at, front) for scans in (found, wanted)]
    assert len(events[0]) > 3
    exact = ["scan", "onset_s", "offset_s", "label", "windows", "low_hz", "high_hz"]
    pd.testing.assert_frame_equal(events[0][exact], events[1][exact], rtol=0, atol=1e-9)
    pd.testing.assert_frame_equal(events[0], events[1], check_exact=False, rtol=0, atol=1e-6)


# Relations as in use: a span is as long as a block, and a floor looks back by less.
SMALLER: list[list[tuple[ModuleType, str, int]]] = [
    [(transform, "CHUNK", 1)],
    [(transform, "CHUNK", 13)],
    [(transform, "_SPAN", 4000)],
    [(transform, "_SPAN", 4000), (cleaning, "BLOCK", 4000)],
    [(transform, "_SPAN", 4000), (cleaning, "BLOCK", 5555), (transform, "CHUNK", 7)],
    [(reading, "_BLOCK", 1000), (postprocessing, "_BLOCK", 3)],
]


@pytest.mark.parametrize("front", [tiny.FRONT, FLOOR, CONTEXT], ids=["plain", "floor", "context"])
@pytest.mark.parametrize("sizes", SMALLER)
def test_sizes_of_the_work_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    scan: Maker,
    front: FrontEnd,
    sizes: list[tuple[ModuleType, str, int]],
) -> None:
    """Chunks, spans and blocks bound the memory, not the result."""
    scorer = Scorer(front, tiny.CLASSES, tiny.by_level)
    wanted = scan([folder / "whole/x_20240301_020000.wav"], scorer)
    for module, name, value in sizes:
        monkeypatch.setattr(module, name, value)
    same(scan([folder / "whole/x_20240301_020000.wav"], scorer), wanted, front, AT)


@pytest.mark.parametrize("rate", [1, 3], ids=["as it is", "resampled"])
def test_blocks_of_a_resampled_recording_change_nothing(
    monkeypatch: pytest.MonkeyPatch, folder: Path, scan: Maker, rate: int
) -> None:
    """A third of the samples are left; two blocks, read as one span."""
    path = folder / ("fast/x.wav" if rate == 3 else "whole/x_20240301_020000.wav")
    wanted = scan([path])
    monkeypatch.setattr(cleaning, "BLOCK", 10_000 * rate)
    same(scan([path]), wanted, tiny.FRONT, AT)


def test_a_long_recording_can_be_resampled_to_a_third(
    monkeypatch: pytest.MonkeyPatch, folder: Path, scan: Maker
) -> None:
    """Block and span are equal, as they are in use (1 << 20)."""
    wanted = scan([folder / "fast/x.wav"])
    monkeypatch.setattr(cleaning, "BLOCK", 12_000)
    monkeypatch.setattr(transform, "_SPAN", 12_000)
    same(scan([folder / "fast/x.wav"]), wanted, tiny.FRONT, AT)


def test_twelve_minutes_can_be_resampled_to_a_half(tmp_path: Path, scan: Maker) -> None:
    """Block and span as they are: a span begins before its block, and touches four."""
    clean = replace(tiny.CLEANING, sample_rate_hz=4000.0)
    front = replace(tiny.FRONT, clean=clean, grid=replace(tiny.FRONT.grid, window_samples=400))
    front = replace(front, grid=replace(front.grid, hop_samples=400))
    path = tiny.write(tmp_path / "x.wav", tiny.noise(720 * 8000), 8000.0)
    (found,) = scan([path], Scorer(front, tiny.CLASSES, tiny.by_level))
    assert not len(coverage.unaccounted(coverage.coverage(found, front)))


def thresholds(found: list[Scan]) -> dict[str, float]:
    """Thresholds that a network without training reaches now and then."""
    return {k: float(np.nanquantile(found[0].P[:, tiny.CLASSES.index(k)], 0.8)) for k in AT}


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_the_batch_of_a_network_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, folder: Path, scan: Maker, network: Detector, batch: int
) -> None:
    """Scores of a network too, whatever the batches that it predicts."""
    scorer = Scorer(network.front_end, network.task.names, network.score)
    wanted = scan([folder / "whole/x_20240301_020000.wav"], scorer)
    monkeypatch.setattr(inference, "BATCH", batch)
    monkeypatch.setattr(transform, "CHUNK", 2 * batch)
    found = scan([folder / "whole/x_20240301_020000.wav"], scorer)
    same(found, wanted, network.front_end, thresholds(wanted))


def test_a_scan_scores_as_the_detector_does(folder: Path, scan: Maker, network: Detector) -> None:
    """`score_recording` of the whole, to 1e-5; gaps are NaN in both."""
    network = replace(network, front_end=GAPPY)
    wave = np.round(tiny.song(12.0) * 32768) / 32768
    wave[3000:3500] = 0.0
    path = tiny.write(folder / "gappy/x.wav", wave)
    (found,) = scan([path], Scorer(GAPPY, network.task.names, network.score))
    wanted = network.score_recording(wave, 1000.0)
    np.testing.assert_allclose(found.first / 1000.0, wanted["start_s"])
    np.testing.assert_allclose(found.P[:, 1:], wanted[["p_low", "p_high"]], atol=1e-5)
    assert 0 < np.isnan(found.P[:, 0]).sum() < 12


@pytest.mark.parametrize("front", [tiny.FRONT, FLOOR], ids=["plain", "floor"])
def test_one_file_or_many_give_the_same_events(folder: Path, scan: Maker, front: FrontEnd) -> None:
    """Contiguous wav files, told by the time in their names; the first shorter than most events."""
    scorer = Scorer(front, tiny.CLASSES, tiny.by_level)
    whole = scan([folder / "whole/x_20240301_020000.wav"], scorer, PATTERN)
    parts = scan(sorted((folder / "parts").glob("*.wav")), scorer, PATTERN)
    assert len(parts) == 1 and len(parts[0].stream.pieces) == 4
    np.testing.assert_array_equal(parts[0].P, whole[0].P)
    same(parts, whole, front, AT)


@given(st.lists(st.integers(20, 4000), max_size=6), st.integers(0, 99))
@settings(max_examples=examples(10))
def test_miniseed_in_any_pieces_gives_the_same_events(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], seed: int
) -> None:
    """Cut anywhere, as short as 20 samples."""
    made = tmp_path_factory.mktemp("pieces")
    wave = np.round(tiny.song(12.0, seed=seed) * 32768).astype(np.int32)
    cuts = [*(at for at in np.cumsum([0, *lengths]).tolist() if at < len(wave)), len(wave)]
    for name, edges in (("whole", [0, len(wave)]), ("parts", cuts)):
        (made / name).mkdir()
        for a, b in itertools.pairwise(edges):
            about = {"network": "XA", "station": "S12", "channel": "MHZ", "sampling_rate": 1000.0}
            about["starttime"] = obspy.UTCDateTime(2024, 3, 1) + int(a) / 1000
            path = str(made / name / f"{a:06d}.mseed")
            obspy.Trace(wave[a:b], about).write(path, format="MSEED")
    found = {}
    for name in ("whole", "parts"):
        (stream,) = tiny.joined(sorted((made / name).glob("*")))
        assert len(stream.pieces) == (1 if name == "whole" else len(cuts) - 1)
        loud = replace(tiny.FRONT, clean=tiny.CLEANING)
        scorer = Scorer(loud, tiny.CLASSES, lambda X: tiny.by_level(X - 20 * np.log10(32768)))
        found[name] = scanning.scan(scorer, stream, made / f"{name}.f32")
    np.testing.assert_array_equal(found["whole"].P, found["parts"].P)
    lists = [tiny.events([scan], AT) for scan in found.values()]
    pd.testing.assert_frame_equal(lists[0], lists[1], rtol=0, atol=1e-9)
    assert len(lists[0])


def test_an_event_across_a_boundary_is_one_event_of_the_first_file(
    tmp_path: Path, scan: Maker
) -> None:
    """It ends behind its file; one that begins with the second file is of the second."""
    wave = tiny.calls(16_000, [("low", 7.5, 8.5), ("high", 12.0, 13.0)])
    for a in (0, 8):
        tiny.write(tmp_path / f"x_20240301_02000{a}.wav", wave[a * 1000 : (a + 8) * 1000])
    found = scan(sorted(tmp_path.glob("*.wav")), pattern=PATTERN)
    classes = {"low": 1, "high": 2}
    table = event_list.events(found, tiny.FRONT, classes, AT, tiny.JOINING, tiny.BANDS)
    assert table["label"].tolist() == ["low", "high"]
    assert table["recording_id"].tolist() == ["x_20240301_020000", "x_20240301_020008"]
    assert table["piece"].tolist() == [0, 1]
    np.testing.assert_allclose(table["onset_s"], [7.5, 4.0], atol=0.128)
    np.testing.assert_allclose(table["offset_s"], [8.5, 5.0], atol=0.128)
    assert table[["low_hz", "high_hz"]].to_numpy().tolist() == [[50, 150], [300, 400]]


def test_a_class_without_a_band_gets_that_of_the_front_end(folder: Path, scan: Maker) -> None:
    """From the first to the last row of the spectrogram."""
    found = scan([folder / "whole/x_20240301_020000.wav"])
    table = event_list.events(found, tiny.FRONT, {"low": 1}, AT, tiny.JOINING, {})
    assert len(table) and (table["low_hz"] == 0).all() and (table["high_hz"] == 500).all()


@pytest.mark.parametrize("front", [tiny.FRONT, FLOOR], ids=["plain", "floor"])
def test_a_scan_that_was_cut_anywhere_ends_in_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path, front: FrontEnd
) -> None:
    """The file of scores is gone on with, whatever was in it when the power went."""
    monkeypatch.setattr(transform, "CHUNK", 16)
    monkeypatch.setattr(transform, "_SPAN", 6000)
    (stream,) = tiny.joined([folder / "whole/x_20240301_020000.wav"])
    scored: list[int] = []

    def score(X: np.ndarray) -> np.ndarray:
        scored.append(len(X))
        return tiny.by_level(X)

    scorer = Scorer(front, tiny.CLASSES, score)
    path = tmp_path / "scores.f32"
    whole = scanning.scan(scorer, stream, path)
    content, windows_in_all = path.read_bytes(), len(whole.first)
    assert len(content) == 12 * windows_in_all
    for cut in (0, 1, 12 * 16 - 1, 12 * 16, 12 * 100 + 5, len(content) - 1, len(content)):
        path.write_bytes(content[:cut])
        scored.clear()
        steps: list[float] = []
        again = scanning.scan(scorer, stream, path, steps.append)
        assert path.read_bytes() == content
        np.testing.assert_array_equal(again.P, whole.P)
        least = windows_in_all - cut // 12 // 16 * 16
        assert least <= sum(scored) <= least + 32  # from the last step that is whole
        assert sum(steps) == pytest.approx(24.0)


def test_a_network_goes_on_where_it_was_cut(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path, network: Detector
) -> None:
    """The same bytes with a network, at chunks and spans that do not fit each other."""
    monkeypatch.setattr(transform, "CHUNK", 16)
    monkeypatch.setattr(transform, "_SPAN", 6000)
    (stream,) = tiny.joined([folder / "whole/x_20240301_020000.wav"])
    scorer = Scorer(network.front_end, network.task.names, network.score)
    path = tmp_path / "scores.f32"
    scanning.scan(scorer, stream, path)
    content = path.read_bytes()
    for cut in range(0, len(content), 12 * 16 + 5):
        path.write_bytes(content[:cut])
        scanning.scan(scorer, stream, path)
        assert path.read_bytes() == content


def test_streams_are_scored_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path, scan: Maker
) -> None:
    """Each as if it were alone, though one before it cannot be scored and some were begun."""
    monkeypatch.setattr(transform, "CHUNK", 16)
    slow = tiny.write(tmp_path / "a.wav", tiny.noise(500), 500.0)
    short = tiny.write(tmp_path / "b.wav", tiny.noise(100))
    paths = [slow, *sorted((folder / "parts").glob("*.wav")), short]
    alone = scan(paths)
    for cut in (0, 500, 10**6):
        work = []
        for number, one in enumerate(alone):
            path = tmp_path / f"{cut}-{number}.f32"
            if number % 2 and cut:
                path.write_bytes(np.asarray(one.P).tobytes()[:cut])
                path.with_suffix(".gaps").touch()
            work.append((one.stream, path))
        found = scanning.scans(tiny.SCORER, work)
        assert ["wrong sampling rate" in one.problem for one in found] == [True] + 5 * [False]
        assert [len(one.P) for one in found] == [0, 15, 109, 62, 187, 0]
        for one, two in zip(found, alone, strict=True):
            np.testing.assert_array_equal(one.P, two.P)
            assert (one.length, one.problem) == (two.length, two.problem)
            np.testing.assert_array_equal(one.gaps, two.gaps)


def by_hand(wave: np.ndarray, front: FrontEnd) -> dict[str, np.ndarray]:
    """Of which kind each sample is."""
    gap = cleaning.find_gaps(wave, 1000.0, front.clean)
    size = front.grid.window_samples
    scored = np.zeros(len(wave), bool)
    for a in grid.starts(len(wave), front.grid):
        scored[a : a + size] |= gap[a : a + size].mean() <= front.grid.max_gap
    return {"gap_s": gap, "scored_s": scored & ~gap, "unscored_s": ~scored & ~gap}


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 2500)), max_size=3),
    st.booleans(),
)
@settings(max_examples=examples(25))
def test_coverage_adds_up_whatever_the_gaps(
    tmp_path_factory: pytest.TempPathFactory,
    seconds: list[int],
    gaps: list[tuple[int, int]],
    pad: bool,
) -> None:
    """Against a count of every sample, in files that make one recording."""
    made = tmp_path_factory.mktemp("gaps")
    wave = tiny.noise(sum(seconds) * 1000)
    wave[np.abs(wave) < 1e-4] = 1e-3
    for a, length in gaps:
        wave[a : a + length] = 0.0
    if (wave == 0).all():
        wave[:10] = 0.1
    front = replace(GAPPY, grid=replace(GAPPY.grid, pad_short=pad))
    cuts = np.cumsum([0, *seconds])
    for a, b in itertools.pairwise(cuts):
        tiny.write(made / f"x_20240301_0200{a:02d}.wav", wave[a * 1000 : b * 1000])
    (stream,) = tiny.joined(sorted(made.glob("*.wav")), PATTERN)
    found = scanning.scan(Scorer(front, tiny.CLASSES, tiny.by_level), stream, made / "s.f32")
    table = coverage.coverage(found, front)
    for name, samples in by_hand(wave, front).items():
        mine = [samples[a * 1000 : b * 1000].sum() / 1000 for a, b in itertools.pairwise(cuts)]
        np.testing.assert_allclose(table[name], mine, atol=1e-9)
    np.testing.assert_allclose(table["duration_s"], seconds)
    kinds = table[list(coverage.KINDS)].sum(axis=1)
    np.testing.assert_allclose(kinds, seconds, atol=1e-9)
    assert (table[["short_s", "unreadable_s"]] == 0).all(axis=None)
    assert (table["problem"] == "").all()
    assert not len(coverage.unaccounted(table))


@given(
    st.lists(st.tuples(st.integers(0, 30_000), st.integers(1, 4000)), max_size=4),
    st.sampled_from([1000.0, 1500.0, 3000.0, 3001.0]),
    st.integers(6000, 30_000),
    st.sampled_from([16, 100, 1 << 20]),
)
@settings(max_examples=examples(20))
def test_every_second_of_a_resampled_recording_is_of_one_kind(
    tmp_path_factory: pytest.TempPathFactory,
    gaps: list[tuple[int, int]],
    rate: float,
    samples: int,
    chunk: int,
) -> None:
    """What is missing is counted before resampling; all kinds make up the length."""
    made = tmp_path_factory.mktemp("resampled")
    wave = np.full(samples, 0.1) + tiny.noise(samples)
    wave[np.abs(wave) < 1e-3] = 0.1
    missing = np.zeros(samples, bool)
    for a, length in gaps:
        missing[a : a + max(8, length)] = True
    missing[:100] = False
    wave[missing] = 0.0
    long = np.diff(np.flatnonzero(np.diff(missing, prepend=False, append=False)))[::2]
    path = tiny.write(made / "x.wav", wave, rate)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transform, "CHUNK", chunk)
        patch.setattr(transform, "_SPAN", 40 * chunk)
        patch.setattr(cleaning, "BLOCK", 6000)
        found = scanning.scan(
            Scorer(GAPPY, tiny.CLASSES, tiny.by_level), tiny.joined([path])[0], made / "s.f32"
        )
        (row,) = coverage.coverage(found, GAPPY).to_dict("records")
    assert row["gap_s"] == pytest.approx(long[long >= 8].sum() / rate, abs=1e-9)
    assert sum(row[name] for name in coverage.KINDS) == pytest.approx(samples / rate, abs=1e-9)
    assert row["short_s"] == row["unreadable_s"] == 0


@pytest.mark.parametrize("window_s", [60, 170, 338, 1000])
@pytest.mark.parametrize("max_gap", [0.0, 0.1, 0.5])
def test_a_gap_is_as_long_as_what_is_missing(
    tmp_path: Path, scan: Maker, small_front_end: FrontEnd, window_s: int, max_gap: float
) -> None:
    """30 s in every 400 s of three hours are 810 s, whatever the windows make of them."""
    wave = np.round(1e6 * tiny.noise(10_800 * 20)).astype(np.int32)
    missing = np.arange(len(wave)) // 20 % 400 < 30
    trace = obspy.Trace(np.ma.masked_array(wave, missing))
    trace.stats.update({"network": "XA", "station": "S12", "channel": "MHZ", "sampling_rate": 20})
    trace.split().write(str(tmp_path / "x.mseed"), format="MSEED")
    samples = round(window_s * small_front_end.clean.sample_rate_hz)
    where = replace(
        small_front_end.grid, window_samples=samples, hop_samples=samples // 2, max_gap=max_gap
    )
    front = replace(small_front_end, grid=where)
    (found,) = scan([tmp_path / "x.mseed"], Scorer(front, tiny.CLASSES, tiny.by_level))
    (row,) = coverage.coverage(found, front).to_dict("records")
    # The first 30 s are before the first sample of the file, which therefore is shorter.
    assert row["duration_s"] == pytest.approx(10_770)
    assert row["gap_s"] == pytest.approx(780, abs=1e-9)
    assert row["scored_s"] + row["unscored_s"] == pytest.approx(9990, abs=1e-9)
    assert (row["scored_s"] == 0) == (max_gap == 0 and window_s == 1000)


def test_gaps_are_the_same_however_often_a_scan_was_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is missing is kept beside the scores, and cut where they are cut."""
    monkeypatch.setattr(transform, "CHUNK", 16)
    monkeypatch.setattr(transform, "_SPAN", 3000)
    wave = tiny.noise(12_000)
    for a in (100, 1000, 2040, 5000, 9900):
        wave[a : a + 700] = 0.0
    (stream,) = tiny.joined([tiny.write(tmp_path / "x.wav", wave)])
    scorer = Scorer(GAPPY, tiny.CLASSES, tiny.by_level)
    whole = scanning.scan(scorer, stream, tmp_path / "s.f32")
    files = [tmp_path / "s.f32", tmp_path / "s.gaps"]
    content = [path.read_bytes() for path in files]
    for cut in range(0, len(content[0]) + 1, 16 * 12 + 30):
        for lost in (0, 8, 10**6):
            files[0].write_bytes(content[0][:cut])
            files[1].write_bytes(content[1][: len(content[1]) if not cut else None])
            if not cut and lost:  # gaps without scores
                files[1].write_bytes(content[1][:lost])
            again = scanning.scan(scorer, stream, files[0])
            assert files[0].read_bytes() == content[0]
            np.testing.assert_array_equal(again.gaps, whole.gaps)
            one, two = (coverage.coverage(scan, GAPPY) for scan in (again, whole))
            pd.testing.assert_frame_equal(one, two)
    files[1].unlink()  # scores of before gaps were kept: begun anew
    scanning.scan(scorer, stream, files[0])
    assert [path.read_bytes() for path in files] == content


def test_many_recordings_need_no_more_open_files(tmp_path: Path) -> None:
    """Three hundred, with room for forty descriptors."""
    made = tiny.write(tmp_path / "x0.wav", tiny.noise(300))
    paths = [made, *(tmp_path / f"x{k}.wav" for k in range(1, 300))]
    for path in paths[1:]:
        path.write_bytes(made.read_bytes())
    work = [(s, tmp_path / f"{k}.f32") for k, s in enumerate(tiny.joined(paths))]
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(p.name) for p in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[0], used + 40), before[1]))
    try:
        found = scanning.scans(tiny.SCORER, work)
        assert len(found) == 300 and not any(scan.problem for scan in found)
        assert all(len(scan.P) for scan in found)
        again = scanning.kept(tiny.FRONT, 3, work, [""] * 300)
        assert all(len(scan.P) for scan in again)
        assert not len(tiny.events(found, {"low": 1.1, "high": 1.1}))
        joining = postprocessing.Joining("mean", 0.0, 1.0, 0.0, 0.0)
        find, scores = at_thresholds.finder(found, tiny.FRONT, {"low": 1}, joining, {})
        assert not len(find("low", 1.1)) and len(scores["low"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


DAY = 86_400


@pytest.mark.parametrize("days", [30, pytest.param(364, marks=pytest.mark.slow)])
@pytest.mark.parametrize("header_rate", [6.625, 6.625017, 6.624983])
def test_times_do_not_drift_along_a_stream(
    tmp_path: Path, small_front_end: FrontEnd, header_rate: float, days: int
) -> None:
    """Each event in the file in which it is and where it is, to a sample, after months.

    A rate that a file's format has rounded shifts nothing: each file begins at its own time.
    """
    count = round(DAY * header_rate)
    start = pd.Timestamp("1971-01-01", tz="UTC")
    pieces = []
    for day in range(days):
        at = start + pd.Timedelta(seconds=day * count / header_rate)
        header = reading.Header(f"d{day}", "XA.S12..MHZ", at, header_rate, count)
        pieces.append((tmp_path / f"d{day}.sac", header))
    (stream,) = streams.join(pieces)
    front = replace(
        small_front_end, grid=replace(small_front_end.grid, window_samples=20, hop_samples=20)
    )
    length = cleaning.plan(stream.n_samples, stream.sample_rate, front.clean).length
    first = grid.starts(length, front.grid)
    P = np.zeros((len(first), 3), np.float32)
    rng = np.random.default_rng(days)
    rows = np.unique([*rng.integers(1, len(first) - 1, 20), len(first) - 40])[::1]
    rows = rows[np.diff(rows, prepend=-9) > 1]
    P[rows, 1] = 1.0
    none = np.zeros((0, 2), np.int64)
    scan = Scan(stream, first, lambda: P, length, "", none)
    table = event_list.events([scan], front, {"low": 1}, {"low": 0.5}, tiny.JOINING, {})
    assert len(table) == len(rows)
    for row, event in zip(rows, table.to_dict("records"), strict=True):
        sample = int(first[row])
        assert event["piece"] == sample // count
        assert event["onset_s"] == pytest.approx(sample % count / header_rate, abs=1e-6)
        assert event["offset_s"] - event["onset_s"] == pytest.approx(20 / 6.625, abs=1e-4)
    covered = coverage.coverage(scan, front)
    assert not len(coverage.unaccounted(covered))
    np.testing.assert_allclose(covered["scored_s"], covered["duration_s"], atol=1e-6)


@pytest.mark.parametrize("pad", [True, False])
def test_a_recording_shorter_than_a_window(tmp_path: Path, scan: Maker, pad: bool) -> None:
    """Padded and scored, or told as too short; either way its seconds are there."""
    front = replace(tiny.FRONT, grid=replace(tiny.FRONT.grid, pad_short=pad))
    path = tiny.write(tmp_path / "x.wav", tiny.noise(100))
    (found,) = scan([path], Scorer(front, tiny.CLASSES, tiny.by_level))
    (row,) = coverage.coverage(found, front).to_dict("records")
    assert row["duration_s"] == pytest.approx(0.1)
    assert row["scored_s" if pad else "short_s"] == pytest.approx(0.1)
    assert row["short_s" if pad else "scored_s"] == 0
    assert row["problem"] == ("" if pad else "shorter than a window")


def test_a_recording_that_is_all_gap_is_a_gap(tmp_path: Path, scan: Maker) -> None:
    """Nothing was recorded, and nothing is wrong with that."""
    path = tiny.write(tmp_path / "x.wav", np.zeros(3000))
    (found,) = scan([path], Scorer(GAPPY, tiny.CLASSES, tiny.by_level))
    (row,) = coverage.coverage(found, GAPPY).to_dict("records")
    assert (row["scored_s"], row["gap_s"], row["problem"]) == (0, pytest.approx(3.0), "")
    assert not len(tiny.events([found], AT, GAPPY))


@pytest.mark.parametrize("samples", [20_001, 20_002, 20_500])
def test_coverage_of_a_resampled_sound_adds_up(tmp_path: Path, scan: Maker, samples: int) -> None:
    """At a rate of sound, half a sample is less than a millisecond."""
    path = tiny.write(tmp_path / "x.wav", tiny.noise(samples), 3000.0)
    (found,) = scan([path])
    assert not len(coverage.unaccounted(coverage.coverage(found, tiny.FRONT)))


def test_coverage_of_a_resampled_seismogram_adds_up(
    tmp_path: Path, scan: Maker, small_front_end: FrontEnd
) -> None:
    """20 Hz to 6.625 Hz."""
    about = {"network": "XA", "station": "S12", "channel": "MHZ", "sampling_rate": 20.0}
    path = tmp_path / "x.mseed"
    obspy.Trace(np.round(1e4 * tiny.noise(5001)).astype(np.int32), about).write(str(path), "MSEED")
    (found,) = scan([path], Scorer(small_front_end, tiny.CLASSES, tiny.by_level))
    assert not len(coverage.unaccounted(coverage.coverage(found, small_front_end)))


def test_a_file_that_breaks_off_is_scored_up_to_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The rest is unreadable, for the reason given; the files before are whole."""
    monkeypatch.setattr(cleaning, "BLOCK", 2000)
    monkeypatch.setattr(transform, "_SPAN", 1000)
    wave = tiny.song(12.0)
    for a in (0, 4):
        b = a + 4 if a == 0 else 12
        tiny.write(tmp_path / f"x_20240301_02000{a}.wav", wave[a * 1000 : b * 1000])
    paths = sorted(tmp_path.glob("*.wav"))
    (stream,) = tiny.joined(paths, PATTERN)
    content = paths[1].read_bytes()
    paths[1].write_bytes(content[: 44 + 2 * 5500])  # after its header was read
    found = scanning.scan(tiny.SCORER, stream, tmp_path / "s.f32")
    assert "_020004.wav is truncated" in found.problem
    first, second = coverage.coverage(found, tiny.FRONT).to_dict("records")
    assert first["scored_s"] == pytest.approx(4.0)
    assert first["unreadable_s"] == pytest.approx(0.0, abs=1e-9)
    assert 0 < second["scored_s"] < 5.5
    assert second["scored_s"] + second["unreadable_s"] == pytest.approx(8.0)
    assert not len(coverage.unaccounted(coverage.coverage(found, tiny.FRONT)))


def test_a_problem_is_told_of_the_file_that_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file before the broken one is whole."""
    monkeypatch.setattr(cleaning, "BLOCK", 2000)
    monkeypatch.setattr(transform, "_SPAN", 1000)
    for a in (0, 4):
        tiny.write(tmp_path / f"x_20240301_02000{a}.wav", tiny.noise(4000, a))
    paths = sorted(tmp_path.glob("*.wav"))
    (stream,) = tiny.joined(paths, PATTERN)
    paths[1].write_bytes(paths[1].read_bytes()[: 44 + 2 * 3500])
    found = scanning.scan(tiny.SCORER, stream, tmp_path / "s.f32")
    table = coverage.coverage(found, tiny.FRONT)
    assert table["scored_s"].iloc[0] == pytest.approx(4.0)
    assert (table["problem"] != "").tolist() == [False, True]


def test_a_rate_that_cannot_work_is_a_problem_not_a_crash(tmp_path: Path, scan: Maker) -> None:
    """All of the file is unreadable to this model, and the message says why."""
    path = tiny.write(tmp_path / "x.wav", tiny.noise(500), 500.0)
    (found,) = scan([path])
    assert "x.wav: wrong sampling rate" in found.problem and not len(found.P)
    (row,) = coverage.coverage(found, tiny.FRONT).to_dict("records")
    assert row["unreadable_s"] == row["duration_s"] == pytest.approx(1.0)
    assert not len(tiny.events([found], AT))


def test_a_long_gap_does_not_make_the_floor_depend_on_spans(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scan: Maker
) -> None:
    """A gap of 10 s, a floor of 3 s."""
    front = replace(FLOOR, clean=GAPPY.clean)
    wave = tiny.song(24.0)
    wave[6000:16_100] = 0.0
    path = tiny.write(tmp_path / "x.wav", wave)
    scorer = Scorer(front, tiny.CLASSES, lambda X: tiny.by_level(X[..., 1:] - tiny.LOUD))
    (wanted,) = scan([path], scorer)
    for span in (1000, 1500, 2000, 3000):
        monkeypatch.setattr(transform, "_SPAN", span)
        (found,) = scan([path], scorer)
        np.testing.assert_allclose(found.P, wanted.P, atol=1e-6)


def test_the_key_of_scores_changes_with_what_they_depend_on(tmp_path: Path) -> None:
    """The model, the file's content (by size and time), its place, the channel."""
    path = tiny.write(tmp_path / "a.wav", tiny.noise(1000))
    (stream,) = tiny.joined([path])
    keys = [scanning.key(stream, "model"), scanning.key(stream, "other")]
    other = stream.pieces[0].header._replace(channel="2")
    keys.append(scanning.key(streams.join([(path, other)])[0], "model"))
    tiny.write(path, tiny.noise(1200))
    keys.append(scanning.key(stream, "model"))
    assert len(set(keys)) == 4
    assert scanning.key(stream, "model") == keys[-1]
