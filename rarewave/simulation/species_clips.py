"""Short clips of eight call types with a long tail, from many sites, most of them unlabelled.

`python -m rarewave.simulation.species_clips FOLDER` writes SITE/NUMBER.flac and the
clip table clips.csv.

For studies of few labels, of rare types and of learning from unlabelled sound. The calls are in
the manner of marine mammals and fish (sweeps, pulse trains, moans, trills, whistles); bands, rates
and variants are chosen for the example, not measured on animals. What makes the task real: every
rare type has a common one whose band overlaps its own, told from it by its course in time; types
vary so that a few examples do not cover them; calls from inaudible to loud, anywhere in the clip,
with echoes; clicks and hum; and noise of another colour at each site, held out ones included.

A clip that the table does not name was heard by nobody; it may hold a labelled type, a type
without a label, or no call. The same seed gives the same bytes, and a reduced set is part of the
full one.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from rarewave.annotations import cells
from rarewave.base.errors import DataError
from rarewave.base.files import whole
from rarewave.base.parallel import ordered_map

RATE_HZ = 22050
SAMPLES = RATE_HZ  # of a clip: 1 s

Wave = NDArray[np.float64]


@dataclass(frozen=True)
class Site:
    """The noise of a place: its fall with frequency, and bands that stand out."""

    part: str  # train, validation, test or unlabelled (nothing from there has a label)
    fall_db: float  # an octave
    bands: tuple[tuple[float, float, float], ...]  # centre (Hz), half-width (octaves), level (dB)


SITES = {
    "arch": Site("train", 5.0, ((900.0, 0.5, 9.0),)),
    "bank": Site("train", 3.0, ((2600.0, 0.6, 10.0),)),
    "cove": Site("train", 6.0, ((450.0, 0.4, 8.0), (4200.0, 0.5, 12.0))),
    "delta": Site("train", 4.0, ((1500.0, 0.4, 9.0),)),
    "fjord": Site("train", 7.0, ((3200.0, 0.8, 12.0),)),
    "gulf": Site("train", 4.5, ((250.0, 0.5, 6.0), (1900.0, 0.3, 8.0))),
    "haven": Site("unlabelled", 2.0, ((650.0, 0.5, 10.0),)),
    "inlet": Site("unlabelled", 5.5, ((1200.0, 0.7, 8.0), (5000.0, 0.4, 12.0))),
    "lagoon": Site("validation", 3.5, ((1100.0, 0.3, 9.0), (3600.0, 0.4, 11.0))),
    "shoal": Site("test", 6.5, ((700.0, 0.4, 10.0), (2200.0, 0.5, 12.0))),
    "strait": Site("test", 2.5, ((1700.0, 0.8, 9.0),)),
}


def vary(value: float, rng: np.random.Generator, share: float = 0.15) -> float:
    """The value, higher or lower by up to that share."""
    return value * rng.uniform(1 - share, 1 + share)


def rounded(wave: Wave, rng: np.random.Generator) -> Wave:
    """Faded in and out, each over 5 to 30 % of the call, with a swell within it."""
    place = np.linspace(0.0, 1.0, len(wave))
    rise, fall = rng.uniform(0.05, 0.3, 2)
    edges = np.minimum(1.0, np.minimum(place / rise, (1 - place) / fall))
    swell = 1 + rng.uniform(-0.5, 0.5) * np.cos(np.pi * place)
    return wave * np.sin(np.pi / 2 * edges) ** 2 * swell


def tones(hertz: Wave, levels: Sequence[float] | Wave, rate_hz: float = RATE_HZ) -> Wave:
    """A tone whose frequency (Hz, a value for each sample) varies, and its harmonics' levels."""
    phase = 2 * np.pi * np.cumsum(hertz) / rate_hz
    wave = np.zeros(len(hertz))
    for harmonic, level in enumerate(levels, start=1):
        wave += level * np.sin(harmonic * phase)
    return wave


