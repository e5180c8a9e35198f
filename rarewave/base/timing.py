"""Where the time of a run went: each stage leaves a line, `python -m rarewave times` reads them."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rarewave.base.errors import DataError
from rarewave.base.files import content_of, refuse_special

LEDGER = Path(".rarewave/times.jsonl")

_tracking_s = 0.0


@contextmanager
def tracking() -> Iterator[None]:
    """Count the time of the block as MLflow's, imports included."""
    global _tracking_s
    began = time.time()
    try:
        yield
    finally:
        _tracking_s += time.time() - began


def write(stage: str, began: float, work_began: float) -> None:
    """Append this process's times to the ledger; `began` is when its first line ran."""
    import psutil

    parents = [p for p in psutil.Process().parents() if any("dvc" in c for c in _command(p))]
    line = {
        "stage": stage,
        "run": [parents[-1].pid, parents[-1].create_time()] if parents else [os.getpid(), 0.0],
        "began": began,
        "work_began": work_began,
        "ended": time.time(),
        "tracking_s": _tracking_s,
    }
    try:
        LEDGER.parent.mkdir(exist_ok=True)
        refuse_special(LEDGER)
        with open(LEDGER, "a+b") as ledger:
            ledger.seek(max(0, ledger.seek(0, os.SEEK_END) - 1))
            half = ledger.read(1) not in (b"", b"\n")  # a run that was killed there
            ledger.write(b"\n" * half + json.dumps(line).encode() + b"\n")
    except (OSError, DataError) as error:  # the results are written, and that is what counts
        reason = getattr(error, "strerror", None) or error
        print(f"the times of this run were not kept ({LEDGER}: {reason})", file=sys.stderr)


def _command(process: object) -> list[str]:
    import psutil

    try:
        return process.cmdline()[:3]  # type: ignore[attr-defined]
    except psutil.Error:
        return []


def _line(text: bytes) -> dict[str, Any] | None:
    """One line of the ledger, None where it is none."""
    try:
        line = json.loads(text)
        numbers = [line[name] for name in ("began", "work_began", "ended", "tracking_s")]
        pid, made = line["run"]
        good = all(isinstance(v, int | float) for v in (*numbers, pid, made))
        return line if good and isinstance(line["stage"], str) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def last_run(ledger: Path = LEDGER) -> list[dict[str, float | str]]:
    """Seconds per stage of the last run: starts and imports, work, MLflow, and DVC before it.

    Lines that are none, as of a run that was killed while it wrote, are left out and counted.
    """
    if not ledger.exists():
        return []
    texts = content_of(ledger).splitlines()
    read = [_line(text) for text in texts]
    lines = [line for line in read if line is not None]
    if len(lines) < len(texts):
        left = len(texts) - len(lines)
        print(f"{left} of {len(texts)} lines of {ledger} are broken and left out", file=sys.stderr)
    if not lines:
        return []
    lines = [line for line in lines if line["run"] == lines[-1]["run"]]
    rows: list[dict[str, float | str]] = []
    before = lines[0]["run"][1] or lines[0]["began"]
    for line in lines:
        rows.append(
            {
                "stage": line["stage"],
                "work": line["ended"] - line["work_began"] - line["tracking_s"],
                "imports": line["work_began"] - line["began"],
                "MLflow": line["tracking_s"],
                "DVC": max(0.0, line["began"] - before),
            }
        )
        before = line["ended"]
    return rows
