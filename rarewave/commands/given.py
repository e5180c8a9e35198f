"""What score and embed are given: a model, and recordings each of which stands for itself."""

import argparse
from pathlib import Path

from rarewave.base.errors import DataError
from rarewave.commands.channels import channel_of
from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser, out: str) -> None:
    """Model, recordings, and how they are read; `out` says what `--out` is."""
    parser.add_argument("model", help="as for detect")
    parser.add_argument("recordings", nargs="+", type=path, help="files, or folders of them")
    parser.add_argument("--out", type=path, required=True, metavar="TABLE", help=out)
    parser.add_argument("--channel", type=channel_of, help="as for detect")
    parser.add_argument("--start-pattern", metavar="PATTERN", help="as for detect")
    parser.add_argument("--any-level", action="store_true", help="as for detect")


def refuse_out(out: Path) -> None:
    """Raise `DataError` where a table has no known ending, or would be written over."""
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise DataError(f"--out {out} is no table: let it end in .csv or .parquet")
    if out.exists():
        raise DataError(f"{out} is there already: name another --out, or delete it")
