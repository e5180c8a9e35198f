"""Spectrograms equal those of librosa and scipy, and come faster."""

from dataclasses import replace

import librosa
import numpy as np
import pytest
import scipy.signal
from support.options import RATE, SPECTROGRAM
from support.speed import times_as_fast

from rarewave.base.errors import DataError
from rarewave.frontend import spectrogram
from rarewave.frontend.spectrogram import Spectrogram

LINEAR = SPECTROGRAM
MEL = replace(LINEAR, scale="mel")


def waves(count: int, length: int = 2240, seed: int = 0) -> np.ndarray:
    """Noise with a tone that rises from window to window."""
    rng = np.random.default_rng(seed)
    tone = np.sin(2 * np.pi * np.linspace(0.02, 0.3, count)[:, None] * np.arange(length))
    return (rng.standard_normal((count, length)) + 5 * tone).astype(np.float32)


def test_a_lunar_window_gives_129_by_32() -> None:
    """2240 samples at 256 / 64, float32, one channel."""
    found = spectrogram.spectrograms(waves(3), RATE, LINEAR)
    assert found.shape == (3, 129, 32, 1)
    assert found.dtype == np.float32


@pytest.mark.parametrize(("n_fft", "hop"), [(256, 64), (64, 64), (33, 7), (128, 200)])
def test_linear_power_is_librosas(n_fft: int, hop: int) -> None:
    """power_to_db(|stft(center=False)|^2) to 1e-4 dB."""
    options = replace(LINEAR, n_fft=n_fft, hop=hop)
    pieces = waves(4)
    found = spectrogram.spectrograms(pieces, RATE, options)[..., 0]
    for row, wave in zip(found, pieces.astype(np.float64), strict=True):
        power = np.abs(librosa.stft(wave, n_fft=n_fft, hop_length=hop, center=False)) ** 2
        wanted = librosa.power_to_db(power, ref=1.0, amin=1e-9, top_db=None)
        np.testing.assert_allclose(row, wanted, atol=1e-4)


def test_linear_power_is_scipys() -> None:
    """ShortTimeFFT and scipy.signal.spectrogram, without scaling or detrending."""
    (wave,) = waves(1).astype(np.float64)
    found = spectrogram.spectrograms(wave[None], RATE, LINEAR)[0, ..., 0]
    window = scipy.signal.get_window("hann", 256)
    transform = scipy.signal.ShortTimeFFT(window, hop=64, fs=RATE, scale_to=None)
    inner = transform.spectrogram(wave, p0=2, p1=2 + 32)  # slices wholly inside the wave
    np.testing.assert_allclose(found, 10 * np.log10(inner), atol=1e-4)
    hertz, seconds, power = scipy.signal.spectrogram(
        wave, RATE, window, noverlap=192, detrend=False, scaling="spectrum", mode="magnitude"
    )
    np.testing.assert_allclose(found, 20 * np.log10(power * window.sum()), atol=1e-4)
    np.testing.assert_allclose(spectrogram.frequencies_hz(RATE, LINEAR), hertz, atol=1e-9)
    np.testing.assert_allclose(spectrogram.times_s(2240, RATE, LINEAR), seconds, atol=1e-9)


@pytest.mark.parametrize(("fmin", "fmax"), [(0.0, None), (0.2, 2.5)])
def test_mel_power_is_librosas(fmin: float, fmax: float | None) -> None:
    """feature.melspectrogram in dB, to 1e-4 dB."""
    options = replace(MEL, n_mels=24, fmin_hz=fmin, fmax_hz=fmax)
    pieces = waves(3)
    found = spectrogram.spectrograms(pieces, RATE, options)[..., 0]
    assert found.shape == (3, 24, 32)
    for row, wave in zip(found, pieces.astype(np.float64), strict=True):
        power = librosa.feature.melspectrogram(
            y=wave, sr=RATE, n_fft=256, hop_length=64, center=False, n_mels=24, fmin=fmin, fmax=fmax
        )
        wanted = librosa.power_to_db(power, ref=1.0, amin=1e-9, top_db=None)
        np.testing.assert_allclose(row, wanted, atol=1e-4)


