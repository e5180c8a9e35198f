"""The front end is its parts in order, survives JSON, and refuses another's data."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import options
import pytest

from rarewave import cleaning, frontend, spectrogram, windows
from rarewave.errors import DataError
from rarewave.frontend import FrontEnd


def test_it_is_cleaning_then_windows_then_spectrograms(
    small_front_end: FrontEnd, noise: Callable[..., np.ndarray]
) -> None:
    """The same numbers as the parts one after the other, at another rate too."""
    grid = replace(small_front_end.grid, context_samples=40)
    front = replace(small_front_end, grid=grid)
    wave = noise(6000)
    wave[2000:2200] = np.nan
    for rate in (6.625, 10.0):
        found = frontend.apply(front, wave, rate)
        cleaned = cleaning.clean(wave, rate, front.clean)
        first = windows.starts(len(cleaned.samples), grid)
        pieces = windows.cut(cleaned.samples, first, 256, 40)
        wanted = spectrogram.spectrograms(pieces, 6.625, front.spectrogram)
        np.testing.assert_array_equal(found.spectrograms, wanted)
        np.testing.assert_allclose(found.start_s, first / 6.625)
        missing = [cleaned.gap[at : at + 256].mean() for at in first]
        np.testing.assert_allclose(found.missing, missing)
        assert found.missing.max() > 0.3


def test_its_axes_fit_its_spectrograms(
    small_front_end: FrontEnd, noise: Callable[..., np.ndarray]
) -> None:
    """Rows and columns, with context columns outside the window."""
    front = replace(small_front_end, grid=replace(small_front_end.grid, context_samples=32))
    found = frontend.apply(front, noise(1000), 6.625).spectrograms
    assert found.shape[1:] == (len(front.frequencies_hz), len(front.times_s), 1) == front.shape
    inside = front.times_s[front.window_frames]
    assert inside.min() >= 0
    assert inside.max() < 256 / 6.625
    assert len(front.times_s) - len(inside) == 5  # centres at -16, -8, 256, 264, 272 samples
    assert front.input_samples == 256 + 64
    assert front.times_s[0] < 0
    np.testing.assert_allclose(front.times_s.mean(), 128 / 6.625)


def test_a_noise_floor_is_a_second_channel(
    small_front_end: FrontEnd, noise: Callable[..., np.ndarray]
) -> None:
    """The first stays as it was; a step in loudness that lasts leaves the second near its mean."""
    front = replace(
        small_front_end,
        spectrogram=replace(small_front_end.spectrogram, floor_s=400.0, floor_quantile=0.5),
    )
    wave = noise(30000)
    wave[15000:] *= 10
    one = frontend.apply(small_front_end, wave, 6.625).spectrograms
    two = frontend.apply(front, wave, 6.625).spectrograms
    assert two.shape[1:] == front.shape == (*one.shape[1:3], 2)
    np.testing.assert_array_equal(two[..., :1], one)
    quiet, loud = slice(20, 90), slice(140, 210)
    band = slice(1, 5)
    assert one[loud, band].mean() - one[quiet, band].mean() == pytest.approx(20, abs=2)
    assert abs(two[loud, band, :, 1].mean() - two[quiet, band, :, 1].mean()) < 1


def test_chosen_windows_are_those_of_all(
    monkeypatch: pytest.MonkeyPatch, small_front_end: FrontEnd, noise: Callable[..., np.ndarray]
) -> None:
    """Which windows are wanted, and how many at a time, changes no value."""
    spectral = replace(small_front_end.spectrogram, floor_s=400.0)
    front = replace(small_front_end, spectrogram=spectral)
    wave = cleaning.clean(noise(8000), 6.625, front.clean).samples
    first = windows.starts(len(wave), front.grid)
    every = np.ones(len(first), bool)
    everything = np.concatenate(list(frontend.spectra(front, wave, first, every, every)))
    wanted = np.arange(len(first)) % 3 == 1
    monkeypatch.setattr(frontend, "_CHUNK", 7)
    some = np.concatenate(list(frontend.spectra(front, wave, first, wanted, every)))
    np.testing.assert_allclose(some, everything[wanted], atol=1e-4)


def test_json_brings_it_back_whole(small_front_end: FrontEnd) -> None:
    """Also where JSON or YAML made whole numbers of floats."""
    content = json.loads(json.dumps(small_front_end.to_dict()))
    assert FrontEnd.from_dict(content) == small_front_end
    content["clean"]["taper_s"] = 30
    again = FrontEnd.from_dict(content)
    assert again == small_front_end
    assert again.digest == small_front_end.digest


def test_the_digest_is_one_of_the_content(small_front_end: FrontEnd) -> None:
    """Not of the process (as `hash` is); any parameter changes it."""
    text = json.dumps(small_front_end.to_dict(), sort_keys=True).encode()
    assert small_front_end.digest == hashlib.sha256(text).hexdigest()[:16]
    others = {
        replace(small_front_end, clean=replace(small_front_end.clean, gap_value=None)).digest,
        replace(small_front_end, grid=replace(small_front_end.grid, max_gap=0.2)).digest,
        replace(
            small_front_end, spectrogram=replace(small_front_end.spectrogram, floor_db=-21.0)
        ).digest,
        small_front_end.digest,
    }
    assert len(others) == 4


def test_a_stored_front_end_with_something_missing_is_refused(small_front_end: FrontEnd) -> None:
    """A part or a parameter, by name."""
    content = small_front_end.to_dict()
    with pytest.raises(DataError, match=r"no 'grid': train again"):
        FrontEnd.from_dict({k: v for k, v in content.items() if k != "grid"})
    del content["clean"]["order"]
    with pytest.raises(DataError, match=r"clean\.order"):
        FrontEnd.from_dict(content)


def test_a_recording_shorter_than_a_window_is_refused(
    small_front_end: FrontEnd, noise: Callable[..., np.ndarray]
) -> None:
    """Both lengths in seconds."""
    with pytest.raises(DataError, match=r"shorter than a window: 30\.0 s, .* has 38\.6 s"):
        frontend.apply(small_front_end, noise(199), 6.625)


def test_data_of_another_front_end_are_refused_by_parameter(small_front_end: FrontEnd) -> None:
    """Parameter, both values, and what to do; equal ones pass."""
    frontend.refuse_other(small_front_end, replace(small_front_end), "the data set")
    other = replace(small_front_end, clean=replace(small_front_end.clean, high_hz=1.1))
    with pytest.raises(
        DataError,
        match=r"the data set was made with clean\.high_hz = 1\.1, the model with 1\.2.*again",
    ):
        frontend.refuse_other(small_front_end, other, "the data set")


def test_a_gap_does_not_pull_the_noise_floor_down() -> None:
    """The floor beside a long gap is that of the windows that were recorded."""
    rng = np.random.default_rng(3)
    length = 2240 * 12
    samples = rng.standard_normal(length).astype(np.float32)
    front_end = FrontEnd(
        options.CLEANING,
        replace(options.GRID, window_samples=2240, hop_samples=1120),
        replace(options.SPECTROGRAM, floor_s=3000.0, floor_quantile=0.2),
    )
    first = windows.starts(length, front_end.grid)
    gap = np.zeros(length, bool)
    gap[2240 * 4 : 2240 * 8] = True
    recorded = windows.fraction_of(gap, first, 2240) <= front_end.grid.max_gap
    holed = np.where(gap, 0, samples).astype(np.float32)
    (whole,) = frontend.spectra(front_end, samples, first, recorded, np.ones_like(recorded))
    (found,) = frontend.spectra(front_end, holed, first, recorded, recorded)
    assert np.abs(whole[..., 1].mean() - found[..., 1].mean()) < 0.5
    (naive,) = frontend.spectra(front_end, holed, first, recorded, np.ones_like(recorded))
    assert naive[..., 1].mean() - whole[..., 1].mean() > 5
