"""The command explain: why a detector hears what it hears in one recording."""

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.spread import evenly
from rarewave.detection.clean_stream import CleanStream
from rarewave.detection.scanning import Scan
from rarewave.explanation import candidates, gradcam, layers, occlusion, relevance, report
from rarewave.explanation.candidates import Chosen
from rarewave.frontend import transform
from rarewave.frontend.spectrogram import frequencies_hz, spectrograms, times_s
from rarewave.measurement import sounds
from rarewave.model import neighbours
from rarewave.model.detector import Detector
from rarewave.model.package import Package

REFERENCES = 32  # windows of the recording, evenly spread, that the quiet level is taken from
NEAREST = 5  # training examples to show
RULES = "epsilon"  # by which relevance is shared out


class Look(NamedTuple):
    """What a network sees of one window, and the recording's quiet level."""

    spectrogram: NDArray[np.float32]  # (rows, frames, channels) dB, MFCC or samples
    quiet_db: NDArray[np.float64]  # (rows,) of the first channel; means nothing but in dB


def explained(
    package: Package, scan: Scan, chosen: Chosen
) -> tuple[dict[str, Any], dict[str, Any]]:
    """All that is found of one window: numbers for JSON, and arrays for the picture."""
    inner = package.detector
    network, front_end = inner.network, inner.front_end
    grid, rate = front_end.grid, front_end.clean.sample_rate_hz
    column = inner.task.output_of(chosen.label)
    look = seen(front_end, scan, chosen.window)
    seen_hertz = front_end.spectrogram.has_frequencies
    bands = occlusion.equal_bands(front_end.shape[0]) if seen_hertz else []
    whole = look.spectrogram[None]
    without = occlusion.occluded(look.spectrogram, look.quiet_db, bands)
    # By the statistics of the whole window: else what is left would be scaled anew, and the
    # network's answer to that would pass for the worth of the band.
    inputs = inner.normalisation(np.concatenate([whole, without]), whole)
    says = layers.evidence(network, inputs)
    p, odds = says.p[:, column], says.log_odds[:, column]
    edges = occlusion.band_edges(front_end.frequencies_hz, bands) if bands else []
    own = inputs[:1]
    start = scan.first[chosen.window] / rate
    heat, cam = _cam(front_end, network, own, column, start)
    shares, shared = _relevance(front_end, network, own, column, start)
    numbers = {
        "class": chosen.label,
        "probability": p[0],
        "log_odds": odds[0],
        "threshold": chosen.threshold,
        "reached": chosen.reached,
        "probabilities": _probabilities(inner, scan.P[chosen.window]),
        "recording": scan.stream.pieces[0].header.recording_id,
        "start_s": start,
        "end_s": start + grid.window_samples / rate,
        "start_utc": _iso(scan.stream.start, start),
        "time_step_s": front_end.spectrogram.hop / rate,
        "frequency_step_hz": rate / front_end.spectrogram.n_fft,
        "top_hz": front_end.band_hz[1],
        "event": None
        if chosen.event is None
        else {k: chosen.event[k] for k in ("onset_s", "offset_s", "peak", "mean", "windows")},
        "bands": _bands(edges, p, odds),
        "gradcam": cam,
        "relevance": shared,
        "layers": _layers(network, own[0], column),
        "has_samples": not front_end.spectrogram.is_picture,
        "measured": measured(inner, scan, chosen),
        "similar": similar(package, scan, own, start),
    }
    numbers |= _ensemble(inner, whole, chosen.label, p[0])
    picture = {
        "spectrogram": look.spectrogram[:, :, 0],
        "heat": heat,
        "relevance": shares,
        "time_s": front_end.times_s + start,
        "frequency_hz": front_end.frequencies_hz,
        "window_s": (numbers["start_s"], numbers["end_s"]),
        "bands": [(b.start, b.stop) for b in bands],
        "found": numbers,
    }
    return numbers, picture


def _ensemble(
    inner: Detector, spectrogram: NDArray[np.float32], label: str, first: float
) -> dict[str, Any]:
    """Of an ensemble: the evidence is of the first member, what reaches the threshold their mean.

    `spectrogram` is (1, rows, frames, channels), `first` the probability of the first.
    """
    if not inner.others:
        return {}
    mean = inner.score(spectrogram)[0, inner.task.names.index(label)]
    return {"probability": mean, "first_member": first, "members": len(inner.networks)}


