"""Whether maps of relevance can be believed, beside those of other methods, with intervals."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.explanation import faithfulness as checks
from rarewave.explanation import gradcam
from rarewave.explanation.relevance import relevance
from rarewave.explanation.sharing import Relevance
from rarewave.metrics.bootstrap import Bootstrap, group_weights, interval
from rarewave.model.detector import Detector

LRP, CAM, GRADIENT, RANDOM = "relevance", "Grad-CAM", "gradient x input", "random"
MEASURES = ("deletion", "insertion")


def faithfulness(
    model: Detector,
    X: NDArray[np.float32],
    outputs: NDArray[np.int64],
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
    layer : of Grad-CAM.
    units : (n,) what the bootstrap draws whole.

    Returns
    -------
    A table of map, measure, value, low and high (95 %): the areas, how much more faithful
    relevance is than each other map (`gain`: the smaller area under deletion plus the larger one
    under insertion), and the rank correlation of relevance with that of random weights.
    """
    if not len(X):
        return pd.DataFrame(columns=["map", "measure", "value", "low", "high"]), {}
    inputs = model.normalisation(X)
    maps = _maps(model, inputs, outputs, options, layer)
    of_levels = model.front_end.spectrogram.scale in ("linear", "mel")
    found: dict[str, list[checks.Curves]] = {name: [] for name in maps}
    for row, window in enumerate(X):
        answer = checks.answer_of(model.network, model.normalisation, model.task, int(outputs[row]))
        silent = checks.quiet(window, of_levels)
        for name, heat in maps.items():
            found[name].append(checks.curves(window, silent, heat[row], answer))
    areas = {name: np.array([one.areas for one in mine]) for name, mine in found.items()}
    weights = group_weights(units, np.zeros(len(X)), bootstrap.resamples, bootstrap.seed)
    rows = []
    for name, values in areas.items():
        for k, measure in enumerate(MEASURES):
            rows.append({"map": name, "measure": measure} | _mean(values[:, k], weights, units))
        if name != LRP:
            gain = (values[:, 0] - areas[LRP][:, 0]) + (areas[LRP][:, 1] - values[:, 1])
            rows.append({"map": name, "measure": "gain"} | _mean(gain, weights, units, -2.0, 2.0))
    other = gradcam.randomised(model.network, options.seed)
    strange = relevance(other, inputs, outputs, options.composite).maps.sum(axis=-1)
    alike = np.array([_alike(a, b) for a, b in zip(maps[LRP], strange, strict=True)])
    told = _mean(alike, weights, units, -1.0, 1.0)
    rows.append({"map": LRP, "measure": "agreement_with_random_weights"} | told)
    curves = {
        name: (
            np.mean([one.deletion for one in mine], axis=0),
            np.mean([one.insertion for one in mine], axis=0),
        )
        for name, mine in found.items()
    }
    return pd.DataFrame(rows), curves


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
        CAM: gradcam.gradcam(model.network, inputs, layer, outputs),
        GRADIENT: checks.gradient_by_input(model.network, inputs, outputs.tolist()),
        RANDOM: rng.random(inputs.shape[:3]),
    }


def _mean(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    units: NDArray[np.str_],
    low: float = 0.0,
    high: float = 1.0,
) -> dict[str, float]:
    total = weights.sum(axis=1)
    draws = np.divide(weights @ values, total, out=np.full(len(total), np.nan), where=total > 0)
    value = float(values.mean())
    begin, end = interval(value, draws, len(np.unique(units)), low, high)
    return {"value": value, "low": begin, "high": end}


def _alike(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Rank correlation of two maps over cells; a constant map counts 0."""
    ranks = [checks.ranked(one).ravel() for one in (a, b)]
    flat = any(np.ptp(one) == 0 for one in (a, b))
    return 0.0 if flat else float(np.corrcoef(ranks[0], ranks[1])[0, 1])
