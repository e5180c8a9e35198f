"""Cleaning: each step against scipy or a definition, and the whole on sines and gaps."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.signal
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.options import CLEANING, RATE
from support.properties import examples

from rarewave.base import intervals
from rarewave.base.errors import DataError
from rarewave.frontend import cleaning


def sine(hertz: float, length: int, rate: float = RATE) -> np.ndarray:
    """A sine of amplitude 1."""
    return np.sin(2 * np.pi * hertz * np.arange(length) / rate)


def none(samples: np.ndarray) -> np.ndarray:
    """No gap."""
    return np.zeros(len(samples), bool)


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """(first, length) of each run of True, by walking along."""
    found, length = [], 0
    for at, flag in enumerate([*flags, False]):
        if flag:
            length += 1
        elif length:
            found.append((at - length, length))
            length = 0
    return found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"low_hz": 1.2}, r"low_hz \(1\.2\) must be below high_hz \(1\.2\)"),
        ({"high_hz": 3.4}, r"high_hz \(3\.4\) must be below half of sample_rate_hz \(3\.3125\)"),
        (
            {"low_hz": 3.4, "high_hz": None},
            r"low_hz \(3\.4\) must be below half of sample_rate_hz \(3\.3125\)",
        ),
    ],
)
def test_a_band_that_cannot_be_is_refused(change: dict[str, Any], words: str) -> None:
    """Both numbers are in the message."""
    with pytest.raises(DataError, match=words):
        replace(CLEANING, **change)


def test_the_bandpass_is_scipys_forwards_and_backwards() -> None:
    """Away from the ends equal to filtfilt of the same filter in another form (zeros, poles)."""
    wave = np.random.default_rng(0).standard_normal(6000)
    z, p, k = scipy.signal.iirfilter(2, [0.3, 1.2], btype="band", fs=RATE, output="zpk")
    b, a = scipy.signal.zpk2tf(z, p, k)
    wanted = scipy.signal.filtfilt(b, a, wave)
    found = cleaning.band_filter(wave, RATE, 0.3, 1.2, 2)
    np.testing.assert_allclose(found[500:-500], wanted[500:-500], atol=1e-7)


def test_the_bandpass_with_its_ends_is_sosfiltfilt() -> None:
    """Ends included: odd extension by three of the longest periods."""
    wave = np.random.default_rng(1).standard_normal(3000)
    sos = scipy.signal.butter(4, [0.1, 1.2], "bandpass", fs=RATE, output="sos")
    wanted = scipy.signal.sosfiltfilt(sos, wave, padlen=round(3 * RATE / 0.1))
    np.testing.assert_allclose(cleaning.band_filter(wave, RATE, 0.1, 1.2, 4), wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "kind", "corner"),
    [(0.3, None, "highpass", 0.3), (None, 0.8, "lowpass", 0.8)],
)
def test_an_open_side_makes_a_high_pass_or_a_low_pass(
    low: float | None, high: float | None, kind: str, corner: float
) -> None:
    """Away from the ends equal to filtfilt of scipy's own in zeros and poles."""
    wave = np.random.default_rng(0).standard_normal(6000)
    b, a = scipy.signal.butter(3, corner, kind, fs=RATE)
    wanted = scipy.signal.filtfilt(b, a, wave)
    found = cleaning.band_filter(wave, RATE, low, high, 3)
    np.testing.assert_allclose(found[500:-500], wanted[500:-500], atol=1e-7)


def test_a_band_open_on_both_sides_changes_nothing(noise: Callable[..., np.ndarray]) -> None:
    """No filter, no trend taken out: an offset is part of what was recorded."""
    wave = noise(3000)
    np.testing.assert_array_equal(cleaning.band_filter(wave, RATE, None, None, 4), wave)
    options = replace(CLEANING, low_hz=None, high_hz=None, taper_s=0.0, spike_factor=0.0)
    found = cleaning.clean(wave, RATE, options)
    np.testing.assert_array_equal(found.samples, wave.astype(np.float32))


