"""Tables, verdicts and curves of studies."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tables import EVALUATED, conform, with_scores
from rarewave.base.tasks import Task
from rarewave.experiments.dvc import stored_json, stored_table
from rarewave.experiments.studies import STARTS
from rarewave.experiments.summaries import FEW
from rarewave.metrics import bootstrap, multiclass
from rarewave.metrics.comparison import LIMITS
from rarewave.plots.style import figure, looks, save, styled

# Those that a table of decisions tells; probabilities are not compared in a study.
METRICS = tuple(name for name in multiclass.SCORES if name != "macro_average_precision")
RESAMPLES = 1000
_SCORES = Path("artifacts/evaluate/scores.parquet")


class Test(NamedTuple):
    """The test part of one experiment."""

    truth: NDArray[np.int8]  # (n, classes) everything that a window holds
    y: NDArray[np.int8]  # (n,) what fills most of it
    decided: NDArray[np.int64]  # (n,)
    unit: NDArray[np.str_]  # (n,) what the bootstrap draws whole
    rare: list[int]
    groups: frozenset[str]  # what the split kept whole, or blocks of it


def read(experiment: str) -> Test:
    """What an experiment decided on its test part.

    Raises
    ------
    DataError
        There is no such experiment, or it is not of several classes.
    """
    table = stored_table(str(_SCORES), experiment)
    classes = [c.removeprefix("p_") for c in table.columns if c.startswith("p_")]
    table = conform(table, with_scores(EVALUATED, classes), experiment)
    metrics = stored_json("metrics/evaluate.json", experiment)
    if "training_windows" not in metrics:
        raise DataError(f"{experiment} is of event or not; studies are of several classes")
    known = metrics["training_windows"]
    if not isinstance(known, dict) or not set(classes) <= set(known):
        raise DataError(f"metrics/evaluate.json of {experiment} is of other classes: run it again")
    counts = np.array([known[name] for name in classes])
    task = Task("classes", tuple(classes))
    decided = multiclass.decide(table[[f"p_{name}" for name in classes]].to_numpy())
    # One group alone cannot be drawn from: then its recordings are.
    unit = table["unit"] if table["unit"].nunique() > 1 else table["recording_id"]
    rare = multiclass.rarest(counts, classes)
    return Test(
        task.truth(table["labels"]),
        task.index(table["label"]),
        decided,
        unit.to_numpy("U"),
        rare,
        frozenset(table["unit"]),
    )


def draws(tests: Sequence[Test], resamples: int, seed: int) -> pd.DataFrame:
    """Metrics (columns) in the mean over replicates: row 0 as measured, then of each resample.

    The bootstrap has two levels: replicates, and within each its units (Davison and Hinkley 1997,
    section 3.8). Replicates with the same test units (seeds) share each draw of them: they tell
    nothing new about the units. With the same seed the draws of two variants are paired.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    values = np.full((resamples + 1, len(tests), len(METRICS)), np.nan)
    times_of: dict[bytes, NDArray[np.float64]] = {}  # (resamples + 1, units)
    for number, test in enumerate(tests):
        names, index = np.unique(test.unit, return_inverse=True)
        if names.tobytes() not in times_of:
            picks = generator.integers(len(names), size=(resamples, len(names)))
            times = [np.bincount(row, minlength=len(names)) for row in picks]
            times_of[names.tobytes()] = np.array([np.ones(len(names)), *times], float)
        for draw, times in enumerate(times_of[names.tobytes()]):
            counts = multiclass.told(test.truth, test.y, test.decided, times[index])
            found = multiclass.overall(counts, test.rare)
            values[draw, number] = [found[name] for name in METRICS]
    chosen = generator.integers(len(tests), size=(resamples + 1, len(tests)))
    chosen[0] = np.arange(len(tests))
    picked = np.take_along_axis(values, chosen[:, :, None], axis=1)
    with np.errstate(invalid="ignore"):
        mean = np.nanmean(picked, axis=1)
    return pd.DataFrame(mean, columns=list(METRICS))


def interval(
    values: "pd.Series[float]", groups: int, lowest: float = 0.0
) -> tuple[float, float, float]:
    """Value, low and high (95 %) of one column of `draws`, which rests on so many groups."""
    value = float(values.iloc[0])
    return value, *bootstrap.interval(value, values.to_numpy()[1:], groups, lowest)


