"""The generated set of call types: the same bytes, counts as declared, nothing given away."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.signal
from support import project

from rarewave.annotations.formats import clips
from rarewave.base.errors import DataError
from rarewave.experiments import recipes
from rarewave.recordings import reading
from rarewave.simulation import samples, species_clips
from rarewave.simulation.species_clips import (
    HELD_OUT,
    RATE_HZ,
    SITES,
    TRAINING,
    TYPES,
    UNLABELLED,
    UNNAMED,
    Planned,
)

SCALE = 0.02
LABELLED = 6 + 4 + 6 * 3 + 3 * 8 * 2  # two common types, at least 3 of the others, held out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fiftieth of the set."""
    folder = tmp_path_factory.mktemp("species")
    species_clips.make_species(folder, SCALE)
    return folder


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Planned, species_clips.Clip]]:
    """The same clips with what is in them."""
    return [(one, species_clips.clip(one, 1)) for one in species_clips.plan(SCALE)]


def contents(folder: Path) -> dict[str, bytes]:
    """Files below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def test_the_same_seed_gives_the_same_bytes(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With any number of workers; another seed gives other clips."""
    monkeypatch.setenv("RAREWAVE_JOBS", "1")
    species_clips.main([str(tmp_path / "again"), "--scale", str(SCALE)])
    assert contents(tmp_path / "again") == contents(made)
    one = species_clips.plan(SCALE)[0]
    other = species_clips.clip(one, 2).samples
    assert not np.array_equal(other, species_clips.clip(one, 1).samples)
    assert species_clips.plan(SCALE, seed=2) != species_clips.plan(SCALE)


def test_a_smaller_set_is_part_of_the_full_one() -> None:
    """So that a test hears what a study hears."""
    full = species_clips.plan()
    assert set(species_clips.plan(SCALE)) < set(species_clips.plan(0.3)) < set(full)
    assert [one.number for one in full] == list(range(1, len(full) + 1))
    for scale in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(DataError, match="the scale is"):
            species_clips.plan(scale)
    with pytest.raises(SystemExit, match="the scale is 2"):
        species_clips.main(["anywhere", "--scale", "2"])


def test_types_are_counted_as_declared() -> None:
    """A long tail in training, balance in what is held out, none of one site only."""
    full = species_clips.plan()
    labelled = [one for one in full if one.labelled]
    training = [one for one in labelled if SITES[one.site].part == "train"]
    assert Counter(one.label for one in training) == TRAINING
    assert sorted(TRAINING.values()) == [8, 14, 24, 40, 65, 110, 180, 300]
    for label in TRAINING:
        assert len({one.site for one in training if one.label == label}) >= 3
    held = Counter((one.site, one.label) for one in labelled if one not in set(training))
    assert held == {
        (name, label): HELD_OUT[site.part]
        for name, site in SITES.items()
        if site.part in HELD_OUT
        for label in TRAINING
    }
    assert Counter(site.part for site in SITES.values()) == {
        "train": 6, "unlabelled": 2, "validation": 1, "test": 2,
    }  # fmt: skip


def test_unlabelled_clips_are_a_mixture() -> None:
    """Of the types as in training, of silence and of a type that nobody named; other sites too."""
    unlabelled = [one for one in species_clips.plan() if not one.labelled]
    found = Counter(one.label for one in unlabelled)
    assert len(unlabelled) == UNLABELLED == 2000
    assert (found[""], found[UNNAMED]) == (500, 200)
    for label, count in TRAINING.items():
        assert found[label] == pytest.approx(1300 * count / 741, abs=1)
    assert {SITES[one.site].part for one in unlabelled} == {"train", "unlabelled"}
    assert len({one.site for one in unlabelled}) == 8


def test_the_reduced_set_keeps_the_rare_types() -> None:
    """Three of each in training, two at each held-out site, and its share of the unlabelled."""
    small = species_clips.plan(SCALE)
    found = Counter((SITES[one.site].part, one.label) for one in small if one.labelled)
    for label in TRAINING:
        assert found["train", label] == max(3, round(SCALE * TRAINING[label]))
        assert (found["validation", label], found["test", label]) == (2, 4)
        mine = {o.site for o in small if (o.labelled, o.label) == (True, label)}
        assert len([site for site in mine if SITES[site].part == "train"]) >= 3
    assert sum(not one.labelled for one in small) == 40