def _cam(
    front_end: transform.FrontEnd, network: Any, own: NDArray[np.float32], column: int, start: float
) -> tuple[NDArray[np.float32] | None, dict[str, Any] | None]:
    """The map of a window and where its mass lies; nothing for a network without an image."""
    images = layers.images(network)
    if not images:
        return None, None
    heat, tried = gradcam.speaking(network, own[0], images, column)
    chosen = tried[-1]
    shown = np.zeros(own.shape[1:3], np.float32) if heat is None else heat
    mass = gradcam.mass(shown, front_end.frequencies_hz, front_end.times_s)
    moved = {name: mass[name] + start for name in ("mean_s", "low_s", "high_s")}
    before = [one._asdict() for one in tried[:-1]]
    return shown, {**chosen._asdict(), **mass, **moved, "tried_before": before}


def _relevance(
    front_end: transform.FrontEnd, network: Any, own: NDArray[np.float32], column: int, start: float
) -> tuple[NDArray[np.float64] | None, dict[str, Any] | None]:
    """What each pixel adds to the sum of the class; nothing where a layer has no rule."""
    try:
        found = relevance.relevance(network, own, np.array([column]), RULES)
    except DataError:
        return None, None
    shares = found.maps[0].sum(axis=-1)
    for_it, against = float(np.maximum(shares, 0).sum()), float(np.minimum(shares, 0).sum())
    mass = gradcam.mass(
        np.maximum(shares, 0).astype(np.float32), front_end.frequencies_hz, front_end.times_s
    )
    moved = {name: mass[name] + start for name in ("mean_s", "low_s", "high_s")}
    told = {"composite": RULES, "explained": float(found.explained[0])}
    return shares, told | {"for": for_it, "against": against, **mass, **moved}


def _bands(
    edges: Sequence[tuple[float, float]], p: NDArray[np.floating], odds: NDArray[np.floating]
) -> list[dict[str, Any]]:
    """What is lost without each band; `p` and `odds` are of the window, then without each."""
    return [
        {
            "low_hz": low,
            "high_hz": high,
            "probability": p[1 + n],
            "log_odds": odds[1 + n],
            "probability_lost": p[0] - p[1 + n],
            "log_odds_lost": odds[0] - odds[1 + n],
        }
        for n, (low, high) in enumerate(edges)
    ]


def _layers(network: Any, own: NDArray[np.float32], column: int) -> list[dict[str, Any]]:
    """How much of the evidence passes through each layer."""
    gradient = layers.by_gradient(network, own, column)
    ablation = layers.by_ablation(network, own, column)
    total = sum(gradient.values())
    return [
        {
            "layer": made.name,
            "kind": type(made).__name__,
            "output": list(made.output.shape[1:]),
            "gradient": gradient[made.name],
            "gradient_share": gradient[made.name] / total if total else None,
            "ablation_log_odds_lost": ablation[made.name],
        }
        for made in layers.layers(network)
    ]


def _probabilities(inner: Detector, p: NDArray[np.float32]) -> dict[str, float]:
    return {name: float(value) for name, value in zip(inner.task.names, p, strict=True)}


