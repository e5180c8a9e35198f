"""Pictures of spectrograms as recordings: their values again, and what is said of unfit ones."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support import tiny

from rarewave.annotations import images_fit
from rarewave.base.errors import DataError
from rarewave.dataset import cutting
from rarewave.dataset.labelling import Labelling
from rarewave.dataset.placement import Placement
from rarewave.frontend import transform
from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.grid import Grid
from rarewave.frontend.spectrogram import Spectrogram, spectrograms
from rarewave.frontend.transform import FrontEnd
from rarewave.recordings import grey, images, reading

ABOUT = {"column_s": 0.02, "value_of_black": -90.0, "value_of_a_step": 0.25}
ROWS, COLUMNS = 12, 30
CLEAN = Cleaning(ROWS / 0.02, None, 1, 0.0, 0.0, None, None, 4, 0.0)
SHAPE = {"n_mels": 1, "fmin_hz": 0.0, "fmax_hz": None, "floor_db": -90.0, "floor_s": 0.0}


def spectrogram(rows: int) -> Spectrogram:
    """Of pictures of so many rows."""
    return Spectrogram("picture", rows, rows, floor_quantile=0.2, **SHAPE)


FRONT = FrontEnd(CLEAN, Grid(ROWS * 10, ROWS * 5, 0, 0.1, False), spectrogram(ROWS))


def make(path: Path, rows: int = ROWS, about: object = ABOUT) -> np.ndarray:
    """Pixels of a picture, written with a sidecar."""
    pixels = np.random.default_rng(1).integers(0, 256, (rows, COLUMNS)).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    grey.write(path, pixels)
    if about is not None:
        (path.parent / images.SIDECAR).write_text(json.dumps(about))
    return pixels


def test_windows_of_a_picture_are_its_columns(tmp_path: Path) -> None:
    """By the readers and front end of every stage: whole columns, the bottom row first, in dB."""
    pixels = make(tmp_path / "in/a.png")
    (header,) = reading.headers(tmp_path / "in/a.png", None, None)
    assert (header.recording_id, header.channel) == ("a", "1")
    assert header.sample_rate == pytest.approx(600) and header.n_samples == ROWS * COLUMNS
    samples = reading.read(tmp_path / "in/a.png", "1", 0, header.n_samples)
    made = transform.apply(FRONT, samples, header.sample_rate)
    np.testing.assert_allclose(made.start_s, [0.0, 0.1, 0.2, 0.3, 0.4])
    values = -90 + 0.25 * pixels[::-1].astype(float)
    for start, window in zip(made.start_s, made.spectrograms, strict=True):
        first = round(start / 0.02)
        np.testing.assert_array_equal(window[..., 0], values[:, first : first + 10])
    np.testing.assert_allclose(FRONT.times_s, 0.02 * np.arange(10) + 0.01)
    assert FRONT.shape == (ROWS, 10, 1) and np.isnan(FRONT.frequencies_hz).all()


@given(st.integers(0, ROWS * COLUMNS), st.integers(0, ROWS * COLUMNS))
def test_pieces_are_those_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, one: int, two: int
) -> None:
    """A block at a time gives what reading at once gives."""
    path = tmp_path_factory.mktemp("images") / "a.png"
    make(path)
    whole = reading.read(path, "1", 0, ROWS * COLUMNS)
    np.testing.assert_array_equal(reading.read(path, "1", one, two), whole[one:two])


def test_context_beyond_the_ends_is_mirrored_in_time(tmp_path: Path) -> None:
    """Not upside down, as its pixels in a row would be."""
    make(tmp_path / "a.png")
    samples = reading.read(tmp_path / "a.png", "1", 0, ROWS * COLUMNS)
    wide = FrontEnd(CLEAN, Grid(ROWS * 10, ROWS * 5, ROWS * 4, 0.1, False), spectrogram(ROWS))
    made = transform.apply(wide, samples, 600.0).spectrograms[..., 0]
    columns = np.pad(samples.reshape(COLUMNS, ROWS).T, ((0, 0), (4, 4)), mode="reflect")
    for number, window in enumerate(made):
        np.testing.assert_array_equal(window, columns[:, number * 5 : number * 5 + 18])


@pytest.mark.parametrize("labelled", [True, False])
def test_windows_begin_on_columns(tmp_path: Path, labelled: bool) -> None:
    """Around calls, whose times know no columns, and half a window apart, which may be none."""
    make(tmp_path / "a.png")
    events = pd.DataFrame(
        [("a", "one", 0.113, 0.187, "dog", True, False, np.nan, np.nan)],
        columns=[
            *("recording_id", "event_id", "onset_s", "offset_s", "label", "certain", "weak"),
            *("low_hz", "high_hz"),
        ],
    )
    window, hop = ROWS * 5, ROWS
    placed = Placement("calls", window, hop, 0, 0.1, False, 0.1, 2.0, 1)
    rules = Labelling(0.5, 0.9, 0.5, 0.5, 0.0, 0.0)
    grid = Grid(window, hop, 0, 0.1, False)
    given = CLEAN, grid, placed, rules, np.inf, None, False, ROWS
    row = {"path": "a.png", "recording_id": "a", "labelled": labelled, "content": "12"}
    row |= {"group": "a", "fold": "", "start": pd.NaT}
    nothing = np.zeros((0, 2), np.int64)
    settings = cutting.Settings(tmp_path, events, *given)
    table = cutting.windows_of(row, ROWS * COLUMNS, nothing, settings)
    first = table["start_s"] * 600 / ROWS
    np.testing.assert_allclose(first, first.round(), atol=1e-6)
    assert len(table) == (3 if labelled else 11)


def test_frames_of_a_part_of_a_column_are_left_out() -> None:
    """As of any window that no whole number of frames fills."""
    samples = np.arange(ROWS * 3 + 5, dtype=float)[None]
    made = spectrograms(samples, 600.0, spectrogram(ROWS))
    np.testing.assert_array_equal(made[0, :, :, 0], np.arange(ROWS * 3).reshape(3, ROWS).T)


def test_a_sidecar_may_lie_above_and_name_the_recording(tmp_path: Path) -> None:
    """As export-images writes it, in folders of labels."""
    make(tmp_path / "calls/one.png", about=None)
    listed = [{"file": "calls/one.png", "recording": "tape_3", "channel": "2"}]
    (tmp_path / "images.json").write_text(json.dumps(ABOUT | {"images": listed}))
    assert images.picture(tmp_path / "calls/one.png").sample_rate == pytest.approx(600)
    assert images.origin(tmp_path / "calls/one.png") == "tape_3 2"
    make(tmp_path / "calls/two.png", about=None)
    assert images.origin(tmp_path / "calls/two.png") == ""


@pytest.mark.parametrize(
    ("about", "says"),
    [
        (None, r"a\.png is a picture, and no images\.json lies beside or above it"),
        ({"column_s": 0.02, "value_of_black": 0}, r"images\.json has no 'value_of_a_step'"),
        (ABOUT | {"column_s": 0}, r"images\.json: column_s is 0, and must be a number"),
        (ABOUT | {"column_s": "fast"}, r"column_s is 'fast', and must be a number"),
        ([1], r"images\.json is a list, not a map"),
    ],
)
def test_what_pixels_are_must_be_known(tmp_path: Path, about: object, says: str) -> None:
    """One message that shows what to write."""
    make(tmp_path / "x/y/z/a.png", about=about)
    with pytest.raises(DataError, match=says):
        reading.headers(tmp_path / "x/y/z/a.png", None, None)


def test_a_linked_picture_has_the_sidecar_beside_the_link(tmp_path: Path) -> None:
    """And where there is none, that of the picture itself."""
    make(tmp_path / "elsewhere/deep/down/under/a.png", about=None)
    picture = tmp_path / "elsewhere/deep/down/under/a.png"
    link = tmp_path / "mine/a.png"
    link.parent.mkdir()
    link.symlink_to(picture)
    (link.parent / "images.json").write_text(json.dumps(ABOUT | {"images": 5}))
    assert images.picture(link).sample_rate == pytest.approx(600) and images.origin(link) == ""
    (link.parent / "images.json").rename(picture.parent / "images.json")
    assert images.picture(link).sample_rate == pytest.approx(600)


def test_pictures_too_large_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the limit of the reader; no traceback."""
    make(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"a\.png has more pixels than .*: cut it into"):
        images.picture(tmp_path / "a.png")