def test_the_bandpass_has_no_phase() -> None:
    """Turning time round before or after is the same, and an impulse stays where it is."""
    wave = np.zeros(4001)
    wave[2000] = 1.0
    found = cleaning.band_filter(wave, RATE, 0.1, 1.2, 4)
    assert np.argmax(found) == 2000
    np.testing.assert_allclose(found, found[::-1], atol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 17, 200])
def test_a_short_wave_can_be_filtered(length: int) -> None:
    """Shorter than the wanted extension is no failure."""
    assert len(cleaning.band_filter(np.ones(length), RATE, 0.1, 1.2, 4)) == length


@given(st.integers(2, 400), st.integers(0, 2**31))
def test_detrend_is_scipys_where_nothing_is_missing(length: int, seed: int) -> None:
    """A line and a mean are removed."""
    rng = np.random.default_rng(seed)
    wave = rng.standard_normal(length) + rng.normal(0, 10) * np.arange(length) + 500
    np.testing.assert_allclose(
        cleaning.detrend(wave, none(wave)), scipy.signal.detrend(wave), atol=1e-8 * length
    )


def test_gaps_do_not_bend_the_trend() -> None:
    """Only known samples count, as polyfit over them does."""
    wave = np.random.default_rng(2).standard_normal(1000) + 0.01 * np.arange(1000)
    gap = none(wave)
    gap[300:500] = True
    wave[gap] = 1e6
    index = np.arange(1000)
    slope, offset = np.polyfit(index[~gap], wave[~gap], 1)
    found = cleaning.detrend(wave, gap)
    np.testing.assert_allclose(found, wave - slope * index - offset, atol=1e-8)


@given(
    st.lists(st.sampled_from([-1.0, -1.0, 0.0, 7.0, np.nan]), min_size=1, max_size=60),
    st.integers(1, 6),
)
def test_only_long_runs_of_the_gap_count_are_gaps(values: list[float], shortest: int) -> None:
    """NaN always; -1 in runs of at least gap_run: a lone -1 is a measurement."""
    wave = np.array(values)
    wanted = np.isnan(wave)
    for first, length in runs(wave == -1):
        wanted[first : first + length] |= length >= shortest
    options = replace(CLEANING, gap_run=shortest, flat_s=0.0)
    np.testing.assert_array_equal(cleaning.find_gaps(wave, 1.0, options), wanted)
    without = replace(options, gap_value=None)
    np.testing.assert_array_equal(cleaning.find_gaps(wave, 1.0, without), np.isnan(wave))


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 5.0, np.nan]), st.integers(1, 9)), max_size=12),
    st.integers(2, 6),
)
def test_flat_lines_are_found_exactly(pieces: list[tuple[float, int]], shortest: int) -> None:
    """A constant stretch of flat_s at 1 Hz is a gap, from its first sample to its last."""
    wave = np.array([value for value, count in pieces for _ in range(count)] + [1.0, 2.0])
    wanted = np.isnan(wave)
    for value in (0.0, 5.0):
        for first, length in runs(wave == value):
            wanted[first : first + length] |= length >= shortest
    options = replace(CLEANING, gap_value=None, flat_s=float(shortest))
    np.testing.assert_array_equal(cleaning.find_gaps(wave, 1.0, options), wanted)


def test_gaps_are_bridged_by_straight_lines() -> None:
    """Between the neighbours; at an end by the nearest value."""
    wave = np.array([np.nan, np.nan, 2.0, np.nan, np.nan, 8.0, np.nan])
    found = cleaning.fill_gaps(wave, np.isnan(wave))
    np.testing.assert_allclose(found, [2, 2, 2, 4, 6, 8, 8])


def test_an_isolated_spike_is_removed_and_the_rest_untouched() -> None:
    """Noise with one sample far out: that one comes back to its neighbours."""
    wave = np.random.default_rng(3).standard_normal(4000)
    spiked = wave.copy()
    spiked[[1000, 2500]] = [500.0, -300.0]
    found = cleaning.despike(spiked, none(wave), RATE, 12.0)
    assert np.abs(found[[1000, 2500]]).max() < 5
    others = np.setdiff1d(np.arange(4000), [1000, 2500])
    assert np.mean(found[others] == spiked[others]) > 0.999


