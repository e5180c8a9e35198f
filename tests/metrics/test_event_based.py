"""Scores by events and segments equal sed_eval's; overlaps and intersections by hand."""

import sys
import types
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from support.properties import examples

from rarewave.base.errors import DataError
from rarewave.base.parameters import build
from rarewave.metrics import event_based, intersection_based, segment_based

# dcase_util, which sed_eval needs, imports what setuptools 82 dropped, and makes no use of it here.
sys.modules["pkg_resources"] = types.ModuleType("pkg_resources")
import dcase_util  # noqa: E402
import sed_eval  # noqa: E402

del sys.modules["pkg_resources"]

CLASSES = ["deep", "impact", "shallow"]
FILES = ["a", "b", "c"]
DEFAULT = event_based.Matching(
    collar_s=0.25, offset_collar_s=0.25, offset_fraction=0.5, overlap=None, segment_s=1.0
)
HALF = event_based.Matching(
    collar_s=0.05, offset_collar_s=None, offset_fraction=None, overlap=0.5, segment_s=1.0
)
Row = tuple[str, float, float, str]


def table(rows: list[Row]) -> pd.DataFrame:
    """Events from tuples of recording, onset, offset and label."""
    return pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label"])


@st.composite
def event_lists(draw: st.DrawFn, spacing: float = 0.0) -> pd.DataFrame:
    """Events on a grid of 1/8 s, overlapping; those of a class and file at least `spacing` apart.

    On this grid sums and differences are exact, and ties at a collar of 0.25 s are common.
    """
    rows: list[Row] = []
    for _ in range(draw(st.integers(0, 14))):
        file, label = draw(st.sampled_from(FILES)), draw(st.sampled_from(CLASSES))
        onset, length = draw(st.integers(0, 40)) / 8, draw(st.integers(0, 24)) / 8
        near = [r for r in rows if r[0] == file and r[3] == label and abs(r[1] - onset) < spacing]
        if not near:
            rows.append((file, onset, onset + length, label))
    return table(rows)


def sed_eval_list(frame: pd.DataFrame, file: str) -> Any:
    """The events of one file, as sed_eval wants them."""
    return dcase_util.containers.MetaDataContainer(
        [
            {"filename": file, "onset": r[1], "offset": r[2], "event_label": r[3]}
            for r in frame.itertuples(index=False, name=None)
            if r[0] == file
        ]
    )


def by_event(truth: pd.DataFrame, found: pd.DataFrame, matching: event_based.Matching) -> Any:
    """sed_eval's event-based metrics."""
    metrics = sed_eval.sound_event.EventBasedMetrics(
        CLASSES,
        evaluate_offset=matching.offset_collar_s is not None,
        t_collar=matching.collar_s,
        percentage_of_length=matching.offset_fraction or 0.0,
        empty_system_output_handling="zero_score",
    )
    for file in FILES:
        metrics.evaluate(sed_eval_list(truth, file), sed_eval_list(found, file))
    return metrics


def same_classes(ours: pd.DataFrame, metrics: Any) -> None:
    """Counts, precision, recall, F and error rate of each class, and the mean F."""
    for row in ours.itertuples():
        counts = metrics.class_wise[row.label]
        assert (row.reference, row.detected, row.tp, row.fp, row.fn) == tuple(
            counts[name] for name in ("Nref", "Nsys", "Ntp", "Nfp", "Nfn")
        )
        theirs = metrics.class_wise_f_measure(row.label)
        assert (row.precision, row.recall, row.f1) == pytest.approx(
            (theirs["precision"], theirs["recall"], theirs["f_measure"]), nan_ok=True
        )
        if row.reference:
            rate = metrics.class_wise_error_rate(row.label)["error_rate"]
            assert row.error_rate == pytest.approx(rate)
        else:  # sed_eval divides by the smallest float
            assert np.isnan(row.error_rate)


def same_summary(ours: dict[str, float], metrics: Any, errors: bool = True) -> None:
    """Macro F, and P, R, F and perhaps the error rate of all classes together."""
    theirs = metrics.overall_f_measure()
    assert (ours["precision"], ours["recall"], ours["f1"]) == pytest.approx(
        (theirs["precision"], theirs["recall"], theirs["f_measure"]), nan_ok=True
    )
    each = [metrics.class_wise_f_measure(name)["f_measure"] for name in CLASSES]
    known = [value for value in each if not np.isnan(value)]
    assert ours["macro_f1"] == pytest.approx(np.mean(known) if known else np.nan, nan_ok=True)
    rates = metrics.overall_error_rate()
    if not metrics.overall["Nref"]:
        assert all(np.isnan(ours[name]) for name in rates)
    elif errors:
        assert {name: ours[name] for name in rates} == pytest.approx(rates)


