"""Look at the labelled calls: how many, how long, how broad, how loud, and what they look like."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.base.files import write_csv, write_json
from rarewave.base.parallel import ordered_map
from rarewave.base.tables import EVENTS, RECORDINGS, read_table
from rarewave.measurement import calls
from rarewave.measurement.calls import Exploration
from rarewave.plots import charts, contact_sheets
from rarewave.recordings import reading
from stages import common

PLOTS = Path("plots/eda")


def explore(
    row: dict[str, Any], folder: Path, events: pd.DataFrame, options: Exploration
) -> list[dict[str, Any]]:
    """The calls of one recording."""
    read = partial(reading.read, folder / row["path"], row["channel"])
    mine = events[events["recording_id"] == row["recording_id"]]
    return calls.calls(read, row["sample_rate"], row["n_samples"], mine, options.n_fft)


def example(
    event: dict[str, Any], row: dict[str, Any], folder: Path, n_fft: int, top_hz: float
) -> dict[str, Any]:
    """The spectrogram of one call with half its length on either side."""
    rate, count = row["sample_rate"], row["n_samples"]
    length = (event["offset_s"] - event["onset_s"]) * rate
    middle = (event["offset_s"] + event["onset_s"]) / 2 * rate
    reach = max(length, 8 * n_fft)
    first, last = max(0, int(middle - reach)), min(count, int(middle + reach))
    samples = reading.read(folder / row["path"], row["channel"], first, last)
    hertz = np.fft.rfftfreq(n_fft, 1 / rate)
    power = calls.power(samples, n_fft)[hertz <= top_hz]
    return {
        "db": 10 * np.log10(np.maximum(power, power.max() * 1e-9 + 1e-300)),
        "seconds": (first / rate, last / rate),
        "hertz": (0.0, min(top_hz, rate / 2)),
        "onset_s": event["onset_s"],
        "offset_s": event["offset_s"],
        "name": event["recording_id"],
    }


def main() -> None:
    """Measure every call, summarise, draw."""
    (options,) = common.options("eda", Exploration)
    folder = Path(common.read_section("ingest")["data"])
    listed = read_table(Path("artifacts/ingest/recordings.parquet"), RECORDINGS)
    events = read_table(Path("artifacts/ingest/events.parquet"), EVENTS)
    rows = listed.to_dict("records")
    work = partial(explore, folder=folder, events=events, options=options)
    table = pd.DataFrame([call for found in ordered_map(work, rows, "eda") for call in found])
    if not len(table):
        write_json(Path("metrics/eda.json"), {"calls": 0})
        write_csv(PLOTS / "classes.csv", [{"label": "none", "calls": 0}])
        print("no labelled call has an end: nothing to look at")
        return
    classes = calls.summary(table)
    write_csv(PLOTS / "calls.csv", table.to_dict("records"))
    write_csv(PLOTS / "classes.csv", classes.to_dict("records"))
    write_json(
        Path("metrics/eda.json"),
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
            example(event, by_name[event["recording_id"]], folder, options.n_fft, top)
            for event in picked.to_dict("records")
        ]
    contact_sheets.examples(PLOTS / "contact_sheet.png", sheet, "Labelled calls, drawn at random")
    contact_sheets.distributions(PLOTS / "calls.png", table, "Labelled calls")
    counts = pd.crosstab(table["recording_id"], table["label"])
    counts = counts.reindex(listed["recording_id"], fill_value=0)
    charts.stacked_bars(PLOTS / "recordings.png", counts, "Calls per recording", "calls")


if __name__ == "__main__":
    common.run("eda", main)