def _iso(start: pd.Timestamp, seconds: float) -> str | None:
    """So many seconds after the start; None of a recording that has none."""
    if pd.isna(start):
        return None
    return (start + pd.Timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seen(front_end: transform.FrontEnd, scan: Scan, window: int) -> Look:
    """The spectrogram of a window as it was scored, and the quiet level of the recording.

    The level is that of up to `REFERENCES` windows that were recorded without a gap.
    """
    rows = references(scan)
    wanted = np.zeros(len(scan.P), bool)
    wanted[rows], wanted[window] = True, True
    first, length = scan.first[: len(scan.P)], front_end.grid.window_samples
    cleaned = CleanStream(scan.stream, front_end.clean, transform.reach(front_end))

    def recorded(some: slice) -> NDArray[np.bool_]:
        return cleaned.missing(first[some], length) <= front_end.grid.max_gap

    kept, own = [], np.zeros(0, np.float32)
    for indices, X in transform.spectra(
        front_end, cleaned.read, scan.length, first, lambda some: wanted[some], recorded
    ):
        missing = cleaned.missing(first[indices], length)
        kept.append(X[(missing == 0) & np.isin(indices, rows), :, :, 0])
        if window in indices:
            own = X[indices == window][0].copy()
    reference = np.concatenate(kept)
    if not len(reference):  # every window has a gap
        reference = own[None, :, :, 0]
    return Look(own, sounds.quiet_level(reference, occlusion.equal_bands(reference.shape[1])))


def references(scan: Scan) -> NDArray[np.int64]:
    """Up to `REFERENCES` of the scored windows, evenly spread over the recording."""
    good = np.flatnonzero(np.isfinite(scan.P[:, 0]))
    return good[evenly(len(good), REFERENCES)]


def measured(inner: Detector, scan: Scan, chosen: Chosen) -> dict[str, Any] | None:
    """Band, duration, modulation and slope of the window's sound, or of the event it lies in.

    From the cleaned waveform and its spectrogram in equal steps of Hz, whatever scale the
    network sees, within the band that it sees. None of a picture, whose samples are no sound.
    """
    front_end = inner.front_end
    if front_end.spectrogram.is_picture:
        return None
    grid, rate = front_end.grid, front_end.clean.sample_rate_hz
    options = front_end.spectrogram.of_power("linear")
    margin = options.frame_samples // 2  # the first frame is centred on the first sample

    def heard(begin: int, end: int) -> tuple[NDArray[np.float32], int]:
        first = max(0, begin - margin)
        samples = cleaned.read(first, min(scan.length, end + margin))
        return np.pad(samples, (0, max(0, options.frame_samples - len(samples)))), first

    cleaned = CleanStream(scan.stream, front_end.clean, scan.length)
    levels = []
    rows = references(scan)
    missing = [cleaned.missing(scan.first[[row]], grid.window_samples)[0] for row in rows]
    for row in rows[np.array(missing) == min(missing)]:
        samples, _ = heard(scan.first[row], scan.first[row] + grid.window_samples)
        levels.append(spectrograms(samples[None], rate, options)[0, :, :, 0].T)
    quiet = sounds.quiet_power(np.concatenate(levels).T[None])
    begin, end = (
        round(s * rate) for s in candidates.reaches(chosen, scan, grid.window_samples, rate)
    )
    samples, first = heard(begin, end)
    level = spectrograms(samples[None], rate, options)[0, :, :, 0]
    hertz, seconds = frequencies_hz(rate, options), times_s(len(samples), rate, options)
    found = sounds.measure(level, quiet, hertz, seconds, samples, rate)
    if found is None:
        return None
    if cleaned.missing(np.array([begin]), end - begin)[0] > 0:  # a gap is no modulation
        found = found._replace(modulation_hz=None, modulation_depth=None)
    times = {"onset_s": found.onset_s + first / rate, "offset_s": found.offset_s + first / rate}
    return found._asdict() | times | {"duration_s": found.offset_s - found.onset_s}


def similar(
    package: Package, scan: Scan, own: NDArray[np.float32], start_s: float
) -> dict[str, Any] | None:
    """The training examples nearest to a window; None where the package keeps none.

    Those that overlap the window in time, in a recording of this name, are left out.
    """
    known = package.examples
    if known is None:
        return None
    inner = package.detector
    length = inner.front_end.grid.window_samples / inner.front_end.clean.sample_rate_hz
    own_name = scan.stream.pieces[0].header.recording_id
    # Ingest puts folders before names that occur twice.
    mine = np.array([PurePosixPath(name).name == own_name for name in known.recording], bool)
    itself = mine & (np.abs(known.start_s - start_s) < length)
    feature = neighbours.features(inner.network, own)[0]
    near = neighbours.nearest(known, feature, NEAREST, itself)
    return {
        "stored": len(known.label),
        "of_this_recording": int(mine.sum()),
        "nearest": [one._asdict() for one in near],
    }


def criteria() -> dict[str, float]:
    """The constants behind the numbers, by what the documentation calls them."""
    return {
        "quiet_share": sounds.QUIET,
        "above_db": sounds.ABOVE_DB,
        "least_snr_db": sounds.LEAST_DB,
        "tails": sounds.TAILS,
        "modulation_noises": sounds.NOISES,
        "modulation_depth": sounds.DEPTH,
        "modulation_cycles": sounds.CYCLES,
        "slope_fit": sounds.FIT,
        "slope_frames": sounds.FRAMES,
        "slope_rows": sounds.ROWS,
        "reference_windows": REFERENCES,
        "least_probability": report.LEAST,
        "least_evidence": gradcam.LEAST,
    }


def rounded(value: Any, name: str = "") -> Any:
    """Numbers to six significant digits, seconds to nine: what a run may differ in is behind."""
    if isinstance(value, Mapping):
        return {key: rounded(item, key) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, name) for item in value]
    if isinstance(value, float | np.floating):
        digits = 9 if name.endswith("_s") else 6
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
