"""Files that follow one another are one recording, cleaned alike however it is read."""

import itertools
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import obspy
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import tiny

from rarewave.detection.clean_stream import CleanStream
from rarewave.frontend import cleaning
from rarewave.frontend.cleaning import Cleaning
from rarewave.recordings import streams
from rarewave.recordings.reading import Header
from rarewave.recordings.streams import Stream

START = pd.Timestamp("2024-03-01T02:00:00", tz="UTC")


def header(
    number: int, start: float | None, n: int = 1000, rate: float = 100.0, channel: str = "1"
) -> tuple[Path, Header]:
    """A file of 10 s that starts so many seconds after the first."""
    time = pd.NaT if start is None else START + pd.Timedelta(seconds=start)
    return Path(f"f{number}.wav"), Header(f"f{number}", channel, time, rate, n)


def names(files: list[tuple[Path, Header]], in_order: bool = False) -> list[list[str]]:
    """The files of each stream."""
    return [[p.path.stem for p in s.pieces] for s in streams.join(files, in_order)]


@pytest.mark.parametrize(
    ("late", "together"),
    [(0.0, True), (0.0049, True), (-0.0049, True), (0.0051, False), (-0.0051, False), (3, False)],
)
def test_times_decide_to_half_a_sample(late: float, together: bool) -> None:
    """A file that begins within half a sample of the end of the one before follows it."""
    found = streams.join([header(1, 10.0 + late), header(0, 0.0)])
    assert len(found) == (1 if together else 2)
    if together:
        (one,) = found
        assert [p.path.stem for p in one.pieces] == ["f0", "f1"]
        assert [p.first for p in one.pieces] == [0, 1000]
        assert (one.n_samples, one.sample_rate, one.start) == (2000, 100.0, START)


def test_channels_and_rates_are_kept_apart() -> None:
    """Contiguous files of two channels are two streams; another rate begins a new one."""
    files = [header(0, 0.0), header(1, 0.0, channel="2"), header(2, 10.0, channel="2")]
    files += [header(3, 10.0)]
    assert names(files) == [["f0", "f3"], ["f1", "f2"]]
    assert names([header(0, 0.0), header(1, 10.0, rate=50.0)]) == [["f0"], ["f1"]]


