"""Losses for rare classes, written in `keras.ops` so that they run on any backend of Keras.

A loss is a function of the options and the task, which registers itself; `train.loss` names it.
Any of them can be adjusted by how frequent the classes are.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.networks.backend import keras
from rarewave.training.hyperparameters import Training
from rarewave.training.samplers import effective_number

ops = keras.ops

Maker = Callable[[Training, Task], keras.losses.Loss]

LOSSES: dict[str, Maker] = {}

_LEAST = 1e-7  # of a probability whose logarithm is taken, as Keras does


def loss(name: str) -> Callable[[Maker], Maker]:
    """Register a function as the loss of that name."""

    def register(function: Maker) -> Maker:
        LOSSES[name] = function
        return function

    return register


@loss("cross_entropy")
def cross_entropy(options: Training, task: Task) -> keras.losses.Loss:
    """Of an event, of several classes, or the mean of every tag's."""
    if task.activation == "softmax":
        return keras.losses.CategoricalCrossentropy(label_smoothing=options.label_smoothing)
    return keras.losses.BinaryCrossentropy(label_smoothing=options.label_smoothing)


@loss("focal")
def focal(options: Training, task: Task) -> keras.losses.Loss:
    """Easy windows count less: Lin et al., Focal Loss for Dense Object Detection, ICCV 2017.

    `focal_alpha` weighs the windows of an event or of a tag against those without; of several
    classes it scales the loss.
    """
    of_any: dict[str, float] = {
        "alpha": options.focal_alpha,
        "gamma": options.focal_gamma,
        "label_smoothing": options.label_smoothing,
    }
    if task.activation == "softmax":
        return keras.losses.CategoricalFocalCrossentropy(**of_any)
    return keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, **of_any)


