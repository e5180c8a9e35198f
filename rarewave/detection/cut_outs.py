"""Loud labelled events, cut out of their recordings."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.detection.injected import Event
from rarewave.frontend import cleaning
from rarewave.frontend.cleaning import Cleaning, cosine_taper
from rarewave.recordings.streams import Stream

MOST = 20  # of each label, the loudest
AROUND = 10  # lengths of an event on either side in which its noise is looked for
GAP = 0.02  # share of an event that may be missing, and is filled by straight lines
TAPER = 0.1  # share of a cut-out at either end that fades

Clean = Callable[[str, int, int], NDArray[np.float32]]  # cleaned samples of a recording


def of_parts(
    events: pd.DataFrame, windows: pd.DataFrame, split: pd.DataFrame, test: str = "test"
) -> pd.DataFrame:
    """Certain events that have times and lie in windows of training or validation alone.

    Parameters
    ----------
    events, windows : tables EVENTS and WINDOWS; `split` is the part of used windows.

    Returns
    -------
    The rows with their `part`. An event that any window of the test part touches is left out, and
    so is one whose windows are of no part at all.
    """
    part_of = dict(zip(split["window_id"], split["part"], strict=True))
    parts = windows["window_id"].map(part_of).to_numpy(object)
    by_recording = windows.groupby("recording_id").indices
    begin = windows["start_s"].to_numpy(float)
    end = begin + windows["duration_s"].to_numpy(float)
    rows, found = [], []
    for row, event in enumerate(events.to_dict("records")):
        mine = by_recording.get(event["recording_id"], np.zeros(0, np.int64))
        touched = (begin[mine] < event["offset_s"]) & (end[mine] > event["onset_s"])
        known = {part for part in parts[mine[touched]] if isinstance(part, str)}
        own = known & {"train", "validation"}
        if event["certain"] and not event["weak"] and own and test not in known:
            rows.append(row)
            found.append("validation" if "validation" in own else "train")
    return events.iloc[rows].assign(part=found)


def signal_to_noise(
    chosen: pd.DataFrame,
    events: pd.DataFrame,
    gaps: pd.DataFrame,
    clean: Clean,
    rate: float,
    lengths: Mapping,
) -> NDArray[np.float64]:
    """Power of events above that of the noise around them, in dB; NaN where it is not known.

    Parameters
    ----------
    chosen : recording_id, onset_s and offset_s of events.
    events : the same of all events: what overlaps another one is not known.
    gaps : the same of what was not recorded: nor is an event of which that is a part of `GAP`.
    clean : gives cleaned samples of a recording.
    lengths : cleaned samples of each recording.
    """
    found = np.full(len(chosen), np.nan)
    others, missing = (dict(list(table.groupby("recording_id"))) for table in (events, gaps))
    nothing = np.zeros((0, 2))
    for number, row in enumerate(chosen.itertuples()):
        spans = others[row.recording_id][["onset_s", "offset_s"]].to_numpy(float)
        onset, offset = row.onset_s, row.offset_s
        holes = nothing
        if row.recording_id in missing:
            holes = missing[row.recording_id][["onset_s", "offset_s"]].to_numpy(float)
        alone = ((spans[:, 0] < offset) & (spans[:, 1] > onset)).sum() == 1  # itself
        lost = np.minimum(holes[:, 1], offset) - np.maximum(holes[:, 0], onset)
        if not alone or np.maximum(lost, 0).sum() > GAP * (offset - onset):
            continue
        first, last = round(onset * rate), round(offset * rate)
        size = max(last - first, 1)
        start = max(0, first - AROUND * size)
        stop = min(int(lengths[row.recording_id]), last + AROUND * size)
        if not 0 <= first < last <= stop:
            continue
        square = np.square(clean(row.recording_id, start, stop), dtype=np.float64)
        busy = np.zeros(len(square), bool)
        for a, b in np.concatenate([spans, holes]):
            busy[max(0, round(a * rate) - start) : max(0, round(b * rate) - start)] = True
        noise = _noise(square, busy, max(1, size // 4))
        signal = float(square[first - start : last - start].mean()) - noise
        if noise > 0:
            found[number] = 10 * np.log10(max(signal / noise, 1e-20))
    return found


def _noise(square: NDArray[np.float64], busy: NDArray[np.bool_], block: int) -> float:
    """The median power of blocks without anything labelled; NaN where there is none."""
    count = len(square) // block
    free = ~busy[: count * block].reshape(count, block).any(axis=1)
    means = square[: count * block].reshape(count, block).mean(axis=1)[free]
    return float(np.median(means)) if len(means) else float("nan")


def loudest(chosen: pd.DataFrame, loud_db: float) -> pd.DataFrame:
    """Of each label the loudest events, at most `MOST`, those of at least `loud_db`."""
    loud = chosen[chosen["snr_db"] >= loud_db]
    order = ["label", "snr_db", "event_id", "onset_s"]
    ranked = loud.sort_values(order, ascending=[True, False, True, True], kind="stable")
    return ranked.groupby("label").head(MOST).reset_index(drop=True)


def cut(stream: Stream, row: Mapping, rate: float, options: Cleaning) -> Event:
    """One event without gaps and spikes, its straight trend taken off, fading at both ends.

    Parameters
    ----------
    stream : of its recording alone.
    row : label, event_id, onset_s, offset_s, part and snr_db.
    rate : to which it is brought, Hz.
    options : that say what a gap and what a spike is.
    """
    own = stream.sample_rate
    first = max(0, round(row["onset_s"] * own))
    samples = stream.read(first, min(stream.n_samples, round(row["offset_s"] * own)))
    gap = cleaning.find_gaps(samples, own, options)
    if not gap.all():
        samples = cleaning.fill_gaps(samples, gap)
    if options.spike_factor and not gap.all():
        samples = cleaning.despike(samples, gap, own, options.spike_factor)
    line = np.polynomial.Polynomial.fit(np.arange(len(samples)), samples, 1)
    samples = samples - line(np.arange(len(samples)))
    samples = samples * cosine_taper(len(samples), round(TAPER * len(samples)))
    if rate != own:
        import soxr

        samples = soxr.resample(samples, own, rate, quality="VHQ")
    source = f"{row['part']}: {row['event_id']}"
    return Event(row["label"], samples, len(samples), source, row["snr_db"])
