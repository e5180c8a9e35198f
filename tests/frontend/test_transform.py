"""The front end is its parts in order, survives JSON, and refuses another's data."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from support import options

from rarewave.base import intervals
from rarewave.base.errors import DataError
from rarewave.frontend import cleaning, spectrogram, transform
from rarewave.frontend.grid import PadShort, starts
from rarewave.frontend.transform import FrontEnd


def cut(samples: np.ndarray, first: np.ndarray, length: int, context: int) -> np.ndarray:
    """Windows (n, length + 2 context), mirrored beyond the recording."""
    padded = np.pad(samples, context, mode="reflect")
    return np.stack([padded[at : at + length + 2 * context] for at in first])


def test_it_is_cleaning_then_windows_then_spectrograms(
    small_front_end: FrontEnd, noise: Callable[..., np.ndarray]
) -> None:
    """The same numbers as the parts one after the other, at another rate too."""
    grid = replace(small_front_end.grid, context_samples=40)
    front = replace(small_front_end, grid=grid)
    wave = noise(6000)
    wave[2000:2200] = np.nan
    for rate in (6.625, 10.0):
        found = transform.apply(front, wave, rate)
        cleaned = cleaning.clean(wave, rate, front.clean)
        first = starts(len(cleaned.samples), grid)
        pieces = cut(cleaned.samples, first, 256, 40)
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
    found = transform.apply(front, noise(1000), 6.625).spectrograms
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
    one = transform.apply(small_front_end, wave, 6.625).spectrograms
    two = transform.apply(front, wave, 6.625).spectrograms
    assert two.shape[1:] == front.shape == (*one.shape[1:3], 2)
    np.testing.assert_array_equal(two[..., :1], one)
    quiet, loud = slice(20, 90), slice(140, 210)
    band = slice(1, 5)
    assert one[loud, band].mean() - one[quiet, band].mean() == pytest.approx(20, abs=2)
    assert abs(two[loud, band, :, 1].mean() - two[quiet, band, :, 1].mean()) < 1


def spectra_of(
    front: FrontEnd,
    samples: np.ndarray,
    wanted: np.ndarray | None = None,
    recorded: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]:
    """Windows and their spectrograms as they come, and the spans that were read for them."""
    first = starts(len(samples), front.grid)
    every = np.ones(len(first), bool)
    asked: list[tuple[int, int]] = []

    def read(start: int, stop: int) -> np.ndarray:
        assert 0 <= start < stop <= len(samples)
        asked.append((start, stop))
        return samples[start:stop]

    def is_recorded(some: slice) -> np.ndarray:
        assert asked  # gaps are known where the samples have been read, not before
        return (every if recorded is None else recorded)[some]

    found = list(
        transform.spectra(
            front,
            read,
            len(samples),
            first,
            lambda some: (every if wanted is None else wanted)[some],
            is_recorded,
        )
    )
    rows, pieces = zip(*found, strict=True)
    return np.concatenate(rows), np.concatenate(pieces), asked


@pytest.mark.parametrize(("context", "hop"), [(0, 128), (40, 128), (300, 128), (24, 100), (0, 256)])
@pytest.mark.parametrize("floor_s", [0.0, 400.0])
def test_neither_spans_nor_chunks_change_a_value(
    monkeypatch: pytest.MonkeyPatch,
    small_front_end: FrontEnd,
    noise: Callable[..., np.ndarray],
    context: int,
    hop: int,
    floor_s: float,
) -> None:
    """However many windows at a time: each as cut out and transformed alone."""
    front = replace(
        small_front_end,
        grid=replace(small_front_end.grid, context_samples=context, hop_samples=hop),
        spectrogram=replace(small_front_end.spectrogram, floor_s=floor_s),
    )
    wave = cleaning.clean(noise(9001), 6.625, front.clean).samples
    first = starts(len(wave), front.grid)
    recorded = np.arange(len(first)) % 7 != 3
    pieces = cut(wave, first, 256, context)
    alone = np.concatenate(
        [spectrogram.spectrograms(piece[None], 6.625, front.spectrogram) for piece in pieces]
    )
    if floor_s:
        level = alone.mean(axis=(2, 3))
        at = np.arange(len(first))
        level[3::7] = level[np.minimum(at[3::7] + 1, at[recorded][-1])]  # of equals the later one
        width = max(1, round(floor_s * 6.625 / hop))
        floors = spectrogram.running_floor(level.astype(float), width, 0.2)
        alone = spectrogram.above_floor(alone, floors[at])
    for span, chunk in ((1 << 20, 512), (1 << 20, 7), (3000, 512), (1500, 1), (1, 4)):
        monkeypatch.setattr(transform, "_SPAN", span)
        monkeypatch.setattr(transform, "CHUNK", chunk)
        rows, found, asked = spectra_of(front, wave, recorded=recorded)
        np.testing.assert_array_equal(rows, np.arange(len(first)))
        np.testing.assert_allclose(found, alone, atol=2e-4)
        assert asked == sorted(asked)
        if span == 1500:
            assert len(asked) > 4
            most = 2 * (1500 + 2 * floor_s * 6.625 + 2 * hop) + 256 + 2 * context
            assert max(stop - start for start, stop in asked) <= most


def test_chosen_windows_are_those_of_all(
    monkeypatch: pytest.MonkeyPatch, small_front_end: FrontEnd, noise: Callable[..., np.ndarray]
) -> None:
    """Which windows are wanted changes no value; where none is, nothing is read."""
    spectral = replace(small_front_end.spectrogram, floor_s=400.0)
    front = replace(small_front_end, spectrogram=spectral)
    wave = cleaning.clean(noise(16000), 6.625, front.clean).samples
    count = len(starts(len(wave), front.grid))
    _, everything, all_asked = spectra_of(front, wave)
    wanted = np.arange(count) % 3 == 1
    monkeypatch.setattr(transform, "CHUNK", 7)
    monkeypatch.setattr(transform, "_SPAN", 2000)
    rows, some, _ = spectra_of(front, wave, wanted)
    np.testing.assert_array_equal(rows, np.flatnonzero(wanted))
    np.testing.assert_allclose(some, everything[wanted], atol=1e-4)
    late = np.arange(count) > count - 5
    rows, some, asked = spectra_of(front, wave, late)
    np.testing.assert_allclose(some, everything[late], atol=1e-4)
    assert min(start for start, _ in asked) > 8000 > min(start for start, _ in all_asked)


def test_a_gap_longer_than_the_floor_changes_nothing_beside_it(
    monkeypatch: pytest.MonkeyPatch, small_front_end: FrontEnd, noise: Callable[..., np.ndarray]
) -> None:
    """Windows at its edge know the recorded ones around, wherever the spans end."""
    spectral = replace(small_front_end.spectrogram, floor_s=100.0)
    front = replace(small_front_end, spectrogram=spectral)
    wave = noise(16000).astype(np.float32) - 500
    recorded = np.ones(len(starts(16000, front.grid)), bool)
    recorded[40:80] = False
    wave[40 * 128 + 128 : 80 * 128] = 0
    _, whole, _ = spectra_of(front, wave, recorded, recorded)
    assert whole[..., 1].max() < 60  # the silence of the gap is no floor
    for span in (1000, 2000, 5000):
        monkeypatch.setattr(transform, "_SPAN", span)
        _, found, _ = spectra_of(front, wave, recorded, recorded)
        np.testing.assert_allclose(found, whole, atol=1e-3)


@pytest.mark.parametrize("context", [0, 40])
@pytest.mark.parametrize("pad_short", [True, "repeat"])
def test_a_short_recording_is_padded(
    small_front_end: FrontEnd, noise: Callable[..., np.ndarray], context: int, pad_short: PadShort
) -> None:
    """One window: silence or the same once more behind the end, mirrored where context is."""
    grid = replace(small_front_end.grid, pad_short=pad_short, context_samples=context)
    front = replace(small_front_end, grid=grid)
    found = transform.apply(front, noise(120), 6.625)
    cleaned = cleaning.clean(noise(120), 6.625, front.clean).samples
    again = np.tile(cleaned, 2) if pad_short == "repeat" else np.zeros(240, np.float32)
    window = np.concatenate([cleaned, again])[:256]
    cut = np.pad(window, context, mode="reflect")[None]
    wanted = spectrogram.spectrograms(cut, 6.625, front.spectrogram)
    np.testing.assert_array_equal(found.spectrograms, wanted)
    assert found.start_s.tolist() == [0.0]
    assert found.spectrograms.shape[1:] == front.shape
    if not context and pad_short is True:
        assert (found.spectrograms[0, :, -8:] == -20).all()


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
        transform.apply(small_front_end, noise(199), 6.625)


def test_data_of_another_front_end_are_refused_by_parameter(small_front_end: FrontEnd) -> None:
    """Parameter, both values, and what to do; equal ones pass."""
    transform.refuse_other(small_front_end, replace(small_front_end), "the data set")
    other = replace(small_front_end, clean=replace(small_front_end.clean, high_hz=1.1))
    with pytest.raises(
        DataError,
        match=r"the data set was made with clean\.high_hz = 1\.1, the model with 1\.2.*again",
    ):
        transform.refuse_other(small_front_end, other, "the data set")


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
    first = starts(length, front_end.grid)
    gap = np.zeros(length, bool)
    gap[2240 * 4 : 2240 * 8] = True
    recorded = intervals.gap_share(intervals.gaps_of(gap), first, 2240) <= front_end.grid.max_gap
    holed = np.where(gap, 0, samples).astype(np.float32)
    _, whole, _ = spectra_of(front_end, samples, recorded)
    _, found, _ = spectra_of(front_end, holed, recorded, recorded)
    assert np.abs(whole[..., 1].mean() - found[..., 1].mean()) < 0.5
    _, naive, _ = spectra_of(front_end, holed, recorded)
    assert naive[..., 1].mean() - whole[..., 1].mean() > 5


def test_the_floor_is_taken_once_for_all_chunks_of_a_span(
    monkeypatch: pytest.MonkeyPatch, small_front_end: FrontEnd, noise: Callable[..., np.ndarray]
) -> None:
    """Each of the recording's windows is looked at once, however few are transformed at a time."""
    floor = replace(small_front_end.spectrogram, floor_s=400.0)
    front = replace(small_front_end, spectrogram=floor)
    wave = cleaning.clean(noise(9001), 6.625, front.clean).samples
    asked: list[int] = []

    def counted(level: np.ndarray, width: int, quantile: float) -> np.ndarray:
        asked.append(len(level))
        return spectrogram.running_floor(level, width, quantile)

    monkeypatch.setattr(transform, "running_floor", counted)
    monkeypatch.setattr(transform, "CHUNK", 3)
    rows, _, _ = spectra_of(front, wave)
    assert asked == [len(rows)]
