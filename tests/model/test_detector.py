"""A detector scores the same seconds the same way after it was stored, or refuses them."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import tasks
from support.options import TRAINING
from support.places import ROOT

from rarewave.base import files
from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.frontend import normalisation, transform
from rarewave.frontend.transform import FrontEnd
from rarewave.model import detector
from rarewave.model.detector import Detector
from rarewave.networks import backend, registry
from rarewave.networks.backend import keras
from rarewave.training import fit

backend.start(2)

SONGS = Task("classes", ("background", "Rupe A", "b"))


@pytest.fixture(scope="module")
def made(small_front_end: FrontEnd, labelled: tuple[np.ndarray, np.ndarray]) -> Detector:
    """An untrained network with all that belongs to it."""
    keras.utils.set_random_seed(1)
    front = replace(small_front_end, clean=replace(small_front_end.clean, low_hz=1 / 9))
    network = registry.build("seed_cnn", front.shape, tasks.of_outputs(1), front.window_frames)
    network.compile("adam", "binary_crossentropy")
    scale = normalisation.fit(labelled[0], "dataset")
    return Detector(network, "seed_cnn", front, tasks.EVENT, scale)


def test_a_stored_detector_scores_the_same(
    tmp_path: Path, made: Detector, noise: Callable[..., np.ndarray]
) -> None:
    """Raw samples to probabilities, to rounding; written twice, the same bytes."""
    for name in ("a", "b"):
        detector.save(made, tmp_path / f"{name}.keras")
    again = detector.load(tmp_path / "a.keras")
    wave = noise(3000)
    found, wanted = again.score_recording(wave, 6.625), made.score_recording(wave, 6.625)
    np.testing.assert_allclose(found["p_event"], wanted["p_event"], atol=1e-5)
    assert (again.task, again.network_name) == (made.task, "seed_cnn")
    for ending in (".keras", ".json"):
        one, two = ((tmp_path / f"{name}{ending}").read_bytes() for name in "ab")
        assert one == two


def test_a_stored_detector_takes_the_data_that_it_took_before(
    tmp_path: Path, made: Detector, labelled: tuple[np.ndarray, np.ndarray]
) -> None:
    """Its front end is the same to the last digit, or its own data set would be refused."""
    detector.save(made, tmp_path / "m.keras")
    again = detector.load(tmp_path / "m.keras")
    assert again.front_end == made.front_end
    assert again.score(labelled[0], made.front_end).shape == (60, 2)


def test_a_stored_detector_normalises_bit_by_bit(tmp_path: Path, made: Detector) -> None:
    """float32 needs nine digits."""
    detector.save(made, tmp_path / "m.keras")
    again = detector.load(tmp_path / "m.keras").normalisation
    np.testing.assert_array_equal(again.mean, made.normalisation.mean)
    np.testing.assert_array_equal(again.deviation, made.normalisation.deviation)


def test_scores_are_those_of_the_stages(made: Detector, noise: Callable[..., np.ndarray]) -> None:
    """Front end, normalisation and network one after the other; a row for every window."""
    wave = noise(3000)
    table = made.score_recording(wave, 6.625)
    pieces = transform.apply(made.front_end, wave, 6.625)
    wanted = made.network(made.normalisation(pieces.spectrograms), training=False)
    np.testing.assert_allclose(table["p_event"], np.asarray(wanted)[:, 0], atol=1e-6)
    np.testing.assert_allclose(table["start_s"], pieces.start_s)
    assert (table["duration_s"] == 256 / 6.625).all()
    assert (table["status"] == "scored").all()
    end = table["start_s"].iloc[-1] + table["duration_s"].iloc[-1]
    assert end == pytest.approx(3000 / 6.625)  # to the last second


@pytest.fixture(scope="module")
def of_songs(made: Detector) -> Detector:
    """An untrained network for three classes, of which one is background."""
    keras.utils.set_random_seed(2)
    network = registry.build(
        "sound_net", made.front_end.shape, tasks.of_outputs(3), made.front_end.window_frames
    )
    return replace(made, network=network, network_name="sound_net", task=SONGS)


def test_several_classes_have_a_column_each(
    tmp_path: Path, of_songs: Detector, noise: Callable[..., np.ndarray]
) -> None:
    """Probabilities that sum to 1 with that of background, which has no column; stored too."""
    of_songs.network.compile("adam", "categorical_crossentropy")
    detector.save(of_songs, tmp_path / "m.keras")
    again = detector.load(tmp_path / "m.keras")
    assert again.task == SONGS
    wave = noise(3000)
    table = again.score_recording(wave, 6.625)
    assert list(table.columns) == ["start_s", "duration_s", "status", "p_Rupe A", "p_b"]
    pieces = transform.apply(of_songs.front_end, wave, 6.625)
    p = of_songs.score(pieces.spectrograms)
    assert p.shape == (len(table), 3)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(table[["p_Rupe A", "p_b"]], p[:, 1:], atol=1e-5)
    # nearly all of it gap: no score there, and no failure
    wave[:] = np.nan
    wave[:300] = 1.0 + np.arange(300)
    gaps = again.score_recording(wave, 6.625)
    assert gaps["p_b"][gaps["status"] == "gap"].isna().all()


def test_one_output_scores_background_and_event(
    made: Detector, labelled: tuple[np.ndarray, np.ndarray]
) -> None:
    """Two columns that sum to 1."""
    p = made.score(labelled[0])
    wanted = np.asarray(made.network(made.normalisation(labelled[0]), training=False))[:, 0]
    np.testing.assert_allclose(p[:, 1], wanted, atol=1e-6)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_gaps_are_told_and_not_scored(made: Detector, noise: Callable[..., np.ndarray]) -> None:
    """More than max_gap of a window missing: no score."""
    wave = noise(3000)
    wave[1000:1300] = np.nan
    table = made.score_recording(wave, 6.625)
    gaps = table["status"] == "gap"
    share = [np.isnan(wave[round(s * 6.625) :][:256]).mean() for s in table["start_s"]]
    np.testing.assert_array_equal(gaps, np.array(share) > 0.1)
    assert table["p_event"][gaps].isna().all()
    assert table["p_event"][~gaps].notna().all()


def test_data_of_another_front_end_are_refused(
    made: Detector, labelled: tuple[np.ndarray, np.ndarray]
) -> None:
    """By the parameter in which they differ."""
    other = replace(made.front_end, spectrogram=replace(made.front_end.spectrogram, floor_db=-30.0))
    with pytest.raises(DataError, match=r"the data set was made with spectrogram\.floor_db = -30"):
        made.score(labelled[0], other)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path, made: Detector) -> None:
    """A description that is missing, of another network, or of nothing."""
    path = tmp_path / "m.keras"
    detector.save(made, path)
    side = detector.sidecar(path)
    assert side == tmp_path / "m.json"
    content = files.read_json(side)
    content["front_end"]["spectrogram"]["hop"] = 4
    files.write_json(side, content)
    with pytest.raises(DataError, match=r"\(17, 29, 1\), and .*m\.json describes \(17, 57, 1\)"):
        detector.load(path)
    files.write_json(side, {"network": "seed_cnn"})
    with pytest.raises(DataError, match=r"m\.json does not describe a detector .*front_end"):
        detector.load(path)
    side.unlink()
    with pytest.raises(DataError, match=r"m\.json does not exist"):
        detector.load(path)


def test_a_detector_with_a_loss_of_ours_is_loaded_by_who_only_scores(
    tmp_path: Path, made: Detector
) -> None:
    """Another process, which has not imported what training needs; inspection has."""
    keras.utils.set_random_seed(3)
    front = made.front_end
    network = registry.build("seed_cnn", front.shape, tasks.of_outputs(3), front.window_frames)
    options = replace(TRAINING, logit_adjustment=1.0, encoder_rate=0.5, loss="focal")
    fit.compiled(network, options, 10, tasks.of_outputs(3), np.array([5, 4, 3]))
    adjusted = replace(made, network=network, task=SONGS)
    detector.save(adjusted, tmp_path / "m.keras")
    script = (
        "import sys; from pathlib import Path; from rarewave.model import detector;"
        "made = detector.load(Path(sys.argv[1]));"
        "assert not any(name.startswith('rarewave.training') for name in sys.modules);"
        "from rarewave.model import inspection;"
        "print(made.task.kind, inspection.load(Path(sys.argv[1])).loss.name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "m.keras")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["classes", "logit_adjusted"], done.stderr
