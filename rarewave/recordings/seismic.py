"""Read any seismic format through ObsPy."""

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import rates
from rarewave.base.errors import DataError

AGAIN = "copy it again from its source or move it out of the folder"


class Waveform(NamedTuple):
    """One channel of one file; samples that were not recorded are NaN."""

    recording_id: str
    channel: str
    start: pd.Timestamp  # UTC
    sample_rate: float  # Hz
    samples: NDArray[np.float64]  # (n,)


def read_file(path: Path, channel: str | None = None, strict: bool = True) -> list[Waveform]:
    """All channels of a file in any format that ObsPy reads, traces merged.

    Parameters
    ----------
    path : the file.
    channel : only this SEED identifier (NET.STA.LOC.CHA).
    strict : refuse a truncated file; otherwise give what is there.

    Raises
    ------
    DataError
        The file is unreadable or truncated, holds no sample, or mixes sampling rates.
    """
    import obspy

    path = Path(path)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            stream = obspy.read(str(path))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} cannot be read ({reason}): {AGAIN}") from None
    broken = [w for w in caught if "Will skip bytes" in str(w.message)]
    records = [
        (t.stats.mseed.number_of_records, t.stats.mseed.record_length)
        for t in stream
        if "mseed" in t.stats
    ]
    lengths = {length for _, length in records}
    cut = broken or (len(lengths) == 1 and path.stat().st_size % lengths.pop())
    if strict and cut:
        raise DataError(f"{path} is truncated or damaged, it holds a broken record: {AGAIN}")
    waveforms = []
    for name in sorted({trace.id for trace in stream}):
        if channel is not None and name != channel:
            continue
        traces = stream.select(id=name)
        found = sorted({float(trace.stats.sampling_rate) for trace in traces})
        if not rates.same(found[0], found[-1]):
            listed = ", ".join(f"{rate:g}" for rate in found)
            raise DataError(f"{path}: {name} mixes sampling rates ({listed} Hz): split the file")
        for trace in traces:
            trace.stats.sampling_rate = found[0]
            trace.data = np.ma.asarray(trace.data).astype(np.float64)
        (trace,) = traces.merge(method=1).traces
        samples = np.ma.filled(np.ma.asarray(trace.data, dtype=np.float64), np.nan)
        if not len(samples):
            raise DataError(f"{path}: {name} holds no sample: {AGAIN}")
        waveforms.append(
            Waveform(
                path.stem,
                name,
                pd.Timestamp(trace.stats.starttime.ns, tz="UTC"),
                found[0],
                samples,
            )
        )
    if not waveforms:
        raise DataError(f"{path} holds no channel {channel}" if channel else f"{path} is empty")
    if channel is None and len(waveforms) > 1:
        waveforms = [w._replace(recording_id=f"{path.stem}.{w.channel}") for w in waveforms]
    return waveforms