def table(
    names: Mapping[str, Sequence[str]], baseline: Callable[[str], str | None]
) -> pd.DataFrame:
    """Metrics of variants with intervals, and what each gains on its baseline.

    Parameters
    ----------
    names : experiments of each variant, in the order of the replicates.
    baseline : the variant that another is compared with, None: with none.

    Returns
    -------
    Columns variant, metric, value, low, high, and gain, gain_low, gain_high against `against`;
    `replicates` and `groups` of the test parts are what the intervals rest on.
    """
    tests = {variant: [read(name) for name in mine] for variant, mine in names.items()}
    found = {variant: draws(mine, RESAMPLES, 1) for variant, mine in tests.items()}
    rows = []
    for variant, values in found.items():
        other, replicates = baseline(variant), tests[variant]
        groups = len(frozenset().union(*(test.groups for test in replicates)))
        for metric in METRICS:
            row: dict[str, Any] = {"variant": variant, "metric": metric, "against": other or ""}
            row |= {"replicates": len(replicates), "groups": groups}
            lowest = LIMITS.get(metric, (0.0, 1.0))[0]
            told = interval(values[metric], groups, lowest)
            row |= dict(zip(("value", "low", "high"), told, strict=True))
            if other is not None:
                gain = interval(values[metric] - found[other][metric], groups, -1.0)
                row |= dict(zip(("gain", "gain_low", "gain_high"), gain, strict=True))
            rows.append(row)
    columns = ["variant", "metric", "value", "low", "high"]
    return pd.DataFrame(rows).reindex(
        columns=[*columns, "against", "gain", "gain_low", "gain_high", "replicates", "groups"]
    )


def real(low: float, high: float) -> bool:
    """Whether a difference with this interval is more than chance: it does not hold 0."""
    return low > 0 or high < 0


def label_efficiency_table(names: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """`table` of the variants of `label_efficiency`, against all labels from scratch."""
    return table(names, lambda _: "scratch 1")


def imbalance_table(names: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """`table` of the variants of `imbalance`, each against cross-entropy of the same start.

    Cross-entropy of the pretrained network is compared with that from scratch.
    """

    def baseline(variant: str) -> str | None:
        start, _, remedy = variant.partition(" ")
        if remedy != "cross-entropy":
            return f"{start} cross-entropy"
        return None if start == "scratch" else "scratch cross-entropy"

    return table(names, baseline)


def text(found: pd.DataFrame) -> str:
    """A row for each variant as Markdown: metrics with intervals, and gains marked where real.

    Below it stands how many replicates and groups the intervals rest on.
    """
    lines = [f"| | {' | '.join(METRICS)} |", f"|---|{'---|' * len(METRICS)}"]
    for variant, rows in found.groupby("variant", sort=False):
        cells = []
        for metric in METRICS:
            row = rows.set_index("metric").loc[metric]
            cell = f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
            if np.isfinite(row["gain"]) and row["against"] != variant:
                gain = f"{row['gain']:+.3f} [{row['gain_low']:+.3f}, {row['gain_high']:+.3f}]"
                cell += (
                    f"<br>{gain}{' **real**' if real(row['gain_low'], row['gain_high']) else ''}"
                )
            cells.append(cell)
        lines.append(f"| {variant} | {' | '.join(cells)} |")
    replicates, groups = (int(found[name].min()) for name in ("replicates", "groups"))
    rests = f"Intervals rest on {replicates} replicates with {groups} test groups"
    if groups < FEW:
        rests += ": too few " + ("for an interval" if groups < 2 else "for narrow ones")
    return "\n".join([*lines, "", rests + "."])


def _share(variant: object) -> float:
    """The share of the labels that a variant of `label_efficiency` is named by."""
    return float(str(variant).rpartition(" ")[2])


def verdict(found: pd.DataFrame, metric: str) -> str:
    """What fewer labels cost, in sentences, from `label_efficiency_table`."""
    rows = found[found["metric"] == metric].set_index("variant")
    full = rows.loc["scratch 1", "value"]
    lines = [f"{metric} from scratch with all labels: {full:.3f}"]
    for start in STARTS:
        mine = rows[rows.index.str.startswith(f"{start} ")]
        for variant, row in mine.iterrows():
            share = _share(variant)
            if share in (0.1, 1.0) and variant != "scratch 1":
                shares = (full + row[["gain", "gain_low", "gain_high"]].to_numpy(float)) / full
                lines.append(
                    f"{start}, {share:.0%} of the labels: {shares[0]:.0%} of that "
                    f"[{shares[1]:.0%}, {shares[2]:.0%}]"
                )
        worse = [_share(variant) for variant, row in mine.iterrows() if row["gain_high"] < 0]
        least = max(worse, default=0.0)
        level = [_share(v) for v in mine.index if least < _share(v) < 1]
        if level:
            lines.append(
                f"{start}: with {min(level):.0%} of the labels and more it is not really worse"
            )
    return "\n".join(lines)


@styled
def draw_curve(path: Path, found: pd.DataFrame, metric: str) -> None:
    """Score over the share of the labels, a line with its interval for each start."""
    made = figure(6.5, 4)
    axes = made.add_subplot()
    rows = found[found["metric"] == metric].set_index("variant")
    for start, look in looks(list(STARTS)).items():
        mine = rows[rows.index.str.startswith(f"{start} ")]
        share = 100 * np.array([_share(v) for v in mine.index])
        axes.fill_between(
            share, mine["low"], mine["high"], color=look.colour, alpha=0.15, linewidth=0
        )
        axes.plot(share, mine["value"], marker=look.mark, label=start, markersize=4, **look.curve)
    axes.set_xscale("log")
    ticks = sorted({100 * _share(v) for v in rows.index})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(color="#EEEEEE")
    axes.set(xlabel="share of the training labels [%]", ylabel=f"{metric} on test, 95 % interval")
    axes.set_title("What labels are worth")
    axes.legend(loc="lower right")
    save(path, made)
