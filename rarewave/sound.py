"""Sound files through libsndfile: what they hold, read in blocks, and whether they are whole."""

import re
import struct
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.errors import DataError

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".w64", ".caf")

# AudioMoth writes "Recorded at 19:17:30 14/02/2023 (UTC+1) by AudioMoth ..." as comment.
_AUDIOMOTH = re.compile(
    r"Recorded at (\d\d:\d\d:\d\d) (\d\d/\d\d/\d{4}) \(UTC(?:([+-]\d{1,2})(?::(\d\d))?)?\)"
)
_FIELDS = {"Y": r"\d{4}", "y": r"\d{2}", "f": r"\d{1,6}", "j": r"\d{3}"} | dict.fromkeys(
    "mdHMS", r"\d{2}"
)


def is_sound(path: Path) -> bool:
    """Whether libsndfile reads files of this name."""
    return path.suffix.lower() in SUFFIXES


def opened(path: Path) -> Any:
    """An open `soundfile.SoundFile`; raises `DataError` where libsndfile cannot read it."""
    import soundfile

    try:
        return soundfile.SoundFile(str(path))
    except (soundfile.LibsndfileError, OSError) as error:
        if not path.exists():
            raise DataError(f"{path} does not exist") from None
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty: copy it again or move it out") from None
        reason = str(error).rsplit(": ", 1)[-1].rstrip(".")
        raise DataError(f"{path} cannot be read ({reason}): copy it again or move it out") from None


def missing_frames(path: Path, rate: float, frame_bytes: int) -> float:
    """Seconds that the header of a file announces and the file does not hold; 0 where whole.

    A wav or w64 header gives the length; the last page of an ogg stream is marked, and where the
    mark is absent at least one sample is missing. Of mp3 nothing is known.

    Parameters
    ----------
    frame_bytes : bytes of one frame (all channels), 0 for a compressed coding.
    """
    size = path.stat().st_size
    suffix = path.suffix.lower()
    with open(path, "rb") as stream:
        if suffix == ".wav":
            head = stream.read(12)
            if head[:4] not in (b"RIFF", b"RIFX"):
                return 0.0
            order = "<" if head[:4] == b"RIFF" else ">"
            while len(chunk := stream.read(8)) == 8:
                (length,) = struct.unpack(f"{order}I", chunk[4:])
                if chunk[:4] == b"data":
                    # A recorder that could not go back to the header leaves the largest number.
                    lacking = stream.tell() + length - size
                    if length >= 0xFFFFFF00 or lacking <= 0:
                        return 0.0
                    return lacking / frame_bytes / rate if frame_bytes else 1.0 / rate
                stream.seek(length + length % 2, 1)
            return 0.0
        if suffix in (".ogg", ".oga", ".opus"):
            stream.seek(max(0, size - 65536))
            tail = stream.read()
            last = tail.rfind(b"OggS")
            ended = last >= 0 and len(tail) > last + 5 and tail[last + 5] & 4
            return 0.0 if ended else 1.0 / rate
    return 0.0


def read(
    path: Path, start: int, stop: int, channel: int | None, handle: Any = None
) -> NDArray[np.float64]:
    """Frames [start, stop) of one channel (from 1), or of the mean of all, full scale being 1.

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
                    f"{path} has {file.channels} channel(s), and ingest.channel is {channel}"
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
    if channel is not None:
        return np.ascontiguousarray(frames[:, channel - 1])
    return frames[:, 0].copy() if frames.shape[1] == 1 else frames.mean(axis=1)


def start_of(path: Path, pattern: str | None) -> pd.Timestamp:
    """When a sound file starts (UTC): from its name by a pattern, else from its header, else NaT.

    `pattern` is of `strptime`, found anywhere in the stem: `%Y%m%d_%H%M%S`.
    """
    if pattern is not None:
        parts = re.split(r"%(.)", pattern)
        expression = "".join(
            re.escape(part) if number % 2 == 0 else _field(part, pattern)
            for number, part in enumerate(parts)
        )
        found = re.search(rf"(?<!\d){expression}(?!\d)", path.stem)
        if found is None:
            raise DataError(
                f"{path}: its name holds no time of the form {pattern}; see ingest.start_pattern"
            )
        try:
            parsed = datetime.strptime(found.group(), pattern)
        except ValueError as error:
            raise DataError(f"{path}: {found.group()!r} is no time ({error})") from None
        return pd.Timestamp(parsed, tz="UTC")
    with opened(path) as file:
        comment, date = file.comment or "", file.date or ""
    match = _AUDIOMOTH.search(comment)
    if match:
        clock, day, hours, minutes = match.groups()
        local = datetime.strptime(f"{day} {clock}", "%d/%m/%Y %H:%M:%S").replace(tzinfo=UTC)
        shift = 60 * abs(int(hours or 0)) + int(minutes or 0)
        sign = -1 if (hours or "").startswith("-") else 1
        return pd.Timestamp(local) - pd.Timedelta(minutes=sign * shift)
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*", date):
        return pd.to_datetime(date, utc=True, errors="coerce")
    return pd.NaT


def _field(letter: str, pattern: str) -> str:
    if letter not in _FIELDS:
        raise DataError(
            f"ingest.start_pattern is {pattern!r}: %{letter} is not known; use %Y %m %d %H %M %S %f"
        )
    return _FIELDS[letter]
