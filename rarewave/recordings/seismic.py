"""Read seismic formats through ObsPy: those that are named here, and no others."""

import contextlib
import re
import warnings
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import rates
from rarewave.base.errors import DataError
from rarewave.base.files import refuse_special
from rarewave.base.tables import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from obspy import Stream, Trace, UTCDateTime

# In the order in which they are tried. Of those that ObsPy knows, PICKLE would run code that is in
# the file; CSS, NNSA_KB_CORE and Q read other files that it names; CYBERSHAKE goes by the name.
FORMATS = (
    "MSEED", "SAC", "GSE2", "SEISAN", "SACXY", "GSE1", "SH_ASC", "SLIST", "TSPAIR", "Y", "SEGY",
    "SU", "SEG2", "WIN", "AH", "PDAS", "KINEMETRICS_EVT", "GCF", "DMX", "ALSEP_PSE", "ALSEP_WTN",
    "ALSEP_WTH", "KNET", "REFTEK130", "RG16",
)  # fmt: skip
# Endings by which files in a folder are taken for these; a file that is named may have any.
_SUFFIXES = {
    ".mseed", ".miniseed", ".ms", ".msd", ".seed", ".sac", ".gse", ".gse1", ".gse2", ".segy",
    ".sgy", ".seg2", ".su", ".gcf", ".ah", ".slist", ".tspair", ".rg16", ".knet",
}  # fmt: skip
_OTHERS = {
    b"\x1f\x8b": "compressed: unpack it",
    b"BZh": "compressed: unpack it",
    b"PK\x03\x04": "an archive: unpack it",
    b"\xfd7zXZ": "compressed: unpack it",
} | dict.fromkeys(
    (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
    "a Python pickle, which could run any code: write it as miniSEED where it was made",
)
# A channel with longer gaps holds a stray record; more samples are no recording in one piece.
_LONGEST_GAP_S = 366 * 86400.0
_MOST_SAMPLES = 1 << 32
_FIRST_NS = pd.Timestamp(f"{FIRST_YEAR}-01-01", tz="UTC").value
_LAST_NS = pd.Timestamp(f"{LAST_YEAR}-12-31", tz="UTC").value

# A day of one channel in an archive of SeisComP (SDS): NET.STA.LOC.CHAN.TYPE.YEAR.DAY.
_SDS = re.compile(r"[^.]*\.[^.]+\.[^.]*\.[^.]+\.[A-Z]\.\d{4}\.\d{3}")

AGAIN = "copy it again from its source or move it out of the folder"


class OtherChannelsError(DataError):
    """No channel of a file fits what was chosen; `ids` are those that it holds."""

    def __init__(self, path: Path, ids: Sequence[str], chosen: Sequence[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(
            f"{path} holds no channel that fits {' or '.join(chosen)}: it has {', '.join(ids)}"
        )


class Waveform(NamedTuple):
    """One channel of one file; samples that were not recorded are NaN."""

    recording_id: str
    channel: str
    start: pd.Timestamp  # UTC
    sample_rate: float  # Hz
    samples: NDArray[np.float64]  # (n,)


def name_of(path: Path) -> str:
    """The name of a recording: that of its file without the ending, which no number is."""
    return path.name if path.suffix[1:].isdigit() else path.stem


def is_called_so(path: Path) -> bool:
    """Whether a name is that of a seismic file: by its ending, or as a day of an SDS archive."""
    return path.suffix.lower() in _SUFFIXES or bool(_SDS.fullmatch(path.name))


def read_file(
    path: Path,
    channel: str | None = None,
    strict: bool = True,
    chosen: Sequence[str] | None = None,
) -> list[Waveform]:
    """All channels of a file in any of FORMATS, traces merged; logs, which are text, left out.

    Parameters
    ----------
    path : the file.
    channel : only this SEED identifier (NET.STA.LOC.CHA).
    strict : refuse a truncated file; otherwise give what is there.
    chosen : only identifiers that fit one of these patterns, as XA.S12.*.MHZ; None: all.

    Raises
    ------
    DataError
        The file is unreadable or truncated, in none of the formats, holds no sample, mixes
        sampling rates, or has times that cannot be; `OtherChannelsError` where none fits.
    """
    path = Path(path)
    stream, cut = _opened(path)
    if strict and cut:
        raise DataError(f"{path} is truncated or damaged, it holds a broken record: {AGAIN}")
    traces = [trace for trace in stream if trace.data.dtype.kind in "iuf"]
    if len(stream) and not traces:
        raise DataError(
            f"{path} holds text, as a log, and no samples ({stream[0].id}): take it out"
        )
    names = sorted({trace.id for trace in traces})
    if names and chosen is not None:
        fit = [name for name in names if any(fnmatchcase(name, one) for one in chosen)]
        if not fit:
            raise OtherChannelsError(path, names, chosen)
        names = fit
    waveforms = [
        _merged(path, name, [trace for trace in traces if trace.id == name])
        for name in names
        if channel in (None, name)
    ]
    if not waveforms:
        raise DataError(f"{path} holds no channel {channel}" if channel else f"{path} is empty")
    if channel is None and len(waveforms) > 1:
        waveforms = [w._replace(recording_id=f"{name_of(path)}.{w.channel}") for w in waveforms]
    return waveforms


def format_of(path: Path) -> str:
    """Which of FORMATS a file is in, told from its content.

    Raises
    ------
    DataError
        It does not exist, is no plain file, or in none of them.
    """
    from obspy.core.util.base import ENTRY_POINTS, buffered_load_entry_point

    refuse_special(path)
    try:
        with open(path, "rb") as file:
            head = file.read(8)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): {AGAIN}") from None
    if not head:
        raise DataError(f"{path} cannot be read, it is empty: {AGAIN}")
    for name in FORMATS:
        entry = ENTRY_POINTS["waveform"].get(name)
        if entry is None:
            continue
        group = f"obspy.plugin.waveform.{name}"
        looks_like = buffered_load_entry_point(entry.dist.name, group, "isFormat")
        with contextlib.suppress(Exception):  # of a file that is something else altogether
            if looks_like(str(path)):
                return name
    reason = next((words for sign, words in _OTHERS.items() if head.startswith(sign)), "")
    raise DataError(
        f"{path} cannot be read: it is "
        + (reason or f"in no form that is read (miniSEED, SAC, GSE2, SEG-Y, ...): {AGAIN}")
    )


def _opened(path: Path) -> "tuple[Stream, bool]":
    """All traces of a file, and whether one of its records is broken."""
    import obspy

    form = format_of(path)
    try:
        with warnings.catch_warnings(record=True) as caught, open(path, "rb") as file:
            warnings.simplefilter("always")
            stream = obspy.read(file, format=form)  # a name would be taken for a pattern
    except MemoryError:
        raise DataError(
            f"{path} cannot be read: it is too large for the memory; split it"
        ) from None
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} cannot be read ({reason[:200]}): {AGAIN}") from None
    broken = [w for w in caught if "Will skip bytes" in str(w.message)]
    lengths = {t.stats.mseed.record_length for t in stream if "mseed" in t.stats}
    return stream, bool(broken or (len(lengths) == 1 and path.stat().st_size % lengths.pop()))


def _merged(path: Path, name: str, traces: "list[Trace]") -> Waveform:
    """The traces of one channel in one piece, NaN in the gaps."""
    from obspy import Stream

    sampling = sorted({float(trace.stats.sampling_rate) for trace in traces})
    if not all(np.isfinite(rate) and rate > 0 for rate in sampling):
        raise DataError(f"{path}: {name} has a sampling rate of {sampling[0]:g} Hz: {AGAIN}")
    if not rates.same(sampling[0], sampling[-1]):
        listed = ", ".join(f"{rate:g}" for rate in sampling)
        raise DataError(f"{path}: {name} mixes sampling rates ({listed} Hz): split the file")
    for trace in traces:
        trace.stats.sampling_rate = sampling[0]
        trace.data = np.ma.asarray(trace.data).astype(np.float64)
    _check_times(path, name, traces, sampling[0])
    (trace,) = Stream(traces).merge(method=1).traces
    samples = np.ma.filled(np.ma.asarray(trace.data, dtype=np.float64), np.nan)
    if not len(samples):
        raise DataError(f"{path}: {name} holds no sample: {AGAIN}")
    start = pd.Timestamp(trace.stats.starttime.ns, tz="UTC")
    return Waveform(name_of(path), name, start, sampling[0], samples)


def _check_times(path: Path, name: str, traces: "list[Trace]", rate: float) -> None:
    """Raise `DataError` where a record cannot be of this recording, before the gaps are filled."""
    ordered = sorted(traces, key=lambda trace: trace.stats.starttime.ns)
    end = ordered[0].stats.starttime
    for trace in ordered:
        begin, last = trace.stats.starttime, trace.stats.endtime
        if begin.ns < _FIRST_NS or last.ns >= _LAST_NS:
            raise DataError(
                f"{path}: {name} has a record at {_said(begin)} to {_said(last)}, and times from "
                f"{FIRST_YEAR} to {LAST_YEAR} are read: take that record out"
            )
        if begin - end > _LONGEST_GAP_S:
            raise DataError(
                f"{path}: {name} has records of {end.date} and {begin.date} and none between: one "
                "of them is astray; take it out, or split the file"
            )
        end = max(end, last)
    count = (end - ordered[0].stats.starttime) * rate
    if count > _MOST_SAMPLES:
        raise DataError(
            f"{path}: {name} has {count:.3g} samples with its gaps, {8 * count / 2**30:.3g} GiB: "
            "split the file"
        )


def _said(time: "UTCDateTime") -> str:
    try:
        return str(time)
    except OverflowError:  # the year is beyond what Python writes
        return f"{time.ns / 1e9 / 86400 / 365.25 + 1970:.4g} (year)"