@pytest.mark.parametrize("hertz", [0.05, 0.3, 1.2])
def test_a_clean_sine_passes_the_despiking(hertz: float) -> None:
    """Up to the top of the band no sample of it counts as a spike."""
    wave = sine(hertz, 8000)
    np.testing.assert_array_equal(cleaning.despike(wave, none(wave), RATE, 8.0), wave)


def test_a_sudden_loud_burst_is_no_row_of_spikes() -> None:
    """An event 100 times as loud as the noise before it keeps its energy."""
    rng = np.random.default_rng(4)
    wave = rng.standard_normal(8000)
    at = np.arange(4000)
    wave[4000:] += 300 * np.exp(-at / 1500) * np.sin(2 * np.pi * 0.5 * at / RATE)
    found = cleaning.despike(wave, none(wave), RATE, 8.0)
    assert np.square(found).sum() == pytest.approx(np.square(wave).sum(), rel=0.01)
    assert np.abs(found - wave).max() < 0.1 * np.abs(wave).max()


def test_a_spike_in_a_quantised_quiet_stretch_is_removed() -> None:
    """Counts that hardly ever change: one sample of 1000 is a spike there too."""
    rng = np.random.default_rng(5)
    wave = np.repeat(rng.integers(0, 2, 200), 20).astype(float)
    wave[1333] = 1000.0
    found = cleaning.despike(wave, none(wave), RATE, 8.0)
    assert found[1333] <= 1.0


def test_a_quantisation_step_is_no_spike() -> None:
    """A digit that flickers in a quiet stretch is the signal."""
    wave = (np.random.default_rng(6).random(4000) < 0.05).astype(float)
    np.testing.assert_array_equal(cleaning.despike(wave, none(wave), RATE, 8.0), wave)


@pytest.mark.parametrize("rate", [20.0, 53.0, 100.0, 6.0])
def test_resampling_keeps_frequency_amplitude_and_length(rate: float) -> None:
    """A sine of 0.7 Hz stays one, and seconds stay seconds."""
    length = round(600 * rate)
    found, gap = cleaning.resample(sine(0.7, length, rate), np.zeros(length, bool), rate, RATE)
    assert abs(len(found) - 600 * RATE) <= 1
    assert len(gap) == len(found)
    inner = slice(200, -200)
    np.testing.assert_allclose(found[inner], sine(0.7, len(found))[inner], atol=1e-4)


def test_gaps_follow_the_resampling() -> None:
    """The flagged seconds are the same to a sample of the new rate."""
    gap = np.zeros(10000, bool)
    gap[2000:5000] = True
    _, found = cleaning.resample(np.zeros(10000), gap, 100.0, RATE)
    ((first, length),) = runs(found)
    assert first / RATE == pytest.approx(20.0, abs=1 / RATE)
    assert length / RATE == pytest.approx(30.0, abs=1 / RATE)


