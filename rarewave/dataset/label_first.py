"""Which windows to label first: of each kind the most usual and the loudest."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.tables import Schema
from rarewave.frontend.level import level_db
from rarewave.frontend.spectrogram import Spectrogram

COLUMNS = ("path", "start_s", "end_s", "kind", "above_db")  # of the list that people get
_CHUNK = 1024  # windows at once: it bounds the memory
BANDS = 24
_QUIET = 0.5  # of the windows of a recording, by band: its own background
_OWN = 5  # windows: a recording of fewer has no background of its own
_KINDS = 12  # clusters
_EACH = 4  # windows of each to label first


class Windows(NamedTuple):
    """Windows of recordings, and what each is like."""

    table: pd.DataFrame  # recording_id, path, start_s, end_s, above_db
    features: NDArray[np.floating]  # (n, d)


def levels(level: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean and highest level (n, 2 bands) in dB of each band of spectrograms (n, f, t) in dB."""
    parts = [part for part in np.array_split(level, BANDS, axis=1) if part.shape[1]]
    bands = np.stack([part.mean(axis=1) for part in parts], axis=1)
    return np.concatenate([bands.mean(axis=2), bands.max(axis=2)], axis=1).astype(np.float64)


def above_background(
    values: NDArray[np.float64], recordings: "pd.Series[str]"
) -> NDArray[np.float64]:
    """Levels (n, 2 bands) of windows less their median over the recording that each is of.

    Recordings of few windows, as clips, have no background of their own: they share one.
    """
    names = recordings.to_numpy("U")
    many = pd.Series(names).map(recordings.value_counts()).to_numpy() >= _OWN
    above = np.empty_like(values)
    background = pd.Series(np.where(many, names, ""))
    for rows in background.groupby(background).indices.values():
        above[rows] = values[rows] - np.quantile(values[rows], _QUIET, axis=0)
    return above


def loudest(above: NDArray[np.float64]) -> NDArray[np.float64]:
    """The highest level (n,) in any band, of what `above_background` gives."""
    return above[:, above.shape[1] // 2 :].max(axis=1)


def described(
    X: NDArray[np.float32],
    windows: pd.DataFrame,
    recordings: pd.DataFrame,
    options: Spectrogram,
) -> pd.DataFrame:
    """Table of `Windows` from spectrograms and the tables WINDOWS and RECORDINGS.

    Parameters
    ----------
    X : (n, rows, frames, channels) of the windows, perhaps memory-mapped.
    options : of what X is.
    """
    known = recordings.set_index("recording_id")
    length = known["n_samples"] / known["sample_rate"]
    name, start = windows["recording_id"], windows["start_s"]
    table = windows[["window_id", "recording_id", "start_s"]].assign(
        path=name.map(known["path"]),
        end_s=np.minimum(start + windows["duration_s"], name.map(length)),
    )
    values = [levels(level_db(X[at : at + _CHUNK], options)) for at in range(0, len(X), _CHUNK)]
    above = above_background(np.concatenate(values), name)
    return table.assign(above_db=loudest(above))


def feature_names(count: int) -> list[str]:
    """The columns of so many features: f000 and so on."""
    return [f"f{number:0{len(str(count - 1))}d}" for number in range(count)]


def embedding(table: pd.DataFrame, features: NDArray[np.floating]) -> tuple[pd.DataFrame, Schema]:
    """A table of features, f000 and so on, with the windows that they are of; and its schema."""
    names = feature_names(features.shape[1])
    about = {"window_id": "str", "recording_id": "str", "start_s": "float64", "end_s": "float64"}
    frame = pd.DataFrame(features, columns=names, index=table.index)
    return pd.concat([table, frame], axis=1), about | dict.fromkeys(names, "float32")


def pick(windows: Windows, seed: int = 1) -> pd.DataFrame:
    """The windows with a kind, a place in two dimensions, and which of them to label first.

    Kinds are clusters (k-means) of the principal components; of each those nearest to its middle
    and, from different recordings where there are any, the loudest are `picked`.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    values = windows.features
    count = min(16, *values.shape)
    places = PCA(count, random_state=seed).fit_transform(values)
    kinds = min(_KINDS, len(values))
    model = KMeans(kinds, n_init=4, random_state=seed).fit(places)
    distance = np.linalg.norm(places - model.cluster_centers_[model.labels_], axis=1)
    places = np.pad(places, ((0, 0), (0, max(0, 2 - count))))
    table = windows.table.assign(kind=model.labels_, x=places[:, 0], y=places[:, 1])
    table["distance"] = distance
    order = table.groupby("kind")["above_db"].median().sort_values(ascending=False).index
    table["kind"] = table["kind"].map({kind: number + 1 for number, kind in enumerate(order)})
    chosen: list[int] = []
    for _, mine in table.groupby("kind"):
        middle = mine.sort_values("distance").drop_duplicates("recording_id").index
        loud = mine.sort_values("above_db", ascending=False).drop_duplicates("recording_id").index
        both = [*middle[: _EACH // 2], *loud[:_EACH]]
        chosen += list(dict.fromkeys(both))[:_EACH]
    table["picked"] = table.index.isin(chosen)
    return table.drop(columns="distance")


def picked(table: pd.DataFrame) -> pd.DataFrame:
    """The rows to label first of what `pick` gives, kind by kind."""
    return table[table["picked"]].sort_values(["kind", "recording_id", "start_s"])


def places(table: pd.DataFrame) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Where the windows of each kind lie, to be drawn."""
    return {
        f"kind {kind}": (mine["x"].to_numpy(), mine["y"].to_numpy())
        for kind, mine in table.groupby("kind")
    }
