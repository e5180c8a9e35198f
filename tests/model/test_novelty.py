"""Windows unlike those of training are told, and no more of the others than was said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from support import tiny

from rarewave.base.errors import DataError
from rarewave.commands import detecting
from rarewave.commands.detecting import Wishes
from rarewave.detection import scanning
from rarewave.detection.levels import Trained
from rarewave.frontend import cleaning, normalisation
from rarewave.frontend.spectrogram import spectrograms
from rarewave.model import detector, novelty, package, review
from rarewave.model.detector import Detector
from rarewave.model.novelty import Reference
from rarewave.networks import registry
from rarewave.networks.backend import keras, start

start(2)
LENGTH = 128


def windows(samples: np.ndarray) -> np.ndarray:
    """Spectrograms of consecutive windows."""
    wave = cleaning.clean(samples, tiny.RATE, tiny.CLEANING).samples
    cut = wave[: len(wave) // LENGTH * LENGTH].reshape(-1, LENGTH)
    return spectrograms(cut, tiny.RATE, tiny.FRONT.spectrogram)


def network(seed: int, X: np.ndarray) -> Detector:
    """An untrained network of windows for these classes."""
    keras.utils.set_random_seed(seed)
    model = registry.build("acoustic_cnn", tiny.FRONT.shape, tiny.TASK, slice(0, 7), 0.25)
    scale = normalisation.fit(X, "dataset")
    return Detector(model, "acoustic_cnn", tiny.FRONT, tiny.TASK, scale)


@pytest.fixture(scope="module")
def made() -> tuple[Detector, Reference, np.ndarray]:
    """Two members, what windows are compared with, and the windows: a half each."""
    X = windows(tiny.song(200.0, seed=1))
    model = network(1, X)
    both = replace(model, others=(network(2, X).network,))
    half = np.arange(len(X)) % 2 == 0
    rows = np.flatnonzero(half), np.flatnonzero(~half)
    known = novelty.learn(both, novelty.looker(both), X, *rows, alarms=0.1)
    return both, known, X


def test_distances_are_scipys(made: tuple[Detector, Reference, np.ndarray]) -> None:
    """One less the cosine to the tenth nearest; novelty is a share of the validation windows."""
    model, known, X = made
    look = novelty.looker(model)
    p, features = look(X[1:40:2])
    np.testing.assert_allclose(p, model.score_members(X, np.arange(1, 40, 2))[0], atol=1e-6)
    wanted = np.sort(cdist(features, known.features.astype(float), "cosine"), axis=1)
    found = novelty.distance(known, features)
    np.testing.assert_allclose(found, wanted[:, novelty.NEIGHBOURS - 1], atol=1e-3)
    share = [(known.far < value).mean() for value in found]
    np.testing.assert_allclose(novelty.novelty(found, known.far), share)


def test_levels_may_all_be_somewhat_louder(made: tuple[Detector, Reference, np.ndarray]) -> None:
    """Three decibels are nothing, more is; each band by itself counts in full."""
    _, known, X = made
    levels = novelty.band_levels(tiny.FRONT, X[1:60:2])
    theirs = known.levels_db.astype(float)

    def wanted(some: np.ndarray) -> np.ndarray:
        apart = some[:, None] - theirs
        middle = apart.mean(axis=2, keepdims=True)
        left = apart - np.clip(middle, -3, 3)
        return np.sort(np.sqrt((left**2).sum(axis=2)), axis=1)[:, novelty.NEIGHBOURS - 1]

    ramp = np.linspace(-20, 20, levels.shape[1])
    for some in (levels, levels + 2.5, levels + 12, levels + ramp):
        np.testing.assert_allclose(novelty.apart_db(known, some), wanted(some), atol=1e-3)
    assert novelty.apart_db(known, levels + ramp).min() > 5


def test_no_more_windows_are_novel_than_was_said(
    made: tuple[Detector, Reference, np.ndarray],
) -> None:
    """A tenth of those that it was set on; of others of the kind about as many."""
    model, known, X = made
    look = novelty.looker(model)

    def novel(some: np.ndarray) -> float:
        rows = np.arange(len(some))
        return float((novelty.judge(known, model, look, some, rows) >= known.at).any(axis=1).mean())

    assert 0.02 < novel(X[1::2]) <= 0.1
    assert novel(windows(tiny.song(200.0, seed=9))) < 0.2
    song = tiny.song(60.0, seed=4)
    rng = np.random.default_rng(3)
    for odd in (1000 * song, song / 1000, rng.normal(0, 0.1, 60_000), np.zeros(60_000)):
        assert novel(windows(odd)) >= 0.95


def test_a_reference_is_read_back_or_refused(
    tmp_path: Path, made: tuple[Detector, Reference, np.ndarray]
) -> None:
    """The same bytes twice; a broken file is named."""
    known = made[1]
    for name in "ab":
        novelty.save(tmp_path / f"{name}.npz", known)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = novelty.load(tmp_path / "a.npz")
    assert again.digest == known.digest and again.at == known.at == 0.95
    (tmp_path / "a.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"a\.npz"):
        novelty.load(tmp_path / "a.npz")


@pytest.fixture(scope="module")
def packed(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[Detector, Reference, np.ndarray]
) -> Path:
    """It in a package that finds events in a third of a recording."""
    model, known, X = made
    folder = tmp_path_factory.mktemp("novelty")
    detector.save(model, folder / "detector.keras")
    at = dict(zip(tiny.CLASSES, np.quantile(model.score(X), 0.7, axis=0).tolist(), strict=True))
    at.pop("background")
    joining = replace(tiny.JOINING, off_ratio=1.0)  # scores of an untrained network differ little
    given = (folder / "packed", folder / "detector.keras", at, joining, {})
    package.save(*given, known=known, temperature=2.0)
    return folder / "packed"


def found(packed: Path, path: Path, out: Path, **wishes: object) -> pd.DataFrame:
    """The events of a file."""
    (out / "part").mkdir(parents=True)
    more = Wishes(forms=("csv", "raven"), any_level=True, **wishes)  # type: ignore[arg-type]
    assert detecting.detect(str(packed), [path], out, out / "part", more)
    return pd.read_csv(out / "events.csv", keep_default_na=False, na_values=[""])


def test_events_say_how_novel_and_how_unsure_they_are(
    tmp_path: Path,
    packed: Path,
    made: tuple[Detector, Reference, np.ndarray],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of a recording like those of training, and of one in another unit; --abstain leaves out."""
    song = tiny.song(30.0, seed=5) / 1.5
    plain = found(packed, tiny.write(tmp_path / "a.wav", song), tmp_path / "plain")
    assert len(plain) > 3 and (plain["novelty"] < 0.95).mean() > 0.7
    assert ((plain["uncertainty"] >= 0) & (plain["uncertainty"] <= np.log2(3))).all()
    assert (plain["review"] == "yes").equals(plain["reason"].notna())
    faint = tiny.write(tmp_path / "b.wav", song / 500)
    capsys.readouterr()
    odd = found(packed, faint, tmp_path / "odd")
    assert "are unlike all that the model learnt from in their levels" in capsys.readouterr().out
    assert len(odd) and (odd["review"] == "yes").all()
    assert odd["reason"].str.contains("levels unlike those of training").all()
    assert not len(found(packed, faint, tmp_path / "none", abstain=True))
    assert f"{len(odd)} of {len(odd)} events are novel" in capsys.readouterr().out
    kept = (tmp_path / "none" / "novel.csv").read_text(encoding="utf-8")
    assert kept == (tmp_path / "odd" / "events.csv").read_text(encoding="utf-8")
    table = pd.read_csv(tmp_path / "odd" / "b.Table.1.selections.txt", sep="\t")
    np.testing.assert_allclose(table["Novelty"], odd["novelty"])
    assert list(table["Review"]) == ["yes"] * len(odd)


