"""Sheets of spectrograms and strips of what labelled events are like."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rarewave.plots import contact_sheets


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list:
    """Figures that would be written."""
    kept: list = []
    monkeypatch.setattr(contact_sheets, "save", lambda path, made: kept.append(made))
    return kept


def test_what_no_event_has_gets_no_panel(drawn: list, tmp_path: Path) -> None:
    table = pd.DataFrame({"label": ["a", "b"], "duration_s": [0.1, 2.0], "bandwidth_hz": np.nan,
                          "snr_db": [3.0, 9.0]})  # fmt: skip
    contact_sheets.distributions(tmp_path / "d.png", table, "Labelled calls")
    assert [axes.get_xlabel() for axes in drawn[0].axes] == ["duration [s]", "SNR [dB]"]
    named = [label.get_text() for label in drawn[0].axes[0].get_yticklabels()]
    assert named == ["a (1)", "b (1)"]


def test_long_names_of_examples_do_not_run_into_each_other(drawn: list, tmp_path: Path) -> None:
    """And a label that reaches beyond the recording does not widen the picture."""
    rng = np.random.default_rng(0)
    calls = [
        {"db": rng.normal(size=(8, 20)), "seconds": (0.0, 4.0), "hertz": (0.0, 100.0),
         "onset_s": -2.0, "offset_s": 9.0, "name": f"xa.s12.00.mhz.1973-07-29HR00_evid{k:05d}"}
        for k in range(4)
    ]  # fmt: skip
    contact_sheets.examples(tmp_path / "e.png", {"impact": calls, "deep": calls[:2]}, "t")
    drawn[0].canvas.draw()
    axes = drawn[0].axes[:4]
    assert all(one.get_xlim() == (0.0, 4.0) for one in axes)
    boxes = [one.title.get_window_extent() for one in axes]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_the_title_over_one_spectrogram_is_not_cut(drawn: list, tmp_path: Path) -> None:
    """And its axes are in Hz and seconds."""
    picture = np.random.default_rng(0).normal(size=(16, 30)).astype(np.float32)
    title = "One training call, and what augmentation makes of it"
    hertz = np.linspace(0, 3000, 16)
    contact_sheets.variants(tmp_path / "v.png", [{"as it is": picture}], hertz, 2.0, title)
    (made,) = drawn
    made.canvas.draw()
    box = made._suptitle.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= made.bbox.width
    (axes,) = made.axes
    assert axes.get_yticklabels()[-1].get_text() == "3000"
    assert axes.images[0].get_extent()[:2] == [0, 2.0]


def test_the_window_is_told_from_what_is_around_it(drawn: list, tmp_path: Path) -> None:
    """Time is counted from its start, as the title's; dotted lines are its ends."""
    groups = [{"1: a.wav\n1.04 s": np.ones((16, 30), np.float32)}]
    contact_sheets.variants(tmp_path / "v.png", groups, np.arange(16.0), 2.0, "", (0.8, 0.4))
    (axes,) = drawn[0].axes
    assert axes.images[0].get_extent()[:2] == pytest.approx([-0.8, 1.2])
    assert [line.get_xdata()[0] for line in axes.lines] == [0.0, 0.4]


def test_each_window_has_its_own_scale_of_colours(drawn: list, tmp_path: Path) -> None:
    """A quiet window beside a loud one is not black."""
    rng = np.random.default_rng(0)
    groups = [{f"{level}": (rng.normal(size=(16, 30)) + level)} for level in (0.0, -80.0)]
    contact_sheets.variants(tmp_path / "v.png", groups, np.arange(16.0), 1.0, "views")
    for axes, level in zip(drawn[0].axes, (0.0, -80.0), strict=False):
        low, high = axes.images[0].get_clim()
        assert low < level < high
