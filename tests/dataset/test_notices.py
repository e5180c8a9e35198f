"""One long call that sizes all windows is said."""

import numpy as np
import pandas as pd
from support.places import ROOT

from rarewave.base import parameters, yaml
from rarewave.dataset import notices, training_calls
from rarewave.dataset.placement import Placement


def placement(samples: int | None) -> Placement:
    """That of the default recipe, with windows of so many samples."""
    section = yaml.read(ROOT / "recipes/lunar.yaml", "")["clean"]
    return parameters.build(Placement, dict(section) | {"window_samples": samples}, "clean")


def test_one_long_call_among_short_ones() -> None:
    """As in a folder of one type: 0.99 s where the median call lasts 0.12 s."""
    durations = np.array([0.1, 0.12, 0.12, 0.13, 0.14, 0.11, 0.12, 0.13, 0.11, 0.12, 0.99])
    (notice,) = notices.one_long_event(durations, placement(None), 8000.0)
    assert notice.key == "one_long_event" and notice.value == 0.99 / 0.12
    assert "(0.99 s)" in notice.says and "(0.12 s)" in notice.says
    assert "about 1120 (0.14 s)" in notice.says


def test_calls_of_much_the_same_length_are_silent() -> None:
    durations = np.array([0.5, 0.6, 0.7, 1.2])
    assert notices.one_long_event(durations, placement(None), 8000.0) == []
    assert notices.one_long_event(np.zeros(0), placement(None), 8000.0) == []
    long = np.array([0.1, 0.1, 9.0])
    assert notices.one_long_event(long, placement(4096), 8000.0) == []  # it sizes nothing


def test_lengths_and_pauses_are_of_certain_calls_of_one_label_and_recording() -> None:
    rows = [
        ("r", 0.0, 1.0, "x", True),
        ("r", 1.5, 3.0, "y", True),
        ("r", 4.0, 6.0, "x", True),
        ("r", 5.5, 7.0, "x", True),  # overlaps: no pause
        ("r", 8.0, 9.0, "x", False),
        ("q", 90.0, 91.0, "x", True),
    ]
    columns = ["recording_id", "onset_s", "offset_s", "label", "certain"]
    durations, pauses = training_calls.lengths(pd.DataFrame(rows, columns=columns))
    assert durations.tolist() == [1.0, 1.5, 2.0, 1.5, 1.0]
    assert pauses.tolist() == [3.0]
