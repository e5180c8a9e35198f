"""Scores that a scan goes on with are those that were written."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rarewave.detection import checksums


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6), st.data())
def test_a_byte_that_changed_is_noticed(steps: list[bytes], data: st.DataObject) -> None:
    """All steps before it are intact; what is cut there can be gone on with."""
    import tempfile

    path = Path(tempfile.mkdtemp()) / "0.f32"
    for step in steps:
        checksums.append(path, step)
    whole = b"".join(steps)
    assert checksums.intact(path) == len(whole) == path.stat().st_size
    at = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    ends = [len(b"".join(steps[: n + 1])) for n in range(len(steps))]
    good = max([end for end in ends if end <= at], default=0)
    assert checksums.intact(path) == good
    size = data.draw(st.integers(0, good))
    checksums.cut(path, size)
    checksums.append(path, b"more")
    assert path.read_bytes() == whole[:size] + b"more"
    assert checksums.intact(path) == size + 4


def test_a_file_of_someone_else_is_not_gone_on_with(tmp_path: Path) -> None:
    """Without its sums, or shorter than they say, nothing is known of it."""
    path = tmp_path / "0.f32"
    path.write_bytes(b"12345678")
    assert checksums.intact(path) == 0
    checksums.cut(path, 0)
    checksums.append(path, b"12345678")
    path.write_bytes(b"1234")
    assert checksums.intact(path) == 0
    assert checksums.intact(tmp_path / "none.f32") == 0
