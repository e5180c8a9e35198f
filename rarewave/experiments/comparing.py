"""Event detectors and their baselines over several experiments, each a test part of its own."""

from collections.abc import Sequence
from pathlib import Path

from rarewave.base.errors import DataError
from rarewave.base.tables import EVALUATED, OTHERS, conform, with_scores
from rarewave.base.tasks import BACKGROUND
from rarewave.experiments import summaries
from rarewave.experiments.dvc import stored_json, stored_table
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.comparison import NETWORK, mean_gains

_SCORES = Path("artifacts/evaluate/scores.parquet")
_BASELINES = Path("artifacts/evaluate/baselines.parquet")


def text(experiments: Sequence[str]) -> str:
    """Average precision of each detector with intervals, the network's gains, and F1.

    Raises
    ------
    DataError
        There is no such experiment, or it is not of one event.
    """
    parts, metrics, event = [], [], ""
    for name in experiments:
        network = stored_table(str(_SCORES), name)
        names = [c.removeprefix("p_") for c in network.columns if c.startswith("p_")]
        if len(names) != 2 or names[0] != BACKGROUND:
            raise DataError(
                f"{name} tells {', '.join(names)} apart: compare is for event or not; collect "
                "prints the scores of experiments of any kind"
            )
        if event and names[1] != event:
            raise DataError(f"{name} finds {names[1]}, and others {event}: compare what is alike")
        event = names[1]
        tables = {NETWORK: conform(network, with_scores(EVALUATED, names), f"{name}: {_SCORES}")}
        others = stored_table(str(_BASELINES), name)
        schema = with_scores(OTHERS | EVALUATED, names)
        if "detector" not in others:
            raise DataError(
                f"{_BASELINES} of experiment {name} has no column detector: run it again"
            )
        for detector, mine in others.groupby("detector", sort=False):
            tables[str(detector)] = conform(mine, schema, f"{name}: {_BASELINES}")
        parts.append(tables)
        metrics.append(stored_json("metrics/evaluate.json", name))
    found = mean_gains(parts, event, Bootstrap("group", 3600.0, 5000, 1))
    names = list(experiments)
    return f"{summaries.means(names, *found)}\n\n{summaries.f1(names, metrics)}"