@settings(max_examples=examples(150))
@given(event_lists(), event_lists(), st.sampled_from([0.5, 0.2, 0.0, None]))
def test_event_scores_are_sed_evals(
    truth: pd.DataFrame, found: pd.DataFrame, fraction: float | None
) -> None:
    """Per class and of all, with and without offsets, on lists that overlap and may be empty."""
    offset_collar_s = None if fraction is None else DEFAULT.offset_collar_s
    matching = replace(DEFAULT, offset_fraction=fraction, offset_collar_s=offset_collar_s)
    metrics = by_event(truth, found, matching)
    same_classes(event_based.event_scores(truth, found, CLASSES, matching, 1.0), metrics)
    same_summary(event_based.overall(truth, found, CLASSES, matching, 1.0), metrics, errors=False)


@settings(max_examples=examples(100))
@given(event_lists(0.75), event_lists(0.75))
def test_the_error_rate_is_sed_evals(truth: pd.DataFrame, found: pd.DataFrame) -> None:
    """With substitutions, where a class has one way to match: its events are 3 collars apart."""
    metrics = by_event(truth, found, DEFAULT)
    same_summary(event_based.overall(truth, found, CLASSES, DEFAULT, 1.0), metrics)


def as_we_match(graph: dict[int, list[int]]) -> dict[int, int]:
    """sed_eval's bipartite_match (detection to events, to event to detection) by SciPy."""
    if not graph:
        return {}
    edges = sorted((int(event), int(d)) for d, events in graph.items() for event in events)
    left, right = np.array(edges).T
    partner = maximum_bipartite_matching(csr_array((np.ones(len(left)), (left, right))), "column")
    return {event: int(d) for event, d in enumerate(partner) if d >= 0}


@settings(max_examples=examples(100))
@given(event_lists(), event_lists())
def test_substitutions_are_sed_evals_given_the_pairs(
    truth: pd.DataFrame, found: pd.DataFrame
) -> None:
    """Where a class can be matched in several ways, given that both choose the same."""
    with mock.patch.object(sed_eval.util, "bipartite_match", as_we_match):
        metrics = by_event(truth, found, DEFAULT)
    same_summary(event_based.overall(truth, found, CLASSES, DEFAULT, 1.0), metrics)


@settings(max_examples=examples(100))
@given(event_lists(), event_lists(), st.sampled_from([0.5, 1.0, 2.0, 5.0]), st.integers(8, 80))
def test_segment_scores_are_sed_evals(
    truth: pd.DataFrame, found: pd.DataFrame, segment_s: float, eighths: int
) -> None:
    """Per class and of all, with recordings that end within a segment or before their events."""
    durations = {"a": eighths / 8, "b": 8.0, "c": 3.25}
    metrics = sed_eval.sound_event.SegmentBasedMetrics(CLASSES, time_resolution=segment_s)
    metrics.empty_system_output_handling = "zero_score"  # its constructor does not take it
    for file, seconds in durations.items():
        lists = sed_eval_list(truth, file), sed_eval_list(found, file)
        metrics.evaluate(*lists, evaluated_length_seconds=seconds)
    ours, summary = segment_based.segment_scores(truth, found, CLASSES, durations, segment_s)
    same_classes(ours, metrics)
    same_summary(summary, metrics)
    each = [metrics.class_wise_accuracy(name)["accuracy"] for name in CLASSES]
    assert ours["accuracy"].tolist() == pytest.approx(each)
    assert summary["accuracy"] == pytest.approx(metrics.overall_accuracy()["accuracy"])


def naive_pairs(truth: pd.DataFrame, found: pd.DataFrame, matching: event_based.Matching) -> int:
    """The greatest number of pairs, by comparing all with all and solving the assignment."""
    hit = np.zeros((len(truth), len(found)))
    for i, (file, on, off, label) in enumerate(truth.itertuples(index=False, name=None)):
        for j, (other, was_on, was_off, kind) in enumerate(
            found.itertuples(index=False, name=None)
        ):
            both = min(off, was_off) - max(on, was_on)
            near = matching.collar_s is None or abs(on - was_on) <= matching.collar_s
            limits = [matching.offset_collar_s] if matching.offset_collar_s is not None else []
            if matching.offset_fraction is not None:
                limits.append(matching.offset_fraction * (off - on))
            near &= not limits or abs(off - was_off) <= max(limits)
            if matching.overlap is not None:
                near &= both >= 0 and both >= matching.overlap * (off - on)
                near &= both >= matching.overlap * (was_off - was_on)
            hit[i, j] = near and (file, label) == (other, kind)
    return int(hit[linear_sum_assignment(-hit)].sum())


