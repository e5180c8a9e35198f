"""Show what the detector looks at, in its surest hits, false alarms and misses."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.base.classes import BACKGROUND, EVENT, binary
from rarewave.base.files import read_json, write_csv, write_json
from rarewave.base.tables import EVALUATED, WINDOWS, read_table, with_scores
from rarewave.dataset import archive
from rarewave.explanation import cases, gradcam
from rarewave.explanation.cases import Cases
from rarewave.metrics import multiclass
from rarewave.model import detector
from rarewave.networks import backend
from rarewave.plots import overlays
from rarewave.training.hyperparameters import Training
from stages import common, logbook

OUT = Path("plots/gradcam")


def main() -> None:
    """Choose windows, compute maps, draw, and check the maps against random weights."""
    (options,) = common.options("gradcam", Cases)
    (hyper,) = common.options("train", Training)
    backend.start(hyper.threads)
    model = detector.load(Path("artifacts/train/spectrogram_seismic_detector.keras"))
    data = archive.load(Path("artifacts/npz/lunar_spectrogram_dataset.npz"))
    X_raw = np.load("artifacts/clean/X_raw.npy", mmap_mode="r")
    classes = list(model.classes)
    schema = with_scores(EVALUATED, classes)
    scores = read_table(Path("artifacts/evaluate/scores.parquet"), schema)
    windows = read_table(Path("artifacts/clean/windows.parquet"), WINDOWS).set_index("row")
    thresholds = read_json(Path("artifacts/threshold/threshold.json"))["network"]

    rows, p = scores["row"].to_numpy(), scores[[f"p_{name}" for name in classes]].to_numpy()
    decided = multiclass.decide(p)
    if binary(classes):
        decided = (p[:, 1] >= thresholds[EVENT]).astype(np.int64)
    background = classes.index(BACKGROUND) if BACKGROUND in classes else -1
    y = data.y_all[rows]
    chosen = cases.surest(y, decided, p, background, options.cases)
    picked = np.concatenate(list(chosen.values()))
    kinds = np.repeat(list(chosen), [len(v) for v in chosen.values()])
    # A miss is explained by what it should have been.
    explained = np.where(kinds == "miss", y[picked], decided[picked])
    outputs = np.zeros(len(picked), np.int64) if binary(classes) else explained
    inputs = model.normalisation(data.X_spec[rows[picked]])
    maps = gradcam.gradcam(model.network, inputs, options.layer, outputs)
    other = gradcam.randomised(model.network, options.seed)
    random = gradcam.gradcam(other, inputs, options.layer, outputs)

    rate, grid = model.front_end.clean.sample_rate_hz, model.front_end.grid
    front: dict[str, Any] = {
        "time_s": data.time_s,
        "frequency_hz": data.frequency_hz,
        "top_hz": min(1.25 * (model.front_end.clean.high_hz or rate), rate / 2),
        "rate_hz": rate,
        "before_s": grid.context_samples / rate,
        "duration_s": grid.window_samples / rate,
    }
    sheet: dict[str, list[dict[str, Any]]] = {kind: [] for kind in chosen}
    lines = []
    for kind, at, k, heat in zip(kinds, picked, explained, maps, strict=True):
        row = rows[at]
        window = windows.loc[row]
        number = len(sheet[kind]) + 1
        case = {
            "spectrogram": data.X_spec[row, :, :, 0],
            "heat": heat,
            "waveform": X_raw[row],
            "start": window["start"],
            "title": f"{kind.replace('_', ' ')} {number}: {window['label']}\n"
            f"p({classes[k]}) = {p[at, k]:.3f}",
        }
        overlays.overlay(OUT / f"{kind}_{number}.png", case, front)
        sheet[kind].append(case)
        lines.append(
            {
                "case": f"{kind}_{number}",
                "window_id": window["window_id"],
                "class": classes[k],
                "p": p[at, k],
            }
            | gradcam.mass(heat, data.frequency_hz, data.time_s)
        )
    overlays.contact_sheet(OUT / "contact_sheet.png", sheet, front)
    write_json(Path("artifacts/gradcam/cases.json"), lines)
    write_csv(Path("artifacts/gradcam/cases.csv"), lines)
    table = pd.DataFrame(lines)
    kind_of = table["case"].str.rsplit("_", n=1).str[0]
    means = table[["mean_hz", "mean_s"]].groupby(kind_of).mean()
    write_json(
        Path("metrics/gradcam.json"),
        {
            "mean": means.to_dict("index"),
            "agreement_with_random_weights": gradcam.agreement(maps, random),
        },
    )
    run = logbook.open_run("gradcam")
    logbook.close(run, "gradcam")


if __name__ == "__main__":
    common.run("gradcam", main)
