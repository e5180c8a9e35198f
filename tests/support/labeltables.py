"""What the tests of label files share: real files, plain readings of them, drawn events."""

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import strategies as st

from rarewave.annotations import table
from support.places import SHARED

DATA = SHARED / "data"


def data(name: str) -> Path:
    """Real label files, where this machine has them."""
    if not (DATA / name).exists():
        pytest.skip(f"no real label files: {DATA / name} does not exist")
    return DATA / name


def written(tmp_path: Path, text: str, name: str = "labels.txt") -> Path:
    """A label file of that content."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def raw_cells(path: Path) -> list[list[str]]:
    """Cells of a tab-separated file, line by line, read in the plainest way."""
    return [line.split("\t") for line in path.read_bytes().decode().split("\n") if line.strip()]


def check_types(found: pd.DataFrame) -> None:
    """The columns of the common table in their order and types, rows or none."""
    assert list(found.columns) == table.COLUMNS
    assert {name: str(kind) for name, kind in found.dtypes.items()} == table.SCHEMA
    assert list(found.index) == list(range(len(found)))


# What people write as labels; what no label file can hold is tested by name.
signs = st.characters(
    exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufffe\uffff"
)
labels = (
    st.text(signs, min_size=1, max_size=12)
    .filter(lambda text: text == text.strip() and text != "background")
    .map(str)
)
ODD_LABELS = [
    "Zaunkönig",
    "song, 2nd",
    "a  b",
    '"',
    '"a" b',
    "1.5",
    "\\",
    "nan",
    "鳥",
    "#x",
    "'",
    ";",
]
seconds = st.floats(0, 1e7, allow_subnormal=False)
hertz = st.one_of(st.just(math.nan), st.floats(0, 5e5, allow_subnormal=False))


@st.composite
def event_tables(draw: st.DrawFn, files: tuple[str, ...] = ("",)) -> pd.DataFrame:
    """Events of these files, with and without frequencies, in no order; perhaps none."""
    rows = []
    for _ in range(draw(st.integers(0, 5))):
        times = sorted(draw(st.tuples(seconds, seconds)))
        low, high = draw(hertz), draw(hertz)
        if low > high:
            low, high = high, low
        rows.append(
            {
                "file": draw(st.sampled_from(files)),
                "onset_s": times[0],
                "offset_s": max(times[1], times[0] + 1e-3),
                "low_hz": low,
                "high_hz": high,
                "label": draw(st.one_of(labels, st.sampled_from(ODD_LABELS))),
                "channel": draw(st.integers(1, 9)),
            }
        )
    columns = ["file", "onset_s", "offset_s", "low_hz", "high_hz", "label", "channel"]
    return pd.DataFrame(rows, columns=columns)


def same(found: pd.DataFrame, events: pd.DataFrame, columns: list[str]) -> None:
    """Equal values in those columns, NaN being equal to NaN."""
    check_types(found)
    assert len(found) == len(events)
    for name in columns:
        for one, two in zip(found[name], events[name], strict=True):
            assert one == two or (one != one and two != two), name