def test_the_table_is_read_by_the_project(made: Path) -> None:
    """Type and site of the labelled clips; the others stand in no row."""
    table = clips.read(made / "clips.csv")
    planned = {one.name: one for one in species_clips.plan(SCALE)}
    files = {path.relative_to(made).as_posix() for path in made.glob("*/*.flac")}
    assert set(table["file"]) == {name for name, one in planned.items() if one.labelled}
    assert files == set(planned) and len(table) == LABELLED
    assert table["label"].tolist() == [planned[name].label for name in table["file"]]
    assert table["group"].tolist() == [Path(name).parent.name for name in table["file"]]


def test_names_tell_no_type() -> None:
    """A site and a number; sorted by number, types come as in a shuffled deck."""
    full = species_clips.plan()
    assert all(re.fullmatch(r"[a-z]+/\d{4}\.flac", one.name) for one in full)
    words = {word for label in TYPES for word in label.split()}
    assert not words & set(SITES)
    order = [one.label for one in full if one.labelled]
    same = np.mean([a == b for a, b in itertools.pairwise(order)])
    shares = np.array(list(Counter(order).values())) / len(order)
    assert same == pytest.approx(np.sum(shares**2), abs=0.04)
    numbers = [one.number for one in full if one.labelled]
    assert np.mean(numbers) == pytest.approx(len(full) / 2, rel=0.05)


def test_clips_are_as_declared(made: Path) -> None:
    """One second of 22 050 Hz, 16 bit, never clipped; no two are the same."""
    seen = set()
    for path in reading.find_files(made, "*/*.flac"):
        (header,) = reading.headers(path, None, None)
        assert (header.sample_rate, header.n_samples) == (22050.0, 22050)
        wave = reading.read(path, "1", 0, header.n_samples)
        assert np.abs(wave).max() < 0.99 and wave.std() > 1e-3
        seen.add(np.asarray(wave).tobytes())
    assert len(seen) == len(species_clips.plan(SCALE))


def passing(clip: species_clips.Clip) -> np.ndarray:
    """A filter of the band of its call."""
    band = (clip.low_hz, clip.high_hz)
    return scipy.signal.butter(4, band, "bandpass", fs=RATE_HZ, output="sos")


def test_calls_stand_out_in_their_band(
    drawn: list[tuple[Planned, species_clips.Clip]],
) -> None:
    """Those 12 dB above the noise: more power in their band during the call than before it."""
    checked = 0
    for planned, clip in drawn:
        assert (planned.label == "") == np.isnan(clip.onset_s)
        if not planned.label:
            continue
        assert 0 <= clip.onset_s < clip.offset_s <= 1.0 and -3 <= clip.snr_db <= 20
        assert 0 < clip.low_hz < clip.high_hz < RATE_HZ / 2
        if clip.snr_db < 12 or clip.onset_s < 0.1:
            continue
        power = scipy.signal.sosfilt(passing(clip), clip.samples.astype(float)) ** 2
        onset, offset = int(clip.onset_s * RATE_HZ), int(clip.offset_s * RATE_HZ)
        assert power[onset:offset].mean() > 3 * np.median(power[:onset]), planned
        checked += 1
    assert checked > 20


def test_the_declared_ratio_is_the_one_put_in(
    drawn: list[tuple[Planned, species_clips.Clip]],
) -> None:
    """The call alone, once what the clip would be without it is taken away; echoes add a little."""
    errors = []
    for planned, clip in drawn:
        if not planned.label or clip.onset_s < 0.05:
            continue
        rng = np.random.Generator(np.random.PCG64([1, planned.number]))
        noise = species_clips.ambience(SITES[planned.site], rng)
        rest = noise + species_clips.interference(rng)
        onset, offset = round(clip.onset_s * RATE_HZ), round(clip.offset_s * RATE_HZ)
        level = rest[:onset] @ clip.samples[:onset] / np.sum(rest[:onset] ** 2)
        sound = (clip.samples / level - rest)[onset:offset]
        power = np.mean(scipy.signal.sosfilt(passing(clip), sound) ** 2)
        background = np.mean(scipy.signal.sosfilt(passing(clip), noise) ** 2)
        errors.append(10 * np.log10(power / background) - clip.snr_db)
    assert len(errors) > 50
    assert -1.0 < np.median(errors) < 2.0 and np.abs(errors).max() < 5.0


def many() -> Iterator[tuple[str, np.ndarray]]:
    """Sixty calls of each type."""
    rng = np.random.default_rng(5)
    for label, draw in TYPES.items():
        for _ in range(60):
            yield label, draw(rng)


