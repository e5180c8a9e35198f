"""Neighbours among more than a million windows: a graph of usearch beside an index.

Its candidates are weighed exactly again, so that only which windows are found is approximate.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, whole, write_json
from rarewave.base.spread import evenly
from rarewave.model import similarity
from rarewave.model.similarity import Best, Windows

_GRAPH, _ABOUT = "graph.usearch", "graph.json"
_CHUNK = 1 << 14
_PROBES, _NEAREST = 200, 10  # of windows of the index, for its recall
_LEAST = 100  # candidates for each query


class Graph:
    """A graph over the first windows of an index, and what it finds of exact neighbours."""

    def __init__(self, folder: Path, width: int) -> None:
        from usearch.index import Index

        self.folder = folder
        self.graph: Any = Index(ndim=width, metric="cos", dtype="f16")
        if (folder / _ABOUT).exists() and (folder / _GRAPH).exists():
            try:
                self.graph.load(str(folder / _GRAPH))
            except RuntimeError as error:
                raise DataError(
                    f"{folder / _GRAPH} is broken ({error}): delete it, it is built again"
                ) from None

    def grow(self, stored: NDArray[np.float16]) -> float:
        """Add the windows that it lacks, and give the recall@10 against exact neighbours.

        The recall is that of windows of the index evenly spread, each left out of its own.
        """
        done = len(self.graph)
        if done > len(stored):
            raise DataError(f"{self.folder / _GRAPH} is of another index: delete it")
        if done == len(stored):
            return float(read_json(self.folder / _ABOUT, "recall_at_10")["recall_at_10"])
        with tqdm(total=len(stored) - done, unit="window", desc="graph", disable=None) as bar:
            for at in range(done, len(stored), _CHUNK):
                some = np.asarray(stored[at : at + _CHUNK])
                self.graph.add(np.arange(at, at + len(some)), some)
                bar.update(len(some))
        recall = self._recall(stored)
        (self.folder / _ABOUT).unlink(missing_ok=True)
        with whole(self.folder / _GRAPH) as part:
            self.graph.save(str(part))
        about = {"windows": len(stored), "recall_at_10": recall, "probes": _PROBES}
        write_json(self.folder / _ABOUT, about)
        return recall

    def _recall(self, stored: NDArray[np.float16]) -> float:
        probes = evenly(len(stored), _PROBES)
        queries = stored[probes].astype(np.float32)
        rows, cosine = similarity.of_each(stored, queries, min(_NEAREST + 1, len(stored)))
        shares = []
        for row, query, exact, exactly in zip(probes, queries, rows, cosine, strict=True):
            others = np.sort(exactly[exact != row])[::-1][:_NEAREST]
            if not query.any() or not len(others):
                continue
            near = self._candidates(query[None], _NEAREST + 1)
            again = np.sort(stored[near[near != row]].astype(np.float32) @ query)[-len(others) :]
            # Equals of the last neighbour are as good: which of them are listed is chance.
            shares.append(float((again >= others[-1] - 1e-6).sum()) / len(others))
        return float(np.mean(shares)) if shares else 1.0

    def _candidates(self, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """The rows found for any query, in order."""
        self.graph.expansion_search = max(_LEAST, count)
        found = self.graph.search(queries.astype(np.float16), max(_LEAST, count))
        return np.unique(np.asarray(found.keys)).astype(np.int64)

    def best(self, stored: NDArray[np.float16], queries: NDArray[np.float32]) -> Best:
        """As `similarity.exact`, among the candidates of the graph."""
        wanted = similarity.wanted_of(stored, queries)
        known = wanted[wanted.any(axis=1)]

        def best(count: int) -> Windows:
            rows = self._candidates(known, min(count, len(stored)))
            among, query, cosine = similarity.exact(stored[rows], wanted)(count)
            return rows[among], query, cosine

        return best
