"""Recordings into an index of embeddings: those that it does not hold yet."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from rarewave.annotations import writing
from rarewave.base.errors import DataError
from rarewave.commands import detecting, each_file
from rarewave.commands.each_file import Recording, Wishes
from rarewave.detection import scanning
from rarewave.detection.scanning import Scan, Scorer
from rarewave.frontend.transform import FrontEnd
from rarewave.model.embedding_index import Channel, Index, Pieces, digest_of
from rarewave.model.package import Package


def grow(
    index: Index,
    package: Package,
    scorer: Scorer,
    paths: Sequence[Path],
    wishes: Wishes,
    forms: Sequence[str],
) -> list[dict[str, Any]]:
    """Embed the files below some paths that an index does not hold.

    Returns
    -------
    Rows of table COVERAGE of the files that could not be read at all.

    Raises
    ------
    DataError
        No recordings, most of the new ones in another unit than the model's, one whose findings a
        format cannot hold, or the index cannot be written.
    """
    wanted = detecting.recordings_of(paths)
    digests = _digests(index, wanted)
    new = [path for path in digests if digests[path] not in index.files]
    if not new:
        return []
    opened = each_file.recordings(package, new, wishes)
    for one in opened:
        if one.header is not None:
            for form in forms:
                writing.check_recordings(form, [(one.path, one.header.start, one.header.channel)])
    unread = [one for one in opened if one.stream is None]
    good = [one for one in opened if one.stream is not None]
    with each_file.progress(good, "embed") as progress:
        for path in dict.fromkeys(one.path for one in good):
            if digests[path] in index.files:  # a copy of one before it
                continue
            mine = [one for one in good if one.path == path]
            with each_file.scratch(index.folder / "scan") as folder:
                work = [(one.stream, folder / f"{n}.f32") for n, one in enumerate(mine)]
                scans = scanning.scans(scorer, [(s, p) for s, p in work if s is not None], progress)
                parts = [
                    (_channel(one, scan, scorer.front_end), _pieces(one, scan, scorer.front_end))
                    for one, scan in zip(mine, scans, strict=True)
                ]
                index.add(digests[path], path.resolve(), parts)
    return [each_file.accounted(one, None, scorer.front_end) for one in unread]


def _digests(index: Index, paths: Sequence[Path]) -> dict[Path, str]:
    """Of each file; where one that the index holds has gone, its copy here takes its place.

    What the index holds of a file whose content is another now is not there any more.
    """
    digests = {}
    for path in tqdm(paths, unit="file", desc="compare", disable=None):
        try:
            digests[path] = digest_of(path)
        except DataError:  # what reads it says why
            digests[path] = f"unread {path}"
    now = {str(path.resolve()): digest for path, digest in digests.items()}
    for file in index.there:
        if now.get(file.path, file.digest) != file.digest:
            index.moved(file.digest, None)
    for path, digest in digests.items():
        known = index.files.get(digest)
        if known is not None and not (known.path and Path(known.path).exists()):
            index.moved(digest, path.resolve())
    return digests


def _channel(one: Recording, scan: Scan, front_end: FrontEnd) -> Channel:
    assert one.header is not None
    start = "" if pd.isna(one.header.start) else pd.Timestamp(one.header.start).isoformat()
    cover = each_file.accounted(one, scan, front_end)
    return Channel(one.header.channel, start, one.header.sample_rate, cover)


def _pieces(one: Recording, scan: Scan, front_end: FrontEnd) -> Pieces:
    def pieces() -> Iterator[tuple[NDArray[np.float32], NDArray[np.float64]]]:
        for table, features in each_file.tables(one, scan, front_end):
            yield features, table[["start_s", "end_s"]].to_numpy(float)

    return pieces()
