"""Augmentations do what they say by the amount that was asked, the same for the same seed."""

from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
import pytest
from scipy.fft import dct
from scipy.signal import welch
from support import options
from support.changes import changing

from rarewave.base import parameters
from rarewave.base.errors import DataError
from rarewave.frontend.spectrogram import Spectrogram, spectrograms
from rarewave.training.augmentation import apply, background, level, place, speed
from rarewave.training.augmentation.noise import add_noise
from rarewave.training.augmentation.options import Augmentation

RATE = 8000.0
FRAME_S = 0.1
NOTHING = changing()
EVERYTHING = changing(
    time_shift={"p": 0.5, "s": 1.0},
    gain={"p": 0.5, "db": 6.0},
    band_gain={"p": 0.5, "db": 6.0},
    row_shift={"p": 0.5, "rows": 3},
    background={"p": 0.5, "snr_low_db": 0.0, "snr_high_db": 20.0},
    time_mask={"p": 0.5, "s": 0.5, "times": 2},
    frequency_mask={"p": 0.5, "rows": 5, "times": 2},
    noise={"p": 0.5, "snr_low_db": 0.0, "snr_high_db": 20.0, "high": 2.0},
    stretch={"p": 0.5, "low": 0.8, "high": 1.25},
    pitch={"p": 0.5, "semitones": 2.0},
    mixup={"p": 0.5, "alpha": 0.4},
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


def after(
    X: np.ndarray, seed: int = 1, floor_db: float | None = None, **options: dict[str, float]
) -> np.ndarray:
    """`augment_spectrograms` with these options alone."""
    chosen = changing(**options)
    rng = np.random.default_rng(seed)
    return apply.augment_spectrograms(X, rng, chosen, FRAME_S, pictures(5, 1, 9), floor_db)


# ---- all of them ------------------------------------------------------------------------------


def test_no_probability_gives_the_input_itself() -> None:
    rng = np.random.default_rng(0)
    X, targets, x = pictures(), np.eye(12, dtype=np.float32), tone(440)[None]
    options = changing(EVERYTHING, **{f.name: {"p": 0.0} for f in fields(NOTHING)})
    assert apply.augment_spectrograms(X, rng, options, FRAME_S, X) is X
    assert apply.augment_waveforms(x, rng, RATE, options) is x
    mixed = options.mixup(X, targets, rng)
    assert mixed[0] is X and mixed[1] is targets
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_background_without_recordings_gives_the_input_itself() -> None:
    X = pictures()
    options = changing(background={"p": 1.0})
    assert apply.augment_spectrograms(X, np.random.default_rng(0), options, FRAME_S) is X


def test_a_seed_repeats_to_the_bit_and_another_differs() -> None:
    X, targets = pictures(), np.eye(12, dtype=np.float32)
    x = np.random.default_rng(5).standard_normal((6, 8000)).astype(np.float32)

    def all_of(seed: int) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        waves = apply.augment_waveforms(x, rng, RATE, EVERYTHING)
        found = apply.augment_spectrograms(X, rng, EVERYTHING, FRAME_S, pictures(seed=7))
        return [waves, *EVERYTHING.mixup(found, targets, rng)]

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
    found = apply.augment_spectrograms(X, rng, EVERYTHING, FRAME_S, others, -60.0)
    waves = apply.augment_waveforms(x, rng, RATE, EVERYTHING)
    mixed = EVERYTHING.mixup(found, targets, rng)
    for old, now in zip(before, (X, targets, others, x), strict=True):
        np.testing.assert_array_equal(old, now)
    for new, like in ((found, X), (waves, x), (mixed[0], X), (mixed[1], targets)):
        assert (new.shape, new.dtype) == (like.shape, like.dtype)
        assert np.isfinite(new).all()


@pytest.mark.parametrize("p", [0.25, 0.75])
def test_a_probability_is_the_share_of_examples_changed(p: float) -> None:
    X = np.zeros((2000, 2, 2, 1), np.float32)
    found = after(X, gain={"p": p, "db": 6.0})
    changed = np.mean(np.any(found != X, axis=(1, 2, 3)))
    assert changed == pytest.approx(p, abs=0.04)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"gain": {"p": 1.5}}, r"augmentation\.gain\.p is 1\.5: it must be between 0 and 1"),
        (
            {"mixture": {"snr_low_db": 3.0}},
            r"augmentation\.mixture: snr_low_db must not be greater",
        ),
        ({"mixup": {"alpha": 0.0}}, r"augmentation\.mixup\.alpha is 0\.0: it must be greater"),
        ({"time_shift": {"s": -1.0}}, r"augmentation\.time_shift\.s"),
        (
            {"noise": {"snr_low_db": 10.0}},
            r"of augmentation\.noise: snr_low_db must not be",
        ),
        ({"noise": {"low": 1.0}}, r"of augmentation\.noise: low must not be greater than high"),
        ({"background": {"snr_low_db": 9.0}}, r"of augmentation\.background: snr_low_db must not"),
        ({"stretch": {"low": 1.2, "high": 1.1}}, r"of augmentation\.stretch: low must not be"),
        (
            {"stretch": {"classes": {"bark": 0.2}}},
            r"augmentation\.stretch\.classes\.bark is 0\.2: it must be between 0\.25 and 4",
        ),
        ({"stretch": {"classes": {"bark": [0.5, 2, 3]}}}, r"must be a speed, or \[low, high\]"),
        ({"stretch": {"classes": {"bark": [2, 0.5]}}}, r"classes\.bark: low must not be greater"),
        ({"time_scale": {"high": 0.9}}, r"of augmentation\.time_scale: low must not be greater"),
        ({"gain": 0.5}, r"augmentation\.gain is 0\.5: it must be a map, like {p: …, db: …}"),
    ],
)
def test_impossible_options_are_refused_by_name(values: dict, message: str) -> None:
    """With dots, as they are written after -S."""
    given = asdict(NOTHING)
    for name, change in values.items():
        given[name] = given[name] | change if isinstance(change, dict) else change
    with pytest.raises(DataError, match=message):
        parameters.build(Augmentation, given, "augmentation")


