"""Network, training, augmentation: from how windows lie and how many examples there are."""

import numpy as np

from rarewave.own_data.survey import Choice, Choices, Survey, digits
from rarewave.own_data.windows import Layout

_FEW_EVENTS = 300  # of a catalogue: then a network of few weights
_PASSES = 250_000  # windows that training may see, of short ones
_CLASSES = 10  # that share them; more classes see more
_STEPS = 1600  # of training on clips
_LAYER = {
    "band_context": "context", "frame_net": "relu3", "call_cnn": "relu3", "sound_net": "relu4",
    "seed_cnn": "conv3",
}  # fmt: skip
_IMBALANCED = 5.0  # times more examples of the most frequent class than of the rarest


def learning(survey: Survey, lay: Layout, target: str, n_mels: int) -> Choices:
    """Parameters of training, augmentation and of the layer that is explained."""
    network, why = _network(survey, lay, target)
    share = 0.6  # of the windows are for training
    if lay.way == "calls":
        count = share * 4 * len(survey.certain)
    else:
        total = survey.seconds[survey.recordings["labelled"]]
        count = share * np.maximum(1, np.ceil((total - lay.window) / lay.hop) + 1).sum()
    batch = {"frames": 128, "calls": 32}.get(lay.way, 16 if count < 500 else 32)
    if network in ("band_context", "seed_cnn"):
        batch = 64
        epochs = 20
    elif lay.way == "frames":
        shared = max(1.0, survey.certain["label"].nunique() / _CLASSES)
        epochs = int(np.clip(round(_PASSES * shared / count), 6, 24))
    else:
        epochs = int(np.clip(round(_STEPS / (count / batch)), 12, 80))
    train = {
        "network": Choice(network, why),
        "normalisation": Choice(*_normalisation(lay)),
        "learning_rate": Choice(0.003 if network == "band_context" else 0.002),
        "schedule": Choice("cosine"),
        "batch_size": Choice(batch),
        "epochs": Choice(epochs, f"about {digits(count):g} windows to learn from"),
        "patience": Choice(epochs),
        "average": Choice(0.0),
        "imbalance": Choice("class_weights" if survey.form == "catalogues" else "none"),
    }
    if lay.way == "clips":
        train |= {"weight_decay": Choice(0.02), "warmup": Choice(0.06), "keep": Choice("last")}
        if target == "label":
            train["label_smoothing"] = Choice(0.1)
    ratio = _ratio(survey)
    if ratio > _IMBALANCED and target == "label" and lay.way == "clips":
        why = f"the most frequent class has {ratio:.0f} times the examples of the rarest"
        train["logit_adjustment"] = Choice(1.0, why)
    found: Choices = {"train": train, "gradcam": {"layer": Choice(_LAYER[network])}}
    changes = _augment(lay, n_mels)
    return found | ({"augment": changes} if changes else {})


def _ratio(survey: Survey) -> float:
    counts = survey.certain["label"].value_counts()
    return float(counts.max() / counts.min()) if len(counts) else 1.0


def _network(survey: Survey, lay: Layout, target: str) -> tuple[str, str]:
    count = survey.certain["event_id"].nunique()
    if survey.form == "catalogues" and target == "event" and count < _FEW_EVENTS:
        return "band_context", f"{count} events: few weights, levels of bands"
    if lay.way == "clips":
        return "sound_net", "what sounds anywhere in a clip"
    if lay.way == "calls":
        return "call_cnn", "windows about as long as the events"
    return "frame_net", "short windows seen with context"


def _normalisation(lay: Layout) -> tuple[str, str]:
    if lay.way == "clips":
        return "both", "level kept, and forgotten"
    return "dataset", "the level in each band tells event from background"


def _augment(lay: Layout, rows: int) -> dict[str, Choice]:
    if lay.way == "clips":
        return {
            "time_shift": Choice({"p": 1.0, "s": digits(lay.window / 2)}),
            "gain": Choice({"p": 0.5, "db": 6.0}),
            "band_gain": Choice({"p": 0.5, "db": 6.0}),
            "time_mask": Choice({"p": 0.5, "s": digits(lay.window / 8), "times": 2}),
            "frequency_mask": Choice({"p": 0.5, "rows": max(1, rows // 6), "times": 2}),
            "mixup": Choice({"p": 0.5, "alpha": 0.3}),
        }
    if lay.way == "calls":
        return {
            "time_shift": Choice({"p": 0.5, "s": digits(lay.window / 10)}),
            "gain": Choice({"p": 0.5, "db": 6.0}),
            "background": Choice({"p": 0.5, "snr_low_db": 0.0, "snr_high_db": 15.0}),
            "frequency_mask": Choice({"p": 0.3, "rows": max(1, rows // 10)}),
        }
    return {}
