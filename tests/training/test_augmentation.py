"""Augmentations do what they say by the amount that was asked, the same for the same seed."""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.signal import welch
from support import options

from rarewave.base import parameters
from rarewave.base.errors import DataError
from rarewave.frontend.spectrogram import spectrograms
from rarewave.training import augmentation
from rarewave.training.augmentation import Augmentation

RATE = 8000.0
FRAME_S = 0.1
NOTHING = Augmentation()
EVERYTHING = Augmentation(
    time_shift_p=0.5,
    time_shift_s=1.0,
    gain_p=0.5,
    gain_db=6.0,
    band_gain_p=0.5,
    band_gain_db=6.0,
    row_shift_p=0.5,
    row_shift_rows=3,
    background_p=0.5,
    background_snr_low_db=0.0,
    background_snr_high_db=20.0,
    time_mask_p=0.5,
    time_mask_s=0.5,
    time_masks=2,
    frequency_mask_p=0.5,
    frequency_mask_rows=5,
    frequency_masks=2,
    noise_p=0.5,
    noise_snr_low_db=0.0,
    noise_snr_high_db=20.0,
    noise_exponent_high=2.0,
    stretch_p=0.5,
    stretch_low=0.8,
    stretch_high=1.25,
    pitch_p=0.5,
    pitch_semitones=2.0,
    mixup_p=0.5,
    mixup_alpha=0.4,
)


