"""Which class two runs give to the same labelled events, whatever windows each was made with.

`python -m tools.told_events PROJECT OTHER`: two folders of this project, `dvc repro` done in both.
Events are those of recordings that both hold out for testing. A run tells the class whose
probability is highest, in the mean over the windows that an event fills most of, or that its
middle lies in where it is shorter than a window.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score

from rarewave.base.tasks import BACKGROUND
from stages.shared import artifacts

Event = tuple[str, float, float, str]


def told(project: Path) -> dict[Event, str]:
    """The class that a run gives to each certain event of its test part."""
    events = pd.read_parquet(project / artifacts.EVENTS)
    windows = pd.read_parquet(project / artifacts.WINDOWS_TABLE)
    scores = pd.read_parquet(project / artifacts.EXAMPLES)
    table = scores.merge(windows[["window_id", "start_s", "duration_s"]], on="window_id")
    table["end_s"] = table["start_s"] + table["duration_s"]
    classes = [c for c in table if c.startswith("p_") and c != f"p_{BACKGROUND}"]
    of = dict(list(table.groupby("recording_id")))
    found: dict[Event, str] = {}
    for event in events[events["certain"]].itertuples():
        if event.recording_id not in of:
            continue
        mine = of[event.recording_id]
        shared = np.minimum(mine["end_s"], event.offset_s) - np.maximum(
            mine["start_s"], event.onset_s
        )
        inside = mine[shared > 0.5 * mine["duration_s"]]
        if not len(inside):
            middle = (event.onset_s + event.offset_s) / 2
            away = (mine["start_s"] + mine["duration_s"] / 2 - middle).abs()
            inside = mine[(away == away.min()) & (away <= mine["duration_s"] / 2)]
        if len(inside):
            name = str(inside[classes].mean().idxmax()).removeprefix("p_")
            key = (event.recording_id, round(event.onset_s, 4), round(event.offset_s, 4))
            found[*key, event.label] = name
    return found


def main() -> None:
    """Print accuracy and macro F1 of both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("projects", nargs=2, type=Path, metavar="PROJECT")
    projects = parser.parse_args().projects
    runs = [told(project) for project in projects]
    shared = sorted(runs[0].keys() & runs[1].keys())
    if not shared:
        parser.error("no labelled event is in the test parts of both")
    actual = [event[-1] for event in shared]
    print(
        f"{len(shared)} events of {len(set(actual))} classes, {len({e[0] for e in shared})} files"
    )
    for project, run in zip(projects, runs, strict=True):
        said = [run[event] for event in shared]
        macro = f1_score(actual, said, average="macro", labels=sorted(set(actual)), zero_division=0)
        print(f"{project}: accuracy {accuracy_score(actual, said):.3f}, macro F1 {macro:.3f}")


if __name__ == "__main__":
    main()
