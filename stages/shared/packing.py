"""The packed detector: all that finding and explaining needs, for anyone and for MLflow."""

from rarewave.base import timing
from rarewave.base.files import read_json
from rarewave.base.tables import ROWS, read_table
from rarewave.detection import levels
from rarewave.detection.postprocessing import Joining
from rarewave.metrics.comparison import NETWORK
from rarewave.model import neighbours, novelty, package, registry
from rarewave.model.detector import Detector
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset


def pack(
    model: Detector,
    thresholds: dict[str, float],
    joining: Joining,
    bands: dict[str, tuple[float, float]],
) -> None:
    """Write a detector with what it learnt from and how that was read, and log it."""
    data, trained = dataset(), read_table(artifacts.TRAINING_ROWS, ROWS)
    rows = trained["row"].to_numpy()
    remembered = neighbours.collect(model.network, model.normalisation, data, rows)
    ingest = params.read_section("ingest")
    names = ("channel", "start_pattern", "time_zone", "channels")
    source = package.Source(*(ingest[name] for name in names))
    removed = package.instruments(artifacts.SCAN, model)
    listed, heard = artifacts.recordings(), data.table["recording_id"].iloc[rows]
    rates = listed["sample_rate"][listed["recording_id"].isin(heard)].to_numpy()
    seen = levels.trained(model.front_end, data.X, rows, rates)
    of_windows = artifacts.thresholds()[NETWORK]
    given = thresholds, joining, bands, remembered, source, removed, seen, of_windows
    known = novelty.load(artifacts.NOVELTY)
    temperature = read_json(artifacts.CALIBRATION, "temperature")["temperature"]
    package.save(artifacts.PACKAGE, artifacts.MODEL, *given, known, temperature)
    mlflow = logbook.open_run("detect")
    with timing.tracking():
        registry.log_detector(mlflow, artifacts.PACKAGE, model.front_end, model.task)
    logbook.close(mlflow, "detect")
