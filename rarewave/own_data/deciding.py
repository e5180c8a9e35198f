"""A survey to the values of a recipe, each with its reason."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rarewave.base import parameters
from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.spectrogram import Spectrogram
from rarewave.own_data import learning, scoring, signal, windows
from rarewave.own_data.measures import power_of_two
from rarewave.own_data.survey import Choice, Choices, Survey

LOWEST = {"floor_db": Choice(-300.0), "floor_s": Choice(0)}  # while levels are measured


def decide(
    survey: Survey, defaults: Mapping[str, Mapping[str, Any]], task: str | None
) -> tuple[Choices, dict[str, float]]:
    """Parameters that fit, by section; and quantiles of the power in dB of the recordings.

    Raises
    ------
    DataError
        No recording holds a signal in the band of the events, or labels leave nothing to tell
        apart.
    """
    target = windows.task(survey, task)
    windows.refuse_one_kind(survey, str(target.value))
    lay = windows.layout(survey)
    chosen = signal.rate(survey)
    rate = chosen.value
    clean = signal.clean(survey, chosen, lay.window)
    look = signal.spectrogram(survey, lay, rate)
    clean |= {"target": target} | windows.cut(survey, lay, rate, look["hop"].value)
    look = _fits(look, clean)
    options = built(Cleaning, clean, defaults["clean"], "clean")
    frames = built(Spectrogram, look | LOWEST, defaults["spectrogram"], "spectrogram")
    look["floor_db"], levels = signal.floor(survey, options, frames)
    rows = look.get("n_mels", Choice(64)).value
    found: Choices = {"ingest": survey.ingest, "eda": _eda(survey, look, rate)}
    found |= {"clean": clean, "spectrogram": look}
    for part in (
        scoring.scoring(survey, lay),
        learning.learning(survey, lay, target.value, rows),
    ):
        for section, values in part.items():
            found[section] = found.get(section, {}) | values
    return {section: values for section, values in found.items() if values}, levels


def _fits(look: dict[str, Choice], clean: dict[str, Choice]) -> dict[str, Choice]:
    """The transform no longer than a window with its context."""
    length = clean["window_samples"].value + 2 * clean["context_samples"].value
    most = int(2 ** np.floor(np.log2(length)))
    if look["n_fft"].value > most:
        look = look | {"n_fft": Choice(most, "the whole window")}
    return look


def _eda(survey: Survey, look: dict[str, Choice], rate: float) -> dict[str, Choice]:
    factor = float(survey.recordings["sample_rate"].median()) / rate
    return {"n_fft": Choice(power_of_two(look["n_fft"].value * factor))}


def built(cls: type, choices: dict[str, Choice], defaults: Mapping[str, Any], section: str) -> Any:
    """The options of a section: what was chosen, else the default."""
    values = dict(defaults) | {name: choice.value for name, choice in choices.items()}
    return parameters.build(cls, values, section)
