"""Whether probabilities can be trusted: scikit-learn's numbers, and what follows from them."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn.calibration import calibration_curve
from support import tasks, tiny
from support.properties import examples

from rarewave.base.tasks import Task
from rarewave.metrics import calibration, trust
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.decisions import Decisions, decisions, entropy, kinds_of, pairs, spread
from rarewave.model.uncertainty import references

MANY = Bootstrap("group", 1.0, 200, 1)


def drawn(seed: int, options: int, count: int = 400) -> tuple[np.ndarray, Decisions]:
    """Probabilities (count, options) and decisions whose outcomes they are the truth about."""
    rng = np.random.default_rng(seed)
    p = special.softmax(rng.normal(0, 2, (count, options)), axis=1)
    outcome = (p.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1).clip(0, options - 1)
    unit = np.array([f"g{k % 20}" for k in range(count)])
    return p, Decisions(np.eye(options, dtype=bool)[outcome], p.argmax(axis=1), unit)


@pytest.mark.parametrize("options", [2, 5])
def test_scores_are_scikit_learns(options: int) -> None:
    """Likelihood, Brier, area under the ROC of errors; with weights as well."""
    p, made = drawn(1, options)
    weights = np.random.default_rng(2).integers(0, 3, len(p)).astype(float)
    for w in (None, weights):
        found = trust.measure(trust.ready(p, made, {}), w)
        labels = list(range(options))
        assert found["nll"] == pytest.approx(
            sk.log_loss(made.true.argmax(axis=1), p, labels=labels, sample_weight=w)
        )
        hot = np.eye(options)[made.true.argmax(axis=1)]
        squares = ((p - hot) ** 2).sum(axis=1) / (2 if options == 2 else 1)
        assert found["brier"] == pytest.approx(np.average(squares, weights=w))
        wrong, doubts = made.decided != made.true.argmax(axis=1), 1 - p.max(axis=1)
        assert found["error_auroc"] == pytest.approx(
            sk.roc_auc_score(wrong, doubts, sample_weight=w)
        )
        right = sk.accuracy_score(made.true.argmax(axis=1), made.decided, sample_weight=w)
        assert found["accuracy"] == pytest.approx(right)


def test_the_calibration_error_is_that_of_scikit_learns_curve() -> None:
    """In fifteen bins, weighed by the windows in each."""
    p, made = drawn(3, 2)
    rates, means = calibration_curve(made.true.argmax(axis=1), p[:, 1], n_bins=trust.BINS)
    counts = np.histogram(p[:, 1], np.linspace(0, 1, trust.BINS + 1))[0]
    wanted = (np.abs(rates - means) * counts[counts > 0]).sum() / len(p)
    found = trust.measure(trust.ready(p, made, {}), None)["calibration_error"]
    assert found == pytest.approx(wanted)
    assert found < 0.08  # the outcomes were drawn from these probabilities


def test_risk_and_coverage_of_a_case_by_hand() -> None:
    """Four decisions, the least sure is wrong; two that are equally sure are taken together."""
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]])
    true = np.eye(2, dtype=bool)[[0, 1, 1, 0]]
    made = Decisions(true, p.argmax(axis=1), np.array(list("abcd")))
    ready = trust.ready(p, made, {})
    share, risk = trust.risk_coverage(ready, np.ones(4))
    np.testing.assert_allclose(share, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(risk, [0, 0, 0, 0.25])
    found = trust.measure(ready, None)
    assert found["risk_coverage_area"] == pytest.approx(0.0625)
    assert found["accuracy_at_80"] == pytest.approx(1 - 0.25 * 0.2)
    same = trust.ready(np.full((4, 2), 0.5), made, {})
    np.testing.assert_allclose(trust.risk_coverage(same, np.ones(4)), [[1], [0.25]])


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_equal_doubts_count_alike_in_any_order(seed: int, options: int) -> None:
    """The order of the windows changes no score."""
    rng = np.random.default_rng(seed)
    p, made = drawn(seed, options, 40)
    p = np.round(p, 1) + 1e-3
    p /= p.sum(axis=1, keepdims=True)
    order = rng.permutation(40)
    other = Decisions(*(np.asarray(column)[order] for column in made))
    one = trust.measure(trust.ready(p, made, {}), None)
    two = trust.measure(trust.ready(p[order], other, {}), None)
    assert one == pytest.approx(two, nan_ok=True)


def test_a_temperature_undoes_what_made_them_too_sure() -> None:
    """Sharpened threefold, it is found; it changes no order and no decision."""
    p, made = drawn(5, 4, 4000)
    sure = calibration.at_temperature(p, 1 / 3)
    found = calibration.fit_temperature(sure, made.true)
    assert found == pytest.approx(3, rel=0.1)
    back = calibration.at_temperature(sure, found)
    np.testing.assert_array_equal(back.argmax(axis=1), sure.argmax(axis=1))
    before, after = (trust.measure(trust.ready(q, made, {}), None) for q in (sure, back))
    assert after["nll"] < 0.7 * before["nll"]
    assert after["calibration_error"] < 0.3 * before["calibration_error"]
    assert calibration.fit_temperature(p, np.eye(4, dtype=bool)[np.zeros(len(p), int)]) == 1.0


@pytest.mark.parametrize("options", [2, 4])
def test_isotonic_calibration_learns_any_rising_curve(options: int) -> None:
    """Squared probabilities are put right; each decision's still sum to 1."""
    p, made = drawn(6, options, 6000)
    bent = p**2 / (p**2).sum(axis=1, keepdims=True)
    forms, _ = calibration.forms(bent, made.true, np.arange(6000) < 3000)
    found = forms[calibration.ISOTONIC][3000:]
    np.testing.assert_allclose(found.sum(axis=1), 1)
    gap = np.abs(found - p[3000:]).mean()
    assert gap < 0.3 * np.abs(bent[3000:] - p[3000:]).mean()
    forms, _ = calibration.forms(
        bent, np.eye(options, dtype=bool)[np.zeros(6000, int)], np.arange(6000) < 3000
    )
    assert calibration.ISOTONIC not in forms


