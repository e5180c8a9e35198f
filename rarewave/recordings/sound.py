"""Sound files through libsndfile: what they hold, read in blocks, and whether they are whole."""

import os
import re
import struct
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import refuse_special
from rarewave.base.tables import FIRST_YEAR, LAST_YEAR

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".w64", ".caf")

# AudioMoth writes "Recorded at 19:17:30 14/02/2023 (UTC+1) by AudioMoth ..." as comment.
_AUDIOMOTH = re.compile(
    r"Recorded at (\d\d:\d\d:\d\d) (\d\d/\d\d/\d{4}) \(UTC(?:([+-]\d{1,2})(?::(\d\d))?)?\)"
)
_FIELDS = {"Y": r"\d{4}", "y": r"\d{2}", "f": r"\d{1,6}", "j": r"\d{3}"} | dict.fromkeys(
    "mdHMS", r"\d{2}"
)
# Zones lie whole quarters of an hour apart: 20240301_060000-0001 has a number behind its time.
_FIELDS["z"] = r"(?:Z|[+-](?:0\d|1[0-4]):?(?:00|15|30|45))"


def is_sound(path: Path) -> bool:
    """Whether libsndfile reads files of this name."""
    return path.suffix.lower() in SUFFIXES


def opened(path: Path) -> Any:
    """An open `soundfile.SoundFile`; raises `DataError` where libsndfile cannot read it."""
    import soundfile

    refuse_special(path)
    try:
        return soundfile.SoundFile(os.fsencode(path))
    except (soundfile.LibsndfileError, OSError) as error:
        if not path.exists():
            raise DataError(f"{path} does not exist") from None
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty: copy it again or move it out") from None
        reason = str(error).rsplit(": ", 1)[-1].rstrip(".")
        raise DataError(f"{path} cannot be read ({reason}): copy it again or move it out") from None


def missing_seconds(path: Path, rate: float, frame_bytes: int) -> float:
    """Seconds that the header of a file announces and the file does not hold; 0 where whole.

    The header of wav, RF64, w64 and AIFF gives the length; the last page of an ogg stream is
    marked, and where the mark is absent at least one sample is missing. Of flac that shows on
    reading; of mp3 nothing is known.

    Parameters
    ----------
    frame_bytes : bytes of one frame (all channels), 0 for a compressed coding.
    """
    size = path.stat().st_size
    with open(path, "rb") as stream:
        head = stream.read(40)
        if head[:4] == b"OggS":
            stream.seek(max(0, size - 65536))
            tail = stream.read()
            last = tail.rfind(b"OggS")
            ended = len(tail) > last + 5 and tail[last + 5] & 4
            return 0.0 if ended else 1.0 / rate
        if head[:4] in (b"RIFF", b"RIFX", b"RF64"):
            end = _end_of(stream, 12, 4, ">I" if head[:4] == b"RIFX" else "<I", 0, b"data")
        elif head[:4] == b"riff":
            end = _end_of(stream, 40, 16, "<Q", 24, b"data")
        elif head[:4] == b"FORM":
            end = _end_of(stream, 12, 4, ">I", 0, b"SSND")
        else:
            return 0.0
    if end is None or end <= size:
        return 0.0
    return (end - size) / frame_bytes / rate if frame_bytes else 1.0 / rate


def _end_of(
    stream: BinaryIO, begin: int, name_bytes: int, length: str, header: int, wanted: bytes
) -> int | None:
    """Where the chunk of samples ends by its header; None where it does not say.

    `header` is how much of itself a chunk counts into its length. A recorder that could not go
    back to the header leaves the largest number; RF64 has the true length in its chunk ds64.
    """
    stream.seek(begin)
    width = struct.calcsize(length)
    long = None
    while len(chunk := stream.read(name_bytes + width)) == name_bytes + width:
        (count,) = struct.unpack(length, chunk[name_bytes:])
        if chunk.startswith(b"ds64"):
            (long,) = struct.unpack("<Q", stream.read(16)[8:])
            stream.seek(-16, 1)
        if chunk.startswith(wanted):
            if count >= 0xFFFFFF00 and width == 4:
                return None if long is None else stream.tell() + long
            return stream.tell() + count - header
        count -= header
        stream.seek(count + (-count) % (8 if header else 2), 1)
    return None


