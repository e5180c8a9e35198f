"""Where thresholds and scores do not mean what they seem to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.notices import Notice, some
from rarewave.base.tasks import Task
from rarewave.metrics.thresholds import Sweep

FEW = 5  # groups: intervals of fewer span most of what a score can be


def at_the_edge(
    chosen: Mapping[str, Mapping[str, Any]], sweeps: Mapping[str, Sweep]
) -> list[Notice]:
    """Which thresholds lie where the sweep ends, and which objectives could not be met.

    At the lower end everything is an event; at the upper one only the highest score is, and
    events lie below it.

    Parameters
    ----------
    chosen, sweeps : what `thresholds.of_each` gives for the network.
    """
    ends = {}
    own = [name for name in sweeps if "met" in chosen[name]]
    for name in own:
        sweep = sweeps[name]
        at, known = chosen[name]["threshold"], sweep["threshold"]
        below = known[1] if len(known) > 1 else -np.inf
        if at <= known[-1]:
            ends[f"{name} (the lowest score, {at:.3g}: every window is an event)"] = at
        elif at > below and chosen[name]["recall"] < 1:
            ends[f"{name} (the highest score, {at:.3g})"] = at
    unmet = [name for name in own if not chosen[name]["met"]]
    notices = []
    if ends:
        notices.append(
            Notice(
                "threshold_at_edge",
                len(ends),
                f"the threshold lies at the edge of its sweep for {some(list(ends))}: the scores "
                "on validation do not tell events from background; train better, or give "
                "validation more events",
            )
        )
    if unmet:
        notices.append(
            Notice(
                "objective_not_met",
                len(unmet),
                f"no threshold meets threshold.objective for {some(unmet)}: the nearest was "
                "taken; ask for less, or train better",
            )
        )
    return notices


def calibration(task: Task, truth: NDArray[np.int8], p: NDArray[np.float64]) -> list[Notice]:
    """Whether always to say how frequent a class is would be nearer to the truth (Brier score).

    Parameters
    ----------
    truth, p : (n, names) what is true, and the network's probabilities.
    """
    at = [task.names.index(name) for name in task.events]
    outcome, said = truth[:, at].astype(float), p[:, at]
    mine, always = ((said - outcome) ** 2).mean(), ((outcome.mean(axis=0) - outcome) ** 2).mean()
    if not always or mine <= always:
        return []
    return [
        Notice(
            "calibration",
            float(1 - mine / always),
            f"the probabilities are further from the truth (Brier score {mine:.3f}) than always "
            f"saying how frequent a class is ({always:.3f}): use them as ranks with a threshold, "
            "not as probabilities; train.imbalance, train.logit_adjustment and focal loss shift "
            "them, and more regularisation helps where training is far too sure",
        )
    ]


def baseline_as_good(best: Mapping[str, Any] | None, metric: str) -> list[Notice]:
    """Whether the best baseline scores as well as the network.

    Parameters
    ----------
    best : the gain over it, of `comparison.compare`; None where there is no baseline.
    metric : the score that it is in.
    """
    if not best or best["value"] > 0:
        return []
    surely = "is better by more than chance" if best["high"] < 0 else "is as good"
    return [
        Notice(
            "baseline_as_good",
            float(best["value"]),
            f"the baseline {best['baseline']} {surely}: the network has {best['value']:+.3f} in "
            f"{metric.replace('_', ' ')} beside it, so the network is not worth its cost yet; give "
            "it more labelled events or augmentation, or use what the baseline shows to suffice",
        )
    ]


def without_positives(names: Sequence[str]) -> list[Notice]:
    """Which tags no test window has: nothing is known of how well they are told."""
    if not names:
        return []
    return [
        Notice(
            "without_positives",
            len(names),
            f"the test part has no window of {some(names)}: means over tags leave "
            f"{'them' if len(names) > 1 else 'it'} out; hold out recordings that have "
            f"{'them' if len(names) > 1 else 'it'}, or leave each fold out in turn with "
            "python -m rarewave crossvalidate",
        )
    ]


def few_units(units: int) -> list[Notice]:
    """Whether scores rest on so few groups that their intervals are very wide."""
    if units >= FEW:
        return []
    what = "no interval can be given" if units < 2 else "the intervals are wide"
    return [
        Notice(
            "few_test_groups",
            units,
            f"the scores rest on {units} test group{'s' * (units != 1)} with what is to be found: "
            f"{what}, and another test part would give other scores; hold out more groups "
            "(split.test), or leave each out in turn with python -m rarewave crossvalidate",
        )
    ]