def places(low_s: float, high_s: float, rng: np.random.Generator) -> Wave:
    """Places 0 to 1 along a call of random length."""
    return np.linspace(0.0, 1.0, int(rng.uniform(low_s, high_s) * RATE_HZ))


def sweep(rng: np.random.Generator, centre_hz: float, up: bool) -> Wave:
    """A curved sweep over 0.6 to 1.3 octaves, perhaps with overtones."""
    place = places(0.2, 0.55, rng)
    course = (place if up else place[::-1]) ** rng.uniform(0.6, 1.7)
    octaves = rng.uniform(0.6, 1.3)
    hertz = vary(centre_hz, rng) * 2 ** (octaves * (course - 0.5))
    return rounded(tones(hertz, (1.0, rng.uniform(0, 0.4), rng.uniform(0, 0.15))), rng)


def pulses(
    rng: np.random.Generator, centre_hz: float, counts: tuple[int, int], rates: tuple[float, float]
) -> Wave:
    """A train of pulses that ring and decay, its rate and pitch drifting, some pulses weak."""
    count = int(rng.integers(counts[0], counts[1] + 1))
    interval = np.geomspace(1.0, rng.uniform(0.8, 1.25), count) / rng.uniform(*rates)
    interval *= rng.uniform(0.94, 1.06, count)
    at = np.cumsum(interval) - interval[0]
    decay = rng.uniform(0.004, 0.010)
    hertz = vary(centre_hz, rng) * np.geomspace(1.0, rng.uniform(0.85, 1.18), count)
    time = np.arange(int((at[-1] + 6 * decay) * RATE_HZ)) / RATE_HZ
    wave = np.zeros(len(time))
    for start, tone, loud in zip(at, hertz, rng.uniform(0.35, 1.0, count), strict=True):
        first = int(np.ceil(start * RATE_HZ))
        since = time[first:] - start
        rise = np.minimum(since / 0.001, 1.0)
        wave[first:] += loud * rise * np.exp(-since / decay) * np.sin(2 * np.pi * tone * since)
    return wave


def moan(rng: np.random.Generator) -> Wave:
    """A stack of harmonics of a low, slowly gliding tone, loudest around a resonance."""
    place = places(0.25, 0.6, rng)
    base = vary(180.0, rng)
    glide = rng.uniform(-0.35, 0.35) * place + rng.uniform(-0.12, 0.12) * np.sin(np.pi * place)
    harmonics = np.arange(1, 12)
    resonance = vary(600.0, rng)
    levels = np.exp(-((np.log2(harmonics * base / resonance) / 0.9) ** 2))
    return rounded(tones(base * 2**glide, levels * rng.uniform(0.4, 1.0, len(levels))), rng)


def burst(rng: np.random.Generator) -> Wave:
    """Noise around a resonance not far above that of a moan, as long as one, perhaps rough."""
    place = places(0.2, 0.55, rng)
    noise = np.fft.rfft(rng.standard_normal(len(place)))
    hertz = np.fft.rfftfreq(len(place), 1 / RATE_HZ)
    octaves = np.log2(np.maximum(hertz, 1.0) / vary(950.0, rng)) / rng.uniform(0.6, 1.0)
    wave = np.fft.irfft(noise * np.exp(-(octaves**2)), len(place))
    rough = 1 + rng.uniform(0, 0.8) * np.sin(2 * np.pi * rng.uniform(4, 14) * place)
    return rounded(wave * rough, rng)


def whistle(rng: np.random.Generator) -> Wave:
    """A whistle that rises or falls and, at a kink, turns."""
    place = places(0.2, 0.5, rng)
    kink = rng.uniform(0.3, 0.7)
    first, second = rng.uniform(0.15, 0.5, 2) * rng.choice([-1.0, 1.0])
    octaves = np.interp(place, [0.0, kink, 1.0], [-first, 0.0, -second])
    return rounded(tones(vary(2800.0, rng) * 2**octaves, (1.0, rng.uniform(0, 0.2))), rng)