def test_disagreement_is_told_from_doubt_that_all_share() -> None:
    """Two sure members that contradict each other, and two that both toss a coin."""
    p = np.array([[[1.0, 0], [0.5, 0.5]], [[0, 1.0], [0.5, 0.5]]])
    found = spread(p, np.array([0, 0]))
    np.testing.assert_allclose(found["entropy"], [1, 1])
    np.testing.assert_allclose(found["mutual_information"], [1, 0])
    np.testing.assert_allclose(found["deviation"], [0.5, 0])
    rng = np.random.default_rng(1)
    some = rng.dirichlet(np.ones(5), 30)
    np.testing.assert_allclose(entropy(some), stats.entropy(some, base=2, axis=1))


def test_decisions_of_every_kind_of_task() -> None:
    """An event at its threshold, the most probable class, each tag by itself."""
    unit = np.array(["a", "b"])
    p = np.array([[0.7, 0.3], [0.9, 0.1]])
    truth = np.array([[0, 1], [1, 0]])
    made = decisions(tasks.EVENT, truth, p, {"event": 0.2}, unit)
    assert (made.true.argmax(axis=1).tolist(), made.decided.tolist()) == ([1, 0], [1, 0])
    np.testing.assert_allclose(trust.doubt(pairs(tasks.EVENT, p), made.decided), [0.7, 0.1])
    names = tasks.TAGS.names
    p = np.tile([0.6, 0.1, 0.9][: len(names)], (2, 1))
    truth = np.array([[1, 0, 0], [0, 0, 1]])[:, : len(names)]
    at = dict.fromkeys(names, 0.5)
    made = decisions(tasks.TAGS, truth, p, at, unit)
    assert made.true.argmax(axis=1).tolist() == truth.ravel().tolist()
    assert made.unit.tolist() == ["a"] * len(names) + ["b"] * len(names)
    given = pairs(tasks.TAGS, p)
    assert given.shape == (2 * len(names), 2)
    np.testing.assert_allclose(given[:, 1], p.ravel())
    many = pairs(tasks.TAGS, np.stack([p, p / 2]))
    np.testing.assert_allclose(many[1, :, 1], p.ravel() / 2)
    p = special.softmax(np.eye(len(tiny.TASK.names)), axis=1)
    y = np.arange(len(p))
    made = decisions(tiny.TASK, np.eye(len(p), dtype=np.int8), p, {}, y.astype("U"))
    assert made.decided.tolist() == made.true.argmax(axis=1).tolist() == y.tolist()


