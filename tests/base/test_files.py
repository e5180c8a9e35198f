"""Files are whole or not there, and equal content gives equal bytes."""

import errno
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rarewave.base import files
from rarewave.base.errors import DataError

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def part_of(path: Path) -> Path:
    """Where `whole` keeps a file until it is finished."""
    with files.whole(path.with_name("probe")) as part:
        part.touch()
        name = part.name.replace("probe", path.name)
    path.with_name("probe").unlink()
    return path.with_name(name)


def fill_disk(path: Path) -> None:
    """Make the next write of `path` meet a full disk."""
    part_of(path).symlink_to(FULL)


def test_a_file_appears_only_when_its_block_ends(tmp_path: Path) -> None:
    """Before the end of the block the path does not exist; after it nothing else does."""
    path = tmp_path / "new" / "file.txt"
    with files.whole(path) as part:
        part.write_text("x")
        assert not path.exists()
        assert part.parent == path.parent  # a rename there is atomic
    assert path.read_text() == "x"
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


def test_an_exception_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    """A failed write costs nothing that was there."""
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="boom"), files.whole(path) as part:
        part.write_text("half")
        raise RuntimeError("boom")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_plainly(tmp_path: Path, code: int) -> None:
    """No space and no quota become one message that names the file and the fix."""
    path = tmp_path / "file.txt"
    path.write_text("old")
    with (
        pytest.raises(DataError, match=r"disk is full.*file\.txt.*free some space"),
        files.whole(path),
    ):
        raise OSError(code, "no")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_another_system_error_keeps_its_own_words(tmp_path: Path) -> None:
    """Only what a user can mend is translated."""
    with pytest.raises(OSError, match="Input/output"), files.whole(tmp_path / "file"):
        raise OSError(errno.EIO, "Input/output error")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """No right to write, and a file where a folder should be."""
    with pytest.raises(DataError, match="file cannot be written"), files.whole(tmp_path / "file"):
        raise PermissionError(errno.EACCES, "no")
    (tmp_path / "plain").touch()
    with pytest.raises(DataError, match="plain cannot be made"):
        files.write_json(tmp_path / "plain" / "a.json", {})


