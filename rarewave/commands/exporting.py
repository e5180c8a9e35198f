"""The command export-images: spectrograms as grey PNGs, and a file that says what a pixel is."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import write_json
from rarewave.commands import each_file
from rarewave.commands.each_file import Recording, Wishes
from rarewave.dataset import index
from rarewave.detection import stream_windows
from rarewave.detection.clean_stream import CleanStream
from rarewave.frontend import cleaning
from rarewave.frontend.spectrogram import spectrograms, times_s
from rarewave.frontend.transform import FrontEnd
from rarewave.recordings import grey
from rarewave.recordings.images import SIDECAR

DATA_SET = (  # of a project, as the stages leave it
    Path("artifacts/spectrogram/X_spec.npy"),
    Path("artifacts/npz/index.parquet"),
    Path("artifacts/npz/dataset.json"),
)
_MOST = 1 << 27  # samples of a recording that becomes one picture


class Picture(NamedTuple):
    """One spectrogram."""

    folder: str
    name: str
    values: NDArray[np.floating]  # (rows, frames), the first row being the lowest frequency
    about: dict[str, Any]


Made = tuple[str, NDArray[np.floating], dict[str, Any]]  # name, values, about
Pictures = Callable[[], Iterator[Picture]]  # the same ones each time


def of_data_set(out: Path, bits: int) -> None:
    """Write the windows of the project's data set, in a folder for each label.

    Raises
    ------
    DataError
        There is no data set, or it is of waveforms; `out` is there.
    """
    data = index.load(*DATA_SET)

    def pictures() -> Iterator[Picture]:
        for row in data.table.to_dict("records"):
            labels = [str(label) for label in row["labels"]]
            about = _timed(row["recording_id"], "", row["start_s"], row["duration_s"], row["start"])
            about |= {"label": row["label"], "labels": labels}
            yield Picture(row["label"], row["window_id"], data.X[row["row"], :, :, 0], about)

    _export(out, bits, data.front_end, pictures, data.front_end.times_s)


def of_recordings(
    model: str, paths: Sequence[Path], out: Path, bits: int, whole: bool, wishes: Wishes
) -> bool:
    """Write the windows of recordings, or each recording whole, as a model sees them.

    In a folder for each recording.

    Returns
    -------
    Whether every file could be read.

    Raises
    ------
    DataError
        No model, no recordings, or a model of waveforms; `out` is there.
    """
    package, files = each_file.opened(model, paths, wishes)
    front_end = package.detector.front_end
    problems = {str(one.path): one.problem for one in files if one.problem}
    named = _folders([one for one in files if one.stream is not None])

    filled = set[str]()

    def pictures() -> Iterator[Picture]:
        for folder, one in named.items():
            try:
                for name, values, about in (_whole if whole else _windows)(front_end, one):
                    filled.add(folder)
                    yield Picture(folder, name, values, about)
            except (DataError, OSError, MemoryError) as error:
                why = error.of_recording if isinstance(error, cleaning.RateError) else str(error)
                problems[str(one.path)] = why or type(error).__name__

    times = times_s(front_end.input_samples, front_end.clean.sample_rate_hz, front_end.spectrogram)
    _export(out, bits, front_end, pictures, times if whole else front_end.times_s)
    seen = {folder for folder, one in named.items() if not one.problem}
    if empty := len(seen - filled):
        print(f"{empty} recordings are shorter than a window, or gaps, and are left out")
    for path, why in problems.items():
        print(f"not seen in full: {'' if path in why else f'{path}: '}{why}")
    return not problems


def _folders(files: Sequence[Recording]) -> dict[str, Recording]:
    """A folder for each recording: its name, its channel where the file has several."""
    channels = Counter(one.path for one in files)
    found: dict[str, Recording] = {}
    for one in files:
        stem = one.path.stem
        if channels[one.path] > 1:
            stem = f"{stem}_{one.named['channel']}"
        name, number = stem, 2
        while name in found:
            name, number = f"{stem}_{number}", number + 1
        found[name] = one
    return found


def _windows(front_end: FrontEnd, one: Recording) -> Iterator[Made]:
    """The windows of a recording that are no gap."""
    assert one.stream is not None
    rate, length = front_end.clean.sample_rate_hz, front_end.grid.window_samples
    scale = cleaning.raw_per_cleaned(one.stream.sample_rate, front_end.clean)
    first = stream_windows.first_samples(front_end, one.stream)
    places = len(str(max(len(first) - 1, 0)))
    for rows, X in stream_windows.spectrograms(front_end, one.stream):
        for row, x in zip(rows, X, strict=True):
            start = float(first[row] * scale / one.stream.sample_rate)
            when = one.start(np.array([start]))[0]
            about = _timed(one.path.name, one.named["channel"], start, length / rate, when)
            yield f"{row:0{places}d}_{start:.3f}s", x[:, :, 0], about


def _whole(front_end: FrontEnd, one: Recording) -> Iterator[Made]:
    """A recording from its first to its last frame."""
    assert one.stream is not None
    cleaned = CleanStream(one.stream, front_end.clean)
    if cleaned.length > _MOST:
        raise DataError(f"{one.path} is too long for one picture: leave --whole out")
    rate = front_end.clean.sample_rate_hz
    X = spectrograms(cleaned.read(0, cleaned.length)[None], rate, front_end.spectrogram)
    lost = cleaned.lost(0, cleaned.length)
    if np.diff(lost, axis=1).sum() == one.stream.n_samples:
        raise DataError(f"{one.path}: nothing was recorded")
    when = one.start(np.zeros(1))[0]
    about = _timed(one.path.name, one.named["channel"], 0.0, cleaned.length / rate, when)
    gaps = (lost / one.stream.sample_rate).round(6).tolist()
    yield "whole", X[0, :, :, 0], about | {"gaps_s": gaps}


def _timed(
    recording: str, channel: str, start_s: float, duration_s: float, start: pd.Timestamp
) -> dict[str, Any]:
    found: dict[str, Any] = {"recording": recording} | ({"channel": channel} if channel else {})
    utc = None if pd.isna(start) else start.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return found | {"start_s": start_s, "end_s": start_s + duration_s, "start_utc": utc}


def _export(
    out: Path, bits: int, front_end: FrontEnd, pictures: Pictures, times: NDArray[np.float64]
) -> None:
    """Write pictures on one scale of grey, and the sidecar; all of it or nothing."""
    if front_end.spectrogram.scale == "waveform":
        raise DataError("the model takes waveforms: there is no spectrogram to write")
    if out.exists():
        raise DataError(f"{out} is there already: name another --out, or delete it")
    ends = [(float(p.values.min()), float(p.values.max())) for p in pictures()]
    if not ends:
        raise DataError("there is no window to write: the recordings are too short, or gaps")
    tones = grey.between(min(low for low, _ in ends), max(high for _, high in ends), bits)
    listed, largest = [], 0.0
    with each_file.scratch(out) as folder:
        inside, taken = folder / out.name, set[str]()
        for picture in pictures():
            name = _free(f"{_safe(picture.folder)}/{_safe(picture.name)}", taken)
            pixels = tones.pixels(picture.values)
            error = np.abs(tones.values(pixels) - picture.values).max()
            largest = max(largest, float(error))
            grey.write(inside / name, pixels)
            listed.append({"file": name} | picture.about)
        write_json(inside / SIDECAR, _about(front_end, tones, largest, times) | {"images": listed})
        inside.rename(out)
    unit = _unit(front_end)
    print(
        f"{len(listed)} pictures of {bits} bits in {out}; a step of grey is {tones.step:.3g} "
        f"{unit}, and no pixel is further than {largest:.3g} {unit} from its value ({SIDECAR})"
    )


def _about(
    front_end: FrontEnd, tones: grey.Grey, largest: float, times: NDArray[np.float64]
) -> dict[str, Any]:
    """How pixels become values, and where rows and columns lie."""
    named = front_end.spectrogram.has_frequencies
    return {
        "bits": tones.bits,
        "unit": _unit(front_end),
        "value_of_black": tones.low,
        "value_of_a_step": tones.step,
        "largest_error": largest,
        "rows_from_the_bottom_hz": front_end.frequencies_hz.tolist() if named else None,
        "first_column_s": float(times[0]),
        "column_s": front_end.spectrogram.step / front_end.clean.sample_rate_hz,
        "front_end": front_end.to_dict(),
    }


def _unit(front_end: FrontEnd) -> str:
    return "of a coefficient" if front_end.spectrogram.scale == "mfcc" else "dB"


def _safe(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w.+-]+", "_", name).strip(".") or "_"


def _free(stem: str, taken: set[str]) -> str:
    """A file name that no other picture has, however file systems treat capitals."""
    name, number = stem, 2
    while name.casefold() in taken:
        name, number = f"{stem}_{number}", number + 1
    taken.add(name.casefold())
    return f"{name}.png"
