"""The numbers of scoring that `new` chooses."""

from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from rarewave.own_data import scoring, windows
from rarewave.own_data.folder import Folder
from rarewave.own_data.measures import Measures
from rarewave.own_data.survey import Choice, Survey, rounded_down


def test_windows_of_two_parts_share_no_context() -> None:
    """A year at 1 Hz has long windows, of which each is seen with its time around it."""
    days, names = 365, [f"r{day}" for day in range(365)]
    start = pd.date_range("2024-01-01", periods=days, tz="UTC")
    recordings = pd.DataFrame({"recording_id": names, "start": start, "group": names})
    recordings = recordings.assign(sample_rate=1.0, n_samples=86400, fold="", labelled=True)
    events = pd.DataFrame({"event_id": names, "recording_id": names, "label": "quake"})
    events = events.assign(onset_s=4000.0, offset_s=4600.0, certain=True, weak=False)
    folder = Folder(Path(), "*", (), (), (), True)
    ingest = {"labels": Choice("catalogues"), "group": Choice("day")}
    measured = Measures(pd.DataFrame(columns=["snr_db"]), pd.DataFrame(), np.zeros(0))
    survey = Survey(folder, ingest, recordings, events, {}, days, measured)
    lay = windows.layout(survey)
    assert lay.window > 600  # longer than an event, or there would be too many
    assert scoring.scoring(survey, lay)["split"]["purge_s"].value >= 2 * lay.context


@given(st.floats(1e-3, 1e7))
def test_limits_are_rounded_down(value: float) -> None:
    """So that what `new` writes is not above what the stage baselines warns of."""
    assert 0.99 * value <= rounded_down(value) <= value
