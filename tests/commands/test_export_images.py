"""The command export-images: pixels are dB again, and say of what."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import Command
from support import tiny

from rarewave.base.errors import DataError
from rarewave.frontend import transform
from rarewave.recordings import grey

pytestmark = pytest.mark.filterwarnings("ignore:Skipping variable loading")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a tiny network."""
    folder = tmp_path_factory.mktemp("model") / "detector"
    tiny.package(folder)
    return folder


@pytest.fixture
def run(command: Command) -> Command:
    """The command in this process."""
    return partial(command, "export-images")


def decoded(path: Path, bits: int) -> np.ndarray:
    """Pixels by libpng, from TensorFlow."""
    import tensorflow as tf

    kind = tf.uint8 if bits == 8 else tf.uint16
    return tf.io.decode_png(path.read_bytes(), channels=1, dtype=kind).numpy()[:, :, 0]


@pytest.mark.parametrize("bits", [8, 16])
def test_pixels_are_levels_again(bits: int, tmp_path: Path, model: Path, run: Command) -> None:
    """To half a step, as the sidecar says, with another reader; rows from the bottom."""
    wave = soundfile.read(tiny.write(tmp_path / "in/a.wav", tiny.song(3.0)))[0]
    tiny.write(tmp_path / "in/b.wav", wave / 2)
    out = tmp_path / "out"
    said = run(tmp_path / "in", "--model", model, "--out", out, "--bits", bits)
    about = json.loads((out / "images.json").read_text())
    wanted = transform.apply(tiny.FRONT, wave, tiny.RATE)
    assert len(about["images"]) == 2 * len(wanted.start_s)
    mine = [one for one in about["images"] if one["file"].startswith("a/")]
    assert [one["start_s"] for one in mine] == pytest.approx(wanted.start_s.tolist())
    step, worst = about["value_of_a_step"], 0.0
    for one, spectrogram in zip(mine, wanted.spectrograms[..., 0], strict=True):
        pixels = decoded(out / one["file"], bits)
        np.testing.assert_array_equal(pixels, grey.read(out / one["file"]))
        level = about["value_of_black"] + step * pixels[::-1].astype(float)
        worst = max(worst, np.abs(level - spectrogram).max())
    assert worst <= about["largest_error"] <= step / 2 * (1 + 1e-6)
    assert about["largest_error"] < (0.3 if bits == 8 else 0.0015)
    assert f"of {bits} bits in {out}" in said and f"{about['largest_error']:.3g} dB" in said
    np.testing.assert_allclose(about["rows_from_the_bottom_hz"], tiny.FRONT.frequencies_hz)
    assert about["first_column_s"] == tiny.FRONT.times_s[0]
    assert about["column_s"] == pytest.approx(np.diff(tiny.FRONT.times_s)[0])
    before = {p.relative_to(out): p.read_bytes() for p in out.rglob("*.png")}
    assert "is there already" in run(tmp_path / "in", "--model", model, "--out", out, code=1)
    run(tmp_path / "in", "--model", model, "--out", tmp_path / "again", "--bits", bits)
    for name, content in before.items():
        assert (tmp_path / "again" / name).read_bytes() == content


def test_a_recording_is_one_picture(tmp_path: Path, model: Path, run: Command) -> None:
    """From its first to its last frame; a broken file costs itself."""
    tiny.write(tmp_path / "in/a.wav", tiny.song(3.0))
    (tmp_path / "in/b.wav").write_bytes(b"RIFF")
    out = tmp_path / "out"
    given = tmp_path / "in", "--model", model, "--out", out, "--whole"
    said = run(*given, code=1)
    assert "b.wav" in said and "not seen in full" in said
    (one,) = json.loads((out / "images.json").read_text())["images"]
    assert one["file"] == "a/whole.png" and one["end_s"] == pytest.approx(3.0)
    assert decoded(out / one["file"], 16).shape == (17, 1 + (3000 - 32) // 16)


def test_a_whole_picture_says_what_is_missing(tmp_path: Path, model: Path, run: Command) -> None:
    """Its pixels look like silence; a recording without anything is refused by name."""
    wave = tiny.song(3.0).astype(np.float32)
    wave[1000:1500] = np.nan
    for name, samples in (("a", wave), ("b", np.full_like(wave, np.nan))):
        path = tmp_path / "in" / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, samples, int(tiny.RATE), "FLOAT")
    given = ["--model", model, "--out", tmp_path / "out", "--whole"]
    said = run(tmp_path / "in", *given, code=1)
    assert "b.wav: nothing was recorded" in said
    (one,) = json.loads((tmp_path / "out/images.json").read_text())["images"]
    assert one["gaps_s"] == [[1.0, 1.5]]


def test_what_is_lacking_is_said(
    tmp_path: Path, model: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is written."""
    monkeypatch.chdir(tmp_path)
    wav = tiny.write(tmp_path / "x.wav", tiny.song(3.0))
    assert "--model which model's eyes" in run(wav, code=1)
    assert "name some" in run("--model", model, code=1)
    assert "artifacts/npz/dataset.json does not exist" in run(code=1)
    short = tiny.write(tmp_path / "short.wav", np.zeros(50))
    assert "no window to write" in run(short, "--model", model, code=1)
    assert not (tmp_path / "images").exists()


def test_what_has_no_picture_is_named(tmp_path: Path, model: Path, run: Command) -> None:
    """A recording that is too short, and one that is cut short."""
    whole = tiny.write(tmp_path / "in/a.wav", tiny.song(3.0)).read_bytes()
    tiny.write(tmp_path / "in/short.wav", np.zeros(50))
    given = [tmp_path / "in", "--model", model, "--out"]
    said = run(*given, tmp_path / "1")
    assert "1 recordings are shorter than a window, or gaps, and are left out" in said
    (tmp_path / "in/cut.wav").write_bytes(whole[: len(whole) // 2])
    said = run(*given, tmp_path / "2", code=1)
    assert "not seen in full: " in said and "cut.wav is truncated" in said
    names = {path.parent.name for path in (tmp_path / "2").rglob("*.png")}
    assert names == {"a", "cut"}


def test_other_pictures_are_refused(tmp_path: Path) -> None:
    """Colours, and what is no picture."""
    from PIL import Image

    Image.new("RGB", (4, 4)).save(tmp_path / "rgb.png")
    with pytest.raises(DataError, match="no grey picture of 8 or 16 bits"):
        grey.read(tmp_path / "rgb.png")
    (tmp_path / "text.png").write_text("x")
    with pytest.raises(DataError, match="no picture that can be read"):
        grey.read(tmp_path / "text.png")


def test_one_level_is_black() -> None:
    """Where there is no range to divide."""
    tones = grey.between(-20.0, -20.0, 16)
    assert tones.pixels(np.full((2, 3), -20.0)).max() == 0
    assert (tones.values(np.zeros((2, 3), np.uint16)) == -20).all()
