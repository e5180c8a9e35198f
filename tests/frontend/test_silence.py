"""Silence is left out as gaps are: times stay, and every second is accounted for."""

import dataclasses
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import convolve1d
from support import tiny

from rarewave.base import parameters
from rarewave.base.errors import DataError
from rarewave.dataset import cutting
from rarewave.detection import coverage, scanning
from rarewave.detection.scanning import Scorer
from rarewave.frontend import cleaning, transform
from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.transform import FrontEnd

RATE = tiny.RATE
QUIET = replace(tiny.CLEANING, silence_db=-40.0, silence_s=0.3)
# Where something sounds, in seconds; the pause of 0.2 s is shorter than silence_s.
SOUNDS = [(1.0, 2.5), (2.7, 4.0), (6.0, 9.0)]
PAUSES = [(0.0, 1.0), (4.0, 6.0), (9.0, 12.0)]


def spoken(rate: float = RATE, seconds: float = 12.0) -> np.ndarray:
    """Noise of -60 dB, and tones of -17 dB where something sounds."""
    time = np.arange(round(seconds * rate)) / rate
    wave = 1e-3 * np.random.default_rng(0).standard_normal(len(time))
    for onset, offset in SOUNDS:
        inside = (time >= onset) & (time < offset)
        wave[inside] += 0.2 * np.sin(2 * np.pi * 100 * time[inside])
    return wave


def test_the_level_is_the_mean_power_around_a_sample() -> None:
    """Against a convolution; only runs as long as silence_s count."""
    wave = spoken()
    level = convolve1d(np.square(wave), np.full(51, 1 / 51), mode="constant")
    level /= convolve1d(np.ones(len(wave)), np.full(51, 1 / 51), mode="constant")
    quiet = level < 1e-4
    short = replace(QUIET, silence_s=cleaning.SILENCE_S)
    np.testing.assert_array_equal(cleaning.find_silence(wave, short), quiet)
    found = cleaning.find_silence(wave, QUIET)
    assert quiet[2600] and not found[2600]
    edges = np.flatnonzero(np.diff(np.r_[0, found, 0])).reshape(-1, 2) / RATE
    np.testing.assert_allclose(edges, PAUSES, atol=0.03)


@pytest.mark.parametrize("rate", [1000.0, 3000.0, 1000 * np.pi])
def test_times_never_move(rate: float) -> None:
    """What sounds is what it was without, silence is zero, and both are told in raw samples."""
    wave = spoken(rate)
    plain, found = (cleaning.clean(wave, rate, c) for c in (tiny.CLEANING, QUIET))
    assert len(found.samples) == len(plain.samples) and not plain.gap.any()
    np.testing.assert_array_equal(found.samples[~found.gap], plain.samples[~found.gap])
    assert not found.samples[found.gap].any()
    assert not len(found.lost) and not len(plain.silent)
    np.testing.assert_allclose(found.silent / rate, PAUSES, atol=0.03)
    assert found.silent[0, 0] == 0 and found.silent[-1, 1] == len(wave)


def test_a_block_has_the_silence_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    wave = np.tile(spoken(3000.0), 5)
    whole = cleaning.clean(wave, 3000.0, QUIET)
    monkeypatch.setattr(cleaning, "BLOCK", 7001)
    found = cleaning.clean(wave, 3000.0, QUIET)
    assert cleaning.plan(len(wave), 3000.0, QUIET).n_blocks > 10
    np.testing.assert_array_equal(found.gap, whole.gap)
    joined = found.silent[np.r_[True, found.silent[1:, 0] != found.silent[:-1, 1]]]
    np.testing.assert_array_equal(joined[:, 0], whole.silent[:, 0])


def test_without_it_a_front_end_is_what_it_was() -> None:
    """Its description and digest; a stored one that says nothing of silence has none."""
    described = cleaning.described(tiny.CLEANING)
    assert "silence_db" not in described and "silence_s" not in described
    assert FrontEnd.from_dict(tiny.FRONT.to_dict()) == tiny.FRONT
    other = replace(tiny.FRONT, clean=QUIET)
    assert other.digest != tiny.FRONT.digest
    assert FrontEnd.from_dict(other.to_dict()) == other
    assert replace(tiny.FRONT, clean=replace(tiny.CLEANING, silence_s=2.0)).digest == (
        tiny.FRONT.digest
    )


