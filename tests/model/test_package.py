"""A detector with all that finding events needs, in one folder."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import tiny

from rarewave.base.errors import DataError
from rarewave.model import detector, package
from rarewave.model.detector import Detector
from rarewave.model.neighbours import Examples

pytestmark = pytest.mark.filterwarnings("ignore:Skipping variable loading")  # of the optimiser

AT = {"low": 0.25, "high": 1 / 3}
HOW = replace(tiny.JOINING, smooth_s=0.3, min_s=0.1)


@pytest.fixture(scope="module")
def made() -> Detector:
    """A tiny network."""
    return tiny.network_detector()


@pytest.fixture
def model(tmp_path: Path, made: Detector) -> Path:
    """Its two files."""
    path = tmp_path / "train" / "model.keras"
    path.parent.mkdir()
    detector.save(made, path)
    return path


def test_a_package_is_read_as_it_was_saved(tmp_path: Path, made: Detector, model: Path) -> None:
    """From its folder, from the file in it, from where MLflow puts it; the same scores."""
    folder = tmp_path / "mlflow" / "artifacts" / "detector"
    package.save(folder, model, AT, HOW, tiny.BANDS)
    wave = tiny.song(5.0)
    wanted = made.score_recording(wave, 1000.0)
    for where in (folder, folder / "model.keras", tmp_path / "mlflow"):
        found = package.load(str(where))
        assert (found.thresholds, found.joining, found.bands) == (AT, HOW, tiny.BANDS)
        assert found.detector.front_end == made.front_end
        assert found.detector.task == made.task
        scores = found.detector.score_recording(wave, 1000.0)
        np.testing.assert_allclose(scores["p_low"], wanted["p_low"], atol=1e-6)


def test_how_recordings_were_read_is_kept(tmp_path: Path, model: Path) -> None:
    """Channel and start pattern; packages of before know neither. The digest tells all apart."""
    digests = set()
    for number, source in enumerate(
        (
            package.Source(),
            package.Source(2),
            package.Source(channels=["XA.*.MHZ", "*Z"]),
            package.Source(None, "%Y%m%d"),
        )
    ):
        folder = tmp_path / str(number)
        package.save(folder, model, AT, HOW, tiny.BANDS, None, source)
        found = package.load(str(folder))
        assert found.source == source
        digests.add(found.digest)
    assert len(digests) == 4 and package.load(str(folder)).digest in digests
    events = json.loads((folder / "events.json").read_text())
    bad = [{"channel": 0}, {"channel": "2"}, {"start_pattern": 5}, {"chanel": 1}, {"channels": [1]}]
    for wrong in (*bad, 3):
        (folder / "events.json").write_text(json.dumps(events | {"source": wrong}))
        with pytest.raises(DataError, match=r"events\.json does not describe a detector"):
            package.load(str(folder))
    del events["source"]
    (folder / "events.json").write_text(json.dumps(events))
    assert package.load(str(folder)).source == package.Source(None, None)


def test_thresholds_of_windows_are_kept_where_they_are_others(tmp_path: Path, model: Path) -> None:
    """As where `detect.thresholds` is events or recordings; without, there is one kind."""
    package.save(tmp_path / "a", model, AT, HOW, tiny.BANDS)
    package.save(tmp_path / "b", model, AT, HOW, tiny.BANDS, window_thresholds=AT)
    assert (tmp_path / "a/events.json").read_bytes() == (tmp_path / "b/events.json").read_bytes()
    assert package.load(str(tmp_path / "a")).of_windows == AT
    others = {"low": 0.5, "high": 0.75}
    package.save(tmp_path / "c", model, AT, HOW, tiny.BANDS, window_thresholds=others)
    found = package.load(str(tmp_path / "c"))
    assert (found.thresholds, found.of_windows) == (AT, others)
    events = json.loads((tmp_path / "c/events.json").read_text())
    for wrong in ({"low": 0.5}, {"low": 0.5, "high": 2}, [0.5, 0.5]):
        text = json.dumps(events | {"window_thresholds": wrong})
        (tmp_path / "c/events.json").write_text(text)
        with pytest.raises(DataError, match=r"events\.json (does not describe|has thresholds)"):
            package.load(str(tmp_path / "c"))


def test_the_same_package_is_the_same_bytes(tmp_path: Path, model: Path) -> None:
    """Written twice, over one that is there too."""
    for name in ("a", "b", "b"):
        package.save(tmp_path / name, model, AT, HOW, tiny.BANDS)
    names = [sorted(p.name for p in (tmp_path / name).iterdir()) for name in "ab"]
    assert names[0] == names[1] == ["events.json", "model.json", "model.keras"]
    for name in names[0]:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_training_examples_come_along(tmp_path: Path, model: Path) -> None:
    """An older package has none, and one written anew keeps none of before."""
    known = Examples(
        np.eye(2, dtype=np.float16), np.array(["w0", "w1"]), np.array(["r", "r"]),
        np.array([0.0, 1.0]), np.array(["low", "high"]),
    )  # fmt: skip
    package.save(tmp_path / "p", model, AT, HOW, tiny.BANDS, known)
    found = package.load(str(tmp_path / "p")).examples
    assert found is not None
    for stored, made in zip(found, known, strict=True):
        np.testing.assert_array_equal(stored, made)
    (tmp_path / "p/examples.npz").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"examples\.npz holds no training examples"):
        package.load(str(tmp_path / "p"))
    package.save(tmp_path / "p", model, AT, HOW, tiny.BANDS)
    assert package.load(str(tmp_path / "p")).examples is None


def test_what_is_no_package_is_refused(tmp_path: Path, model: Path) -> None:
    """A place that is not there, an empty folder, a model without thresholds."""
    with pytest.raises(DataError, match=r"no model .*gone: give a folder, a \.keras file or an ML"):
        package.load(str(tmp_path / "gone"))
    (tmp_path / "empty").mkdir()
    for where in (tmp_path / "empty", model, model.parent):
        with pytest.raises(DataError, match=r"is no detector with thresholds: the stage detect"):
            package.load(str(where))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"thresholds": None}, "does not describe a detector .*thresholds"),
        ({"bands": {"low": [1.0]}}, "does not describe a detector"),
        pytest.param(
            {"bands": 3},
            "does not describe a detector",
        ),
        ({"joining": {"combine": "mean"}}, "smooth_s"),
        ({"joining": dict(vars(HOW)) | {"combine": "mode"}}, "detect.combine"),
        ({"joining": dict(vars(HOW)) | {"min_s": -1.0}}, "detect.min_s"),
    ],
)
def test_a_broken_description_is_refused(
    tmp_path: Path, model: Path, change: dict[str, object], says: str
) -> None:
    """A part that is missing or cannot be; None takes it away."""
    package.save(tmp_path / "p", model, AT, HOW, tiny.BANDS)
    path = tmp_path / "p" / "events.json"
    content = json.loads(path.read_text()) | change
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))
    with pytest.raises(DataError, match=says):
        package.load(str(tmp_path / "p"))


def test_what_is_not_json_is_refused(tmp_path: Path, model: Path) -> None:
    """And a model whose own description is gone."""
    package.save(tmp_path / "p", model, AT, HOW, tiny.BANDS)
    (tmp_path / "p/model.json").unlink()
    with pytest.raises(DataError, match=r"model\.json does not exist"):
        package.load(str(tmp_path / "p"))
    (tmp_path / "p/events.json").write_text("{")
    with pytest.raises(DataError, match=r"events\.json is not JSON"):
        package.load(str(tmp_path / "p"))


def test_the_named_file_is_read(tmp_path: Path, made: Detector, model: Path) -> None:
    """Of two models in one folder."""
    package.save(tmp_path / "p", model, AT, HOW, tiny.BANDS)
    other = replace(made, network_name="other")
    detector.save(other, tmp_path / "p" / "other.keras")
    for name, wanted in (("model", "tiny"), ("other", "other")):
        assert package.load(str(tmp_path / "p" / f"{name}.keras")).detector.network_name == wanted


@pytest.mark.parametrize(
    "thresholds",
    [{"low": "high"}, [0.5], {"low": None}, {"low": 0.5}, {"low": 0.5, "high": -0.1},
     {"low": 0.5, "high": 1.1}, {"low": 0.5, "high": 0.5, "x": 0.5}],
)  # fmt: skip
def test_thresholds_are_probabilities(tmp_path: Path, model: Path, thresholds: object) -> None:
    """Of each class; refused when the package is read."""
    package.save(tmp_path / "p", model, AT, HOW, tiny.BANDS)
    path = tmp_path / "p" / "events.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"thresholds": thresholds}))
    with pytest.raises(DataError, match="thresholds"):
        package.load(str(tmp_path / "p"))


def test_mlflow_without_such_a_model_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One message that names the URI."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"MLflow has no models:/m-0123"):
        package.load("models:/m-0123")
