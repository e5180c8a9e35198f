"""The packed detector: all that finding and explaining needs, for anyone and for MLflow."""

import numpy as np
from numpy.typing import NDArray

from rarewave.base import timing
from rarewave.base.files import read_json
from rarewave.base.spread import evenly
from rarewave.base.tables import GAPS, ROWS, read_table
from rarewave.dataset.index import Indexed
from rarewave.detection import levels
from rarewave.detection.postprocessing import Joining
from rarewave.metrics.comparison import NETWORK
from rarewave.model import neighbours, novelty, package, registry, training_statistics
from rarewave.model.detector import Detector
from rarewave.model.training_statistics import Statistics, Waveform
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
    beside = known, temperature, statistics(model, data, rows)
    package.save(artifacts.PACKAGE, artifacts.MODEL, *given, *beside)
    mlflow = logbook.open_run("detect")
    with timing.tracking():
        registry.log_detector(mlflow, artifacts.PACKAGE, model.front_end, model.task)
    logbook.close(mlflow, "detect")


def statistics(model: Detector, data: Indexed, rows: NDArray[np.int64]) -> Statistics:
    """What the recordings that some rows are of are like, and the range that the network took."""
    some = np.sort(rows)[evenly(len(rows), training_statistics.REACH_WINDOWS)]
    reach = training_statistics.reach_of(model.normalisation(data.X[some]))
    heard = sorted(set(data.table["recording_id"].iloc[rows]))
    samples, where = artifacts.cleaned(data.table)
    lies = where.set_index("recording_id").loc[heard, ["first", "count"]].to_numpy()
    table = read_table(artifacts.GAPS, GAPS)
    gaps = {str(name): mine for name, mine in table.groupby("recording_id")[["start", "stop"]]}

    def waveform(number: int) -> Waveform:
        first, count = lies[number]
        runs = gaps[heard[number]].to_numpy() if heard[number] in gaps else np.zeros((0, 2), int)
        return Waveform(samples[first : first + count], runs)

    return training_statistics.collect(model.front_end, len(heard), waveform, reach)