@pytest.mark.parametrize("options", [LINEAR, MEL], ids=["linear", "mel"])
def test_a_tone_is_loudest_in_its_own_row(options: Spectrogram) -> None:
    """The centre frequencies are those of the rows."""
    hertz = spectrogram.frequencies_hz(RATE, options)
    wave = np.sin(2 * np.pi * 1.1 * np.arange(2240) / RATE)[None]
    found = spectrogram.spectrograms(wave, RATE, options)[0, ..., 0].mean(axis=1)
    assert len(hertz) == len(found)
    assert np.argmax(found) == np.argmin(np.abs(hertz - 1.1))


def test_a_click_is_loudest_in_its_own_frame() -> None:
    """The centre times are those of the columns, context before the window counted off."""
    wave = np.zeros((1, 2240))
    wave[0, 1000] = 1.0
    power = spectrogram.spectrograms(wave, RATE, LINEAR)[0, ..., 0].mean(axis=0)
    seconds = spectrogram.times_s(2240, RATE, LINEAR, before=300)
    assert np.argmax(power) == np.argmin(np.abs(seconds - (1000 - 300) / RATE))


def test_the_floor_clips_and_only_clips() -> None:
    """Silence is the floor exactly; what is louder does not change."""
    pieces = waves(2)
    pieces[0] = 0
    low = spectrogram.spectrograms(pieces, RATE, LINEAR)
    high = spectrogram.spectrograms(pieces, RATE, replace(LINEAR, floor_db=12.5))
    assert (low[0] == -90).all()
    assert (high[0] == 12.5).all()
    np.testing.assert_array_equal(high[1], np.maximum(low[1], np.float32(12.5)))
    assert (low[1] < 12.5).any()


@pytest.mark.parametrize("options", [LINEAR, MEL], ids=["linear", "mel"])
def test_working_in_chunks_changes_no_value(
    monkeypatch: pytest.MonkeyPatch, options: Spectrogram
) -> None:
    """Chunks of windows, of the frames of one window, one large one, each window for itself."""
    pieces = waves(7)
    whole = spectrogram.spectrograms(pieces, RATE, options)
    alone = np.concatenate([spectrogram.spectrograms(p[None], RATE, options) for p in pieces])
    np.testing.assert_allclose(alone, whole, atol=1e-5)
    for frames in (70, 32, 31, 5, 1):
        monkeypatch.setattr(spectrogram, "CHUNK", frames * 256)
        chunked = spectrogram.spectrograms(pieces, RATE, options)
        np.testing.assert_allclose(chunked, whole, atol=1e-5)


