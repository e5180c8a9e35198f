"""Sheets of a network's layers say layer, channel, Hz and seconds, and put maps in their place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rarewave.plots import network_sheets
from rarewave.plots.network_sheets import Front, Place, Scale, Tile

FRONT = Front(0.5 + np.arange(20) * 0.1, np.linspace(0, 450, 10), (0.7, 2.1))
RNG = np.random.default_rng(0)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures, as they are written."""
    found: list[Any] = []
    save = network_sheets.save
    monkeypatch.setattr(
        network_sheets, "save", lambda path, made: (found.append(made), save(path, made))
    )
    return found


def texts(made: Any) -> str:
    """All words of a figure."""
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in made.findobj(Text))


def test_every_sheet_names_its_layer_channels_and_units(tmp_path: Path, drawn: list[Any]) -> None:
    """On the axes and over the tiles."""
    tiles = [Tile(RNG.normal(size=(3, 3)), f"channel {k}") for k in (0, 7)]
    scale = Scale(50.0, 0.1, "frequency [Hz]", "time [s]")
    network_sheets.filters(tmp_path / "a.png", [tiles], scale, "Filters of conv1", "weight")
    network_sheets.mosaic(tmp_path / "b.png", [tiles], ["channel 5"], "Filters of conv2", "weight")
    seen = [Tile(RNG.normal(size=(10, 20)), "event, p = 0.9")]
    layer = [[Tile(RNG.normal(size=(5, 10)), f"channel {k}") for k in (0, 7)]]
    place = Place((0.5, 0.5), (2, 2))
    network_sheets.maps(tmp_path / "c.png", seen, layer, place, FRONT, "Feature maps of conv2")
    most = [[Tile(seen[0].values, "channel 7: 0.1 to 3")]]
    limits = -1.0, 1.0
    network_sheets.maximised(tmp_path / "d.png", most, FRONT, limits, "conv3", "deviations")
    said = [texts(made) for made in drawn]
    for words, layer_name in zip(said, ("conv1", "conv2", "conv2", "conv3"), strict=True):
        assert layer_name in words and "channel " in words
    for words in (said[0], said[2], said[3]):
        assert "time [s]" in words and "frequency [Hz]" in words
    assert "deviations" in said[3] and "weight" in said[1] and "event, p = 0.9" in said[2]


def test_maps_lie_where_their_positions_look(tmp_path: Path, drawn: list[Any]) -> None:
    """Position (r, t) of a layer is centred on what it sees, in the seconds of the window."""
    values = np.zeros((5, 9))
    values[2, 3] = 1
    place = Place((0.5, 1.5), (2, 2))
    seen = [Tile(RNG.normal(size=(10, 20)), "window")]
    layer = [[Tile(values, "channel 0")]]
    network_sheets.maps(tmp_path / "m.png", seen, layer, place, FRONT, "conv2")
    (made,) = drawn
    picture, shown = made.axes
    (image,) = shown.get_images()
    left, right, bottom, top = image.get_extent()
    wide, high = (right - left) / 9, (top - bottom) / 5
    assert left + 3.5 * wide == pytest.approx(0.5 + (1.5 + 3 * 2) * 0.1)
    assert bottom + 2.5 * high == pytest.approx(0.5 + 0.5 + 2 * 2)  # rows have their middle at .5
    assert shown.get_xlim() == pytest.approx(picture.get_xlim())
    assert shown.get_ylim() == pytest.approx((0, 10))
    lines = [line.get_xdata()[0] for line in shown.get_lines()]
    assert lines == [0.7, 2.1]  # where the window ends and its context begins
