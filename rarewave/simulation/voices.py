"""Recordings of one voice each: words strung together, with pauses, hum and noise between them.

`python -m rarewave.simulation.voices FOLDER --words ../shared/data/fsdd/recordings` takes spoken
digits, files DIGIT_SPEAKER_NUMBER.wav; without --words it makes words of six voices itself, for
tests. Writes SPEAKER_NUMBER.wav and pauses.csv, the times between the words.

Every word has the same power, so that its loudness does not tell the voice. Hum of 50 or 60 Hz
with its harmonics and white noise are as loud as is asked, in all of a recording; its beginning
holds nothing else. The same seed gives the same bytes.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import whole

RATE_HZ = 8000
WORDS = 20  # of a recording
RECORDINGS = 15  # of a voice
BEFORE_S = 0.7  # without a word
PAUSE_S = (0.2, 1.2)
WORD_DB, HUM_DB, NOISE_DB = -20.0, -20.0, -45.0  # of full scale
VOICES = ("ann", "ben", "cleo", "dan", "eve", "fred")  # of words that are made
_NAME = re.compile(r"(?P<word>.+)_(?P<voice>[^_]+)_(?P<number>\d+)\.wav")

Wave = NDArray[np.float64]


def spoken(folder: Path) -> dict[str, list[Wave]]:
    """The words (n,) of every voice in a folder of WORD_VOICE_NUMBER.wav; raises `DataError`."""
    import soundfile

    found: dict[str, list[Wave]] = {}
    for path in sorted(folder.glob("*.wav")):
        told = _NAME.fullmatch(path.name)
        if told is None:
            raise DataError(
                f"{path} is not called WORD_VOICE_NUMBER.wav: rename it, or take it out"
            )
        samples, rate = soundfile.read(path, dtype="float64")
        if rate != RATE_HZ or samples.ndim != 1:
            raise DataError(
                f"{path} has {rate} Hz or several channels: words have {RATE_HZ} Hz, one"
            )
        found.setdefault(told["voice"], []).append(samples)
    if not found:
        raise DataError(f"{folder} holds no WORD_VOICE_NUMBER.wav: name a folder of words")
    return found


def made(count: int, seed: int) -> dict[str, list[Wave]]:
    """So many words (n,) of every one of VOICES: harmonics of a pitch through two formants."""
    found: dict[str, list[Wave]] = {}
    for number, name in enumerate(VOICES):
        rng = np.random.Generator(np.random.PCG64([seed, number, 5]))
        pitch, tract = 90.0 * 1.2**number, rng.uniform(0.85, 1.2)
        found[name] = [_word(pitch, tract, rng) for _ in range(count)]
    return found


def _word(pitch: float, tract: float, rng: np.random.Generator) -> Wave:
    """One word of 0.3 to 0.6 s whose formants glide from one vowel to another."""
    seconds = np.arange(int(rng.uniform(0.3, 0.6) * RATE_HZ)) / RATE_HZ
    course = seconds / seconds[-1]
    hertz = pitch * rng.uniform(0.9, 1.1) * (1.1 - 0.2 * course)
    formants = [
        tract * (rng.uniform(low, high) * (1 - course) + rng.uniform(low, high) * course)
        for low, high in ((300, 800), (900, 2300))
    ]
    phase = 2 * np.pi * np.cumsum(hertz) / RATE_HZ
    wave = np.zeros(len(seconds))
    for harmonic in range(1, int(3800 / hertz.max())):
        gain = sum(1 / (1 + ((harmonic * hertz - formant) / 90) ** 2) for formant in formants)
        wave += gain * np.sin(harmonic * phase)
    return wave * np.sin(np.pi * course) ** 0.5


def recording(
    words: Sequence[Wave], rng: np.random.Generator, hum_db: float
) -> tuple[Wave, NDArray[np.float64]]:
    """Words strung together (n,), and the pauses (k, 2) between them in seconds."""
    parts, pauses, at = [], [], 0
    lengths = [BEFORE_S, *rng.uniform(*PAUSE_S, len(words))]
    for number, seconds in enumerate(lengths):
        pause = round(seconds * RATE_HZ)
        pauses.append((at / RATE_HZ, (at + pause) / RATE_HZ))
        parts.append(np.zeros(pause))
        if number < len(words):
            parts.append(_loud(words[number], WORD_DB))
        at += pause + (len(words[number]) if number < len(words) else 0)
    wave = np.concatenate(parts)
    time = np.arange(len(wave)) / RATE_HZ
    mains, phases = rng.choice([50.0, 60.0]), rng.uniform(0, 2 * np.pi, 8)
    hum = sum(np.sin(2 * np.pi * k * mains * time + phases[k - 1]) / k for k in range(1, 9))
    noise = rng.standard_normal(len(wave))
    return wave + _loud(np.asarray(hum), hum_db) + _loud(noise, NOISE_DB), np.array(pauses)


def _loud(wave: Wave, level_db: float) -> Wave:
    """At that mean power, in dB of full scale."""
    power = np.mean(np.square(wave))
    return wave * 10 ** (level_db / 20) / np.sqrt(power) if power else wave


def recordings(
    words: dict[str, list[Wave]], count: int, each: int, seed: int, hum_db: float
) -> Iterator[tuple[str, Wave, NDArray[np.float64]]]:
    """Name, samples and pauses of every recording; no word stands in two of them."""
    for number, voice in enumerate(sorted(words)):
        rng = np.random.Generator(np.random.PCG64([seed, number]))
        mine = [words[voice][k] for k in rng.permutation(len(words[voice]))]
        if len(mine) < count * each:
            raise DataError(
                f"{voice} has {len(mine)} words, and {count} recordings of {each} need "
                f"{count * each}: lower --recordings"
            )
        for k in range(count):
            yield f"{voice}_{k:02d}", *recording(mine[k * each : (k + 1) * each], rng, hum_db)


def make_voices(
    folder: Path,
    words: Path | None = None,
    count: int = RECORDINGS,
    seed: int = 1,
    hum_db: float = HUM_DB,
) -> None:
    """Write the set; `words` None: of words that are made."""
    import soundfile

    heard = made(count * WORDS, seed) if words is None else spoken(words)
    rows = []
    for name, wave, pauses in recordings(heard, count, WORDS, seed, hum_db):
        samples = np.clip(np.rint(wave * 32767), -32768, 32767).astype(np.int16)
        with whole(folder / "recordings" / f"{name}.wav") as part:
            soundfile.write(part, samples, RATE_HZ, "PCM_16", format="WAV")
        rows += [(f"{name}.wav", round(begin, 6), round(end, 6)) for begin, end in pauses]
    with whole(folder / "pauses.csv") as part:
        table = pd.DataFrame(rows, columns=["filename", "begin_s", "end_s"])
        table.to_csv(part, index=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the set into a folder."""
    parser = argparse.ArgumentParser(prog="python -m rarewave.simulation.voices")
    parser.description = "Make recordings of one voice each, words with pauses and hum."
    parser.add_argument("folder", type=Path, help="where to write it")
    parser.add_argument("--words", type=Path, help="WORD_VOICE_NUMBER.wav (default: made ones)")
    parser.add_argument("--recordings", type=int, default=RECORDINGS, help="of each voice")
    parser.add_argument("--hum-db", type=float, default=HUM_DB, help="of full scale (default -20)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same bytes (default 1)")
    chosen = parser.parse_args(arguments)
    try:
        make_voices(chosen.folder, chosen.words, chosen.recordings, chosen.seed, chosen.hum_db)
    except DataError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
