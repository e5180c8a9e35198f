"""The command drift: how far recordings lie from those that a model learnt from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import whole, write_json
from rarewave.base.spread import evenly
from rarewave.commands import each_file
from rarewave.commands.each_file import Wishes
from rarewave.detection import stream_windows
from rarewave.frontend.cleaning import RateError
from rarewave.frontend.transform import FrontEnd
from rarewave.measurement import drift, pictures
from rarewave.model.training_statistics import Statistics
from rarewave.plots import distributions
from rarewave.recordings.streams import Stream


def measure(model: str, paths: Sequence[Path], out: Path, wishes: Wishes) -> bool:
    """Write a table, a picture and a sentence of how recordings differ from those of training.

    Parameters
    ----------
    model : a folder, a `.keras` file or an MLflow URI.
    paths : recordings, and folders that are searched for them.

    Returns
    -------
    Whether every file could be read.

    Raises
    ------
    DataError
        No model, or one without statistics of training; no recordings, or none with a window.
    """
    if out.exists() and not out.is_dir():
        raise DataError(f"--out {out} is a file: name a folder")
    package, files = each_file.opened(model, paths, wishes)
    known = package.statistics
    if known is None or not len(known.values):
        raise DataError(
            f"{model} keeps no statistics of its training (it is of before they were kept): run "
            "the stage detect again, and give the package that it writes"
        )
    front_end = pictures.plain(package.detector.front_end)
    if known.names.tolist() != pictures.names_of(front_end):
        raise DataError(
            f"{model} keeps statistics of another front end: run the stage detect again"
        )
    values, recording, problems, empty = [], [], {}, 0
    with each_file.progress(files, "drift") as progress:
        for number, one in enumerate(files):
            try:
                if one.stream is None:
                    raise DataError(one.problem)
                mine = _statistics(front_end, one.stream, int(known.each[0]))
                progress(one.stream.n_samples / one.stream.sample_rate)
            except (DataError, OSError, MemoryError) as error:
                why = error.of_recording if isinstance(error, RateError) else str(error)
                problems[str(one.path)] = why or type(error).__name__
                continue
            if one.problem:
                problems[str(one.path)] = one.problem
            empty += not mine
            values += mine
            recording += [number] * len(mine)
    if not values:
        reasons = "".join(f"; {why}" for why in list(problems.values())[:3])
        raise DataError(f"no recording has a window that is no gap: nothing to compare{reasons}")
    _report(known, np.concatenate(values), np.array(recording), out)
    if empty:
        print(f"{empty} recordings are shorter than a window, or gaps, and are left out")
    for name, why in problems.items():
        print(f"not seen in full: {'' if name in why else f'{name}: '}{why}")
    return not problems


def _statistics(front_end: FrontEnd, stream: Stream, most: int) -> list[NDArray[np.float64]]:
    """Of at most so many windows, evenly spread over the recording: one row each."""
    rows = evenly(len(stream_windows.first_samples(front_end, stream)), most)
    return [
        pictures.of_windows(front_end, X)
        for X in stream_windows.one_by_one(front_end, stream, rows)
    ]


def _report(
    known: Statistics, new: NDArray[np.float64], recording: NDArray[np.int64], out: Path
) -> None:
    names = known.names.tolist()
    table = drift.compare(names, known.values, known.recording, new, recording)
    counts = len(np.unique(known.recording)), len(np.unique(recording))
    sentence = drift.said(table, *counts)
    out.mkdir(parents=True, exist_ok=True)
    distributions.beside(out / "drift.png", names, known.values, new, table, sentence)
    with whole(out / "drift.csv") as path:
        table.to_csv(path, index=False, float_format="%.6g")
    about = {"recordings": dict(zip(("training", "new"), counts, strict=True)), "says": sentence}
    windows = {"training": len(known.values), "new": len(new)}
    write_json(out / "drift.json", about | {"windows": windows, "rate": drift.RATE})
    columns = ["statistic", "training_median", "new_median", "stability", "size", "ks", "q"]
    print(table[columns].to_string(index=False, float_format="{:.3g}".format))
    print(sentence)
