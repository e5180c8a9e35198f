"""Cleaning and spectrogram: from where the energy of events lies, and how high the noise is."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.parallel import ordered_map
from rarewave.frontend import cleaning
from rarewave.frontend.cleaning import Cleaning
from rarewave.frontend.spectrogram import Spectrogram, spectrograms
from rarewave.own_data.measures import power_of_two
from rarewave.own_data.survey import Choice, Survey, digits
from rarewave.own_data.windows import Layout
from rarewave.recordings import reading

_RATES = (250, 500, 1000, 2000, 4000, 8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000)
_OVER = 2.2  # rate over the highest frequency: the resampler needs room
_FRAMES = 48  # of a window with its context
_CLIP_S = 0.04  # of a transform, where no duration says how quick a sound is
_SOUND_S = 0.02  # of a transform in mel: less, and its lower rows would be empty
_ROWS = 4  # of a linear spectrogram at least: shorter transforms would leave none in the band
_BROAD = 4.0  # bands broader than this ratio, and high ones, are seen in mel
_CLIPPED = 0.05  # share of the power that may lie below the floor
_PIECES = 40


def rate(survey: Survey) -> Choice:
    """`clean.sample_rate_hz`: as low as the events allow, and no higher than any recording's."""
    native = survey.least_rate
    if survey.folder.seismic:
        return Choice(native, "the lowest of the recordings")
    top = 22050 / _OVER if survey.whole else survey.band()[1]
    usual = [r for r in _RATES if _OVER * top <= r < native]
    if not usual:
        return Choice(native, "the lowest of the recordings")
    why = "of recordings at up to {:g}".format(survey.recordings["sample_rate"].max())
    if not survey.whole:
        why = f"events reach up to {digits(top):g} Hz; {why}"
    return Choice(usual[0], why)


def clean(survey: Survey, chosen: Choice, window_s: float) -> dict[str, Choice]:
    """Parameters of cleaning, `chosen` being what `rate` gives."""
    low, high = survey.band()
    rate_hz, found = chosen.value, {"sample_rate_hz": chosen}
    if survey.folder.seismic:
        bottom, top = digits(max(0.7 * low, 1e-4 * rate_hz)), digits(1.1 * high)
        open_top = top >= 0.45 * rate_hz
        return found | {
            "gap_value": Choice(_gap_value(survey), "the count that codes missing samples"),
            "spike_factor": Choice(0, "no step is taken for a spike"),
            "low_hz": Choice(bottom, f"events begin at {digits(low):g} Hz"),
            "high_hz": Choice(None if open_top else top, f"and end at {digits(high):g} Hz"),
            "taper_s": Choice(digits(min(60.0, window_s / 5))),
        }
    cut_below = None if survey.whole or low < 60 else digits(0.7 * low)
    return found | {
        "gap_value": Choice(None),
        "flat_s": Choice(0, "silence belongs to sound"),
        "spike_factor": Choice(0),
        "low_hz": Choice(
            cut_below, "" if cut_below is None else f"events begin at {digits(low):g} Hz"
        ),
        "high_hz": Choice(None),
        "taper_s": Choice(0),
    }


def _gap_value(survey: Survey) -> float | None:
    """-1 where recordings hold runs of it and are otherwise far from it: a code, not a count."""
    for row in survey.recordings.head(5).to_dict("records"):
        count = min(int(row["n_samples"]), 1 << 20)
        x = reading.read(survey.folder.root / row["path"], row["channel"], 0, count)
        others = x[np.isfinite(x) & (x != -1)]
        share = np.mean(x == -1)
        if share > 1e-5 and len(others) and np.all(x == np.rint(np.nan_to_num(x))):
            near = np.mean(np.abs(others + 1) <= 1)
            if near < share / 4:
                return -1.0
    return None


