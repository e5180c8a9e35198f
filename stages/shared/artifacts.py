"""Where the stages leave what others read. Paths stand here once; dvc.yaml repeats them."""

from pathlib import Path

import pandas as pd

from rarewave.base.tables import SPLIT, WINDOWS, read_table

RECORDINGS = Path("artifacts/ingest/recordings.parquet")
EVENTS = Path("artifacts/ingest/events.parquet")
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
DATASET_ABOUT = Path("artifacts/npz/dataset.json")

SPLIT_TABLE = Path("artifacts/split/split.parquet")
ENCODER = Path("artifacts/pretrain/encoder.keras")

MODEL = Path("artifacts/train/detector.keras")
TRAINED = Path("artifacts/train/scores.parquet")
TRAINING_ROWS = Path("artifacts/train/rows.parquet")

BASELINES = Path("artifacts/baselines")
SIGNALS = BASELINES / "signals.parquet"
BASELINE_SCORES = BASELINES / "scores.parquet"

THRESHOLD = Path("artifacts/threshold/threshold.json")
THRESHOLDS = Path("artifacts/threshold/detectors.json")

EVALUATED = Path("artifacts/evaluate/scores.parquet")
EVALUATED_BASELINES = Path("artifacts/evaluate/baselines.parquet")
EXAMPLES = Path("artifacts/evaluate/examples.parquet")  # of the data set, for gradcam
EVALUATION = Path("artifacts/evaluate/table.csv")

GRADCAM = Path("artifacts/gradcam")
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


def windows() -> pd.DataFrame:
    """All windows, whatever their status."""
    return read_table(WINDOWS_TABLE, WINDOWS)


def used_windows() -> pd.DataFrame:
    """The used windows, in the order of the data set."""
    table = windows()
    return table[table["row"] >= 0].sort_values("row").reset_index(drop=True)


def split() -> pd.DataFrame:
    """The part of each used window."""
    return read_table(SPLIT_TABLE, SPLIT)
