"""Read any seismic format through ObsPy."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import rates
from rarewave.base.errors import DataError

if TYPE_CHECKING:
    from obspy import Stream

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
    path = Path(path)
    stream, cut = _opened(path)
    if strict and cut:
        raise DataError(f"{path} is truncated or damaged, it holds a broken record: {AGAIN}")
    names = sorted({trace.id for trace in stream})
    waveforms = [
        _merged(path, name, stream.select(id=name)) for name in names if channel in (None, name)
    ]
    if not waveforms:
        raise DataError(f"{path} holds no channel {channel}" if channel else f"{path} is empty")
    if channel is None and len(waveforms) > 1:
        waveforms = [w._replace(recording_id=f"{path.stem}.{w.channel}") for w in waveforms]
    return waveforms


def _opened(path: Path) -> "tuple[Stream, bool]":
    """All traces of a file, and whether one of its records is broken."""
    import obspy

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
    lengths = {t.stats.mseed.record_length for t in stream if "mseed" in t.stats}
    return stream, bool(broken or (len(lengths) == 1 and path.stat().st_size % lengths.pop()))


def _merged(path: Path, name: str, traces: "Stream") -> Waveform:
    """The traces of one channel in one piece, NaN in the gaps."""
    sampling = sorted({float(trace.stats.sampling_rate) for trace in traces})
    if not rates.same(sampling[0], sampling[-1]):
        listed = ", ".join(f"{rate:g}" for rate in sampling)
        raise DataError(f"{path}: {name} mixes sampling rates ({listed} Hz): split the file")
    for trace in traces:
        trace.stats.sampling_rate = sampling[0]
        trace.data = np.ma.asarray(trace.data).astype(np.float64)
    (trace,) = traces.merge(method=1).traces
    samples = np.ma.filled(np.ma.asarray(trace.data, dtype=np.float64), np.nan)
    if not len(samples):
        raise DataError(f"{path}: {name} holds no sample: {AGAIN}")
    start = pd.Timestamp(trace.stats.starttime.ns, tz="UTC")
    return Waveform(path.stem, name, start, sampling[0], samples)