@needs_full
@pytest.mark.parametrize(
    "write",
    [
        lambda path: files.write_json(path, {"a": 1}),
        lambda path: files.write_csv(path, [{"a": 1.0}]),
        lambda path: files.write_npz(path, {"a": np.zeros(3)}),
        lambda path: files.write_npy(path, np.zeros(3)),
    ],
    ids=["json", "csv", "npz", "npy"],
)
def test_every_writer_reports_a_really_full_disk(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    """ENOSPC from the kernel reaches the user as a DataError; the old file stays."""
    path = tmp_path / "file"
    path.write_text("old")
    fill_disk(path)
    with pytest.raises(DataError, match="disk is full"):
        write(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


@needs_full
@pytest.mark.parametrize(
    "count",
    [
        pytest.param(3, id="at the end"),
        pytest.param(100_000, id="in append"),
    ],
)
def test_rows_appended_to_a_full_disk_are_reported(tmp_path: Path, count: int) -> None:
    """Also where the bytes are still buffered when the last row comes."""
    path = tmp_path / "rows.npy"
    fill_disk(path)
    with (
        pytest.raises(DataError, match="disk is full"),
        files.NpyRows(path, (4,), np.float32) as rows,
    ):
        rows.append(np.zeros((count, 4)))
    assert list(tmp_path.iterdir()) == []


def test_json_is_sorted_and_plain(tmp_path: Path) -> None:
    """Numpy values become numbers, NaN and infinity null, keys sorted."""
    path = tmp_path / "a.json"
    content = {
        "z": np.float32(0.5), "a": np.arange(2), "n": float("nan"), "i": np.inf,
        "b": np.bool_(True), "t": (np.int64(3), None), 7: "x",
    }  # fmt: skip
    files.write_json(path, content)
    assert list(json.loads(path.read_text())) == sorted(["z", "a", "n", "i", "b", "t", "7"])
    assert files.read_json(path) == {
        "z": 0.5, "a": [0, 1], "n": None, "i": None, "b": True, "t": [3, None], "7": "x",
    }  # fmt: skip
    other = tmp_path / "b.json"
    files.write_json(other, dict(reversed(content.items())))
    assert other.read_bytes() == path.read_bytes()


def test_json_that_is_missing_or_broken_names_the_file(tmp_path: Path) -> None:
    """Both messages say what to do."""
    with pytest.raises(DataError, match=r"gone\.json does not exist: run the stage"):
        files.read_json(tmp_path / "gone.json")
    (tmp_path / "bad.json").write_text('{"a": ')
    with pytest.raises(DataError, match=r"bad\.json is not JSON"):
        files.read_json(tmp_path / "bad.json")


def test_csv_has_a_header_and_six_digits(tmp_path: Path) -> None:
    """DVC plots it; more digits would change with the machine."""
    path = tmp_path / "a.csv"
    files.write_csv(path, [{"x": 1 / 3, "n": 2, "k": "a"}, {"x": 1e-9, "n": 3, "k": "b"}])
    assert path.read_text() == "x,n,k\n0.333333,2,a\n1e-09,3,b\n"


def test_npz_has_the_same_bytes_at_any_time(tmp_path: Path) -> None:
    """No date gets in; strings load without pickle, in the order given."""
    arrays = {"z": np.arange(5.0), "a": np.array(["one", "two"], "U8"), "s": np.array("x")}
    files.write_npz(tmp_path / "1.npz", arrays)
    time.sleep(2.1)  # a zip archive counts time in steps of two seconds
    files.write_npz(tmp_path / "2.npz", arrays)
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()
    with np.load(tmp_path / "1.npz", allow_pickle=False) as stored:
        assert stored.files == ["z", "a", "s"]
        for name, array in arrays.items():
            np.testing.assert_array_equal(stored[name], array)


def test_arrays_that_need_pickle_are_refused(tmp_path: Path) -> None:
    """An object array would run code when it is read; nothing is left of the attempt."""
    with pytest.raises(ValueError, match="Object arrays"):
        files.write_npy(tmp_path / "o.npy", np.array([{}], object))
    assert list(tmp_path.iterdir()) == []


@given(
    array=hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int8, np.int64]),
        hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6),
        elements=st.integers(-9, 9),
    ),
    cuts=st.lists(st.integers(0, 6), max_size=3),
)
def test_appended_rows_read_as_the_array_saved_at_once(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, cuts: list[int]
) -> None:
    """However the rows are dealt out; also through a memory map."""
    folder = tmp_path_factory.mktemp("rows")
    with files.NpyRows(folder / "rows.npy", array.shape[1:], array.dtype) as rows:
        for piece in np.split(array, sorted(min(c, len(array)) for c in cuts)):
            rows.append(piece)
    assert rows.count == len(array)
    np.save(folder / "once.npy", array)
    once, found = np.load(folder / "once.npy"), np.load(folder / "rows.npy", allow_pickle=False)
    assert found.dtype == once.dtype
    np.testing.assert_array_equal(found, once, strict=True)
    if array.size:
        mapped = np.load(folder / "rows.npy", mmap_mode="r")
        np.testing.assert_array_equal(mapped, once)


@given(
    rows=st.lists(st.integers(0, 9), max_size=6),
    span=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    shape=st.sampled_from([(), (3,), (2, 2)]),
)
def test_rows_can_be_read_while_more_are_appended(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[int],
    span: tuple[int, int],
    shape: tuple[int, ...],
) -> None:
    """Those appended so far, buffered or not; the file is what it would have been."""
    path = tmp_path_factory.mktemp("read") / "rows.npy"
    rng = np.random.default_rng(0)
    pieces = [rng.standard_normal((count, *shape)).astype(np.float32) for count in rows]
    start, stop = sorted(span)
    everything = np.zeros((0, *shape), np.float32)
    with files.NpyRows(path, shape, np.float32) as appended:
        for piece in pieces:
            appended.append(piece)
            everything = np.concatenate([everything, piece])
            found = appended.read(start, stop)
            np.testing.assert_array_equal(found, everything[start:stop], strict=True)
    np.testing.assert_array_equal(np.load(path), everything, strict=True)


def test_rows_of_another_shape_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    """Also when rows were written before."""
    with (
        pytest.raises(ValueError, match=r"\(3,\), not \(4,\)"),
        files.NpyRows(tmp_path / "rows.npy", (4,), np.float32) as rows,
    ):
        rows.append(np.zeros((2, 4)))
        rows.append(np.zeros((2, 3)))
    assert list(tmp_path.iterdir()) == []
