"""Events as a table with types, for pandas, R and databases."""

from pathlib import Path

import pandas as pd

from rarewave.annotations.table import writable
from rarewave.base.files import whole


def write(path: Path, events: pd.DataFrame) -> None:
    """Write all columns of events as parquet: numbers and times of day with their types.

    Raises
    ------
    DataError
        What `table.writable` refuses.
    """
    writable(events, path)
    with whole(path) as part:
        events.to_parquet(part, index=False)
