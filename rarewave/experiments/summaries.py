"""The evaluation as text."""

import io
import textwrap
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, text_of
from rarewave.base.notices import of_metrics
from rarewave.base.tasks import Kind
from rarewave.metrics.comparison import HEADLINE, MAJORITY, NETWORK, SHOWN

FEW = 5  # groups


def read(path: Path) -> pd.DataFrame:
    """The table that evaluate writes: detector, metric, value, low, high and units.

    Raises
    ------
    DataError
        There is none, or it is none.
    """
    content = text_of(path, "run dvc repro")
    try:
        found = pd.read_csv(io.StringIO(content), dtype={"detector": str, "metric": str})
        numbers = found[["value", "low", "high", "units"]].astype(float)
        found = found[["detector", "metric"]].assign(**dict(numbers.items()))
    except (KeyError, ValueError) as error:
        raise DataError(f"{path} is no table of scores ({error}): run the stage evaluate") from None
    if not len(found) or found.duplicated(["detector", "metric"]).any():
        raise DataError(f"{path} lacks scores or repeats them: run the stage evaluate")
    return found


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


def headline(kind: Kind, evaluated: pd.DataFrame, events: Mapping[str, float]) -> dict[str, Any]:
    """Eight numbers that say how a run went.

    Parameters
    ----------
    evaluated : what `read` gives.
    events : scores of the network's events over all classes, of `judging.metrics`.

    Returns
    -------
    The score of the network that this kind of task is judged by, under its name, with the ends of
    its interval as `low` and `high`; `gain` in it over the best baseline; `groups` that it rests
    on; and of events on whole recordings `event_f1` (the mean over classes), `event_recall` and
    `false_alarms_per_hour`. What is not known is NaN.
    """
    scores = evaluated[evaluated["metric"] == HEADLINE[kind]].set_index("detector")
    mine, others = scores.loc[NETWORK], scores["value"].drop([NETWORK, MAJORITY], errors="ignore")
    return {
        HEADLINE[kind]: mine["value"],
        "low": mine["low"],
        "high": mine["high"],
        "gain": mine["value"] - others.max(),
        "groups": int(mine["units"]),
        "event_f1": events["macro_f1"],
        "event_recall": events["recall"],
        "false_alarms_per_hour": events["false_alarms_per_hour"],
    }


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
