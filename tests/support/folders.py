"""Folders as people bring them, small: bursts of a tone in noise, labelled in every form."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import soundfile

RATE = 8000
BURST_S = 0.2
TONES = {"low": 600.0, "high": 2000.0}
Call = tuple[float, float, str]


def calls(seconds: float, seed: int, labels: Sequence[str], gap_s: float = 1.0) -> list[Call]:
    """Bursts at random times, one after the other."""
    rng = np.random.default_rng(seed)
    at, found = 0.3, []
    while at + BURST_S + 0.2 < seconds:
        found.append((round(at, 3), round(at + BURST_S, 3), str(labels[len(found) % len(labels)])))
        at += BURST_S + float(rng.uniform(0.6, 1.4)) * gap_s
    return found


def sound(seconds: float, rows: Sequence[Call], seed: int, rate: int = RATE) -> np.ndarray:
    """Noise of 0.01 with a burst of 0.3 for each row."""
    rng = np.random.default_rng(seed)
    wave = rng.normal(0, 0.01, round(seconds * rate))
    for onset, offset, label in rows:
        t = np.arange(round(onset * rate), min(round(offset * rate), len(wave))) / rate
        wave[round(onset * rate) :][: len(t)] += 0.3 * np.sin(2 * np.pi * TONES[label] * t)
    return wave


def write(path: Path, wave: np.ndarray, rate: int = RATE) -> None:
    """A sound file of 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(wave, -1, 1), rate, subtype="PCM_16")


def audacity(path: Path, rows: Sequence[Call]) -> None:
    """A label track."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{a}\t{b}\t{label}\n" for a, b, label in rows))


def raven(path: Path, rows: Sequence[Call]) -> None:
    """A selection table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)"
    lines = [
        f"{n}\tSpectrogram 1\t1\t{a}\t{b}\t{TONES[c] - 100}\t{TONES[c] + 100}\t{c}"
        for n, (a, b, c) in enumerate(rows, 1)
    ]
    path.write_text("\n".join([f"{head}\tAnnotation", *lines]) + "\n")


def of_files(root: Path, labels: Sequence[str] = ("low", "high"), count: int = 8) -> Path:
    """Recordings of two sites on four days with Raven tables in a folder of their own."""
    for number in range(count):
        name = f"S{number % 2}_2024030{number // 2 + 1}_060000"
        rows = calls(8, number, labels)
        write(root / "audio" / f"{name}.wav", sound(8, rows, number))
        raven(root / "tables" / f"{name}.Table.1.selections.txt", rows)
    return root


def beside(root: Path, count: int = 6, move_s: float = 0.0) -> Path:
    """Recordings with Audacity labels beside them, all moved in time if wanted."""
    for number in range(count):
        rows = calls(10, number, ("low", "high"))
        write(root / f"song{number:02d}.wav", sound(10, rows, number))
        audacity(root / f"song{number:02d}.txt", [(a + move_s, b + move_s, c) for a, b, c in rows])
    return root


def of_table(root: Path, count: int = 6) -> Path:
    """One table of events of all recordings."""
    rows = []
    for number in range(count):
        mine = calls(8, number, ("low", "high"))
        write(root / "wav" / f"r{number}a.wav", sound(8, mine, number))
        rows += [(f"r{number}a.wav", a, b, c) for a, b, c in mine]
    columns = ["filename", "onset", "offset", "event_label"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "events.csv", index=False)
    return root


def clip(root: Path, name: str, labels: Sequence[str], seed: int, seconds: float = 1.0) -> None:
    """A clip in which some tones sound."""
    rows = [(0.2, 0.6, label) for label in labels]
    write(root / name, sound(seconds, rows, seed))


def of_clips(root: Path, form: str, count: int = 16) -> Path:
    """Clips in folders, named, or in a table: of classes or of tags."""
    rows = []
    for number in range(count):
        label = ("low", "high")[number % 2]
        if form == "folders":
            clip(root, f"{label}/c{number:02d}.wav", [label], number)
        elif form == "names":
            clip(root, f"{label}_anna{number // 4}_{number:02d}.wav", [label], number)
        else:
            tags = [(), ("low",), ("high",), ("low", "high")][number % 4]
            clip(root, f"all/point{number // 4}_{number:02d}.wav", tags or (), number)
            rows.append((f"point{number // 4}_{number:02d}.wav", ";".join(tags)))
    if rows:
        pd.DataFrame(rows, columns=["file", "sounds"]).to_csv(root / "heard.csv", index=False)
    return root


def of_weak_and_strong(root: Path) -> Path:
    """Clips of which a table says what sounds in them, and another when, of a third of them."""
    of_clips(root, "tags", 24)
    rows = [
        (path.name, 0.2, 0.6, label)
        for number, path in enumerate(sorted((root / "all").glob("*.wav")))
        for label in ((), ("low",), ("high",), ("low", "high"))[number % 4]
        if number >= 16
    ]
    columns = ["filename", "onset", "offset", "event_label"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "times.tsv", sep="\t", index=False)
    return root


def of_audioset(root: Path, count: int = 24) -> Path:
    """Some of the files that AudioSet's table names, called as downloaders do."""
    lines = ["# Segments csv created Sun Mar  5 10:54:31 2017", "# num_ytids=9, num_segs=9",
             "# YTID, start_seconds, end_seconds, positive_labels"]  # fmt: skip
    for number in range(4 * count):
        tags = (("low",), ("high",), ("low", "high"))[number % 3]
        name, start = f"-a_{number:08d}", 10.0 * (number % 7)
        lines.append(f'{name}, {start:.3f}, {start + 10:.3f}, "{",".join(tags)}"')
        if number < count:
            clip(root, f"audio/Y{name}_{start:.3f}_{start + 10:.3f}.wav", tags, number)
    (root / "balanced.csv").write_text("\n".join(lines) + "\n")
    return root


def of_catalogue(root: Path, days: int = 6) -> Path:
    """Continuous miniSEED at 20 Hz and a catalogue of starts and ends."""
    rng, rows = np.random.default_rng(1), []
    (root / "waveforms").mkdir(parents=True)
    for day in range(days):
        start = obspy.UTCDateTime(2024, 3, day + 1)
        x = rng.normal(0, 10, 20 * 7200)
        for number, at in enumerate((900, 3600)):
            t = np.arange(20 * 300) / 20
            x[at * 20 :][: len(t)] += 100 * np.sin(2 * np.pi * 2 * t) * np.hanning(len(t))
            rows.append(
                (f"q{day}{number}", str(start + at)[:19], str(start + at + 300)[:19], "quake")
            )
        header = {"network": "XX", "station": "AAA", "channel": "BHZ", "sampling_rate": 20.0}
        trace = obspy.Trace(x.astype(np.int32), header | {"starttime": start})
        trace.write(str(root / "waveforms" / f"{day}.mseed"), format="MSEED")
    columns = ["event_id", "start", "end", "type"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "quakes.csv", index=False)
    return root


def one_long(root: Path, seconds: float = 240.0) -> Path:
    """One recording with Audacity labels."""
    rows = calls(seconds, 3, ("low", "high"))
    write(root / "night.flac", sound(seconds, rows, 3))
    audacity(root / "night.txt", rows)
    return root
