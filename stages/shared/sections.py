"""Which numbers of the stages MLflow gets: at most 40 a run, in sections, each once.

Everything else is in the files of metrics, which are logged whole.
"""

from collections.abc import Mapping
from typing import Any

# Sections of the page; curves have a value for each epoch.
CURVES = {"pretrain": "pretraining/", "train": "training/"}
NETWORK = "network"
# The first nine that an evaluation has; the first of all is also that of the baselines.
_TEST = (
    "average_precision", "macro_average_precision", "macro_roc_auc", "lwlrap",
    "micro_average_precision", "macro_f1", "f1", "accuracy",
    "balanced_accuracy", "micro_f1", "subset_accuracy", "mcc", "precision", "recall",
    "macro_precision", "macro_recall", "rare_recall", "roc_auc", "calibration_error",
)  # fmt: skip
_MOST_OF_TEST, _MOST_OF_EVENTS, _MOST_BASELINES = 9, 6, 5
_EVENTS = ("f1", "macro_f1", "precision", "recall", "error_rate", "false_alarms")
_DATA = {
    ("ingest", "hours"): "data/hours",
    ("split", "train.windows"): "data/training_windows",
    ("split", "test.windows"): "data/test_windows",
}


def wanted(stage: str, flat: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of one stage that are logged, by section and name.

    Parameters
    ----------
    flat : the file of metrics of the stage, with dotted names.
    """
    numbers = {k: v for k, v in flat.items() if isinstance(v, int | float)}
    found = {new: numbers[k] for (of, k), new in _DATA.items() if of == stage and k in numbers}
    if stage == "threshold" and "threshold" in numbers:
        found["threshold/threshold"] = numbers["threshold"]
    if stage == "evaluate":
        found |= _evaluation(numbers)
    if stage == "detect":
        mine = {k.removeprefix(f"{NETWORK}."): v for k, v in numbers.items() if _is_network(k)}
        named = [k for name in _EVENTS for k in mine if k == name or _is_rate(k, name)]
        found |= {f"events/{k}": mine[k] for k in named[:_MOST_OF_EVENTS]}
        found |= {"events/psds1": numbers["psds1"]} if "psds1" in numbers else {}
    return found


def _is_network(name: str) -> bool:
    return name.startswith(f"{NETWORK}.") and name.count(".") == 1


def _is_rate(name: str, start: str) -> bool:
    return start == "false_alarms" and name.startswith(f"{start}_per_")


def _evaluation(numbers: Mapping[str, float]) -> dict[str, float]:
    """Scores of the network, the headline of each baseline, and what is gained over the best."""
    present = [name for name in _TEST if f"{NETWORK}.{name}" in numbers][:_MOST_OF_TEST]
    found = {f"test/{name}": numbers[f"{NETWORK}.{name}"] for name in present}
    if present:
        ending = f".{present[0]}"
        others = [k for k in numbers if k.endswith(ending) and k.count(".") == 1]
        names = [k.removesuffix(ending) for k in others if not _is_network(k)]
        for name in names[:_MOST_BASELINES]:
            found[f"baselines/{name}"] = numbers[f"{name}{ending}"]
    for name, value in numbers.items():
        if name.startswith("gain_over_best"):
            rest = name.removeprefix("gain_over_best").strip("._") or "value"
            found[f"gain/{rest}"] = value
    return found
