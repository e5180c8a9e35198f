"""Pictures are PNG, and the same numbers make the same bytes."""

import itertools
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.options import CLEANING, GRID, SPECTROGRAM
from support.places import ROOT

from rarewave.frontend.spectrogram import spectrograms
from rarewave.frontend.transform import FrontEnd
from rarewave.metrics import thresholds
from rarewave.metrics.thresholds import Objective
from rarewave.plots import charts, overlays, style
from stages import threshold


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list:
    """Figures that charts would write."""
    kept: list = []
    monkeypatch.setattr(charts, "save", lambda path, made: kept.append(made))
    return kept


def bars(path: Path, numbers: np.ndarray) -> None:
    """Stacked bars."""
    frame = pd.DataFrame({"background": numbers, "deep": numbers * 2}, index=list("abcd"))
    charts.stacked_bars(path, frame, "hours", "h", first="background")


def lines(path: Path, numbers: np.ndarray) -> None:
    """Two curves with a mark."""
    both = {"a": (numbers, numbers**2), "b": (numbers, numbers)}
    charts.curves(path, both, "title", "x", "y", mark={"a": (0.5, 0.25)}, diagonal=True)


def front(numbers: np.ndarray) -> tuple[dict, dict]:
    """An explained window of 4 x 4."""
    case = {
        "spectrogram": np.outer(numbers, numbers), "heat": np.outer(numbers, numbers[::-1]),
        "waveform": np.tile(numbers, 10), "title": "p = 0.9",
        "start": pd.Timestamp("1971-04-08", tz="UTC"),
    }  # fmt: skip
    axes = {
        "time_s": np.arange(4.0), "frequency_hz": np.arange(4.0), "top_hz": 3.0, "rate_hz": 10.0,
        "duration_s": 4.0,
    }  # fmt: skip
    return case, axes


@pytest.mark.parametrize("context", [0, 300])
def test_a_click_stands_in_the_waveform_where_it_stands_in_the_spectrogram(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, context: int
) -> None:
    """3.21 s into a window of 6 s at 100 Hz, with context around it or not; on every axis."""
    grid = replace(GRID, window_samples=600, hop_samples=300, context_samples=context)
    clean = replace(CLEANING, sample_rate_hz=100.0, low_hz=None, high_hz=None)
    front = FrontEnd(clean, grid, replace(SPECTROGRAM, n_fft=32, hop=8))
    recording = np.random.default_rng(0).normal(0, 1e-3, 3000).astype(np.float32)
    recording[1200 + 321] = 1.0
    samples = recording[None, 1200 - context : 1800 + context]
    picture = spectrograms(samples, 100.0, front.spectrogram)[0, :, :, 0]
    case = {
        "spectrogram": picture, "heat": np.zeros_like(picture), "title": "click",
        "waveform": recording[1200:1800], "start": pd.NaT,
    }  # fmt: skip
    axes: dict = {"time_s": front.times_s, "frequency_hz": front.frequencies_hz, "top_hz": 50.0,
            "rate_hz": 100.0, "duration_s": 6.0}  # fmt: skip
    drawn: list = []
    monkeypatch.setattr(overlays, "save", lambda path, made: drawn.append(made))
    overlays.overlay(tmp_path / "x.png", case, axes)
    overlays.contact_sheet(tmp_path / "y.png", {"hit": [case]}, axes, "Grad-CAM, layer conv3")
    for made in drawn:
        upper, lower = made.axes
        line = max(
            lower.lines, key=lambda each: len(each.get_xdata())
        )  # others: ends of the window
        assert line.get_xdata()[np.abs(line.get_ydata()).argmax()] == pytest.approx(3.21)
        left, right, *_ = upper.images[0].get_extent()
        column = picture.mean(axis=0).argmax()
        at = left + (column + 0.5) / picture.shape[1] * (right - left)
        assert at == pytest.approx(3.21, abs=0.1)
        assert upper.get_xlim() == lower.get_xlim() == (min(left, 0), max(right, 6))
    assert drawn[1].get_suptitle() == "Grad-CAM, layer conv3"


def overlay(path: Path, numbers: np.ndarray) -> None:
    """One explained window."""
    overlays.overlay(path, *front(numbers))


