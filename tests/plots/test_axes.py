"""A picture of a spectrogram says where its rows and frames lie."""

import itertools

import numpy as np
import pytest
from librosa import mel_frequencies
from matplotlib.figure import Figure

from rarewave.plots import axes


@pytest.mark.parametrize(
    "hertz", [mel_frequencies(40, fmin=50, fmax=11025), np.linspace(0, 3.3, 129), np.array([440.0])]
)
def test_rows_are_named_by_their_own_frequency(hertz: np.ndarray) -> None:
    """Each tick in the middle of its row, the first and the last row among them."""
    drawn = Figure().subplots()
    axes.name_rows(drawn, hertz, 5)
    at = drawn.get_yticks()
    rows = np.floor(at).astype(int)
    np.testing.assert_array_equal(at, rows + 0.5)
    assert rows[0] == 0 and rows[-1] == len(hertz) - 1 and len(rows) == min(5, len(hertz))
    named = [float(label.get_text()) for label in drawn.get_yticklabels()]
    np.testing.assert_allclose(named, hertz[rows], atol=0.5 if hertz[-1] > 20 else 0.005)


@pytest.mark.parametrize(
    ("low", "high"), [(0.02, 0.2), (54, 290), (1e-4, 1e6), (0.3, 1.2), (1, 26952), (2000, 9000)]
)
def test_a_log_axis_has_plain_numbers_that_do_not_overlap(low: float, high: float) -> None:
    """Three to six ticks, each a number that float reads back, no formula, none in between."""
    figure = Figure((2.5, 2))
    drawn = figure.subplots()
    axes.log_scale(drawn.xaxis, np.array([low, high, np.nan, 0.0]))
    figure.canvas.draw()
    shown = [label.get_text() for label in drawn.get_xticklabels()]
    assert drawn.get_xscale() == "log"
    assert 2 <= len(shown) <= 6
    assert [float(text) for text in shown] == pytest.approx(list(drawn.get_xticks()))
    assert not any(mark in text for text in shown for mark in "$e\\")
    assert not any(t.label1.get_text() for t in drawn.xaxis.get_minor_ticks())
    boxes = [label.get_window_extent() for label in drawn.get_xticklabels()]
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))


@pytest.mark.parametrize("values", [[5.0, 5.0, 5.0], [4.0, 5.0], [np.nan], []])
def test_values_that_are_close_have_a_linear_axis(values: list[float]) -> None:
    drawn = Figure().subplots()
    axes.log_scale(drawn.xaxis, np.array(values))
    assert drawn.get_xscale() == "linear"


def test_frames_lie_about_their_centres() -> None:
    """Half a frame before the first centre to half a frame behind the last."""
    assert axes.extent(np.array([0.5, 0.75, 1.0]), 40) == (0.375, 1.125, 0.0, 40.0)
    assert axes.extent(np.array([2.0]), 8) == (1.5, 2.5, 0.0, 8.0)


def test_rows_without_frequencies_have_numbers() -> None:
    """Their numbers, from 0, as one speaks of MFCC."""
    shown = np.full(13, np.nan)
    plot = Figure().subplots()
    drawn = axes.picture(plot, np.zeros((13, 5)), shown, "gray", (0, 0), extent=(0, 1, 0, 13))
    axes.name_rows(plot, shown, 4)
    assert drawn is not None and axes.rows_label(shown) == "row"
    assert [t.get_text() for t in plot.get_yticklabels()] == ["0", "4", "8", "12"]
    assert axes.rows_label(np.array([100.0, 200.0])) == "frequency [Hz]"


def test_a_waveform_is_a_line_about_the_middle() -> None:
    """As high as the limits allow: louder than another on the same scale, not alike."""
    wave = np.sin(np.linspace(0, 20, 500))[None]
    none = np.array([np.nan])
    limits = axes.limits_of(np.stack([wave, 2 * wave]), none, (5, 95))
    plot = Figure().subplots()
    assert axes.picture(plot, wave, none, "gray", limits, extent=(0.0, 1.0, 0, 1)) is None
    axes.name_rows(plot, none)
    (line,) = plot.get_lines()
    x, y = line.get_data()
    assert 0 < x[0] < 0.01 and 0.99 < x[-1] < 1
    np.testing.assert_allclose(y, 0.5 + 0.24 * wave[0], atol=1e-3)
    assert list(plot.get_yticks()) == [] and axes.rows_label(none) == "waveform"