# What each change of `recorded` drew and made before every change became a file of its own: the
# last digits of the generator's state, and the means of the values and of what changed in them.
RECORDED = {
    "time_shift": (949551499271, -21.474171764, 8.216212871),
    "time_scale": (884851178075, -21.336338707, 5.441242793),
    "gain": (884851178075, -21.669548547, 0.913236321),
    "band_gain": (620484539827, -21.374897394, 0.787166904),
    "row_shift": (949551499271, -21.462836388, 5.826328955),
    "background": (348393827695, -19.160169990, 2.314001773),
    "time_mask": (535469843779, -21.893265163, 2.540078921),
    "frequency_mask": (535469843779, -21.483460710, 1.255804856),
    "noise": (780282097137, 11.791156066, 1.723180088),
    "stretch": (884851178075, 8.653734368, 5.101865285),
    "pitch": (884851178075, 8.898092810, 4.972406957),
    "mixup": (781435627078, -21.461588875, 4.055178080),
    "all": (566086501437, 8.984477866, 7.650977819),
}
CHANGED = {
    "time_shift": {"p": 0.6, "s": 1.0},
    "time_scale": {"p": 0.6, "low": 0.7, "high": 1.4},
    "gain": {"p": 0.6, "db": 6.0},
    "band_gain": {"p": 0.6, "db": 6.0, "nodes": 5},
    "row_shift": {"p": 0.6, "rows": 3},
    "background": {"p": 0.6, "snr_low_db": 0.0, "snr_high_db": 20.0},
    "time_mask": {"p": 0.6, "s": 0.5, "times": 2},
    "frequency_mask": {"p": 0.6, "rows": 5, "times": 2},
    "noise": {"p": 0.6, "snr_low_db": 0.0, "snr_high_db": 20.0, "low": 0.0, "high": 2.0},
    "stretch": {"p": 0.6, "low": 0.8, "high": 1.25},
    "pitch": {"p": 0.6, "semitones": 2.0},
    "mixup": {"p": 0.6, "alpha": 0.4},
}