def test_colour_and_broken_pictures_are_refused(tmp_path: Path) -> None:
    """By name."""
    make(tmp_path / "a.png")
    Image.new("RGB", (30, 12)).save(tmp_path / "b.png")
    with pytest.raises(DataError, match=r"b\.png is no grey picture"):
        reading.headers(tmp_path / "b.png", None, None)
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    with pytest.raises(DataError, match=r"c\.png is no picture that can be read"):
        reading.headers(tmp_path / "c.png", None, None)


def test_parameters_that_would_change_pixels_are_named_at_once(tmp_path: Path) -> None:
    """With the values that they must have."""
    make(tmp_path / "a.png")
    bad = Cleaning(500.0, -1.0, 1, 1.0, 0.0, 1.0, None, 4, 0.0)
    assert images_fit.unfit(tmp_path / "a.png", bad) == (
        f"{tmp_path}/a.png is a picture of 12 rows and 50 columns a second: set clean.low_hz to "
        "null, clean.gap_value to null, clean.flat_s to 0, clean.sample_rate_hz to 600, "
        "spectrogram.scale to picture, and spectrogram.n_fft and hop to 12"
    )
    assert not images_fit.unfit(tmp_path / "a.png", CLEAN)


def test_what_many_pictures_need_is_said_once(tmp_path: Path) -> None:
    """Of six thousand pictures one line, and the other problems as they are."""
    for name in ("a.png", "b.png", "c.png"):
        make(tmp_path / name)
    bad = Cleaning(500.0, -1.0, 1, 1.0, 0.0, 1.0, None, 4, 0.0)
    each = [images_fit.unfit(tmp_path / f"{name}.png", bad) for name in "abc"]
    told = images_fit.once([*each, "d.png cannot be read", "e.png cannot be read"])
    assert told[0] == f"{each[0]} (and so are 2 more)"
    assert told[1:] == ["d.png cannot be read", "e.png cannot be read"]
    assert images_fit.once(each[:1]) == each[:1]


