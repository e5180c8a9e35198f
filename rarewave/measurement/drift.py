"""Whether numbers measured of windows are distributed elsewhere as in training."""

from math import comb

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.measurement.pictures import named

RATE = 0.05  # of false discoveries
MODERATE, LARGE = 0.1, 0.25  # population stability index, as is usual (Siddiqi 2006)
_BINS = 10  # of the index: tenths of training


COLUMNS = (
    "statistic", "training_low", "training_median", "training_high", "new_median", "stability",
    "size", "ks", "p",
)  # fmt: skip


def stability(training: NDArray[np.floating], new: NDArray[np.floating]) -> float:
    """Population stability index of two samples, in tenths of the first one.

    Half a count is added to each bin, so that an empty one does not make it infinite. It says how
    large a difference is, not how sure.
    """
    edges = np.unique(np.quantile(training, np.linspace(0, 1, _BINS + 1)[1:-1]))
    if len(edges) == 1:  # training is nearly constant: above it is elsewhere
        edges = np.append(edges, np.nextafter(edges, np.inf))
    shares = []
    for values in (training, new):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        shares.append((counts + 0.5) / (len(values) + 0.5 * (len(edges) + 1)))
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def by_recording(
    values: NDArray[np.floating], recording: NDArray[np.generic]
) -> NDArray[np.float64]:
    """The median (recordings, names) of each recording: its windows say much the same."""
    frame = pd.DataFrame(np.asarray(values, np.float64))
    return frame.groupby(np.asarray(recording), sort=True).median().to_numpy()


def least_p(training: int, new: int) -> float:
    """The smallest p that two samples of so many values can have, when none of them mix."""
    return min(1.0, 2 / comb(training + new, training))


def compare(
    names: list[str],
    training: NDArray[np.floating],
    training_recording: NDArray[np.generic],
    new: NDArray[np.floating],
    new_recording: NDArray[np.generic],
) -> pd.DataFrame:
    """A row for each number that is measured, the largest difference first.

    The index is over windows. The test (two-sample Kolmogorov-Smirnov) is over one median a
    recording, as windows of one recording overlap and resemble each other; its p is corrected for
    the number of tests (Benjamini-Hochberg). What is NaN is left out.

    Parameters
    ----------
    training, new : (windows, names).
    training_recording, new_recording : (windows,) of which recording each is.

    Returns
    -------
    statistic, training_low, training_median, training_high (5, 50, 95 % of windows), new_median,
    stability, ks, p, q, differs (q below `RATE`), size (small, moderate, large).
    """
    from scipy import stats

    # As packages keep them: a frequency that is rounded otherwise would lie in another tenth.
    training, new = training.astype(np.float32), new.astype(np.float32)
    rows = []
    medians = by_recording(training, training_recording), by_recording(new, new_recording)
    for k, name in enumerate(names):
        mine = [values[np.isfinite(values[:, k]), k] for values in (training, new)]
        each = [values[np.isfinite(values[:, k]), k] for values in medians]
        if not all(len(one) for one in each):
            continue
        tested = stats.ks_2samp(*each)
        low, middle, high = np.quantile(mine[0], [0.05, 0.5, 0.95])
        index = stability(mine[0], mine[1])
        rows.append(
            {
                "statistic": name,
                "training_low": float(low),
                "training_median": float(middle),
                "training_high": float(high),
                "new_median": float(np.median(mine[1])),
                "stability": index,
                "size": "large" if index > LARGE else "moderate" if index > MODERATE else "small",
                "ks": float(tested.statistic),
                "p": float(tested.pvalue),
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["q"] = stats.false_discovery_control(table["p"])
    table["differs"] = table["q"] < RATE
    order = ["differs", "stability"]
    return table.sort_values(order, ascending=False, kind="stable").reset_index(drop=True)


def said(table: pd.DataFrame, training: int, new: int) -> str:
    """One sentence of what `compare` found over so many recordings."""
    counted = f"one median a recording: {training} of training, {new} new"
    first = table.sort_values("stability", ascending=False, kind="stable").iloc[0]
    most = (
        f"{named(first['statistic'])}, median {first['new_median']:.4g}, in training "
        f"{first['training_median']:.4g} ({first['training_low']:.4g} to "
        f"{first['training_high']:.4g})"
    )
    differ = table[table["differs"]]
    if not len(differ) and least_p(training, new) * len(table) > RATE:  # of one that differs alone
        return (
            f"Too few recordings for a test ({counted}); by size alone "
            f"{(table['size'] == 'large').sum()} of {len(table)} statistics differ by a lot, most "
            f"the {most}."
        )
    if not len(differ):
        return (
            f"None of {len(table)} statistics is shown to differ from training at a false "
            f"discovery rate of {RATE:.0%} ({counted})."
        )
    large = int((differ["size"] == "large").sum())
    return (
        f"{len(differ)} of {len(table)} statistics differ from training at a false discovery rate "
        f"of {RATE:.0%} ({counted}), {large} of them by a lot; most differs "
        f"the {most}."
    )
