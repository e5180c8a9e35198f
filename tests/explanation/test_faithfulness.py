"""Deletion and insertion: of a network that is a sum it is known what each curve must be."""

import numpy as np
import pytest

from rarewave.explanation import faithfulness

SHAPE = (32, 64, 1)  # cells of two rows and two columns


def evidence() -> np.ndarray:
    """Weights of pixels: all of the evidence in a quarter of the window."""
    weights = np.zeros(SHAPE[:2])
    weights[8:24, 16:48] = 1.0
    return weights


def answer(X: np.ndarray) -> np.ndarray:
    """The sum of what lies where the evidence is."""
    return (X[..., 0] * evidence()).sum(axis=(1, 2)).astype(float)


WINDOW = np.ones(SHAPE, np.float32)
OTHERS = np.zeros((3, *SHAPE), np.float32)


def test_the_true_map_falls_and_rises_as_fast_as_can_be() -> None:
    """With a quarter taken away nothing is left, with a quarter shown all is there."""
    found = faithfulness.curves(WINDOW, OTHERS, evidence(), answer)
    assert found is not None
    share = np.linspace(0, 1, faithfulness.STEPS + 1)
    np.testing.assert_allclose(found.deletion, np.maximum(1 - 4 * share, 0), atol=0.03)
    np.testing.assert_allclose(found.insertion, np.minimum(4 * share, 1), atol=0.03)
    deletion, insertion = found.areas
    assert deletion == pytest.approx(0.125, abs=0.02)
    assert insertion == pytest.approx(0.875, abs=0.02)


def test_chance_is_a_straight_line_and_the_opposite_map_the_worst() -> None:
    """Half of the area each; what is never touched first keeps all until the end."""
    rng = np.random.default_rng(0)
    random = faithfulness.curves(WINDOW, OTHERS, rng.random(SHAPE[:2]), answer)
    worst = faithfulness.curves(WINDOW, OTHERS, -evidence(), answer)
    assert random is not None and worst is not None
    np.testing.assert_allclose(random.areas, (0.5, 0.5), atol=0.05)
    np.testing.assert_allclose(worst.areas, (0.875, 0.125), atol=0.02)


def test_a_window_that_loses_nothing_has_no_curve() -> None:
    """Where what is put in is as much for the class as what was there."""
    assert faithfulness.curves(WINDOW, OTHERS + 1, evidence(), answer) is None
    assert faithfulness.curves(WINDOW, OTHERS + 2, evidence(), answer) is None


@pytest.mark.parametrize("shape", [(32, 64), (129, 32), (1, 2000), (7, 5), (40, 431)])
def test_cells_divide_a_window_evenly(shape: tuple[int, int]) -> None:
    """At most 16 x 32, of all but equal size; ranks go from 0 by the mean of the map."""
    at = faithfulness.cells(shape)
    counts = np.bincount(at.ravel())
    assert len(counts) == min(16, shape[0]) * min(32, shape[1]) and counts.min() > 0
    sides = [-(-n // min(most, n)) for n, most in zip(shape, faithfulness.CELLS, strict=True)]
    assert counts.max() <= np.prod(sides)
    heat = np.random.default_rng(0).random(shape)
    rank = faithfulness.ranked(heat)
    assert rank.min() == 0 and rank.max() == 1 - 1 / len(counts)
    best = at[rank == 0]
    means = [heat[at == cell].mean() for cell in range(len(counts))]
    assert len(set(best.tolist())) == 1 and best[0] == int(np.argmax(means))
