"""MFCC equal those of librosa and SciPy; a waveform stays what it is; stored models stay valid."""

import json
from dataclasses import replace

import librosa
import numpy as np
import pytest
import scipy.fft
import scipy.signal
from support import options

from rarewave.base.errors import DataError
from rarewave.frontend import grid, normalisation, transform
from rarewave.frontend.grid import Grid
from rarewave.frontend.level import level_db
from rarewave.frontend.spectrogram import Spectrogram, spectrograms
from rarewave.frontend.transform import FrontEnd

RATE = 8000.0
# 22 ms, overlapping by 10.5 ms; a transform of 1024 samples; 127 bands.
MFCC = Spectrogram(
    scale="mfcc",
    n_fft=1024,
    hop=92,
    n_mels=127,
    fmin_hz=0.0,
    fmax_hz=None,
    floor_db=-90.0,
    floor_s=0.0,
    floor_quantile=0.2,
    frame=176,
    taper="hamming",
    pre_emphasis=0.97,
    n_mfcc=40,
)
WAVE = replace(MFCC, scale="waveform", frame=None, n_fft=256, n_mels=40)
CLEANING = replace(
    options.CLEANING, sample_rate_hz=RATE, gap_value=None, flat_s=0.0, spike_factor=0.0,
    low_hz=None, high_hz=None, taper_s=0.0,
)  # fmt: skip
GRID = Grid(2048, 700, context_samples=0, max_gap=0.1, pad_short=False)


def sound(count: int = 4, samples: int = 4096) -> np.ndarray:
    """Noise with tones that differ from window to window."""
    rng = np.random.default_rng(0)
    time = np.arange(samples) / RATE
    tones = np.sin(2 * np.pi * np.linspace(200, 3000, count)[:, None] * time)
    return (0.05 * rng.standard_normal((count, samples)) + tones).astype(np.float32)


def bands(wave: np.ndarray, made: Spectrogram) -> np.ndarray:
    """Mel bands in dB by librosa, whose frames lie in the middle of a transform, not in front."""
    room = (made.n_fft - made.frame_samples) // 2
    power = librosa.feature.melspectrogram(
        y=np.pad(wave.astype(np.float64), room), sr=RATE, n_fft=made.n_fft, hop_length=made.hop,
        win_length=made.frame_samples, window=made.taper, center=False, power=2.0,
        n_mels=made.n_mels, fmin=made.fmin_hz, fmax=made.fmax_hz,
    )  # fmt: skip
    return librosa.power_to_db(power, ref=1.0, amin=10 ** (made.floor_db / 10), top_db=None)


