"""What a training run may be told."""

from dataclasses import dataclass
from typing import Annotated, Literal

from rarewave.checks import Above, AtLeast, Between
from rarewave.errors import DataError


@dataclass(frozen=True)
class Training:
    """Network, loss, imbalance and schedule of one training run.

    `oversample` repeats rare classes until all are equal in number; `balanced` fills every batch
    equally from all; `class_weights` weighs each class by the inverse of its share. `keep` the
    epoch that is best on validation, or the last. `weight_decay` is decoupled (Loshchilov and
    Hutter 2019); `warmup` is the share of the steps over which the learning rate rises;
    `label_smoothing` that of Szegedy et al. (2016).
    """

    network: Literal["seed_cnn", "band_context", "call_cnn", "sound_net", "frame_net"]
    normalisation: Literal["sample", "dataset", "both"]
    loss: Literal["cross_entropy", "focal"]
    focal_gamma: Annotated[float, AtLeast(0)]
    focal_alpha: Annotated[float, Between(0, 1)]
    label_smoothing: Annotated[float, Between(0, 0.5)]
    imbalance: Literal["none", "oversample", "balanced", "class_weights"]
    learning_rate: Annotated[float, Above(0)]
    weight_decay: Annotated[float, AtLeast(0)]
    schedule: Literal["constant", "cosine"]
    warmup: Annotated[float, Between(0, 0.5)]
    batch_size: Annotated[int, AtLeast(1)]
    epochs: Annotated[int, AtLeast(1)]
    patience: Annotated[int, AtLeast(1)]
    keep: Literal["best", "last"]
    threads: Annotated[int, AtLeast(1)]
    seed: Annotated[int, AtLeast(0)]

    def __post_init__(self) -> None:
        if self.warmup and self.schedule == "constant":
            raise DataError("warmup is for schedule cosine: set warmup to 0 or schedule to cosine")
