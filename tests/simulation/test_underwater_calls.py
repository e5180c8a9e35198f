"""The generated set of underwater sound: the same bytes, tables that are true."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rarewave.annotations.formats import raven
from rarewave.recordings import reading
from rarewave.simulation import underwater_calls
from rarewave.simulation.underwater_calls import RATE_HZ, TYPES

COUNT = 5  # the fourth has no calls, the last no table


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of five recordings."""
    folder = tmp_path_factory.mktemp("calls")
    underwater_calls.make_calls(folder, COUNT)
    return folder


def waves(folder: Path) -> list[Path]:
    """Its recordings in order."""
    return sorted((folder / "recordings").glob("*.wav"))


def table_of(folder: Path, wave: Path) -> Path:
    """The table of a recording."""
    return folder / "labels" / f"{wave.stem}.Table.1.selections.txt"


def test_the_same_seed_gives_the_same_bytes(made: Path, tmp_path: Path) -> None:
    """Whatever the number of recordings; another seed gives others."""
    underwater_calls.make_calls(tmp_path / "again", 2)
    underwater_calls.make_calls(tmp_path / "other", 2, seed=2)
    for wave in waves(tmp_path / "again"):
        assert wave.read_bytes() == (made / "recordings" / wave.name).read_bytes()
        assert wave.read_bytes() != (tmp_path / "other/recordings" / wave.name).read_bytes()
    table = table_of(tmp_path / "again", waves(made)[0])
    assert table.read_bytes() == table_of(made, waves(made)[0]).read_bytes()
    assert len(waves(made)) == COUNT and len(list((made / "labels").iterdir())) == COUNT - 1


def test_recordings_are_as_declared(made: Path) -> None:
    """Ninety seconds of 8 kHz, hours apart by their names, rarely clipped."""
    starts = []
    for wave in waves(made):
        (header,) = reading.headers(wave, None, "%Y%m%d_%H%M%S")
        assert (header.sample_rate, header.n_samples, header.channel) == (8000.0, 720_000, "1")
        samples = reading.read(wave, "1", 0, header.n_samples)
        assert np.mean(np.abs(samples) > 0.999) < 1e-4 and samples.std() > 0.01
        starts.append(header.start)
    hours = np.diff([s.value for s in starts]) / 3.6e12
    np.testing.assert_array_equal(hours, 1.0)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_tables_are_what_was_put_in(made: Path, number: int) -> None:
    """Read back by the reader of Raven: one event a selection, times, band and type."""
    _, selections = underwater_calls.recording(number, 1)
    found = raven.read(table_of(made, waves(made)[number]))
    wanted = sorted(selections, key=lambda s: s.onset_s)
    assert len(found) == len(wanted) > 5
    assert found["label"].tolist() == [s.label for s in wanted]
    np.testing.assert_allclose(found["onset_s"], [s.onset_s for s in wanted], atol=1e-9)
    np.testing.assert_allclose(found["offset_s"], [s.offset_s for s in wanted], atol=1e-9)
    np.testing.assert_allclose(found["low_hz"], [s.low_hz for s in wanted], atol=0.051)
    np.testing.assert_allclose(found["high_hz"], [s.high_hz for s in wanted], atol=0.051)
    text = table_of(made, waves(made)[number]).read_bytes()
    assert text.count(b"\r\n") == text.count(b"\n") == 1 + 2 * len(wanted)


def test_a_recording_without_calls_and_one_without_a_table(made: Path) -> None:
    """An empty table is a true negative; the last recording has none, though it has calls."""
    _, selections = underwater_calls.recording(3, 1)
    assert selections == [] and not len(raven.read(table_of(made, waves(made)[3])))
    assert not table_of(made, waves(made)[-1]).exists()
    assert len(underwater_calls.recording(COUNT - 1, 1)[1]) > 0


def test_the_set_holds_what_makes_it_hard() -> None:
    """Both types often, some at once, all inside their recordings."""
    together, labels = 0, []
    for number in range(10):
        _, selections = underwater_calls.recording(number, 1)
        labels += [s.label for s in selections]
        ordered = sorted(selections, key=lambda s: s.onset_s)
        for one, two in itertools.pairwise(ordered):
            together += two.onset_s < one.offset_s
        assert all(0 <= s.onset_s < s.offset_s <= underwater_calls.SECONDS for s in selections)
        assert all(0 < s.low_hz < s.high_hz < RATE_HZ / 2 for s in selections)
    assert min(labels.count(kind.label) for kind in TYPES) > 25 and together > 3


def calls() -> Iterator[tuple[str, np.ndarray, float, float]]:
    """Forty calls of each type."""
    rng = np.random.default_rng(5)
    for kind in TYPES:
        for _ in range(40):
            yield kind.label, *underwater_calls.call(kind, rng)


def test_calls_peak_in_their_band() -> None:
    """The strongest frequency lies inside, and most of the power; the peak is 1."""
    for label, wave, low, high in calls():
        power = np.abs(np.fft.rfft(wave)) ** 2
        hertz = np.fft.rfftfreq(len(wave), 1 / RATE_HZ)
        inside = (hertz >= low) & (hertz <= high)
        assert low <= hertz[power.argmax()] <= high, label
        assert power[inside].sum() > 0.7 * power.sum(), label
        assert np.abs(wave).max() == pytest.approx(1.0)


def test_types_are_told_apart_by_their_pulses() -> None:
    """Type B pulses faster: the strongest rate of its envelope lies in its range."""
    for kind in TYPES:
        plain, rng, rates = replace(kind, tone=0.0), np.random.default_rng(3), []
        for _ in range(20):
            wave, _, _ = underwater_calls.call(plain, rng)
            envelope = np.abs(wave) - np.abs(wave).mean()
            power = np.abs(np.fft.rfft(envelope * np.hanning(len(wave)), 1 << 16))
            hertz = np.fft.rfftfreq(1 << 16, 1 / RATE_HZ)
            slow = (hertz > 6) & (hertz < 60)
            rates.append(hertz[slow][power[slow].argmax()])
        low, high = kind.pulses_per_s
        assert low - 1 < np.median(rates) < high + 1