def test_either_of_two_classes_is_right_and_none_of_them_a_doubt() -> None:
    """A window of two classes: as in `evaluate` to name one is right, and both are its likelihood.

    A network that gives each half is neither wrong nor to be sharpened.
    """
    truth = np.repeat(np.array([[0, 1, 1], [1, 0, 0], [0, 1, 0]], np.int8), 10, axis=0)
    p = np.clip(truth / truth.sum(axis=1, keepdims=True), 0.01, 0.98)
    p[10:20] = [0.5, 0.3, 0.2]
    p /= p.sum(axis=1, keepdims=True)
    task = Task("classes", ("background", "a", "b"))
    p[:10] += [0, 0, 1e-6]  # the second of them, which fills less, by a hair
    made = decisions(task, truth, p, {}, np.arange(30).astype("U"))
    assert made.decided[0] == 2 and made.right.all()
    assert set(kinds_of(made, 0)) == {"hit", "right"}
    found = trust.measure(trust.ready(p, made, {}), None)
    assert found["accuracy"] == 1
    wanted = -np.log(np.concatenate([p[:10, 1:].sum(axis=1), p[10:20, 0], p[20:, 1]])).mean()
    assert found["nll"] == pytest.approx(wanted)
    few = decisions(task, truth[:10], p[:10], {}, made.unit[:10])
    assert trust.measure(trust.ready(p[:10], few, {}), None)["brier"] < 0.001
    single, known = drawn(5, 3, 2000)
    alone = calibration.fit_temperature(single, known.true)
    both = np.concatenate([single, p[:10]]), np.concatenate([known.true, made.true[:10]])
    assert calibration.fit_temperature(*both) == pytest.approx(alone, rel=0.01)


def test_members_alone_are_scored_in_the_mean() -> None:
    """Of two networks with likelihoods of their own, the mean, as of one that is drawn."""
    p, made = drawn(9, 3)
    rng = np.random.default_rng(10)
    q = special.softmax(np.log(p) + rng.normal(0, 1, p.shape), axis=1)
    two = [trust.ready(one, made, {}) for one in (p, q)]
    both = trust.ready((p + q) / 2, made, {})
    table, gains = trust.compare({"alone": two, "both": [both]}, {"both": "alone"}, MANY)
    nll = table[table["metric"] == "nll"].set_index("version")["value"]
    labels = [0, 1, 2]
    wanted = np.mean([sk.log_loss(made.true.argmax(axis=1), one, labels=labels) for one in (p, q)])
    assert nll["alone"] == pytest.approx(wanted) and nll["both"] < nll["alone"]
    assert set(gains) == {"both"} and gains["both"]["nll"]["low"] > 0


def test_an_ensemble_is_compared_with_its_members_and_the_rest_with_the_first() -> None:
    """Of one network everything is compared with that."""
    one = ["network", "network_isotonic", "mc_dropout"]
    assert references(one) == {"network_isotonic": "network", "mc_dropout": "network"}
    assert references([*one, "first_member", "first_member_temperature", "member_alone"]) == {
        "network": "member_alone",
        "network_isotonic": "member_alone",
        "mc_dropout": "first_member",
        "first_member_temperature": "first_member",
    }


def test_a_gain_is_above_zero_where_the_other_is_better() -> None:
    """Noise put on the probabilities costs likelihood, by a share with an interval."""
    p, made = drawn(7, 2, 2000)
    rng = np.random.default_rng(8)
    worse = special.softmax(np.log(p) + rng.normal(0, 2, p.shape), axis=1)
    versions = {"network": [trust.ready(worse, made, {})], "other": [trust.ready(p, made, {})]}
    table, gains = trust.compare(versions, {"other": "network"}, MANY)
    values = table.set_index(["version", "metric"])["value"]
    share = 1 - values["other", "nll"] / values["network", "nll"]
    assert gains["other"]["nll"]["value"] == pytest.approx(share) and share > 0.2
    for metric in ("nll", "brier", "calibration_error", "error_auroc", "risk_coverage_area"):
        gain = gains["other"][metric]
        assert gain["low"] < gain["value"] < gain["high"] and gain["value"] > 0, metric
    assert (table["low"] <= table["value"]).all() and (table["value"] <= table["high"]).all()
    content = trust.report(table, gains, "network")
    assert content["other"]["nll"] == values["other", "nll"]
    assert content["interval"]["nll"]["low"] < values["network", "nll"]
    assert len(trust.text(table).splitlines()) == 3
