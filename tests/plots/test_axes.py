"""A picture of a spectrogram says where its rows and frames lie."""

import matplotlib as mpl
import numpy as np
import pytest
from librosa import mel_frequencies

from rarewave.plots import axes


@pytest.mark.parametrize(
    "hertz", [mel_frequencies(40, fmin=50, fmax=11025), np.linspace(0, 3.3, 129), np.array([440.0])]
)
def test_rows_are_named_by_their_own_frequency(hertz: np.ndarray) -> None:
    """Each tick in the middle of its row, the first and the last row among them."""
    drawn = mpl.figure.Figure().subplots()
    axes.name_rows(drawn, hertz, 5)
    at = drawn.get_yticks()
    rows = np.floor(at).astype(int)
    np.testing.assert_array_equal(at, rows + 0.5)
    assert rows[0] == 0 and rows[-1] == len(hertz) - 1 and len(rows) == min(5, len(hertz))
    named = [float(label.get_text()) for label in drawn.get_yticklabels()]
    np.testing.assert_allclose(named, hertz[rows], atol=0.5 if hertz[-1] > 20 else 0.005)


def test_frames_lie_about_their_centres() -> None:
    """Half a frame before the first centre to half a frame behind the last."""
    assert axes.extent(np.array([0.5, 0.75, 1.0]), 40) == (0.375, 1.125, 0.0, 40.0)
    assert axes.extent(np.array([2.0]), 8) == (1.5, 2.5, 0.0, 8.0)
