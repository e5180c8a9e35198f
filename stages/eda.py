"""Look at the labelled calls: how many, how long, how broad, how loud, and what they look like."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.base.files import write_csv, write_json
from rarewave.base.parallel import ordered_map
from rarewave.dataset import looks
from rarewave.measurement import calls
from rarewave.measurement.calls import Exploration
from rarewave.measurement.pictures import STATISTICS, named
from rarewave.plots import charts, contact_sheets
from rarewave.recordings.images import is_image
from stages.shared import artifacts, params
from stages.shared.run import run

PLOTS = artifacts.plots("eda")


def main() -> None:
    """Measure every call, summarise, draw."""
    (options,) = params.options("eda", Exploration)
    folder = Path(params.read_section("ingest")["data"])
    listed = artifacts.recordings()
    events = artifacts.events(listed)
    rows = [row for row in listed.to_dict("records") if not is_image(Path(row["path"]))]
    work = partial(looks.explore, folder=folder, events=events, options=options)
    table = pd.DataFrame([call for found in ordered_map(work, rows, "eda") for call in found])
    if not len(table):
        write_json(artifacts.metrics("eda"), {"calls": 0})
        write_csv(PLOTS / "classes.csv", [{"label": "none", "calls": 0}])
        print("no labelled call has an end, or all are on pictures: nothing to look at")
        return
    classes = calls.summary(table)
    write_csv(PLOTS / "calls.csv", table.to_dict("records"))
    write_csv(PLOTS / "classes.csv", classes.to_dict("records"))
    write_json(
        artifacts.metrics("eda"),
        {"calls": len(table)} | {"classes": classes.set_index("label").to_dict("index")},
    )
    rng = np.random.Generator(np.random.PCG64(options.seed))
    by_name = {row["recording_id"]: row for row in rows}
    sheet = {}
    certain = events[events["certain"]]
    top = 1.5 * certain["high_hz"].max() if certain["high_hz"].notna().any() else np.inf
    for label, mine in certain.groupby("label"):
        picked = mine.iloc[rng.permutation(len(mine))[: options.examples]]
        sheet[str(label)] = [
            looks.example(event, by_name[event["recording_id"]], folder, options.n_fft, top)
            for event in picked.to_dict("records")
        ]
    contact_sheets.examples(PLOTS / "contact_sheet.png", sheet, "Labelled calls, drawn at random")
    contact_sheets.distributions(PLOTS / "calls.png", table, "Labelled calls")
    columns = {name: named(name) for name in STATISTICS}
    title = "Spectrograms of labelled calls"
    contact_sheets.distributions(PLOTS / "statistics.png", table, title, columns)
    counts = pd.crosstab(table["recording_id"], table["label"])
    counts = counts.reindex(listed["recording_id"], fill_value=0)
    groups = listed.set_index("recording_id")["group"]
    charts.stacked_bars(
        PLOTS / "recordings.png", counts, "Calls per recording", "calls", groups=groups
    )


if __name__ == "__main__":
    run("eda", main)
