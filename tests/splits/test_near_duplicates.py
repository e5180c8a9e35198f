"""Copies of recordings in other parts are found, whatever was done to them; others are not."""

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import scipy.signal
import soundfile
from numpy.typing import NDArray
from support.speed import processor_seconds

from rarewave.splits import near_duplicates, notices
from rarewave.splits.near_duplicates import Copy

RATE = 8000
Sound = NDArray[np.float32]


def coloured(seconds: float, seed: int) -> Sound:
    """Noise as of a place, louder and fainter as the wind goes."""
    rng = np.random.default_rng(seed)
    noise = scipy.signal.lfilter([1.0], [1.0, -0.8], rng.standard_normal(round(seconds * RATE)))
    swell = np.interp(np.arange(len(noise)) / RATE, np.arange(0, 61, 0.5), rng.uniform(0.5, 2, 122))
    return (0.01 * noise * swell).astype(np.float32)


def sung(seconds: float, seed: int) -> Sound:
    """Three calls of one species, chirps of some 0.4 s, in the noise of a place."""
    rng = np.random.default_rng([seed, 1])
    sound = coloured(seconds, seed)
    for onset in (np.arange(3) + rng.uniform(0.1, 0.5, 3)) * seconds / 3.7:
        time = np.arange(round(rng.uniform(0.3, 0.5) * RATE)) / RATE
        phase = 2 * np.pi * (rng.uniform(700, 900) * time + rng.uniform(800, 1200) * time**2)
        at = round(onset * RATE)
        sound[at : at + len(time)] += 0.2 * np.hanning(len(time)) * np.sin(phase)
    return sound


def coded(sound: Sound, form: str) -> Sound:
    """Through a lossy codec and back."""
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format=form)
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0]


CHANGES: dict[str, Callable[[Sound], Sound]] = {
    "shifted by 37 samples": lambda sound: sound[37:],
    "of 16 bits": lambda sound: (np.round(sound * 32767) / 32767).astype(np.float32),
    "fainter, of 16 bits": lambda s: (np.round(s * 0.1 * 32767) / 32767).astype(np.float32),
    "louder": lambda sound: (4 * sound[37:]).astype(np.float32),
    "upside down": lambda sound: -sound,
    "ogg": lambda sound: coded(sound, "OGG")[37:],
    "mp3": lambda sound: coded(sound, "MP3"),
    "trimmed": lambda sound: sound[round(1.234 * RATE) :],
    "within more": lambda s: np.concatenate([coloured(1.5, 901), s, coloured(2.0, 902)]),
}


def found(
    sounds: dict[str, Sound], parts: dict[str, str], windows: pd.DataFrame | None = None
) -> list[Copy]:
    """What is found among recordings whose windows, of 1 s, are of a part each."""
    count = np.array([len(sound) for sound in sounds.values()])
    first = np.cumsum(count) - count
    where = pd.DataFrame({"recording_id": list(sounds), "first": first, "count": count})
    if windows is None:
        rows = [
            (name, float(at), parts[name])
            for name, sound in sounds.items()
            for at in range(len(sound) // RATE)
        ]
        windows = pd.DataFrame(rows, columns=["recording_id", "start_s", "part"])
    windows = windows.assign(duration_s=1.0)
    part = windows["part"].to_numpy("U")
    return near_duplicates.near_duplicates(
        windows, part, np.concatenate(list(sounds.values())), where, float(RATE)
    )


def world(make: Callable[[float, int], Sound] = sung) -> tuple[dict[str, Sound], dict[str, str]]:
    """Nine recordings of 5 s of one species, and their parts."""
    sounds = {f"r{k}": make(5.0, k) for k in range(9)}
    deal = ["train"] * 5 + ["validation"] * 2 + ["test"] * 2
    return sounds, dict(zip(sounds, deal, strict=True))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("part", "of"), [("test", "r2"), ("validation", "r1"), ("train", "r8")])
def test_copies_are_found(change: str, part: str, of: str) -> None:
    """And nothing else is; where both lie in time is told, to the sample."""
    sounds, parts = world()
    copy = CHANGES[change](sounds[of])
    (pair,) = found(sounds | {"copy": copy}, parts | {"copy": part})
    told = {pair.recording: (pair.part, pair.at_s), pair.other: (pair.other_part, pair.other_at_s)}
    assert {name: where for name, (where, _) in told.items()} == {of: parts[of], "copy": part}
    later = {"trimmed": -1.234, "within more": 1.5}.get(change, 0.0)
    if change in ("shifted by 37 samples", "louder", "ogg"):
        later = -37 / RATE
    slack = 0.15 if change == "mp3" else 1e-3  # an encoder adds silence
    assert told["copy"][1] - told[of][1] == pytest.approx(later, abs=slack)
    assert pair.correlation > 0.9