def trill(rng: np.random.Generator) -> Wave:
    """A tone not far above a whistle whose frequency swings to and fro, gliding slowly."""
    place = places(0.2, 0.5, rng)
    seconds = np.arange(len(place)) / RATE_HZ
    swings = np.sin(2 * np.pi * rng.uniform(14, 30) * seconds + rng.uniform(0, 2 * np.pi))
    octaves = rng.uniform(0.08, 0.25) * swings + rng.uniform(-0.35, 0.35) * (place - 0.5)
    return rounded(tones(vary(3900.0, rng) * 2**octaves, (1.0, rng.uniform(0, 0.2))), rng)


def gong(rng: np.random.Generator) -> Wave:
    """A struck sound of partials that are no harmonics: the type that has no label."""
    seconds = places(0.3, 0.6, rng)
    seconds = seconds * len(seconds) / RATE_HZ
    wave = np.zeros(len(seconds))
    for tone in vary(600.0, rng) * np.cumprod(rng.uniform(1.2, 1.7, 4)):
        decay = rng.uniform(0.05, 0.15)
        wave += np.exp(-seconds / decay) * np.sin(2 * np.pi * tone * seconds)
    return wave * np.minimum(seconds / 0.004, 1.0)


UNNAMED = "gong"

# The rare types look like the common ones: downsweep like upsweep, burst like moan, fast pulses
# like slow pulses, trill like whistle.
TYPES: dict[str, Callable[[np.random.Generator], Wave]] = {
    "upsweep": partial(sweep, centre_hz=1250.0, up=True),
    "slow pulses": partial(pulses, centre_hz=1500.0, counts=(3, 6), rates=(8.0, 14.0)),
    "moan": moan,
    "whistle": whistle,
    "downsweep": partial(sweep, centre_hz=850.0, up=False),
    "burst": burst,
    "fast pulses": partial(pulses, centre_hz=2200.0, counts=(8, 15), rates=(22.0, 36.0)),
    "trill": trill,
    UNNAMED: gong,
}
TRAINING = {
    "upsweep": 300,
    "slow pulses": 180,
    "moan": 110,
    "whistle": 65,
    "downsweep": 40,
    "burst": 24,
    "fast pulses": 14,
    "trill": 8,
}
HELD_OUT = {"validation": 10, "test": 15}  # of each type at each such site
UNLABELLED = 2000
EMPTY, STRANGE = 0.25, 0.1  # shares of the unlabelled clips: without a call, of the unnamed type


@dataclass(frozen=True)
class Planned:
    """What a clip is to be."""

    number: int  # from 1, in no order of type, part or site
    site: str
    label: str  # type of the call; empty: no call
    labelled: bool

    @property
    def name(self) -> str:
        """The file, below the folder of the set."""
        return f"{self.site}/{self.number:04d}.flac"


@dataclass(frozen=True)
class Clip:
    """Samples of a clip and what is in it."""

    samples: NDArray[np.int16]  # (SAMPLES,)
    onset_s: float  # of the call, without its echo; NaN without a call
    offset_s: float
    low_hz: float  # between these frequencies lie nine tenths of the call's power
    high_hz: float
    snr_db: float  # mean power of the call to that of the site's noise, in its band


