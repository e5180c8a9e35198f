"""Why a model finds what it finds in one recording."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_json, write_text
from rarewave.detection import levels
from rarewave.detection.scanning import Scan
from rarewave.explanation import candidates, report
from rarewave.explanation.window import criteria, explained, rounded
from rarewave.model.package import Package, load, read_as
from rarewave.plots import explained_window


def explain(
    model: str,
    path: Path,
    out: Path,
    at: float | None = None,
    top: int = 1,
    channel: int | str | None = None,
) -> None:
    """Write `explanation.json`, `summary.md` and pictures of windows; print the summary.

    Explained are the highest-scoring windows of each class that reaches its threshold, or the
    highest of all if none does.

    Parameters
    ----------
    model : a folder, a `.keras` file or an MLflow URI.
    path, out : a recording, and a folder.
    at : only the window around this second.
    top : windows of each class; they do not overlap and are of different events.
    channel : a number from 1, `mean`, or of seismic files a pattern; None: as the model learnt.

    Raises
    ------
    DataError
        No such model or recording, no window that could be scored, or `at` lies outside.
    """
    if top < 1:
        raise DataError(f"--top is {top}: at least 1 window of each class is explained")
    if out.exists() and not out.is_dir():
        raise DataError(f"--out {out} is a file: name a folder")
    package = load(model)
    package, scans, problem = candidates.scanned(package, path, read_as(package, channel))
    inner = package.detector
    picked = candidates.choose(package, scans, candidates.candidates(inner, scans, at, path), top)
    windows, drawn = [], {}
    for chosen, name in zip(picked, _pictures([c.label for c in picked]), strict=True):
        found, picture = explained(package, scans[chosen.scan], chosen)
        windows.append(found | {"picture": name})
        drawn[name] = picture
    content = rounded(
        {
            "model": {
                "network": inner.network_name,
                "classes": list(inner.task.names),
                "thresholds": dict(candidates.thresholds_of(package)),
            },
            "recording": {
                "file": path.name,
                "parts": [_about(scan) for scan in scans],
                "problem": problem,
                "odd": _odd(package, scans),
                "at_s": at,
            },
            "criteria": criteria(),
            "reached": any(chosen.reached for chosen in picked),
            "windows": windows,
        }
    )
    _write(out, content, text := report.summary(content), drawn)
    print(text)


def _odd(package: Package, scans: Sequence[Scan]) -> list[str]:
    """What sets the recording apart from those that the model learnt from."""
    if package.trained is None:
        return []
    front_end = package.detector.front_end
    found = [levels.of_stream(front_end, scan.stream) for scan in scans]
    return levels.odd(package.trained, front_end.clean.output, found).says


def _about(scan: Scan) -> dict[str, Any]:
    header = scan.stream.pieces[0].header
    return {
        "recording": header.recording_id,
        "channel": header.channel,
        "sample_rate_hz": header.sample_rate,
        "duration_s": header.n_samples / header.sample_rate,
        "windows": len(scan.P),
        "windows_scored": int(np.isfinite(scan.P[:, 0]).sum()) if len(scan.P) else 0,
    }


def _pictures(labels: Sequence[str]) -> list[str]:
    """A file name for each window."""
    names: list[str] = []
    for label in labels:
        stem = "window_" + re.sub(r"\W+", "_", label)
        number = 2
        name = stem
        while f"{name}.png" in names:
            name, number = f"{stem}_{number}", number + 1
        names.append(f"{name}.png")
    return names


def _write(out: Path, content: Any, text: str, drawn: Mapping[str, dict[str, Any]]) -> None:
    """Pictures first, `explanation.json` last: where it is, all of it is."""
    last = out / "explanation.json"
    try:
        if last.exists():
            old = [Path(window["picture"]).name for window in read_json(last)["windows"]]
            last.unlink()
            for name in old:
                (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"--out {out} cannot be written ({error.strerror}): name another") from None
    except (DataError, KeyError, TypeError):
        raise DataError(f"{last} is not of this program: name another --out") from None
    for name, picture in drawn.items():
        explained_window.window(out / name, picture)
    write_text(out / "summary.md", text + "\n")
    write_json(last, content)
