"""Adam, with a learning rate of its own for the layers of a pretrained encoder."""

from collections.abc import Collection
from typing import Any

from rarewave.networks.backend import keras


@keras.saving.register_keras_serializable("rarewave")
class LayerwiseAdamW(keras.optimizers.AdamW):
    """AdamW whose steps are `rate` times as long for the weights of some layers.

    Parameters
    ----------
    slow_layers : names of these layers.
    rate : factor on the learning rate, for the step and for the weight decay alike.
    """

    def __init__(self, *args: Any, slow_layers: list[str], rate: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self.slow_layers, self.rate = list(slow_layers), float(rate)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        known = self._trainable_variables[self._get_variable_index(variable)]
        factor = self.rate if self._slow(known) else 1.0
        super().update_step(gradient, variable, learning_rate * factor)

    def _slow(self, variable: Any) -> bool:
        return variable.path.split("/")[0] in self.slow_layers

    def _apply_weight_decay(self, variables: list[Any]) -> None:
        # Keras decays apart from the step, by the learning rate of the whole network.
        super()._apply_weight_decay([v for v in variables if not self._slow(v)])
        decay: float = self.weight_decay  # type: ignore[has-type]  # Keras has no types
        self.weight_decay = decay * self.rate
        super()._apply_weight_decay([v for v in variables if self._slow(v)])
        self.weight_decay = decay

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return super().get_config() | {"slow_layers": self.slow_layers, "rate": self.rate}


def adam(
    rate: Any, weight_decay: float, slow_layers: Collection[str] = (), slow_rate: float = 1.0
) -> keras.optimizers.Optimizer:
    """Adam, with decoupled weight decay (not of biases and batch normalisation) if wanted.

    Parameters
    ----------
    rate : learning rate or a schedule of it.
    slow_layers : layers that learn at `slow_rate` times that rate.
    """
    if not weight_decay and slow_rate == 1.0:
        return keras.optimizers.Adam(rate, name="adam")
    made: keras.optimizers.AdamW
    if slow_rate == 1.0:
        made = keras.optimizers.AdamW(rate, weight_decay, name="adamw")
    else:
        made = LayerwiseAdamW(
            rate, weight_decay, slow_layers=sorted(slow_layers), rate=slow_rate, name="adamw"
        )
    made.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return made


def cosine(rate: float, steps: int, warmup: float) -> Any:
    """A learning rate that rises over a share of the steps, then falls to 0 on a cosine."""
    rising = round(warmup * steps)
    return keras.optimizers.schedules.CosineDecay(
        rate if not rising else 0.0,
        steps - rising,
        warmup_target=rate if rising else None,
        warmup_steps=rising,
    )