@given(st.integers(10, 500), st.data())
def test_the_taper_is_scipys_tukey_window(length: int, data: st.DataObject) -> None:
    """alpha is the tapered share."""
    edge = data.draw(st.integers(0, (length - 1) // 2))
    wanted = scipy.signal.windows.tukey(length, 2 * edge / (length - 1))
    np.testing.assert_allclose(cleaning.cosine_taper(length, edge), wanted, atol=1e-12)


def test_a_taper_longer_than_the_wave_meets_in_the_middle() -> None:
    """It stays symmetric and between 0 and 1."""
    taper = cleaning.cosine_taper(7, 100)
    np.testing.assert_array_equal(taper, taper[::-1])
    assert taper[0] == 0
    assert taper.max() == 1


def test_a_wave_in_the_band_survives_and_one_outside_vanishes() -> None:
    """Amplitude 1 within 1 %, and less than 1 % beyond the corners."""
    inner = slice(3000, -3000)
    for hertz in (0.3, 0.5, 0.8):
        wave = sine(hertz, 20000)
        found = cleaning.clean(wave * 100 + 7, RATE, CLEANING).samples[inner]
        np.testing.assert_allclose(found, 100 * wave[inner], atol=1.0)
    for hertz in (0.01, 0.03, 3.0):
        found = cleaning.clean(100 * sine(hertz, 20000), RATE, CLEANING).samples[inner]
        assert np.abs(found).max() < 1.0, hertz


def test_the_ends_are_tapered_to_nothing(noise: Callable[..., np.ndarray]) -> None:
    """The first sample is 0 and the next seconds are small."""
    found = cleaning.clean(noise(6000), RATE, CLEANING).samples
    assert found[0] == found[-1] == 0
    loud = np.abs(found[1000:5000]).mean()
    assert np.abs(found[:20]).mean() < 0.1 * loud


def test_a_gap_does_not_ring(noise: Callable[..., np.ndarray]) -> None:
    """Samples next to a gap of -1 in a record with a large offset are no louder than others."""
    wave = noise(20000) + 50000
    wave[8000:12000] = -1
    found = cleaning.clean(wave, RATE, CLEANING)
    assert found.gap.sum() == 4000
    near = np.abs(found.samples[7800:8000]).max()
    assert near < 2 * np.abs(found.samples[1000:7000]).max()


@settings(max_examples=examples(25))
@given(
    length=st.integers(40, 3000),
    holes=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 400)), max_size=4),
    rate=st.sampled_from([RATE, 10.0, 53.0]),
    seed=st.integers(0, 1000),
)
def test_gaps_are_exactly_zero_in_the_output(
    length: int, holes: list[tuple[int, int]], rate: float, seed: int
) -> None:
    """Whatever is missing: right length, finite, float32, 0 inside every gap."""
    wave = np.random.default_rng(seed).standard_normal(length) * 100
    for first, count in holes:
        wave[first : first + count] = np.nan
    assume(np.isfinite(wave).sum() > 2)
    found = cleaning.clean(wave, rate, CLEANING)
    assert abs(len(found.samples) - length * RATE / rate) <= 1
    assert found.samples.dtype == np.float32
    assert found.gap.shape == found.samples.shape
    assert np.isfinite(found.samples).all()
    assert (found.samples[found.gap] == 0).all()
    if rate == RATE:
        np.testing.assert_array_equal(found.gap, np.isnan(wave))


def test_cleaning_leaves_its_input_alone(noise: Callable[..., np.ndarray]) -> None:
    """The raw samples may be used again."""
    wave = noise(3000)
    wave[100:200] = np.nan
    before = wave.copy()
    cleaning.clean(wave, RATE, CLEANING)
    np.testing.assert_array_equal(wave, before)


def test_a_rate_too_low_for_the_band_is_refused() -> None:
    """The message names both rates; just above is enough."""
    with pytest.raises(
        DataError, match=r"it is 2\.4 Hz, and clean\.high_hz 1\.2 needs more than 2"
    ):
        cleaning.clean(np.arange(100.0), 2.4, CLEANING)
    cleaning.clean(sine(0.5, 500, 2.5), 2.5, CLEANING)


def test_without_an_upper_limit_the_rate_must_be_reached() -> None:
    """Else the upper band would be empty; a file format's rounding is no other rate."""
    open_top = replace(CLEANING, high_hz=None)
    with pytest.raises(DataError, match=r"it is 6 Hz, below clean\.sample_rate_hz 6\.625"):
        cleaning.check_rate(6.0, open_top)
    for rate in (RATE, float(np.float32(RATE)), RATE * (1 - 2e-6), 20.0):
        cleaning.check_rate(rate, open_top)
    cleaning.check_rate(6.0, CLEANING)  # high_hz is known, and 6 Hz can hold it


@pytest.mark.parametrize("value", [np.nan, -1.0, 17.0])
def test_a_recording_of_gaps_only_is_refused(value: float) -> None:
    """All missing, all gap count, all constant."""
    with pytest.raises(DataError, match="no usable sample"):
        cleaning.clean(np.full(2000, value), RATE, CLEANING)


