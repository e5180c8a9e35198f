"""Averages of STA/LTA that fit neither recordings nor events are said."""

import numpy as np

from rarewave.baselines import notices
from rarewave.baselines.options import Baselines

LUNAR = Baselines(sta_s=120, lta_s=3600, seed=1)
EVENTS = np.array([900.0, 2000.0, 2500.0])


def test_the_windows_of_the_default_recipe_fit_its_sample() -> None:
    assert notices.windows_that_do_not_fit(LUNAR, np.full(20, 43200.0), EVENTS) == []
    assert notices.windows_that_do_not_fit(LUNAR, np.full(20, 43200.0), np.zeros(0)) == []


def test_an_hour_of_average_in_an_hour_of_recording() -> None:
    (notice,) = notices.windows_that_do_not_fit(LUNAR, np.full(3, 3600.0), EVENTS)
    assert notice.key == "long_average" and notice.value == 1
    assert "lta_s is 3600 s" in notice.says and "set it to 900 s or less" in notice.says


def test_a_short_average_longer_than_events() -> None:
    (notice,) = notices.windows_that_do_not_fit(LUNAR, np.full(3, 43200.0), EVENTS / 100)
    assert notice.key == "short_average" and notice.value == 6
    assert "the median event of training lasts 20 s" in notice.says
