"""Recordings of one voice each: levels and pauses are what they are said to be."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from rarewave.base.errors import DataError
from rarewave.simulation import voices

RATE = voices.RATE_HZ


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of each made voice."""
    made = tmp_path_factory.mktemp("voices")
    voices.make_voices(made, count=2)
    return made


def level(wave: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(wave))))


def test_words_and_hum_have_their_level(folder: Path) -> None:
    """Pauses hold hum and noise alone; the beginning is one."""
    files = sorted((folder / "recordings").glob("*.wav"))
    assert [f.stem for f in files] == [f"{v}_{k:02d}" for v in voices.VOICES for k in (0, 1)]
    table = pd.read_csv(folder / "pauses.csv")
    wanted = 10 * np.log10(10**-2 + 10**-4.5)
    for path in files:
        wave, rate = soundfile.read(path)
        assert rate == RATE
        pause = np.zeros(len(wave), bool)
        mine = table[table["filename"] == path.name]
        for begin, end in zip(mine["begin_s"], mine["end_s"], strict=True):
            pause[round(begin * RATE) : round(end * RATE)] = True
        assert len(mine) == voices.WORDS + 1 and pause[: int(0.7 * RATE)].all()
        assert level(wave[pause]) == pytest.approx(wanted, abs=0.3)
        assert level(wave[~pause]) == pytest.approx(-17, abs=0.5)  # as loud as the hum


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    voices.make_voices(tmp_path / "again", count=2)
    voices.make_voices(tmp_path / "other", count=2, seed=2)
    for path in (folder / "recordings").glob("*.wav"):
        assert (tmp_path / "again/recordings" / path.name).read_bytes() == path.read_bytes()
        assert (tmp_path / "other/recordings" / path.name).read_bytes() != path.read_bytes()


def test_words_of_others_are_strung_together_once_each(tmp_path: Path) -> None:
    """Files WORD_VOICE_NUMBER.wav; too few, and other names, are refused."""
    (tmp_path / "words").mkdir()
    for number in range(voices.WORDS):
        wave = 0.1 * np.sin(2 * np.pi * 440 * np.arange(2000 + number) / RATE)
        soundfile.write(tmp_path / f"words/3_ann_{number}.wav", wave, RATE)
    voices.make_voices(tmp_path / "made", tmp_path / "words", count=1)
    wave, _ = soundfile.read(tmp_path / "made/recordings/ann_00.wav")
    table = pd.read_csv(tmp_path / "made/pauses.csv")
    lasting = np.diff(table[["begin_s", "end_s"]].to_numpy().ravel())[1::2] * RATE
    assert sorted(np.round(lasting)) == list(range(2000, 2000 + voices.WORDS))
    assert len(wave) == round(table["end_s"].max() * RATE)
    with pytest.raises(DataError, match="ann has 20 words, and 2 recordings of 20 need 40"):
        voices.make_voices(tmp_path / "more", tmp_path / "words", count=2)
    (tmp_path / "words/other.wav").write_bytes(b"")
    with pytest.raises(DataError, match="not called WORD_VOICE_NUMBER"):
        voices.make_voices(tmp_path / "more", tmp_path / "words", count=1)
