"""Where the stages leave what others read. Paths stand here once; dvc.yaml repeats them."""

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import tables
from rarewave.base.arrays import read_npy
from rarewave.base.errors import DataError
from rarewave.base.files import read_json
from rarewave.base.tables import (
    OTHERS,
    SCORES,
    SPLIT,
    WINDOWS,
    read_scores,
    read_table,
    refuse_repeated,
    with_scores,
)
from rarewave.base.tasks import UNLABELLED, Task
from rarewave.splits.parts import PARTS, PURGED

Names: TypeAlias = pd.Series | NDArray[np.str_]

RECORDINGS = Path("artifacts/ingest/recordings.parquet")
EVENTS = Path("artifacts/ingest/events.parquet")
CLASSES = Path("artifacts/ingest/classes.csv")  # where ingest.classes names any
INGEST_REPORT = Path("artifacts/ingest/report.json")

X_CLEAN = Path("artifacts/clean/X_clean.npy")
WAVEFORMS = Path("artifacts/clean/waveforms.parquet")
GAPS = Path("artifacts/clean/gaps.parquet")
Y_ALL = Path("artifacts/clean/y_all.npy")
WINDOWS_TABLE = Path("artifacts/clean/windows.parquet")
CLEAN_ABOUT = Path("artifacts/clean/frontend.json")

X_SPEC = Path("artifacts/spectrogram/X_spec.npy")
X_UNLABELLED = Path("artifacts/spectrogram/X_unlabelled.npy")
FRONT_END = Path("artifacts/spectrogram/frontend.json")

DATASET = Path("artifacts/npz/dataset.npz")  # for users; the stages read the index and X_SPEC
INDEX = Path("artifacts/npz/index.parquet")
STATISTICS = Path("artifacts/npz/statistics.parquet")
DATASET_ABOUT = Path("artifacts/npz/dataset.json")

SPLIT_TABLE = Path("artifacts/split/split.parquet")
ENCODER = Path("artifacts/pretrain/encoder.keras")
EMBEDDING = Path("artifacts/pretrain/embedding.parquet")  # where nothing is labelled

MODEL = Path("artifacts/train/detector.keras")
TRAINED = Path("artifacts/train/scores.parquet")
TRAINING_ROWS = Path("artifacts/train/rows.parquet")

BASELINES = Path("artifacts/baselines")
SIGNALS = BASELINES / "signals.parquet"
BASELINE_SCORES = BASELINES / "scores.parquet"

THRESHOLD = Path("artifacts/threshold/threshold.json")
THRESHOLDS = Path("artifacts/threshold/detectors.json")

UNCERTAINTY = Path("artifacts/uncertainty")
NOVELTY = UNCERTAINTY / "novelty.npz"
CALIBRATION = UNCERTAINTY / "calibration.json"

EVALUATED = Path("artifacts/evaluate/scores.parquet")
EVALUATED_BASELINES = Path("artifacts/evaluate/baselines.parquet")
EXAMPLES = Path("artifacts/evaluate/examples.parquet")  # of the data set, for gradcam
EVALUATION = Path("artifacts/evaluate/table.csv")

RECOVER = Path("artifacts/recover")
GRADCAM = Path("artifacts/gradcam")
RELEVANCE = Path("artifacts/relevance")
SCAN = Path("artifacts/scan")
GRID_SCORES = SCAN / "windows.parquet"  # of training with windows around calls
STREAM_SIGNALS = SCAN / "signals.parquet"
DETECT = Path("artifacts/detect")
PACKAGE = DETECT / "detector"


def metrics(stage: str) -> Path:
    """What a stage measured."""
    return Path(f"metrics/{stage}.json")


def plots(stage: str) -> Path:
    """The folder of a stage's pictures and curves."""
    return Path(f"plots/{stage}")


def recordings() -> pd.DataFrame:
    """The recordings; each has a name of its own."""
    table = read_table(RECORDINGS, tables.RECORDINGS)
    refuse_repeated(table, "recording_id", RECORDINGS)
    if not len(table) or not table["content"].str.fullmatch("[0-9a-f]{1,64}").all():
        raise DataError(f"{RECORDINGS} has no digests of the recordings: run the stage ingest")
    return table


def events(listed: pd.DataFrame) -> pd.DataFrame:
    """The events of some recordings."""
    table = read_table(EVENTS, tables.EVENTS)
    empty = (table["offset_s"] <= table["onset_s"]) | (table["label"] == "")
    if empty.any() or not table["recording_id"].isin(listed["recording_id"]).all():
        raise DataError(
            f"{EVENTS} has events without a length or label, or of other recordings than "
            f"{RECORDINGS}: run the stage ingest"
        )
    return table


def windows() -> pd.DataFrame:
    """All windows, whatever their status."""
    table = read_table(WINDOWS_TABLE, WINDOWS)
    refuse_repeated(table, "window_id", WINDOWS_TABLE)
    rows = np.sort(table["row"][table["row"] >= 0].to_numpy())
    lacking = not len(rows) and not (table["status"] == UNLABELLED).any()
    if lacking or (rows != np.arange(len(rows))).any():
        raise DataError(f"{WINDOWS_TABLE} has rows that lack or stand there twice: run clean again")
    return table


