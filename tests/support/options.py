"""Options of the recipe for lunar data, as a place to start from: `dataclasses.replace` them."""

from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.grid import Grid
from rarewave.frontend.spectrogram import Spectrogram
from rarewave.training.hyperparameters import Pretraining, Training

RATE = 6.625

CLEANING = Cleaning(
    sample_rate_hz=RATE,
    gap_value=-1.0,
    gap_run=4,
    flat_s=120.0,
    spike_factor=8.0,
    low_hz=0.1,
    high_hz=1.2,
    order=4,
    taper_s=30.0,
)
GRID = Grid(2240, 1120, context_samples=0, max_gap=0.1, pad_short=False)
SPECTROGRAM = Spectrogram(
    scale="linear",
    n_fft=256,
    hop=64,
    n_mels=40,
    fmin_hz=0.0,
    fmax_hz=None,
    floor_db=-90.0,
    floor_s=0.0,
    floor_quantile=0.2,
)
TRAINING = Training(
    network="seed_cnn",
    width=1.0,
    pooling="max",
    segments=False,
    normalisation="sample",
    labels=1.0,
    least_batches=1,
    frozen=0.0,
    encoder_rate=1.0,
    loss="cross_entropy",
    focal_gamma=2.0,
    focal_alpha=0.25,
    asymmetric_gamma=4.0,
    asymmetric_margin=0.05,
    class_balanced_beta=0.0,
    logit_adjustment=0.0,
    label_smoothing=0.0,
    imbalance="none",
    learning_rate=0.001,
    weight_decay=0.0,
    schedule="constant",
    warmup=0.0,
    batch_size=16,
    epochs=2,
    patience=6,
    average=0.0,
    keep="best",
    seed=1,
    members=1,
    ready=(),
)
PRETRAINING = Pretraining(
    start=None,
    epochs=2,
    batch_size=16,
    temperature=0.2,
    learning_rate=0.001,
    weight_decay=0.0001,
    warmup=0.1,
    precision="float32",
    seed=1,
)