def plan(scale: float = 1.0, seed: int = 1) -> list[Planned]:
    """All clips of a set by number; a smaller scale keeps some of those of the full set.

    Raises
    ------
    DataError
        The scale is not above 0 and at most 1.
    """
    if not 0 < scale <= 1:
        raise DataError(f"the scale is {scale:g}: give one above 0, 1 being the full set")
    # Clips draw from [seed, number], numbers from 1: this is the stream of the plan.
    rng = np.random.Generator(np.random.PCG64([seed, 0]))
    rows: list[tuple[str, str, bool, bool]] = []  # site, label, labelled, kept

    def add(sites: Sequence[str], labels: Sequence[str], labelled: bool, least: int) -> None:
        keep = max(least, round(scale * len(labels)))
        for at, (site, label) in enumerate(zip(sites, labels, strict=True)):
            rows.append((site, label, labelled, at < keep))

    training = [name for name, site in SITES.items() if site.part == "train"]
    shares = 0.75 ** np.arange(len(training))
    for label, count in TRAINING.items():
        # Types favour sites, as animals do; the first three show that none is of one site only.
        favour = rng.permutation(training).tolist()
        rest = rng.choice(favour, count - 3, p=shares / shares.sum()).tolist()
        add([*favour[:3], *rest], [label] * count, True, 3)
    for site in SITES:
        for label in TRAINING if SITES[site].part in HELD_OUT else ():
            count = HELD_OUT[SITES[site].part]
            add([site] * count, [label] * count, True, 2)
    kinds = [*TRAINING, "", UNNAMED]
    mixture = np.array(list(TRAINING.values())) / sum(TRAINING.values()) * (1 - EMPTY - STRANGE)
    ends = np.rint(np.cumsum([*mixture, EMPTY, STRANGE]) * UNLABELLED).astype(int)
    labels = rng.permutation(np.repeat(kinds, np.diff(ends, prepend=0))).tolist()
    heard = [name for name, site in SITES.items() if site.part in ("train", "unlabelled")]
    add(rng.choice(heard, UNLABELLED).tolist(), labels, False, 1)

    numbers = rng.permutation(len(rows)) + 1
    planned = [
        Planned(int(number), site, label, labelled)
        for number, (site, label, labelled, kept) in zip(numbers, rows, strict=True)
        if kept
    ]
    return sorted(planned, key=lambda one: one.number)


def ambience(site: Site, rng: np.random.Generator) -> Wave:
    """Noise of a site, of deviation 1; its colour is a little different in every clip."""
    hertz = np.fft.rfftfreq(SAMPLES, 1 / RATE_HZ)
    octaves = np.log2(np.maximum(hertz, 60.0) / 1000)
    gain_db = -octaves * (site.fall_db + rng.uniform(-0.7, 0.7))
    for centre, width, level in site.bands:
        away = octaves - np.log2(vary(centre, rng, 0.1) / 1000)
        gain_db += (level + rng.uniform(-3, 3)) * np.exp(-((away / width) ** 2))
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(SAMPLES)) * 10 ** (gain_db / 20), SAMPLES)
    return noise / noise.std()


