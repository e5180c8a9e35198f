"""What a stage says where something is off: a number, what follows from it and what to do.

A room that knows a trouble tells of it in its `notices.py`; a stage writes what it is told into
its metrics, from where the terminal, MLflow and `python -m rarewave summary` have it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

WARNINGS = "warnings"  # of a file of metrics


class Notice(NamedTuple):
    """One trouble."""

    key: str  # the same for ever: what a tag of MLflow is called
    value: float
    says: str  # number, consequence and remedy


def listed(notices: Iterable[Notice]) -> dict[str, list[dict[str, Any]]]:
    """The entry of a file of metrics, empty where nothing is off."""
    return {WARNINGS: [notice._asdict() for notice in notices]}


def of_metrics(content: Any) -> list[Notice]:
    """The notices in a file of metrics; none where it has no such entry or it is of other form."""
    found = content.get(WARNINGS) if isinstance(content, Mapping) else None
    rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    return [
        Notice(*(row[f] for f in Notice._fields)) for row in rows if {*Notice._fields} <= {*row}
    ]


def some(names: Sequence[str], most: int = 5) -> str:
    """Names in a row, the first few where there are many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