@settings(max_examples=examples(150))
@given(
    event_lists(),
    event_lists(),
    st.sampled_from([None, 0.0, 0.25, 2.0]),
    st.sampled_from([None, 0.25]),
    st.sampled_from([None, 0.5]),
    st.sampled_from([0.125, 0.5, 1.0]),
)
def test_pairs_are_valid_and_as_many_as_can_be(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    collar_s: float | None,
    offset_collar_s: float | None,
    fraction: float | None,
    overlap: float,
) -> None:
    """With every combination of conditions: each event once, and no fewer pairs than possible."""
    matching = event_based.Matching(collar_s, offset_collar_s, fraction, overlap, 1.0)
    pairs = event_based.match(truth, found, matching)
    assert pairs.shape == (naive_pairs(truth, found, matching), 2)
    for one, other in pairs:
        assert naive_pairs(truth.iloc[[one]], found.iloc[[other]], matching) == 1
    assert (np.diff(pairs[:, 0]) > 0).all()
    assert len(set(pairs[:, 1])) == len(pairs)


@pytest.mark.parametrize(
    ("onset", "offset", "good"),
    [
        (10.0, 12.0, True),  # the event
        (10.05, 12.0, True),  # 50 ms late, whatever 10.05 - 10 is in binary
        (9.95, 12.0, True),
        (10.051, 12.0, False),
        (10.0, 11.0, True),  # half of the event
        (10.0, 10.99, False),
        (10.0, 14.0, True),  # half of the detection
        (10.0, 14.01, False),  # all of the event, but less than half of the detection
        (10.05, 11.05, True),
        (10.05, 11.04, False),
    ],
)
def test_an_onset_within_50_ms_and_half_overlapping(
    onset: float, offset: float, good: bool
) -> None:
    """One rule for both, from either side."""
    pairs = event_based.match(
        table([("a", 10.0, 12.0, "deep")]), table([("a", onset, offset, "deep")]), HALF
    )
    assert len(pairs) == good


def test_matching_is_optimal_not_greedy() -> None:
    """The first event must leave the nearer detection to the second, which has no other."""
    truth = table([("a", 1.0, 2.0, "deep"), ("a", 1.3, 2.3, "deep")])
    found = table([("a", 1.15, 2.0, "deep"), ("a", 0.9, 2.0, "deep")])
    pairs = event_based.match(truth, found, replace(DEFAULT, collar_s=0.2))
    assert pairs.tolist() == [[0, 1], [1, 0]]


def test_rows_are_those_of_the_tables_and_uncertain_events_are_left_out() -> None:
    """Whatever the index; a detection of an uncertain event is a false alarm."""
    truth = table([("a", 1.0, 2.0, "deep"), ("a", 5.0, 6.0, "deep")]).assign(certain=[False, True])
    found = table([("a", 1.0, 2.0, "deep"), ("a", 9.0, 9.5, "deep"), ("a", 5.0, 6.0, "deep")])
    truth.index, found.index = pd.Index([7, 7]), pd.Index([3, 2, 1])
    assert event_based.match(truth, found, DEFAULT).tolist() == [[1, 2]]
    (row,) = event_based.event_scores(truth, found, ["deep"], DEFAULT, 4.0).to_dict("records")
    assert (row["reference"], row["detected"], row["tp"], row["fp"], row["fn"]) == (1, 3, 1, 2, 0)
    assert row["false_alarms_per_hour"] == 0.5


def test_scores_by_hand() -> None:
    """A hit, a wrong label, a miss and a false alarm in half an hour."""
    truth = table([("a", 1, 2, "deep"), ("a", 5, 6, "deep"), ("b", 1, 2, "impact")])
    found = table([("a", 1, 2, "deep"), ("a", 5, 6, "impact"), ("a", 8, 9, "impact")])
    deep, impact, shallow = event_based.event_scores(truth, found, CLASSES, DEFAULT, 0.5).to_dict(
        "records"
    )
    assert (deep["precision"], deep["recall"], deep["f1"]) == pytest.approx((1, 0.5, 2 / 3))
    assert (deep["error_rate"], deep["false_alarms_per_hour"]) == (0.5, 0)
    assert (impact["precision"], impact["recall"], impact["f1"]) == (0, 0, 0)
    assert (impact["error_rate"], impact["false_alarms_per_hour"]) == (3, 4)
    assert shallow["precision"] == 0 and np.isnan(shallow["recall"]) and np.isnan(shallow["f1"])
    assert event_based.overall(truth, found, CLASSES, DEFAULT, 0.5) == pytest.approx(
        {
            "macro_f1": 1 / 3,
            "precision": 1 / 3,
            "recall": 1 / 3,
            "f1": 1 / 3,
            "error_rate": 1,
            "substitution_rate": 1 / 3,
            "deletion_rate": 1 / 3,
            "insertion_rate": 1 / 3,
            "false_alarms_per_hour": 4,
        }
    )