def test_files_without_times_stay_alone_unless_in_order() -> None:
    """Nobody knows whether they follow; `in_order` says so, as they are given."""
    files = [header(2, None), header(1, None), header(0, None, channel="2")]
    assert names(files) == [["f2"], ["f1"], ["f0"]]
    assert names(files, in_order=True) == [["f2", "f1"], ["f0"]]
    assert names([]) == []


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 9)), min_size=1, max_size=6), st.data())
def test_the_order_in_which_files_are_given_does_not_matter(
    parts: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Gaps of 0 or 1 s between files: each gap begins a stream."""
    files, at = [], 0.0
    wanted: list[list[str]] = []
    for number, (gap, seconds) in enumerate(parts):
        at += gap
        files.append(header(number, at, n=seconds * 100))
        if gap or not wanted:
            wanted.append([])
        wanted[-1].append(f"f{number}")
        at += seconds
    assert names(data.draw(st.permutations(files))) == wanted


def test_files_of_two_recorders_are_not_mixed() -> None:
    """Two folders recorded at the same times: a file follows only one of its own folder."""
    files = []
    for folder in ("site1", "site2"):
        for number in range(2):
            _, found = header(number, 10.0 * number)
            files.append((Path(folder) / f"f{number}.wav", found))
    for stream in streams.join(files):
        assert len({piece.path.parent for piece in stream.pieces}) == 1


def test_thousands_of_files_are_joined_in_no_time() -> None:
    """What ended before a file begins is not looked at again: four times the files, not 16."""
    seconds = []
    for count in (1000, 4000):
        apart = [header(10_000 + n, 12.0 * n) for n in range(count)]
        joined = [header(10_000 + n, 10.0 * n, channel="2") for n in range(count)]
        unknown = [header(n, None, channel="3") for n in range(count)]
        took = []
        for _ in range(3):
            began = time.process_time()
            found = streams.join([*apart, *joined, *unknown])
            took.append(time.process_time() - began)
        seconds.append(min(took))
        assert len(found) == 2 * count + 1
    assert seconds[1] < 12 * seconds[0] and seconds[1] < 2


def slow_join(files: list[tuple[Path, Header]]) -> list[list[str]]:
    """Each file goes to the first stream that ends where it begins: the definition."""
    made: list[list[Header]] = []
    for _, one in sorted(files, key=lambda f: (f[1].start, f[1].channel, str(f[0]))):
        for stream in made:
            last = stream[-1]
            end = last.start + pd.Timedelta(seconds=last.n_samples / last.sample_rate)
            near = abs((one.start - end).total_seconds()) <= 0.5 / last.sample_rate
            if near and one.channel == last.channel and one.sample_rate == last.sample_rate:
                stream.append(one)
                break
        else:
            made.append([one])
    return [[h.recording_id for h in stream] for stream in made]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40), st.integers(1, 9), st.sampled_from([100.0, 50.0]), st.integers(1, 2)
        ),
        max_size=12,
    )
)
def test_overlapping_files_are_joined_as_defined(
    drawn: list[tuple[int, int, float, int]],
) -> None:
    """Whatever overlaps, repeats, and has other rates and channels between."""
    files = [
        header(n, at / 4 + n % 3 * 0.002, round(seconds * rate / 4), rate, str(channel))
        for n, (at, seconds, rate, channel) in enumerate(drawn)
    ]
    assert names(files) == slow_join(files)


@pytest.mark.parametrize("late", [0.0, 0.004, -0.004])
def test_a_place_in_a_stream_is_told_by_the_clock_of_each_file(late: float) -> None:
    """Files that each begin a little late: seconds from the start of each do not add up."""
    files = [header(100 + n, n * (10.0 + late)) for n in range(100)]
    (stream,) = streams.join(files)
    apart = [stream.apart_s(0, number) for number in range(100)]
    np.testing.assert_allclose(apart, np.arange(100) * (10 + late), atol=1e-6)
    assert stream.span(5 * 1000, 5 * 1000 + 100) == (5, 0.0, 1.0)
    number, onset, offset = stream.span(98_900, 99_100)
    assert (number, onset) == (98, 9.0)
    assert offset == pytest.approx(10 + late + 1.0)
    assert stream.span(99_900, 100_000) == (99, 9.0, 10.0)


def test_without_clocks_samples_count() -> None:
    """Files in order, whatever their times say."""
    files = [header(0, 50.0), header(1, 3.0), header(2, None)]
    (stream,) = streams.join(files, in_order=True)
    assert [stream.apart_s(0, number) for number in range(3)] == [0.0, 10.0, 20.0]
    assert stream.span(900, 1100) == (0, 9.0, 11.0)


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stream, np.ndarray]:
    """Nine thousand samples in three wav files, and what they hold together."""
    folder = tmp_path_factory.mktemp("parted")
    wave = np.round(tiny.song(9.0) * 32768) / 32768
    cuts = [0, 2000, 5000, 9000]
    for a, b in itertools.pairwise(cuts):
        tiny.write(folder / f"x_20240301_02000{a // 1000}.wav", wave[a:b])
    (stream,) = tiny.joined(sorted(folder.glob("*.wav"))[::-1], "%Y%m%d_%H%M%S")
    return stream, wave


@given(st.integers(0, 9000), st.integers(0, 9000))
def test_reading_goes_across_files(parted: tuple[Stream, np.ndarray], one: int, two: int) -> None:
    """Any stretch is that of the whole."""
    stream, wave = parted
    start, stop = sorted((one, two))
    np.testing.assert_array_equal(stream.read(start, stop), wave[start:stop])


def test_miniseed_files_are_one_stream(tmp_path: Path) -> None:
    """Their times are their own."""
    wave = np.round(1000 * tiny.noise(3000)).astype(np.int32)
    paths = []
    for number in range(3):
        about = {"network": "XA", "station": "S12", "channel": "MHZ", "sampling_rate": 20.0}
        about["starttime"] = obspy.UTCDateTime(2024, 3, 1) + 50 * number
        paths.append(tmp_path / f"{2 - number}.mseed")
        part = wave[1000 * number : 1000 * (number + 1)]
        obspy.Trace(part, about).write(str(paths[-1]), format="MSEED")
    (stream,) = tiny.joined(sorted(paths))
    np.testing.assert_array_equal(stream.read(0, 3000), wave)


class Memory:
    """What CleanStream needs of a stream, without files; missing samples are NaN."""

    def __init__(self, wave: np.ndarray, rate: float) -> None:
        self.wave, self.sample_rate, self.n_samples = wave, rate, len(wave)

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.wave[start:stop]

    def respond(self, *options: object) -> None:
        """Counts have no response to remove."""


def of_memory(wave: np.ndarray, rate: float, options: Cleaning) -> CleanStream:
    """A clean stream of samples that lie in no file."""
    return CleanStream(cast(Stream, Memory(wave, rate)), options)


def gappy(samples: int) -> np.ndarray:
    """Noise with gaps, one of them across 8192."""
    wave = tiny.noise(samples, seed=3)
    for a, b in ((100, 300), (8000, 8400), (samples - 50, samples)):
        wave[a:b] = np.nan
    return wave


FILTERED = replace(tiny.CLEANING, low_hz=20.0, high_hz=400.0, taper_s=0.2)


@pytest.mark.parametrize("options", [tiny.CLEANING, FILTERED])
@pytest.mark.parametrize("rate", [1000.0, 3000.0, 1500.0])
def test_a_clean_stream_is_the_whole_cleaned(
    monkeypatch: pytest.MonkeyPatch, options: Cleaning, rate: float
) -> None:
    """Read forward in steps it is `clean` bit by bit; blocks change rounding and nothing else."""
    wave = gappy(30_000)
    at_once = cleaning.clean(wave, rate, options)
    for size in (1 << 20, 5000, 3001):
        monkeypatch.setattr(cleaning, "BLOCK", size)
        whole = cleaning.clean(wave, rate, options)
        stream = of_memory(wave, rate, options)
        assert stream.length == len(at_once.samples) == len(whole.samples)
        for step in (700, 1311, stream.length):
            starts = range(0, stream.length, step)
            parts = [stream.read(a, min(a + step, stream.length)) for a in starts]
            np.testing.assert_array_equal(np.concatenate(parts), whole.samples)
            stream = of_memory(wave, rate, options)
        # Halves are rounded to even, so that an edge may move by a sample at another block.
        same = whole.gap == at_once.gap
        assert (~same).sum() <= (4 if rate == 1500.0 else 0)
        np.testing.assert_allclose(whole.samples[same], at_once.samples[same], atol=2e-5)


@given(st.integers(2, 90), st.integers(16, 400))
def test_missing_is_counted_sample_by_sample(count: int, length: int) -> None:
    """The share of NaN in each window, across blocks."""
    wave = gappy(20_000)
    first = np.linspace(0, 20_000 - length, count).astype(np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleaning, "BLOCK", 6000)
        stream = of_memory(wave, 1000.0, tiny.CLEANING)
        found = stream.missing(first, length)
    wanted = [np.isnan(wave[a : a + length]).mean() for a in first]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_an_earlier_block_can_be_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading back costs time and nothing else."""
    monkeypatch.setattr(cleaning, "BLOCK", 2000)
    wave = gappy(20_000)
    stream = of_memory(wave, 1000.0, tiny.CLEANING)
    everything = stream.read(0, 20_000)
    np.testing.assert_array_equal(stream.read(0, 500), everything[:500])


def test_files_may_stay_alone() -> None:
    """Where the beginning of each says what its noise is."""
    files = [header(0, 0.0), header(1, 10.0), header(2, 20.0)]
    assert [len(stream.pieces) for stream in streams.join(files)] == [3]
    found = streams.join(files, alone=True)
    assert [[p.path.stem for p in s.pieces] for s in found] == [["f0"], ["f1"], ["f2"]]
    assert {piece.first for stream in found for piece in stream.pieces} == {0}
