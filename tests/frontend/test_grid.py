"""Windows cover every second once more than never, and labels follow their rules."""

import itertools
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarewave.base import intervals
from rarewave.base.errors import DataError
from rarewave.dataset import labelling
from rarewave.dataset.labelling import Labelling
from rarewave.dataset.placement import Placement, around_calls, grid_of
from rarewave.frontend import grid as frontend_grid
from rarewave.frontend.grid import Grid, PadShort, extent, filled, new_seconds

EVENT_COLUMNS = ["event_id", "onset_s", "offset_s", "label", "certain"]
RULES = Labelling(
    event_overlap=0.5,
    event_inside=0.9,
    background_overlap=0.25,
    background_inside=0.5,
    max_uncertain=0.2,
    least_gap_s=0.0,
)
CALLS = Placement(
    placement="calls",
    window_samples=20,
    hop_samples=None,
    context_samples=0,
    max_gap=0.1,
    pad_short=False,
    jitter=0.0,
    background_ratio=1.0,
    placement_seed=1,
)


def grids() -> st.SearchStrategy[Grid]:
    """Any grid of small windows."""
    return st.integers(16, 60).flatmap(
        lambda n: st.builds(
            Grid,
            st.just(n),
            st.integers(1, n),
            st.integers(0, 20),
            st.floats(0, 1),
            st.booleans(),
        )
    )


def table_of(*rows: tuple[str, float, float, str, bool]) -> pd.DataFrame:
    """Events of one recording, without a band."""
    table = pd.DataFrame(rows, columns=EVENT_COLUMNS)
    return table.assign(low_hz=np.nan, high_hz=np.nan)


def label(
    n_samples: int, grid: Grid, events: pd.DataFrame, rules: Labelling, gap: Any = None
) -> pd.DataFrame:
    """Labels at 1 Hz."""
    first = frontend_grid.starts(n_samples, grid)
    gap = np.zeros(n_samples, bool) if gap is None else gap
    return labelling.label_windows(first, intervals.gaps_of(gap), events, 1.0, grid, rules)


def test_a_hop_longer_than_the_window_is_refused() -> None:
    """Time between windows would never be seen."""
    with pytest.raises(
        DataError, match=r"hop_samples \(33\) must not exceed window_samples \(32\)"
    ):
        Grid(32, 33, 0, 0.1, False)


def test_a_background_rule_above_the_event_rule_is_refused() -> None:
    """A window would be both."""
    with pytest.raises(DataError, match="background_overlap must not exceed event_overlap"):
        Labelling(0.3, 0.9, 0.4, 0.5, 0.0, 0.0)
    with pytest.raises(DataError, match="background_inside must not exceed event_inside"):
        Labelling(0.5, 0.4, 0.4, 0.5, 0.0, 0.0)


def test_a_window_with_most_of_a_call_is_no_background() -> None:
    """Calls of 2 s and windows of 5 s, a hop of 0.5 s: nothing that holds more than half."""
    rules = replace(RULES, background_overlap=0.5)
    grid = Grid(50, 5, 0, 0.1, False)
    events = table_of(("e", 40.0, 60.0, "deep", True))  # samples
    found = label(200, grid, events, rules)
    first = frontend_grid.starts(200, grid)
    inside = np.minimum(first + 50, 60) - np.maximum(first, 40)
    share = np.maximum(inside, 0) / 20
    status = found["status"].to_numpy()
    assert (status[(share > 0.5) & (share < 0.9)] == "uncertain").all()
    assert ((share > 0.5) & (share < 0.9)).sum() >= 2
    assert (found["label"][share >= 0.9] == "deep").all()
    assert (status[share <= 0.5] == "used").all()


@given(st.integers(0, 500), grids())
def test_the_windows_cover_every_sample(n_samples: int, grid: Grid) -> None:
    """On the grid of hops, inside the recording, rising, the last one flush with the end."""
    first = frontend_grid.starts(n_samples, grid)
    if n_samples < grid.window_samples:
        assert first.tolist() == ([0] if grid.pad_short and n_samples else [])
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
    first = frontend_grid.starts(n_samples, grid)
    found = new_seconds(n_samples, first, grid, rate)
    assert np.round(found * rate).sum() == (n_samples if len(first) else 0)
    np.testing.assert_allclose(np.round(found * rate), found * rate, atol=1e-6)
    covered = np.zeros(n_samples, bool)
    for at, seconds in zip(first, found, strict=False):
        here = slice(at, at + grid.window_samples)
        assert (~covered[here]).sum() == round(seconds * rate)
        covered[here] = True


