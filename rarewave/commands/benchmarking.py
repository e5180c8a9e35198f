"""How fast a detector scans recordings, beside what its network alone needs."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.commands import detecting
from rarewave.commands.segment_costs import segment_costs
from rarewave.detection import clean_stream, scanning
from rarewave.frontend import grid, transform
from rarewave.frontend.transform import Segments
from rarewave.model import beside
from rarewave.model.package import load
from rarewave.recordings import reading, streams


def benchmark(model: str, paths: Sequence[Path], repeats: int = 3) -> dict[str, float]:
    """Time a scan of recordings, reading included, and the network's bare `predict`.

    `predict` gets ready spectrograms of as many windows, in the batches of the scan, or long ones
    where the network scores segments in one pass. Of several
    repeats the fastest counts: the machine may have had other work.

    Returns
    -------
    recorded_s, windows, scan_s, predict_s, their ratio, and how many times faster than real time
    the scan is; of a network that scores segments what `segment_costs` gives, too.

    Raises
    ------
    DataError
        No model, or a recording that cannot be read.
    """
    package = load(model)
    inner = package.detector
    scorer, segments = beside.scorer_alone(inner), inner.segments
    files = [(p, h) for p in detecting.recordings_of(paths) for h in reading.headers(p, None, None)]
    joined = streams.join(files, alone=inner.front_end.clean.noise_s is not None)
    recorded = sum(s.n_samples / s.sample_rate for s in joined)
    X = _spectrograms(inner.front_end, joined[0])
    if X is None:
        raise DataError(f"{paths[0]} is shorter than a window")
    scorer.score(X if segments is None else _long(X, segments))
    scans, predicts, count = [], [], 0
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            work = [(s, Path(folder) / f"{number}.f32") for number, s in enumerate(joined)]
            scanned = scanning.scans(scorer, work)
            for scan in scanned:
                if scan.problem:
                    raise DataError(scan.problem)
            scans.append(time.perf_counter() - began)
            counts = [len(scan.P) for scan in scanned]
        count = sum(counts)
        began = time.perf_counter()
        for windows_of_stream in counts:
            for at in range(0, windows_of_stream, transform.CHUNK):
                wanted = min(transform.CHUNK, windows_of_stream - at)
                ready = X if wanted == len(X) else np.resize(X, (wanted, *X.shape[1:]))
                scorer.score(ready if segments is None else _long(ready, segments))
        predicts.append(time.perf_counter() - began)
    scan_s, predict_s = min(scans), min(predicts)
    costs = {} if segments is None else segment_costs(inner, segments, X)
    return {
        "recorded_s": recorded,
        "windows": float(count),
        "scan_s": scan_s,
        "predict_s": predict_s,
        "scan / predict": scan_s / predict_s,
        "times real time": recorded / scan_s,
    } | costs


def _long(windows: NDArray[np.float32], segments: Segments) -> NDArray[np.float32]:
    """One spectrogram with as many segments as there are windows given."""
    rows, _, channels = windows.shape[1:]
    return np.resize(windows, (1, rows, segments.hop * (len(windows) + 1), channels))


def _spectrograms(
    front_end: transform.FrontEnd, stream: streams.Stream
) -> NDArray[np.float32] | None:
    """The first batch of a recording, ready for the network; None without a window."""
    cleaned = clean_stream.CleanStream(stream, front_end.clean)
    first = grid.starts(cleaned.length, front_end.grid)
    if not len(first):
        return None

    def all_of(some: slice) -> NDArray[np.bool_]:
        return np.ones(some.stop - some.start, bool)

    _, X = next(transform.spectra(front_end, cleaned.read, cleaned.length, first, all_of, all_of))
    return X