def test_calls_fit_and_vary() -> None:
    """Shorter than a clip, each of its own length and band."""
    rows = [(label, len(wave), *species_clips.band_of(wave)) for label, wave in many()]
    table = pd.DataFrame(rows, columns=["label", "samples", "low", "high"])
    assert table["samples"].between(0.1 * RATE_HZ, RATE_HZ).all()
    of = table.groupby("label")
    middle = table["low"] + table["high"]
    spread = middle.groupby(table["label"]).quantile([0.1, 0.9]).unstack()
    assert (spread[0.9] / spread[0.1] > 1.15).all()
    assert (of["samples"].max() / of["samples"].min() > 1.4).all()
    # Rare and common of a pair overlap: the band alone does not tell them.
    middles = middle.groupby(table["label"]).agg(["min", "max"])
    pairs = [
        ("downsweep", "upsweep"), ("moan", "burst"),
        ("slow pulses", "fast pulses"), ("whistle", "trill"),
    ]  # fmt: skip
    for one, two in pairs:
        assert of["low"].min()[two] < of["high"].max()[one]
        assert middles["min"][two] < 1.35 * middles["max"][one]


def strongest(wave: np.ndarray) -> np.ndarray:
    """Course of the strongest frequency (Hz)."""
    hertz, _, power = scipy.signal.spectrogram(wave, RATE_HZ, nperseg=1024, noverlap=896)
    loud = power.sum(axis=0) > 0.05 * power.sum(axis=0).max()
    return hertz[power[:, loud].argmax(axis=0)]


def test_types_are_told_apart_by_their_course() -> None:
    """Sweeps go their way; fast pulses repeat faster than slow ones; a trill goes to and fro."""
    turns: dict[str, list[float]] = {"whistle": [], "trill": []}
    for label, wave in many():
        course = strongest(wave)
        if label == "upsweep":
            assert course[-1] > 1.2 * course[0]
        if label == "downsweep":
            assert course[-1] < course[0] / 1.2
        if label in turns:
            swings = np.abs(np.diff(course)).sum() / max(1.0, np.ptp(course))
            turns[label].append(float(swings))
        if label.endswith("pulses"):
            envelope = scipy.signal.sosfilt(
                scipy.signal.butter(2, 60, fs=RATE_HZ, output="sos"), np.abs(wave)
            )
            count = len(scipy.signal.find_peaks(envelope, 0.1 * envelope.max(), distance=300)[0])
            rate = count / (len(wave) / RATE_HZ)
            assert (rate > 18) == (label == "fast pulses"), (label, rate)
    assert np.median(turns["trill"]) > 2 * np.median(turns["whistle"])


def test_held_out_sites_sound_otherwise() -> None:
    """The mean spectrum of each has another shape than that of any other site."""
    shapes = {}
    for name, site in SITES.items():
        rng = np.random.default_rng(2)
        powers = [
            scipy.signal.welch(species_clips.ambience(site, rng), RATE_HZ, nperseg=512)[1]
            for _ in range(20)
        ]
        shapes[name] = 10 * np.log10(np.mean(powers, axis=0)[5:200])
    for one, mine in shapes.items():
        for two, other in shapes.items():
            away = np.std(mine - other)
            assert (one == two and away == 0) or away > 1.0, (one, two)


def test_ingest_groups_unlabelled_clips_by_site(tmp_path: Path) -> None:
    """Folders are sites: labelled or not, a clip has its site as its group."""
    folder = tmp_path / "project"
    project.copy(folder)
    species_clips.make_species(folder / "data", SCALE)
    changes = {
        "ingest.data": "data",
        "ingest.pattern": "*/*.flac",
        "ingest.labels": "clips",
        "ingest.label_files": ["clips.csv"],
        "ingest.group": "folder",
    }
    recipes.use("esc10", changes, folder / "recipes", folder / "params.yaml")
    project.good(project.stage(folder, "ingest"))
    table = pd.read_parquet(folder / "artifacts/ingest/recordings.parquet").set_index("path")
    events = pd.read_parquet(folder / "artifacts/ingest/events.parquet")
    planned = {one.name: one for one in species_clips.plan(SCALE)}
    assert set(table.index) == set(planned)
    assert table["group"].to_dict() == {name: one.site for name, one in planned.items()}
    assert table["labelled"].to_dict() == {name: one.labelled for name, one in planned.items()}
    joined = events.merge(table.reset_index(), on="recording_id")
    assert len(joined) == LABELLED
    assert all(planned[row.path].label == row.label for row in joined.itertuples())


def test_the_sample_is_among_those_that_are_made() -> None:
    """Recipes find it by its folder."""
    assert samples.MAKERS["samples/species"] is species_clips.make_species


def test_a_call_hangs_on_its_number_alone() -> None:
    """The same clip whatever the plan says beside it."""
    one = next(o for o in species_clips.plan() if o.label == "trill")
    again = species_clips.clip(replace(one, labelled=not one.labelled), 1)
    np.testing.assert_array_equal(again.samples, species_clips.clip(one, 1).samples)
