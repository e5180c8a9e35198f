"""The generated scenes: the same bytes, counts as declared, tables that say what is in them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.signal
from support import project

from rarewave.annotations.formats import clips, event_table
from rarewave.base.errors import DataError
from rarewave.experiments import recipes
from rarewave.recordings import reading
from rarewave.simulation import samples, scenes
from rarewave.simulation.scenes import KINDS, RATE_HZ, SCENES, SITES, TIMED

SCALE = 0.1


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of each site."""
    folder = tmp_path_factory.mktemp("scenes")
    scenes.make_scenes(folder, SCALE)
    return folder


def test_the_same_seed_gives_the_same_bytes(made: Path, tmp_path: Path) -> None:
    """Of every file; another seed gives others; what is kept is of the full set."""
    scenes.make_scenes(tmp_path, SCALE / 2)
    names = [path.relative_to(tmp_path) for path in sorted(tmp_path.rglob("*.flac"))]
    assert len(names) == SITES
    for name in names:
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()
    one = scenes.plan()[0]
    assert not np.array_equal(scenes.scene(one, 1).samples, scenes.scene(one, 2).samples)
    for scale in (0.0, 1.1):
        with pytest.raises(DataError, match="give one above 0, 1 being the full set"):
            scenes.plan(scale)


def test_the_full_set_is_as_declared() -> None:
    """Ten kinds alike, none to four at once, so many scenes of each site, some of them timed."""
    full = scenes.plan()
    assert len(full) == SITES * SCENES and len({one.number for one in full}) == len(full)
    assert Counter(one.site for one in full) == dict.fromkeys(range(1, SITES + 1), SCENES)
    assert sum(one.timed for one in full) == TIMED * SCENES
    at_once = Counter(len(one.kinds) for one in full)
    assert set(at_once) == {0, 1, 2, 3, 4} and min(at_once.values()) > 20
    kinds = Counter(kind for one in full for kind in one.kinds)
    assert set(kinds) == set(KINDS) and min(kinds.values()) > 0.7 * max(kinds.values())


def test_the_tables_say_what_is_in_the_scenes(made: Path) -> None:
    """All scenes in the list; times of those of the last sites, and rows for such with nothing."""
    planned = {one.name: one for one in scenes.plan(SCALE)}
    listed = clips.read(made / "scenes.csv", separator=";")
    said = listed.groupby("file")["label"].agg(lambda labels: tuple(x for x in labels if x))
    assert said.to_dict() == {name: one.kinds for name, one in planned.items()}
    timed = {name for name, one in planned.items() if one.timed}
    assert set(event_table.named_files(made / "events.tsv")) == timed
    events = event_table.read(made / "events.tsv")
    assert (events["offset_s"] <= 10.0001).all()
    for name in timed:
        mine = events[events["file"] == name]
        assert sorted(set(mine["label"])) == list(planned[name].kinds)
        wanted = [(e.label, e.onset_s, e.offset_s) for e in scenes.scene(planned[name], 1).events]
        rows = mine[["label", "onset_s", "offset_s"]].itertuples(index=False, name=None)
        assert sorted(rows) == sorted(wanted)


def test_scenes_are_as_declared(made: Path) -> None:
    """Ten seconds of 16 kHz, 16 bit, never clipped."""
    for path in reading.find_files(made, "*/*.flac")[::10]:
        (header,) = reading.headers(path, None, None)
        assert (header.sample_rate, header.n_samples) == (16000.0, 160000)
        wave = reading.read(path, "1", 0, header.n_samples)
        assert wave.std() > 1e-4 and np.abs(wave).max() < 0.99


def test_sounds_stand_out_in_their_band_while_they_last() -> None:
    """Of those of 12 dB or more: more power in their band than the same scene has without."""
    checked = 0
    for one in scenes.plan(SCALE):
        made = scenes.scene(one, 1)
        for event in made.events:
            assert 0.25 < event.offset_s - event.onset_s < 5.01 and 6 <= event.snr_db <= 20
            others = [e for e in made.events if e is not event]
            apart = all(e.offset_s < event.onset_s or e.onset_s > event.offset_s for e in others)
            if event.snr_db < 12 or not apart or event.high_hz - event.low_hz < 50:
                continue
            band = (max(event.low_hz, 60.0), min(event.high_hz, 0.49 * RATE_HZ))
            sos = scipy.signal.butter(2, band, "bandpass", fs=RATE_HZ, output="sos")
            power = scipy.signal.sosfiltfilt(sos, made.samples.astype(float)) ** 2
            first, last = int(event.onset_s * RATE_HZ), int(event.offset_s * RATE_HZ)
            assert power[first:last].mean() > 3 * np.quantile(power, 0.3), (one, event)
            checked += 1
    assert checked > 10


def test_sounds_of_a_kind_vary_and_keep_apart() -> None:
    """Length by a third at least; two of one kind in a scene never overlap."""
    rng = np.random.default_rng(0)
    for draw in KINDS.values():
        lengths = [len(draw(rng)) / RATE_HZ for _ in range(30)]
        assert max(lengths) > 1.3 * min(lengths) and min(lengths) >= 0.3
    for one in scenes.plan(0.3):
        if not one.kinds:
            continue
        table = pd.DataFrame(scenes.scene(one, 1).events)
        for _, mine in table.groupby("label"):
            ends = mine["offset_s"].shift() + scenes.PAUSE_S
            assert (mine["onset_s"][1:] >= ends[1:]).all() and len(mine) <= 2


def test_the_recipe_learns_from_lists_and_tests_on_times(made: Path, tmp_path: Path) -> None:
    """Its test part are the scenes with times; all others have weak labels alone."""
    folder = tmp_path / "project"
    project.copy(folder)
    (folder / "samples").mkdir()
    (folder / "samples/scenes").symlink_to(made)
    recipes.use("scenes", {}, folder / "recipes", folder / "params.yaml")
    project.good(project.stage(folder, "ingest"))
    table = pd.read_parquet(folder / "artifacts/ingest/recordings.parquet")
    events = pd.read_parquet(folder / "artifacts/ingest/events.parquet")
    test = {f"site{number}" for number in range(SITES - TIMED + 1, SITES + 1)}
    group = events["recording_id"].map(table.set_index("recording_id")["group"])
    assert table["labelled"].all() and set(group[~events["weak"]]) <= test
    assert not set(group[events["weak"]]) & test
    assert events["weak"].any() and (~events["weak"]).any()
    assert recipes.read(folder / "params.yaml")["split"]["test_groups"] == ["site2[5-9]", "site30"]


def test_the_sample_is_among_those_that_are_made() -> None:
    """Recipes find it by its folder."""
    assert samples.MAKERS["samples/scenes"] is scenes.make_scenes
