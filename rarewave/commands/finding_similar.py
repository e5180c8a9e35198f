"""The command similar: windows of recordings that a network sees as it sees a given one."""

import contextlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rarewave import __version__
from rarewave.annotations import writing
from rarewave.base.errors import DataError
from rarewave.base.files import shown, write_json
from rarewave.commands import detecting, each_file, indexing, tables
from rarewave.commands.each_file import Wishes
from rarewave.commands.embedding import scorer_of_features
from rarewave.commands.query import Query, query
from rarewave.commands.similar_picture import picture
from rarewave.detection.scanning import Scorer
from rarewave.model import approximate, embedding_index, similarity
from rarewave.model.embedding_index import Index
from rarewave.model.package import Package, load
from rarewave.model.similarity import Found

ABOUT, PICTURE = "similar.json", "similar.png"
LABEL = "similar"
# Windows up to which each is compared; beyond, an index that is kept gets a graph.
EXACT = 1_000_000


class Wanted(NamedTuple):
    """What is looked for, and where."""

    query: Path
    span: tuple[float, float] | None  # s from the start of the file; None: all of it
    places: tuple[Path, ...]  # recordings, folders of them, or one index
    grows: Path | None  # an index that they are added to, and that is searched
    most: int  # windows to find
    forms: tuple[str, ...]  # names in `writing.WRITERS`


def similar(model: str, wanted: Wanted, out: Path, wishes: Wishes) -> bool:
    """Write event tables, a picture and `similar.json` of the windows most like a query.

    Returns
    -------
    Whether every file was whole.

    Raises
    ------
    DataError
        No model, query or recordings, an index of another package, or findings that a format
        cannot hold.
    """
    known = _index_of(wanted)
    if known is not None and (wishes.channel, wishes.start_pattern) == (None, None):
        learnt = embedding_index.load(known).about["reading"]
        wishes = wishes._replace(**learnt)
    package = load(model)
    scorer = scorer_of_features(package.detector)
    with each_file.scratch(out) as folder:
        looked_for = query(package, scorer, wanted.query, wanted.span, wishes, folder)
        with _indexed(package, scorer, wanted, wishes, folder / "index") as (index, unread):
            found, recall = _search(index, looked_for, wanted, kept=known or wanted.grows)
            if not found:
                raise DataError(
                    f"nothing to find: {', '.join(map(str, wanted.places))} holds no window but "
                    "the query's own"
                )
            events = _events(package, scorer, index, looked_for, found)
            _write(out, events, wanted.forms)
            picture(out / PICTURE, package, scorer.front_end, looked_for, events, wishes)
            covers = [channel.cover for _, channel in index.channels()] + unread
            about = _about(package, wanted, looked_for, index, events, recall)
    write_json(out / ABOUT, about)
    _print(events, out)
    return each_file.said(covers, 0, out)


def _index_of(wanted: Wanted) -> Path | None:
    """The index that is searched, where there is one already."""
    indices = [place for place in wanted.places if embedding_index.is_index(place)]
    if indices and (len(wanted.places) > 1 or wanted.grows is not None):
        raise DataError(
            f"{indices[0]} is an index: give it alone to --in, or to --index with recordings "
            "behind --in"
        )
    if indices:
        return indices[0]
    if wanted.grows is not None and embedding_index.is_index(wanted.grows):
        return wanted.grows
    return None


@contextlib.contextmanager
def _indexed(
    package: Package, scorer: Scorer, wanted: Wanted, wishes: Wishes, folder: Path
) -> Iterator[tuple[Index, list[dict[str, Any]]]]:
    """The index to search, grown, and what could not be read."""
    about = {
        "model": package.digest,
        "width": len(scorer.names),
        "reading": {"channel": wishes.channel, "start_pattern": wishes.start_pattern},
    }
    if embedding_index.is_index(wanted.places[0]):
        index = embedding_index.load(wanted.places[0])
        embedding_index.refuse_other(index, about)
        _refuse_unwritable(index, wanted.forms)
        yield index, []
        return
    with embedding_index.growing(wanted.grows or folder, about) as index:
        _refuse_unwritable(index, wanted.forms)
        before = set(index.files)
        unread = indexing.grow(index, package, scorer, wanted.places, wishes, wanted.forms)
        if wanted.grows is not None:
            new = len(index.files.keys() - before)
            print(f"{wanted.grows}: {len(index.there)} files, {new} of them new")
        yield index, unread


def _refuse_unwritable(index: Index, forms: Sequence[str]) -> None:
    """Raise `DataError` where a format cannot hold what would be found in a recording."""
    known = [(Path(file.path), each.begin, each.channel) for file, each in index.channels()]
    for form in forms:
        writing.check_recordings(form, known)