def used_windows() -> pd.DataFrame:
    """The used windows, in the order of the data set."""
    table = windows()
    return table[table["row"] >= 0].sort_values("row").reset_index(drop=True)


def gaps(rate: float) -> pd.DataFrame:
    """What was not recorded: recording_id, onset_s and offset_s; `rate` is of cleaned samples."""
    table = read_table(GAPS, tables.GAPS)
    table = table.assign(onset_s=table["start"] / rate, offset_s=table["stop"] / rate)
    return table[["recording_id", "onset_s", "offset_s"]]


def index(windows: Names) -> pd.DataFrame:
    """What is known of each spectrogram; `windows` are the names of those that are used."""
    table = read_table(INDEX, tables.INDEX)
    _refuse_others(table["window_id"], windows, INDEX, "npz")
    return table


def statistics(windows: Names, names: list[str]) -> pd.DataFrame:
    """What is measured of the spectrogram of each used window: columns `names`."""
    table = read_table(STATISTICS, tables.SPECTROGRAMS | dict.fromkeys(names, "float64"))
    _refuse_others(table["window_id"], windows, STATISTICS, "npz")
    return table[names]


def split(windows: Names) -> pd.DataFrame:
    """The part of each used window; `windows` are their names."""
    table = read_table(SPLIT_TABLE, SPLIT)
    _refuse_others(table["window_id"], windows, SPLIT_TABLE, "split")
    if (table["row"] != np.arange(len(table))).any():
        raise DataError(f"{SPLIT_TABLE} is not in the order of the windows: run the stage split")
    unknown = set(table["part"]) - {*PARTS, PURGED}
    if unknown:
        raise DataError(f"{SPLIT_TABLE} has a part {sorted(unknown)[0]}: run the stage split")
    return table


def _refuse_others(names: pd.Series, windows: Names, path: Path, stage: str) -> None:
    if list(names) != list(windows):
        raise DataError(f"{path} is of other windows than the data set: run the stage {stage}")


def cleaned(windows: pd.DataFrame, every: bool = False) -> tuple[NDArray[np.float32], pd.DataFrame]:
    """The cleaned samples of all recordings, memory-mapped, and where each lies in them.

    `windows` are of recordings that must be among them; `every`: they are all of them.
    """
    samples, where = read_npy(X_CLEAN, dimensions=1), read_table(WAVEFORMS, tables.WAVEFORMS)
    refuse_repeated(where, "recording_id", WAVEFORMS)
    ends = where["count"].cumsum()
    if (where["first"] != ends - where["count"]).any() or (where["count"] < 0).any():
        raise DataError(f"{WAVEFORMS} does not lie end to end: run the stage clean")
    if len(samples) != where["count"].sum():
        raise DataError(f"{X_CLEAN} is of other recordings than {WAVEFORMS}: run the stage clean")
    known, wanted = set(where["recording_id"]), set(windows["recording_id"])
    if not wanted <= known or (every and wanted != known):
        raise DataError(f"{WAVEFORMS} is of other recordings than the windows: run the stage clean")
    if every and (windows.groupby("recording_id")["start_s"].diff() <= 0).any():
        raise DataError(f"{WINDOWS_TABLE} is not in the order of time: run the stage clean")
    return samples, where


def scores(path: Path, windows: pd.Series, task: Task) -> pd.DataFrame:
    """Scores of the network, or of baselines; `windows` are the names that they may have."""
    schema = with_scores(OTHERS | SCORES if path == BASELINE_SCORES else SCORES, task.names)
    table = read_scores(path, schema, windows, task.events)
    if path == TRAINED and not (table["part"] == "validation").any():
        raise DataError(f"{path} has no window of the part validation: run the stage train")
    return table


def thresholds() -> dict[str, dict[str, float]]:
    """Of every detector, of the network in any case, one for each of its events."""
    content = read_json(THRESHOLD, "network")
    for detector, values in content.items():
        good = isinstance(values, dict) and all(
            isinstance(at, int | float) and not isinstance(at, bool) for at in values.values()
        )
        if not good or not all(0 <= at <= 1 for at in values.values() if detector == "network"):
            raise DataError(f"{THRESHOLD}: {detector} has no thresholds: run the stage threshold")
    return content


def about_clean(*more: str) -> dict[str, Any]:
    """The front end as far as clean knows it, the task, and more, as `sizes` of training calls."""
    content = read_json(CLEAN_ABOUT, "clean", "grid", "task", *more)
    for part, name in (("clean", "sample_rate_hz"), ("grid", "hop_samples")):
        value = content[part].get(name) if isinstance(content[part], dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise DataError(f"{CLEAN_ABOUT}: {part}.{name} is {value!r}: run the stage clean")
    if "sizes" in more and not isinstance(content["sizes"], dict):
        raise DataError(f"{CLEAN_ABOUT} has no sizes: run the stage clean")
    return content
