"""A small labelled set of underwater sound: pulsed calls of two types, ice and engine noise.

`python -m rarewave.simulation.underwater_calls FOLDER` writes wav recordings and Raven
selection tables.

The calls are in the manner of the pulsed calls of ringed seals, which field workers label Rupe A
and Rupe B: trains of short low pulses, slow in the one and fast in the other. Rates, bands and
variants are chosen for the example, not measured on seals. What makes the task real: calls from
inaudible to loud, calls of both types at once, ice that cracks and squeaks in the same band,
ships whose hum covers it, and noise whose level drifts. The same seed gives the same bytes.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rarewave.base.files import whole

RATE_HZ = 8000
SECONDS = 90
RECORDINGS = 20

Wave = NDArray[np.float64]


@dataclass(frozen=True)
class CallType:
    """What the calls of one type are like; pairs are ranges to draw from."""

    label: str
    pulses: tuple[int, int]
    pulses_per_s: tuple[float, float]
    centre_hz: tuple[float, float]
    decay_s: tuple[float, float]  # of one pulse, to 1/e
    sweep: float  # change of the centre frequency over the call, as a factor
    tone: float  # probability of the variant that ends in a tone


TYPES = (
    CallType("Rupe A", (5, 11), (11.0, 16.0), (300.0, 520.0), (0.008, 0.014), 0.85, 0.3),
    CallType("Rupe B", (10, 22), (30.0, 44.0), (500.0, 900.0), (0.004, 0.008), 1.3, 0.3),
)


@dataclass(frozen=True)
class Selection:
    """One labelled call."""

    onset_s: float
    offset_s: float
    low_hz: float
    high_hz: float
    label: str


def call(kind: CallType, rng: np.random.Generator) -> tuple[Wave, float, float]:
    """One call of peak 1, and its band in Hz: pulses that ring and decay, perhaps a tone after."""
    count = int(rng.integers(kind.pulses[0], kind.pulses[1] + 1))
    interval = 1.0 / rng.uniform(*kind.pulses_per_s)
    centre, decay = rng.uniform(*kind.centre_hz), rng.uniform(*kind.decay_s)
    at = np.arange(count) * interval + rng.uniform(-0.06, 0.06, count) * interval
    at -= at[0]
    tone_s = rng.uniform(0.08, 0.16) if rng.uniform() < kind.tone else 0.0
    length = at[-1] + 6 * decay + tone_s
    time = np.arange(int(length * RATE_HZ)) / RATE_HZ
    wave = np.zeros(len(time))
    lowest, highest = np.inf, 0.0
    loud = np.interp(np.arange(count), [0, count / 3, count - 1], [0.5, 1.0, 0.6])
    for number, start in enumerate(at):
        hertz = centre * kind.sweep ** (number / max(1, count - 1)) * rng.uniform(0.96, 1.04)
        first = int(np.ceil(start * RATE_HZ))
        since = time[first:] - start
        rise = np.minimum(since / 0.0015, 1.0)
        pulse = rise * np.exp(-since / decay) * np.sin(2 * np.pi * hertz * since)
        wave[first:] += loud[number] * pulse
        lowest, highest = min(lowest, hertz), max(highest, hertz)
    if tone_s:
        begin = int((at[-1] + 4 * decay) * RATE_HZ)
        since = time[begin:] - time[begin]
        hertz = centre * 1.15
        shape = np.sin(np.pi * np.minimum(since / since[-1], 1.0)) ** 2
        wave[begin:] += 0.5 * shape * np.sin(2 * np.pi * hertz * since)
        lowest, highest = min(lowest, hertz), max(highest, hertz)
    width = 0.35 / decay / np.pi * 2  # half-width of a decaying pulse's spectrum at about -6 dB
    return wave / np.abs(wave).max(), max(50.0, lowest - width), highest + width


def ambience(samples: int, rng: np.random.Generator) -> Wave:
    """Noise that falls with frequency and whose level drifts by a few dB, of deviation 1."""
    white = rng.standard_normal(samples)
    brown = np.empty(samples)
    # First order: -6 dB an octave above 200 Hz.
    pole, state = float(np.exp(-2 * np.pi * 200 / RATE_HZ)), 0.0
    from scipy.signal import lfilter

    brown = lfilter([1 - pole], [1, -pole], white, zi=np.array([state]))[0]
    noise = brown / brown.std() + 0.25 * rng.standard_normal(samples)
    knots = rng.normal(0, 2.0, 2 + samples // (15 * RATE_HZ))
    drift = np.interp(np.linspace(0, len(knots) - 1, samples), np.arange(len(knots)), knots)
    return noise * 10 ** (drift / 20)


def ice(wave: Wave, count: int, rng: np.random.Generator) -> None:
    """Add cracks (bursts of clicks) and squeaks (short sweeps) in the band of the calls."""
    for _ in range(count):
        at = int(rng.integers(0, len(wave) - RATE_HZ))
        loud = rng.uniform(1.5, 7.0)
        if rng.uniform() < 0.65:
            for _ in range(int(rng.integers(1, 9))):
                first = at + int(rng.exponential(0.09) * RATE_HZ)
                since = np.arange(int(0.05 * RATE_HZ)) / RATE_HZ
                hertz, decay = rng.uniform(200, 2500), rng.uniform(0.001, 0.012)
                click = np.exp(-since / decay) * np.sin(2 * np.pi * hertz * since)
                stop = min(first + len(click), len(wave))
                wave[first:stop] += loud * rng.uniform(0.3, 1) * click[: max(0, stop - first)]
        else:
            length = rng.uniform(0.15, 0.7)
            since = np.arange(int(length * RATE_HZ)) / RATE_HZ
            begin, end = rng.uniform(300, 1200, 2)
            phase = 2 * np.pi * (begin * since + (end - begin) / (2 * length) * since**2)
            squeak = np.sin(np.pi * since / length) ** 2 * np.sin(phase)
            wave[at : at + len(squeak)] += 0.5 * loud * squeak


def engine(wave: Wave, rng: np.random.Generator) -> None:
    """Add a ship's hum that comes and goes: harmonics of its shaft, beating."""
    time = np.arange(len(wave)) / RATE_HZ
    base, beat = rng.uniform(35, 70), rng.uniform(3, 7)
    closest, width = rng.uniform(0, SECONDS), rng.uniform(20, 45)
    near = np.exp(-(((time - closest) / width) ** 2)) * (1 + 0.5 * np.sin(2 * np.pi * beat * time))
    for harmonic in range(1, 22):
        level = rng.uniform(0.3, 1.0) * 1.6 / harmonic**0.6
        phase = rng.uniform(0, 2 * np.pi)
        wave += level * near * np.sin(2 * np.pi * base * harmonic * time + phase)


