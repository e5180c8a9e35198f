"""The tables: their columns are declared here once and checked on writing and reading."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import content_of, whole

Schema = dict[str, str]

# Years that are whole in the resolution of the tables, which is the nanosecond.
FIRST_YEAR, LAST_YEAR = 1678, 2261

RECORDINGS: Schema = {
    "recording_id": "str",
    "path": "str",  # below the folder of recordings, so that no machine's path is in an output
    "channel": "str",
    "start": "datetime64[ns, UTC]",  # NaT where the file does not say
    "sample_rate": "float64",  # Hz
    "n_samples": "int64",
    "group": "str",  # what must not be split
    "content": "str",  # digest of the samples
    "fold": "str",  # given or made, for cross-validation; empty: none
    "labelled": "bool",  # false: nobody has looked, and nothing is learnt from silence
}
EVENTS: Schema = {
    "event_id": "str",
    "recording_id": "str",
    "onset_s": "float64",
    "offset_s": "float64",
    "low_hz": "float64",
    "high_hz": "float64",
    "label": "str",
    "certain": "bool",
    "weak": "bool",  # nobody said when: the times are the recording's own
}
WINDOWS: Schema = {
    "window_id": "str",
    "recording_id": "str",
    "start_s": "float64",
    "duration_s": "float64",
    "start": "datetime64[ns, UTC]",
    "label": "str",  # of the event that fills most of it
    "labels": "list",  # of str: all labels that fill enough of it; background alone: none
    "event_id": "str",
    "low_hz": "float64",  # of that event
    "high_hz": "float64",
    "group": "str",
    "fold": "str",
    "status": "str",  # used, uncertain, unlabelled or gap
    "reason": "str",
    "new_s": "float64",  # recorded seconds that no earlier window of the recording covers
    "row": "int64",  # row of X_spec, -1 where the window is not used
}
WAVEFORMS: Schema = {  # where each recording lies in X_clean
    "recording_id": "str",
    "first": "int64",
    "count": "int64",
}
GAPS: Schema = {  # runs of samples of X_clean that were not recorded, but filled
    "recording_id": "str",
    "start": "int64",  # from the start of the recording
    "stop": "int64",
}
INDEX: Schema = {  # what is known of each row of X_spec
    "row": "int64",
    "window_id": "str",
    "recording_id": "str",
    "start": "datetime64[ns, UTC]",
    "start_s": "float64",
    "duration_s": "float64",
    "group": "str",
    "label": "str",
    "labels": "list",
    "event_id": "str",  # the annotator's row, empty for background
    "low_hz": "float64",
    "high_hz": "float64",
    "content": "str",  # digest of the spectrogram; empty where it is digital silence
    "level_db": "float64",  # mean of the spectrogram
}
SPECTROGRAMS: Schema = {"window_id": "str", "row": "int64"}  # and what is measured of each picture
SPLIT: Schema = {"window_id": "str", "row": "int64", "part": "str"}
ROWS: Schema = {"window_id": "str", "row": "int64"}
SCORES: Schema = {"window_id": "str", "row": "int64", "part": "str"}  # and p_<class> of each class
EVALUATED: Schema = {  # and p_<class>
    "window_id": "str",
    "row": "int64",
    "recording_id": "str",
    "label": "str",
    "labels": "list",
    "unit": "str",  # what the bootstrap draws whole
}
TRUST: Schema = {  # a row for each decision: of a window, of tags for each of a window
    "window_id": "str",
    "row": "int64",
    "part": "str",
    "version": "str",  # network, its first member, or with Monte Carlo dropout
    "name": "str",  # what was decided, of tags the tag
    "kind": "str",  # right, hit, false alarm or miss
    "doubt": "float64",  # probability that it is wrong, at the temperature
    "deviation": "float64",  # of the members' or passes' probability
    "entropy": "float64",  # bits, of their mean
    "mutual_information": "float64",  # bits, what of that is their disagreement
}
OTHERS: Schema = {"detector": "str"}  # before the columns of a table of several detectors
DETECTED: Schema = {
    "recording_id": "str",
    "onset_s": "float64",  # from the start of the recording
    "offset_s": "float64",
    "low_hz": "float64",
    "high_hz": "float64",
    "label": "str",
    "peak": "float64",  # highest score
    "mean": "float64",  # mean score over its windows
    "windows": "int64",
}
RECOVERED: Schema = {  # events put into quiet time, and found_ and without_<detector>
    "kind": "str",
    "source": "str",  # what it was cut out of, or simulated
    "recording_id": "str",
    "onset_s": "float64",  # from the start of the stream
    "offset_s": "float64",  # of its own duration, over which its power is a mean
    "snr_db": "float64",
}
COVERAGE: Schema = {
    "path": "str",
    "recording_id": "str",
    "duration_s": "float64",
    "scored_s": "float64",
    "gap_s": "float64",  # not recorded
    "silent_s": "float64",  # recorded, but left out as silence
    "unscored_s": "float64",  # recorded, but too near to gaps or silence for any window
    "short_s": "float64",  # of recordings shorter than a window
    "unreadable_s": "float64",
    "problem": "str",
}


# What numbers of a table that is read may be, from and to; frequencies may be unknown.
_FAR = 1e12
_NUMBERS = {
    "sample_rate": (1e-9, _FAR),
    "duration_s": (1e-9, _FAR),
    "onset_s": (-_FAR, _FAR),
    "offset_s": (-_FAR, _FAR),
} | dict.fromkeys(
    ("n_samples", "start_s", "new_s", "first", "count", "low_hz", "high_hz"), (0.0, _FAR)
)
_MAY_LACK = ("low_hz", "high_hz")


def with_scores(schema: Schema, classes: Sequence[str]) -> Schema:
    """The schema with a column `p_<class>` for each class."""
    return schema | {f"p_{name}": "float64" for name in classes}


def assign_scores(
    frame: pd.DataFrame, p: NDArray[np.float64], classes: Sequence[str]
) -> pd.DataFrame:
    """The rows with a column `p_<class>` for each column of probabilities (n, classes)."""
    return frame.assign(**{f"p_{name}": p[:, k] for k, name in enumerate(classes)})


def conform(frame: pd.DataFrame, schema: Schema, name: str) -> pd.DataFrame:
    """The columns of `schema`, in its order and types.

    Raises
    ------
    DataError
        A column is missing, or its values do not fit the type.
    """
    missing = [column for column in schema if column not in frame.columns]
    if missing:
        found = ", ".join(map(str, frame.columns))
        raise DataError(f"{name}: no column {', '.join(missing)} (found: {found})")
    try:
        dtypes = frame.dtypes
        other = {column: kind for column, kind in schema.items() if dtypes[column] != kind}
        for column, kind in other.items():
            _refuse_lossy(frame[column], kind)
        plain = {column: kind for column, kind in other.items() if kind != "list"}
        table = frame[list(schema)].reset_index(drop=True)
        table = table.astype(plain) if plain else table
        for column in other.keys() - plain.keys():
            table[column] = pd.Series([list(v) for v in table[column]], dtype=object)
        return table
    except (ValueError, TypeError) as error:
        raise DataError(f"{name}: a column has the wrong type ({error})") from None


def _refuse_lossy(values: pd.Series, kind: str) -> None:
    """Raise ValueError where astype would cut a number, guess a truth or split a word."""
    if kind == "list" and values.map(lambda v: isinstance(v, str | float)).any():
        raise ValueError(f"{values.name} must be lists")
    if kind == "bool" and not values.map(lambda v: isinstance(v, bool | np.bool_)).all():
        raise ValueError(f"{values.name} must be true or false")
    if kind == "int64" and pd.api.types.is_float_dtype(values) and (values % 1 != 0).any():
        raise ValueError(f"{values.name} must be whole numbers")


def refuse_repeated(frame: pd.DataFrame, column: str, path: Path) -> None:
    """Raise `DataError` where a name that must be unique stands in a table twice."""
    again = frame[column][frame[column].duplicated()]
    if len(again):
        raise DataError(
            f"{path}: {column} {again.iloc[0]} stands there twice: run the stage that makes it"
        )


def read_scores(
    path: Path, schema: Schema, windows: pd.Series, events: Sequence[str]
) -> "pd.DataFrame":
    """A table of scores, `detector` in it or not, whose scores of events are all numbers.

    Parameters
    ----------
    windows : the names that window_id may have.
    events : names of which every window has a score, from 0 to 1 where the table is a network's.

    Raises
    ------
    DataError
        As `read_table`; a window stands there twice or is none of `windows`, or a score is none.
    """
    table = read_table(path, schema)
    keys = [name for name in ("detector", "window_id") if name in table]
    if table.duplicated(keys).any():
        again = table["window_id"][table.duplicated(keys)].iloc[0]
        raise DataError(f"{path}: window {again} stands there twice: run the stage that makes it")
    other = table["window_id"][~table["window_id"].isin(windows)]
    if len(other):
        raise DataError(f"{path}: there is no window {other.iloc[0]}: run the stage that makes it")
    for name in events:
        p = table[f"p_{name}"]
        bad = ~np.isfinite(p)
        if "detector" not in table:
            bad |= (p < 0) | (p > 1)
        if bad.any():
            window = table["window_id"][bad].iloc[0]
            raise DataError(
                f"{path}: the score of {name} of window {window} is {p[bad].iloc[0]}, no "
                "probability: run the stage that makes it"
            )
    return table


def write_table(path: Path, frame: pd.DataFrame, schema: Schema) -> None:
    """Write a checked table as parquet, whole or not at all."""
    table = conform(frame, schema, str(path))
    with whole(path) as part:
        table.to_parquet(part, index=False)


def read_table(path: Path, schema: Schema) -> pd.DataFrame:
    """Read a parquet table and check it against its schema."""
    table = conform(parquet_of(content_of(path), str(path)), schema, str(path))
    for column, (low, high) in _NUMBERS.items():
        if column not in schema:
            continue
        values = table[column]
        bad = ~values.between(low, high)
        if column in _MAY_LACK:
            bad &= values.notna()
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"{path}, row {row + 1}: {column} is {values[row]}: run the stage that makes it"
            )
    return table


def parquet_of(content: bytes, name: str) -> pd.DataFrame:
    """The table in bytes of parquet; raises `DataError`. `name` is what messages call it."""
    try:
        return pd.read_parquet(io.BytesIO(content))
    except (OSError, ValueError, NotImplementedError, UnicodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{name} is not a parquet table ({reason}): make it again") from None