def test_a_hundred_thousand_events_of_one_recording_are_matched() -> None:
    """Near ones only are compared: all pairs would be ten thousand million."""
    rng = np.random.default_rng(0)
    count = 100_000
    onset = np.arange(count) * 0.5
    truth = pd.DataFrame({"recording_id": "a", "onset_s": onset, "offset_s": onset + 0.4})
    truth = truth.assign(label="deep").sample(frac=1, random_state=1)
    late = onset + rng.uniform(-0.24, 0.24, count)
    found = pd.DataFrame({"recording_id": "a", "onset_s": late, "offset_s": late + 0.4})
    found = found.assign(label="deep")[::2]
    pairs = event_based.match(truth, found, DEFAULT)
    assert len(pairs) == count / 2
    # an overlap without a collar, and one detection of everything
    everything = table([("a", 0.0, count / 2, "deep")])
    found = pd.concat([everything, found], ignore_index=True)
    by_overlap = replace(
        DEFAULT, collar_s=None, offset_collar_s=None, offset_fraction=None, overlap=0.25
    )
    pairs = event_based.match(truth, found, by_overlap)
    assert len(pairs) == count / 2
    assert 0 not in pairs[:, 1]


def test_segments_of_a_tenth_of_a_second_end_where_they_should() -> None:
    """0.3 / 0.1 is less than 3 in binary, and 1.1 / 0.1 more than 11: neither adds a segment."""
    truth = table([("a", 0.3, 1.1, "deep")])
    scores, summary = segment_based.segment_scores(
        truth, table([]), ["deep"], {"a": 1.1, "b": 1}, 0.1
    )
    assert scores["reference"].tolist() == [8]
    assert summary["deletion_rate"] == 1


def test_bad_input_is_refused() -> None:
    """With the label, recording or option at fault."""
    good = table([("a", 1.0, 2.0, "deep")])
    with pytest.raises(DataError, match=r"detections: label moth is not among the classes deep"):
        event_based.event_scores(good, good.assign(label="moth"), ["deep"], DEFAULT, 1.0)
    with pytest.raises(DataError, match=r"truth: deep in a lasts from 1.0 to 0.5 s"):
        event_based.match(good.assign(offset_s=0.5), good, DEFAULT)
    with pytest.raises(DataError, match="lasts from nan"):
        event_based.match(good, good.assign(onset_s=np.nan), DEFAULT)
    with pytest.raises(DataError, match="no column label"):
        event_based.match(good.drop(columns="label"), good, DEFAULT)
    with pytest.raises(DataError, match="0 hours"):
        event_based.overall(good, good, ["deep"], DEFAULT, 0)
    with pytest.raises(DataError, match="recording a has events and no duration"):
        segment_based.segment_scores(good, good, ["deep"], {"b": 5.0}, 1.0)
    with pytest.raises(DataError, match="segment_s"):
        segment_based.segment_scores(good, good, ["deep"], {"a": 5.0}, 0.0)
    with pytest.raises(DataError, match="deep, deep"):
        event_based.event_scores(good, good, ["deep", "deep"], DEFAULT, 1.0)
    with pytest.raises(DataError, match="both null"):
        replace(DEFAULT, collar_s=None)


def test_a_detection_of_the_whole_recording_is_no_hit() -> None:
    """Each condition counts by itself: labels end at 3840 s, everything from the start at 7000."""
    truth = pd.DataFrame({"recording_id": ["r"], "onset_s": 0.0, "offset_s": 3840.0, "label": "q"})
    found = truth.assign(offset_s=7000.0)
    for collar, fraction, hits in (
        (None, None, 1), (900.0, None, 0), (None, 0.5, 0), (900.0, 0.5, 0), (900.0, 1.0, 1),
    ):  # fmt: skip
        matching = event_based.Matching(900.0, collar, fraction, None, 600.0)
        assert len(event_based.match(truth, found, matching)) == hits