def test_pictures_of_few_rows_need_no_fewer_mel_bands() -> None:
    """They have none: `n_mels` of the recipe that they are read with says nothing."""
    shape = SHAPE | {"n_mels": 64}
    assert Spectrogram("picture", 48, 48, floor_quantile=0.2, **shape).n_mels == 64
    with pytest.raises(DataError, match="fewer frequencies"):
        Spectrogram("mel", 48, 48, floor_quantile=0.2, **shape)


def test_pictures_go_with_pictures(tmp_path: Path) -> None:
    """Of one height; and neither sound with a model of pictures nor the reverse."""
    make(tmp_path / "a.png")
    make(tmp_path / "b.png", rows=8)
    wave = tiny.write(tmp_path / "c.wav", tiny.song(1.0))
    with pytest.raises(DataError, match=r"all be pictures of one height.*has 12 rows.*has 8 rows"):
        images_fit.rows_of([tmp_path / "a.png", tmp_path / "b.png"])
    with pytest.raises(DataError, match=r"a\.png has 12 rows, .*c\.wav has no rows"):
        images_fit.rows_of([tmp_path / "a.png", wave])
    assert images_fit.rows_of([tmp_path / "a.png"]) == 12 and images_fit.rows_of([wave]) is None
    images_fit.refuse_unfit(tmp_path / "a.png", FRONT)
    with pytest.raises(DataError, match=r"c\.wav is no picture, and spectrogram.scale is picture"):
        images_fit.refuse_unfit(wave, FRONT)
    with pytest.raises(DataError, match=r"a\.png is a picture of 12 rows, .*scale is linear"):
        images_fit.refuse_unfit(tmp_path / "a.png", tiny.FRONT)
    with pytest.raises(DataError, match=r"b\.png is a picture of 8 rows, .*n_fft and hop are 12"):
        images_fit.refuse_unfit(tmp_path / "b.png", FRONT)


def test_windows_are_whole_columns() -> None:
    """And pictures are not filled with 0 dB, which is loud; mel bands are none of theirs."""
    assert Spectrogram("picture", 12, 12, floor_quantile=0.2, **(SHAPE | {"n_mels": 64})).hop == 12
    with pytest.raises(DataError, match="100, 60, 0, must be whole columns of 12 pixels"):
        FrontEnd(CLEAN, Grid(100, 60, 0, 0.1, False), spectrogram(ROWS))
    with pytest.raises(DataError, match="clean.pad_short true would fill short ones with 0 dB"):
        FrontEnd(CLEAN, Grid(120, 60, 0, 0.1, True), spectrogram(ROWS))
    with pytest.raises(DataError, match="n_fft and hop must be the rows of a column"):
        Spectrogram("picture", 12, 6, floor_quantile=0.2, **SHAPE)
