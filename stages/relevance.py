"""Share out what the network says of test windows among their pixels, and check the maps."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.compute import Compute
from rarewave.base.files import write_csv, write_json
from rarewave.base.tables import EVALUATED, read_table, with_scores
from rarewave.dataset.index import Indexed
from rarewave.explanation import cases, faithfulness, gradcam, relevance_checks
from rarewave.explanation.cases import Case, Cases
from rarewave.explanation.relevance import relevance
from rarewave.explanation.sharing import Relevance
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.comparison import NETWORK, Unit
from rarewave.model import detector
from rarewave.model.detector import Detector
from rarewave.networks import backend
from rarewave.plots import relevance_sheet
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset
from stages.shared.run import run


def main() -> None:
    """Maps of the surest hits, false alarms and misses; deletion and insertion over many hits."""
    (options,) = params.options("relevance", Relevance)
    (camera,) = params.options("gradcam", Cases)
    bootstrap, _ = params.options("evaluate", Bootstrap, Unit)
    (compute,) = params.options("compute", Compute)
    backend.start(compute.threads)
    model, data = detector.load(artifacts.MODEL), dataset()
    names = model.task.names
    scores = read_table(artifacts.EXAMPLES, with_scores(EVALUATED, names))
    rows, p = scores["row"].to_numpy(), scores[[f"p_{name}" for name in names]].to_numpy()
    known = model.task, data.y[rows], data.truth[rows], p, artifacts.thresholds()[NETWORK]
    artifacts.plots("relevance").mkdir(parents=True, exist_ok=True)
    shown = cases.surest(*known, options.cases)
    if not shown:
        write_json(artifacts.RELEVANCE / "cases.json", [])
        write_json(artifacts.metrics("relevance"), {"cases": 0})
        print("no hit, false alarm or miss on test: nothing to look at")
        return
    lines = draw(model, data, shown, rows, options, camera.layer)
    write_json(artifacts.RELEVANCE / "cases.json", lines)
    write_csv(artifacts.RELEVANCE / "cases.csv", lines)
    hits = [case for case in cases.surest(*known, p.size) if case.kind == "hit"]
    quiet = {name: without(data, name, options.seed) for name in {case.name for case in hits}}
    hits = [case for case in hits if len(quiet[case.name])]
    at = np.unique(np.linspace(0, len(hits) - 1, min(options.windows, len(hits))).astype(int))
    hits = [hits[k] for k in at]
    picked = rows[[case.window for case in hits]]
    outputs = np.array([model.task.output_of(case.name) for case in hits], np.int64)
    units = scores["unit"].to_numpy("U")[[case.window for case in hits]]
    others = [data.X[quiet[case.name]] for case in hits]
    table, curves = relevance_checks.faithfulness(
        model, data.X[picked], outputs, np.array(others), options, camera.layer, units, bootstrap
    )
    if len(table):
        write_csv(artifacts.RELEVANCE / "faithfulness.csv", table.to_dict("records"))
        path = artifacts.plots("relevance") / "faithfulness.png"
        relevance_sheet.faithfulness(path, curves, int(table["windows"].iloc[0]))
        print(table.to_string(index=False, float_format="{:.3f}".format, na_rep="-"))
    write_json(artifacts.metrics("relevance"), told(table, lines))
    logbook.close(logbook.open_run("relevance"), "relevance")


def without(data: Indexed, name: str, seed: int) -> NDArray[np.int64]:
    """Training windows that hold nothing, or, where all hold something, not what is named.

    None where all hold it: there is nothing to put in its place.
    """
    split, events = artifacts.split(data.window_id), [*data.task.events]
    train = split["row"][split["part"] == "train"].to_numpy()
    truth = data.truth[train]
    at = [data.task.names.index(n) for n in events]
    quiet = ~truth[:, at].any(axis=1)
    pool = train[quiet] if quiet.any() else train[truth[:, data.task.names.index(name)] == 0]
    rng = np.random.Generator(np.random.PCG64([seed, data.task.names.index(name)]))
    return rng.choice(pool, faithfulness.REPLACING) if len(pool) else pool


def told(table: pd.DataFrame, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """What metrics/relevance.json holds."""
    found: dict[str, Any] = {"cases": len(lines)}
    for name, mine in table.groupby("map", sort=False):
        about = mine.set_index("measure")[["value", "low", "high"]]
        found[str(name)] = about.to_dict("index")
    return found


def draw(
    model: Detector,
    data: Indexed,
    shown: list[Case],
    rows: NDArray[np.int64],
    options: Relevance,
    layer: str,
) -> list[dict[str, Any]]:
    """One sheet of all cases; where the evidence for each lies in Hz and seconds."""
    picked = rows[[case.window for case in shown]]
    outputs = np.array([model.task.output_of(case.name) for case in shown], np.int64)
    inputs = model.normalisation(data.X[picked])
    found = relevance(model.network, inputs, outputs, options.composite)
    maps = found.maps.sum(axis=-1)
    others = gradcam.gradcam(model.network, inputs, layer, outputs)
    hertz, seconds = data.front_end.frequencies_hz, data.front_end.times_s
    below = ~(hertz > 1.25 * (model.front_end.clean.high_hz or np.inf))  # of coefficients all
    sheet: dict[str, list[dict[str, Any]]] = {kind: [] for kind in cases.KINDS}
    lines = []
    about = data.table.loc[picked].to_dict("records")
    for case, window, heat, other, total in zip(
        shown, about, maps, others, found.explained, strict=True
    ):
        sheet[case.kind].append(
            {
                "spectrogram": data.X[window["row"], below, :, 0],
                "relevance": heat[below],
                "other": other[below],
                "title": relevance_sheet.title_of(case.title, case.name, case.p, window["labels"]),
            }
        )
        lines.append(
            {"case": case.title, "window_id": window["window_id"], "class": case.name, "p": case.p}
            | {"explained": float(total), "kept": float(heat.sum() / total) if total else None}
            | gradcam.mass(np.maximum(heat, 0).astype(np.float32), hertz, seconds)
        )
    grid, rate = data.front_end.grid, data.front_end.clean.sample_rate_hz
    relevance_sheet.contact_sheet(
        artifacts.plots("relevance") / "contact_sheet.png",
        sheet,
        seconds,
        hertz[below],
        (f"relevance,\n{options.composite}", f"{gradcam.method(model.network)}, {layer}"),
        "What speaks for (red) and against (blue) the class",
        (0.0, grid.window_samples / rate) if grid.context_samples else None,
    )
    return lines


if __name__ == "__main__":
    run("relevance", main, needs_labels=True)
