"""Values of a recipe for a folder without labels: to pretrain on, and to see what is in it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.spectrogram import Spectrogram
from rarewave.own_data import signal
from rarewave.own_data.deciding import LOWEST, built
from rarewave.own_data.survey import Choice, Choices, Survey, digits, seconds
from rarewave.own_data.windows import Layout, pad_short

_SOUND_S = 1.0  # a window of sound
_SEISMIC = 2048  # samples of a window of anything else
_MOST_WINDOWS = 40_000
_SEEN = 40_000  # windows that pretraining is shown, with repeats: minutes on two cores
_EPOCHS = 4, 40  # at least and at most
_BATCH = 128


def decide(survey: Survey, defaults: Mapping[str, Mapping[str, Any]]) -> Choices:
    """Parameters for `dvc repro pretrain`, by section.

    Raises
    ------
    DataError
        No recording holds a signal.
    """
    chosen = signal.rate(survey)
    lay = _layout(survey)
    clean = signal.clean(survey, chosen, lay.window)
    look = signal.spectrogram(survey, lay, chosen.value)
    look |= {"fmin_hz": look["fmin_hz"]._replace(why="nothing says where calls begin"),
             "fmax_hz": look["fmax_hz"]._replace(why="and where they end")}  # fmt: skip
    if survey.folder.seismic:
        why = "slow drift is taken away; nothing says where events begin"
        clean |= {"low_hz": clean["low_hz"]._replace(why=why), "high_hz": Choice(None)}
    clean |= _windows(survey, lay, chosen.value, look["hop"].value)
    options = built(Cleaning, clean, defaults["clean"], "clean")
    frames = built(Spectrogram, look | LOWEST, defaults["spectrogram"], "spectrogram")
    look["floor_db"], _ = signal.floor(survey, options, frames)
    step = clean["hop_samples"].value / chosen.value
    count = int(np.maximum(1, np.ceil((survey.seconds - lay.window) / step) + 1).sum())
    rows = look["n_mels"].value if "n_mels" in look else frames.n_fft // 2
    found = {"ingest": survey.ingest, "clean": clean, "spectrogram": look}
    return found | _learning(lay, count, rows)


def window_s(survey: Survey) -> float:
    """Seconds of a window, where nothing says how long events last."""
    return _SEISMIC / survey.least_rate if survey.folder.seismic else _SOUND_S


def _layout(survey: Survey) -> Layout:
    """Windows of one length, half of it apart; longer ones of very many hours."""
    total = float(survey.seconds.sum())
    window = max(window_s(survey), total / _MOST_WINDOWS)
    return Layout("calls", window, window if 2 * total / window > _MOST_WINDOWS else window / 2, 0)


def _windows(survey: Survey, lay: Layout, rate: float, hop: int) -> dict[str, Choice]:
    window, step = (hop * max(1, round(s * rate / hop)) for s in (lay.window, lay.hop))
    return {
        "placement": Choice("grid"),
        "window_samples": Choice(
            window, f"{seconds(window / rate)}: nobody has said how long calls last"
        ),
        "hop_samples": Choice(step, f"{seconds(step / rate)}"),
        "pad_short": pad_short(survey, window / rate),
    }


def _learning(lay: Layout, count: int, rows: int) -> Choices:
    """Pretraining, what its views differ in, and the network."""
    epochs = int(np.clip(round(_SEEN / count), *_EPOCHS))
    masked = max(1, rows // 6)
    views = {
        "time_shift": {"p": 1.0, "s": digits(lay.window / 4)},
        "gain": {"p": 0.0},
        "band_gain": {"p": 0.8, "db": 6.0},
        "background": {"p": 0.5, "snr_low_db": 3.0, "snr_high_db": 15.0},
        "time_mask": {"p": 0.5, "s": digits(lay.window / 5)},
        "frequency_mask": {"p": 0.5, "rows": masked},
    }
    why = "the same call a little later"
    return {
        "pretrain": {
            "epochs": Choice(epochs, f"about {digits(count):g} windows to learn from"),
            "batch_size": Choice(max(2, min(_BATCH, count // 2))),
            "learning_rate": Choice(0.002),
        },
        "views": {name: Choice(v, why * (name == "time_shift")) for name, v in views.items()},
        "train": {
            "network": Choice("acoustic_cnn", "made for pretraining"),
            "width": Choice(0.25, "a quarter of its filters: minutes, not hours, without a GPU"),
            "normalisation": Choice("unit", "loudness is forgotten, what sounds is kept"),
        },
    }
