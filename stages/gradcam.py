"""Show what the detector looks at, in its surest hits, false alarms and misses."""

from typing import Any

import numpy as np
import pandas as pd

from rarewave.base.compute import Compute
from rarewave.base.files import write_csv, write_json
from rarewave.base.tables import EVALUATED, read_table, with_scores
from rarewave.dataset.index import Indexed
from rarewave.explanation import cases, gradcam
from rarewave.explanation.cases import Case, Cases
from rarewave.frontend.level import amplitudes
from rarewave.metrics.comparison import NETWORK
from rarewave.model import detector
from rarewave.model.detector import Detector
from rarewave.networks import backend
from rarewave.plots import overlays
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset, samples_of
from stages.shared.run import run


def main() -> None:
    """Choose windows, compute maps, draw, and check the maps against random weights."""
    (options,) = params.options("gradcam", Cases)
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    model, data = detector.load(artifacts.MODEL), dataset()
    names = model.task.names
    scores = read_table(artifacts.EXAMPLES, with_scores(EVALUATED, names))
    rows, p = scores["row"].to_numpy(), scores[[f"p_{name}" for name in names]].to_numpy()
    thresholds = artifacts.thresholds()[NETWORK]
    chosen = cases.surest(model.task, data.y[rows], data.truth[rows], p, thresholds, options.cases)
    picked = rows[[case.window for case in chosen]]
    outputs = np.array([model.task.output_of(case.name) for case in chosen], np.int64)
    if not chosen:
        write_json(artifacts.GRADCAM / "cases.json", [])
        write_json(artifacts.metrics("gradcam"), {"cases": 0})
        artifacts.plots("gradcam").mkdir(parents=True, exist_ok=True)
        print("no hit, false alarm or miss on test: nothing to look at")
        return
    inputs = model.normalisation(data.X[picked])
    maps = gradcam.gradcam(model.network, inputs, options.layer, outputs)
    other = gradcam.randomised(model.network, options.seed)
    random = gradcam.gradcam(other, inputs, options.layer, outputs)
    hertz, seconds = data.front_end.frequencies_hz, data.front_end.times_s
    windows = data.table.loc[picked]
    lines = [
        {"case": case.title, "window_id": name, "class": case.name, "p": case.p}
        | gradcam.mass(heat, hertz, seconds)
        for case, name, heat in zip(chosen, windows["window_id"], maps, strict=True)
    ]
    draw(model, data, chosen, windows, maps, options.layer)
    write_json(artifacts.GRADCAM / "cases.json", lines)
    write_csv(artifacts.GRADCAM / "cases.csv", lines)
    table = pd.DataFrame(lines)
    kinds = table["case"].str.rsplit("_", n=1).str[0]
    means = table[["mean_hz", "mean_s"]].groupby(kinds).mean()
    agreement = {"agreement_with_random_weights": gradcam.agreement(maps, random)}
    write_json(artifacts.metrics("gradcam"), {"mean": means.to_dict("index")} | agreement)
    logbook.close(logbook.open_run("gradcam"), "gradcam")


def draw(
    model: Detector,
    data: Indexed,
    chosen: list[Case],
    windows: pd.DataFrame,
    maps: np.ndarray,
    layer: str,
) -> None:
    """Each window with its map and waveform, and all of them on one sheet."""
    rate, grid = model.front_end.clean.sample_rate_hz, model.front_end.grid
    samples = samples_of(data.table, data.front_end)
    front: dict[str, Any] = {
        "time_s": data.front_end.times_s,
        "frequency_hz": data.front_end.frequencies_hz,
        "top_hz": min(1.25 * (model.front_end.clean.high_hz or rate), rate / 2),
        "rate_hz": rate,
        "duration_s": grid.window_samples / rate,
    }
    sheet: dict[str, list[dict[str, Any]]] = {kind: [] for kind in cases.KINDS}
    about = windows.to_dict("records")  # a window may be picked for several of its tags
    for case, window, heat in zip(chosen, about, maps, strict=True):
        row = window["row"]
        shown = {
            "spectrogram": data.X[row, :, :, 0],
            "heat": heat,
            "waveform": amplitudes(samples(np.array([row]))[0], data.front_end.spectrogram),
            "start": window["start"],
            "title": f"{case.title.replace('_', ' ')}: {', '.join(window['labels'])}\n"
            f"p({case.name}) = {case.p:.3f}",
        }
        overlays.overlay(artifacts.plots("gradcam") / f"{case.title}.png", shown, front)
        sheet[case.kind].append(shown)
    path = artifacts.plots("gradcam") / "contact_sheet.png"
    title = f"{gradcam.method(model.network)}, layer {layer}"
    overlays.contact_sheet(path, sheet, front, title)


if __name__ == "__main__":
    run("gradcam", main, needs_labels=True)
