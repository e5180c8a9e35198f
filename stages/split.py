"""Deal the windows to train, validation and test, and prove that nothing leaks."""

from pathlib import Path

import pandas as pd

from rarewave.base.classes import BACKGROUND
from rarewave.base.files import write_csv, write_json
from rarewave.base.tables import SPLIT, WINDOWS, read_table, write_table
from rarewave.dataset import archive
from rarewave.plots import charts
from rarewave.splits import audit, parts, split
from rarewave.splits.parts import Split
from stages import common


def main() -> None:
    """Split, audit, write."""
    (options,) = common.options("split", Split)
    windows = read_table(Path("artifacts/clean/windows.parquet"), WINDOWS)
    windows = windows[windows["row"] >= 0].sort_values("row").reset_index(drop=True)
    X = archive.load(Path("artifacts/npz/lunar_spectrogram_dataset.npz")).X_spec
    part = split.split(windows, options)
    proof = audit.audit(windows, part, X, options)
    if proof["groups_of_training_and_test"]:
        print(
            f"this split leaks: {proof['test_windows_of_a_training_group']:.0%} of the test "
            f"windows are of a group that training knows ({proof['groups_of_training_and_test']} "
            "groups)"
        )
    write_table(Path("artifacts/split/split.parquet"), windows.assign(part=part), SPLIT)
    event = windows["label"] != BACKGROUND
    summary = {
        name: {
            "windows": int((part == name).sum()),
            "events": int((event & (part == name)).sum()),
            "groups": int(windows["group"][part == name].nunique()),
            "event_share": float(event[part == name].mean()),
        }
        for name in parts.PARTS
    }
    summary["purged"] = {"windows": int((part == parts.PURGED).sum())}
    write_json(Path("metrics/split.json"), summary | {"audit": proof})
    counts = pd.crosstab(part, windows["label"])
    write_csv(
        Path("plots/split/parts.csv"),
        [
            {
                "part": str(name),
                "label": str(label),
                "windows": int(counts.loc[name, label]),
            }
            for name in counts.index
            for label in counts.columns
        ],
    )
    charts.stacked_bars(
        Path("plots/split/parts.png"),
        pd.crosstab(windows["group"], part),
        "Windows per group and part",
        "windows",
    )


if __name__ == "__main__":
    common.run("split", main)