def _search(
    index: Index, looked_for: Query, wanted: Wanted, kept: Path | None
) -> tuple[list[Found], float | None]:
    """The windows, best first, none of them the query's own; the recall where it is not exact."""
    filled, times, features = index.filled(), index.times(), index.features()
    begins = [channel.first for _, channel in filled]

    def spans(row: int) -> tuple[int, float, float]:
        return bisect_right(begins, row) - 1, float(times[row, 0]), float(times[row, 1])

    own = str(looked_for.path.resolve())
    taken = [
        (number, float(begin), float(end))
        for number, (file, _) in enumerate(filled)
        if file.path == own
        for begin, end in zip(looked_for.begin_s, looked_for.end_s, strict=True)
    ]
    taken += [(number, 0.0, np.inf) for number, (file, _) in enumerate(filled) if not file.path]
    recall = None
    if index.count > EXACT and kept is not None:
        graph = approximate.Graph(kept, index.width)
        recall = graph.grow(features)
        best = graph.best(features, looked_for.features)
    else:
        best = similarity.exact(features, looked_for.features)
    return similarity.apart(best, index.count, spans, wanted.most, taken), recall


def _events(
    package: Package, scorer: Scorer, index: Index, looked_for: Query, found: Sequence[Found]
) -> pd.DataFrame:
    """What event tables hold of the windows, best first, and the row of the query."""
    filled, rows = index.filled(), np.array([one.row for one in found])
    begins = [channel.first for _, channel in filled]
    picked = [filled[bisect_right(begins, row) - 1] for row in rows]
    low, high = scorer.front_end.band_hz
    nearest = [one.query for one in found]
    spans = index.times()[rows]
    table = pd.DataFrame(
        {
            "rank": np.arange(1, len(found) + 1),
            # Of numbers of 16 bits it may be above 1 by a hair.
            "cosine": [round(min(one.cosine, 1.0), 4) for one in found],
            "label": LABEL,
            "onset_s": spans[:, 0].round(3),
            "offset_s": np.floor(spans[:, 1] * 1000) / 1000,  # not after the recording
            "low_hz": low,
            "high_hz": high,
        }
    )
    listed = detecting.listed_of(_pairs(index, {file.path for file, _ in picked}))
    starts = pd.Series([channel.begin for _, channel in picked], dtype="datetime64[ns, UTC]")
    return table.assign(
        file="",  # as lists name it: of `writing.write`
        path=[file.path for file, _ in picked],
        channel_id=[channel.channel for _, channel in picked],
        channel=[
            detecting.number_of(channel.channel, listed[file.path].channels)
            for file, channel in picked
        ],
        nyquist_hz=[channel.sample_rate / 2 for _, channel in picked],
        start=starts + pd.to_timedelta(table["onset_s"], unit="s"),
        end=starts + pd.to_timedelta(table["offset_s"], unit="s"),
        query=nearest,
        query_s=looked_for.begin_s[nearest].round(3),
        model=package.digest,
        version=__version__,
    )


def _pairs(index: Index, paths: set[str]) -> list[tuple[Path, str]]:
    """Path and channel of every channel of some files."""
    return [(Path(f.path), c.channel) for f, c in index.channels() if f.path in paths]


def _write(out: Path, events: pd.DataFrame, forms: Sequence[str]) -> None:
    """Event tables; what others call a score is the cosine."""
    pairs = events[["path", "channel_id"]].drop_duplicates().itertuples(index=False, name=None)
    listed = detecting.listed_of([(Path(path), channel) for path, channel in pairs])
    kept = events.drop(columns="query")
    for form in (*dict.fromkeys([*forms, tables.COMBINED]),):
        own = form in (tables.COMBINED, "parquet")
        writing.write(out, form, kept if own else kept.rename(columns={"cosine": "peak"}), listed)


def _about(
    package: Package,
    wanted: Wanted,
    looked_for: Query,
    index: Index,
    events: pd.DataFrame,
    recall: float | None,
) -> dict[str, Any]:
    """What `similar.json` says of a search."""
    own = ["rank", "cosine", "path", "channel_id", "onset_s", "offset_s", "query_s"]
    return {
        "version": __version__,
        "model": {"digest": package.digest, "network": package.detector.network_name},
        "query": {
            "recording": shown(wanted.query),
            "windows_s": np.stack([looked_for.begin_s, looked_for.end_s], axis=1).round(3),
        },
        "searched": {
            "files": len(index.there),
            "windows": sum(channel.count for _, channel in index.channels()),
            "seconds": sum(float(c.cover["scored_s"]) for _, c in index.channels()),
            "exact": recall is None,
            "recall_at_10": recall,
        },
        "found": events[own].to_dict("records"),
    }


def _print(events: pd.DataFrame, out: Path) -> None:
    """The first of the windows."""
    for row in events.head(5).to_dict("records"):
        print(f"{row['cosine']:.3f}  {shown(row['path'])}  {row['onset_s']:g} s")
    print(f"{len(events)} windows found, written to {out}")
