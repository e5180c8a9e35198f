"""Scenes of ten seconds with none to four of ten kinds of sounds, and a list of what sounds.

`python -m rarewave.simulation.scenes FOLDER` writes SITE/NUMBER.flac; scenes.csv, which says what
sounds in each scene and not when; and events.tsv, which says when, of the scenes of six sites.

For learning from weak labels: what a network that has only seen the lists says of times is scored
against the table of events. Kinds are such as a person tells apart on a spectrogram; they vary in
pitch, length and speed, sound once or twice, over one another, at 6 to 20 dB above noise of another
colour at each site. The same seed gives the same bytes, and a reduced set is part of the full one.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.annotations import cells
from rarewave.annotations.formats import dcase
from rarewave.base.errors import DataError
from rarewave.base.files import whole
from rarewave.base.parallel import ordered_map
from rarewave.simulation.species_clips import Wave, band_of, power_in, rounded, tones, vary

RATE_HZ = 16000
SCENE_S = 10
SAMPLES = SCENE_S * RATE_HZ
SITES, SCENES = 30, 16  # and scenes of each
TIMED = 6  # sites, the last ones, whose events have times
KINDS_AT_ONCE = (0.08, 0.24, 0.28, 0.24, 0.16)  # shares of the scenes with none, one, … kinds
TWICE = 0.3  # share of the kinds of a scene that sound twice in it
PAUSE_S = 0.3  # between two sounds of a kind, at least
FAINTEST_DB, LOUDEST_DB = 6.0, 20.0


def seconds_of(low_s: float, high_s: float, rng: np.random.Generator) -> Wave:
    """Times of the samples of a sound of random length."""
    return np.arange(int(rng.uniform(low_s, high_s) * RATE_HZ)) / RATE_HZ


def chirp(rng: np.random.Generator, up: bool) -> Wave:
    """A tone that glides over one to two octaves, evenly or faster at an end."""
    seconds = seconds_of(0.4, 1.5, rng)
    course = (seconds / seconds[-1]) ** rng.uniform(0.7, 1.5)
    octaves = rng.uniform(1.0, 2.0) * (course - 0.5)
    hertz = vary(1400.0, rng, 0.35) * 2 ** (octaves if up else -octaves)
    return rounded(tones(hertz, (1.0, rng.uniform(0, 0.25)), RATE_HZ), rng)


def trill(rng: np.random.Generator) -> Wave:
    """Short tones of one pitch in quick succession."""
    seconds = seconds_of(0.5, 1.6, rng)
    within = (seconds * rng.uniform(6, 13)) % 1.0
    share = rng.uniform(0.45, 0.6)
    gate = np.sin(np.pi * np.minimum(within / share, 1.0)) ** 0.5
    return gate * tones(np.full(len(seconds), vary(3300.0, rng, 0.3)), (1.0,), RATE_HZ)


def clicks(rng: np.random.Generator) -> Wave:
    """A train of clicks of all frequencies, slower or faster towards its end."""
    count = int(rng.integers(8, 26))
    intervals = np.geomspace(1.0, rng.uniform(0.6, 1.6), count) / rng.uniform(10, 22)
    at = np.cumsum(intervals) - intervals[0]
    wave = np.zeros(int((min(at[-1], 2.4) + 0.02) * RATE_HZ))
    since = np.arange(RATE_HZ // 100) / RATE_HZ
    for first in (at[at <= 2.4] * RATE_HZ).astype(int):
        hertz = rng.uniform(2500, 5500)
        click = np.exp(-since / 0.0006) * np.sin(2 * np.pi * hertz * since + rng.uniform(0, 6))
        wave[first : first + len(click)] += rng.uniform(0.6, 1.0) * click
    return wave


def hum(rng: np.random.Generator) -> Wave:
    """A long stack of harmonics of a steady low tone, with a slow beat."""
    seconds = seconds_of(1.5, 5.0, rng)
    levels = rng.uniform(0.3, 1.0, 8) / np.sqrt(np.arange(1, 9))
    beat = 1 + rng.uniform(0.1, 0.5) * np.sin(2 * np.pi * rng.uniform(1, 4) * seconds)
    edges = np.minimum(1.0, np.minimum(seconds, seconds[::-1]) / 0.15)
    return edges * beat * tones(np.full(len(seconds), vary(130.0, rng, 0.35)), levels, RATE_HZ)


def burst(rng: np.random.Generator) -> Wave:
    """Noise of an octave or two, without any tone."""
    seconds = seconds_of(0.3, 1.2, rng)
    noise = np.fft.rfft(rng.standard_normal(len(seconds)))
    hertz = np.fft.rfftfreq(len(seconds), 1 / RATE_HZ)
    octaves = np.log2(np.maximum(hertz, 1.0) / vary(2200.0, rng, 0.4)) / rng.uniform(0.5, 0.9)
    return rounded(np.fft.irfft(noise * np.exp(-(octaves**4)), len(seconds)), rng)


def steps(rng: np.random.Generator) -> Wave:
    """A whistle that keeps a pitch for a while and jumps to another."""
    pitches = [vary(1800.0, rng, 0.3)]
    for _ in range(int(rng.integers(2, 6))):
        pitches.append(pitches[-1] * 2 ** (rng.choice([-1, 1]) * rng.uniform(0.15, 0.4)))
    wave = []
    for hertz in pitches:
        seconds = seconds_of(0.12, 0.3, rng)
        edges = np.minimum(1.0, np.minimum(seconds, seconds[::-1]) / 0.01)
        wave.append(edges * tones(np.full(len(seconds), hertz), (1.0, 0.15), RATE_HZ))
    return np.concatenate(wave)


def warble(rng: np.random.Generator) -> Wave:
    """A tone whose frequency swings to and fro, some times in a second."""
    seconds = seconds_of(0.8, 2.5, rng)
    swings = np.sin(2 * np.pi * rng.uniform(3.5, 8) * seconds + rng.uniform(0, 2 * np.pi))
    hertz = vary(2300.0, rng, 0.35) * 2 ** (rng.uniform(0.15, 0.35) * swings)
    return rounded(tones(hertz, (1.0, rng.uniform(0, 0.2)), RATE_HZ), rng)


def bell(rng: np.random.Generator) -> Wave:
    """Partials that are no harmonics, struck at once, the higher ones gone the sooner."""
    base, ring = vary(700.0, rng, 0.3), rng.uniform(0.25, 0.6)
    seconds = np.arange(int(3 * ring * RATE_HZ)) / RATE_HZ  # 26 dB down
    wave = np.zeros(len(seconds))
    for number, ratio in enumerate((1.0, 1.51, 2.27, 3.35, 4.6)):
        hertz, level = base * vary(ratio, rng, 0.04), rng.uniform(0.5, 1.0)
        decay = np.exp(-seconds * (1 + 0.5 * number) / ring)
        wave += level * decay * np.sin(2 * np.pi * hertz * seconds)
    fade = np.minimum(1.0, seconds[::-1] / 0.1)
    return wave * np.minimum(seconds / 0.003, 1.0) * fade


def knock(rng: np.random.Generator) -> Wave:
    """Two to five thuds, low and short."""
    count, pause = int(rng.integers(2, 6)), rng.uniform(0.15, 0.35)
    wave = np.zeros(int((pause * (count - 1) + 0.15) * RATE_HZ))
    since = np.arange(int(0.12 * RATE_HZ)) / RATE_HZ
    hertz = vary(280.0, rng, 0.35)
    for number in range(count):
        thud = np.exp(-since / 0.02) * np.sin(2 * np.pi * hertz * (1 - 0.8 * since) * since)
        thud += 0.3 * np.exp(-since / 0.002) * rng.standard_normal(len(since))
        first = int(number * pause * RATE_HZ)
        wave[first : first + len(thud)] += rng.uniform(0.7, 1.0) * thud
    return wave


KINDS: dict[str, Callable[[np.random.Generator], Wave]] = {
    "bell": bell,
    "clicks": clicks,
    "down chirp": partial(chirp, up=False),
    "hum": hum,
    "knock": knock,
    "noise burst": burst,
    "trill": trill,
    "up chirp": partial(chirp, up=True),
    "warble": warble,
    "whistle steps": steps,
}


class Planned(NamedTuple):
    """What a scene is to be."""

    number: int  # from 1, in no order of site or kind
    site: int  # from 1
    kinds: tuple[str, ...]

    @property
    def name(self) -> str:
        """The file, below the folder of the set."""
        return f"site{self.site:02d}/{self.number:04d}.flac"

    @property
    def timed(self) -> bool:
        """Whether the table of events speaks of it."""
        return self.site > SITES - TIMED


class Event(NamedTuple):
    """A sound of a scene."""

    label: str
    onset_s: float
    offset_s: float
    low_hz: float  # of its band: nine tenths of its power, and an octave at least
    high_hz: float
    snr_db: float  # mean power to that of the site's noise, in its band


@dataclass(frozen=True)
class Scene:
    """Samples of a scene and what is in it."""

    samples: NDArray[np.int16]  # (SAMPLES,)
    events: tuple[Event, ...]  # by onset


def plan(scale: float = 1.0, seed: int = 1) -> list[Planned]:
    """All scenes of a set by number; a smaller scale keeps some of each site of the full set.

    Raises
    ------
    DataError
        The scale is not above 0 and at most 1.
    """
    if not 0 < scale <= 1:
        raise DataError(f"the scale is {scale:g}: give one above 0, 1 being the full set")
    # Scenes draw from [seed, number], numbers from 1: this is the stream of the plan.
    rng = np.random.Generator(np.random.PCG64([seed, 0]))
    numbers = iter(rng.permutation(SITES * SCENES) + 1)
    keep, planned = max(1, round(scale * SCENES)), []
    for site in range(1, SITES + 1):
        for at in range(SCENES):
            count = int(rng.choice(len(KINDS_AT_ONCE), p=KINDS_AT_ONCE))
            kinds = sorted(rng.choice(list(KINDS), count, replace=False).tolist())
            one = Planned(int(next(numbers)), site, tuple(kinds))
            planned += [one] if at < keep else []
    return sorted(planned)


def ambience(site: int, seed: int, rng: np.random.Generator) -> Wave:
    """Noise of a site, of deviation 1; its colour is a little different in every scene."""
    of_site = np.random.Generator(np.random.PCG64([seed, 0, site]))
    fall = of_site.uniform(1.0, 6.0) + rng.uniform(-0.5, 0.5)
    bands = of_site.uniform([200.0, 0.3, 3.0], [5000.0, 0.8, 9.0], (int(of_site.integers(1, 4)), 3))
    hertz = np.fft.rfftfreq(SAMPLES, 1 / RATE_HZ)
    octaves = np.log2(np.maximum(hertz, 60.0) / 1000)
    gain_db = -octaves * fall
    for centre, width, level in bands:
        away = octaves - np.log2(vary(centre, rng, 0.1) / 1000)
        gain_db += (level + rng.uniform(-2, 2)) * np.exp(-((away / width) ** 2))
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(SAMPLES)) * 10 ** (gain_db / 20), SAMPLES)
    return noise / noise.std()


def scene(planned: Planned, seed: int) -> Scene:
    """Draw one scene; whatever else is in the set."""
    rng = np.random.Generator(np.random.PCG64([seed, planned.number]))
    noise = ambience(planned.site, seed, rng)
    wave, events = noise.copy(), []
    for label in planned.kinds:
        taken: list[tuple[float, float]] = []
        for _ in range(1 + int(rng.uniform() < TWICE)):
            dry = KINDS[label](rng)
            onset = float(rng.integers(0, SAMPLES - len(dry) + 1)) / RATE_HZ
            offset = onset + len(dry) / RATE_HZ
            if any(onset < b + PAUSE_S and offset > a - PAUSE_S for a, b in taken):
                continue
            taken.append((onset, offset))
            low, high = _an_octave(*band_of(dry, RATE_HZ))
            snr = rng.uniform(FAINTEST_DB, LOUDEST_DB)
            under = power_in(noise, low, high, RATE_HZ) / power_in(dry, low, high, RATE_HZ)
            first = round(onset * RATE_HZ)
            wave[first : first + len(dry)] += np.sqrt(10 ** (snr / 10) * under) * dry
            events.append(Event(label, onset, offset, low, high, snr))
    level = min(200 * 10 ** (rng.uniform(-8, 8) / 20), 32000 / np.abs(wave).max())
    samples = np.rint(level * wave).astype(np.int16)
    return Scene(samples, tuple(sorted(events, key=lambda event: (event.onset_s, event.label))))


def _an_octave(low_hz: float, high_hz: float) -> tuple[float, float]:
    """The band, or an octave around its middle where it is narrower: a tone has no width."""
    middle = np.sqrt(low_hz * high_hz)
    return min(low_hz, middle / np.sqrt(2)), max(high_hz, middle * np.sqrt(2))


def write_scene(planned: Planned, folder: Path, seed: int) -> tuple[Event, ...]:
    """Draw one scene and write it; what is in it."""
    import soundfile

    made = scene(planned, seed)
    with whole(folder / planned.name) as part:
        soundfile.write(part, made.samples, RATE_HZ, "PCM_16", format="FLAC")
    return made.events


def make_scenes(folder: Path, scale: float = 1.0, seed: int = 1) -> None:
    """Write the set, or about that share of it: a folder for each site, and two tables.

    scenes.csv has a row for each scene with its kinds in a cell, empty where there is none;
    events.tsv the events of the sites with times, and rows without any for scenes of nothing.

    Raises
    ------
    DataError
        The scale is not above 0 and at most 1.
    """
    planned = plan(scale, seed)
    made = ordered_map(partial(write_scene, folder=folder, seed=seed), planned, "scenes")
    rows = [
        (one.name, event.onset_s, event.offset_s, event.label)
        for one, events in zip(planned, made, strict=True)
        for event in events
        if one.timed
    ]
    listed = sorted([one.name, ";".join(one.kinds)] for one in planned)
    cells.write_separated(folder / "scenes.csv", [["filename", "sounds"], *listed], ",")
    table = pd.DataFrame(sorted(rows), columns=["file", "onset_s", "offset_s", "label"])
    dcase.write(folder / "events.tsv", table, sorted(one.name for one in planned if one.timed))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the set into a folder."""
    parser = argparse.ArgumentParser(prog="python -m rarewave.simulation.scenes")
    parser.description = "Make scenes of ten seconds, with a list of what sounds in each."
    parser.add_argument("folder", type=Path, help="where to write it")
    parser.add_argument("--scale", type=float, default=1.0, help="share of it (default 1: all)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same bytes (default 1)")
    chosen = parser.parse_args(arguments)
    try:
        make_scenes(chosen.folder, chosen.scale, chosen.seed)
    except DataError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