def test_options_are_checked() -> None:
    """As the options of every stage."""
    values = {
        "collar_s": None, "offset_collar_s": 0, "offset_fraction": None, "overlap": 0.5,
        "segment_s": 1,
    }  # fmt: skip
    assert build(event_based.Matching, values, "score").overlap == 0.5
    for name, value in {"overlap": 0, "collar_s": -1, "segment_s": 0}.items():
        with pytest.raises(DataError, match=f"score.{name}"):
            build(event_based.Matching, values | {name: value}, "score")


def counts(
    truth: list[Row], found: list[Row], dtc: float = 0.7, gtc: float = 0.7, cttc: float = 0.3
) -> intersection_based.Intersections:
    """Counts of two classes."""
    return intersection_based.intersections(
        table(truth), table(found), ["deep", "impact"], dtc, gtc, cttc
    )


@pytest.mark.parametrize(
    ("found", "tp", "fp"),
    [
        ([(10, 20)], 1, 0),
        ([(10, 17)], 1, 0),  # 7 of the 10 s of the event
        ([(10, 16.9)], 0, 0),  # a good detection that does not find the event
        ([(13, 23)], 1, 0),  # 7 of the 10 s of the detection
        ([(13.1, 23.1)], 0, 1),
        ([(10, 14), (15, 18)], 1, 0),  # together 7 s
        ([(10, 14), (15, 17.9)], 0, 0),
        ([(10, 14), (13, 16)], 0, 0),  # 6 s: the second that both cover counts once
        ([(10, 14), (17, 22)], 0, 1),  # the second, 60 % good, is no help
        ([(0, 40)], 0, 1),
        ([(20, 25)], 0, 1),  # touches it
        ([(12, 12)], 0, 0),  # nothing
        ([], 0, 0),
    ],
)
def test_tolerances_by_hand(found: list[tuple[float, float]], tp: int, fp: int) -> None:
    """An event from 10 to 20 s, and 0.7 for both."""
    result = counts([("a", 10, 20, "deep")], [("a", on, off, "deep") for on, off in found])
    assert result.reference.tolist() == [1, 0]
    assert result.tp.tolist() == [tp, 0]
    assert result.fp.tolist() == [fp, 0]
    assert result.truth_s == pytest.approx([10, 0])
    assert not result.cross.any()


def test_one_detection_can_find_two_events_and_trigger_on_another_class() -> None:
    """Recordings apart; a good detection never is a cross-trigger."""
    truth: list[Row] = [
        ("a", 0, 4, "deep"),
        ("a", 5, 10, "deep"),
        ("a", 0, 10, "impact"),
        ("b", 0, 10, "impact"),
    ]
    result = counts(truth, [("a", 0, 10, "deep"), ("b", 7, 17, "deep"), ("b", 7.1, 17, "deep")])
    assert result.tp.tolist() == [2, 0]
    assert result.fp.tolist() == [2, 0]
    assert result.cross.tolist() == [[0, 1], [0, 0]]  # 30 %, and less
    assert result.truth_s == pytest.approx([9, 20])


@given(event_lists(), event_lists(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_intersections_are_those_of_fine_frames(
    truth: pd.DataFrame, found: pd.DataFrame, share: float
) -> None:
    """Frames of 1/8 s, on which all events lie, say the same."""
    result = intersection_based.intersections(truth, found, CLASSES, share, share, share)

    def frames(events: pd.DataFrame, file: str, label: str) -> np.ndarray:
        roll = np.zeros(80, bool)
        for row in events[(events.recording_id == file) & (events.label == label)].itertuples():
            roll[int(row.onset_s * 8) : int(row.offset_s * 8)] = True
        return roll

    def enough(row: Any, roll: np.ndarray) -> bool:
        part = roll[int(row.onset_s * 8) : int(row.offset_s * 8)]
        return bool(part.sum() > 0 and part.mean() >= share)

    found, truth = (e[e.offset_s > e.onset_s] for e in (found, truth))
    good = np.array(
        [enough(r, frames(truth, r.recording_id, r.label)) for r in found.itertuples()], bool
    )
    hit = [enough(r, frames(found[good], r.recording_id, r.label)) for r in truth.itertuples()]
    for i, name in enumerate(CLASSES):
        assert result.tp[i] == sum(np.array(hit, bool)[truth.label.to_numpy() == name])
        assert result.fp[i] == sum(~good[found.label.to_numpy() == name])
        assert result.truth_s[i] == sum(frames(truth, f, name).sum() for f in FILES) / 8
        for j, other in enumerate(CLASSES):
            wrong = found[~good & (found.label == name).to_numpy()]
            triggered = [
                enough(r, frames(truth, r.recording_id, other)) for r in wrong.itertuples()
            ]
            assert result.cross[i, j] == (sum(triggered) if i != j else 0)
