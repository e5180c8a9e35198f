"""Deal the windows to train, validation and test, and prove that nothing leaks."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_csv, write_json
from rarewave.base.notices import listed
from rarewave.base.tables import SPLIT, write_table
from rarewave.base.tasks import BACKGROUND, Task
from rarewave.frontend.transform import FrontEnd
from rarewave.measurement import drift, pictures
from rarewave.plots import charts, distributions
from rarewave.splits import notices
from rarewave.splits.audit import audit
from rarewave.splits.near_duplicates import near_duplicates
from rarewave.splits.parts import PARTS, PURGED, Split
from rarewave.splits.split import split
from stages.shared import artifacts, params
from stages.shared.run import run


def main() -> None:
    """Split, audit, write."""
    (options,) = params.options("split", Split)
    by = params.read_section("ingest")["group"]
    if options.clock == "group" and by not in ("station", "folder", "given", "name"):
        raise DataError(
            f"split.clock is group, and ingest.group is {by}: groups of one recorder follow one "
            "another in time; that is for station, folder, given or name"
        )
    windows = artifacts.used_windows()
    index = artifacts.index(windows["window_id"])
    content = index["content"].to_numpy("U")
    if not len(windows):
        nothing_to_deal(windows)
        return
    task = Task.from_dict(artifacts.about_clean()["task"])
    front_end = FrontEnd.from_dict(read_json(artifacts.FRONT_END))
    names = pictures.names_of(front_end)
    measured = artifacts.statistics(windows["window_id"], names)
    part = split(windows, options, task.kind == "tags")
    proof = audit(windows, part, content, options)
    rate, copies = front_end.clean.sample_rate_hz, []
    if not front_end.spectrogram.is_picture:  # those of different sounds have much in common
        copies = near_duplicates(windows, part, *artifacts.cleaned(windows), rate)
    proof["near_duplicates"] = len(copies)
    if proof["groups_of_training_and_test"]:
        print(
            f"this split leaks: {proof['test_windows_of_a_training_group']:.0%} of the test "
            f"windows are of a group that training knows ({proof['groups_of_training_and_test']} "
            "groups)"
        )
    write_table(artifacts.SPLIT_TABLE, windows.assign(part=part), SPLIT)
    event = windows["label"] != BACKGROUND
    summary = {
        name: {
            "windows": int((part == name).sum()),
            "events": int((event & (part == name)).sum()),
            "groups": int(windows["group"][part == name].nunique()),
            "event_share": float(event[part == name].mean()),
        }
        for name in PARTS
    }
    summary["purged"] = {"windows": int((part == PURGED).sum())}
    off = notices.copied(copies) + notices.few_examples(task, windows, part)
    off += notices.unlike_training(task, windows, part, index["level_db"].to_numpy())
    told: dict[str, object] = {"near_duplicates": [copy._asdict() for copy in copies]}
    told["drift"] = drift_of_parts(measured, windows["recording_id"].to_numpy("U"), part)
    write_json(artifacts.metrics("split"), summary | {"audit": proof} | told | listed(off))
    counts = pd.crosstab(part, windows["label"])
    rows = [
        {"part": str(name), "label": str(label), "windows": int(counts.loc[name, label])}
        for name in counts.index
        for label in counts.columns
    ]
    write_csv(artifacts.plots("split") / "parts.csv", rows)
    bars = pd.crosstab(windows["group"], part)
    bars = bars[[name for name in (*PARTS, PURGED) if name in bars]]
    path = artifacts.plots("split") / "parts.png"
    charts.stacked_bars(path, bars, "Windows per group and part", "windows", thing="group")


def drift_of_parts(
    measured: pd.DataFrame, recording: NDArray[np.str_], part: NDArray[np.str_]
) -> dict[str, Any]:
    """How far the spectrograms of each part lie from those of training: a table and a picture.

    Parameters
    ----------
    measured : a column for each statistic; `recording` and `part` are of its rows.
    """
    names, values = list(measured), measured.to_numpy()
    groups = {name: values[part == name] for name in PARTS if (part == name).any()}
    path, title = artifacts.plots("split") / "statistics.png", "Spectrograms of each part"
    distributions.panels(path, names, groups, title)
    found, rows = {}, []
    for name in groups:
        if name == "train" or "train" not in groups:
            continue
        mine = [(values[part == k], recording[part == k]) for k in ("train", name)]
        table = drift.compare(names, *mine[0], *mine[1])
        rows += table.assign(part=name).to_dict("records")
        large = int((table["size"] == "large").sum())
        counts = [len(np.unique(names_of)) for _, names_of in mine]
        found[name] = {
            "statistics": len(table),
            "differ": int(table["differs"].sum()),
            "large": large,
            "says": drift.said(table, *counts),
        }
    if rows:
        write_csv(path.with_suffix(".csv"), rows)
    return found


def nothing_to_deal(windows: pd.DataFrame) -> None:
    """What is written where nobody has labelled anything (`ingest.labels: none`)."""
    print("nothing is labelled: there are no parts, and pretraining sees all that is not held out")
    write_table(artifacts.SPLIT_TABLE, windows.assign(part=""), SPLIT)
    none = {"windows": 0, "events": 0, "groups": 0}
    write_json(artifacts.metrics("split"), dict.fromkeys(PARTS, none))
    none_of = {"part": "train", "label": "none", "windows": 0}
    write_csv(artifacts.plots("split") / "parts.csv", [none_of])


if __name__ == "__main__":
    run("split", main)
