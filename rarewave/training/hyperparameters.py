"""What a training run may be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import rarewave.networks
from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, AtLeast, Between, Fraction, OneOf, Seed
from rarewave.base.registered import registered
from rarewave.training.samplers import SAMPLERS

_ALL = sorted(Path(rarewave.networks.__path__[0]).glob("*.py"))
NETWORKS, POOLINGS = registered(_ALL, "network"), registered(_ALL, "pooling")
LOSSES = registered([Path(__file__).with_name("losses.py")], "loss")


@dataclass(frozen=True)
class Training:
    """Network, start, loss, imbalance and schedule of one training run.

    `width` scales the filters, but not of `seed_cnn`, `band_context`, `call_cnn` and `frame_net`,
    which are small. A network that scores segments of a window pools them by `pooling` to the score
    of the window; with `segments` it learns from them one by one instead, as if each held what the
    window is labelled with (the strong label assumption). `frozen` is the share of the encoder's
    layers with weights, from the input on, that stay as the stage pretrain left them; the others
    learn at `encoder_rate` times the learning rate. `labels` is the share of the training labels
    that training may see, `least_batches` the batches of an epoch that few labels are repeated for.

    Of the losses, `asymmetric` counts what does not sound less the surer it is, by
    `asymmetric_gamma`, and not at all below a probability of `asymmetric_margin`. Any may be
    weighed by the effective number of windows of a class (`class_balanced_beta`) and adjusted by
    the logarithm of its share (`logit_adjustment`). `imbalance`: `oversample` repeats rare classes
    until all are equal in number, `balanced` fills every batch equally from all, `square_root` and
    `effective_number` draw classes by these powers of their size, `class_weights` weighs each class
    by the inverse of its share. Of tags both weights are of each tag, where it sounds and where it
    does not, and samplers draw a window as the rarest of its tags. `keep` the epoch that is best on
    validation, or the last. `weight_decay` is decoupled (Loshchilov and Hutter 2019); `warmup` is
    the share of the steps over which the learning rate rises; `label_smoothing` that of Szegedy et
    al. (2016). `average` is the decay of a moving average of the weights over the steps: where it
    is not 0, validation scores the average, and the average is what is kept.

    Of several `members` the first has `seed`, the next the seed after it, and so on; scores are
    their mean. Each is what that seed alone would train, so that those of other machines can be
    taken instead: `ready` names the folders `artifacts/train` of such runs.
    """

    network: Annotated[str, OneOf(NETWORKS)]
    width: Annotated[float, Above(0), Between(0, 4)]
    pooling: Annotated[str, OneOf(POOLINGS)]
    segments: bool
    normalisation: Literal["sample", "dataset", "both", "unit"]
    labels: Annotated[float, Above(0), Between(0, 1)]
    least_batches: Annotated[int, AtLeast(1)]
    frozen: Fraction
    encoder_rate: Annotated[float, Above(0)]
    loss: Annotated[str, OneOf(LOSSES)]
    focal_gamma: Annotated[float, AtLeast(1)]  # below 1 the gradient of a sure output is NaN
    focal_alpha: Annotated[float, Between(0, 1)]
    asymmetric_gamma: Annotated[float, Between(0, 10)]
    asymmetric_margin: Annotated[float, Between(0, 0.5)]
    class_balanced_beta: Annotated[float, Between(0, 0.999999)]
    logit_adjustment: Annotated[float, AtLeast(0)]
    label_smoothing: Annotated[float, Between(0, 0.5)]
    imbalance: Annotated[str, OneOf(tuple(SAMPLERS))]
    learning_rate: Annotated[float, Above(0)]
    weight_decay: Annotated[float, AtLeast(0)]
    schedule: Literal["constant", "cosine"]
    warmup: Annotated[float, Between(0, 0.5)]
    batch_size: Annotated[int, AtLeast(1)]
    epochs: Annotated[int, AtLeast(1)]
    patience: Annotated[int, AtLeast(1)]
    average: Annotated[float, Between(0, 0.9999)]
    keep: Literal["best", "last"]
    seed: Seed
    members: Annotated[int, Between(1, 100)]
    ready: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.warmup and self.schedule == "constant":
            raise DataError("warmup is for schedule cosine: set warmup to 0 or schedule to cosine")
        if self.segments and self.pooling == "attention":
            raise DataError(
                "pooling is attention, which nothing is learnt of from segments one by one: set it "
                "to max or mean, or segments to false"
            )
        if self.class_balanced_beta and self.imbalance == "class_weights":
            raise DataError(
                "class_balanced_beta and imbalance: class_weights both weigh the loss: set "
                "class_balanced_beta to 0 or imbalance to none"
            )


@dataclass(frozen=True)
class Pretraining:
    """Self-supervised pretraining of the encoder by contrast (SimCLR, Chen et al. 2020).

    With `epochs` 0 the encoder keeps its start: the seeded one, or with `start` that of another
    packaged detector, of the same network, normalisation and front end. `temperature` is that of
    the loss; `learning_rate` falls on a cosine after rising over the share `warmup` of the steps.
    A batch has `batch_size` windows, two views of each. `precision` mixed_bfloat16 is for a GPU.
    """

    start: str | None
    epochs: Annotated[int, AtLeast(0)]
    batch_size: Annotated[int, AtLeast(2)]
    temperature: Annotated[float, Above(0)]
    learning_rate: Annotated[float, Above(0)]
    weight_decay: Annotated[float, AtLeast(0)]
    warmup: Annotated[float, Between(0, 0.5)]
    precision: Literal["float32", "mixed_bfloat16"]
    seed: Seed