@pytest.mark.parametrize("name", [*CHANGED, "all"])
def test_draws_and_results_are_those_recorded(name: str) -> None:
    """Of each change alone and of all together: a trained model can be trained again."""
    rng = np.random.default_rng(0)
    X = rng.normal(-20, 10, (12, 24, 40, 2)).astype(np.float32)
    X[:, :, :3] = -40
    others = rng.normal(-20, 10, (5, 24, 40, 2)).astype(np.float32)
    waves = rng.standard_normal((12, 6144)).astype(np.float32)
    spec = replace(options.SPECTROGRAM, n_fft=64, hop=128, floor_db=-40.0)
    chosen = changing(**(CHANGED if name == "all" else {name: CHANGED[name]}))
    if chosen.of_waveforms:
        X = spectrograms(waves, RATE, spec)
        others = X[:5] + 3
    rng = np.random.Generator(np.random.PCG64([1, 2]))
    found = apply.augment(X, waves, others, rng, RATE, spec, chosen)
    found, _ = chosen.mixup(found, np.eye(12, dtype=np.float32), rng)
    state, mean, change = RECORDED[name]
    assert rng.bit_generator.state["state"]["state"] % 10**12 == state
    values = found.astype(np.float64)
    assert (values.mean(), np.abs(values - X).mean()) == pytest.approx((mean, change), rel=1e-6)


# ---- on spectrograms --------------------------------------------------------------------------


def test_a_time_shift_rolls_whole_frames_within_its_range() -> None:
    X = pictures(300)
    found = after(X, time_shift={"p": 1.0, "s": 0.5})
    shifts = set()
    for old, new in zip(X, found, strict=True):
        fits = [s for s in range(-20, 20) if np.array_equal(np.roll(old, s, axis=1), new)]
        assert len(fits) == 1
        shifts.update(fits)
    assert shifts == set(range(-5, 6))


def test_a_gain_raises_all_values_by_the_same_decibels() -> None:
    X = pictures(400)
    change = (after(X, gain={"p": 1.0, "db": 6.0}) - X).reshape(400, -1)
    assert np.ptp(change, axis=1).max() < 1e-4
    gains = change[:, 0]
    assert -6 <= gains.min() < -5.8 and 5.8 < gains.max() <= 6


def test_silence_stays_silent_and_nothing_falls_below_the_floor() -> None:
    X = pictures(50)
    X = np.maximum(X, -60.0)
    X[:, :, :10] = -60.0
    found = after(X, floor_db=-60.0, gain={"p": 1.0, "db": 20.0}, band_gain={"p": 1.0, "db": 20.0})
    np.testing.assert_array_equal(found[:, :, :10], np.float32(-60))
    assert found.min() == -60


def test_gains_leave_the_level_above_the_noise_floor_alone() -> None:
    X = pictures(20, channels=2)
    found = after(X, gain={"p": 1.0, "db": 6.0}, band_gain={"p": 1.0, "db": 6.0})
    np.testing.assert_array_equal(found[..., 1], X[..., 1])
    assert np.all(found[..., 0] != X[..., 0])


def test_a_band_gain_is_one_broken_line_over_the_rows() -> None:
    X = pictures(100)
    change = (after(X, band_gain={"p": 1.0, "db": 6.0, "nodes": 2}) - X)[..., 0]
    assert np.ptp(change, axis=2).max() < 1e-4  # the same in every frame
    lines = change[:, :, 0]
    assert np.abs(np.diff(lines, n=2, axis=1)).max() < 1e-4  # straight between its two nodes
    assert 5 < np.abs(lines).max() <= 6 + 1e-4
    bent = level.band_gains(200, 4, 6.0, np.random.default_rng(0))
    corners = np.flatnonzero(np.abs(np.diff(bent, n=2)) > 1e-9)
    assert 2 <= len(corners) <= 4 and np.abs(bent).max() <= 6


def test_a_row_shift_moves_rows_within_its_range() -> None:
    X = pictures(200)
    found = after(X, row_shift={"p": 1.0, "rows": 2})
    shifts = set()
    for old, new in zip(X, found, strict=True):
        fits = [s for s in range(-4, 5) if np.array_equal(place.shift_rows(old, s), new)]
        assert len(fits) == 1
        shifts.update(fits)
    assert shifts == {-2, -1, 0, 1, 2}
    up = place.shift_rows(X[0], 3)
    np.testing.assert_array_equal(up[3:], X[0][:-3])
    np.testing.assert_array_equal(up[:3], np.repeat(X[0][:1], 3, axis=0))


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 12.0])
def test_a_background_comes_at_the_ratio_asked(snr_db: float) -> None:
    X, other = pictures(1, 2)[0], pictures(1, 2, seed=3)[0] + 30
    found = background.add_background(X, other, snr_db).astype(np.float64)
    power, before = 10 ** (found[..., 0] / 10), 10 ** (X[..., 0].astype(np.float64) / 10)
    assert db(before.mean() / (power - before).mean()) == pytest.approx(snr_db, abs=0.01)
    added = (power - before) / 10 ** (other[..., 0].astype(np.float64) / 10)
    assert np.median(np.abs(added / np.median(added) - 1)) < 0.01  # it is that background
    np.testing.assert_allclose(found[..., 1] - X[..., 1], found[..., 0] - X[..., 0], atol=1e-4)