@given(st.integers(16, 300), st.data())
def test_windows_anywhere_count_each_second_once(n_samples: int, data: st.DataObject) -> None:
    """Around calls windows overlap as they like: a second counts for the first that holds it."""
    grid = Grid(16, 8, 0, 0.1, True)
    starts = st.lists(st.integers(0, n_samples - 16), max_size=12)
    first = np.sort(np.array(data.draw(starts), np.int64))
    found = new_seconds(n_samples, first, grid, 2.0)
    covered = np.zeros(n_samples, bool)
    for at, seconds in zip(first, found, strict=True):
        here = slice(at, at + 16)
        assert (~covered[here]).sum() == seconds * 2.0
        covered[here] = True


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([True, "repeat"]))
def test_a_short_recording_is_followed_by_silence_or_by_itself(
    n_samples: int, length: int, pad_short: PadShort
) -> None:
    """As often as it takes; one that is long enough stays as it is."""
    samples = np.arange(1, n_samples + 1, dtype=np.float32)
    found = filled(samples, length, pad_short)
    assert len(found) == max(n_samples, length)
    wanted = [
        index % n_samples + 1 if index < n_samples or pad_short == "repeat" else 0
        for index in range(len(found))
    ]
    assert found.tolist() == wanted


@given(st.integers(20, 300), st.integers(0, 30), st.data())
def test_the_extent_is_what_windows_and_context_touch(
    n_samples: int, context: int, data: st.DataObject
) -> None:
    """Inside the recording what is to be read, outside it what is to be added."""
    starts = st.lists(st.integers(0, n_samples - 20), min_size=1, max_size=5)
    first = np.sort(np.array(data.draw(starts), np.int64))
    start, stop, before, behind = extent(first, 20, context, n_samples)
    touched = {i for at in first for i in (at - context, at + 20 + context - 1)}
    inside = range(n_samples)
    assert [start, stop - 1] == [
        max(min(touched), inside[0]), min(max(touched), inside[-1]),
    ]  # fmt: skip
    assert before == sum(i < 0 for i in range(min(touched), 0))
    assert behind == sum(i >= n_samples for i in range(max(touched) + 1))


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 9))
def test_gaps_are_the_runs_of_flags(flags: list[bool], offset: int) -> None:
    """In order, apart from each other, and they mark again what was flagged."""
    found = intervals.gaps_of(np.array(flags, bool), offset)
    assert found.shape == (len(found), 2)
    marked = np.zeros(len(flags), bool)
    for start, stop in found - offset:
        assert 0 <= start < stop <= len(flags)
        marked[start:stop] = True
    np.testing.assert_array_equal(marked, flags)
    assert (found[1:, 0] > found[:-1, 1]).all()


@given(
    st.lists(st.booleans(), min_size=16, max_size=200),
    st.integers(1, 16),
    st.lists(st.integers(0, 200), max_size=4),
)
def test_the_share_inside_gaps_is_the_mean_of_the_flags(
    flags: list[bool], length: int, cuts: list[int]
) -> None:
    """Against the mean of each piece; runs cut in two by the blocks of cleaning are one gap."""
    array = np.array(flags)
    first = np.arange(0, len(array) - length + 1)
    limits = sorted({0, *(min(c, len(array)) for c in cuts), len(array)})
    pieces = [intervals.gaps_of(array[a:b], a) for a, b in itertools.pairwise(limits)]
    found = intervals.gap_share(np.concatenate(pieces), first, length)
    wanted = [array[at : at + length].mean() for at in first]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_the_grid_takes_its_sizes_from_the_calls_where_they_are_null() -> None:
    """The longest call, rounded up, and half of it; given sizes stand."""
    free = replace(CALLS, window_samples=None, context_samples=5, pad_short=True)
    assert grid_of(free, 1.01, 100.0) == Grid(101, 50, 5, 0.1, True)
    assert grid_of(free, 0.001, 100.0) == Grid(16, 8, 5, 0.1, True)
    given_sizes = replace(CALLS, window_samples=40, hop_samples=7)
    assert grid_of(given_sizes, 9.0, 100.0) == Grid(40, 7, 0, 0.1, False)


@st.composite
def labelled_recordings(draw: st.DrawFn) -> tuple[pd.DataFrame, int]:
    """A few calls and uncertain stretches, perhaps beyond the ends."""
    n_samples = draw(st.integers(20, 400))
    rows = []
    for number in range(draw(st.integers(0, 5))):
        onset = draw(st.floats(-5, n_samples))
        offset = onset + draw(st.floats(0.5, 60))
        rows.append((f"e{number}", onset, offset, "a", draw(st.booleans())))
    return table_of(*rows), n_samples


