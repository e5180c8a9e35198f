"""No leak in any split, by brute force, and the audit sees each kind of leak."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.options import SPECTROGRAM
from support.properties import examples
from support.speed import processor_seconds

from rarewave.base.errors import DataError
from rarewave.dataset.index import content
from rarewave.splits import audit, held_out, parts, purge, split
from rarewave.splits.folds import make_folds
from rarewave.splits.parts import PURGED, Split

RULES = Split(
    validation=0.2,
    test=0.25,
    test_groups=(),
    validation_groups=(),
    test_fold=None,
    test_recordings=(),
    purge_s=0.0,
    clock="shared",
    seed=1,
)
HOUR = replace(RULES, purge_s=3600.0)
DURATION = 100.0


def contents(X: np.ndarray) -> np.ndarray:
    """The digest of each spectrogram, as the index of the data set has it."""
    return np.array([content(x, SPECTROGRAM) for x in X])


def apart(table: pd.DataFrame, part: np.ndarray, purge_s: float) -> bool:
    """Whether windows of different parts on one time axis keep their distance, pair by pair."""
    known = table["start"].notna().to_numpy()
    begin = np.where(known, table["start"].to_numpy("datetime64[ns]").astype(float) / 1e9, 0)
    begin = np.where(known, begin, table["start_s"])
    axis = np.where(known, "", table["recording_id"])
    rows = np.flatnonzero(part != PURGED)
    for i in rows:
        for j in rows:
            if part[i] != part[j] and axis[i] == axis[j]:
                distance = max(begin[i], begin[j]) - min(begin[i], begin[j]) - DURATION
                if distance < purge_s - 1e-3:
                    return False
    return True


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, Any]:
    """Days that follow each other, of different length, with events anywhere."""
    group, label, start = [], [], []
    at = 0.0
    for day in range(draw(st.integers(3, 7))):
        for _ in range(draw(st.integers(2, 9))):
            group.append(f"g{day}")
            label.append(draw(st.sampled_from(["background", "background", "deep", "impact"])))
            start.append(at)
            at += draw(st.sampled_from([50.0, 100.0, 150.0]))
        at += draw(st.sampled_from([0.0, 500.0, 5000.0]))
    return {"group": group, "label": label, "start_s": start, "utc": draw(st.booleans())}


@settings(max_examples=examples(30))
@given(
    layout=layouts(),
    seed=st.integers(0, 50),
    purge_s=st.sampled_from([0.0, 100.0, 300.0]),
    fixed=st.booleans(),
)
def test_a_split_never_leaks(
    window_table: Callable[..., pd.DataFrame],
    layout: dict[str, Any],
    seed: int,
    purge_s: float,
    fixed: bool,
) -> None:
    """Groups whole, distance kept, what there is in every part, deterministic; or refused."""
    table = window_table(**layout, duration_s=DURATION)
    test_groups = ("g1",) if fixed else ()
    rules = replace(RULES, seed=seed, purge_s=purge_s, test_groups=test_groups)
    try:
        part = split.split(table, rules)
    except DataError as error:
        assert "has no" in str(error)
        return
    assert set(part) <= {"train", "validation", "test", PURGED}
    assert len(part) == len(table)
    used = part != PURGED
    positive = (table["label"] != "background").to_numpy()
    for name in parts.PARTS:
        for flags in (positive, ~positive):
            assert not flags.any() or (part[flags] == name).any()
    for _, mine in table.groupby("group").indices.items():
        assert len(set(part[mine]) - {PURGED}) <= 1
    assert apart(table, part, purge_s)
    if fixed:
        assert set(table["group"][part == "test"]) == {"g1"}
    np.testing.assert_array_equal(split.split(table, rules), part)
    X = np.arange(len(table), dtype=np.float32)[:, None, None, None]
    assert audit.audit(table, part, contents(X), rules)["windows_apart_in_time"] == used.sum()


def many_days(window_table: Callable[..., pd.DataFrame], days: int = 40) -> pd.DataFrame:
    """Days far apart, ten windows each, of which some hold events of two types."""
    rng = np.random.default_rng(0)
    group = [f"d{d:02}" for d in range(days) for _ in range(10)]
    label = rng.choice(["background", "deep", "impact"], len(group), p=[0.7, 0.2, 0.1])
    start = [d * 86400.0 + 100.0 * w for d in range(days) for w in range(10)]
    return window_table(group, list(label), start)


def test_the_shares_are_met_for_every_label(window_table: Callable[..., pd.DataFrame]) -> None:
    """Within a few percent where there are many groups; nothing needs purging."""
    table = many_days(window_table)
    part = split.split(table, RULES)
    assert PURGED not in part
    for _, rows in table.groupby("label").indices.items():
        for name, share in (("train", 0.55), ("validation", 0.2), ("test", 0.25)):
            assert np.mean(part[rows] == name) == pytest.approx(share, abs=0.05)


def test_another_seed_is_another_split(window_table: Callable[..., pd.DataFrame]) -> None:
    """The seed counts, and the order of rows does not lead to a leak."""
    table = many_days(window_table)
    one, other = (split.split(table, replace(RULES, seed=s)) for s in (1, 2))
    assert (one != other).any()


def test_named_test_groups_are_the_test_part(window_table: Callable[..., pd.DataFrame]) -> None:
    """All of them and no other; the rest is dealt to training and validation by share."""
    table = many_days(window_table)
    named = ("d00", "d07", "d11")
    part = split.split(table, replace(RULES, test_groups=named))
    assert set(table["group"][part == "test"]) == set(named)
    assert np.isin(table["group"], named).sum() == (part == "test").sum()
    rest = part[part != "test"]
    assert np.mean(rest == "validation") == pytest.approx(0.2, abs=0.05)


def test_an_event_across_midnight_does_not_leak(window_table: Callable[..., pd.DataFrame]) -> None:
    """Of one event in two day groups only one part keeps windows, whatever the seed."""
    days = 8
    group = [f"d{d}" for d in range(days) for _ in range(6)]
    start = [d * 86400.0 + 100 * w for d in range(days) for w in range(6)]
    label = ["deep" if w in (0, 5) else "background" for _ in range(days) for w in range(6)]
    # the event at the end of each even day goes on at the start of the next
    ids = []
    for d in range(days):
        first = f"e{d - 1}" if d % 2 else f"first{d}"
        last = f"last{d}" if d % 2 else f"e{d}"
        ids += [first, "", "", "", "", last]
    table = window_table(group, label, start, event_id=ids)
    torn = 0
    for seed in range(10):
        part = split.split(table, replace(RULES, seed=seed))
        for event in {i for i in ids if i}:
            mine = part[table["event_id"] == event]
            assert len(set(mine) - {PURGED}) <= 1
            torn += PURGED in mine
    assert torn  # the case did come up


def test_parts_far_apart_in_time_are_not_purged(window_table: Callable[..., pd.DataFrame]) -> None:
    """A distance of exactly purge_s is enough, less is not."""
    table = window_table(["a", "b"], ["background"] * 2, [0.0, 400.0])
    part = np.array(["train", "test"])
    assert purge.purge(table, part, 300.0).tolist() == [False, False]
    assert purge.purge(table, part, 301.0).tolist() == [True, False]


def test_the_weaker_part_gives_way(window_table: Callable[..., pd.DataFrame]) -> None:
    """Training before validation before test."""
    table = window_table(["a", "b", "c"], ["background"] * 3, [0.0, 50.0, 1000.0])
    for weak, strong in (("train", "validation"), ("train", "test"), ("validation", "test")):
        part = np.array([strong, weak, "train"])
        assert purge.purge(table, part, 0.0).tolist() == [False, True, False]


def test_recorders_that_hear_different_things_have_clocks_of_their_own(
    window_table: Callable[..., pd.DataFrame],
) -> None:
    """Six stations on the same days: nothing is purged, and one id at two of them is no leak."""
    stations = np.repeat([f"S{n}" for n in range(6)], 20)
    table = window_table(
        group=stations,
        label=np.tile(["deep"] * 3 + ["background"] * 17, 6),
        start_s=np.tile(np.arange(20) * DURATION, 6),
        duration_s=DURATION,
    )
    table["event_id"] = np.where(table["label"] == "deep", "same", "")
    with pytest.raises(DataError, match="has no"):
        split.split(table, HOUR)
    rules = replace(HOUR, clock="group")
    part = split.split(table, rules)
    assert PURGED not in part and set(part) == {"train", "validation", "test"}
    X = np.arange(len(table), dtype=np.float32)[:, None, None, None]
    assert audit.audit(table, part, contents(X), rules)["groups_in_one_part"] == 6


def test_time_without_utc_counts_within_a_recording(
    window_table: Callable[..., pd.DataFrame],
) -> None:
    """Two recordings that both begin at 0 s are not near each other."""
    table = window_table(["a", "b"], ["background"] * 2, [0.0, 0.0], utc=False)
    part = np.array(["train", "test"])
    assert not purge.purge(table, part, 300.0).any()
    table["recording_id"] = "same"
    assert purge.purge(table, part, 300.0).tolist() == [True, False]


def test_fewer_groups_than_parts_are_refused(window_table: Callable[..., pd.DataFrame]) -> None:
    """The message tells both numbers and what to do."""
    table = window_table(["a", "b"], ["deep", "background"], [0.0, 1e6])
    with pytest.raises(
        DataError, match=r"fewer groups \(2\) than parts \(3\).*finer ingest\.group"
    ):
        split.split(table, RULES)


def test_a_part_without_an_event_is_refused(window_table: Callable[..., pd.DataFrame]) -> None:
    """It is named: a metric of such a part would be undefined."""
    group = [f"g{i}" for i in range(6) for _ in range(3)]
    start = [1e6 * i + 100 * w for i in range(6) for w in range(3)]
    label = ["deep", "background", "background"] + ["background"] * 15
    with pytest.raises(
        DataError, match=r"part has no event window: 1 of 6 groups hold event windows"
    ):
        split.split(window_table(group, label, start), RULES)
    label = ["background"] + ["deep"] * 17
    with pytest.raises(DataError, match="part has no background window: 1 of 6 groups"):
        split.split(window_table(group, label, start), RULES)


def test_without_any_background_the_labels_alone_are_dealt(
    window_table: Callable[..., pd.DataFrame],
) -> None:
    """Clips that each hold something: every label in every part, by its share."""
    rng = np.random.default_rng(0)
    group = [f"c{i:02}" for i in range(60) for _ in range(3)]
    kinds = rng.choice(["dog", "rain", "saw"], 60)
    label = [k for k in kinds for _ in range(3)]
    table = window_table(group, label, [1e6 * i for i in range(180)])
    part = split.split(table, RULES)
    for kind in ("dog", "rain", "saw"):
        mine = part[np.array(label) == kind]
        for name, share in (("train", 0.55), ("validation", 0.2), ("test", 0.25)):
            assert np.mean(mine == name) == pytest.approx(share, abs=0.1)


def test_an_unknown_test_group_is_refused(window_table: Callable[..., pd.DataFrame]) -> None:
    """With the groups that there are."""
    with pytest.raises(DataError, match=r"names 1971-04-09, and no window.*groups are d00, d01"):
        split.split(many_days(window_table), replace(RULES, test_groups=("1971-04-09",)))


def test_shares_that_leave_nothing_to_train_on_are_refused() -> None:
    """Validation and test together."""
    with pytest.raises(DataError, match="leave something to train on"):
        replace(RULES, validation=0.5, test=0.5)


class TestAudit:
    """Each kind of leak, planted in a split that is sound otherwise."""

    @pytest.fixture
    def sound(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
        """Windows, parts and distinct spectrograms."""
        table = many_days(window_table)
        X = np.random.default_rng(0).standard_normal((len(table), 3, 2, 1)).astype(np.float32)
        return table, split.split(table, RULES), X

    def test_a_sound_split_passes_with_counts(
        self, sound: tuple[pd.DataFrame, np.ndarray, np.ndarray]
    ) -> None:
        """What was checked is reported."""
        table, part, X = sound
        assert audit.audit(table, part, contents(X), HOUR) == {
            "groups_in_one_part": 40,
            "groups_of_training_and_test": 0,
            "test_windows_of_a_training_group": 0.0,
            "events_in_one_part": int((table["label"] != "background").sum()),
            "windows_apart_in_time": 400,
            "distinct_spectrograms": 400,
        }

    def test_a_group_in_two_parts(self, sound: tuple) -> None:
        """One window of a day moved elsewhere."""
        table, part, X = sound
        row = int(np.flatnonzero(part == "train")[0])
        part[row] = "test"
        with pytest.raises(DataError, match=f"leaks: group {table['group'][row]} is in two parts"):
            audit.audit(table, part, contents(X), RULES)

    def test_an_event_in_two_parts(self, sound: tuple) -> None:
        """One id on both sides."""
        table, part, X = sound
        rows = [np.flatnonzero((part == p) & (table["event_id"] != ""))[0] for p in parts.PARTS[:2]]
        table.loc[rows, "event_id"] = "shared"
        with pytest.raises(DataError, match="leaks: event_id shared is in two parts"):
            audit.audit(table, part, contents(X), RULES)

    @pytest.mark.parametrize(
        ("distance_s", "leaks"), [(50.0, True), (3600.0, True), (3800.0, False)]
    )
    def test_windows_too_near_in_time(self, sound: tuple, distance_s: float, leaks: bool) -> None:
        """Overlapping, or nearer than the purge distance; another station is no excuse."""
        table, part, X = sound
        one, other = (int(np.flatnonzero(part == p)[-1]) for p in ("train", "test"))
        # the last window of its day: nothing follows it
        other = int(table.index[table["group"] == table["group"][other]][-1])
        near = table["start"][other] + pd.Timedelta(seconds=distance_s)
        table.loc[one, "start"] = near
        if leaks:
            with pytest.raises(DataError, match=f"window w{one} is within 3600 s of another part"):
                audit.audit(table, part, contents(X), HOUR)
        else:
            audit.audit(table, part, contents(X), HOUR)

    def test_equal_spectrograms_in_two_parts(self, sound: tuple) -> None:
        """A recording that is there twice under two names; within one part it is none."""
        table, part, X = sound
        train = np.flatnonzero(part == "train")
        X[train[1]] = X[train[0]]
        assert audit.audit(table, part, contents(X), RULES)["distinct_spectrograms"] == 399
        row = int(np.flatnonzero(part == "test")[0])
        X[row] = X[train[0]]
        with pytest.raises(
            DataError, match=rf"w{train[0]} \(train\) and w{row} \(test\) have the same content|"
            rf"w{row} \(test\) and w{train[0]} \(train\) have the same content"
        ):  # fmt: skip
            audit.audit(table, part, contents(X), RULES)

    def test_purged_windows_may_be_anywhere(self, sound: tuple) -> None:
        """They are in no part."""
        table, part, X = sound
        row = int(np.flatnonzero(part == "train")[0])
        X[row] = X[np.flatnonzero(part == "test")[0]]
        part[row] = PURGED
        assert audit.audit(table, part, contents(X), RULES)["windows_apart_in_time"] == 399


def test_a_given_fold_is_taken_as_it_is(window_table: Callable[..., pd.DataFrame]) -> None:
    """Validation and test named: those groups and no others; validation alone: test is dealt."""
    table = many_days(window_table)
    groups = table["group"].to_numpy("U")
    fold = replace(RULES, test_groups=("d00",), validation_groups=("d01", "d02"))
    part = split.split(table, fold)
    assert set(groups[part == "test"]) == {"d00"}
    assert set(groups[part == "validation"]) == {"d01", "d02"}
    part = split.split(table, replace(RULES, validation_groups=("d01", "d02")))
    assert set(groups[part == "validation"]) == {"d01", "d02"}
    assert len(set(groups[part == "test"])) >= 1


def test_a_group_cannot_be_named_for_two_parts(
    window_table: Callable[..., pd.DataFrame],
) -> None:
    """Nor through patterns that both fit it."""
    table = many_days(window_table)
    for test, validation in ((("d00",), ("d00",)), (("d0*",), ("*3",))):
        rules = replace(RULES, test_groups=test, validation_groups=validation)
        with pytest.raises(DataError, match=r"d0[03] is in test_groups and in validation_groups"):
            split.split(table, rules)


def test_a_pattern_names_every_group_that_it_fits(
    window_table: Callable[..., pd.DataFrame],
) -> None:
    """`*`, `?` and `[...]` as in file names, case kept; one that fits none is refused."""
    table = many_days(window_table)
    rules = replace(RULES, test_groups=("d1*", "d0[2-3]"), validation_groups=("d?0", "d39"))
    with pytest.raises(DataError, match="d10 is in test_groups and in validation_groups"):
        split.split(table, rules)
    rules = replace(rules, validation_groups=("d[23]0", "d39"))
    part = split.split(table, rules)
    groups = table["group"].to_numpy("U")
    wanted = {f"d{i}" for i in range(10, 20)} | {"d02", "d03"}
    assert set(groups[part == "test"]) == wanted
    assert set(groups[part == "validation"]) == {"d20", "d30", "d39"}
    with pytest.raises(DataError, match=r"test_groups names D1\*, and no window has that group"):
        split.split(table, replace(RULES, test_groups=("D1*",)))


def test_the_test_fold_is_the_test_part(window_table: Callable[..., pd.DataFrame]) -> None:
    """All of its groups and no others; the rest is dealt by share."""
    table = many_days(window_table)
    day = table["group"].str[1:].astype(int)
    table["fold"] = (day % 4 + 1).astype(str)
    part = split.split(table, replace(RULES, test_fold=3))
    np.testing.assert_array_equal(part == "test", table["fold"] == "3")
    rest = part[part != "test"]
    assert np.mean(rest == "validation") == pytest.approx(0.2, abs=0.05)
    folds = replace(RULES, test_fold=3, validation_groups=("d00", "d04"))
    part = split.split(table, folds)
    assert set(table["group"][part == "validation"]) == {"d00", "d04"}


def test_a_fold_that_cannot_be_is_refused(window_table: Callable[..., pd.DataFrame]) -> None:
    """None has it, a group lies in two folds, or the test part is named twice."""
    table = many_days(window_table)
    with pytest.raises(DataError, match=r"test_fold is 2; the folds are none: see ingest\.folds"):
        split.split(table, replace(RULES, test_fold=2))
    table["fold"] = np.where(table["group"] == "d00", "1", "3")
    with pytest.raises(DataError, match=r"test_fold is 2; the folds are 1, 3"):
        split.split(table, replace(RULES, test_fold=2))
    table.loc[0, "fold"] = "3"
    with pytest.raises(DataError, match="leaks: group d00 lies in fold 1 and in another"):
        split.split(table, replace(RULES, test_fold=1))
    with pytest.raises(DataError, match="two of test_fold, test_groups and test_recordings name"):
        replace(RULES, test_fold=1, test_groups=("d00",))


def test_what_is_held_out_is_known_before_there_are_windows() -> None:
    """2 test, 1 validation, -1 neither, for any list of groups."""
    groups = np.array(["a", "b", "c", "b"])
    folds = np.array(["1", "2", "3", "2"])
    rules = replace(RULES, validation_groups=("a",), test_fold=2)
    assert held_out.held_out(groups, folds, rules).tolist() == [1, 2, -1, 2]
    assert held_out.held_out(groups, folds, RULES).tolist() == [-1, -1, -1, -1]


@st.composite
def archives(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Recordings in groups, with events of three labels."""
    count = draw(st.integers(2, 25))
    recordings = pd.DataFrame(
        {
            "recording_id": [f"r{i}" for i in range(count)],
            "group": [f"g{draw(st.integers(0, 9))}" for _ in range(count)],
            "n_samples": [draw(st.integers(1, 1000)) for _ in range(count)],
            "sample_rate": 10.0,
        }
    )
    owners = draw(st.lists(st.integers(0, count - 1), max_size=20))
    events = pd.DataFrame(
        {
            "recording_id": [f"r{i}" for i in owners],
            "label": [draw(st.sampled_from("abc")) for _ in owners],
        },
        dtype=object,
    )
    return recordings, events