def recording(number: int, seed: int) -> tuple[NDArray[np.int16], list[Selection]]:
    """Samples (n,) of one recording and its calls, in order of time."""
    rng = np.random.Generator(np.random.PCG64([seed, number]))
    wave = ambience(SECONDS * RATE_HZ, rng)
    ice(wave, int(rng.integers(10, 40)), rng)
    if number % 3 == 1:
        engine(wave, rng)
    selections: list[Selection] = []
    wanted = 0 if number % 7 == 3 else int(rng.integers(9, 18))
    at = rng.uniform(1.0, 4.0)
    for _ in range(wanted):
        kind = TYPES[int(rng.uniform() < 0.45)]
        pairs = [(kind, at)]
        if rng.uniform() < 0.15:  # the other type answers before this call ends
            pairs.append((TYPES[1 - TYPES.index(kind)], at + rng.uniform(0.05, 0.35)))
        for one, onset in pairs:
            shape, low, high = call(one, rng)
            first = round(onset * RATE_HZ)
            if first + len(shape) >= len(wave):
                continue
            wave[first : first + len(shape)] += 10 ** (rng.uniform(2.0, 20.0) / 20) * shape
            end = (first + len(shape)) / RATE_HZ
            selections.append(Selection(first / RATE_HZ, end, low, high, one.label))
        at += rng.uniform(2.0, 2 * (SECONDS - 12) / max(1, wanted) - 2.0)
        if at > SECONDS - 3:
            break
    return np.clip(np.rint(wave * 900), -32768, 32767).astype(np.int16), selections


def raven_table(selections: Sequence[Selection]) -> str:
    """A selection table as Raven writes it: a row for each view, CRLF."""
    columns = ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)"]
    columns += ["Low Freq (Hz)", "High Freq (Hz)", "Annotation"]
    lines = ["\t".join(columns)]
    for number, one in enumerate(sorted(selections, key=lambda s: s.onset_s), start=1):
        times = f"{one.onset_s:.9f}\t{one.offset_s:.9f}\t{one.low_hz:.1f}\t{one.high_hz:.1f}"
        for view in ("Waveform 1", "Spectrogram 1"):
            lines.append(f"{number}\t{view}\t1\t{times}\t{one.label}")
    return "".join(f"{line}\r\n" for line in lines)


def make_calls(folder: Path, recordings: int = RECORDINGS, seed: int = 1) -> None:
    """Write `recordings` of 90 s as wav, and a Raven table for each but the last.

    A table without selections belongs to a recording without calls; the last recording has no
    table: nobody looked.
    """
    import soundfile

    for number in range(recordings):
        samples, selections = recording(number, seed)
        stem = f"ice_{20240301 + number // 8}_{2 + number % 8:02d}0000"
        with whole(folder / "recordings" / f"{stem}.wav") as part:
            soundfile.write(part, samples, RATE_HZ, "PCM_16", format="WAV")
        if number < recordings - 1:
            with whole(folder / "labels" / f"{stem}.Table.1.selections.txt") as part:
                part.write_bytes(raven_table(selections).encode())


def main() -> None:
    """Write the set into a folder."""
    parser = argparse.ArgumentParser(
        prog="python -m rarewave.simulation.underwater_calls", description=__doc__
    )
    parser.add_argument("folder", type=Path)
    make_calls(parser.parse_args().folder)


if __name__ == "__main__":
    main()
