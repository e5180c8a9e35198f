"""PSDS by hand, from the published definition, and as psds_eval gives it."""

import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarewave.base.errors import DataError
from rarewave.metrics.psds import PSDS1, PSDS2, Criteria, area, psds, staircase

Row = tuple[str, float, float, str]
TRUTH: list[Row] = [("a", 10, 20, "deep"), ("a", 30, 40, "deep")]
HIT, SECOND = TRUTH


def table(rows: list[Row]) -> pd.DataFrame:
    """Events from tuples of recording, onset, offset and label."""
    return pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label"])


def value(
    truth: list[Row],
    points: list[list[Row]],
    criteria: Criteria = PSDS1,
    hours: float = 1.0,
    classes: tuple[str, ...] = ("deep",),
) -> float:
    """The score of detections at a few thresholds."""
    by_threshold = {0.1 * i: table(rows) for i, rows in enumerate(points)}
    return psds(table(truth), by_threshold, classes, hours, criteria).value


def false_alarms(count: int, label: str = "deep") -> list[Row]:
    """Detections of 1 s, far from any event."""
    return [("a", 1000.0 + 2 * i, 1001.0 + 2 * i, label) for i in range(count)]


def test_perfect_and_useless_detectors() -> None:
    """All events without a false alarm at one threshold give 1, nothing at any threshold 0."""
    assert value(TRUTH, [TRUTH]) == 1
    assert value(TRUTH, [[]]) == 0
    assert value(TRUTH, [false_alarms(3)]) == 0
    assert value(TRUTH, [[], TRUTH, false_alarms(3) + TRUTH]) == 1


@pytest.mark.parametrize(
    ("onset", "offset", "expected"),
    [
        (10, 17, 1.0),  # all of 7 s is good, and 70 % of the event is found
        (10, 16.9, 0.0),  # good, but finds 69 %: no hit, and no false alarm either
        (13, 23, 1.0),  # 7 of the 10 s of the detection are good
        (13.1, 23.1, 0.0),  # 6.9 of them: a false alarm
    ],
)
def test_one_detection_at_the_tolerance(onset: float, offset: float, expected: float) -> None:
    """One event of 10 s, one detection, dtc = gtc = 0.7."""
    assert value([HIT], [[("a", onset, offset, "deep")]]) == expected


def test_staircase_areas() -> None:
    """Rates of false alarms where the share rises, of 100 per hour.

    Half of the events without a false alarm, all with 20 per hour: 0.2 x 1/2 + 0.8 x 1 = 0.9.
    In half an hour the same 20 are 40 per hour: 0.4 x 1/2 + 0.6 = 0.8.
    All events only with 100 per hour or more: none of the area. No threshold between 0 and 20
    is interpolated. A threshold that finds less with more false alarms changes nothing.
    """
    points = [[HIT], TRUTH + false_alarms(20)]
    assert value(TRUTH, points) == pytest.approx(0.9)
    assert value(TRUTH, points, hours=0.5) == pytest.approx(0.8)
    assert value(TRUTH, points[::-1]) == pytest.approx(0.9)
    assert value(TRUTH, [*points, [HIT, *false_alarms(50)]]) == pytest.approx(0.9)
    assert value(TRUTH, points[1:]) == pytest.approx(0.8)
    assert value(TRUTH, [TRUTH + false_alarms(100)]) == 0
    assert value(TRUTH, [TRUTH + false_alarms(250)]) == 0
    assert value(TRUTH, points, replace(PSDS1, e_max=10.0)) == pytest.approx(0.5)
    assert value(TRUTH, points, replace(PSDS1, e_max=40.0)) == pytest.approx(0.75)


def test_the_curve_of_two_thresholds() -> None:
    """Rates from 0 to beyond e_max, with the share from each on."""
    by_threshold = {0.9: table([HIT]), 0.5: table(TRUTH + false_alarms(200))}
    score = psds(table(TRUTH), by_threshold, ["deep"], 1.0, PSDS1)
    assert score.efpr.tolist() == [0, 200]
    assert score.tpr.tolist() == [[0.5, 1]]
    assert score.etpr.tolist() == [0.5, 1]
    assert score.value == 0.5