def in_pieces(
    monkeypatch: pytest.MonkeyPatch,
    wave: np.ndarray,
    rate: float,
    options: cleaning.Cleaning,
    size: int,
) -> tuple[cleaning.Cleaned, list[tuple[int, int]]]:
    """A wave cleaned in blocks of `size`, and the spans that were read for them."""
    monkeypatch.setattr(cleaning, "BLOCK", size)
    asked: list[tuple[int, int]] = []

    def read(start: int, stop: int) -> np.ndarray:
        asked.append((start, stop))
        assert 0 <= start < stop <= len(wave)
        return wave[start:stop]

    parts = list(cleaning.blocks(read, len(wave), rate, options))
    planned = cleaning.plan(len(wave), rate, options)
    assert len(parts) == planned.n_blocks == len(asked)
    return cleaning.Cleaned(*(np.concatenate(c) for c in zip(*parts, strict=True))), asked


BLOCKWISE: dict[str, tuple[float, dict[str, Any]]] = {
    "same rate": (RATE, {}),
    "down": (20.0, {}),
    "down from a rate that is none of it": (53.0, {}),
    "up": (4.0, {}),
    "high-pass": (RATE, {"high_hz": None}),
    "low-pass": (RATE, {"low_hz": None}),
    "no filter": (20.0, {"low_hz": None, "high_hz": None}),
    "no despiking, down": (
        100.0,
        {"sample_rate_hz": 20.0, "spike_factor": 0.0, "flat_s": 0.0},
    ),
    "no despiking": (RATE, {"spike_factor": 0.0, "flat_s": 0.0}),
}


@pytest.mark.parametrize("name", BLOCKWISE)
def test_blocks_are_the_recording_in_one_piece(
    monkeypatch: pytest.MonkeyPatch, name: str, noise: Callable[..., np.ndarray]
) -> None:
    """Gaps exactly; samples to a thousandth of their spread, up to the ends of the recording."""
    rate, change = BLOCKWISE[name]
    options = replace(CLEANING, **change)
    wave = noise(40_000, seed=1) + 20 * sine(0.4, 40_000, rate)
    wave[11_000:11_900] = np.nan
    wave[24_100:24_400] = -1
    whole = cleaning.clean(wave, rate, options)
    found, asked = in_pieces(monkeypatch, wave, rate, options, 6000)
    assert len(asked) > 4
    np.testing.assert_array_equal(found.gap, whole.gap)
    inner = slice(1500, -1500)
    near = np.abs(found.samples - whole.samples)[inner]
    assert near.max() < 1e-3 * whole.samples.std()