def pictures(count: int = 12, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Spectrograms in dB, every value different."""
    rng = np.random.default_rng(seed)
    return rng.normal(-20, 10, (count, 24, 40, channels)).astype(np.float32)


def tone(hertz: float, seconds: float = 2.0, rate: float = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate).astype(np.float32)


def loudest_hz(x: np.ndarray, rate: float = RATE) -> float:
    """The frequency of the highest peak, between the bins of the transform."""
    size = np.abs(np.fft.rfft(x * np.hanning(len(x)), 8 * len(x)))
    return float(np.argmax(size) * rate / (8 * len(x)))


def db(ratio: float) -> float:
    return float(10 * np.log10(ratio))


def apply(X: np.ndarray, seed: int = 1, floor_db: float | None = None, **options: float):
    """`augment_spectrograms` with these options alone."""
    chosen = replace(NOTHING, **options)
    rng = np.random.default_rng(seed)
    return augmentation.augment_spectrograms(X, rng, chosen, FRAME_S, pictures(5, 1, 9), floor_db)


# ---- all of them ------------------------------------------------------------------------------


def test_no_probability_gives_the_input_itself() -> None:
    rng = np.random.default_rng(0)
    X, targets, x = pictures(), np.eye(12, dtype=np.float32), tone(440)[None]
    options = replace(EVERYTHING, **{f.name: 0.0 for f in fields(NOTHING) if f.name[-2:] == "_p"})
    assert augmentation.augment_spectrograms(X, rng, options, FRAME_S, X) is X
    assert augmentation.augment_waveforms(x, rng, RATE, options) is x
    mixed = augmentation.mixup(X, targets, rng, options)
    assert mixed[0] is X and mixed[1] is targets
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_background_without_recordings_gives_the_input_itself() -> None:
    X = pictures()
    options = replace(NOTHING, background_p=1.0)
    assert augmentation.augment_spectrograms(X, np.random.default_rng(0), options, FRAME_S) is X


def test_a_seed_repeats_to_the_bit_and_another_differs() -> None:
    X, targets = pictures(), np.eye(12, dtype=np.float32)
    x = np.random.default_rng(5).standard_normal((6, 8000)).astype(np.float32)

    def all_of(seed: int) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        waves = augmentation.augment_waveforms(x, rng, RATE, EVERYTHING)
        found = augmentation.augment_spectrograms(X, rng, EVERYTHING, FRAME_S, pictures(seed=7))
        return [waves, *augmentation.mixup(found, targets, rng, EVERYTHING)]

    for one, same, other in zip(all_of(3), all_of(3), all_of(4), strict=True):
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)


def test_the_input_is_never_changed_and_shape_and_type_stay() -> None:
    X, targets, others = pictures(channels=2), np.eye(12, dtype=np.float32), pictures(4, 2, 8)
    x = np.random.default_rng(5).standard_normal((6, 8000)).astype(np.float32)
    before = [a.copy() for a in (X, targets, others, x)]
    for array in (X, targets, others, x):
        array.flags.writeable = False
    rng = np.random.default_rng(0)
    found = augmentation.augment_spectrograms(X, rng, EVERYTHING, FRAME_S, others, -60.0)
    waves = augmentation.augment_waveforms(x, rng, RATE, EVERYTHING)
    mixed = augmentation.mixup(found, targets, rng, EVERYTHING)
    for old, now in zip(before, (X, targets, others, x), strict=True):
        np.testing.assert_array_equal(old, now)
    for new, like in ((found, X), (waves, x), (mixed[0], X), (mixed[1], targets)):
        assert (new.shape, new.dtype) == (like.shape, like.dtype)
        assert np.isfinite(new).all()


@pytest.mark.parametrize("p", [0.25, 0.75])
def test_a_probability_is_the_share_of_examples_changed(p: float) -> None:
    X = np.zeros((2000, 2, 2, 1), np.float32)
    found = apply(X, gain_p=p, gain_db=6.0)
    changed = np.mean(np.any(found != X, axis=(1, 2, 3)))
    assert changed == pytest.approx(p, abs=0.04)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"gain_p": 1.5}, "gain_p"),
        ({"mixup_alpha": 0.0}, "mixup_alpha"),
        ({"time_shift_s": -1.0}, "time_shift_s"),
        ({"noise_snr_low_db": 10.0, "noise_snr_high_db": 0.0}, "noise_snr_low_db"),
        ({"stretch_low": 1.2, "stretch_high": 1.1}, "stretch_low"),
    ],
)
def test_impossible_options_are_refused_by_name(values: dict[str, float], named: str) -> None:
    defaults = {f.name: f.default for f in fields(Augmentation)}
    with pytest.raises(DataError, match=named):
        parameters.build(Augmentation, defaults | values, "augmentation")


# ---- on spectrograms --------------------------------------------------------------------------


def test_a_time_shift_rolls_whole_frames_within_its_range() -> None:
    X = pictures(300)
    found = apply(X, time_shift_p=1.0, time_shift_s=0.5)
    shifts = set()
    for old, new in zip(X, found, strict=True):
        fits = [s for s in range(-20, 20) if np.array_equal(np.roll(old, s, axis=1), new)]
        assert len(fits) == 1
        shifts.update(fits)
    assert shifts == set(range(-5, 6))


def test_a_gain_raises_all_values_by_the_same_decibels() -> None:
    X = pictures(400)
    change = (apply(X, gain_p=1.0, gain_db=6.0) - X).reshape(400, -1)
    assert np.ptp(change, axis=1).max() < 1e-4
    gains = change[:, 0]
    assert -6 <= gains.min() < -5.8 and 5.8 < gains.max() <= 6


def test_silence_stays_silent_and_nothing_falls_below_the_floor() -> None:
    X = pictures(50)
    X = np.maximum(X, -60.0)
    X[:, :, :10] = -60.0
    found = apply(X, gain_p=1.0, gain_db=20.0, band_gain_p=1.0, band_gain_db=20.0, floor_db=-60.0)
    np.testing.assert_array_equal(found[:, :, :10], np.float32(-60))
    assert found.min() == -60


def test_gains_leave_the_level_above_the_noise_floor_alone() -> None:
    X = pictures(20, channels=2)
    found = apply(X, gain_p=1.0, gain_db=6.0, band_gain_p=1.0, band_gain_db=6.0)
    np.testing.assert_array_equal(found[..., 1], X[..., 1])
    assert np.all(found[..., 0] != X[..., 0])


def test_a_band_gain_is_one_broken_line_over_the_rows() -> None:
    X = pictures(100)
    change = (apply(X, band_gain_p=1.0, band_gain_db=6.0, band_gain_nodes=2) - X)[..., 0]
    assert np.ptp(change, axis=2).max() < 1e-4  # the same in every frame
    lines = change[:, :, 0]
    assert np.abs(np.diff(lines, n=2, axis=1)).max() < 1e-4  # straight between its two nodes
    assert 5 < np.abs(lines).max() <= 6 + 1e-4
    bent = augmentation.band_gains(200, 4, 6.0, np.random.default_rng(0))
    corners = np.flatnonzero(np.abs(np.diff(bent, n=2)) > 1e-9)
    assert 2 <= len(corners) <= 4 and np.abs(bent).max() <= 6


def test_a_row_shift_moves_rows_within_its_range() -> None:
    X = pictures(200)
    found = apply(X, row_shift_p=1.0, row_shift_rows=2)
    shifts = set()
    for old, new in zip(X, found, strict=True):
        fits = [s for s in range(-4, 5) if np.array_equal(augmentation.shift_rows(old, s), new)]
        assert len(fits) == 1
        shifts.update(fits)
    assert shifts == {-2, -1, 0, 1, 2}
    up = augmentation.shift_rows(X[0], 3)
    np.testing.assert_array_equal(up[3:], X[0][:-3])
    np.testing.assert_array_equal(up[:3], np.repeat(X[0][:1], 3, axis=0))


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 12.0])
def test_a_background_comes_at_the_ratio_asked(snr_db: float) -> None:
    X, other = pictures(1, 2)[0], pictures(1, 2, seed=3)[0] + 30
    found = augmentation.add_background(X, other, snr_db).astype(np.float64)
    power, before = 10 ** (found[..., 0] / 10), 10 ** (X[..., 0].astype(np.float64) / 10)
    assert db(before.mean() / (power - before).mean()) == pytest.approx(snr_db, abs=0.01)
    added = (power - before) / 10 ** (other[..., 0].astype(np.float64) / 10)
    assert np.median(np.abs(added / np.median(added) - 1)) < 0.01  # it is that background
    np.testing.assert_allclose(found[..., 1] - X[..., 1], found[..., 0] - X[..., 0], atol=1e-4)


def test_backgrounds_are_drawn_within_their_range() -> None:
    X = pictures(200)
    found = apply(X, background_p=1.0, background_snr_low_db=3.0, background_snr_high_db=9.0)
    before = 10 ** (X.astype(np.float64) / 10)
    added = 10 ** (found.astype(np.float64) / 10) - before
    ratios = 10 * np.log10(before.mean(axis=(1, 2, 3)) / added.mean(axis=(1, 2, 3)))
    assert 2.9 < ratios.min() < 3.3 and 8.7 < ratios.max() < 9.1


def test_time_masks_blank_whole_frames_of_the_size_asked() -> None:
    X = pictures(300)
    found = apply(X, time_mask_p=1.0, time_mask_s=0.5)
    widths = set()
    for old, new in zip(X, found, strict=True):
        blank = np.flatnonzero(np.all(old != new, axis=(0, 2)))
        np.testing.assert_allclose(new[:, blank], old.mean(), atol=1e-3)
        kept = np.setdiff1d(np.arange(40), blank)
        np.testing.assert_array_equal(new[:, kept], old[:, kept])
        assert len(blank) == 0 or blank[-1] - blank[0] + 1 == len(blank)
        widths.add(len(blank))
    assert widths == set(range(6))


def test_frequency_masks_blank_whole_rows_of_the_size_asked() -> None:
    X = pictures(300)
    found = apply(X, frequency_mask_p=1.0, frequency_mask_rows=4, frequency_masks=2)
    most = 0
    for old, new in zip(X, found, strict=True):
        blank = np.flatnonzero(np.all(old != new, axis=(1, 2)))
        kept = np.setdiff1d(np.arange(24), blank)
        np.testing.assert_array_equal(new[kept], old[kept])
        assert np.sum(np.diff(blank) > 1) <= 1  # two masks, one gap at most
        most = max(most, len(blank))
    assert most == 8


def test_a_mask_longer_than_the_spectrogram_is_cut() -> None:
    X = pictures(30)
    found = apply(X, time_mask_p=1.0, time_mask_s=100.0, frequency_mask_p=1.0)
    assert found.shape == X.shape


# ---- on waveforms -----------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("snr_db", [-3.0, 20.0])
def test_noise_has_the_ratio_and_the_slope_asked(snr_db: float, exponent: float) -> None:
    x = tone(440, 8.0).astype(np.float64)
    found = augmentation.add_noise(x, snr_db, exponent, np.random.default_rng(0))
    noise = found - x
    assert db(np.mean(x**2) / np.mean(noise**2)) == pytest.approx(snr_db, abs=1e-6)
    hertz, power = welch(noise, RATE, nperseg=1024)
    inner = (hertz > 50) & (hertz < 3500)
    slope = np.polyfit(np.log10(hertz[inner]), np.log10(power[inner]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.15)


def test_noise_on_silence_is_silence() -> None:
    x = np.zeros((2, 4000), np.float32)
    options = replace(NOTHING, noise_p=1.0, noise_snr_high_db=10.0)
    found = augmentation.augment_waveforms(x, np.random.default_rng(0), RATE, options)
    np.testing.assert_array_equal(found, x)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 1.25, 2.0])
def test_a_stretch_divides_the_duration_and_keeps_the_pitch(factor: float) -> None:
    x = np.concatenate([tone(600, 2.0), np.zeros(8000, np.float32), tone(600, 1.0)])
    found = augmentation.stretch(x, factor)
    assert len(found) == round(len(x) / factor)
    loud = np.flatnonzero(np.abs(found) > 0.3)
    gap = loud[1:][np.diff(loud) > 2000]
    assert loud[-1] / RATE == pytest.approx(4.0 / factor, abs=0.1)
    assert gap / RATE == pytest.approx(3.0 / factor, abs=0.1)
    assert loudest_hz(found) == pytest.approx(600, abs=1)
    for begin, end in ((0, 2), (3, 4)):  # as loud as it was, before the silence and after
        inner = found[round(begin * RATE / factor) + 800 : round(end * RATE / factor) - 800]
        assert np.sqrt(np.mean(inner**2)) == pytest.approx(np.sqrt(0.5), rel=0.1)


def test_a_stretch_by_one_changes_nothing() -> None:
    x = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    np.testing.assert_allclose(augmentation.stretch(x, 1.0), x, atol=1e-5)


@pytest.mark.parametrize("semitones", [-12.0, -2.0, 0.5, 3.0, 7.0])
def test_a_pitch_shift_multiplies_a_tones_frequency(semitones: float) -> None:
    x = tone(440)
    found = augmentation.shift_pitch(x, RATE, semitones)
    assert len(found) == len(x)
    assert loudest_hz(found) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.003)
    loud = np.flatnonzero(np.abs(found) > 0.3)
    assert loud[-1] - loud[0] > 0.95 * len(x)


def test_waveforms_are_stretched_and_moved_within_their_ranges() -> None:
    x = np.tile(tone(500), (60, 1))
    x[:, 8000:] = 0
    options = replace(NOTHING, stretch_p=1.0, stretch_low=0.8, stretch_high=1.25)
    found = augmentation.augment_waveforms(x, np.random.default_rng(0), RATE, options)
    lasts = np.array([np.flatnonzero(np.abs(row) > 0.3)[-1] / RATE for row in found])
    assert 0.75 < lasts.min() < 0.85 and 1.2 < lasts.max() < 1.3
    options = replace(NOTHING, pitch_p=1.0, pitch_semitones=2.0)
    found = augmentation.augment_waveforms(x, np.random.default_rng(0), RATE, options)
    moved = np.array([12 * np.log2(loudest_hz(row) / 500) for row in found])
    assert -2.05 < moved.min() < -1.8 and 1.8 < moved.max() < 2.05


# ---- mixup ------------------------------------------------------------------------------------


def test_mixup_blends_examples_and_targets_by_one_weight() -> None:
    X, targets = pictures(50), np.eye(50, dtype=np.float32)
    options = replace(NOTHING, mixup_p=1.0, mixup_alpha=0.5)
    found, mixed = augmentation.mixup(X, targets, np.random.default_rng(0), options)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)
    assert (np.count_nonzero(mixed, axis=1) <= 2).all()
    np.testing.assert_allclose(found, np.einsum("ij,j...->i...", mixed, X), atol=1e-4)
    assert 0.05 < np.mean((mixed > 0.01) & (mixed < 0.99)) * 50 / 2 <= 1


def test_mixup_takes_one_probability_per_example() -> None:
    X, targets = pictures(50), np.arange(50, dtype=np.float32)
    options = replace(NOTHING, mixup_p=0.5, mixup_alpha=1.0)
    found, mixed = augmentation.mixup(X, targets, np.random.default_rng(0), options)
    kept = mixed == targets
    assert 10 < kept.sum() < 40
    np.testing.assert_array_equal(found[kept], X[kept])


def test_samples_are_changed_first_and_then_their_spectrograms() -> None:
    """The two steps by hand with the same generator; without samples the second alone."""
    spec = replace(options.SPECTROGRAM, n_fft=256, hop=128, floor_db=-80.0)
    waves = np.random.default_rng(0).standard_normal((6, 4096)).astype(np.float32)
    X = spectrograms(waves, RATE, spec)
    noisy = Augmentation(gain_p=1.0, gain_db=6.0, noise_p=1.0, time_mask_p=1.0, time_mask_s=0.1)

    def drawn() -> np.random.Generator:
        return np.random.default_rng(5)

    rng = drawn()
    changed = spectrograms(augmentation.augment_waveforms(waves, rng, RATE, noisy), RATE, spec)
    wanted = augmentation.augment_spectrograms(changed, rng, noisy, 128 / RATE, None, -80.0)
    found = augmentation.augment(X, waves, None, drawn(), RATE, spec, noisy)
    np.testing.assert_array_equal(found, wanted)
    alone = augmentation.augment(X, None, None, drawn(), RATE, spec, noisy)
    np.testing.assert_array_equal(
        alone, augmentation.augment_spectrograms(X, drawn(), noisy, 128 / RATE, None, -80.0)
    )
    quiet = replace(noisy, noise_p=0.0)
    assert not quiet.of_waveforms and noisy.of_waveforms
    np.testing.assert_array_equal(
        augmentation.augment(X, waves, None, drawn(), RATE, spec, quiet), alone
    )


def test_time_is_scaled_about_the_middle() -> None:
    """A tone burst keeps its centre and rows, and lasts half as long at twice the speed."""
    X = np.zeros((6, 41, 1), np.float32)
    X[2, 12:29, 0] = 1.0  # 17 frames about frame 20
    fast = augmentation.scale_time(X, 2.0)
    assert fast.shape == X.shape
    assert fast[2, :, 0].sum() == pytest.approx(X[2, :, 0].sum() / 2, abs=1.0)
    assert (fast[2, :, 0] * np.arange(41)).sum() / fast[2, :, 0].sum() == pytest.approx(20)
    assert not fast[[0, 1, 3, 4, 5]].any()
    np.testing.assert_array_equal(augmentation.scale_time(X, 1.0), X)
    slow = augmentation.scale_time(X, 0.5)
    assert slow[2, :, 0].sum() == pytest.approx(2 * X[2, :, 0].sum(), abs=1.0)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_time_of_very_few_frames_is_scaled(frames: int) -> None:
    X = np.ones((4, frames, 2), np.float32)
    np.testing.assert_allclose(augmentation.scale_time(X, 1.7), X)
