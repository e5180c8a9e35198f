"""What the events of several detectors are worth on recordings held out whole."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rarewave.detection.heldout import Heldout
from rarewave.metrics import event_based, psds, segment_based
from rarewave.metrics.comparison import NETWORK
from rarewave.metrics.event_based import Matching


def by_detector(
    test: Heldout, found: Mapping[str, pd.DataFrame], matching: Matching, names: Sequence[str]
) -> pd.DataFrame:
    """Event scores of every detector and class, a row each, with a column `detector`.

    Parameters
    ----------
    found : name of the detector to its table DETECTED.
    """
    return pd.concat(
        [
            event_based.event_scores(test.truth, events, names, matching, test.hours).assign(
                detector=name
            )
            for name, events in found.items()
        ],
        ignore_index=True,
    )


def metrics(
    test: Heldout,
    found: Mapping[str, pd.DataFrame],
    steps: Mapping[float, pd.DataFrame],
    matching: Matching,
    names: Sequence[str],
) -> dict[str, Any]:
    """What metrics/detect.json holds: overall scores of each detector, and more of the network.

    Parameters
    ----------
    steps : the network's events at several thresholds, for PSDS.
    """
    overall: dict[str, Any] = {
        name: event_based.overall(test.truth, events, names, matching, test.hours)
        for name, events in found.items()
    }
    network = found[NETWORK]
    scores = event_based.event_scores(test.truth, network, names, matching, test.hours)
    overall["f1_per_class"] = scores.set_index("label")["f1"].to_dict()
    for name, criteria in (("psds1", psds.PSDS1), ("psds2", psds.PSDS2)):
        overall[name] = psds.psds(test.truth, steps, names, test.hours, criteria).value
    overall["hours"] = test.hours
    _, overall["segments"] = segment_based.segment_scores(
        test.truth, network, names, test.durations, matching.segment_s
    )
    return overall
