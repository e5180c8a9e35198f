"""Paths as they are given on the command line."""

import argparse
from pathlib import Path


def path(text: str) -> Path:
    """A path; an empty text, which would be the working folder, is a slip."""
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no path: a variable may be empty")
    return Path(text)
