"""Read continuous waveforms: sound through libsndfile, pictures, the rest through ObsPy.

One recording per file and channel; sound files are read in blocks, never whole.
"""

import fnmatch
import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import refuse_name
from rarewave.recordings import images, sound
from rarewave.recordings.seismic import AGAIN, OtherChannelsError, Waveform, read_file

# Samples held at once while reading: bounds the memory, not the result.
_BLOCK = 1 << 20
MEAN = "mean"  # channel of a recording that is the mean of all channels of a sound file


class Header(NamedTuple):
    """What a recording is, without its samples."""

    recording_id: str
    channel: str  # SEED identifier, or number (from 1) or `mean` for sound
    start: pd.Timestamp  # UTC, NaT where unknown
    sample_rate: float  # Hz
    n_samples: int


def find_files(folder: Path, pattern: str) -> list[Path]:
    """The files below `folder` that fit the glob `pattern`, sorted by their path below it.

    Endings may stand in braces, as in `*.{wav,flac}`.

    Raises
    ------
    DataError
        The folder does not exist, or no file fits.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"no folder {folder}: put the data there or change ingest.data")
    try:
        fitting = {f for one in _each(pattern) for f in folder.glob(one)}
        found = sorted(f for f in fitting if not f.name.startswith("."))
    except (ValueError, NotImplementedError, re.error) as error:
        raise DataError(
            f"ingest.pattern {pattern!r} is no pattern of files ({error}): write it as */*.wav"
        ) from None
    for file in found:
        if not file.exists():
            raise DataError(f"{file} is a broken link: mend it or take it out")
    files = [f for f in found if f.is_file()]
    if not files:
        raise DataError(
            f"no recordings: nothing in {folder} fits {pattern!r}; see ingest.data and "
            f"ingest.pattern{_near_misses(folder, pattern)}"
        )
    return sorted(files, key=lambda f: f.relative_to(folder).as_posix())


def overlooked(folder: Path, pattern: str, files: list[Path]) -> list[str]:
    """Files below `folder` that only upper and lower case keep from fitting the pattern."""
    known = set(files)
    return sorted(
        file.relative_to(folder).as_posix()
        for file in Path(folder).rglob("*")
        if file not in known
        and not file.name.startswith(".")
        and any(
            fnmatch.fnmatchcase(file.relative_to(folder).as_posix().lower(), one.lower())
            for one in _each(pattern)
        )
        and not any(file.match(one) for one in _each(pattern))
        and file.is_file()
    )


def _each(pattern: str) -> list[str]:
    """The globs that a pattern with braces stands for."""
    before, brace, rest = pattern.partition("{")
    inside, end, behind = rest.partition("}")
    if not brace or not end:
        return [pattern]
    return [before + one + more for one in inside.split(",") for more in _each(behind)]


def _near_misses(folder: Path, pattern: str) -> str:
    near = overlooked(folder, pattern, [])
    return f"; {near[0]} would fit but for upper and lower case" if near else ""


def said(path: Path, channel: str) -> str:
    """What messages call a recording: its file, and its channel where that has a name."""
    return f"{path}, {channel}" if "." in channel else str(path)


def headers(
    path: Path,
    channel: int | None,
    start_pattern: str | None,
    time_zone: str = "UTC",
    channels: Sequence[str] | None = None,
) -> list[Header]:
    """The recordings of one file.

    Parameters
    ----------
    channel : of a sound file, from 1; None: the mean of all.
    start_pattern : of `strptime`, for start times in the names of sound files.
    time_zone : of these times, by name.
    channels : of other formats, patterns of identifiers, as XA.S12.*.MHZ; None: every channel.

    Raises
    ------
    DataError
        The file is unreadable, truncated or empty, or has no such channel.
    """
    found, _, problem = readable(path, channel, start_pattern, time_zone, channels)
    if problem:
        raise DataError(f"{problem}: {AGAIN}")
    return found


def readable(
    path: Path,
    channel: int | None,
    start_pattern: str | None,
    time_zone: str = "UTC",
    channels: Sequence[str] | None = None,
) -> tuple[list[Header], float, str]:
    """What can be read of one file, truncated or not.

    Returns
    -------
    The recordings; the seconds that are known to be missing; and what is wrong, else empty.

    Raises
    ------
    DataError
        Nothing can be read, or there is no such channel.
    """
    refuse_name(path)
    try:
        if images.is_image(path):
            return _image(Path(path), start_pattern, time_zone)
        if not sound.is_sound(path):
            return _seismic(Path(path), channels)
        return _sound(Path(path), channel, start_pattern, time_zone)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): {AGAIN}") from None


def _seismic(path: Path, channels: Sequence[str] | None) -> tuple[list[Header], float, str]:
    problem = ""
    try:
        waveforms = read_file(path, chosen=channels)
    except OtherChannelsError:
        raise
    except DataError as error:
        waveforms = read_file(path, strict=False, chosen=channels)
        problem = str(error).rsplit(":", 1)[0]
    found = [
        Header(w.recording_id, w.channel, w.start, w.sample_rate, len(w.samples)) for w in waveforms
    ]
    return found, 0.0, problem


def _image(
    path: Path, start_pattern: str | None, time_zone: str
) -> tuple[list[Header], float, str]:
    known = images.picture(path)
    start = sound.start_of(path, start_pattern, time_zone) if start_pattern else pd.NaT
    count = known.rows * known.columns
    return [Header(path.stem, "1", start, known.sample_rate, count)], 0.0, ""


def _sound(
    path: Path, channel: int | None, start_pattern: str | None, time_zone: str
) -> tuple[list[Header], float, str]:
    with sound.opened(path) as file:
        rate, frames, channels = float(file.samplerate), int(file.frames), int(file.channels)
        width = {"PCM_S8": 1, "PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4}
        bytes_each = (width | {"FLOAT": 4, "DOUBLE": 8}).get(file.subtype, 0)
    lacking = sound.missing_seconds(path, rate, bytes_each * channels)
    problem = ""
    if lacking:
        problem = (
            f"{path} is truncated: at least {lacking:.3g} s of what its header says are missing"
        )
    elif not frames:
        problem = f"{path} holds no sample"
    if channel is not None and not 1 <= channel <= channels:
        raise DataError(f"{path} has {channels} channel(s), and channel {channel} is wanted")
    name = MEAN if channel is None and channels > 1 else str(channel or 1)
    start = sound.start_of(path, start_pattern, time_zone)
    return [Header(path.stem, name, start, rate, frames)], lacking, problem


def read(path: Path, channel: str, start: int, stop: int) -> NDArray[np.float64]:
    """Samples [start, stop) of one recording, missing ones NaN.

    Sound is read where it is wanted; a file of another format is read whole and kept for the
    next call.
    """
    path = Path(path)
    if sound.is_sound(path):
        return sound.read(path, start, stop, None if channel == MEAN else int(channel))
    if images.is_image(path):
        return images.read(path, start, stop)
    return _whole(path, channel).samples[start:stop]


def rate_of(path: Path, channel: str) -> float:
    """The sampling rate of one recording in Hz."""
    if images.is_image(path):
        return images.picture(path).sample_rate
    if not sound.is_sound(path):
        return _whole(path, channel).sample_rate
    with sound.opened(path) as file:
        return float(file.samplerate)


@lru_cache(maxsize=2)
def _whole(path: Path, channel: str) -> Waveform:
    (waveform,) = read_file(path, channel, strict=False)
    return waveform


def in_blocks(path: Path, header: Header) -> Iterator[NDArray[np.float64]]:
    """All samples of a recording, a block at a time."""
    for at in range(0, header.n_samples, _BLOCK):
        yield read(path, header.channel, at, min(at + _BLOCK, header.n_samples))


def examine(path: Path, header: Header) -> tuple[str, str]:
    """A digest of the samples, and why the recording can hold no signal at all (else empty).

    The digest is equal for equal waveforms whatever file they come from.
    """
    total = hashlib.sha256()
    known, constant, value = 0, True, float("nan")
    for block in in_blocks(path, header):
        total.update(np.ascontiguousarray(block).tobytes())
        finite = block[np.isfinite(block)]
        if len(finite):
            value = finite[0] if not known else value
            known += len(finite)
            constant = constant and bool(np.all(finite == value))
    why = ""
    if not known:
        why = "every sample is missing (NaN)"
    elif constant:
        why = f"every sample is {value:g}"
    return total.hexdigest()[:16], why
