"""The options that change what stages do, and what happens when they are combined."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from rarewave.base.errors import DataError
from rarewave.experiments import recipes
from rarewave.training import hyperparameters
from support import project, worlds
from support.pairs import Row, all_pairs

Changes = Mapping[str, object]

LAYERS = {
    "seed_cnn": "conv3", "band_context": "context", "call_cnn": "relu3", "frame_net": "relu3",
    "sound_net": "relu4", "acoustic_cnn": "relu4", "cnn_lstm": "relu3", "conv_1d": "relu3",
    "vgg_fcn": "relu4", "band_net": "relu4",
}  # fmt: skip


def _each(parameter: str, *values: object) -> dict[str, Changes]:
    """An option that is one parameter."""
    return {str(value): {parameter: value} for value in values}


OPTIONS: dict[str, dict[str, Changes]] = {
    "kind": {kind: {} for kind in worlds.RECIPE},
    "network": {
        k: {"train.network": k, "gradcam.layer": LAYERS[k]} for k in hyperparameters.NETWORKS
    },
    "pooling": _each("train.pooling", "max", "mean", "attention"),
    "segments": {"whole": {}, "each": {"train.segments": True}},
    "imbalance": _each("train.imbalance", *hyperparameters.SAMPLERS),
    "target": _each("clean.target", "event", "label", "tags"),
    "placement": _each("clean.placement", "grid", "calls"),
    "context": {"none": {"clean.context_samples": 0}, "some": {}},
    "scale": _each("spectrogram.scale", "linear", "mel", "mfcc", "waveform"),
    "floor": {"none": {"spectrogram.floor_s": 0}, "some": {}},
    "normalisation": _each("train.normalisation", "sample", "dataset", "both", "unit"),
    "loss": _each("train.loss", *hyperparameters.LOSSES),
    "weighing": {
        "none": {"train.class_balanced_beta": 0.0, "train.logit_adjustment": 0.0},
        "class balanced": {"train.class_balanced_beta": 0.9, "train.logit_adjustment": 0.0},
        "logit adjustment": {"train.class_balanced_beta": 0.0, "train.logit_adjustment": 1.0},
    },
    "schedule": {
        "constant": {"train.schedule": "constant", "train.warmup": 0.0},
        "cosine": {"train.schedule": "cosine", "train.warmup": 0.1},
    },
    "start": {
        "seed": {"pretrain.epochs": 0, "train.frozen": 0.0},
        "pretrained": {"pretrain.epochs": 1, "train.frozen": 0.0, "train.encoder_rate": 0.1},
        "frozen": {"pretrain.epochs": 1, "train.frozen": 1.0},
    },
    "labels": {"all": {}, "few": {"train.labels": 0.5, "train.least_batches": 3}},
    "members": _each("train.members", 1, 2),
    "objective": _each(
        "threshold.objective",
        "f1", "recall_at_precision", "precision_at_recall", "false_alarms_per_day",
    ),
    "per": _each("evaluate.per", "window", "recording"),
    "unit": _each("evaluate.unit", "group", "block"),
    "combine": _each("detect.combine", "mean", "max", "centre"),
    "thresholds": _each("detect.thresholds", "windows", "events"),
}  # fmt: skip

# Of a kind: samples of context, and seconds of the running noise floor.
CONTEXT = {"archive": 1120, "calls": 512, "one call": 512, "clips": 1024}
FLOOR_S = {"archive": 600, "calls": 2, "one call": 2, "clips": 0.5}

# Samples from one frame to the next for a network of segments, which are 128 frames.
HOP = {"archive": 16, "calls": 4, "one call": 4, "clips": 60}
# Changes that a scale without rows of frequencies has no use for.
NOT_OF_ROWS = {
    "mfcc": ("row_shift", "frequency_mask", "background"),
    "waveform": ("band_gain", "row_shift", "frequency_mask"),
}

FEWER: dict[str, object] = {
    "train.epochs": 1, "train.width": 0.0625, "train.batch_size": 32, "pretrain.batch_size": 64,
    "evaluate.resamples": 10, "gradcam.cases": 1, "recover.count": 6, "eda.examples": 2,
    "look.steps": 4, "look.channels": 3, "look.windows": 16, "relevance.cases": 2,
    "relevance.windows": 6, "uncertainty.passes": 3,
}  # fmt: skip


def possible(row: Row) -> bool:
    """Whether all of it goes together; what does not is refused, and tested where it is."""
    if row.get("per") == "recording" and row.get("kind", "clips") != "clips":
        return False  # windows of a recording have different labels
    if (row.get("kind"), row.get("target")) == ("clips", "event"):
        return False  # every clip holds something
    if row.get("segments") == "each" and (
        row.get("network", "vgg_fcn") != "vgg_fcn" or row.get("pooling") == "attention"
    ):
        return False
    classes = row.get("target") == "label" and row.get("kind") != "one call"
    if row.get("loss") == "asymmetric" and classes:
        return False  # several classes exclude one another
    no_rows = row.get("scale", "mel") in ("mfcc", "waveform")
    if no_rows and (row.get("floor") == "some" or row.get("normalisation") == "unit"):
        return False
    of_samples = "network" in row and row["network"] == "conv_1d"
    if {"network", "scale"} <= row.keys() and of_samples != (row["scale"] == "waveform"):
        return False
    if of_samples and (row.get("floor") == "some" or row.get("normalisation") == "unit"):
        return False
    return (row.get("imbalance"), row.get("weighing")) != ("class_weights", "class balanced")


def combinations(*kinds: str) -> list[Row]:
    """All pairs of values of all options; of these those on data of some kinds."""
    rows = all_pairs({name: list(values) for name, values in OPTIONS.items()}, possible)
    return [row for row in rows if row["kind"] in kinds]


def name(row: Row) -> str:
    """What a test of a combination is called."""
    return "-".join(row.values())


def prepare(folder: Path, *kinds: str) -> Path:
    """Data of some kinds."""
    for kind in kinds:
        worlds.make(kind, folder / kind)
    return folder


def changes(row: Row) -> dict[str, object]:
    """The parameters of a combination."""
    kind = row["kind"]
    found = worlds.CHANGES[kind] | FEWER
    for name, value in row.items():
        found |= OPTIONS[name][value]
    if row["network"] == "vgg_fcn":
        found["spectrogram.hop"] = HOP[kind]
    if row["scale"] == "waveform":
        found["spectrogram.band"] = "given"  # there are no rows to crop
    if row["scale"] in NOT_OF_ROWS:
        idle = [f"{s}.{n}.p" for s in ("views", "augment") for n in NOT_OF_ROWS[row["scale"]]]
        found |= dict.fromkeys(idle, 0.0)
    if row["context"] == "some":
        found["clean.context_samples"] = CONTEXT[kind]
    if row["floor"] == "some":
        found["spectrogram.floor_s"] = FLOOR_S[kind]
    return found


def run(row: Row, shared: Path, folder: Path) -> str:
    """Run every stage of a combination: what it was refused with, or nothing.

    One store of MLflow for all: to make its tables takes longer than a combination.
    """
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{shared}/mlflow.db"}
    folder.mkdir()
    for entry in (shared / row["kind"]).iterdir():
        (folder / entry.name).symlink_to(entry)
    shutil.copy(project.ROOT / "dvc.yaml", folder)
    given = project.ROOT / "recipes", folder / "params.yaml"
    try:
        recipes.use(worlds.RECIPE[row["kind"]], changes(row), *given)
    except DataError as error:
        return f"use: {error}"
    for stage in project.STAGES:
        done = project.stage(folder, stage, **store)
        if done.returncode:
            assert "Traceback" not in done.stderr, done.stderr
            (refusal,) = [k for k in done.stderr.splitlines() if k.startswith(f"{stage}: ")]
            return refusal
        assert (folder / f"metrics/{stage}.json").exists(), stage
    return ""
