"""Windows cover every second once more than never, and labels follow their rules."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarewave import windows
from rarewave.errors import DataError
from rarewave.windows import Grid, Labelling

EVENT_COLUMNS = ["event_id", "onset_s", "offset_s", "label", "certain"]
RULES = Labelling(event_overlap=0.5, event_inside=0.9, background_overlap=0.25, max_uncertain=0.2)


def grids() -> st.SearchStrategy[Grid]:
    """Any grid of small windows."""
    return st.integers(16, 60).flatmap(
        lambda n: st.builds(
            Grid, st.just(n), st.integers(1, n), st.integers(0, 20), st.floats(0, 1)
        )
    )


def table_of(*rows: tuple[str, float, float, str, bool]) -> pd.DataFrame:
    """Events of one recording."""
    return pd.DataFrame(rows, columns=EVENT_COLUMNS)


def label(
    n_samples: int, grid: Grid, events: pd.DataFrame, rules: Labelling, gap: Any = None
) -> pd.DataFrame:
    """Labels at 1 Hz."""
    first = windows.starts(n_samples, grid)
    gap = np.zeros(n_samples, bool) if gap is None else gap
    return windows.label_windows(first, gap, events, 1.0, grid, rules)


def test_a_hop_longer_than_the_window_is_refused() -> None:
    """Time between windows would never be seen."""
    with pytest.raises(
        DataError, match=r"hop_samples \(33\) must not exceed window_samples \(32\)"
    ):
        Grid(32, 33, 0, 0.1)


def test_a_background_rule_above_the_event_rule_is_refused() -> None:
    """A window would be both."""
    with pytest.raises(DataError, match="background_overlap must not exceed event_overlap"):
        Labelling(0.3, 0.9, 0.4, 0.0)


@given(st.integers(0, 500), grids())
def test_the_windows_cover_every_sample(n_samples: int, grid: Grid) -> None:
    """On the grid of hops, inside the recording, rising, the last one flush with the end."""
    first = windows.starts(n_samples, grid)
    if n_samples < grid.window_samples:
        assert len(first) == 0
        return
    covered = np.zeros(n_samples, bool)
    for at in first:
        assert 0 <= at <= n_samples - grid.window_samples
        covered[at : at + grid.window_samples] = True
    assert covered.all()
    assert (np.diff(first) > 0).all()
    assert (first[:-1] % grid.hop_samples == 0).all()


@given(st.integers(1, 500), grids(), st.sampled_from([1.0, 6.625, 22050.0]))
def test_new_seconds_sum_to_the_length(n_samples: int, grid: Grid, rate: float) -> None:
    """Each window counts what no earlier one covers; nothing is counted twice or never."""
    first = windows.starts(n_samples, grid)
    found = windows.new_seconds(n_samples, first, grid, rate)
    assert np.round(found * rate).sum() == n_samples
    np.testing.assert_allclose(np.round(found * rate), found * rate, atol=1e-6)
    covered = np.zeros(n_samples, bool)
    for at, seconds in zip(first, found, strict=False):
        here = slice(at, at + grid.window_samples)
        assert (~covered[here]).sum() == round(seconds * rate)
        covered[here] = True


@given(st.integers(2, 300), grids())
def test_a_window_is_its_samples_with_context(n_samples: int, grid: Grid) -> None:
    """Mirrored beyond the ends of the recording."""
    samples = np.arange(n_samples, dtype=np.float32)
    first = windows.starts(n_samples, grid)
    if not len(first):
        return
    length, context = grid.window_samples, grid.context_samples
    found = windows.cut(samples, first, length, context)
    assert found.shape == (len(first), length + 2 * context)
    for row, at in zip(found, first, strict=True):
        wanted = []
        for index in range(at - context, at + length + context):
            while not 0 <= index < n_samples:  # turned back at the first and the last sample
                index = -index if index < 0 else 2 * (n_samples - 1) - index
            wanted.append(index)
        np.testing.assert_array_equal(row, wanted)


@given(st.lists(st.booleans(), min_size=16, max_size=200), st.integers(1, 16))
def test_the_share_of_flags_is_their_mean(flags: list[bool], length: int) -> None:
    """Against the mean of each piece."""
    array = np.array(flags)
    first = np.arange(0, len(array) - length + 1)
    wanted = [array[at : at + length].mean() for at in first]
    np.testing.assert_allclose(windows.fraction_of(array, first, length), wanted, atol=1e-12)


@st.composite
def one_of_each(draw: st.DrawFn) -> tuple[pd.DataFrame, int, Grid, Labelling]:
    """At most one event and one uncertain stretch, on whole seconds."""
    n_samples = draw(st.integers(64, 300))
    grid = draw(grids())
    rows = []
    for certain in (True, False):
        if draw(st.booleans()):
            onset = draw(st.integers(-50, n_samples + 20))
            offset = onset + draw(st.integers(1, 150))
            rows.append(("e" if certain else "u", float(onset), float(offset), "deep", certain))
    share = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
    overlap = draw(share)
    background = draw(share.filter(lambda s: s <= overlap))
    rules = Labelling(overlap, draw(share), background, draw(share))
    return table_of(*rows), n_samples, grid, rules


@given(one_of_each())
def test_labels_follow_the_rules_counted_sample_by_sample(
    case: tuple[pd.DataFrame, int, Grid, Labelling],
) -> None:
    """Every window against masks of event and uncertain seconds."""
    events, n_samples, grid, rules = case
    far = 400  # the masks reach beyond the recording, as events do
    event, doubt = np.zeros(n_samples + 2 * far, bool), np.zeros(n_samples + 2 * far, bool)
    for row in events.to_dict("records"):
        span = slice(int(row["onset_s"]) + far, int(row["offset_s"]) + far)
        (event if row["certain"] else doubt)[span] = True
    found = label(n_samples, grid, events, rules)
    for at, row in zip(windows.starts(n_samples, grid), found.to_dict("records"), strict=True):
        here = slice(at + far, at + far + grid.window_samples)
        filled = event[here].sum() / grid.window_samples
        share = event[here].sum() / max(1, event.sum())
        positive = filled > 0 and (filled >= rules.event_overlap or share >= rules.event_inside)
        # event_overlap 0 makes an event of every window, which nobody wants: not judged here
        if rules.event_overlap == 0 and filled == 0:
            continue
        assert (row["label"] == "deep") == positive
        assert (row["event_id"] == "e") == positive
        if positive:
            assert (row["status"], row["reason"]) == ("used", "")
        elif filled > rules.background_overlap:
            assert (row["status"], row["reason"]) == ("uncertain", "partly inside an event")
        elif doubt[here].mean() > rules.max_uncertain:
            assert (row["status"], row["reason"]) == ("uncertain", "inside uncertain time")
        else:
            assert (row["status"], row["reason"]) == ("used", "")


def test_the_event_that_fills_most_gives_the_label() -> None:
    """Of two events in a window."""
    events = table_of(("a", 0, 40, "deep", True), ("b", 40, 100, "impact", True))
    (row,) = label(100, Grid(100, 100, 0, 0.1), events, RULES).to_dict("records")
    assert (row["label"], row["event_id"]) == ("impact", "b")


def test_a_short_event_inside_a_window_makes_it_an_event() -> None:
    """90 % of an event of 10 s in a window of 100 s."""
    grid = Grid(100, 100, 0, 0.1)
    (row,) = label(100, grid, table_of(("a", -1, 9, "deep", True)), RULES).to_dict("records")
    assert row["label"] == "deep"
    (row,) = label(100, grid, table_of(("a", -2, 8, "deep", True)), RULES).to_dict("records")
    assert (row["label"], row["status"]) == ("background", "used")


def test_a_window_filled_by_several_events_is_no_background() -> None:
    """Three events of a fifth of the window each: 60 % of it is inside an event."""
    events = table_of(*[(f"e{i}", 100 * i - 10, 100 * i + 20, "deep", True) for i in range(2)])
    events = pd.concat([events, table_of(("e3", 80, 130, "deep", True))], ignore_index=True)
    rules = Labelling(event_overlap=0.5, event_inside=1.0, background_overlap=0.25, max_uncertain=0)
    (row,) = label(100, Grid(100, 100, 0, 0.1), events, rules).to_dict("records")
    # 0-20 and 80-100 are inside events, 40 % of the window: more than background may have
    assert row["status"] == "uncertain"


def test_uncertain_stretches_add_up() -> None:
    """Two codas that each fill 15 % of a window fill 30 % of it."""
    events = table_of(("a", -10, 15, "deep", False), ("b", 85, 200, "deep", False))
    (row,) = label(100, Grid(100, 100, 0, 0.1), events, RULES).to_dict("records")
    assert (row["status"], row["reason"]) == ("uncertain", "inside uncertain time")


def test_a_window_with_too_many_missing_samples_is_a_gap() -> None:
    """More than max_gap; exactly max_gap is used. The reason tells the share."""
    grid = Grid(100, 100, 0, 0.1)
    gap = np.zeros(300, bool)
    gap[:10] = True
    gap[100:111] = True
    gap[200:] = True
    found = label(300, grid, table_of(), RULES, gap)
    assert list(found["status"]) == ["used", "gap", "gap"]
    assert list(found["reason"]) == [
        "", "11% of the samples are missing", "100% of the samples are missing",
    ]  # fmt: skip


def test_a_recording_without_windows_has_no_labels() -> None:
    """Shorter than a window."""
    assert len(label(10, Grid(100, 100, 0, 0.1), table_of(), RULES)) == 0