def test_backgrounds_are_drawn_within_their_range() -> None:
    X = pictures(200)
    found = after(X, background={"p": 1.0, "snr_low_db": 3.0, "snr_high_db": 9.0})
    before = 10 ** (X.astype(np.float64) / 10)
    added = 10 ** (found.astype(np.float64) / 10) - before
    ratios = 10 * np.log10(before.mean(axis=(1, 2, 3)) / added.mean(axis=(1, 2, 3)))
    assert 2.9 < ratios.min() < 3.3 and 8.7 < ratios.max() < 9.1


def test_time_masks_blank_whole_frames_of_the_size_asked() -> None:
    X = pictures(300)
    found = after(X, time_mask={"p": 1.0, "s": 0.5})
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
    found = after(X, frequency_mask={"p": 1.0, "rows": 4, "times": 2})
    most = 0
    for old, new in zip(X, found, strict=True):
        blank = np.flatnonzero(np.all(old != new, axis=(1, 2)))
        kept = np.setdiff1d(np.arange(24), blank)
        np.testing.assert_array_equal(new[kept], old[kept])
        assert np.sum(np.diff(blank) > 1) <= 1  # two masks, one gap at most
        most = max(most, len(blank))
    assert most == 8


def test_a_mask_longer_than_the_spectrogram_leaves_half_of_it() -> None:
    """As where parameters of long windows are taken for short ones."""
    X = pictures(30)
    found = after(X, time_mask={"p": 1.0, "s": 100.0}, frequency_mask={"p": 1.0})
    assert found.shape == X.shape
    kept = np.all(found == X, axis=(1, 3)).sum(axis=1)
    assert kept.min() >= X.shape[2] // 2 and kept.min() < X.shape[2]


# ---- on waveforms -----------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("snr_db", [-3.0, 20.0])
def test_noise_has_the_ratio_and_the_slope_asked(snr_db: float, exponent: float) -> None:
    x = tone(440, 8.0).astype(np.float64)
    found = add_noise(x, snr_db, exponent, np.random.default_rng(0))
    noise = found - x
    assert db(np.mean(x**2) / np.mean(noise**2)) == pytest.approx(snr_db, abs=1e-6)
    hertz, power = welch(noise, RATE, nperseg=1024)
    inner = (hertz > 50) & (hertz < 3500)
    slope = np.polyfit(np.log10(hertz[inner]), np.log10(power[inner]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.15)


def test_noise_on_silence_is_silence() -> None:
    x = np.zeros((2, 4000), np.float32)
    options = changing(noise={"p": 1.0, "snr_high_db": 10.0})
    found = apply.augment_waveforms(x, np.random.default_rng(0), RATE, options)
    np.testing.assert_array_equal(found, x)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 1.25, 2.0])
def test_a_stretch_divides_the_duration_and_keeps_the_pitch(factor: float) -> None:
    x = np.concatenate([tone(600, 2.0), np.zeros(8000, np.float32), tone(600, 1.0)])
    found = speed.stretch(x, factor)
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
    np.testing.assert_allclose(speed.stretch(x, 1.0), x, atol=1e-5)


@pytest.mark.parametrize("semitones", [-12.0, -2.0, 0.5, 3.0, 7.0])
def test_a_pitch_shift_multiplies_a_tones_frequency(semitones: float) -> None:
    x = tone(440)
    found = speed.shift_pitch(x, RATE, semitones)
    assert len(found) == len(x)
    assert loudest_hz(found) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.003)
    loud = np.flatnonzero(np.abs(found) > 0.3)
    assert loud[-1] - loud[0] > 0.95 * len(x)