def sheet(path: Path, numbers: np.ndarray) -> None:
    """Rows of different length, one without a start in UTC, one empty."""
    case, axes = front(numbers)
    rows = {"hit": [case, case | {"start": pd.NaT}], "miss": [case], "false_alarm": []}
    overlays.contact_sheet(path, rows, axes, "Grad-CAM, layer conv3")


NUMBERS, OTHERS = np.array([0.1, 0.4, 0.2, 1.0]), np.array([0.3, 0.1, 0.9, 0.5])
every = pytest.mark.parametrize("draw", [bars, lines, overlay, sheet])


@every
def test_a_picture_is_a_png_of_the_same_bytes(
    tmp_path: Path, draw: Callable[[Path, np.ndarray], None]
) -> None:
    """Drawn twice; other numbers give another picture; nothing else is left."""
    for name, numbers in (("1", NUMBERS), ("2", NUMBERS), ("3", OTHERS)):
        draw(tmp_path / f"{name}.png", numbers)
    one, two, three = ((tmp_path / f"{n}.png").read_bytes() for n in (1, 2, 3))
    assert one == two != three
    assert len(list(tmp_path.iterdir())) == 3
    assert one.startswith(b"\x89PNG\r\n\x1a\n")
    at, kinds, pixels = 8, [], b""
    while at < len(one):  # every chunk of the file with its check sum
        (length,) = struct.unpack(">I", one[at : at + 4])
        kind, data = one[at + 4 : at + 8], one[at + 8 : at + 8 + length]
        (check,) = struct.unpack(">I", one[at + 8 + length : at + 12 + length])
        assert zlib.crc32(kind + data) == check
        kinds.append(kind)
        pixels += data if kind == b"IDAT" else b""
        at += 12 + length
    assert kinds[0] == b"IHDR"
    assert kinds[-1] == b"IEND"
    assert not {b"tEXt", b"iTXt", b"tIME"} & set(kinds)
    assert len(set(zlib.decompress(pixels))) > 10  # not an empty page


def test_another_process_and_a_style_of_the_user_change_nothing(tmp_path: Path) -> None:
    """A notebook's own matplotlib settings do not reach the pictures."""
    lines(tmp_path / "1.png", NUMBERS)
    script = (
        "import sys; sys.path[:0] = sys.argv[2:]; import test_charts as t; "
        "from pathlib import Path; t.lines(Path(sys.argv[1]), t.NUMBERS)"
    )
    here = Path(__file__).parent
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "2.png"), str(here), str(here.parent)],
        cwd=ROOT, check=True, timeout=100,
    )  # fmt: skip
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()


