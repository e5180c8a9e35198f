"""Statistics of pictures against SciPy, and of windows of every front end."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support import options, tiny

from rarewave.frontend import transform
from rarewave.measurement import pictures


def test_statistics_are_scipys() -> None:
    """Of the cells in dB; entropy that of their power."""
    rng = np.random.default_rng(0)
    level = rng.gamma(2.0, 5.0, (6, 11, 17)) - 40
    level[:, 4] += 12
    hertz = np.linspace(10, 500, 11)
    found = pictures.statistics(level.astype(np.float32), hertz)
    for x, row in zip(level.astype(np.float32).astype(float), found, strict=True):
        power = 10 ** (x.ravel() / 10)
        wanted = [
            x.mean(),
            x.var(),
            stats.skew(x, axis=None),
            stats.kurtosis(x, axis=None),
            stats.entropy(power) / np.log(power.size),
            hertz[(10 ** (x / 10)).mean(axis=1).argmax()],
        ]
        np.testing.assert_allclose(row, wanted, rtol=1e-6)


def test_a_flat_picture_has_no_form() -> None:
    """All cells alike: as SciPy, no skewness; power spread evenly; nothing is dominant."""
    (found,) = pictures.statistics(np.full((1, 4, 5), -20.0), np.arange(4.0))
    np.testing.assert_allclose(found[[0, 1, 4]], [-20, 0, 1])
    assert np.isnan(found[[2, 3, 5]]).all()


@pytest.mark.parametrize("scale", ["linear", "mel", "mfcc", "waveform"])
def test_windows_of_every_front_end_are_measured(scale: str) -> None:
    """A tone is found in its band, whatever the network sees; MFCC have a level alone."""
    spectrogram = replace(
        options.SPECTROGRAM, scale=scale, n_fft=128, hop=32, n_mels=24, floor_db=-80.0
    )
    front = replace(
        tiny.FRONT, spectrogram=spectrogram, grid=replace(tiny.FRONT.grid, window_samples=512)
    )
    wave = tiny.calls(2000, [("high", 0.0, 2.0)])
    X = transform.apply(front, wave, tiny.RATE).spectrograms
    names = pictures.names_of(front)
    found = dict(zip(names, pictures.of_windows(front, X).T, strict=True))
    assert len(next(iter(found.values()))) == len(X)
    if scale == "mfcc":
        assert names == list(pictures.STATISTICS) and np.isnan(found["dominant_hz"]).all()
        return
    assert len(names) == 6 + pictures.BANDS
    np.testing.assert_allclose(found["dominant_hz"], 350, atol=20)
    bands = [name for name in names if name.startswith("level_")]
    loudest = max(bands, key=lambda name: found[name].mean())
    low, high = (float(part) for part in loudest.split("_")[1:3])
    assert low - 20 <= 350 <= high + 20
    assert pictures.named(loudest) == f"level, {low:g} to {high:g} Hz [dB]"


def test_bands_of_a_few_hertz_have_names_of_their_own() -> None:
    """Three digits tell most bands apart; where they do not there are more."""
    spectrogram = replace(options.SPECTROGRAM, n_fft=512, fmin_hz=None or 0.0)
    clean = replace(tiny.CLEANING, low_hz=300.0, high_hz=318.0)
    names = pictures.names_of(replace(tiny.FRONT, clean=clean, spectrogram=spectrogram))
    assert len(set(names)) == len(names) == 6 + pictures.BANDS
    assert pictures.names_of(tiny.FRONT)[6].split("_")[1:3] == ["0", "62.5"]


def test_rows_that_the_band_pass_removes_say_nothing() -> None:
    """What is left of a filter beyond its ends is not measured."""
    front = replace(tiny.FRONT, clean=replace(tiny.CLEANING, low_hz=100.0, high_hz=300.0))
    rng = np.random.default_rng(1)
    X = rng.normal(-30, 5, (3, *front.shape)).astype(np.float32)
    hertz, other = front.frequencies_hz, X.copy()
    other[:, (hertz < 100) | (hertz > 300)] = -200
    np.testing.assert_array_equal(pictures.of_windows(front, X), pictures.of_windows(front, other))