def test_a_block_reads_no_more_than_its_margins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the recording; together the blocks read all of it."""
    wave = np.random.default_rng(0).standard_normal(100_000)
    _, asked = in_pieces(monkeypatch, wave, RATE, CLEANING, 6000)
    planned = cleaning.plan(100_000, RATE, CLEANING)
    assert max(stop - start for start, stop in asked) < 2 * 6000 + 2 * planned.margin
    assert asked[0][0] == 0
    assert asked[-1][1] == 100_000
    for number, (start, stop) in enumerate(asked):
        assert start <= number * planned.size < (number + 1) * planned.size <= stop


@settings(max_examples=examples(25))
@given(
    n_samples=st.integers(1, 30_000),
    rate=st.sampled_from([RATE, 4.0, 10.0, 53.0, 100.0, np.pi * 2]),
    size=st.integers(2000, 8000),
)
def test_the_plan_knows_the_length(n_samples: int, rate: float, size: int) -> None:
    """Of every block and in all, at any rate: the samples that cleaning gives."""
    wave = np.random.default_rng(n_samples).standard_normal(n_samples)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(cleaning, "BLOCK", size)
        planned = cleaning.plan(n_samples, rate, CLEANING)
        parts = list(cleaning.blocks(lambda a, b: wave[a:b], n_samples, rate, CLEANING))
    assert sum(len(part.samples) for part in parts) == planned.length
    assert all(len(part.samples) == planned.size_out for part in parts[:-1])
    assert all(len(part.samples) == len(part.gap) for part in parts)


def test_only_the_ends_of_the_recording_are_tapered(
    monkeypatch: pytest.MonkeyPatch, noise: Callable[..., np.ndarray]
) -> None:
    """The first and the last sample are 0, those at the limits of blocks are not."""
    wave = noise(30_000)
    found, asked = in_pieces(monkeypatch, wave, RATE, CLEANING, 6000)
    assert found.samples[0] == found.samples[-1] == 0
    spread = found.samples.std()
    for limit in range(6000, 6000 * len(asked), 6000):
        assert found.samples[limit - 100 : limit + 100].std() > 0.5 * spread


def test_a_gap_longer_than_a_block_is_a_gap_throughout(
    monkeypatch: pytest.MonkeyPatch, noise: Callable[..., np.ndarray]
) -> None:
    """Blocks of nothing but gap are zeros, and those beside it stay finite."""
    wave = noise(40_000) + 50_000
    wave[9000:27_000] = -1
    found, _ = in_pieces(monkeypatch, wave, RATE, CLEANING, 6000)
    wanted = none(wave)
    wanted[9000:27_000] = True
    np.testing.assert_array_equal(found.gap, wanted)
    assert (found.samples[wanted] == 0).all()
    assert np.isfinite(found.samples).all()
    loud = np.abs(found.samples[1000:8000]).max()
    assert np.abs(found.samples[8000:9000]).max() < 2 * loud
    assert np.abs(found.samples[27_000:28_000]).max() < 2 * loud


@pytest.mark.parametrize("rate", [20 * np.pi, 8.0000012345, 2 * np.pi, 6.6261234567])
def test_a_rate_without_a_small_ratio_is_cleaned_in_blocks(
    monkeypatch: pytest.MonkeyPatch, noise: Callable[..., np.ndarray], rate: float
) -> None:
    """None ends on a sample of the new rate; yet memory is bounded, and no seam is to be seen."""
    length = round(20_000 * rate)
    options = replace(CLEANING, flat_s=0.0, spike_factor=0.0)
    wave = noise(length, seed=1) + 20 * sine(0.4, length, rate)
    wave[length // 3 : length // 3 + 900] = np.nan
    assert cleaning._steps(rate, RATE)[0] is None
    whole = cleaning.clean(wave, rate, options)
    found, asked = in_pieces(monkeypatch, wave, rate, options, length // 8)
    planned = cleaning.plan(length, rate, options)
    assert len(asked) == planned.n_blocks >= 7
    longest = max(stop - start for start, stop in asked)
    assert longest < 2 * (length // 8) + 2 * planned.margin + rate
    np.testing.assert_array_equal(found.gap, whole.gap)
    np.testing.assert_array_equal(intervals.union(found.lost), whole.lost)
    near = np.abs(found.samples - whole.samples)[1500:-1500]
    assert near.max() < 1e-3 * whole.samples.std()


@pytest.mark.parametrize(
    ("rate", "wanted", "top"),
    [
        pytest.param(1000.0, 10.0, 4.0),
        (100.0, 5.0, 2.0),
        (1000.0, RATE, 1.2),
    ],
)
def test_resampling_far_down_leaves_no_seam_between_blocks(
    monkeypatch: pytest.MonkeyPatch, rate: float, wanted: float, top: float
) -> None:
    """Filters as long as many input samples need margins as long, without low_hz too."""
    options = replace(
        CLEANING, sample_rate_hz=wanted, low_hz=None, high_hz=top, spike_factor=0.0, flat_s=0.0
    )
    wave = 1000 + 100 * np.random.default_rng(0).standard_normal(round(600 * rate))
    wave += 100 * sine(0.5, len(wave), rate)
    whole = cleaning.clean(wave, rate, options)
    found, asked = in_pieces(monkeypatch, wave, rate, options, round(100 * rate))
    assert len(asked) > 4
    near = np.abs(found.samples - whole.samples)[200:-200]
    assert near.max() < 1e-3 * whole.samples.std()