def test_waveforms_are_stretched_and_moved_within_their_ranges() -> None:
    x = np.tile(tone(500), (60, 1))
    x[:, 8000:] = 0
    options = changing(stretch={"p": 1.0, "low": 0.8, "high": 1.25})
    found = apply.augment_waveforms(x, np.random.default_rng(0), RATE, options)
    lasts = np.array([np.flatnonzero(np.abs(row) > 0.3)[-1] / RATE for row in found])
    assert 0.75 < lasts.min() < 0.85 and 1.2 < lasts.max() < 1.3
    options = changing(pitch={"p": 1.0, "semitones": 2.0})
    found = apply.augment_waveforms(x, np.random.default_rng(0), RATE, options)
    moved = np.array([12 * np.log2(loudest_hz(row) / 500) for row in found])
    assert -2.05 < moved.min() < -1.8 and 1.8 < moved.max() < 2.05


def test_only_the_classes_that_are_named_are_stretched() -> None:
    """By their own speeds, about the middle of the window; the first that is named counts."""
    x = np.tile(tone(500), (5, 1))
    x[:, :6000], x[:, 10000:] = 0, 0  # a call of half a second in the middle of two
    held = [("bark",), ("rain",), ("hum", "rain"), ("hum", "bark"), ()]
    own = {"bark": 0.35, "hum": (0.5, 2.0)}
    options = changing(stretch={"p": 1.0, "classes": own})
    found = apply.augment_waveforms(x, np.random.default_rng(0), RATE, options, held)
    for row in (1, 4):
        np.testing.assert_array_equal(found[row], x[row])
    longer = speed.stretch(x[0], float(np.exp(np.log(0.35))))
    before = (len(longer) - len(x[0])) // 2
    for row in (0, 3):
        np.testing.assert_array_equal(found[row], longer[before : before + len(x[0])])
    loud = np.abs(found) > 0.3
    seconds = loud.any(axis=1) * (loud.shape[1] - loud[:, ::-1].argmax(1) - loud.argmax(1)) / RATE
    assert seconds[0] == pytest.approx(0.5 / 0.35, abs=0.25)  # smeared at its ends
    assert 0.2 < seconds[2] < 1.25 and seconds[2] != pytest.approx(0.5, abs=0.02)
    middles = [np.flatnonzero(row).mean() / RATE for row in loud]
    assert middles == pytest.approx([1.0] * 5, abs=0.05)
    others = changing(stretch={"p": 1.0, "low": 2.0, "high": 2.0, "classes": own})
    found = apply.augment_waveforms(x, np.random.default_rng(0), RATE, others, held)
    np.testing.assert_allclose(found[1][:8000], speed.stretch(x[1], 2.0), atol=1e-3)


def test_a_faster_class_keeps_its_place_with_silence_around_it() -> None:
    x = tone(500)[None]
    options = changing(stretch={"p": 1.0, "classes": {"bark": 2.0}})
    found = apply.augment_waveforms(x, np.random.default_rng(0), RATE, options, [("bark",)])
    assert not found[0, :4000].any() and not found[0, 12000:].any()
    assert loudest_hz(found[0]) == pytest.approx(500, abs=1)


def test_classes_that_are_not_there_or_are_never_stretched_are_refused() -> None:
    some = changing(stretch={"p": 0.5, "classes": {"barks": 0.5}})
    with pytest.raises(DataError, match=r"'barks', and there is no such class: they are bark, rai"):
        some.refuse_classes(["bark", "rain"])
    idle = changing(stretch={"classes": {"bark": 0.5}})
    with pytest.raises(DataError, match=r"augment\.stretch\.p is 0: set p"):
        idle.refuse_classes(["bark", "rain"])
    changing(stretch={"p": 0.5, "classes": {"bark": 0.5}}).refuse_classes(["bark", "rain"])
    NOTHING.refuse_classes(["bark"])


# ---- mixture ----------------------------------------------------------------------------------