@given(
    labelled_recordings(),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([0.0, 0.5, 3.0]),
    st.integers(0, 9),
)
def test_windows_around_calls_hold_calls_or_nothing(
    recording: tuple[pd.DataFrame, int], jitter: float, ratio: float, seed: int
) -> None:
    """One near each certain call, moved by no more than the jitter; the rest touch no label."""
    events, n_samples = recording
    placement = replace(CALLS, jitter=jitter, background_ratio=ratio)
    draws = [
        around_calls(
            events, n_samples, 1.0, 20, placement, np.random.Generator(np.random.PCG64(seed))
        )
        for _ in range(2)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    first = draws[0]
    assert (np.diff(first) > 0).all()  # calls may share a window, and none is there twice
    assert ((first >= 0) & (first <= n_samples - 20)).all()
    serving = set()
    for event in events[events["certain"]].to_dict("records"):
        centred = (event["onset_s"] + event["offset_s"]) / 2 - 10
        wanted = np.clip(centred, 0, n_samples - 20)
        nearest = int(first[np.argmin(np.abs(first - wanted))])
        assert abs(nearest - wanted) <= jitter * 20 + 0.5
        serving.add(nearest)
    calls = int(events["certain"].sum())
    quiet = [at for at in range(n_samples - 19) if not touches(at, events)]
    expected = min(max(1, round(ratio * calls)), len(quiet)) if ratio else 0
    assert len(first) <= calls + expected
    assert len(set(first) & set(quiet)) >= expected
    if not jitter:
        assert all(not touches(at, events) for at in set(first) - serving)


def touches(at: int, events: pd.DataFrame) -> bool:
    """Whether a window of 20 samples at 1 Hz shares time with any label."""
    return bool(((events["onset_s"] < at + 20) & (events["offset_s"] > at)).any())


def test_calls_are_moved_by_up_to_the_jitter() -> None:
    """In both directions, up to that share of a window and no further."""
    onset = np.arange(200) * 100.0 + 40
    events = table_of(*[(f"e{i}", t, t + 20, "a", True) for i, t in enumerate(onset)])
    placement = replace(CALLS, jitter=0.25, background_ratio=0.0)
    rng = np.random.default_rng(0)
    moved = around_calls(events, 20100, 1.0, 20, placement, rng) - onset
    assert moved.min() == -5
    assert moved.max() == 5
    assert abs(moved.mean()) < 1


def test_background_windows_overlap_only_where_there_is_no_room() -> None:
    """Few in a long recording lie apart; many in a short one overlap, none twice."""
    events = table_of(("e", 50, 60, "a", True))
    few = replace(CALLS, background_ratio=5.0)
    found = around_calls(events, 5000, 1.0, 20, few, np.random.default_rng(1))
    quiet = found[found != 45]
    assert len(quiet) == 5
    assert np.diff(quiet).min() >= 20
    many = replace(CALLS, background_ratio=30.0)
    found = around_calls(events, 120, 1.0, 20, many, np.random.default_rng(1))
    assert len(found) == len(set(found)) == 31


@pytest.mark.parametrize(
    ("onset", "offset", "quiet"), [(20, 60, 0), (0, 40, 40), (19.5, 60, None), (0, 40.5, None)]
)
def test_background_may_reach_up_to_a_label(onset: float, offset: float, quiet: int | None) -> None:
    """The one window that fits is found, and none where half a sample is lacking."""
    events = table_of(("e", onset, offset, "a", False))
    found = around_calls(events, 60, 1.0, 20, CALLS, np.random.default_rng(0))
    assert found.tolist() == ([] if quiet is None else [quiet])


@pytest.mark.parametrize("pad_short", [True, False])
def test_a_recording_shorter_than_a_window_has_one_or_none(pad_short: bool) -> None:
    """As on the grid."""
    events = table_of(("e", 0, 5, "a", True))
    placement = replace(CALLS, pad_short=pad_short)
    found = around_calls(events, 12, 1.0, 20, placement, np.random.default_rng(1))
    assert found.tolist() == ([0] if pad_short else [])


def test_calls_of_one_label_are_set_apart() -> None:
    """Both give way by half; others, overlapping ones and far ones stay."""
    events = table_of(
        ("a", 0, 10, "x", True), ("b", 10, 20, "x", True), ("c", 20, 30, "y", True),
        ("d", 40, 50, "y", True), ("e", 45, 60, "y", True),
    )  # fmt: skip
    found = labelling.separated(events, 2.0)
    assert list(found["onset_s"]) == [0, 11, 20, 40, 45]
    assert list(found["offset_s"]) == [9, 20, 30, 50, 60]
    assert list(found["event_id"]) == list("abcde")
    assert list(events["offset_s"]) == [10, 20, 30, 50, 60]  # what was given stays


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5)), min_size=1, max_size=8))
def test_setting_apart_shortens_no_call_by_more_than_it_may(
    pieces: list[tuple[int, int]],
) -> None:
    """A third at either end, and only where the next is nearer than wanted."""
    at, rows = 0.0, []
    for number, (length, gap) in enumerate(pieces):
        rows.append((f"e{number}", at, at + length, "x", True))
        at += length + gap
    events = table_of(*rows)
    found = labelling.separated(events, 3.0)
    lost = found["onset_s"] - events["onset_s"], events["offset_s"] - found["offset_s"]
    length = events["offset_s"] - events["onset_s"]
    for side in lost:
        assert (side >= 0).all()
        assert (side <= length / 3 + 1e-9).all()
    before = (events["onset_s"].shift(-1) - events["offset_s"])[:-1]
    after = (found["onset_s"].shift(-1) - found["offset_s"])[:-1]
    np.testing.assert_allclose(after[before >= 3], before[before >= 3])
    roomy = ((length / 3 >= 1.5) & (length.shift(-1) / 3 >= 1.5))[:-1]
    assert (after[roomy] >= 3 - 1e-9).all()


