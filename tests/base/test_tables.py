"""Tables keep their schema through a file, and refuse what does not fit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rarewave.base import tables
from rarewave.base.errors import DataError


def recordings() -> pd.DataFrame:
    """Two recordings, one without a start, columns in another order."""
    return pd.DataFrame(
        {
            "content": ["aa", "bb"],
            "group": ["1971-04-08", "none"],
            "n_samples": [10, 20],
            "sample_rate": [6.625, 100.0],
            "start": [pd.Timestamp("1971-04-08T00:00:01.000001", tz="UTC"), pd.NaT],
            "channel": ["XA.S12.00.MHZ", "..."],
            "path": ["a/b.mseed", "ü.wav"],
            "recording_id": ["b", "ü"],
            "fold": ["", "3"],
            "labelled": [True, False],
            "extra": [1, 2],
        }
    )


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Columns, order, types, times to the nanosecond; what is not in the schema is left out."""
    path = tmp_path / "t.parquet"
    tables.write_table(path, recordings(), tables.RECORDINGS)
    found = tables.read_table(path, tables.RECORDINGS)
    assert list(found.columns) == list(tables.RECORDINGS)
    wanted = recordings()[list(tables.RECORDINGS)].astype({"start": "datetime64[ns, UTC]"})
    pd.testing.assert_frame_equal(found, wanted.astype(tables.RECORDINGS))
    assert str(found["start"].dtype) == "datetime64[ns, UTC]"


def test_the_same_table_has_the_same_bytes(tmp_path: Path) -> None:
    """Whatever its index and order of columns."""
    shuffled = recordings()[sorted(recordings().columns)].set_index(pd.Index([7, 3]))
    for name, frame in (("a", recordings()), ("b", shuffled)):
        tables.write_table(tmp_path / name, frame, tables.RECORDINGS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_empty_table_keeps_its_types(tmp_path: Path) -> None:
    """An archive without events is a table without rows, not a failure."""
    path = tmp_path / "events.parquet"
    tables.write_table(path, pd.DataFrame(columns=list(tables.EVENTS)), tables.EVENTS)
    found = tables.read_table(path, tables.EVENTS)
    assert len(found) == 0
    assert found.dtypes.astype(str).to_dict() == tables.EVENTS


def test_scores_have_a_column_for_each_class(tmp_path: Path) -> None:
    """p_ and its name, behind the columns that every such table has; all of them numbers."""
    classes = ["background", "Rupe A", "ü"]
    schema = tables.with_scores(tables.SCORES, classes)
    assert list(schema)[-3:] == ["p_background", "p_Rupe A", "p_ü"]
    assert tables.with_scores(tables.SCORES, []) == tables.SCORES
    frame = pd.DataFrame({"window_id": ["w"], "row": [3], "part": ["test"]})
    scored = frame.assign(**{"p_background": 0.25, "p_Rupe A": 1, "p_ü": 0.5})
    tables.write_table(tmp_path / "s.parquet", scored, schema)
    found = tables.read_table(tmp_path / "s.parquet", schema)
    assert found.to_dict("records") == [
        {"window_id": "w", "row": 3, "part": "test", "p_background": 0.25, "p_Rupe A": 1.0,
         "p_ü": 0.5},
    ]  # fmt: skip
    with pytest.raises(DataError, match=r"no column p_Rupe B"):
        tables.read_table(tmp_path / "s.parquet", tables.with_scores(schema, ["Rupe B"]))


def test_a_missing_column_is_named_with_those_found() -> None:
    """The message names the table, the column, and what there is."""
    frame = recordings().drop(columns=["channel", "group"])
    with pytest.raises(DataError, match=r"mine: no column channel, group \(found: content, n_samp"):
        tables.conform(frame, tables.RECORDINGS, "mine")


@pytest.mark.parametrize(
    ("column", "value"), [("n_samples", np.nan), ("sample_rate", "fast"), ("start", "noon")]
)
def test_a_value_that_cannot_be_of_its_type_is_refused(column: str, value: object) -> None:
    """The message names the table."""
    frame = recordings().astype({column: object})
    frame.loc[0, column] = value
    with pytest.raises(DataError, match="mine: a column has the wrong type"):
        tables.conform(frame, tables.RECORDINGS, "mine")


def test_a_broken_whole_number_is_refused() -> None:
    """Half a sample is an error, not none."""
    frame = recordings().assign(n_samples=[10.5, 20.0])
    with pytest.raises(DataError, match="mine"):
        tables.conform(frame, tables.RECORDINGS, "mine")


@pytest.mark.parametrize("value", [None, np.nan, "False", 2])
def test_a_truth_that_is_none_is_refused(value: object) -> None:
    """`certain` decides what is scored: a guess at it would be silent."""
    frame = pd.DataFrame(
        {
            "event_id": ["e"], "recording_id": ["r"], "onset_s": [0.0], "offset_s": [1.0],
            "low_hz": [np.nan], "high_hz": [np.nan], "label": ["x"],
            "certain": pd.Series([value], dtype=object),
        }
    )  # fmt: skip
    with pytest.raises(DataError, match="mine"):
        tables.conform(frame, tables.EVENTS, "mine")


def test_a_file_that_is_missing_or_no_parquet_is_named(tmp_path: Path) -> None:
    """Both messages name the file."""
    with pytest.raises(DataError, match=r"gone\.parquet does not exist: run the stage"):
        tables.read_table(tmp_path / "gone.parquet", tables.SPLIT)
    path = tmp_path / "bad.parquet"
    path.write_bytes(b"no parquet at all")
    with pytest.raises(DataError, match=r"bad\.parquet is not a parquet table"):
        tables.read_table(path, tables.SPLIT)
