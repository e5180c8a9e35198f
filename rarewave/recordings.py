"""Read continuous waveforms through ObsPy: one recording per file and channel."""

import hashlib
import math
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.errors import DataError

# SAC and others store the sampling interval as float32: 6.625 Hz reads as 6.625017 Hz.
SAME_RATE = 1e-5


class Waveform(NamedTuple):
    """One channel of one file; samples that were not recorded are NaN."""

    recording_id: str
    channel: str
    start: pd.Timestamp  # UTC
    sample_rate: float  # Hz
    samples: NDArray[np.float64]  # (n,)


def find_files(folder: Path, pattern: str) -> list[Path]:
    """The files below `folder` that fit the glob `pattern`, sorted by their path below it.

    Raises
    ------
    DataError
        The folder does not exist, or no file fits.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"no folder {folder}: put the data there or change ingest.data")
    found = [f for f in folder.glob(pattern) if not f.name.startswith(".")]
    for file in found:
        if not file.exists():
            raise DataError(f"{file} is a broken link: mend it or take it out")
    files = [f for f in found if f.is_file()]
    if not files:
        raise DataError(
            f"no recordings: nothing in {folder} fits {pattern!r}; see ingest.data and "
            "ingest.pattern"
        )
    return sorted(files, key=lambda f: f.relative_to(folder).as_posix())


def read_file(path: Path, channel: str | None = None) -> list[Waveform]:
    """All channels of a file in any format that ObsPy reads, traces merged.

    Parameters
    ----------
    path : the file.
    channel : only this SEED identifier (NET.STA.LOC.CHA).

    Raises
    ------
    DataError
        The file is unreadable or truncated, holds no sample, or mixes sampling rates.
    """
    import obspy

    path = Path(path)
    again = "copy it again from its source or move it out of the folder"
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            stream = obspy.read(str(path))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} cannot be read ({reason}): {again}") from None
    broken = [w for w in caught if "Will skip bytes" in str(w.message)]
    records = [
        (t.stats.mseed.number_of_records, t.stats.mseed.record_length)
        for t in stream
        if "mseed" in t.stats
    ]
    lengths = {length for _, length in records}
    if broken or (len(lengths) == 1 and path.stat().st_size % lengths.pop()):
        raise DataError(f"{path} is truncated or damaged, it holds a broken record: {again}")
    waveforms = []
    for name in sorted({trace.id for trace in stream}):
        if channel is not None and name != channel:
            continue
        traces = stream.select(id=name)
        rates = sorted({float(trace.stats.sampling_rate) for trace in traces})
        if not math.isclose(rates[0], rates[-1], rel_tol=SAME_RATE):
            listed = ", ".join(f"{rate:g}" for rate in rates)
            raise DataError(f"{path}: {name} mixes sampling rates ({listed} Hz): split the file")
        for trace in traces:
            trace.stats.sampling_rate = rates[0]
            trace.data = np.ma.asarray(trace.data).astype(np.float64)
        (trace,) = traces.merge(method=1).traces
        samples = np.ma.filled(np.ma.asarray(trace.data, dtype=np.float64), np.nan)
        if not len(samples):
            raise DataError(f"{path}: {name} holds no sample: {again}")
        waveforms.append(
            Waveform(
                path.stem,
                name,
                pd.Timestamp(trace.stats.starttime.ns, tz="UTC"),
                rates[0],
                samples,
            )
        )
    if not waveforms:
        raise DataError(f"{path} holds no channel {channel}" if channel else f"{path} is empty")
    if channel is None and len(waveforms) > 1:
        waveforms = [w._replace(recording_id=f"{path.stem}.{w.channel}") for w in waveforms]
    return waveforms


def digest(samples: NDArray[np.float64]) -> str:
    """A digest of the samples, equal for equal waveforms whatever file they come from."""
    return hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()[:16]


def unusable(samples: NDArray[np.float64]) -> str | None:
    """Why a waveform can hold no signal at all, or None."""
    known = samples[np.isfinite(samples)]
    if not len(known):
        return "every sample is missing (NaN)"
    if np.all(known == known[0]):
        return f"every sample is {known[0]:g}"
    return None
