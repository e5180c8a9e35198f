"""Noise taken out by its profile: what is louder stays, and a part is what it is in the whole."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT
from support import tiny

from rarewave.base.errors import DataError
from rarewave.detection.clean_stream import CleanStream
from rarewave.frontend import cleaning, noise
from rarewave.frontend.spectrogram import hann
from rarewave.frontend.transform import FrontEnd

RATE = 8000.0
PLAIN = replace(tiny.CLEANING, sample_rate_hz=RATE)
GATED = replace(PLAIN, noise_s=0.5)


def hum(seconds: float, rate: float = RATE, seed: int = 0) -> np.ndarray:
    """Hum of 100 and 300 Hz in faint noise."""
    time = np.arange(round(seconds * rate)) / rate
    wave = 0.01 * np.random.default_rng(seed).standard_normal(len(time))
    return wave + 0.05 * np.sin(2 * np.pi * 100 * time) + 0.03 * np.sin(2 * np.pi * 300 * time)


def called(seconds: float, rate: float = RATE) -> np.ndarray:
    """A tone of 1500 Hz between 2 and 3 s, and again every three seconds."""
    time = np.arange(round(seconds * rate)) / rate
    return 0.2 * np.sin(2 * np.pi * 1500 * time) * (time % 3 >= 2)


def db(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(one)) / np.mean(np.square(other))))


def test_hum_and_noise_fall_and_what_sounds_stays() -> None:
    """By more than 15 dB where nothing sounds; the tone keeps its level and its phase."""
    tone = called(9.0)
    wave = hum(9.0) + tone
    plain, found = (cleaning.clean(wave, RATE, c).samples for c in (PLAIN, GATED))
    quiet, loud = slice(24_500, 39_500), slice(17_000, 23_500)
    assert db(found[quiet], plain[quiet]) < -15
    assert abs(db(found[loud], tone[loud])) < 1.0
    assert db(found[loud] - tone[loud], tone[loud]) < -20
    assert db(plain[loud] - tone[loud], tone[loud]) > -15


def test_the_frames_and_the_limit_are_those_of_scipy() -> None:
    """An open gate gives the waveform back; levels are those of another transform."""
    wave = hum(2.0)
    n_fft = noise.frame_samples(4000)
    assert n_fft == 256
    assert [noise.frame_samples(n) for n in (128, 255, 2**20)] == [16, 16, 1024]
    limit = noise.limits(wave[:4000], np.zeros(4000, bool), n_fft)
    assert limit is not None
    stft = ShortTimeFFT(hann(n_fft), n_fft // 4, RATE, scale_to=None, phase_shift=None)
    power = np.square(np.abs(stft.stft(wave[:4000], 2, (4000 - n_fft // 2) // (n_fft // 4) + 1)))
    level = 10 * np.log10(power)
    np.testing.assert_allclose(limit, level.mean(axis=1) + 1.5 * level.std(axis=1), rtol=1e-9)
    np.testing.assert_allclose(noise.suppressed(wave, 0, limit - 1e6), wave, atol=1e-12)
    assert not noise.suppressed(wave, 0, limit + 1e6).any()


@pytest.mark.parametrize("at", [1, 63, 64, 1000, 5001])
def test_frames_lie_on_the_first_sample_of_the_recording(at: int) -> None:
    """So that a part is what it is in the whole, up to `reach` samples from its ends."""
    wave = hum(2.0) + called(2.0)
    limit = noise.limits(wave[:4000], np.zeros(4000, bool), 256)
    assert limit is not None
    whole, part = noise.suppressed(wave, 0, limit), noise.suppressed(wave[at:], at, limit)
    edge = noise.reach(4000)
    np.testing.assert_allclose(part[edge:], whole[at + edge :], atol=1e-12)
    assert np.abs(
        noise.suppressed(wave[at:], 0, limit)[edge:] - whole[at + edge :]
    ).max() > 1e-4 or (at % 64 == 0)


@pytest.mark.parametrize("rate", [8000.0, 16_000.0, 11_025.0, 2500 * np.pi])
def test_blocks_are_the_recording_in_one_piece(
    monkeypatch: pytest.MonkeyPatch, rate: float
) -> None:
    """Its profile is read once, before the first block; silence is measured behind it."""
    wave = hum(20.0, rate) + called(20.0, rate)
    options = replace(GATED, sample_rate_hz=6000.0, low_hz=50.0, silence_db=-35.0)
    whole = cleaning.clean(wave, rate, options)
    monkeypatch.setattr(cleaning, "BLOCK", 20_011)
    found = cleaning.clean(wave, rate, options)
    assert cleaning.plan(len(wave), rate, options).n_blocks > 4
    inner = slice(3000, -3000)
    near = np.abs(found.samples - whole.samples)[inner]
    assert near.max() < 1e-3 * whole.samples.std()
    assert 0.4 < whole.gap.mean() < 0.8 and (found.gap != whole.gap).mean() < 1e-3


def test_a_stream_read_in_any_order_is_what_training_saw(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same samples, to the bit, in two files that follow each other."""
    monkeypatch.setattr(cleaning, "BLOCK", 20_011)
    wave = hum(12.0) + called(12.0)
    for number, part in enumerate((wave[:30_000], wave[30_000:])):
        tiny.write(tmp_path / f"x_2024030{number + 1}_000000.wav", part, RATE)
    files = sorted(tmp_path.glob("*.wav"))
    import soundfile

    heard = np.concatenate([soundfile.read(path)[0] for path in files])
    whole = cleaning.clean(heard, RATE, GATED).samples
    (stream,) = tiny.joined(files, in_order=True)
    np.testing.assert_array_equal(CleanStream(stream, GATED).read(0, len(whole)), whole)
    late = CleanStream(stream, GATED)
    np.testing.assert_array_equal(late.read(70_000, 90_000), whole[70_000:90_000])


def test_a_model_carries_it() -> None:
    front = replace(tiny.FRONT, clean=replace(tiny.CLEANING, noise_s=0.5))
    assert FrontEnd.from_dict(front.to_dict()) == front
    assert front.digest != tiny.FRONT.digest
    assert "noise_s" not in cleaning.described(tiny.CLEANING)


def test_what_says_nothing_of_the_noise_is_refused() -> None:
    """Too short a profile, and one of which too little was recorded."""
    with pytest.raises(DataError, match=r"noise_s \(0\.01\) is too short.*at least 0\.016"):
        replace(PLAIN, noise_s=0.01)
    wave = hum(3.0)
    wave[:4000] = np.nan
    with pytest.raises(DataError, match=r"its first 0\.5 s say nothing of the noise"):
        cleaning.clean(wave, RATE, GATED)
    scattered = hum(3.0)
    scattered[:4000:100] = np.nan  # 99 of 100 samples are there, and no frame is whole
    with pytest.raises(DataError, match="a sample that was not recorded lies in nearly every"):
        cleaning.clean(scattered, RATE, GATED)
    for seconds in (0.03, 0.5):
        with pytest.raises(DataError, match=r"ends within its first 0\.5 s, .*noise_s shorter"):
            cleaning.clean(hum(seconds), RATE, GATED)
