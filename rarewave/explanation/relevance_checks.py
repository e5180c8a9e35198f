"""Whether maps of relevance can be believed, beside those of other methods, with intervals."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from rarewave.explanation import faithfulness as checks
from rarewave.explanation import gradcam
from rarewave.explanation.relevance import relevance
from rarewave.explanation.sharing import Relevance
from rarewave.metrics.bootstrap import Bootstrap, group_weights, interval
from rarewave.model.detector import Detector

LRP, GRADIENT, RANDOM = "relevance", "gradient x input", "random"
MEASURES = ("deletion", "insertion")
_NOTHING = pd.DataFrame(columns=["map", "measure", "value", "low", "high", "windows"])


def faithfulness(
    model: Detector,
    X: NDArray[np.float32],
    outputs: NDArray[np.int64],
    others: NDArray[np.float32],
    options: Relevance,
    layer: str,
    units: NDArray[np.str_],
    bootstrap: Bootstrap,
) -> tuple[pd.DataFrame, dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]]:
    """Areas under deletion and insertion curves of four kinds of maps, and their mean curves.

    Parameters
    ----------
    X : (n, frequencies, frames, channels) dB.
    outputs : (n,) which output to explain for each.
    others : (n, some, frequencies, frames, channels) windows without what is explained of each.
    layer : of Grad-CAM.
    units : (n,) what the bootstrap draws whole.

    Returns
    -------
    A table of map, measure, value, low and high (95 %) and windows: the areas, how much more
    faithful relevance is than each other map (`gain`: the smaller area under deletion plus the
    larger one under insertion), and the rank correlation of relevance with that of random weights.
    Windows of which nothing is lost with all that they hold are left out.
    """
    if not len(X):
        return _NOTHING, {}
    inputs = model.normalisation(X)
    maps = _maps(model, inputs, outputs, options, layer)
    found, kept = _curves(model, X, outputs, others, maps)
    if not kept:
        return _NOTHING, {}
    units = units[kept]
    areas = {name: np.array([one.areas for one in mine]) for name, mine in found.items()}
    weights = group_weights(units, np.zeros(len(kept)), bootstrap.resamples, bootstrap.seed)
    rows = []
    for name, values in areas.items():
        for k, measure in enumerate(MEASURES):
            rows.append({"map": name, "measure": measure} | _mean(values[:, k], weights, units))
        if name != LRP:
            gain = (values[:, 0] - areas[LRP][:, 0]) + (areas[LRP][:, 1] - values[:, 1])
            rows.append({"map": name, "measure": "gain"} | _mean(gain, weights, units))
    other = gradcam.randomised(model.network, options.seed)
    strange = relevance(other, inputs, outputs, options.composite).maps.sum(axis=-1)
    alike = np.array([_alike(maps[LRP][row], strange[row]) for row in kept])
    told = _mean(alike, weights, units)
    rows.append({"map": LRP, "measure": "agreement_with_random_weights"} | told)
    curves = {
        name: (
            np.mean([one.deletion for one in mine], axis=0),
            np.mean([one.insertion for one in mine], axis=0),
        )
        for name, mine in found.items()
    }
    return pd.DataFrame(rows).assign(windows=len(kept)), curves


def _curves(
    model: Detector,
    X: NDArray[np.float32],
    outputs: NDArray[np.int64],
    others: NDArray[np.float32],
    maps: dict[str, NDArray[np.floating]],
) -> tuple[dict[str, list[checks.Curves]], list[int]]:
    """The curves of each map, and the rows of the windows that have some."""
    found: dict[str, list[checks.Curves]] = {name: [] for name in maps}
    kept = []
    bar = tqdm(zip(X, others, strict=True), total=len(X), desc="faithfulness", disable=None)
    for row, given in enumerate(bar):
        answer = checks.answer_of(model.network, model.normalisation, int(outputs[row]))
        mine = {name: checks.curves(*given, heat[row], answer) for name, heat in maps.items()}
        if all(one is not None for one in mine.values()):
            kept.append(row)
            for name, one in mine.items():
                found[name] += [one] if one is not None else []
    return found, kept


def _maps(
    model: Detector,
    inputs: NDArray[np.float32],
    outputs: NDArray[np.int64],
    options: Relevance,
    layer: str,
) -> dict[str, NDArray[np.floating]]:
    """The maps (n, frequencies, frames) of each method."""
    rng = np.random.Generator(np.random.PCG64(options.seed))
    return {
        LRP: relevance(model.network, inputs, outputs, options.composite).maps.sum(axis=-1),
        gradcam.method(model.network): gradcam.gradcam(model.network, inputs, layer, outputs),
        GRADIENT: checks.gradient_by_input(model.network, inputs, outputs.tolist()),
        RANDOM: rng.random(inputs.shape[:3]),
    }


def _mean(
    values: NDArray[np.float64], weights: NDArray[np.float64], units: NDArray[np.str_]
) -> dict[str, float]:
    total = weights.sum(axis=1)
    draws = np.divide(weights @ values, total, out=np.full(len(total), np.nan), where=total > 0)
    value, count = float(values.mean()), len(np.unique(units))
    low, high = interval(value, draws, count, -np.inf, np.inf)
    return {"value": value, "low": low, "high": high}


def _alike(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Rank correlation of two maps over cells; a constant map counts 0."""
    ranks = [checks.ranked(one).ravel() for one in (a, b)]
    flat = any(np.ptp(one) == 0 for one in (a, b))
    return 0.0 if flat else float(np.corrcoef(ranks[0], ranks[1])[0, 1])
