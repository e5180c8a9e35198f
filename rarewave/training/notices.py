"""Where training did not learn."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rarewave.base.notices import Notice
from rarewave.base.tasks import Task

# Of the way from chance to 1: a score of chance on few windows lies above chance by about that.
SKILL = 0.05
EPOCHS = 5  # fewer say nothing of a loss
FLAT = 0.05  # share by which the loss fell at its lowest
ROSE = 1.5  # times the lowest, and above the first epoch


def chance(task: Task, truth: NDArray[np.int8]) -> float:
    """The average precision of guessing: the mean share of the names that occur.

    Parameters
    ----------
    truth : (n, names) of the validation part.
    """
    shares = [float(truth[:, task.names.index(name)].mean()) for name in task.events]
    known = [share for share in shares if share]
    return float(np.mean(known)) if known else float("nan")


def not_learnt(
    history: Sequence[Mapping[str, float]], kept: Mapping[str, float], guessing: float
) -> list[Notice]:
    """What the epochs say of training that was none.

    Parameters
    ----------
    history : a row for each epoch, with its loss.
    kept : the row of the epoch whose weights are kept.
    guessing : what `chance` gives for the validation part.
    """
    notices = []
    score = kept["val_average_precision"]
    if np.isfinite(guessing) and score - guessing < SKILL * (1 - guessing):
        notices.append(
            Notice(
                "score_at_chance",
                score,
                f"the average precision on validation is {score:.3f}, and guessing gives "
                f"{guessing:.3f}: the network learnt nothing that holds there; look at "
                "plots/eda/contact_sheet.png for labels that do not fit, at what the floor and the "
                "band leave of the events, and train for more epochs",
            )
        )
    losses = np.array([row["loss"] for row in history])
    if len(losses) < EPOCHS:
        return notices
    first, lowest, last = losses[0], losses.min(), losses[-1]
    if lowest > (1 - FLAT) * first:
        notices.append(
            Notice(
                "flat_loss",
                float(1 - lowest / first),
                f"the training loss fell by {max(0.0, 1 - lowest / first):.1%} in {len(losses)} "
                "epochs: nothing was learnt; raise train.learning_rate, or lower train.frozen",
            )
        )
    if last > ROSE * lowest and last > first:
        notices.append(
            Notice(
                "diverging_loss",
                float(last / first),
                f"the training loss rose from {first:.3g} to {last:.3g}: training diverges; lower "
                "train.learning_rate, or set train.schedule: cosine with train.warmup",
            )
        )
    return notices