@keras.saving.register_keras_serializable("rarewave")
class Asymmetric(keras.losses.Loss):
    """What does not sound counts less the surer it is, and not at all below a margin.

    Ridnik et al., Asymmetric Loss for Multi-Label Classification, ICCV 2021, without focusing of
    what sounds (gamma+ = 0): of many tags nearly all are absent, and would drown the few.
    """

    def __init__(
        self,
        gamma: float,
        margin: float,
        label_smoothing: float = 0.0,
        name: str = "asymmetric",
    ) -> None:
        super().__init__(name=name)
        self.gamma, self.margin, self.label_smoothing = gamma, margin, label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss (n,) of each example."""
        p = ops.clip(y_pred, _LEAST, 1 - _LEAST)
        y = ops.cast(y_true, p.dtype) * (1 - self.label_smoothing) + self.label_smoothing / 2
        shifted = ops.maximum(p - self.margin, 0.0)
        absent = ops.power(shifted, self.gamma) * ops.log(1 - shifted)
        return -ops.mean(y * ops.log(p) + (1 - y) * absent, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        names = ("gamma", "margin", "label_smoothing", "name")
        return {name: getattr(self, name) for name in names}


@loss("asymmetric")
def asymmetric(options: Training, task: Task) -> keras.losses.Loss:
    """Of an event or of tags: sure absences count less; see `Asymmetric`."""
    if task.activation == "softmax":
        raise DataError(
            "train.loss is asymmetric, which is for an event or tags, and these are classes: set "
            "it to cross_entropy or focal"
        )
    return Asymmetric(options.asymmetric_gamma, options.asymmetric_margin, options.label_smoothing)


@keras.saving.register_keras_serializable("rarewave")
class TagWeighted(keras.losses.Loss):
    """The mean of every tag's loss, weighed by whether the tag sounds.

    Parameters
    ----------
    loss : of targets and probabilities (n, tags).
    weights : (tags, 2) of windows without and with each.
    """

    def __init__(self, loss: keras.losses.Loss, weights: Any, name: str = "tag_weighted") -> None:
        super().__init__(name=name)
        self.loss, self.weights = loss, np.asarray(weights, float).tolist()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss (n,) of each example."""
        y = ops.cast(y_true, y_pred.dtype)
        without, held = ops.unstack(ops.convert_to_tensor(self.weights, dtype=y.dtype), axis=1)
        each = self.loss.call(y[..., None], y_pred[..., None])
        return ops.mean(each * (y * held + (1 - y) * without), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        inner = keras.saving.serialize_keras_object(self.loss)
        return {"loss": inner, "weights": self.weights, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TagWeighted":
        """The loss that `get_config` described."""
        return cls(**(config | {"loss": keras.saving.deserialize_keras_object(config["loss"])}))


@keras.saving.register_keras_serializable("rarewave")
class LogitAdjusted(keras.losses.Loss):
    """A loss of probabilities after the logarithm of the class shares was added to the logits.

    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021: trained so, the network's
    own probabilities are those of balanced classes, and the rare are not drowned.

    Parameters
    ----------
    loss : of targets and probabilities, (n, 1) for an event, else (n, classes or tags).
    shares : of each class in training, of the event alone, or of each tag.
    tau : strength; 1 is the balanced error's.
    exclusive : exactly one class is true; not so of tags.
    """

    def __init__(
        self,
        loss: keras.losses.Loss,
        shares: Iterable[float],
        tau: float,
        exclusive: bool = True,
        name: str = "logit_adjusted",
    ) -> None:
        super().__init__(name=name)
        self.loss, self.shares, self.tau = loss, [float(share) for share in shares], float(tau)
        self.exclusive = exclusive

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss (n,) of each example."""
        p = ops.clip(y_pred, _LEAST, 1 - _LEAST)
        if len(self.shares) == 1 or not self.exclusive:
            odds = [self.tau * float(np.log(share / (1 - share))) for share in self.shares]
            more = ops.convert_to_tensor(odds, dtype=p.dtype)
            adjusted = ops.sigmoid(ops.log(p) - ops.log(1 - p) + more)
        else:
            prior = ops.convert_to_tensor(np.log(self.shares), dtype=p.dtype)
            adjusted = ops.softmax(ops.log(p) + self.tau * prior)
        return self.loss.call(y_true, adjusted)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        inner = keras.saving.serialize_keras_object(self.loss)
        config = {"loss": inner, "shares": self.shares, "tau": self.tau, "name": self.name}
        return config if self.exclusive else config | {"exclusive": False}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LogitAdjusted":
        """The loss that `get_config` described."""
        return cls(**(config | {"loss": keras.saving.deserialize_keras_object(config["loss"])}))


def build(options: Training, task: Task, counts: NDArray[np.int64]) -> keras.losses.Loss:
    """The loss that the options name, adjusted if they want it.

    Parameters
    ----------
    counts : training windows, from `window_counts`.
    """
    made = LOSSES[options.loss](options, task)
    if task.kind == "tags" and options.imbalance == "class_weights":
        # As if each tag sounded in half of the windows.
        made = TagWeighted(made, counts.sum(axis=1, keepdims=True) / (2 * np.maximum(counts, 1)))
    elif task.kind == "tags" and options.class_balanced_beta:
        each = 1 / effective_number(np.maximum(counts, 1), options.class_balanced_beta)
        made = TagWeighted(made, 2 * each / each.sum(axis=1, keepdims=True))
    if not options.logit_adjustment:
        return made
    # A class of which training has no window counts as one: the logarithm is then finite.
    counts = np.maximum(counts, 1)
    shares = counts / counts.sum(axis=-1, keepdims=True)
    if task.kind == "classes":
        return LogitAdjusted(made, shares, options.logit_adjustment)
    # Of an event the second share is its own, of tags the second of each.
    shares = np.atleast_2d(shares)[:, 1]
    return LogitAdjusted(made, shares, options.logit_adjustment, exclusive=task.exclusive)


def window_counts(task: Task, y: NDArray[np.integer], truth: NDArray[np.int8]) -> NDArray[np.int64]:
    """Windows (names,) of each class; of tags (names, 2) those without and with each.

    Parameters
    ----------
    y : (n,) main class.
    truth : (n, names) all that is true of the windows.
    """
    if task.kind != "tags":
        return np.bincount(y, minlength=len(task.names))
    held = truth.astype(np.int64).sum(axis=0)
    return np.stack([len(truth) - held, held], axis=1)
