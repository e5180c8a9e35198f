"""A packaged model looked into, alone or over a recording."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_json
from rarewave.base.spread import evenly
from rarewave.detection import stream_windows
from rarewave.detection.scanning import Scan
from rarewave.explanation import candidates, convolutions, inside
from rarewave.explanation.layer_sheets import Shown
from rarewave.explanation.looking import Looking
from rarewave.model.detector import Detector
from rarewave.model.package import Package, load, read_as

ABOUT = "look.json"
FEW = 16  # windows


def look(
    model: str, path: Path | None, out: Path, options: Looking, channel: int | str | None = None
) -> None:
    """Write contact sheets of a model's convolutions into `out`, with counts in `look.json`.

    Parameters
    ----------
    model : a folder, a `.keras` file or an MLflow URI.
    path : a recording; its surest windows have feature maps, and dead and redundant channels are
        counted over its windows. None: filters and what channels answer most to.
    channel : of the recording, as for `explain`.

    Raises
    ------
    DataError
        No such model, recording or layer, or nothing in the recording can be scored.
    """
    if out.exists() and not out.is_dir():
        raise DataError(f"--out {out} is a file: name a folder")
    package = load(model)
    convolutions.convolutions(package.detector.network, options.layers)  # before any scan
    shown, sample = None, None
    if path is not None:
        package, scans, _ = candidates.scanned(package, path, read_as(package, channel))
        shown = surest(package, scans, path)
        sample = windows(package.detector, scans, options.windows)
    _remove_old(out)
    reach = None if package.statistics is None else package.statistics.reach
    found = inside.look(package.detector, out, options, reach, shown, sample)
    write_json(out / ABOUT, found | {"recording": None if path is None else path.name})
    _say(found, out)


def surest(package: Package, scans: Sequence[Scan], path: Path) -> Shown:
    """The surest window of each class that is found in a recording, or of all if none is."""
    inner = package.detector
    allowed = candidates.candidates(inner, scans, None, path)
    chosen = candidates.choose(package, scans, allowed, 1)[: inside.MOST_SHOWN]
    rate = inner.front_end.clean.sample_rate_hz
    X, titles = [], []
    for one in chosen:
        scan = scans[one.scan]
        (made,) = stream_windows.spectrograms(inner.front_end, scan.stream, np.array([one.window]))
        X.append(made[1][0])
        p = float(scan.P[one.window, inner.task.names.index(one.label)])
        titles.append(f"{one.label}, p = {p:.2f}, at {scan.first[one.window] / rate:.6g} s")
    return Shown(np.stack(X), titles)


def windows(inner: Detector, scans: Sequence[Scan], most: int) -> Iterator[NDArray[np.float32]]:
    """At most so many scored windows, evenly spread over all scans, some at a time."""
    rows = [
        (n, row)
        for n, scan in enumerate(scans)
        for row in np.flatnonzero(np.isfinite(scan.P[:, 0]))
    ]
    kept = [rows[k] for k in evenly(len(rows), most)]
    for n, scan in enumerate(scans):
        mine = np.array([row for of, row in kept if of == n], np.int64)
        if len(mine):
            for _, X in stream_windows.spectrograms(inner.front_end, scan.stream, mine):
                yield from (X[at : at + inside.BATCH] for at in range(0, len(X), inside.BATCH))


def _remove_old(out: Path) -> None:
    """Remove what an earlier run wrote: `look.json` names it."""
    last = out / ABOUT
    if not last.exists():
        return
    try:
        names = [Path(name).name for name in read_json(last, "pictures")["pictures"]]
    except (DataError, TypeError):
        raise DataError(f"{last} is not of this program: name another --out") from None
    try:
        for name in (ABOUT, "channels.csv", *names):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"--out {out} cannot be written ({error.strerror}): name another") from None


def _say(found: dict[str, Any], out: Path) -> None:
    pictures = len(found["pictures"])
    inside.say(found["network"], found)
    if "windows" in found:
        few = ": so few that channels may only seem dead" if found["windows"] < FEW else ""
        print(f"counted over {found['windows']} windows{few}")
    else:
        print("name a recording for feature maps, and dead and redundant channels")
    print(f"{pictures} pictures in {out}")
