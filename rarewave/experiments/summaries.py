"""The evaluation as text."""

import io
import textwrap
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, text_of
from rarewave.base.notices import of_metrics
from rarewave.metrics.comparison import HEADLINE, SHOWN

FEW = 5  # groups


def table(path: Path) -> str:
    """Detectors side by side with 95 % intervals, from the table that evaluate writes."""
    content = text_of(path, "run dvc repro")
    try:
        found = pd.read_csv(io.StringIO(content), dtype={"detector": str, "metric": str})
        numbers = found[["value", "low", "high", "units"]].astype(float)
        found = found[["detector", "metric"]].assign(**dict(numbers.items()))
    except (KeyError, ValueError) as error:
        raise DataError(f"{path} is no table of scores ({error}): run the stage evaluate") from None
    if not len(found) or found.duplicated(["detector", "metric"]).any():
        raise DataError(f"{path} lacks scores or repeats them: run the stage evaluate")
    return text(found)


def text(found: pd.DataFrame) -> str:
    """A column per detector, a row per metric, from detector, metric, value, low, high and units.

    Scores that rest on one group have no interval; what few groups mean is said below.
    """
    detectors = list(dict.fromkeys(found["detector"]))
    lines = [f"{'':<26}" + "".join(f"{name:<24}" for name in detectors)]
    for metric in dict.fromkeys(name for names in SHOWN.values() for name in names):
        cells = found[found["metric"] == metric].set_index("detector")
        if not len(cells):
            continue
        line = f"{metric:<26}"
        for name in detectors:
            if name not in cells.index:
                line += f"{'-':<24}"
                continue
            value, low, high = cells.loc[name, ["value", "low", "high"]]
            known = f" [{low:.3f}, {high:.3f}]" if low == low else ""
            line += f"{f'{value:.3f}{known}':<24}"
        lines.append(line.rstrip())
    units = int(found["units"][found["metric"].isin(HEADLINE.values())].min())
    if units < FEW:
        lines.append(
            f"The test part rests on {units} group{'s' * (units != 1)} with what is to be found: "
            + ("no interval can be given" if units < 2 else "hence the width of the intervals")
        )
    return "\n".join(lines)


def warnings(folder: Path, stages: Sequence[str], stale: Container[str]) -> str:
    """What the stages found off, from their metrics in `folder`; `stale` ones are marked."""
    lines = []
    for stage in stages:
        path = folder / f"{stage}.json"
        earlier = " (of an earlier state)" if stage in stale else ""
        for notice in of_metrics(read_json(path)) if path.exists() else []:
            lines.append(f"{stage}{earlier}: {notice.says}")
    head = f"\nWarnings: {len(lines) or 'none'}"
    return "\n".join(
        [head, *(textwrap.fill(f"- {line}", 100, subsequent_indent="  ") for line in lines)]
    )


def means(names: list[str], detectors: pd.DataFrame, gains: pd.DataFrame) -> str:
    """Average precision of detectors on several test parts, and the gains, as Markdown."""
    lines = [
        f"| average precision | {' | '.join(names)} | mean [95 %] |",
        f"|---|{'---|' * len(names)}---|",
    ]
    for row in detectors.to_dict("records"):
        cells = " | ".join(f"{value:.3f}" for value in row["parts"])
        mean = f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        lines.append(f"| {row['detector']} | {cells} | {mean} |")
    lines.append("")
    for row in gains.to_dict("records"):
        gain = f"{row['gain']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
        lines.append(f"network - {row['baseline']}: {gain}")
    return "\n".join(lines)


def f1(names: list[str], metrics: list[dict[str, Any]]) -> str:
    """F1 of every detector at its own threshold, from metrics/evaluate.json, as Markdown."""
    lines = [f"| F1 | {' | '.join(names)} | mean |", f"|---|{'---|' * len(names)}---|"]
    numbers = [{name for name in part if _f1(part, name) is not None} for part in metrics]
    shared = [
        name for name in (metrics[0] if metrics else []) if all(name in known for known in numbers)
    ]
    for detector in shared:
        values = [part[detector]["f1"] for part in metrics]
        cells = " | ".join(f"{value:.3f}" for value in values)
        lines.append(f"| {detector} | {cells} | {sum(values) / len(values):.3f} |")
    return "\n".join(lines)


def _f1(part: dict[str, Any], detector: str) -> float | None:
    """The F1 of a detector; None where that name is no detector."""
    found = part[detector].get("f1") if isinstance(part[detector], dict) else None
    return found if isinstance(found, int | float) else None