def test_a_mixture_adds_powers_and_what_is_true() -> None:
    """At the ratio that is drawn; background is no more where anything sounds."""
    X, others = pictures(40), pictures(40, seed=1)
    truth = np.eye(4, dtype=np.int8)[np.arange(40) % 4]
    other_truth = np.eye(4, dtype=np.int8)[np.arange(40) // 4 % 4]
    options = changing(mixture={"p": 1.0, "snr_low_db": 3.0, "snr_high_db": 3.0})
    found, told = options.mixture(X, truth, others, other_truth, 0, np.random.default_rng(0))
    powers = [10 ** (some.astype(float) / 10) for some in (X, others, found)]
    for row in range(40):
        one, other, both = (power[row] for power in powers)
        factor = one.mean() / other.mean() / 10**0.3
        np.testing.assert_allclose(both, one + factor * other, rtol=1e-4)
        wanted = truth[row] | other_truth[row]
        if wanted[1:].any():
            wanted[0] = 0
        np.testing.assert_array_equal(told[row], wanted)
    assert truth.sum() == 40  # what was given stays as it was


def test_some_windows_are_mixed_and_the_others_are_left() -> None:
    """By the probability; of tags nothing is background."""
    X, truth = pictures(200), np.zeros((200, 2), np.int8)
    options = changing(mixture={"p": 0.5, "snr_low_db": -6.0, "snr_high_db": 6.0})
    given = pictures(200, seed=1), np.ones((200, 2), np.int8), -1
    found, told = options.mixture(X, truth, *given, np.random.default_rng(0))
    mixed = (found != X).any(axis=(1, 2, 3))
    assert 80 < mixed.sum() < 120
    np.testing.assert_array_equal(told, np.repeat(mixed[:, None], 2, axis=1))
    same, _ = NOTHING.mixture(X, truth, *given, np.random.default_rng(0))
    assert same is X


@pytest.mark.parametrize("scale", ["mel", "waveform"])
def test_nothing_is_mixed_with_silence(scale: str) -> None:
    """A ratio to nothing is none: what does not sound is not true, and silence is no noise."""
    shape = (1, 500, 1) if scale == "waveform" else (24, 40, 2)
    sound = np.random.default_rng(0).normal(0, 10, (4, *shape)).astype(np.float32)
    X, others = sound.copy(), sound[::-1].copy()
    X[0] = X[1] = others[1] = others[2] = 0.0 if scale == "waveform" else -80.0
    truth, other_truth = np.eye(4, 2, dtype=np.int8), np.ones((4, 2), np.int8)
    options = changing(mixture={"p": 1.0})
    rng = np.random.default_rng(0)
    found, told = options.mixture(X, truth, others, other_truth, -1, rng, scale)
    np.testing.assert_array_equal(found[:3], X[:3])
    np.testing.assert_array_equal(told[:3], truth[:3])
    assert np.abs(found[3] - X[3]).max() > 0.1 and told[3].tolist() == [1, 1]


def test_a_silent_background_is_no_noise() -> None:
    """Power at the floor everywhere is not raised to the level of the window, nor is it raised."""
    X, silence = pictures(1, 2)[0], np.full((24, 40, 2), -80, np.float32)
    np.testing.assert_array_equal(background.add_background(X, silence, 0.0), X)
    np.testing.assert_array_equal(background.add_background(silence, X, 0.0), silence)


@pytest.mark.parametrize("scale", ["mel", "waveform"])
def test_examples_show_every_change_in_use(scale: str) -> None:
    """A mixture too, with another call; mixup blends what is normalised, and is not shown."""
    X = pictures(1) if scale == "mel" else pictures(1).reshape(1, 1, -1, 1)
    beside, changes = X[:, :, ::-1], changing(
        gain={"p": 0.5, "db": 6.0}, mixture={"p": 1.0}, mixup={"p": 0.5}
    )  # fmt: skip
    spec = replace(options.SPECTROGRAM, scale=scale)
    found = apply.examples(X, None, X, RATE, spec, changes, 1, beside)
    assert list(found) == ["as it is", "gain", "mixture", "all"]
    none, rng = np.zeros((1, 1), np.int8), np.random.default_rng(0)
    wanted, _ = changes.mixture(X, none, beside, none, -1, rng, scale)
    np.testing.assert_allclose(found["mixture"], wanted[0, :, :, 0], rtol=1e-5)
    assert np.ptp(found["all"] - found["gain"]) > 1  # the mixture is in it


# ---- mixup ------------------------------------------------------------------------------------


def test_mixup_blends_examples_and_targets_by_one_weight() -> None:
    X, targets = pictures(50), np.eye(50, dtype=np.float32)
    options = changing(mixup={"p": 1.0, "alpha": 0.5})
    found, mixed = options.mixup(X, targets, np.random.default_rng(0))
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)
    assert (np.count_nonzero(mixed, axis=1) <= 2).all()
    np.testing.assert_allclose(found, np.einsum("ij,j...->i...", mixed, X), atol=1e-4)
    assert 0.05 < np.mean((mixed > 0.01) & (mixed < 0.99)) * 50 / 2 <= 1