def spectrogram(survey: Survey, lay: Layout, rate_hz: float) -> dict[str, Choice]:
    """Parameters of the spectrogram but for its floor."""
    low, high = survey.band()
    high = min(1.1 * high, rate_hz / 2)
    low = 0.0 if survey.whole else min(0.8 * low, high / 2)
    if survey.whole:
        high = rate_hz / 2
    length = lay.window + 2 * lay.context
    mel = not survey.folder.seismic and high > 3000 and high > _BROAD * low
    if lay.way == "clips":
        n_fft = power_of_two(_CLIP_S * rate_hz)
        hop = max(1, min(n_fft // 2, round(max(lay.window / 200, 0.01) * rate_hz)))
        why = f"{1000 * n_fft / rate_hz:.0f} ms"
    else:
        rows = 48 if survey.form == "catalogues" else 128
        least = power_of_two(_SOUND_S * rate_hz if mel else _ROWS * rate_hz / (high - low))
        most = 1 << 14 if mel else 2 ** int(np.log2(rows * rate_hz / (high - low)))
        usual = power_of_two(3 * length / _FRAMES * rate_hz)
        n_fft = int(max(16, min(max(usual, least), most, 2 ** int(np.log2(length * rate_hz / 2)))))
        hop = max(1, (n_fft if mel else min(n_fft, usual)) // 4)  # longer for rows: as many frames
        why = f"about {length * rate_hz / hop:.0f} frames of a window and its context"
    found = {
        "scale": Choice("mel" if mel else "linear", "a broad band" if mel else "a narrow band"),
        "n_fft": Choice(n_fft, why),
        "hop": Choice(hop, f"{digits(1000 * hop / rate_hz):g} ms"),
        "fmin_hz": Choice(digits(max(low, 40.0 if mel else 0.0)), "0.8 of where events begin"),
        "fmax_hz": Choice(float(f"{high:.4g}"), "1.1 of where events end, or half of the rate"),
    }
    if survey.whole:
        found["fmin_hz"] = Choice(40.0 if mel else 0.0)
        found["fmax_hz"] = Choice(high, "half of the rate")
    if mel:
        found["n_mels"] = Choice(64 if lay.way == "clips" else 48)
    if survey.form == "catalogues":
        longest = survey.duration(1.0)
        found["floor_s"] = Choice(digits(2.3 * longest), "well over the longest event")
    return found


def floor(
    survey: Survey, clean_options: Cleaning, options: Spectrogram
) -> tuple[Choice, dict[str, float]]:
    """`spectrogram.floor_db`, and quantiles of the power in dB of some pieces of recordings."""
    order = np.linspace(0, len(survey.recordings) - 1, min(_PIECES, len(survey.recordings)))
    rows = survey.recordings.iloc[np.unique(np.rint(order).astype(int))].to_dict("records")
    work = partial(
        _power_of, folder=survey.folder.root, clean_options=clean_options, options=options
    )
    known = np.concatenate(list(ordered_map(work, rows, "levels")))
    known = known[known > options.floor_db]  # digital silence has no level
    if not len(known):
        raise DataError(
            f"no recording of {survey.folder.root} holds a signal between {options.fmin_hz:g} and "
            f"{options.fmax_hz or clean_options.sample_rate_hz / 2:g} Hz"
        )
    shares = (0.01, 0.05, 0.5, 0.95, 0.99)
    found = dict(zip(map(str, shares), map(float, np.quantile(known, shares)), strict=True))
    value = float(np.floor(np.quantile(known, _CLIPPED)))
    why = f"{_CLIPPED:.0%} of the power lies below; the median is {found['0.5']:.0f} dB"
    return Choice(value, why), found


def _power_of(
    row: dict[str, Any], folder: Path, clean_options: Cleaning, options: Spectrogram
) -> NDArray[np.float32]:
    """Some cells (n,) of the spectrogram of one recording, in dB."""
    per = row["sample_rate"] / clean_options.sample_rate_hz
    length = int(min(row["n_samples"], per * max(200 * options.hop, 8 * options.n_fft)))
    first = int((row["n_samples"] - length) // 2)
    samples = reading.read(folder / row["path"], row["channel"], first, first + length)
    try:
        cleaned = cleaning.clean(samples, row["sample_rate"], clean_options)
    except DataError:
        return np.zeros(0, np.float32)
    if len(cleaned.samples) < options.n_fft:
        return np.zeros(0, np.float32)
    cells = spectrograms(cleaned.samples[None], clean_options.sample_rate_hz, options).ravel()
    return cells[:: max(1, len(cells) // 20_000)]
