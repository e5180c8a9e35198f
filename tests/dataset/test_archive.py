"""The data set comes back from its file bit by bit, or is refused by name."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rarewave.base.errors import DataError
from rarewave.dataset.archive import Dataset, load, save
from rarewave.frontend.transform import FrontEnd


@pytest.fixture
def made(small_front_end: FrontEnd) -> Dataset:
    """Four windows of made-up numbers."""
    rng = np.random.default_rng(0)
    hertz, seconds = small_front_end.frequencies_hz, small_front_end.times_s
    return Dataset(
        X_spec=rng.standard_normal((4, len(hertz), len(seconds), 1)).astype(np.float32),
        y_all=np.array([0, 1, 0, 1], np.int8),
        targets=np.array([[1, 0], [0, 1], [1, 0], [0, 1]], np.int8),
        window_id=np.array(["a", "b", "c", "dü"], "U32"),
        recording=np.array(["r", "r", "s", "s"], "U32"),
        start=np.array(["1971-04-08T00:00:00.000000001", "NaT", "NaT", "NaT"], "datetime64[ns]"),
        start_s=np.array([0.0, 1.5, 0.0, 1.5]),
        end_s=np.array([3.0, 4.5, 3.0, 4.5]),
        band_hz=np.array([[np.nan, np.nan], [100.0, 250.5], [np.nan, np.nan], [90.0, 300.0]]),
        annotation=np.array(["", "e1", "", "e2"], "U32"),
        group=np.array(["g", "g", "h", "h"], "U32"),
        event_type=np.array(["background", "deep", "background", "deep"], "U32"),
        classes=np.array(["background", "event"], "U32"),
        frequency_hz=hertz,
        time_s=seconds,
        front_end=np.array(json.dumps(small_front_end.to_dict())),
    )


def test_it_comes_back_as_it_was(tmp_path: Path, made: Dataset, small_front_end: FrontEnd) -> None:
    """Every array with its type, the front end too, and nothing pickled."""
    save(tmp_path / "d.npz", made)
    found = load(tmp_path / "d.npz")
    for name, array in made._asdict().items():
        np.testing.assert_array_equal(getattr(found, name), array, strict=True)
    assert found.made_by() == small_front_end


def test_the_same_content_gives_the_same_bytes(tmp_path: Path, made: Dataset) -> None:
    """And other content others."""
    save(tmp_path / "1.npz", made)
    save(tmp_path / "2.npz", made)
    save(tmp_path / "3.npz", made._replace(X_spec=made.X_spec + 1))
    one, two, three = ((tmp_path / f"{n}.npz").read_bytes() for n in (1, 2, 3))
    assert one == two != three


def test_rows_that_do_not_belong_together_are_not_written(tmp_path: Path, made: Dataset) -> None:
    """The array that is short is named; no file is left."""
    with pytest.raises(ValueError, match="group has 3 rows, y_all 4"):
        save(tmp_path / "d.npz", made._replace(group=made.group[:3]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["targets", "band_hz", "annotation", "start_s"])
def test_every_array_of_windows_has_a_row_for_each(
    tmp_path: Path, made: Dataset, name: str
) -> None:
    """The axes and the classes have not."""
    with pytest.raises(ValueError, match=f"{name} has 2 rows, y_all 4"):
        save(tmp_path / "d.npz", made._replace(**{name: getattr(made, name)[:2]}))
    save(tmp_path / "d.npz", made._replace(classes=np.array(["a", "b", "c"])))


def test_a_nan_is_refused(tmp_path: Path, made: Dataset) -> None:
    """It would spoil every weight of a network without a word."""
    made.X_spec[2, 3, 1, 0] = np.nan
    save(tmp_path / "d.npz", made)
    with pytest.raises(DataError, match=r"d\.npz holds NaN.*stage npz"):
        load(tmp_path / "d.npz")


def test_files_that_are_no_data_set_are_named(tmp_path: Path, made: Dataset) -> None:
    """Missing, no archive, an archive of something else, one that lacks an array, cut off."""
    with pytest.raises(DataError, match=r"gone\.npz does not exist: run the stage npz"):
        load(tmp_path / "gone.npz")
    path = tmp_path / "bad.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"bad\.npz is not a data set"):
        load(path)
    np.savez(path, X_spec=made.X_spec)
    with pytest.raises(DataError, match=r"bad\.npz is not a data set .*y_all.*run the stage npz"):
        load(path)


def test_a_data_set_that_was_cut_off_is_named(tmp_path: Path, made: Dataset) -> None:
    """An archive without its end is no archive."""
    path = tmp_path / "cut.npz"
    save(path, made)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"cut\.npz is not a data set"):
        load(path)


def test_a_data_set_with_a_damaged_array_is_named(tmp_path: Path, made: Dataset) -> None:
    """Bytes changed inside the archive fail its check sum."""
    path = tmp_path / "bad.npz"
    save(path, made)
    with zipfile.ZipFile(path) as archive:
        middle = archive.getinfo("X_spec.npy").compress_size // 2
    content = bytearray(path.read_bytes())
    content[middle : middle + 20] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.npz is not a data set"):
        load(path)


def test_a_single_array_is_no_data_set(tmp_path: Path) -> None:
    """An .npy under the name of an .npz."""
    path = tmp_path / "one.npz"
    with open(path, "wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(DataError, match=r"one\.npz is not a data set"):
        load(path)


def test_an_event_is_labelled_with_all_its_windows(made: Dataset) -> None:
    """Background window by window."""
    both = made._replace(annotation=np.array(["", "e1", "", "e1"], "U32"))
    assert both.labelled_at_once.tolist() == ["a", "e1", "c", "e1"]
