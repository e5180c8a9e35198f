"""Events of signal level and STA/LTA, which have thresholds of no scale of their own."""

import pandas as pd

from rarewave.base.tables import read_table
from rarewave.baselines.registry import SIGNALS
from rarewave.detection import at_thresholds, operating_points
from rarewave.detection.heldout import Heldout
from rarewave.detection.postprocessing import Joining
from rarewave.detection.stream_signals import SCHEMA as SIGNALS_OF_STREAMS
from rarewave.metrics import event_based
from rarewave.metrics.event_based import Matching
from rarewave.model.detector import Detector
from stages.shared import artifacts

ALL = 1000  # thresholds to choose from: on the test part itself, in their favour


def of_the_signal(
    test: Heldout, network: pd.DataFrame, model: Detector, joining: Joining, matching: Matching
) -> dict[str, pd.DataFrame]:
    """The events of the signal's baselines at as many false alarms as the network has."""
    if artifacts.STREAM_SIGNALS.exists():  # training has windows around calls
        table = read_table(artifacts.STREAM_SIGNALS, SIGNALS_OF_STREAMS)
        held, front_end = test._replace(windows=table[table["part"] == "test"]), model.scans
    else:
        schema = {"window_id": "str"} | dict.fromkeys(SIGNALS, "float64")
        held = test.with_signals(read_table(artifacts.SIGNALS, schema))
        front_end = model.front_end
        if not held.grid:
            return {}
    alarms = len(network) - len(event_based.match(test.truth, network, matching))
    (event,) = model.task.events
    tables = {}
    for name in SIGNALS:
        find, scores = held.from_windows(name, front_end, joining)
        at = operating_points.candidates(scores, ALL)
        judge = at_thresholds.judge(test, find, matching)
        _, tables[name] = operating_points.same_false_alarms(judge, event, at, alarms)
    return tables