def test_mixup_takes_one_probability_per_example() -> None:
    X, targets = pictures(50), np.arange(50, dtype=np.float32)
    options = changing(mixup={"p": 0.5, "alpha": 1.0})
    found, mixed = options.mixup(X, targets, np.random.default_rng(0))
    kept = mixed == targets
    assert 10 < kept.sum() < 40
    np.testing.assert_array_equal(found[kept], X[kept])


def test_samples_are_changed_first_and_then_their_spectrograms() -> None:
    """The two steps by hand with the same generator; without samples the second alone."""
    spec = replace(options.SPECTROGRAM, n_fft=256, hop=128, floor_db=-80.0)
    waves = np.random.default_rng(0).standard_normal((6, 4096)).astype(np.float32)
    X = spectrograms(waves, RATE, spec)
    noisy = changing(gain={"p": 1.0, "db": 6.0}, noise={"p": 1.0}, time_mask={"p": 1.0, "s": 0.1})

    def drawn() -> np.random.Generator:
        return np.random.default_rng(5)

    rng = drawn()
    changed = spectrograms(apply.augment_waveforms(waves, rng, RATE, noisy), RATE, spec)
    wanted = apply.augment_spectrograms(changed, rng, noisy, 128 / RATE, None, -80.0)
    found = apply.augment(X, waves, None, drawn(), RATE, spec, noisy)
    np.testing.assert_array_equal(found, wanted)
    alone = apply.augment(X, None, None, drawn(), RATE, spec, noisy)
    np.testing.assert_array_equal(
        alone, apply.augment_spectrograms(X, drawn(), noisy, 128 / RATE, None, -80.0)
    )
    quiet = changing(noisy, noise={"p": 0.0})
    assert not quiet.of_waveforms and noisy.of_waveforms
    np.testing.assert_array_equal(apply.augment(X, waves, None, drawn(), RATE, spec, quiet), alone)


def test_time_is_scaled_about_the_middle() -> None:
    """A tone burst keeps its centre and rows, and lasts half as long at twice the speed."""
    X = np.zeros((6, 41, 1), np.float32)
    X[2, 12:29, 0] = 1.0  # 17 frames about frame 20
    fast = place.scale_time(X, 2.0)
    assert fast.shape == X.shape
    assert fast[2, :, 0].sum() == pytest.approx(X[2, :, 0].sum() / 2, abs=1.0)
    assert (fast[2, :, 0] * np.arange(41)).sum() / fast[2, :, 0].sum() == pytest.approx(20)
    assert not fast[[0, 1, 3, 4, 5]].any()
    np.testing.assert_array_equal(place.scale_time(X, 1.0), X)
    slow = place.scale_time(X, 0.5)
    assert slow[2, :, 0].sum() == pytest.approx(2 * X[2, :, 0].sum(), abs=1.0)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_time_of_very_few_frames_is_scaled(frames: int) -> None:
    X = np.ones((4, frames, 2), np.float32)
    np.testing.assert_allclose(place.scale_time(X, 1.7), X)


# ---- of MFCC and of waveforms -----------------------------------------------------------------


def looks(scale: str) -> Spectrogram:
    made = replace(options.SPECTROGRAM, n_fft=256, hop=128, n_mels=24, n_mfcc=12, floor_db=-80.0)
    return replace(made, scale=scale, fmax_hz=None)


def changed_by(scale: str, waves: np.ndarray, others: np.ndarray | None, **drawn: object) -> Any:
    """The windows as the network sees them, and as one change makes them."""
    spec = looks(scale)
    X = spectrograms(waves, RATE, spec)
    backgrounds = None if others is None else spectrograms(others, RATE, spec)
    rng = np.random.default_rng(3)
    return X, apply.augment(X, None, backgrounds, rng, RATE, spec, changing(**drawn))


