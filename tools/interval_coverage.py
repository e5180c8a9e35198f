"""How often intervals hold the truth: few groups, many groups, percentiles beside them.

`python -m tools.interval_coverage`. Detectors of known worth score simulated recordings: groups
with a few events each and groups without, whose loudness differs from group to group. The truth is
the score over thousands of groups; the table has the share of simulations whose interval holds it.
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rarewave.metrics import binary
from rarewave.metrics.bootstrap import group_weights, interval

METRICS = ("average_precision", "f1", "precision", "recall", "roc_auc", "gain")
THRESHOLD = 1.6
WINDOWS = 60  # of background in a group

Draw = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.str_]]


def population(rng: np.random.Generator, groups: int, quiet: int, apart: float) -> Draw:
    """Labels, scores of a detector and of a worse one, and groups of windows.

    Parameters
    ----------
    groups, quiet : how many groups hold events, and how many do not.
    apart : distance of events from background, in standard deviations of either.
    """
    y, scores, names = [], [], []
    for group in range(groups + quiet):
        events = 1 + rng.poisson(6) if group < groups else 0
        of_events, of_background = rng.normal(0, 0.8), rng.normal(0, 0.4)
        y.append(np.repeat([1, 0], [events, WINDOWS]))
        scores.append(rng.normal(apart + of_events, 1, events))
        scores.append(rng.normal(of_background, 1, WINDOWS))
        names.append(np.full(events + WINDOWS, group))
    better = np.concatenate(scores)
    worse = better + rng.normal(0, 1, len(better))
    return np.concatenate(y), better, worse, np.concatenate(names).astype("U")


def measure(drawn: Draw, weights: NDArray[np.float64] | None = None) -> list[float]:
    """The scores METRICS; the gain is that in average precision over the worse detector."""
    y, better, worse, _ = drawn
    found = binary.detector_metrics(y, better, THRESHOLD, weights, probabilities=False)
    gain = found["average_precision"] - binary.average_precision(y, worse, weights)
    return [*(found[name] for name in METRICS[:-1]), gain]


def main() -> None:
    """Print coverage of both kinds of interval for 2, 3, 5, 10 and 40 groups."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=400, help="of each row")
    parser.add_argument("--resamples", type=int, default=200, help="of each bootstrap")
    given = parser.parse_args()
    print(f"| groups, ROC AUC | kind | {' | '.join(METRICS)} |\n|---|---|{'---|' * len(METRICS)}")
    for apart in (2.0, 3.5):
        rng = np.random.default_rng(0)
        truth = measure(population(rng, 3000, 1000, apart))
        for groups in (2, 3, 5, 10, 40):
            held = np.zeros((2, len(METRICS)))
            runs = range(given.simulations)
            for seed in tqdm(runs, f"{groups} groups", disable=None, leave=False):
                drawn = population(rng, groups, groups // 3, apart)
                weights = group_weights(drawn[3], drawn[0], given.resamples, seed)
                draws = np.array([measure(drawn, row) for row in weights])
                for k, value in enumerate(measure(drawn)):
                    lowest = -1.0 if METRICS[k] == "gain" else 0.0
                    ends = np.quantile(draws[:, k], [0.025, 0.975])
                    for kind, (a, b) in enumerate(
                        (interval(value, draws[:, k], groups, lowest), ends)
                    ):
                        held[kind, k] += a <= truth[k] <= b
            for kind, name in enumerate(("here", "percentiles")):
                cells = " | ".join(f"{share:.2f}" for share in held[kind] / given.simulations)
                print(f"| {groups}, {truth[4]:.2f} | {name} | {cells} |")


if __name__ == "__main__":
    main()
