"""Classifiers see the mean and spread of each frequency, and repeat themselves."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from rarewave.base.tasks import Task
from rarewave.baselines import classifiers


@pytest.fixture(scope="module")
def songs() -> tuple[np.ndarray, np.ndarray]:
    """Spectrograms (90, 12, 20, 2) of three classes; class 2 is the loud one of a band."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 2, 3], 30).astype(np.int8)[rng.permutation(90)]
    X = rng.normal(0, 1, (90, 12, 20, 2)).astype(np.float32)
    X[y == 2, 3:5, :, 0] += 2
    X[y == 3, 8, :, 0] *= 5
    return X, y


WHOLE = slice(0, 20)


def of(count: int) -> Task:
    """So many classes."""
    return Task("classes", tuple(f"kind {k}" for k in range(count)))


def fitted(X: np.ndarray, y: np.ndarray, rows: np.ndarray, seed: int) -> Any:
    """A forest of some rows."""
    rows = classifiers.some(rows, y[rows], seed)
    return classifiers.forest(classifiers.features(X[rows], WHOLE), y[rows], seed)


def scored(model: Any, X: np.ndarray, count: int) -> np.ndarray:
    """Probabilities of windows."""
    return classifiers.score(model, classifiers.features(X, WHOLE), of(count))


def test_features_are_mean_and_spread_over_time(songs: tuple[np.ndarray, np.ndarray]) -> None:
    """Of each row of the first channel."""
    X, _ = songs
    found = classifiers.features(X, WHOLE)
    assert found.shape == (90, 24)
    for row in (0, 50):
        for hertz in range(12):
            wave = X[row, hertz, :, 0].astype(float)
            assert found[row, hertz] == pytest.approx(wave.mean(), abs=1e-5)
            assert found[row, 12 + hertz] == pytest.approx(
                np.sqrt(((wave - wave.mean()) ** 2).mean())
            )


def test_it_tells_apart_what_differs_in_level_or_spread(
    songs: tuple[np.ndarray, np.ndarray],
) -> None:
    """New windows; a class that was never seen has no probability."""
    X, y = songs
    model = fitted(X, y, np.arange(60), seed=1)
    p = scored(model, X[60:], 5)
    assert p.shape == (30, 5)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(p[:, [1, 4]], 0)
    assert np.mean(np.argmax(p, axis=1) == y[60:]) > 0.95