@pytest.mark.parametrize("make", [sung, coloured])
def test_calls_of_one_species_are_no_copies(make: Callable[[float, int], Sound]) -> None:
    """Nor is noise."""
    assert found(*world(make)) == []


def test_the_same_event_in_other_noise_is_no_copy() -> None:
    """A source that repeats itself, as a nest of quakes or a playback does: 20 dB over noise."""
    event = sung(2.0, 77) - coloured(2.0, 77)

    def repeated(seconds: float, seed: int) -> Sound:
        sound = coloured(seconds, seed)
        sound[RATE : RATE + len(event)] += event
        return sound

    assert found(*world(repeated)) == []


def test_tones_clicks_and_silence_are_no_copies() -> None:
    """The hum of one mains, clicks of one shape, and what holds nothing at all."""

    def hum(seconds: float, seed: int) -> Sound:
        tone = np.sin(2 * np.pi * 50 * np.arange(round(seconds * RATE)) / RATE + seed)
        return (tone + 3 * coloured(seconds, seed)).astype(np.float32)

    def clicks(seconds: float, seed: int) -> Sound:
        sound = coloured(seconds, seed) / 10
        sound[np.random.default_rng(seed).integers(0, len(sound), 4)] += 1.0
        return sound

    for make in (hum, clicks, lambda seconds, _: np.zeros(round(seconds * RATE), np.float32)):
        assert found(*world(make)) == []


def test_only_what_windows_of_other_parts_hold_leaks() -> None:
    """Within one part, where windows are purged, or where there is none, nothing does."""
    sounds, parts = world()
    sounds["copy"] = sounds["r2"][37:]
    assert found(sounds, parts | {"copy": "train"}) == []
    assert found(sounds, parts | {"copy": "purged"}) == []
    rows = [(name, float(at), part) for name, part in parts.items() for at in range(5)]
    rows = [row for row in rows if row[0] != "r2" or row[1] >= 3]
    windows = pd.DataFrame(
        [*rows, ("copy", 0.0, "test")], columns=["recording_id", "start_s", "part"]
    )
    assert found(sounds, parts, windows) == []
    windows.loc[len(windows)] = ["copy", 3.0, "test"]
    (pair,) = found(sounds, parts, windows)
    assert (pair.recording, pair.at_s) == ("copy", 3.0)
    assert pair.other_at_s == pytest.approx(3.0 + 37 / RATE, abs=1e-3)


def test_one_long_recording_is_no_copy_of_itself() -> None:
    """Its parts touch; sound that comes again in another part is found."""
    long = np.concatenate([sung(5.0, seed) for seed in range(12)])
    deal = ["train"] * 36 + ["validation"] * 12 + ["test"] * 12
    windows = pd.DataFrame({"recording_id": "x", "start_s": np.arange(60.0), "part": deal})
    assert found({"x": long}, {}, windows) == []
    long[50 * RATE : 56 * RATE] = long[10 * RATE : 16 * RATE]
    (pair,) = found({"x": long}, {}, windows)
    assert (pair.part, pair.other_part) == ("test", "train")
    assert pair.at_s - pair.other_at_s == pytest.approx(40.0, abs=1e-3)


def test_what_is_too_short_to_tell_is_silent() -> None:
    """Recordings of hardly any sample, and none at all."""
    tiny = {name: sound[:400] for name, sound in world()[0].items()}
    windows = pd.DataFrame({"recording_id": list(tiny), "start_s": 0.0, "part": "train"})
    windows.loc[5:, "part"] = "test"
    assert found(tiny, {}, windows) == []
    assert found(tiny, {}, windows[:0]) == []


def test_the_warning_names_recordings_and_times() -> None:
    """The first of many."""
    copies = [Copy(f"a{k}", "test", 1.25, f"b{k}", "train", 0.5, 0.99) for k in range(5)]
    (notice,) = notices.copied(copies)
    assert notice.key == "near_duplicates" and notice.value == 5
    assert "a0 at 1.2 s (test) and b0 at 0.5 s (train)" in notice.says
    assert "5 pairs hold the same sound" in notice.says and "and 2 more" in notice.says
    assert "1 pair holds the same sound" in notices.copied(copies[:1])[0].says
    assert notices.copied([]) == []


def test_it_costs_seconds() -> None:
    """200 recordings of 5 s, a quarter of them held out: 8 million samples."""
    sounds = {f"r{k}": coloured(5.0, k) for k in range(200)}
    parts = {name: "test" if k % 4 == 0 else "train" for k, name in enumerate(sounds)}
    assert processor_seconds(lambda: found(sounds, parts)) < 15
