"""Times below an explained window."""

import numpy as np
import pandas as pd
import pytest

from rarewave.plots.overlays import clocked


@pytest.mark.parametrize("duration_s", [0.016, 0.3, 1.04, 5.0, 338.0])
def test_no_time_is_printed_twice(duration_s: float) -> None:
    """Seconds and time of day of three ticks are unlike each other; not known: seconds alone."""
    ticks = np.linspace(0, duration_s, 3)
    start = pd.Timestamp("2024-03-01 06:00:09.31", tz="UTC")
    both = [label.split("\n") for label in clocked(ticks, start)]
    assert len({seconds for seconds, _ in both}) == 3
    assert len({time for _, time in both}) == 3
    assert all(time.startswith("06:0") for _, time in both)
    assert all("\n" not in label for label in clocked(ticks, pd.NaT))


def test_long_windows_have_whole_seconds() -> None:
    start = pd.Timestamp("1971-04-08 07:17:54", tz="UTC")
    assert clocked(np.array([0.0, 169.0, 338.0]), start)[2] == "338 s\n07:23:32"