def test_a_long_wave_has_the_frames_of_its_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame is that of its samples, wherever the window began that it was cut from."""
    monkeypatch.setattr(spectrogram, "CHUNK", 50 * 256)
    (wave,) = waves(1, 20_000)
    long = spectrogram.spectrograms(wave[None], RATE, LINEAR)[0, ..., 0]
    for frame in (0, 7, 49, 50, 200, long.shape[1] - 1):
        piece = wave[None, frame * 64 : frame * 64 + 256]
        (alone,) = spectrogram.spectrograms(piece, RATE, LINEAR)[..., 0]
        np.testing.assert_allclose(long[:, frame], alone[:, 0], atol=1e-5)


def test_no_windows_give_no_spectrograms() -> None:
    """A recording may have none."""
    assert spectrogram.spectrograms(waves(0), RATE, LINEAR).shape == (0, 129, 32, 1)


def test_impossible_options_are_refused_by_name() -> None:
    """Window, band and the sampling rate are in the messages."""
    with pytest.raises(DataError, match=r"255 samples are shorter than spectrogram\.n_fft 256"):
        spectrogram.spectrograms(waves(1, 255), RATE, LINEAR)
    with pytest.raises(DataError, match="fmax_hz must be greater than fmin_hz"):
        replace(MEL, fmin_hz=2.0, fmax_hz=2.0)
    with pytest.raises(
        DataError, match=r"between fmin_hz 1\.011 and fmax_hz 1\.02.* rows are 0\.0259 Hz"
    ):
        spectrogram.spectrograms(waves(1), RATE, replace(LINEAR, fmin_hz=1.011, fmax_hz=1.02))
    with pytest.raises(DataError, match=r"fmax_hz 4 is above half the sampling rate 3\.3125"):
        spectrogram.spectrograms(waves(1), RATE, replace(MEL, fmax_hz=4.0))


def test_only_rows_of_the_band_are_kept() -> None:
    """Rows from fmin_hz to fmax_hz, both included, with the values they had."""
    pieces = waves(2)
    whole = spectrogram.spectrograms(pieces, RATE, LINEAR)
    hertz = spectrogram.frequencies_hz(RATE, LINEAR)
    band = replace(LINEAR, fmin_hz=float(hertz[10]), fmax_hz=float(hertz[50]))
    found = spectrogram.spectrograms(pieces, RATE, band)
    np.testing.assert_array_equal(found, whole[:, 10:51])
    np.testing.assert_array_equal(spectrogram.frequencies_hz(RATE, band), hertz[10:51])


def test_the_band_is_cropped_to_that_of_the_calls() -> None:
    """Never above half the rate; every other option stays."""
    sizes = {"longest_s": 2.0, "low_hz": 0.5, "high_hz": 1.5}
    assert spectrogram.crop(MEL, sizes, RATE) == replace(MEL, fmin_hz=0.5, fmax_hz=1.5)
    found = spectrogram.crop(LINEAR, sizes | {"high_hz": 900.0}, RATE)
    assert found == replace(LINEAR, fmin_hz=0.5, fmax_hz=RATE / 2)


@pytest.mark.parametrize(
    ("low", "high"), [(None, None), (None, 1.0), (1.0, None), (1.0, 1.0), (0.0, 0.0)]
)
def test_calls_without_a_band_cannot_crop(low: float | None, high: float | None) -> None:
    """Labels of time alone have none: the message names the parameter."""
    with pytest.raises(DataError, match=r"spectrogram\.band is labels, and no training label"):
        spectrogram.crop(LINEAR, {"low_hz": low, "high_hz": high}, RATE)


def test_the_second_channel_is_the_power_above_the_floor_around() -> None:
    """The quantile of the mean level of the windows around, found by sorting them."""
    rng = np.random.default_rng(0)
    level = rng.normal(0, 5, (20, 6)).cumsum(axis=0)
    mine = np.array([0, 3, 10, 19])
    X = rng.standard_normal((4, 6, 5, 1)).astype(np.float32)
    floors = spectrogram.running_floor(level, width=5, quantile=0.25)
    found = spectrogram.above_floor(X, floors[mine])
    assert found.shape == (4, 6, 5, 2)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[..., :1], X)
    for row, at in enumerate(mine):
        around = level[np.clip(np.arange(at - 2, at + 3), 0, 19)]
        floor = np.sort(around, axis=0)[1]  # the second of five: a quarter of the way up
        np.testing.assert_allclose(found[row, ..., 1], X[row, ..., 0] - floor[:, None], atol=1e-5)


@pytest.mark.slow
def test_mel_spectrograms_are_three_times_as_fast_as_a_librosa_loop() -> None:
    """Same output, one call against a call per window."""
    pieces = waves(300)

    def loop() -> np.ndarray:
        return np.stack(
            [
                librosa.power_to_db(
                    librosa.feature.melspectrogram(
                        y=wave, sr=RATE, n_fft=256, hop_length=64, center=False, n_mels=40
                    ),
                    amin=1e-9,
                    top_db=None,
                )
                for wave in pieces
            ]
        )

    def ours() -> np.ndarray:
        return spectrogram.spectrograms(pieces, RATE, MEL)

    np.testing.assert_allclose(ours()[..., 0], loop(), atol=1e-2)  # librosa's own is float32
    assert times_as_fast(ours, loop, enough=3) > 3