def test_a_call_of_another_label_between_does_not_keep_two_calls_together() -> None:
    """Two calls of x half a second apart, a short y inside the first."""
    events = table_of(
        ("a", 0, 10, "x", True), ("b", 4, 6, "y", True), ("c", 10.5, 20, "x", True)
    )  # fmt: skip
    found = labelling.separated(events, 2.0).set_index("event_id")
    assert found["onset_s"]["c"] - found["offset_s"]["a"] == pytest.approx(2.0)


def test_uncertain_time_shortens_no_call() -> None:
    """The coda of an event has its label and begins where it ends."""
    events = table_of(("a", 0, 30, "x", True), ("a", 30, 90, "x", False))
    found = labelling.separated(events, 4.0)
    assert found["offset_s"].iloc[0] == 30


def test_near_calls_are_learnt_with_a_gap_between() -> None:
    """With least_gap_s a short window between two calls that touch is background."""
    events = table_of(("a", 0, 100, "x", True), ("b", 100, 200, "x", True))
    grid = Grid(20, 20, 0, 0.1, False)
    first = np.array([40, 90, 140])
    labels = []
    for gap in (0.0, 30.0):
        rules = replace(RULES, least_gap_s=gap)
        nothing = np.zeros((0, 2), np.int64)
        found = labelling.label_windows(first, nothing, events, 1.0, grid, rules)
        labels.append(list(found["label"]))
    assert labels == [["x", "x", "x"], ["x", "background", "x"]]


def test_of_tags_a_window_of_one_may_not_be_silent_of_another_that_is_uncertain() -> None:
    """It would learn that the doubted tag is not there; its own doubt changes nothing."""
    events = table_of(
        ("a", 0, 60, "frog", True), ("b", 25, 30, "bird", False), ("c", 45, 50, "frog", False)
    )
    grid, nothing = Grid(20, 20, 0, 0.1, False), np.zeros((0, 2), np.int64)
    first = np.array([0, 20, 40, 60])
    for tags, share, wanted in (
        (False, 0.0, ["used"] * 4),
        (True, 0.0, ["used", "uncertain", "used", "used"]),
        (True, 0.3, ["used"] * 4),
    ):
        rules = replace(RULES, max_uncertain=share)
        found = labelling.label_windows(first, nothing, events, 1.0, grid, rules, tags)
        assert found["status"].tolist() == wanted
        assert found["labels"].tolist() == [["frog"]] * 3 + [["background"]]
    both = table_of(("a", 0, 60, "frog", True), ("b", 0, 60, "bird", True),
                    ("c", 25, 30, "bird", False))  # fmt: skip
    found = labelling.label_windows(first, nothing, both, 1.0, grid, RULES, True)
    assert found["status"].tolist() == ["used"] * 4


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
    inside = draw(share)
    part = draw(share.filter(lambda s: s <= inside))
    rules = Labelling(overlap, inside, background, part, draw(share), least_gap_s=0.0)
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
    for at, row in zip(
        frontend_grid.starts(n_samples, grid), found.to_dict("records"), strict=True
    ):
        here = slice(at + far, at + far + grid.window_samples)
        filled = event[here].sum() / grid.window_samples
        share = event[here].sum() / max(1, event.sum())
        positive = filled > 0 and (filled >= rules.event_overlap or share >= rules.event_inside)
        # event_overlap 0 makes an event of every window, which nobody wants: not judged here
        if rules.event_overlap == 0 and filled == 0:
            continue
        assert row["label"] == ("deep" if positive else "background")
        assert row["labels"] == [row["label"]]
        assert (row["event_id"] == "e") == positive
        if positive:
            assert (row["status"], row["reason"]) == ("used", "")
        elif filled > rules.background_overlap:
            assert (row["status"], row["reason"]) == ("uncertain", "partly inside an event")
        elif share > rules.background_inside:
            assert (row["status"], row["reason"]) == ("uncertain", "holds a part of an event")
        elif doubt[here].mean() > rules.max_uncertain:
            assert (row["status"], row["reason"]) == ("uncertain", "inside uncertain time")
        else:
            assert (row["status"], row["reason"]) == ("used", "")