def test_an_event_is_judged_by_its_highest_window(
    tmp_path: Path, packed: Path, made: tuple[Detector, Reference, np.ndarray]
) -> None:
    """Entropy at the temperature; onsets of the members; who did not find it."""
    path = tiny.write(tmp_path / "a.wav", tiny.song(20.0, seed=6) / 1.5)
    loaded = package.load(str(packed))
    (stream,) = tiny.joined([path])
    scan = scanning.scan(novelty.scorer(loaded.detector, made[1]), stream, tmp_path / "s.f32")
    table = detecting._events(loaded, [scan])
    judged = review.reviewed(loaded, [scan], table)
    for row in judged.to_dict("records"):
        column = loaded.detector.task.names.index(row["label"])
        scores = scan.P[row["first"] : row["after"], column]
        p = np.asarray(scan.P[row["first"] + int(scores.argmax())], float)
        assert scores.max() == pytest.approx(row["peak"])
        warm = np.sqrt(p[:3]) / np.sqrt(p[:3]).sum()
        assert row["uncertainty"] == pytest.approx(-(warm * np.log2(warm)).sum(), abs=1e-5)
        assert row["novelty"] == pytest.approx(p[-2:].max())
        assert ("probability" in row["reason"]) == (warm[column] < 0.5)
    both = np.asarray(scan.P, float)
    np.testing.assert_allclose(both[:, :3], (both[:, 3:6] + both[:, 6:9]) / 2, atol=1e-6)
    known = judged["uncertainty_s"].notna()
    assert (known | judged["reason"].str.contains("of 2 members")).all()