def test_mfcc_are_those_of_librosa_and_scipy() -> None:
    """Pre-emphasis by SciPy's filter; bands by librosa; the transform by both; to 1e-3."""
    waves = sound()
    found = spectrograms(waves, RATE, MFCC)
    assert found.shape == (4, 40, 1 + (4096 - 176) // 92, 1) and found.dtype == np.float32
    for row, wave in zip(found[..., 0], waves, strict=True):
        emphasised = scipy.signal.lfilter([1.0, -0.97], [1.0], wave.astype(np.float64))
        np.testing.assert_allclose(
            emphasised, librosa.effects.preemphasis(wave.astype(float), coef=0.97, zi=[0.0])
        )
        level = bands(emphasised, MFCC)
        wanted = scipy.fft.dct(level, type=2, norm="ortho", axis=0)[:40]
        np.testing.assert_allclose(row, wanted, atol=1e-3)
        np.testing.assert_allclose(row, librosa.feature.mfcc(S=level, n_mfcc=40), atol=1e-3)


def test_mfcc_of_whole_frames_are_librosas_in_one_call() -> None:
    made = replace(MFCC, n_fft=512, frame=None, hop=128, pre_emphasis=0.0, n_mels=40, n_mfcc=13)
    wave = sound(1)[0].astype(np.float64)
    wanted = librosa.feature.mfcc(
        y=wave, sr=RATE, n_mfcc=13, n_fft=512, hop_length=128, window="hamming", center=False,
        n_mels=40,
    )  # fmt: skip
    found = spectrograms(wave[None], RATE, made)[0, ..., 0]
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_a_frame_shorter_than_its_transform_serves_mel_and_linear_too() -> None:
    waves = sound(2)
    mel = replace(MFCC, scale="mel", pre_emphasis=0.0)
    for row, wave in zip(spectrograms(waves, RATE, mel)[..., 0], waves, strict=True):
        np.testing.assert_allclose(row, bands(wave, mel), atol=1e-3)
    linear = replace(mel, scale="linear", taper="hann")
    found = spectrograms(waves[:1], RATE, linear)[0, ..., 0]
    room = (1024 - 176) // 2
    padded = np.pad(waves[0].astype(float), room)
    stft = librosa.stft(padded, n_fft=1024, hop_length=92, win_length=176, center=False)
    np.testing.assert_allclose(found, librosa.power_to_db(abs(stft) ** 2, top_db=None), atol=1e-3)


@pytest.mark.parametrize("made", [MFCC, WAVE], ids=["mfcc", "waveform"])
@pytest.mark.parametrize("hop", [700, 736])
def test_a_window_is_the_same_alone_and_in_a_recording(made: Spectrogram, hop: int) -> None:
    """Whatever frames are shared: the first sample of a window has none before it."""
    front = FrontEnd(CLEANING, replace(GRID, hop_samples=hop, context_samples=50), made)
    wave = sound(1, 12_000)[0].astype(np.float64)
    found = transform.apply(front, wave, RATE).spectrograms
    assert found.shape[1:] == front.shape
    padded = np.pad(wave.astype(np.float32), 50, mode="reflect")
    cut = np.stack([padded[at : at + 2148] for at in grid.starts(12_000, front.grid)])
    np.testing.assert_allclose(found, np.concatenate([alone(row, made) for row in cut]), atol=1e-4)


def alone(row: np.ndarray, made: Spectrogram) -> np.ndarray:
    return spectrograms(row[None], RATE, made)


def test_long_windows_are_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    waves = sound(3)
    whole = spectrograms(waves, RATE, MFCC)
    monkeypatch.setattr("rarewave.frontend.spectrogram.CHUNK", 5 * 1024)
    np.testing.assert_allclose(spectrograms(waves, RATE, MFCC), whole, atol=1e-4)


def test_a_waveform_is_its_samples() -> None:
    """One row, a column for each sample, no frequency; the window among its context."""
    front = FrontEnd(CLEANING, replace(GRID, context_samples=100), WAVE)
    waves = sound(2, 2248)
    X = spectrograms(waves, RATE, WAVE)
    np.testing.assert_array_equal(X[:, 0, :, 0], waves)
    assert front.shape == (1, 2248, 1)
    assert front.window_frames == slice(100, 2148)
    assert np.isnan(front.frequencies_hz).tolist() == [True]
    assert front.band_hz == (0.0, 4000.0)
    band = replace(front, clean=replace(CLEANING, low_hz=100.0, high_hz=3000.0))
    assert band.band_hz == (100.0, 3000.0)


def test_levels_are_in_db_whatever_the_network_sees() -> None:
    """Of MFCC the mean over the bands; of samples their power; silence lies at the floor."""
    waves = sound(3)
    waves[2] = 0
    mel = spectrograms(waves, RATE, replace(MFCC, scale="mel"))[..., 0]
    found = level_db(spectrograms(waves, RATE, MFCC), MFCC)
    np.testing.assert_allclose(found[:, 0], mel.mean(axis=1), atol=1e-3)
    assert (found[2] == -90).all()
    power = level_db(spectrograms(waves, RATE, WAVE), WAVE)
    assert power.shape == (3, 1, 4096 // 92)
    wanted = 10 * np.log10(np.mean(waves[0, :92].astype(float) ** 2))
    assert power[0, 0, 0] == pytest.approx(wanted, abs=1e-3)
    tail = 10 * np.log10(np.mean(waves[0, 43 * 92 :].astype(float) ** 2))
    assert power[0, 0, -1] == pytest.approx(tail, abs=1e-3)
    assert (power[2] == -90).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"n_mfcc": 128}, r"n_mfcc is 128, and of n_mels 127"),
        ({"frame": 1025}, r"frame is 1025, and n_fft 1024.*raise n_fft"),
        ({"floor_s": 2.0}, r"floor_s is 2.*set it to 0 for scale mfcc"),
        ({"floor_s": 2.0, "scale": "waveform"}, r"set it to 0 for scale waveform"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(DataError, match=says):
        replace(MFCC, **change)


def test_windows_shorter_than_a_frame_are_refused_by_its_parameter() -> None:
    with pytest.raises(DataError, match=r"windows of 100 samples .* spectrogram\.frame 176"):
        spectrograms(np.zeros((1, 100), np.float32), RATE, MFCC)
    with pytest.raises(DataError, match=r"windows of 100 samples .* spectrogram\.n_fft 256"):
        spectrograms(np.zeros((1, 100), np.float32), RATE, WAVE)


def test_a_front_end_stored_before_is_the_same_with_the_same_digest() -> None:
    """As written by a version that knew neither frame nor taper, pre-emphasis nor MFCC."""
    stored = json.loads(
        '{"clean": {"sample_rate_hz": 6.625, "gap_value": -1.0, "gap_run": 4, "flat_s": 120.0, '
        '"spike_factor": 8.0, "low_hz": 0.1, "high_hz": 1.2, "order": 4, "taper_s": 30.0}, '
        '"grid": {"window_samples": 256, "hop_samples": 128, "context_samples": 0, "max_gap": 0.1, '
        '"pad_short": false}, "spectrogram": {"scale": "linear", "n_fft": 32, "hop": 8, '
        '"n_mels": 40, "fmin_hz": 0.0, "fmax_hz": null, "floor_db": -20.0, "floor_s": 0.0, '
        '"floor_quantile": 0.2}}'
    )
    front = FrontEnd.from_dict(stored)
    assert front.digest == "6769b9f70e2d71b7"
    assert front.to_dict() == stored
    other = replace(front, spectrogram=replace(front.spectrogram, taper="hamming"))
    assert other.digest != front.digest
    assert FrontEnd.from_dict(json.loads(json.dumps(other.to_dict()))) == other


@pytest.mark.parametrize("mode", ["sample", "dataset", "both"])
def test_waveforms_are_normalised_whatever_their_unit(mode: str) -> None:
    """Counts or m/s of ground motion: the same to the network; constant and silent ones finite."""
    X = spectrograms(sound(6, 2048), RATE, WAVE)
    one = normalisation.fit(X, mode, "waveform")
    other = normalisation.fit(X * np.float32(1e-9), mode, "waveform")
    np.testing.assert_allclose(one(X), other(X * np.float32(1e-9)), rtol=1e-3, atol=1e-4)
    assert one(X).std() == pytest.approx(1.0, rel=0.1)
    for flat in (0.0, 512.3):
        assert np.abs(one(np.full_like(X, flat))).max() < 1e4
    again = normalisation.Normalisation.from_dict(json.loads(json.dumps(one.to_dict())))
    assert again.epsilon == one.epsilon
    np.testing.assert_array_equal(again(X), one(X))
    plain = normalisation.fit(X, mode)
    assert "epsilon" not in plain.to_dict()


@pytest.mark.parametrize("scale", ["mfcc", "waveform"])
def test_a_range_of_db_is_refused_where_there_are_none(scale: str) -> None:
    with pytest.raises(DataError, match=rf"normalisation unit .* {scale} .* sample, dataset or"):
        normalisation.fit(np.zeros((2, 1, 8, 1), np.float32), "unit", scale)


def test_classifiers_of_rows_get_mel_bands_of_waveforms() -> None:
    """The same as if the network saw the mel spectrogram; MFCC are rows by themselves."""
    front = FrontEnd(CLEANING, GRID, WAVE)
    X = spectrograms(sound(2, 2048), RATE, WAVE)
    mel = replace(WAVE, scale="mel", pre_emphasis=0.0)
    np.testing.assert_array_equal(
        transform.rows_of(front, X), spectrograms(sound(2, 2048), RATE, mel)
    )
    assert transform.with_rows(front) == replace(front, spectrogram=mel)
    kept = replace(front, spectrogram=MFCC)
    assert transform.with_rows(kept) == kept
