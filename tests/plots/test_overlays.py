"""Times below an explained window."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rarewave.plots import overlays
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


@pytest.mark.parametrize(("duration_s", "context_s"), [(0.0053, 0.0027), (2.6, 11.0), (338.0, 0.0)])
def test_times_of_a_contact_sheet_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, duration_s: float, context_s: float
) -> None:
    """None lies upon another, be windows of milliseconds or a small part of what is shown."""
    made: list[Any] = []
    monkeypatch.setattr(overlays, "save", lambda _, figure: made.append(figure))
    front = {
        "time_s": np.linspace(-context_s, duration_s + context_s, 9),
        "frequency_hz": np.linspace(0, 100, 8),
        "top_hz": 100.0,
        "rate_hz": 200 / duration_s,
        "duration_s": duration_s,
    }
    case = {
        "spectrogram": np.random.default_rng(0).normal(size=(8, 9)),
        "heat": np.zeros((8, 9)),
        "waveform": np.zeros(200),
        "start": pd.Timestamp("2024-06-13 22:30:01.9188", tz="UTC"),
        "title": "hit",
    }
    overlays.contact_sheet(tmp_path / "sheet.png", {"hit": [case] * 6}, front, "")
    (sheet,) = made
    sheet.canvas.draw()
    shown = [label for axes in sheet.axes[6:] for label in axes.get_xticklabels()]
    boxes = [label.get_window_extent() for label in shown if label.get_text()]
    assert len(boxes) == 18
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