def test_a_clipped_event_is_to_be_reviewed(tmp_path: Path, packed: Path) -> None:
    """It says how much of it."""
    song = tiny.song(30.0, seed=5)
    for name, wave in (("whole", song), ("cut", np.clip(song, -0.03, 0.03))):
        events = found(packed, tiny.write(tmp_path / f"{name}.wav", wave), tmp_path / name)
        said = events["reason"].fillna("").str.contains(r"clipped \(\d+\.\d% of its samples\)")
        assert said.any() == (name == "cut")


def test_where_nothing_sounds_an_event_is_to_be_reviewed(tmp_path: Path, packed: Path) -> None:
    """Digital silence, and recordings of less than half a window, which are filled up."""
    loaded = package.load(str(packed))
    rng = np.random.default_rng(1)
    cases = {"silent": np.zeros(500), "noise": rng.normal(0, 0.1, 500)}
    cases["short"] = cases["noise"][: tiny.FRONT.grid.window_samples // 2 - 1]
    said = {}
    for name, wave in cases.items():
        (stream,) = tiny.joined([tiny.write(tmp_path / f"{name}.wav", wave)])
        length = len(wave)
        none = np.zeros((0, 2), np.int64)
        scan = scanning.Scan(stream, none[:, 0], lambda: np.zeros((0, 5), "f"), length, "", none)
        said[name] = review._poor(loaded, scan, {"begin_s": 0.0, "end_s": length / tiny.RATE})
    assert said["silent"] == ["no signal: all samples are alike"] and said["noise"] == []
    assert said["short"] == ["0.063 s long, and windows are 0.128 s"]


def test_another_sampling_rate_is_told(
    tmp_path: Path,
    made: tuple[Detector, Reference, np.ndarray],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As of a wrong header: every event is to be reviewed, and left out where asked."""
    model, known, _ = made
    detector.save(model, tmp_path / "detector.keras")
    at = dict.fromkeys(model.task.events, 0.3)
    seen = Trained((-90.0, -50.0, 0.0), (tiny.RATE, tiny.RATE))
    given = (tmp_path / "packed", tmp_path / "detector.keras", at, tiny.JOINING, {})
    package.save(*given, known=known, trained=seen)
    path = tiny.write(tmp_path / "a.wav", tiny.song(20.0, rate=2000.0, seed=6), 2000.0)
    events = found(tmp_path / "packed", path, tmp_path / "out")
    assert (
        "its sampling rate is 2000 Hz, and the model learnt from 1000 Hz" in capsys.readouterr().out
    )
    assert len(events) and (events["novelty"] == 1).all()
    assert events["reason"].str.contains("sampling rate 2000 Hz, unlike those of training").all()
    assert not len(found(tmp_path / "packed", path, tmp_path / "none", abstain=True))


def test_a_package_of_before_tells_no_novelty(
    tmp_path: Path, made: tuple[Detector, Reference, np.ndarray]
) -> None:
    """Its events are found as ever; --abstain says what to do."""
    model = replace(made[0], others=())
    detector.save(model, tmp_path / "detector.keras")
    at = dict.fromkeys(model.task.events, 0.3)
    package.save(tmp_path / "old", tmp_path / "detector.keras", at, tiny.JOINING, {})
    path = tiny.write(tmp_path / "a.wav", tiny.song(20.0, seed=6))
    events = found(tmp_path / "old", path, tmp_path / "out")
    assert len(events) and events["novelty"].isna().all()
    with pytest.raises(DataError, match="--abstain"):
        found(tmp_path / "old", path, tmp_path / "again", abstain=True)
    assert not [*(tmp_path / "again").glob("*.*")]