def read(
    path: Path, start: int, stop: int, channel: int | None, handle: Any = None
) -> NDArray[np.float64]:
    """Frames [start, stop) of one channel (from 1), or of the mean of all, full scale being 1.

    What is infinite is no sound, and NaN.

    Raises
    ------
    DataError
        The file ends early, has no such channel, or is damaged there.
    """
    import soundfile

    try:
        with opened(path) if handle is None else nullcontext(handle) as file:
            if channel is not None and not 1 <= channel <= file.channels:
                raise DataError(
                    f"{path} has {file.channels} channel(s), and channel {channel} is wanted"
                )
            file.seek(start)
            frames = file.read(stop - start, dtype="float64", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise DataError(f"{path} is damaged after frame {start} ({error})") from None
    if len(frames) < stop - start:
        raise DataError(
            f"{path} is truncated: it ends at frame {start + len(frames)}, and its header says "
            f"more: copy it again from its source or move it out of the folder"
        )
    frames[np.isinf(frames)] = np.nan
    if channel is not None:
        return np.ascontiguousarray(frames[:, channel - 1])
    return frames[:, 0].copy() if frames.shape[1] == 1 else frames.mean(axis=1)


def start_of(path: Path, pattern: str | None, zone: str = "UTC") -> pd.Timestamp:
    """When a sound file starts (UTC): from its name by a pattern, else from its header, else NaT.

    `pattern` is of `strptime`, found anywhere in the stem: `%Y%m%d_%H%M%S`. Times are of the time
    `zone` unless the pattern has `%z`; of an hour that a change of clocks repeats, the first.
    """
    if pattern is not None:
        parts = re.split(r"%(.)", pattern)
        expression = "".join(
            re.escape(part) if number % 2 == 0 else _field(part, pattern)
            for number, part in enumerate(parts)
        )
        found = re.search(rf"(?<!\d){expression}(?!\d)", path.stem)
        if found is None:
            raise DataError(f"{path}: its name holds no time of the start pattern {pattern}")
        try:
            parsed = datetime.strptime(found.group(), pattern)
        except ValueError as error:
            raise DataError(
                f"{path}: {found.group()!r} is no time ({error}): rename it, or correct the start "
                "pattern"
            ) from None
        time = pd.Timestamp(parsed)
        if time.tz is None:
            given = {"ambiguous": True, "nonexistent": "shift_forward"}
            time = time.tz_localize(zone_of(zone), **given)
        return _in_range(time.tz_convert("UTC"), path)
    with opened(path) as file:
        comment, date = file.comment or "", file.date or ""
    match = _AUDIOMOTH.search(comment)
    if match:
        clock, day, hours, minutes = match.groups()
        try:
            local = datetime.strptime(f"{day} {clock}", "%d/%m/%Y %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            raise DataError(
                f"{path}: {clock} {day} in the comment of its header is no time: give the start "
                "pattern of its name, or take it out"
            ) from None
        shift = 60 * abs(int(hours or 0)) + int(minutes or 0)
        sign = -1 if (hours or "").startswith("-") else 1
        return _in_range(pd.Timestamp(local) - pd.Timedelta(minutes=sign * shift), path)
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*", date):
        return _in_range(pd.to_datetime(date, utc=True, errors="coerce"), path)
    return pd.NaT


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name; raises `DataError` where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(
            f"there is no time zone {name!r}: write it as UTC or Europe/Berlin"
        ) from None


def has_time(path: Path, pattern: str) -> bool:
    """Whether the name of a sound file holds a time of a start pattern."""
    try:
        return bool(pd.notna(start_of(path, pattern)))
    except DataError:
        return False


def _in_range(start: pd.Timestamp, path: Path) -> pd.Timestamp:
    if pd.notna(start) and not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise DataError(
            f"{path} starts in the year {start.year}, and times from {FIRST_YEAR} to {LAST_YEAR} "
            "are read: correct its name or header"
        )
    return start


def channels_of(path: Path) -> int:
    """Channels of a sound file."""
    with opened(path) as file:
        return int(file.channels)


def check_pattern(pattern: str) -> None:
    """Raise `DataError` where a pattern of start times has a field that is not known."""
    letters = re.findall(r"%(.)", pattern)
    for letter in letters:
        _field(letter, pattern)
    if not {"Y", "y"} & set(letters) or not ("j" in letters or {"m", "d"} <= set(letters)):
        raise DataError(
            f"the start pattern is {pattern!r}: it must say year, month and day, as %Y%m%d_%H%M%S"
        )


def _field(letter: str, pattern: str) -> str:
    if letter not in _FIELDS:
        raise DataError(
            f"the start pattern is {pattern!r}: %{letter} is not known; use %Y %m %d %H %M %S %f %z"
        )
    return _FIELDS[letter]