def test_the_event_that_fills_most_gives_the_label() -> None:
    """Of two events in a window."""
    events = table_of(("a", 0, 40, "deep", True), ("b", 40, 100, "impact", True))
    (row,) = label(100, Grid(100, 100, 0, 0.1, False), events, RULES).to_dict("records")
    assert (row["label"], row["event_id"]) == ("impact", "b")


def test_a_short_event_inside_a_window_makes_it_an_event() -> None:
    """90 % of an event of 10 s in a window of 100 s."""
    grid = Grid(100, 100, 0, 0.1, False)
    (row,) = label(100, grid, table_of(("a", -1, 9, "deep", True)), RULES).to_dict("records")
    assert row["label"] == "deep"
    (row,) = label(100, grid, table_of(("a", -2, 8, "deep", True)), RULES).to_dict("records")
    assert (row["label"], row["status"]) == ("background", "uncertain")
    (row,) = label(100, grid, table_of(("a", -5, 5, "deep", True)), RULES).to_dict("records")
    assert (row["label"], row["status"]) == ("background", "used")


def test_a_window_filled_by_several_events_is_no_background() -> None:
    """Three events of a fifth of the window each: 60 % of it is inside an event."""
    events = table_of(*[(f"e{i}", 100 * i - 10, 100 * i + 20, "deep", True) for i in range(2)])
    events = pd.concat([events, table_of(("e3", 80, 130, "deep", True))], ignore_index=True)
    rules = replace(RULES, event_inside=1.0, max_uncertain=0.0)
    (row,) = label(100, Grid(100, 100, 0, 0.1, False), events, rules).to_dict("records")
    # 0-20 and 80-100 are inside events, 40 % of the window: more than background may have
    assert row["status"] == "uncertain"


def test_uncertain_stretches_add_up() -> None:
    """Two codas that each fill 15 % of a window fill 30 % of it."""
    events = table_of(("a", -10, 15, "deep", False), ("b", 85, 200, "deep", False))
    (row,) = label(100, Grid(100, 100, 0, 0.1, False), events, RULES).to_dict("records")
    assert (row["status"], row["reason"]) == ("uncertain", "inside uncertain time")


def test_a_window_with_too_many_missing_samples_is_a_gap() -> None:
    """More than max_gap; exactly max_gap is used. The reason tells the share."""
    grid = Grid(100, 100, 0, 0.1, False)
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
    assert len(label(10, Grid(100, 100, 0, 0.1, False), table_of(), RULES)) == 0


@st.composite
def many_events(draw: st.DrawFn) -> tuple[pd.DataFrame, int, Grid, Labelling]:
    """Several certain events of three labels, with bands, that may overlap."""
    n_samples = draw(st.integers(64, 200))
    rows = []
    for number in range(draw(st.integers(0, 6))):
        onset = float(draw(st.integers(-10, n_samples)))
        length = draw(st.integers(1, 80))
        rows.append((f"e{number}", onset, onset + length, draw(st.sampled_from("abc")), True))
    table = table_of(*rows)
    table["low_hz"] = 100.0 + np.arange(len(table))
    table["high_hz"] = 2 * table["low_hz"]
    size = draw(st.integers(16, 60))
    grid = Grid(size, draw(st.integers(1, size)), 0, 0.1, False)
    overlap = draw(st.sampled_from([0.1, 0.25, 0.5, 1.0]))
    rules = Labelling(overlap, draw(st.sampled_from([0.1, 0.5, 1.0])), 0.0, 0.0, 0.0, 0.0)
    return table, n_samples, grid, rules


