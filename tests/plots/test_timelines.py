"""Timelines show the recordings and the stretches that have events."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rarewave.plots import timelines


def events(rows: list[tuple[str, float, float, str]]) -> pd.DataFrame:
    """A table of events."""
    return pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label"])


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list:
    """Figures that timelines would write."""
    kept: list = []
    monkeypatch.setattr(timelines, "save", lambda path, made: kept.append(made))
    return kept


def test_recordings_with_events_are_shown_and_not_the_first_ones() -> None:
    lengths = {f"r{k:02d}": 60.0 for k in range(20)}
    labelled = events([(f"r{k:02d}", 5.0, 6.0, "a") for k in (7, 9, 13)])
    found = events([(f"r{k:02d}", 5.0, 6.0, "a") for k in (2, 9)])
    shown = timelines.busiest(lengths, {"labelled": labelled, "network": found})
    assert len(shown) == 6
    assert {"r07", "r09", "r13", "r02"} <= set(shown)
    assert list(shown) == sorted(shown)
    assert set(shown.values()) == {(0.0, 60.0)}


def test_of_a_long_recording_the_stretch_with_most_events_is_shown() -> None:
    """A bar is at least four pixels wide: calls of 0.1 s in an hour, most of them after 2000 s."""
    calls = [("long", t, t + 0.1, "a") for t in (5.0, *np.arange(2000, 2015, 1.5))]
    shown = timelines.busiest({"long": 3600.0}, {"labelled": events(calls), "network": events([])})
    begin, end = shown["long"]
    assert end - begin == pytest.approx(20.0)
    assert begin <= 2000 and end >= 2013.6


def test_events_at_the_same_time_hide_nothing(drawn: list, tmp_path: Path) -> None:
    """A short call over a long one, and a third after the short one, which takes its place."""
    rows = [("r", 0.0, 9.0, "hum"), ("r", 2.0, 3.0, "bell"), ("r", 3.0, 5.0, "bell")]
    tables = {"labelled": events(rows), "network": events([("r", 1.0, 2.0, "bell")])}
    timelines.timelines(tmp_path / "t.png", {"r": 60.0}, tables, ["bell", "hum"], "Events")
    boxes = [bar.get_bbox() for bar in drawn[0].axes[0].patches if bar.get_width()]
    assert [box.height for box in boxes] == pytest.approx([0.4] * 4)
    for k, one in enumerate(boxes):
        for other in boxes[k + 1 :]:
            wide = min(one.x1, other.x1) - max(one.x0, other.x0)
            assert wide <= 1e-9 or min(one.y1, other.y1) - max(one.y0, other.y0) <= 1e-9
    timelines.timelines(
        tmp_path / "t.png", {"r": 60.0}, {"labelled": tables["network"]}, ["bell"], ""
    )
    assert [b.get_height() for b in drawn[1].axes[0].patches if b.get_width()] == [0.8]


def test_clips_are_side_by_side_with_each_of_their_classes(drawn: list, tmp_path: Path) -> None:
    """One panel, a cell for each clip, in the order of their label."""
    lengths = {"b": 5.0, "a": 5.0, "c": 5.0}
    labelled = events([("a", 0, 5, "rain"), ("b", 0, 5, "dog"), ("c", 0, 5, "dog")])
    network = events([("a", 0, 5, "rain"), ("b", 0, 5, "dog")])
    tables = {"labelled": labelled, "network": network}
    timelines.timelines(tmp_path / "t.png", lengths, tables, ["dog", "rain"], "Events")
    (axes,) = drawn[0].axes
    bars = [bar for bar in axes.patches if bar.get_width()]
    assert sorted(int(bar.get_x()) for bar in bars) == [0, 0, 1, 2, 2]
    assert axes.get_xlim() == (0, 3)
    assert [bar.get_height() for bar in bars] == pytest.approx([0.8] * 5)
    twice = {"labelled": pd.concat([labelled, events([("a", 0, 5, "dog")])]), "network": network}
    timelines.timelines(tmp_path / "t.png", lengths, twice, ["dog", "rain"], "Events")
    bars = [bar for bar in drawn[1].axes[0].patches if bar.get_width()]
    assert [bar.get_height() for bar in bars] == pytest.approx([0.4] * 6)
    lanes = {(bar.get_y() % 1 > 0.5, bar.get_facecolor()) for bar in bars}
    assert len(lanes) == 2  # each class in its own


@pytest.mark.parametrize("count", [3, 30, 87])
def test_class_names_of_bars_do_not_overlap(drawn: list, tmp_path: Path, count: int) -> None:
    """And 87 classes have a picture of fair size."""
    names = [f"a species with a long name {k}" for k in range(count)]
    rows = [{"detector": d, "label": n, "f1": 0.5} for d in ("network", "forest") for n in names]
    timelines.class_bars(tmp_path / "c.png", pd.DataFrame(rows), "t")
    (axes,) = drawn[0].axes
    drawn[0].canvas.draw()
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert len(boxes) == count
    assert drawn[0].get_size_inches()[1] < 16
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])
