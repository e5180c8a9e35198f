"""Losses for rare classes, written in `keras.ops` so that they run on any backend of Keras."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.networks.backend import keras
from rarewave.training.hyperparameters import Training

ops = keras.ops

_LEAST = 1e-7  # of a probability whose logarithm is taken, as Keras does


@keras.saving.register_keras_serializable("rarewave")
class LogitAdjusted(keras.losses.Loss):
    """A loss of probabilities after the logarithm of the class shares was added to the logits.

    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021: trained so, the network's
    own probabilities are those of balanced classes, and the rare are not drowned.

    Parameters
    ----------
    loss : of targets and probabilities, either (n, classes) or (n, 1) for an event.
    shares : of each class in training, or of the event alone.
    tau : strength; 1 is the balanced error's.
    """

    def __init__(
        self, loss: keras.losses.Loss, shares: list[float], tau: float, name: str = "logit_adjusted"
    ) -> None:
        super().__init__(name=name)
        self.loss, self.shares, self.tau = loss, [float(share) for share in shares], float(tau)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss (n,) of each example."""
        p = ops.clip(y_pred, _LEAST, 1 - _LEAST)
        if len(self.shares) == 1:
            odds = float(np.log(self.shares[0] / (1 - self.shares[0])))
            adjusted = ops.sigmoid(ops.log(p) - ops.log(1 - p) + self.tau * odds)
        else:
            prior = ops.convert_to_tensor(np.log(self.shares), dtype=p.dtype)
            adjusted = ops.softmax(ops.log(p) + self.tau * prior)
        return self.loss.call(y_true, adjusted)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        inner = keras.saving.serialize_keras_object(self.loss)
        return {"loss": inner, "shares": self.shares, "tau": self.tau, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LogitAdjusted":
        """The loss that `get_config` described."""
        return cls(**(config | {"loss": keras.saving.deserialize_keras_object(config["loss"])}))


def build(options: Training, outputs: int, counts: NDArray[np.int64]) -> keras.losses.Loss:
    """Cross-entropy or focal loss, of an event or of several classes, adjusted if wanted.

    Lin et al., Focal Loss for Dense Object Detection, ICCV 2017; of an event `focal_alpha` weighs
    the events against the background, of several classes it scales the loss.

    Parameters
    ----------
    outputs : 1 (an event), or the number of classes.
    counts : (classes,) training windows of each class.
    """
    smoothing, gamma, alpha = options.label_smoothing, options.focal_gamma, options.focal_alpha
    loss: keras.losses.Loss
    if options.loss == "focal" and outputs == 1:
        loss = keras.losses.BinaryFocalCrossentropy(
            apply_class_balancing=True, alpha=alpha, gamma=gamma, label_smoothing=smoothing
        )
    elif options.loss == "focal":
        loss = keras.losses.CategoricalFocalCrossentropy(
            alpha=alpha, gamma=gamma, label_smoothing=smoothing
        )
    elif outputs == 1:
        loss = keras.losses.BinaryCrossentropy(label_smoothing=smoothing)
    else:
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    if not options.logit_adjustment:
        return loss
    # A class of which training has no window counts as one: the logarithm is then finite.
    shares = np.maximum(counts, 1) / np.maximum(counts, 1).sum()
    return LogitAdjusted(loss, shares[-1:] if outputs == 1 else shares, options.logit_adjustment)