@given(archives(), st.integers(2, 5), st.integers(0, 9))
def test_made_folds_keep_groups_whole(
    archive: tuple[pd.DataFrame, pd.DataFrame], count: int, seed: int
) -> None:
    """1 to count, each used, the same for the same seed; too few groups are refused."""
    recordings, events = archive
    groups = recordings["group"].nunique()
    if groups < count:
        with pytest.raises(DataError, match=f"ingest.folds is {count}, and there are {groups} gr"):
            make_folds(recordings, events, count, seed)
        return
    found = make_folds(recordings, events, count, seed)
    assert set(found) == {str(k + 1) for k in range(count)}
    assert recordings.assign(fold=found).groupby("group")["fold"].nunique().max() == 1
    assert make_folds(recordings, events, count, seed) == found


def test_made_folds_share_labels_and_time() -> None:
    """Fifty songs of five labels, ten each, in five folds: two of each label in every fold."""
    songs = [f"s{i:02}" for i in range(50)]
    recordings = pd.DataFrame(
        {"recording_id": songs, "group": songs, "n_samples": 1000, "sample_rate": 10.0}
    )
    events = pd.DataFrame({"recording_id": songs, "label": [f"k{i % 5}" for i in range(50)]})
    found = make_folds(recordings, events, 5, 1)
    table = pd.crosstab(events["label"], np.array(found))
    assert (table == 2).all(axis=None)
    assert found != make_folds(recordings, events, 5, 2)


