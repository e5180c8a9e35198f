"""Levels and rates of recordings beside those of training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import tiny

from rarewave.detection import levels
from rarewave.detection.levels import Measured, Trained
from rarewave.frontend import transform

KNOWN = Trained((-60.0, -50.0, -40.0), (1000.0, 2000.0))


def test_the_level_is_the_median_of_the_windows_in_db(tmp_path: Path) -> None:
    """Ten times the amplitude is 20 dB more; below the floor nothing is fainter."""
    wave = tiny.song(20.0) / 4
    found = [
        levels.of_stream(tiny.FRONT, *tiny.joined([tiny.write(tmp_path / f"{k}.wav", k * wave)]))
        for k in (0.1, 1)
    ]
    every = transform.apply(tiny.FRONT, np.round(wave * 2**15) / 2**15, tiny.RATE).spectrograms
    level = levels.of_windows(tiny.FRONT, every)
    np.testing.assert_allclose(level, every[..., 0].mean(axis=(1, 2)), rtol=1e-5)
    assert found[1].level_db == pytest.approx(np.median(level), abs=6)  # of 9 windows
    assert 10 < found[1].level_db - found[0].level_db < 21
    assert found[1].rate_hz == tiny.RATE and found[1].name.endswith("1.wav")


def test_rows_outside_of_the_band_do_not_count() -> None:
    """A filter emptied them."""
    front = replace(tiny.FRONT, clean=replace(tiny.CLEANING, low_hz=100.0, high_hz=300.0))
    X = np.zeros((2, *front.shape), np.float32)
    X[:, front.in_band] = -7.0
    assert levels.of_windows(front, X).tolist() == [-7.0, -7.0]


def test_what_training_saw_is_its_quantiles() -> None:
    """Of the windows that trained, not of the others."""
    X = np.zeros((300, *tiny.FRONT.shape), np.float32)
    X[:200] = np.linspace(-60, -40, 200)[:, None, None, None]
    rows = np.random.default_rng(0).permutation(200)
    found = levels.trained(tiny.FRONT, X, rows, np.array([8000.0, 500.0]))
    np.testing.assert_allclose(found.level_db, [-59.8, -50.0, -40.2], atol=2e-3)
    assert found.rates_hz == (500.0, 8000.0)


def test_another_unit_is_told_with_both_levels_reason_and_remedy() -> None:
    """Counts given to a model of m/s; most recordings: the caller refuses."""
    found = [Measured(f"day{k}.mseed", level, 1000.0) for k, level in enumerate((151, 155, -50))]
    said = levels.odd(KNOWN, "velocity", found)
    assert said.most and len(said.says) == 1
    for words in (
        "day1.mseed has a level of 155 dB, 195 dB above all that the model learnt from (-60 to -40",
        "5.6e+09 times the amplitude: likely another unit or gain (counts against m/s)",
        "(counts: it makes velocity of them itself)", "so it is with 2 of 3 recordings",
    ):  # fmt: skip
        assert words in said.says[0], said.says[0]


def test_one_odd_recording_of_many_is_a_warning() -> None:
    """Fainter ones may hold no signal; recordings of which nothing is known do not count."""
    levels_db = (-90.0, -50.0, -45.0, float("nan"))
    found = [Measured(f"{k}.wav", level, 1000.0) for k, level in enumerate(levels_db)]
    said = levels.odd(KNOWN, "counts", found)
    assert not said.most and "0.wav has a level of -90 dB" in said.says[0]
    assert "30 dB below all that" in said.says[0] and "or no signal" in said.says[0]
    assert "0.032 times the amplitude" in said.says[0]


def test_what_lies_below_the_floor_is_told(tmp_path: Path) -> None:
    """Ground motion given to a model of counts: all black, and the floor hides by how much."""
    path = tiny.write(tmp_path / "faint.wav", 0 * tiny.noise(9000))
    one = levels.of_stream(tiny.FRONT, *tiny.joined([path]))
    floor = tiny.FRONT.spectrogram.floor_db
    assert one.black and one.level_db == pytest.approx(floor)
    said = levels.odd(Trained((floor + 8, floor + 20, floor + 40), (1.0, 1e6)), "counts", [one])
    assert said.most and "at the floor of its spectrograms" in said.says[0]
    dark = Trained((floor + 1, floor + 20, floor + 40), (1.0, 1e6))  # as training was at times
    assert levels.odd(dark, "counts", [one]) == ([], False)


def test_usual_differences_say_nothing() -> None:
    """20 dB more or less, twice the rate."""
    found = [Measured("a", -79.0, 600.0), Measured("b", -21.0, 4000.0), Measured("c", -50, 1500)]
    assert levels.odd(KNOWN, "counts", found) == ([], False)
    assert levels.odd(KNOWN, "counts", []) == ([], False)


def test_a_rate_of_another_kind_is_told() -> None:
    """As of sound that was slowed down tenfold."""
    said = levels.odd(KNOWN, "counts", [Measured("bat.wav", -50.0, 100.0)])
    assert "bat.wav has a sampling rate of 100 Hz" in said.says[0] and not said.most
    assert "had 1000 to 2000 Hz" in said.says[0]


def test_a_recording_that_cannot_be_read_has_no_level(tmp_path: Path) -> None:
    """The scan says what is wrong with it."""
    short = tiny.write(tmp_path / "short.wav", tiny.noise(50))
    slow = tiny.write(tmp_path / "slow.wav", tiny.noise(900), rate=2.0)
    for path in (short, slow):
        assert np.isnan(levels.of_stream(tiny.FRONT, *tiny.joined([path])).level_db)
