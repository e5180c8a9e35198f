"""Tables written piece by piece, so that memory stays flat: csv or parquet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from rarewave.base.files import whole
from rarewave.base.tables import Schema, conform


@contextmanager
def growing(path: Path, schema: Schema) -> Iterator[Callable[[pd.DataFrame], None]]:
    """What adds rows to a table, which is written whole or not at all.

    It is csv where the path ends in that, else parquet, in which all rows that are added at once
    are a row group.

    Raises
    ------
    DataError
        It cannot be written, or rows do not fit.
    """
    with whole(path) as part:
        if path.suffix.lower() == ".csv":
            with open(part, "w", encoding="utf-8", newline="") as out:
                pd.DataFrame(columns=list(schema)).to_csv(out, index=False, lineterminator="\n")
                yield lambda rows: conform(rows, schema, str(path)).to_csv(
                    out, index=False, header=False, lineterminator="\n"
                )
            return
        import pyarrow
        from pyarrow import parquet

        empty = conform(pd.DataFrame(columns=list(schema)), schema, str(path))
        kinds = {"str": pyarrow.string(), "datetime64[ns, UTC]": pyarrow.timestamp("ns", "UTC")}
        columns = pyarrow.schema(
            [
                (n, kinds.get(k) or pyarrow.from_numpy_dtype(empty[n].dtype))
                for n, k in schema.items()
            ]
        )
        with parquet.ParquetWriter(part, columns) as writer:
            yield lambda rows: writer.write_table(
                pyarrow.Table.from_pandas(
                    conform(rows, schema, str(path)), columns, preserve_index=False
                )
            )