@given(many_events())
def test_all_labels_of_a_window_are_those_that_would_make_it_an_event(
    case: tuple[pd.DataFrame, int, Grid, Labelling],
) -> None:
    """Each label alone, sample by sample; the main one, its id and its band belong together."""
    events, n_samples, grid, rules = case
    far = 100
    found = label(n_samples, grid, events, rules)
    for at, row in zip(
        frontend_grid.starts(n_samples, grid), found.to_dict("records"), strict=True
    ):
        here = slice(at + far, at + far + grid.window_samples)
        wanted, every = set(), np.zeros(n_samples + 2 * far, bool)
        inside = {}
        for kind, mine in events.groupby("label"):
            mask = np.zeros(n_samples + 2 * far, bool)
            for event in mine.to_dict("records"):
                alone = np.zeros(n_samples + 2 * far, bool)
                alone[int(event["onset_s"]) + far : int(event["offset_s"]) + far] = True
                mask |= alone
                inside[event["event_id"]] = alone[here].sum()
                if alone[here].any() and alone[here].sum() >= rules.event_inside * alone.sum():
                    wanted.add(kind)
            if mask[here].mean() >= rules.event_overlap:
                wanted.add(kind)
            every |= mask
        if row["label"] == "background":
            assert not wanted
            assert (row["labels"], row["event_id"]) == (["background"], "")
            assert np.isnan([row["low_hz"], row["high_hz"]]).all()
            assert every[here].mean() < rules.event_overlap
            continue
        (event,) = events[events["event_id"] == row["event_id"]].to_dict("records")
        assert inside[row["event_id"]] == max(inside.values())
        assert [event[c] for c in ("label", "low_hz", "high_hz")] == [
            row[c] for c in ("label", "low_hz", "high_hz")
        ]
        assert row["labels"] == sorted(wanted | {row["label"]})


def test_a_label_that_is_nowhere_near_is_none_of_a_window() -> None:
    """event_overlap 0 means any overlap, not none."""
    events = table_of(("a", 0, 40, "deep", True), ("b", 500, 600, "impact", True))
    rules = replace(RULES, event_overlap=0.0, background_overlap=0.0)
    (row,) = label(100, Grid(100, 100, 0, 0.1, False), events, rules).to_dict("records")
    assert row["labels"] == ["deep"]


def test_a_padded_short_recording_is_labelled_like_any_window() -> None:
    """Its silence is no gap: there is nothing to have been recorded."""
    grid = Grid(100, 100, 0, 0.1, True)
    (row,) = label(60, grid, table_of(("a", 0, 55, "deep", True)), RULES).to_dict("records")
    assert (row["label"], row["status"]) == ("deep", "used")


def test_calls_with_the_same_window_share_it() -> None:
    """Three calls near the start of a recording: one window there, not three alike."""
    onsets = np.array([1.0, 2.0, 3.0, 40.0])
    events = pd.DataFrame({"onset_s": onsets, "offset_s": onsets + 1, "certain": True})
    placement = replace(CALLS, jitter=0.0, background_ratio=0.0)
    found = around_calls(events, 100, 1.0, 20, placement, np.random.default_rng(0))
    assert found.tolist() == [0, 30]


def test_an_hour_with_ten_calls_takes_no_memory_for_each_sample() -> None:
    """At 44.1 kHz, 159 million samples of starts; background lies anywhere that is free."""
    rate, length = 44_100.0, 44_100
    onsets = np.arange(10) * 300.0 + 100
    events = pd.DataFrame({"onset_s": onsets, "offset_s": onsets + 1, "certain": True})
    placement = replace(CALLS, jitter=0.0, background_ratio=20.0)
    tracemalloc.start()
    found = around_calls(events, 3600 * length, rate, length, placement, np.random.default_rng(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6
    assert len(found) == 10 + 200
    quiet = np.setdiff1d(found, np.rint(onsets * rate).astype(int)) / rate
    assert len(quiet) == 200
    for onset in onsets:
        assert ((quiet + 1 <= onset) | (quiet >= onset + 1)).all()
    assert np.histogram(quiet, bins=4, range=(0, 3600))[0].min() > 30