def test_the_seed_repeats_it(songs: tuple[np.ndarray, np.ndarray]) -> None:
    """Bit for bit; another seed is another forest."""
    X, y = songs
    one, again, other = (scored(fitted(X, y, np.arange(60), seed), X[60:], 4) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_only_the_rows_asked_for_are_learnt(
    songs: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other labels of other rows change nothing; of too many rows a part is drawn."""
    X, y = songs
    wrong = y.copy()
    wrong[60:] = 0
    one, other = (scored(fitted(X, k, np.arange(60), 1), X, 4) for k in (y, wrong))
    np.testing.assert_array_equal(one, other)
    monkeypatch.setattr(classifiers, "_MOST", 25)
    few = fitted(X, y, np.arange(60), 1)
    assert few.estimators_[0].tree_.n_node_samples[0] <= 25
    assert np.mean(np.argmax(scored(few, X, 4), axis=1) == y) > 0.8


def test_a_rare_class_weighs_as_much_as_a_common_one() -> None:
    """Where two classes overlap the rare one is not given up."""
    rng = np.random.default_rng(0)
    y = (np.arange(400) % 20 == 0).astype(np.int8)
    X = rng.normal(0, 1, (400, 1, 20, 1)).astype(np.float32)
    model = fitted(X, y, np.arange(400), 1)
    tree = model.estimators_[0].tree_
    share = tree.value[0, 0] / tree.value[0, 0].sum()
    np.testing.assert_allclose(share, 0.5, atol=0.15)


def test_the_linear_model_is_scikit_learns_on_standardised_features(
    songs: tuple[np.ndarray, np.ndarray],
) -> None:
    """Equal to a regression fitted by hand, and no probability for a class never seen."""
    from sklearn.linear_model import LogisticRegression

    X, y = songs
    model = classifiers.linear(classifiers.features(X[:60], WHOLE), y[:60], 1)
    p = scored(model, X[60:], 4)
    F = classifiers.features(X, WHOLE)
    mean, deviation = F[:60].mean(axis=0), F[:60].std(axis=0)
    by_hand = LogisticRegression(C=0.1, class_weight="balanced", max_iter=500)
    by_hand.fit((F[:60] - mean) / deviation, y[:60])
    expected = by_hand.predict_proba((F[60:] - mean) / deviation)
    np.testing.assert_allclose(p[:, [0, 2, 3]], expected, atol=1e-3)
    assert (p[:, 1] == 0).all()
    assert (p.argmax(axis=1) == y[60:]).mean() > 0.8


def test_a_window_and_its_context_are_told_apart(songs: tuple[np.ndarray, np.ndarray]) -> None:
    """Mean and spread of the window's frames, then of those around it."""
    X, _ = songs
    found = classifiers.features(X, slice(5, 15))
    assert found.shape == (90, 48)
    inside, around = X[..., 5:15, 0], np.delete(X[..., 0], np.arange(5, 15), axis=2)
    wanted = [inside.mean(axis=2), inside.std(axis=2), around.mean(axis=2), around.std(axis=2)]
    np.testing.assert_allclose(found, np.concatenate(wanted, axis=1), atol=1e-5)


@pytest.mark.parametrize("fit", [classifiers.forest, classifiers.linear])
def test_tags_are_told_each_for_itself(fit: Any, recwarn: pytest.WarningsRecorder) -> None:
    """Both, one or none of them; a tag that training never holds has no probability."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (200, 3)).astype(np.int8)
    truth[:, 2] = 0
    X = rng.normal(0, 0.3, (200, 4)).astype(np.float32)
    X[:, :2] += 2 * truth[:, :2]
    model = fit(X[:150], truth[:150], 1)
    p = classifiers.score(model, X[150:], Task("tags", ("a", "b", "never")))
    assert p.shape == (50, 3)
    assert ((p[:, :2] > 0.5) == truth[150:, :2]).mean() > 0.95
    assert (p[:, 2] < 0.5).all()
    assert not recwarn.list


@pytest.mark.parametrize("fit", [classifiers.forest, classifiers.linear])
def test_a_single_tag_is_there_or_not(fit: Any) -> None:
    """One column, as its probability."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (120, 1)).astype(np.int8)
    X = (rng.normal(0, 0.3, (120, 3)) + truth).astype(np.float32)
    p = classifiers.score(fit(X[:80], truth[:80], 1), X[80:], Task("tags", ("a",)))
    assert p.shape == (40, 1)
    assert ((p > 0.5) == truth[80:]).mean() > 0.9


def test_rare_windows_are_kept_where_there_are_too_many() -> None:
    """Eight events among many thousand windows: all of them, and as much background as fits."""
    y = np.zeros(30_000, np.int8)
    y[::4000] = 1
    rows = np.arange(30_000) + 7
    kept = classifiers.some(rows, y, 1)
    assert len(kept) == len(set(kept)) == 10_000
    assert set(rows[y == 1]) <= set(kept)
    np.testing.assert_array_equal(kept, classifiers.some(rows, y, 1))


def test_one_class_in_training_is_said_of_every_window() -> None:
    """No traceback where all training windows hold the same."""
    X, y = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32), np.zeros(20, np.int8)
    for fit in (classifiers.forest, classifiers.linear):
        p = classifiers.score(fit(X, y, 1), X, of(2))
        np.testing.assert_array_equal(p, [[1, 0]] * 20)


def test_a_forest_of_many_tags_is_as_good_as_a_forest_for_each() -> None:
    """Weights by class of thirty tags at once would be products of thirty numbers."""
    rng = np.random.default_rng(3)
    y = (rng.random((400, 30)) < 0.05).astype(np.int8)
    X = (y @ rng.normal(0, 1, (30, 40)) + rng.normal(0, 0.7, (400, 40))).astype(np.float32)
    task, new = Task("tags", tuple(f"tag {k}" for k in range(30))), slice(250, 400)
    p = classifiers.score(classifiers.forest(X[:250], y[:250], 1), X[new], task)
    each = RandomForestClassifier(200, random_state=1)
    alone = [each.fit(X[:250], y[:250, k]).predict_proba(X[new])[:, 1] for k in range(30)]
    wanted = roc_auc_score(y[new], np.stack(alone, axis=1))
    assert wanted > 0.85
    assert roc_auc_score(y[new], p) > wanted - 0.05
