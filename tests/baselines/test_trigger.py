"""The baselines by their definitions, whatever the pieces that a recording comes in."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy.signal.trigger import recursive_sta_lta
from rarewave.baselines.trigger import Trigger, measure

from rarewave.base.errors import DataError

TRIGGER = Trigger(sta_s=5.0, lta_s=50.0)


def whole(
    wave: np.ndarray, first: np.ndarray, length: int, rate: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """Level and ratio of a wave in one piece."""
    return measure([wave], first, length, rate, TRIGGER)


def test_the_level_is_the_mean_power_of_each_window() -> None:
    """In dB, quiet windows beside a loud one too."""
    wave = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    wave[2000:2500] *= 1e4
    first = np.array([0, 100, 1700, 3000, 4800])
    found, _ = whole(wave, first, 200)
    power = [np.mean(wave[at : at + 200].astype(float) ** 2) for at in first]
    np.testing.assert_allclose(found, 10 * np.log10(power), atol=1e-6)
    np.testing.assert_allclose(whole(wave * 10, first, 200)[0] - found, 20, atol=1e-4)


def test_silence_has_a_finite_level_and_no_trigger() -> None:
    """A gap is 0 throughout; no NaN from 0 / 0."""
    level, ratio = whole(np.zeros(500, np.float32), np.array([0, 200]), 100)
    assert np.isfinite(level).all()
    np.testing.assert_array_equal(ratio, 0)


def test_the_ratio_is_obspys_recursive_sta_lta() -> None:
    """Its largest value in each window, once the long average is one of so many samples.

    ObsPy leaves out the first sample, which the long average forgets; so it is silent here.
    """
    wave = np.random.default_rng(1).standard_normal(1000).astype(np.float32)
    wave[0] = 0
    wave[600:650] *= 20
    wanted = recursive_sta_lta(wave.astype(float), 10, 100)
    first = np.array([0, 50, 150, 500, 580, 900])
    _, found = whole(wave, first, 100)
    np.testing.assert_allclose(found, [wanted[at : at + 100].max() for at in first], rtol=1e-6)
    assert found[0] == 0  # the long average is not yet one
    assert np.argmax(found) == 4


@given(
    st.integers(1, 600),
    st.integers(1, 80),
    st.lists(st.integers(1, 600), max_size=8),
    st.lists(st.integers(0, 600), min_size=1, max_size=12),
    st.integers(0, 99),
)
def test_the_pieces_change_nothing(
    count: int, length: int, cuts: list[int], starts: list[int], seed: int
) -> None:
    """One piece, or any others, for windows in any places."""
    wave = np.random.default_rng(seed).standard_normal(count).astype(np.float32)
    first = np.sort([min(at, max(0, count - length)) for at in starts])
    limits = sorted({0, count, *(c for c in cuts if c < count)})
    pieces = [wave[a:b] for a, b in itertools.pairwise(limits)]
    level, ratio = measure(iter(pieces), first, length, 2.0, TRIGGER)
    wanted_level, wanted_ratio = whole(wave, first, length)
    np.testing.assert_allclose(level, wanted_level, atol=1e-6)
    np.testing.assert_allclose(ratio, wanted_ratio, rtol=1e-9)


def test_a_padded_short_recording_has_the_level_of_what_was_recorded() -> None:
    """The silence behind it is none of it."""
    wave = np.full(60, 3.0, np.float32)
    level, _ = whole(wave, np.array([0]), 100)
    assert level[0] == pytest.approx(20 * np.log10(3))


def test_a_recording_without_windows_has_no_values() -> None:
    """Shorter than a window."""
    level, ratio = whole(np.ones(10, np.float32), np.zeros(0, np.int64), 100)
    assert level.shape == ratio.shape == (0,)


def test_a_short_average_longer_than_the_long_is_refused() -> None:
    """Both lengths are in the message."""
    with pytest.raises(DataError, match=r"sta_s \(50\) must be below lta_s \(5\)"):
        Trigger(50.0, 5.0)


def test_a_recording_shorter_than_the_long_average_is_scored_as_obspy_does() -> None:
    """Nothing is blanked there: a catalogue's cut-outs would have no baseline."""
    wave = np.random.default_rng(0).standard_normal(500).astype(np.float32)
    wave[0] = 0
    first = np.arange(0, 400, 50)
    trigger = Trigger(sta_s=10.0, lta_s=1000.0)
    _, found = measure([wave[:200], wave[200:]], first, 100, 1.0, trigger)
    ratio = recursive_sta_lta(wave.astype(np.float64), 10, 1000)
    assert found == pytest.approx([ratio[at : at + 100].max() for at in first])
    assert found.max() > 0