def test_long_names_of_groups_are_told_apart(window_table: Callable[..., pd.DataFrame]) -> None:
    """A folder's path may be longer than 64 characters."""
    table = many_days(window_table)
    table["group"] = "archive/" * 9 + table["group"]
    rules = replace(RULES, test_groups=("*/d00", "*/d07"))
    part = split.split(table, rules)
    assert {g[-3:] for g in table["group"][part == "test"]} == {"d00", "d07"}


def of_clips(window_table: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Sites of six clips each, days apart, half of them with an event."""
    group = [f"site{s}" for s in range(12) for _ in range(6)]
    label = ["deep" if i % 2 else "background" for i in range(72)]
    table = window_table(group, label, [86400.0 * i for i in range(72)])
    return table.assign(recording_id=[f"{g}_clip{i % 6}" for i, g in enumerate(group)])


class TestPublished:
    """A test part named by its recordings."""

    def test_exactly_these_recordings_are_the_test_part(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """Names and patterns; the other parts are dealt in whole groups, by share."""
        table = of_clips(window_table)
        rules = replace(RULES, test_recordings=("*_clip0", "*_clip3", "site4_clip5"))
        part = split.split(table, rules)
        wanted = table["recording_id"].str.contains("clip[03]$|site4_clip5")
        np.testing.assert_array_equal(part == "test", wanted)
        assert PURGED not in part
        rest = table.assign(part=part)[part != "test"]
        assert (rest.groupby("group")["part"].nunique() == 1).all()
        assert np.mean(rest["part"] == "validation") == pytest.approx(0.2, abs=0.05)
        np.testing.assert_array_equal(split.split(table, rules), part)

    def test_the_audit_counts_what_training_knows(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """Groups of training and test, and the share of the test windows that are of them."""
        table, part, X, rules = self.parted(window_table)
        assert set(table["group"][part == "validation"]) == {"site3", "site4", "site5"}
        found = audit.audit(table, part, contents(X), rules)
        found.pop("groups_in_one_part")
        assert found == {
            "groups_of_training_and_test": 1,
            "test_windows_of_a_training_group": 2 / 16,
            "events_in_one_part": 36,
            "windows_apart_in_time": 72,
            "distinct_spectrograms": 72,
        }

    def test_the_audit_counts_groups_of_one_part(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """Sites 2 and 3 of twelve are in two."""
        table, part, X, rules = self.parted(window_table)
        found = audit.audit(table, part, contents(X), rules)
        assert found["groups_in_one_part"] == 10

    def parted(self, window_table: Callable[..., pd.DataFrame]) -> tuple:
        """Of sites 0 to 3 in test: 0 and 1 whole, 2 with training, 3 with validation."""
        table = of_clips(window_table)
        named = ("site0_*", "site1_*", "site2_clip[01]", "site3_clip4", "site3_clip5")
        rules = replace(RULES, test_recordings=named, validation_groups=("site3", "site4", "site5"))
        X = np.random.default_rng(0).standard_normal((72, 3, 2, 1)).astype(np.float32)
        return table, split.split(table, rules), X, rules

    def test_an_unparted_published_split_leaks_nothing(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """Whole groups named: the same part as with test_groups, and nothing counted."""
        table = of_clips(window_table)
        rules = replace(RULES, test_recordings=("site3_*", "site7_*"))
        part = split.split(table, rules)
        assert set(table["group"][part == "test"]) == {"site3", "site7"}
        X = np.random.default_rng(0).standard_normal((72, 3, 2, 1)).astype(np.float32)
        proof = audit.audit(table, part, contents(X), rules)
        assert proof["groups_of_training_and_test"] == 0
        assert proof["test_windows_of_a_training_group"] == 0
        assert proof["groups_in_one_part"] == 12

    def test_time_and_events_are_still_kept_apart(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """Windows near a test recording are purged; equal content is a leak."""
        table = of_clips(window_table)
        table["start"] = pd.Timestamp("1971-04-08", tz="UTC") + pd.to_timedelta(
            np.arange(72) * 150.0, unit="s"
        )
        rules = replace(RULES, test_recordings=("site5_clip2", "site9_clip3"), purge_s=100.0)
        part = split.split(table, rules)
        assert np.flatnonzero(part == "test").tolist() == [32, 57]
        near = [31, 33, 56, 58]
        assert (part[near] == PURGED).all()
        assert apart(table, part, 100.0)
        X = np.random.default_rng(0).standard_normal((72, 3, 2, 1)).astype(np.float32)
        X[np.flatnonzero(part == "train")[0]] = X[32]
        with pytest.raises(DataError, match="have the same content"):
            audit.audit(table, part, contents(X), rules)

    def test_two_groups_are_enough_beside_it(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """One to train on and one to validate; without named recordings there must be three."""
        table = of_clips(window_table)[:12].reset_index(drop=True)
        part = split.split(table, replace(RULES, test_recordings=("*_clip[01]",)))
        for name in ("train", "validation"):
            assert table["group"][part == name].nunique() == 1
        with pytest.raises(DataError, match=r"fewer groups \(2\) than parts \(3\)"):
            split.split(table, RULES)

    def test_an_unknown_recording_is_refused(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """With one that there is."""
        rules = replace(RULES, test_recordings=("site0_clip0", "clip9"))
        words = r"test_recordings names clip9, and no window has .*one is site0_clip0"
        with pytest.raises(DataError, match=words):
            split.split(of_clips(window_table), rules)

    @pytest.mark.parametrize("other", [{"test_groups": ("a",)}, {"test_fold": 1}])
    def test_the_test_part_is_named_in_one_way(self, other: dict[str, Any]) -> None:
        """Recordings exclude groups and a fold."""
        with pytest.raises(DataError, match="name the test part: choose one"):
            replace(RULES, test_recordings=("r",), **other)


def free_of(
    window_table: Callable[..., pd.DataFrame],
    groups: list[str],
    starts: list[float],
    fold: str = "",
    utc: bool = True,
    **change: Any,
) -> list[bool]:
    """Which unlabelled windows may be seen beside three days a, b and c, a part each."""
    labelled = window_table(list("aaabbbccc"), ["deep", "background", "background"] * 3,
        [1e6 * d + 100 * w for d in range(3) for w in range(3)], utc=utc)  # fmt: skip
    part = np.repeat(["train", "validation", "test"], 3)
    unlabelled = window_table(groups, ["background"] * len(groups), starts, utc=utc)
    unlabelled["fold"] = fold
    return purge.free(unlabelled, labelled, part, replace(RULES, **change)).tolist()


class TestFree:
    """What pretraining may see of recordings without labels."""

    def test_groups_of_validation_and_test_are_closed(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """Training groups and new ones are open."""
        found = free_of(window_table, ["a", "b", "c", "new"], [5e6, 6e6, 7e6, 8e6])
        assert found == [True, False, False, True]

    def test_patterns_close_groups_that_have_no_labels_at_all(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """Of test and of validation."""
        groups, starts = ["c", "c2", "b7", "d"], [5e6, 6e6, 7e6, 8e6]
        named = {"test_groups": ("c*",), "validation_groups": ("b?",)}
        assert free_of(window_table, groups, starts, **named) == [False, False, False, True]
        assert free_of(window_table, groups, starts) == [False, True, True, True]

    def test_the_test_fold_is_closed(self, window_table: Callable[..., pd.DataFrame]) -> None:
        """And no other fold."""
        for fold, wanted in (("2", False), ("1", True), ("", True)):
            assert free_of(window_table, ["new"], [9e6], fold, test_fold=2) == [wanted]

    @pytest.mark.parametrize(
        ("start", "purge_s", "wanted"),
        [
            (1e6 + 50, 0.0, False),  # overlaps validation
            (2e6 + 300, 0.0, True),  # follows on test
            (2e6 + 300, 1.0, False),
            (2e6 + 400, 100.0, True),
            (2e6 - 150, 100.0, False),
            (100.0, 1000.0, True),  # overlaps training
        ],
    )
    def test_nothing_near_validation_or_test_is_seen(
        self,
        window_table: Callable[..., pd.DataFrame],
        start: float,
        purge_s: float,
        wanted: bool,
    ) -> None:
        """In time, by the distance of the parts; near training is no harm."""
        assert free_of(window_table, ["new"], [start], purge_s=purge_s) == [wanted]
        assert free_of(window_table, ["new"], [start], utc=False, purge_s=purge_s) == [True]

    def test_where_all_is_labelled_there_is_nothing_to_free(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """An empty answer, with patterns too."""
        assert free_of(window_table, [], [], test_groups=("c",)) == []

    @given(
        groups=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=12),
        days=st.lists(st.integers(0, 60), min_size=12, max_size=12),
        seed=st.integers(0, 20),
        purge_s=st.sampled_from([0.0, 200.0, 90000.0]),
    )
    def test_what_is_free_is_apart_from_validation_and_test(
        self,
        window_table: Callable[..., pd.DataFrame],
        groups: list[str],
        days: list[int],
        seed: int,
        purge_s: float,
    ) -> None:
        """By brute force, window by window; and nothing else is closed."""
        unlabelled = window_table(
            groups, ["background"] * len(groups), [43200.0 * d for d in days[: len(groups)]]
        )
        table = window_table(
            list("abcd") * 6, ["deep", "background"] * 12, [86400.0 * i for i in range(24)]
        )
        part = np.random.default_rng(seed).choice(["train", "validation", "test", PURGED], 24)
        found = purge.free(unlabelled, table, part, replace(RULES, purge_s=purge_s))
        for row, group, free in zip(unlabelled["start"], groups, found, strict=True):
            closed = False
            for start, other, name in zip(table["start"], table["group"], part, strict=True):
                if name in ("validation", "test"):
                    gap = abs((start - row).total_seconds()) - 100.0
                    closed |= gap < purge_s or other == group
            assert free != closed

    def test_named_test_recordings_are_closed(
        self, window_table: Callable[..., pd.DataFrame]
    ) -> None:
        """A recording of the published test part that nobody labelled, of a group of its own."""
        found = free_of(window_table, ["new"], [9e6], test_recordings=("r-c", "r-n*"))
        assert found == [False]


def test_thousands_of_recordings_without_a_clock_are_split_at_once() -> None:
    """Each is a time axis of its own: looked at for itself, not beside all the others."""
    count, each = 4000, 5
    names = np.repeat([f"r{k:05d}" for k in range(count)], each)
    table = pd.DataFrame({"recording_id": names, "start_s": np.tile(np.arange(each) * 10.0, count)})
    table = table.assign(start=pd.DatetimeIndex([pd.NaT] * len(table), tz="UTC"), duration_s=10.0)
    part = np.array(parts.PARTS)[np.arange(len(table)) % 7 % 3].astype("U16")
    event_id = np.repeat([f"e{k}" for k in range(count)], each)
    one = names == "r00007"
    alone = purge.purge(table[one], part[one], 15.0)
    found: dict[str, np.ndarray] = {}

    def work() -> None:
        found["purged"] = purge.purge(table, part, 15.0)
        found["torn"] = split._torn(event_id, part)

    assert processor_seconds(work) < 2
    np.testing.assert_array_equal(found["purged"][one], alone)
    strength = pd.Series(part).map({"train": 0, "validation": 1, "test": 2})
    strongest = strength.groupby(event_id).transform("max")
    np.testing.assert_array_equal(found["torn"], strength < strongest)


def clips(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """480 clips with none to four of 80 tags, as bird choruses have; recordings and events."""
    rng = np.random.default_rng(seed)
    frequent = rng.uniform(4, 18, 80) / 480
    held = rng.random((480, 80)) < frequent
    names = [f"c{n:03d}" for n in range(480)]
    recordings = pd.DataFrame(
        {"recording_id": names, "group": names, "n_samples": 5, "sample_rate": 1.0}
    )
    clip, tag = np.nonzero(held)
    events = pd.DataFrame(
        {"recording_id": [names[n] for n in clip], "label": [f"t{k:02d}" for k in tag]}
    )
    return recordings, events


@pytest.mark.parametrize("seed", range(3))
def test_every_fold_has_every_tag_that_enough_groups_hold(seed: int) -> None:
    """87 tags of nips4b's size: of those of ten clips or more none is left out of a fold."""
    recordings, events = clips(seed)
    fold = dict(zip(recordings["recording_id"], make_folds(recordings, events, 10, 1), strict=True))
    sizes = pd.Series(fold).value_counts()
    assert sizes.min() >= 47 and sizes.max() <= 49
    counts = pd.crosstab(events["label"], events["recording_id"].map(fold))
    many = counts[counts.sum(axis=1) >= 10]
    assert len(many) > 30 and (many > 0).all(axis=None)
    even = counts.sum(axis=1).to_numpy()[:, None] / 10
    assert (np.abs(counts - even) < 1.5).to_numpy().mean() > 0.99


def test_all_tags_of_windows_are_dealt_evenly() -> None:
    """Not only the one that fills most, which of whole clips is the first by chance."""
    recordings, events = clips(0)
    lists = events.groupby("recording_id")["label"].agg(list)
    labels = [lists.get(name, ["background"]) for name in recordings["recording_id"]]
    windows = recordings[["recording_id", "group"]].assign(
        labels=labels, label=[names[0] for names in labels], fold="", event_id="", start_s=0.0,
        duration_s=5.0, start=pd.to_datetime(pd.Series([None] * 480), utc=True),
    )  # fmt: skip
    far = {}
    for tags in (True, False):
        part = split.split(windows, replace(RULES, clock="group"), tags)
        of = dict(zip(windows["recording_id"], part, strict=True))
        counts = pd.crosstab(events["label"], events["recording_id"].map(of))
        share = counts["test"] / counts.sum(axis=1)
        far[tags] = (share - RULES.test).abs().mean()
        if tags:
            enough = counts.sum(axis=1) >= 3
            assert (counts[enough] > 0).all(axis=None)
    assert far[True] < 0.06 and far[True] < 0.7 * far[False]


def test_tags_need_no_window_of_nothing() -> None:
    """The windows of other tags are what a tag is told from; an event has background alone."""
    names = [f"c{n}" for n in range(12)]
    windows = pd.DataFrame({"recording_id": names, "group": names, "start_s": 0.0}).assign(
        label=["a", "b"] * 6, labels=[["a"], ["b"]] * 6, fold="", event_id="", duration_s=5.0,
        start=pd.to_datetime(pd.Series([None] * 12), utc=True),
    )  # fmt: skip
    windows.loc[0, "label"], windows.at[0, "labels"] = "background", ["background"]
    part = split.split(windows, replace(RULES, clock="group"), True)
    assert set(part) == {"train", "validation", "test"}
    with pytest.raises(DataError, match="part has no background window: 1 of 12 groups"):
        split.split(windows, replace(RULES, clock="group"))