def test_cross_triggers_cost_alpha_ct() -> None:
    """A detection of "deep" on the only "impact", 360 s long, in an hour.

    It is 1 false alarm per hour, and 1 cross-trigger in 0.1 h of "impact": 10 per hour, the mean
    over one other class. With alpha_ct = 0.5 the rate is 1 + 0.5 x 10 = 6, without 1. "impact" is
    found without an error, "deep" from this rate on: the mean is 1/2 and then 1. Without a cost of
    the deviation the area is 0.06 x 1/2 + 0.94 = 0.97; with it the first part is 1/2 - 1/2 = 0.
    """
    impact: Row = ("b", 0, 360, "impact")
    truth: list[Row] = [HIT, impact]
    points: list[list[Row]] = [[HIT, impact, ("b", 100, 110, "deep")]]
    classes = ("deep", "impact")
    free = replace(PSDS2, alpha_st=0.0)
    assert value(truth, points, free, classes=classes) == pytest.approx(0.97)
    assert value(truth, points, PSDS2, classes=classes) == pytest.approx(0.94)
    without = replace(free, alpha_ct=0.0)
    assert value(truth, points, without, classes=classes) == pytest.approx(0.995)
    # with a third class, which nothing triggers on, the mean of cross-triggers is 5: rate 3.5;
    # below it two of the three shares are 1
    third: Row = ("c", 0, 10, "shallow")
    points = [[*points[0], third]]
    assert value([*truth, third], points, free, classes=(*classes, "shallow")) == pytest.approx(
        0.035 * 2 / 3 + 0.965
    )
    # 3 of 10 s on "impact" trigger, less do not, and a detection that is good never does
    for offset, rate in ((1.0, 6.0), (0.99, 1.0)):
        truth = [HIT, ("b", 0, 360, "impact")]
        end = 360 + 3 * 10 / 3 - 3 * offset
        points = [[HIT, truth[1], ("b", end - 10, end, "deep")]]
        expected = 1 - rate / 100 / 2
        assert value(truth, points, free, classes=classes) == pytest.approx(expected), offset


def test_the_deviation_over_classes_costs_alpha_st() -> None:
    """Shares of 1 and 1/2 at any rate: mean 0.75, deviation 0.25 (of all, not of a sample)."""
    truth: list[Row] = [*TRUTH, ("a", 50, 60, "impact"), ("a", 70, 80, "impact")]
    points = [truth[:3]]
    classes = ("deep", "impact")
    for alpha_st, expected in ((0.0, 0.75), (1.0, 0.5), (2.0, 0.25), (4.0, 0.0)):
        criteria = replace(PSDS1, alpha_st=alpha_st)
        assert value(truth, points, criteria, classes=classes) == pytest.approx(expected)
    # 1 and 0: mean and deviation 1/2
    assert value(truth, [TRUTH], classes=classes) == 0


def test_a_class_without_events_is_left_out() -> None:
    """Its share is unknown: neither mean nor deviation, nor cross-triggers, count it."""
    by_threshold = {0.5: table([*TRUTH, *false_alarms(4, "impact")])}
    classes = ["deep", "impact"]
    score = psds(table(TRUTH), by_threshold, classes, 1.0, PSDS2)
    assert score.value == 1
    assert np.isnan(score.tpr[1]).all()
    assert score.efpr.tolist() == [0, 4]
    nothing = psds(table([]), by_threshold, classes, 1.0, PSDS2)
    assert np.isnan(nothing.value)


def test_bad_input_is_refused() -> None:
    """No threshold, no hours, and a label that is not listed."""
    events = table(TRUTH)
    with pytest.raises(DataError, match="one threshold at least"):
        psds(events, {}, ["deep"], 1.0, PSDS1)
    with pytest.raises(DataError, match="0.0 hours"):
        psds(events, {0.5: events}, ["deep"], 0.0, PSDS1)
    with pytest.raises(DataError, match="label deep is not among the classes impact"):
        psds(events, {0.5: events}, ["impact"], 1.0, PSDS1)


POINTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=8)


