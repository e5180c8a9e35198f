"""Where the time of a run went: each stage leaves a line, `python -m rarewave times` reads them."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    LEDGER.parent.mkdir(exist_ok=True)
    with open(LEDGER, "a", encoding="utf-8") as ledger:
        ledger.write(json.dumps(line) + "\n")


def _command(process: object) -> list[str]:
    import psutil

    try:
        return process.cmdline()[:3]  # type: ignore[attr-defined]
    except psutil.Error:
        return []


def last_run(ledger: Path = LEDGER) -> list[dict[str, float | str]]:
    """Seconds per stage of the last run: starts and imports, work, MLflow, and DVC before it."""
    try:
        lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    except FileNotFoundError:
        return []
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
