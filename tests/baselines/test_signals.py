"""The baselines of the signal by their definitions, whatever the blocks that it is read in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy.signal.trigger import recursive_sta_lta
from support.speed import processor_seconds

from rarewave.base.errors import DataError
from rarewave.baselines import signal
from rarewave.baselines.level import level
from rarewave.baselines.options import Baselines
from rarewave.baselines.signal import Signal
from rarewave.baselines.sta_lta import sta_lta

OPTIONS = Baselines(sta_s=5.0, lta_s=50.0, seed=1)
NO_GAP = np.zeros((0, 2), np.int64)


def of(
    wave: np.ndarray, first: np.ndarray, length: int, gaps: np.ndarray = NO_GAP, rate: float = 2.0
) -> Signal:
    """A recording with windows of one length."""
    return Signal(wave.astype(np.float32), gaps, first, length, rate)


def test_the_level_is_the_mean_power_of_each_window() -> None:
    """In dB, quiet windows beside a loud one too."""
    wave = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    wave[2000:2500] *= 1e4
    first = np.array([0, 100, 1700, 3000, 4800])
    found = level(of(wave, first, 200), OPTIONS)
    power = [np.mean(wave[at : at + 200].astype(float) ** 2) for at in first]
    np.testing.assert_allclose(found, 10 * np.log10(power), atol=1e-6)
    np.testing.assert_allclose(level(of(wave * 10, first, 200), OPTIONS) - found, 20, atol=1e-4)


def test_silence_has_a_finite_level_and_no_trigger() -> None:
    """A gap is 0 throughout; no NaN from 0 / 0."""
    silent = of(np.zeros(500), np.array([0, 200]), 100)
    assert np.isfinite(level(silent, OPTIONS)).all()
    np.testing.assert_array_equal(sta_lta(silent, OPTIONS), 0)


def test_the_ratio_is_obspys_divided_by_what_the_averages_have_gathered() -> None:
    """Its largest value in each window; ObsPy's own, and so the same far from the start.

    ObsPy leaves out the first sample, which the long average forgets; so it is silent here.
    """
    wave = np.random.default_rng(1).standard_normal(3000).astype(np.float32)
    wave[0] = 0
    wave[2600:2650] *= 20
    theirs = recursive_sta_lta(wave.astype(float), 10, 100)
    steps = np.arange(1, 3001)
    gathered = (1 - (1 - 1 / 10) ** steps) / (1 - (1 - 1 / 100) ** steps)
    first = np.array([100, 500, 1500, 2580, 2900])
    found = sta_lta(of(wave, first, 100), OPTIONS)
    wanted = theirs / gathered
    np.testing.assert_allclose(found, [wanted[at : at + 100].max() for at in first], rtol=1e-5)
    np.testing.assert_allclose(found[2:], [theirs[a : a + 100].max() for a in first[2:]], rtol=1e-3)
    assert np.argmax(found) == 3


def test_an_event_in_the_first_long_average_is_seen() -> None:
    """ObsPy blanks that time: a cut-out that begins before its event would score 0."""
    wave = np.random.default_rng(2).standard_normal(400)
    wave[60:90] *= 10
    found = sta_lta(of(wave, np.array([0, 50, 200]), 50), OPTIONS)
    assert np.argmax(found) == 1 and found[1] > 3 and (found > 0).all()


def test_steady_noise_has_a_ratio_near_one_from_the_first_sample_on() -> None:
    """Neither average lags behind the other."""
    wave = np.ones(1000)
    np.testing.assert_allclose(sta_lta(of(wave, np.arange(0, 900, 50), 100), OPTIONS), 1.0)


@given(st.integers(1, 300), st.integers(0, 99))
def test_a_gap_filled_with_silence_is_as_if_it_were_not_there(length: int, seed: int) -> None:
    """What follows it is not lifted: the averages go on from where they were."""
    wave = np.random.default_rng(seed).standard_normal(1200)
    whole = sta_lta(of(wave, np.array([0, 700, 1000]), 100), OPTIONS)
    gappy = np.insert(wave, 500, np.zeros(length))
    first = np.array([0, 700 + length, 1000 + length])
    found = sta_lta(of(gappy, first, 100, np.array([[500, 500 + length]])), OPTIONS)
    np.testing.assert_allclose(found, whole, rtol=1e-5)


@given(
    st.integers(1, 600),
    st.integers(1, 80),
    st.integers(1, 700),
    st.lists(st.integers(0, 600), min_size=1, max_size=12),
    st.integers(0, 99),
)
def test_the_blocks_change_nothing(
    count: int, length: int, block: int, starts: list[int], seed: int
) -> None:
    """One block, or any others, for windows and gaps in any places."""
    rng = np.random.default_rng(seed)
    first = np.sort([min(at, max(0, count - length)) for at in starts])
    edges = np.sort(rng.integers(0, count + 1, 4)).reshape(2, 2)
    given_signal = of(rng.standard_normal(count), first, length, edges)
    wanted = level(given_signal, OPTIONS), sta_lta(given_signal, OPTIONS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal, "BLOCK", block)
        found = level(given_signal, OPTIONS), sta_lta(given_signal, OPTIONS)
    np.testing.assert_allclose(found[0], wanted[0], atol=1e-6)
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-9)


def test_a_padded_short_recording_has_the_level_of_what_was_recorded() -> None:
    """The silence behind it is none of it."""
    found = level(of(np.full(60, 3.0), np.array([0]), 100), OPTIONS)
    assert found[0] == pytest.approx(20 * np.log10(3))


def test_a_recording_without_windows_has_no_values() -> None:
    """Shorter than a window."""
    short = of(np.ones(10), np.zeros(0, np.int64), 100)
    assert level(short, OPTIONS).shape == sta_lta(short, OPTIONS).shape == (0,)


def test_a_short_average_longer_than_the_long_is_refused() -> None:
    """Both lengths are in the message."""
    with pytest.raises(DataError, match=r"sta_s \(50\) must be below lta_s \(5\)"):
        Baselines(50.0, 5.0, 1)


def test_many_gaps_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not all of them for each block; overlapping ones and any order are as good."""
    monkeypatch.setattr(signal, "BLOCK", 1000)
    starts = np.arange(0, 1_000_000, 50)
    gaps = np.stack([starts, starts + 20], axis=1)
    gaps = np.concatenate([gaps, gaps[::7] + np.array([5, 20])])
    wanted = np.ones(1_000_000, bool)
    for begin, end in gaps:
        wanted[begin:end] = False
    wave = of(np.ones(1_000_000), np.zeros(1, np.int64), 10, gaps)
    found: list[np.ndarray] = []
    assert processor_seconds(lambda: found.extend(r for _, _, r in wave.blocks())) < 2
    np.testing.assert_array_equal(np.concatenate(found), wanted)