@pytest.mark.parametrize("scale", ["mfcc", "waveform"])
def test_a_gain_is_the_same_on_every_scale(scale: str) -> None:
    """A factor on samples; of MFCC what as many dB in every mel band come to."""
    waves = np.random.default_rng(0).standard_normal((3, 2048)).astype(np.float32)
    X, found = changed_by(scale, waves, None, gain={"p": 1.0, "db": 9.0})
    rng = np.random.default_rng(3)
    rng.random(3)
    for row, wave in zip(found, waves, strict=True):
        drawn = rng.uniform(-9, 9)
        wanted = spectrograms(wave[None] * 10 ** (drawn / 20), RATE, looks(scale))[0]
        np.testing.assert_allclose(row, wanted, atol=1e-3)
    assert np.abs(found - X).max() > 0.1


def test_a_filter_of_mfcc_is_one_of_their_bands() -> None:
    """As the same curve in dB over the mel bands before the cosine transform."""
    waves = np.random.default_rng(0).standard_normal((2, 2048)).astype(np.float32)
    _, found = changed_by("mfcc", waves, None, band_gain={"p": 1.0, "db": 9.0, "nodes": 4})
    mel = spectrograms(waves, RATE, replace(looks("mfcc"), scale="mel"))[..., 0]
    rng = np.random.default_rng(3)
    rng.random(2)
    for row, bands in zip(found[..., 0], mel, strict=True):
        curve = level.band_gains(24, 4, 9.0, rng)
        wanted = dct(bands + curve[:, None], type=2, norm="ortho", axis=0)[:12]
        np.testing.assert_allclose(row, wanted, atol=1e-3)


def test_a_background_is_added_to_samples_at_its_ratio() -> None:
    rng = np.random.default_rng(0)
    waves, others = (
        rng.standard_normal((2, 4096)).astype(np.float32),
        7 * rng.standard_normal((1, 4096)).astype(np.float32),
    )
    X, found = changed_by(
        "waveform", waves, others, background={"p": 1.0, "snr_low_db": 6.0, "snr_high_db": 6.0}
    )
    added = (found - X)[:, 0, :, 0]
    for wave, more in zip(waves, added, strict=True):
        assert db(np.mean(wave**2) / np.mean(more**2)) == pytest.approx(6.0, abs=1e-3)
        assert abs(np.corrcoef(more, others[0])[0, 1]) == pytest.approx(1.0, abs=1e-5)
    silent = np.zeros((1, 4096), np.float32)
    X, found = changed_by("waveform", waves, silent, background={"p": 1.0})
    np.testing.assert_array_equal(found, X)


def test_time_moves_and_is_blanked_in_samples_and_coefficients() -> None:
    """A blank of MFCC holds the mean of each coefficient, not one number for all."""
    waves = np.random.default_rng(0).standard_normal((4, 2048)).astype(np.float32)
    X, found = changed_by("waveform", waves, None, time_shift={"p": 1.0, "s": 0.1})
    for one, other in zip(X, found, strict=True):
        moves = [np.array_equal(np.roll(one, by, axis=1), other) for by in range(-800, 801)]
        assert sum(moves) == 1
    X, found = changed_by("mfcc", waves, None, time_mask={"p": 1.0, "s": 0.1})
    changed = np.argwhere((found != X).all(axis=(1, 3)))
    assert len(changed)
    for row, frame in changed:
        np.testing.assert_allclose(found[row, :, frame, 0], X[row, :, :, 0].mean(axis=1), rtol=1e-4)


@pytest.mark.parametrize(
    ("scale", "changes", "says"),
    [
        ("waveform", {"band_gain": {"p": 0.5}}, r"augment\.band_gain .*scale is waveform"),
        ("mfcc", {"row_shift": {"p": 0.1}, "background": {"p": 1.0}},
         r"augment\.row_shift and augment\.background .*scale is mfcc: set p to 0"),
    ],
)  # fmt: skip
def test_what_changes_frequencies_is_refused_where_there_are_none(
    scale: str, changes: dict[str, dict[str, float]], says: str
) -> None:
    chosen = changing(**changes)
    with pytest.raises(DataError, match=says):
        chosen.possible(scale, "augment")
    assert chosen.possible(scale).used == []
    for other in ("linear", "mel"):
        assert chosen.possible(other, "augment") == chosen
    fine = changing(gain={"p": 1.0, "db": 3.0}, pitch={"p": 1.0})
    assert fine.possible(scale, "augment") == fine