def test_recordings_of_nothing_but_silence_are_refused() -> None:
    with pytest.raises(DataError, match="gap, constant, NaN or silence"):
        cleaning.clean(tiny.noise(5000), RATE, replace(QUIET, silence_db=-10.0))
    with pytest.raises(DataError, match=r"silence_s is 0\.01: it must be between 0\.05"):
        values = dataclasses.asdict(QUIET) | {"silence_s": 0.01}
        parameters.build(Cleaning, values, "clean")


@pytest.mark.parametrize("chunk", [4, 256])
def test_silence_is_accounted_for_and_its_windows_are_not_scored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chunk: int
) -> None:
    """Beside gaps that were not recorded; the same when a scan goes on, or is read again."""
    monkeypatch.setattr(transform, "CHUNK", chunk)
    wave = spoken()
    wave[7000:7500] = 0.0  # codes what is missing
    front = replace(tiny.FRONT, clean=replace(QUIET, gap_value=0.0, gap_run=8))
    path = tiny.write(tmp_path / "x.wav", wave)
    scorer = Scorer(front, tiny.CLASSES, tiny.by_level)
    (stream,) = tiny.joined([path])
    found = scanning.scan(scorer, stream, tmp_path / "s.f32")
    (row,) = coverage.coverage(found, front).to_dict("records")
    assert row["gap_s"] == pytest.approx(0.5, abs=1e-9)
    assert row["silent_s"] == pytest.approx(6.0, abs=0.15)
    assert row["scored_s"] == pytest.approx(5.5, abs=0.8)
    assert sum(row[kind] for kind in coverage.KINDS) == pytest.approx(12.0, abs=1e-9)
    missing = cleaning.clean(wave, RATE, front.clean).gap
    share = np.array([missing[a : a + front.grid.window_samples].mean() for a in found.first])
    np.testing.assert_array_equal(np.isnan(found.P[:, 0]), share > front.grid.max_gap)
    content = (tmp_path / "s.f32").read_bytes()
    (tmp_path / "s.f32").write_bytes(content[: len(content) // 2])
    again = scanning.scan(scorer, stream, tmp_path / "s.f32")
    (kept,) = scanning.kept(front, 3, [(stream, tmp_path / "s.f32")], [""])
    for other in (again, kept):
        np.testing.assert_array_equal(other.silent, found.silent)
        np.testing.assert_array_equal(other.gaps, found.gaps)


def test_training_leaves_out_the_same_windows(tmp_path: Path) -> None:
    """As gaps are; and says how many samples of the recording are silence."""
    from rarewave.annotations.table import empty
    from rarewave.dataset.labelling import Labelling
    from rarewave.dataset.placement import Placement
    from rarewave.recordings import reading

    path = tiny.write(tmp_path / "x.wav", spoken())
    (header,) = reading.readable(path, None, None)[0]
    row = header._asdict() | {"path": "x.wav", "content": reading.examine(path, header)[0]}
    row |= {"group": "g", "fold": "", "labelled": True}
    rules = (parameters.build(cls, _params(), "clean") for cls in (Placement, Labelling))
    events = empty().assign(recording_id="", event_id="", weak=False)
    settings = cutting.Settings(
        tmp_path, events, QUIET, tiny.FRONT.grid, *rules, block_s=np.inf, responses=None
    )
    whole = cutting.cleaned(row, settings)
    assert whole is not None
    table = cutting.windows_of(row, len(whole.samples), whole.gaps, settings)
    scan = scanning.scan(
        Scorer(replace(tiny.FRONT, clean=QUIET), tiny.CLASSES, tiny.by_level),
        tiny.joined([path])[0],
        tmp_path / "s.f32",
    )
    wanted = pd.Series(np.where(np.isnan(scan.P[:, 0]), "gap", "used"))
    assert table["status"].tolist() == wanted.tolist() and (wanted == "gap").sum() > 60
    assert whole.silent / RATE == pytest.approx(6.0, abs=0.15)


def _params() -> dict:
    from ruamel.yaml import YAML
    from support.places import ROOT

    text = (ROOT / "recipes/lunar.yaml").read_text()
    return dict(YAML(typ="safe").load(text)["clean"])


def test_what_the_last_windows_add_is_said() -> None:
    """Windows of 3 s: one recording ends after half a second more, another with a whole one."""
    rows = [("a", 0.0, 3.0), ("a", 3.0, 3.0), ("a", 3.5, 0.5), ("b", 0.0, 3.0), ("b", 3.0, 3.0)]
    table = pd.DataFrame(rows, columns=["recording_id", "start_s", "new_s"]).assign(duration_s=3.0)
    said = cutting.last_pieces(table)
    assert "windows of 3 s; the last of each recording adds 0.5 to 3 s, 1.75 in the median" in said
