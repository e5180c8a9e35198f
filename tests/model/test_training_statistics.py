"""What a package keeps of the recordings that it learnt from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import tiny

from rarewave.base.errors import DataError
from rarewave.base.spread import evenly
from rarewave.frontend import transform
from rarewave.measurement import pictures
from rarewave.model import training_statistics
from rarewave.model.training_statistics import Reach, Waveform

REACH = Reach(*(np.full((17, 1), value, np.float32) for value in (-2.0, 0.0, 3.0)))
NO_GAPS = np.zeros((0, 2), np.int64)


def test_windows_are_those_of_detect_and_as_many_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly spread over each recording, gaps left out, numbers as of the front end's windows."""
    monkeypatch.setattr(training_statistics, "MOST", 20)
    waves = [tiny.song(s).astype(np.float32) for s in (3.0, 2.0)] + [np.zeros(64, np.float32)]
    gaps = [NO_GAPS, np.array([[0, 1000]]), NO_GAPS]
    front = replace(tiny.FRONT, spectrogram=replace(tiny.FRONT.spectrogram, floor_s=1.0))
    found = training_statistics.collect(front, 3, lambda k: Waveform(waves[k], gaps[k]), REACH)
    assert found.each.tolist() == [6] and found.names.tolist() == pictures.names_of(front)
    assert np.bincount(found.recording).tolist() == [6, 3]  # half of the second was not recorded
    X = transform.apply(tiny.FRONT, waves[0].astype(float), tiny.RATE).spectrograms
    wanted = pictures.of_windows(tiny.FRONT, X[evenly(len(X), 6)])
    np.testing.assert_allclose(found.values[:6], wanted, rtol=1e-4, atol=1e-4)


def test_it_is_the_same_when_read_again(tmp_path: Path) -> None:
    """To the byte; a broken file is named."""
    made = training_statistics.collect(
        tiny.FRONT, 1, lambda _: Waveform(tiny.song(3.0).astype(np.float32), NO_GAPS), REACH
    )
    for name in ("a", "b"):
        training_statistics.save(tmp_path / f"{name}.npz", made)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = training_statistics.load(tmp_path / "a.npz")
    for one, other in zip(made, again, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(again.reach.high, REACH.high)
    training_statistics.save(tmp_path / "c.npz", made._replace(recording=made.recording[1:]))
    with pytest.raises(DataError, match="holds no statistics of training"):
        training_statistics.load(tmp_path / "c.npz")


def test_the_range_is_that_of_nearly_all_values() -> None:
    """Row by row and channel by channel."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5, 50, 2)).astype(np.float32) * np.arange(1, 6)[:, None, None]
    X[0, 0, 0] = 1e6
    found = training_statistics.reach_of(X)
    assert found.low.shape == (5, 2) and (found.high < 30).all()
    np.testing.assert_allclose(found.high[:, 0], 3.09 * np.arange(1, 6), rtol=0.25)
    np.testing.assert_allclose(found.middle, 0, atol=0.3)
