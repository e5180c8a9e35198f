"""Events of the generated archives, one by one."""

import numpy as np
import pytest

from rarewave.simulation import simulated
from rarewave.simulation.moonquakes import MOONQUAKES


@pytest.mark.parametrize("family", range(len(simulated.FAMILIES)))
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_most_of_the_energy_has_come_when_an_event_ends(family: int, factor: float) -> None:
    """At its own rate and at another one, and the same again from the same seed."""
    rate = (6.625, 8000.0, 16000.0, 22050.0)[family] * factor
    for make in simulated.FAMILIES[family].values():
        one, again = (simulated.event(make, rate, np.random.default_rng(3)) for _ in range(2))
        np.testing.assert_array_equal(one.samples, again.samples)
        share = np.square(one.samples[: one.duration]).sum() / np.square(one.samples).sum()
        assert 0.9 <= share < 0.99 and np.isfinite(one.samples).all()


def test_a_sound_keeps_its_pitch_and_length_at_another_rate() -> None:
    make = simulated.makers(["whistle steps"])["whistle steps"]
    tops, lengths = [], []
    for rate in (16000.0, 24000.0):
        wave = simulated.event(make, rate, np.random.default_rng(1)).samples
        tops.append(np.abs(np.fft.rfft(wave)).argmax() * rate / len(wave))
        lengths.append(len(wave) / rate)
    assert tops[0] == pytest.approx(tops[1], rel=0.01)
    assert lengths[0] == pytest.approx(lengths[1], rel=0.01)


def test_labels_are_those_of_one_archive() -> None:
    """Two archives have a trill: that which knows the most labels makes it."""
    assert list(simulated.makers(["trill", "hum", "bell", "owl"])) == ["bell", "hum", "trill"]
    assert simulated.makers(["owl"]) == {}
    assert set(simulated.makers([*MOONQUAKES, "thermal"])) == set(MOONQUAKES)