@given(POINTS)
def test_a_staircase_is_the_best_that_the_rate_allows(points: list[tuple[int, int]]) -> None:
    """At every rate, by looking at all points; its area by adding up narrow columns."""
    rates, shares = np.array(points, float).T
    at = np.arange(11.0)
    found = staircase(at, rates, shares / 4)
    for rate, share in zip(at, found, strict=True):
        assert share == max([s for r, s in zip(rates, shares / 4, strict=True) if r <= rate] + [0])
    edges = np.unique(np.append(rates, 0.0))
    steps = staircase(edges, rates, shares / 4)
    assert area(edges, steps, 10.0) == pytest.approx(found[:10].mean())
    assert area(edges, steps, 4.5) == pytest.approx((found[:4].sum() + found[4] / 2) / 4.5)


def random_case(seed: int) -> tuple[list[Row], dict[float, list[Row]]]:
    """Truth of three classes in four recordings of 60 s, and detections at five thresholds.

    Events of a class do not overlap, which psds_eval demands. Python's own generator, whose
    uniform numbers are the same in every version.
    """
    draw = random.Random(seed)

    def events(labels: list[str], gap: float) -> list[Row]:
        rows: list[Row] = []
        for file in "abcd":
            for label in labels:
                at = draw.uniform(0, gap)
                while (end := at + draw.uniform(0.5, 8)) < 60:
                    rows.append((file, round(at, 3), round(end, 3), label))
                    at = end + draw.uniform(0.1, gap)
        return rows

    labels = ["deep", "impact", "shallow"]
    truth = events(labels, 12.0)
    by_threshold = {}
    for threshold in (0.1, 0.3, 0.5, 0.7, 0.9):
        rows: list[Row] = []
        for file, on, off, label in truth:
            if draw.random() > threshold:
                shift = draw.uniform(-0.2, 0.2) * (off - on)
                kind = draw.choice(labels) if draw.random() < 0.2 else label
                start, end = round(max(0.0, on + shift), 3), round(min(60.0, off + shift), 3)
                rows.append((file, start, end, kind))
        rows += [r for r in events(labels, 30.0) if draw.random() > threshold]
        kept: list[Row] = []
        for r in sorted(rows):
            if all(r[0] != k[0] or r[3] != k[3] or r[1] >= k[2] for k in kept):
                kept.append(r)
        by_threshold[threshold] = kept
    return truth, by_threshold


CRITERIA = (
    PSDS1,
    replace(PSDS1, e_max=1000.0),  # 4 minutes of sound have many false alarms per hour
    replace(PSDS2, e_max=1000.0),
    Criteria(dtc=0.5, gtc=0.5, cttc=0.3, alpha_ct=1.0, alpha_st=0.0, e_max=3000.0),
)


@pytest.mark.parametrize(
    ("seed", "sizes", "expected"),
    [
        (
            0,
            [59, 57, 48, 43, 27, 11],
            [0.2015863389421464, 0.5445775531643752, 0.6998895743575294, 0.6905242511565952],
        ),
        (
            1,
            [72, 66, 60, 44, 30, 12],
            [0.10462638397989271, 0.5207058882484332, 0.657163738788157, 0.625533359670536],
        ),
        (
            2,
            [61, 62, 50, 41, 31, 7],
            [0.13590734645800373, 0.5324529786207176, 0.699419169684507, 0.6236799272453273],
        ),
        (
            3,
            [61, 57, 55, 37, 20, 4],
            [0.199771620902049, 0.5282506248437506, 0.7199547210345116, 0.646619776930616],
        ),
    ],
)
def test_random_cases_are_those_of_psds_eval(
    seed: int, sizes: list[int], expected: list[float]
) -> None:
    """Values by psds_eval 0.5.3 with pandas 1.5.3 and numpy 1.26.4; it fails with later pandas.

    `PSDSEval(dtc, gtc, cttc, ground_truth=…, metadata=… 60 s each)`, `add_operating_point` for
    each threshold, and `psds(alpha_ct, alpha_st, e_max).value`.
    """
    truth, by_threshold = random_case(seed)
    assert [len(truth), *map(len, by_threshold.values())] == sizes
    tables = {threshold: table(rows) for threshold, rows in by_threshold.items()}
    classes = ["deep", "impact", "shallow"]
    found = [
        psds(table(truth), tables, classes, 240 / 3600, criteria).value for criteria in CRITERIA
    ]
    assert found == pytest.approx(expected, rel=1e-12)