@pytest.mark.parametrize(("rows", "columns"), [(5, 3), (60, 87), (3000, 90)])
def test_bars_of_many_recordings_and_labels_have_a_picture_of_fair_size(
    tmp_path: Path, rows: int, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No number of either makes it fail, grow without bounds, or lose a count."""
    rng = np.random.default_rng(0)
    names = ["background", *[f"type {k}" for k in range(columns - 1)]]
    counts = pd.DataFrame(rng.integers(0, 5, (rows, columns)), columns=names)
    drawn: list = []
    monkeypatch.setattr(charts, "save", lambda path, made: drawn.append(made))
    charts.stacked_bars(tmp_path / "bars.png", counts, "t", "windows", first="background")
    (made,) = drawn
    assert made.get_size_inches()[1] < 20
    axes = made.axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert labels[0] == "background"
    assert len(labels) == min(columns, 21)
    widths = [sum(bar.get_width() for bar in drawn) for drawn in axes.containers]
    assert sum(widths) == counts.to_numpy().sum()


def test_two_hundred_recordings_are_summed_by_group(drawn: list, tmp_path: Path) -> None:
    """Each group has a bar that says how many recordings it has; no bar has no width."""
    rng = np.random.default_rng(0)
    names = [f"r{k:03d}" for k in range(200)]
    counts = pd.DataFrame(rng.integers(0, 5, (200, 2)), columns=["song", "call"], index=names)
    groups = pd.Series([f"site {k % 4}" for k in range(200)], index=names)
    charts.stacked_bars(tmp_path / "b.png", counts, "Calls per recording", "calls", groups=groups)
    (axes,) = drawn[0].axes
    named = [label.get_text() for label in axes.get_yticklabels()]
    assert named == [f"site {k} (50)" for k in range(4)]
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    wanted = counts.groupby(groups).sum()
    np.testing.assert_array_equal(np.transpose(widths), wanted.to_numpy())
    assert axes.get_title(loc="left").startswith("Calls per group")


@pytest.mark.parametrize("each", [True, False])
def test_two_hundred_recordings_of_no_group_are_summed_and_counted(
    drawn: list, tmp_path: Path, each: bool
) -> None:
    """Not 200 bars: the sum of each label, in how many recordings, and how many have how many."""
    names = [f"r{k:03d}" for k in range(200)]
    song = np.ones(200, int) if each else np.arange(200) % 3
    counts = pd.DataFrame({"song": song, "call": 0}, index=names)
    groups = pd.Series(names, index=names)  # each its own
    charts.stacked_bars(tmp_path / "b.png", counts, "Calls per recording", "calls", groups=groups)
    left, *right = drawn[0].axes
    assert [t.get_text() for t in left.texts] == [
        f"{song.sum()} in {(song > 0).sum()}", "0 in 0"
    ]  # fmt: skip
    if each:
        assert not right and drawn[0].get_suptitle().endswith("1 in each of 200 recordings")
    else:
        heights = [bar.get_height() for bar in right[0].patches]
        assert heights == [67, 67, 66]


@pytest.mark.parametrize("epochs", [1, 2, 6, 25, 80])
def test_epochs_are_whole_and_no_loss_is_cut_off(drawn: list, tmp_path: Path, epochs: int) -> None:
    """Ticks at whole epochs that were trained; a loss of 7 is in the picture."""
    history = [
        {"epoch": float(k + 1), "loss": 7.0 / (k + 1), "val_recall": 0.5, "val_loss": np.nan}
        for k in range(epochs)
    ]
    panels = {"training loss": ("loss", "val_loss"), "score, 0 to 1": ("val_recall",)}
    charts.over_epochs(tmp_path / "h.png", history, panels, "Training")
    loss, score = drawn[0].axes
    drawn[0].canvas.draw()
    first, last = score.get_xlim()
    ticks = [t for t in score.get_xticks() if first <= t <= last]
    assert ticks and all(t == round(t) for t in ticks)
    assert len(ticks) <= 9
    assert loss.get_ylim()[1] >= 7.0 and len(loss.lines) == 1
    assert score.get_ylim() == (-0.02, 1.02)


def test_curves_bars_and_points_are_told_apart_without_colour() -> None:
    """55 looks; neighbours also differ in line, mark and hatch."""
    found = list(style.looks(range(55)).values())
    assert len(set(found)) == 55
    for one, other in itertools.pairwise(found):
        assert one.line != other.line and one.mark != other.mark and one.hatch != other.hatch


@pytest.mark.parametrize("count", [30, 5000])
def test_the_dot_of_a_threshold_lies_on_the_curve(
    drawn: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, count: int
) -> None:
    """Of few scores and of more than are drawn: on a level part of the steps, which it is."""
    monkeypatch.setattr(threshold.artifacts, "plots", lambda stage: tmp_path)
    rng = np.random.default_rng(3)
    y = (rng.random(count) < 0.2).astype(np.int8)
    scores = np.clip(rng.normal(0.3 + 0.3 * y, 0.15), 0, 1)
    sweep = thresholds.sweep(y, scores, None, 60.0)
    chosen = thresholds.choose(sweep, Objective("f1", 0.9, 0.9, 1.0, None))
    threshold.draw({"event": chosen}, {"event": sweep})
    lines = drawn[0].axes[0].lines
    for line, dot in zip(lines[::2], lines[1::2], strict=True):
        ((x, value),) = dot.get_xydata()
        line.recache()
        corners = line.get_path().vertices
        level = corners[np.isclose(corners[:, 1], value)]
        assert level[:, 0].min() <= x <= level[:, 0].max()


def test_more_curves_than_colours_are_all_drawn(tmp_path: Path) -> None:
    x = np.linspace(0, 1, 5)
    drawn: list = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "save", lambda path, made: drawn.append(made))
        charts.curves(tmp_path / "c.png", {str(k): (x, x * k) for k in range(40)}, "t", "x", "y")
    (axes,) = drawn[0].axes
    assert len(axes.lines) == 40
    assert axes.get_title(loc="left") == "t (40 curves)"