def interference(rng: np.random.Generator) -> Wave:
    """Clicks in a third of the clips, an engine's hum in a sixth; relative to noise of 1."""
    wave = np.zeros(SAMPLES)
    seconds = np.arange(SAMPLES) / RATE_HZ
    if rng.uniform() < 1 / 3:
        for _ in range(int(rng.integers(1, 7))):
            since = seconds[: SAMPLES // 25]
            hertz, decay = rng.uniform(500, 5000), rng.uniform(0.0007, 0.006)
            click = np.exp(-since / decay) * np.sin(2 * np.pi * hertz * since)
            first = int(rng.integers(0, SAMPLES - len(click)))
            wave[first : first + len(click)] += rng.uniform(0.5, 4.0) * click
    if rng.uniform() < 1 / 6:
        base, beat = rng.uniform(45, 120), rng.uniform(2, 6)
        levels = 0.6 * rng.uniform(0.3, 1.0, 12) / np.sqrt(np.arange(1, 13))
        swell = 1 + 0.4 * np.sin(2 * np.pi * beat * seconds)
        wave += swell * tones(np.full(SAMPLES, base), levels)
    return wave


def echoed(wave: Wave, rng: np.random.Generator) -> Wave:
    """With a tail of decaying echoes, long or short, strong or weak, within a clip's length."""
    decay = np.exp(rng.uniform(np.log(0.01), np.log(0.12)))
    length = int(5 * decay * RATE_HZ)
    tail = rng.standard_normal(length) * np.exp(-np.arange(length) / RATE_HZ / decay)
    tail *= rng.uniform(0.1, 0.9) / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    return fftconvolve(wave, tail)


def band_of(wave: Wave, rate_hz: float = RATE_HZ) -> tuple[float, float]:
    """Frequencies (Hz) between which lie nine tenths of the power."""
    power = np.cumsum(np.abs(np.fft.rfft(wave)) ** 2)
    low, high = np.searchsorted(power, [0.05 * power[-1], 0.95 * power[-1]])
    return low * rate_hz / len(wave), high * rate_hz / len(wave)


def power_in(wave: Wave, low_hz: float, high_hz: float, rate_hz: float = RATE_HZ) -> float:
    """Mean power of a wave between two frequencies, those of at least one bin."""
    power = np.abs(np.fft.rfft(wave)) ** 2
    first, last = (round(hertz * len(wave) / rate_hz) for hertz in (low_hz, high_hz))
    return float(2 * power[first : last + 1].sum() / len(wave) ** 2)


def clip(planned: Planned, seed: int) -> Clip:
    """Draw one clip; whatever else is in the set."""
    rng = np.random.Generator(np.random.PCG64([seed, planned.number]))
    noise = ambience(SITES[planned.site], rng)
    wave = noise + interference(rng)
    onset = offset = low = high = snr = np.nan
    if planned.label:
        dry = TYPES[planned.label](rng)
        low, high = band_of(dry)
        snr = rng.uniform(-3.0, 20.0)
        loud = np.sqrt(10 ** (snr / 10) * power_in(noise, low, high) / power_in(dry, low, high))
        first = int(rng.integers(0, SAMPLES - len(dry) + 1))
        sound = loud * echoed(dry, rng)[: SAMPLES - first]
        wave[first : first + len(sound)] += sound
        onset, offset = first / RATE_HZ, (first + len(dry)) / RATE_HZ
    level = min(800 * 10 ** (rng.uniform(-8, 8) / 20), 32000 / np.abs(wave).max())
    samples = np.rint(level * wave).astype(np.int16)
    return Clip(samples, onset, offset, low, high, snr)


def write_clip(planned: Planned, folder: Path, seed: int) -> None:
    """Draw one clip and write it."""
    import soundfile

    samples = clip(planned, seed).samples
    with whole(folder / planned.name) as part:
        soundfile.write(part, samples, RATE_HZ, "PCM_16", format="FLAC")


def make_species(folder: Path, scale: float = 1.0, seed: int = 1) -> None:
    """Write the set, or about that share of it: a folder of clips for each site, and a table.

    At least 3 clips of each type in training, and 2 at each held-out site, are kept. The table
    has file, type and site of the labelled clips and no row of the others.

    Raises
    ------
    DataError
        The scale is not above 0 and at most 1.
    """
    planned = plan(scale, seed)
    for _ in ordered_map(partial(write_clip, folder=folder, seed=seed), planned, "species"):
        pass
    rows = [[one.name, one.label, one.site] for one in planned if one.labelled]
    header = ["filename", "category", "src_file"]
    cells.write_separated(folder / "clips.csv", [header, *sorted(rows)], ",")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the set into a folder."""
    parser = argparse.ArgumentParser(prog="python -m rarewave.simulation.species_clips")
    parser.description = "Make a set of short clips of call types, most of them unlabelled."
    parser.add_argument("folder", type=Path, help="where to write it")
    parser.add_argument("--scale", type=float, default=1.0, help="share of it (default 1: all)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same bytes (default 1)")
    chosen = parser.parse_args(arguments)
    try:
        make_species(chosen.folder, chosen.scale, chosen.seed)
    except DataError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
