"""A folder that nobody has labelled: what is in it, and what to label first."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.annotations import intake
from rarewave.annotations.listing import Wanted
from rarewave.annotations.sources import Sources
from rarewave.base.files import write_csv
from rarewave.base.parallel import ordered_map
from rarewave.dataset import looks
from rarewave.frontend.spectrogram import Spectrogram, spectrograms
from rarewave.plots import charts, contact_sheets
from rarewave.recordings import reading

_SOUND_S = 1.0  # a window of sound
_SEISMIC = 2048  # samples of a window of anything else
_BANDS = 24
_MOST = 20_000  # windows that are compared, spread over all recordings
_KINDS = 12  # clusters
_EACH = 4  # windows of each to label first
_QUIET = 0.5  # of the windows of a recording, by band: its own background


class Windows(NamedTuple):
    """Windows of recordings, and what each is like."""

    table: pd.DataFrame  # recording_id, path, start_s, end_s, above_db
    features: NDArray[np.float64]  # (n, 2 bands) dB above the background of their recording


class Proposal(NamedTuple):
    """Windows to label first, and what was written."""

    table: pd.DataFrame  # recording, start_s, end_s, kind, above_db, x, y
    picked: pd.DataFrame  # rows of it
    report: Path


def compare(folder: Path, recordings: pd.DataFrame, seismic: bool) -> Windows:
    """Windows of all recordings, each in bands above the background of its own recording.

    The level of each band (mean and highest of the window) less its median over the recording's
    windows, so that gain and place do not part them.
    """
    rate = float(recordings["sample_rate"].min())
    seconds = _SEISMIC / rate if seismic else _SOUND_S
    total = int(np.ceil(recordings["n_samples"] / recordings["sample_rate"] / seconds).sum())
    step = seconds * max(1, int(np.ceil(total / _MOST)))
    work = partial(_one, folder=folder, seconds=seconds, step=step, top_hz=rate / 2)
    found = list(ordered_map(work, recordings.to_dict("records"), "compare"))
    table = pd.concat([part.table for part in found], ignore_index=True)
    return Windows(table, np.concatenate([part.features for part in found]))


def _one(row: dict[str, Any], folder: Path, seconds: float, step: float, top_hz: float) -> Windows:
    rate, count = row["sample_rate"], row["n_samples"]
    length = round(seconds * rate)
    first = np.arange(0, max(1, count - length + 1), round(step * rate))
    n_fft = int(2 ** np.floor(np.log2(max(16, min(length / 8, 2048)))))
    mel = top_hz > 3000
    look = Spectrogram("mel" if mel else "linear", n_fft, n_fft // 2, 32, 0.0, top_hz, -300, 0, 0.2)
    values = np.full((len(first), 2 * _BANDS), np.nan)
    for number, at in enumerate(first):
        samples = np.nan_to_num(reading.read(folder / row["path"], row["channel"], at, at + length))
        padded = np.pad(samples, (0, max(0, length - len(samples))))
        level = spectrograms(padded[None].astype(np.float32), rate, look)[0, :, :, 0]
        bands = np.stack([part.mean(axis=0) for part in np.array_split(level, _BANDS)])
        values[number] = np.concatenate([bands.mean(axis=1), bands.max(axis=1)])
    above = values - np.quantile(values, _QUIET, axis=0)
    table = pd.DataFrame(
        {
            "recording_id": row["recording_id"],
            "path": row["path"],
            "start_s": first / rate,
            "end_s": np.minimum((first + length) / rate, count / rate),
            "above_db": above[:, _BANDS:].max(axis=1),
        }
    )
    return Windows(table, above)


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


def propose(
    folder: Path, sources: Sources, wanted: Wanted, seismic: bool, reports: Path, name: str
) -> Proposal:
    """Look at all recordings, write what to label first and the page that shows it.

    Raises
    ------
    DataError
        No recording can be used.
    """
    files = reading.find_files(folder, sources.pattern)
    recordings, _ = intake.listed(files, sources, folder, wanted)
    table = pick(compare(folder, recordings, seismic))
    picked = table[table["picked"]].sort_values(["kind", "recording_id", "start_s"])
    place = reports / name
    place.mkdir(parents=True, exist_ok=True)
    columns = ["path", "start_s", "end_s", "kind", "above_db"]
    write_csv(place / "label_first.csv", picked[columns].round(3).to_dict("records"))
    write_csv(
        place / "windows.csv", table[[*columns, "x", "y", "picked"]].round(3).to_dict("records")
    )
    lines = {
        f"kind {kind}": (mine["x"].to_numpy(), mine["y"].to_numpy())
        for kind, mine in table.groupby("kind")
    }
    charts.scatter(place / "windows.png", lines, "Windows of all recordings, by kind",
                   "first principal component [dB]", "second principal component [dB]")  # fmt: skip
    by_name = {row["recording_id"]: row for row in recordings.to_dict("records")}
    sheet = {
        f"kind {kind}": [
            looks.example(event, by_name[event["recording_id"]], folder, 512, np.inf)
            for event in mine.rename(columns={"start_s": "onset_s", "end_s": "offset_s"}).to_dict(
                "records"
            )
        ]
        for kind, mine in picked.groupby("kind")
    }
    contact_sheets.examples(place / "contact_sheet.png", sheet, "What to label first")
    return Proposal(table, picked, _page(reports / f"{name}.md", name, recordings, table))


def _page(path: Path, name: str, recordings: pd.DataFrame, table: pd.DataFrame) -> Path:
    hours = float((recordings["n_samples"] / recordings["sample_rate"]).sum() / 3600)
    kinds = table.groupby("kind").agg(
        windows=("path", "size"), recordings=("path", "nunique"), above_db=("above_db", "median")
    )
    rows = [f"| {kind} | {r.windows} | {r.recordings} | {r.above_db:.0f} |" for kind, r in
            zip(kinds.index, kinds.itertuples(), strict=True)]  # fmt: skip
    text = [
        f"# {name}: not labelled yet",
        "",
        f"{len(recordings)} recordings, {hours:.3g} h, no labels. {len(table)} windows were "
        "compared by the level of their bands above the background of their recording.",
        "",
        "| kind | windows | recordings | dB above the background (median) |",
        "|---|---|---|---|",
        *rows,
        "",
        f"Label the {int(table['picked'].sum())} windows of `{name}/label_first.csv` first: the "
        "most usual and the loudest of each kind. What is not labelled in a recording with a label "
        "file counts as background, so label each of these recordings to its end, or cut it.",
        "",
        f"![What to label first]({name}/contact_sheet.png)",
        "",
        f"![All windows]({name}/windows.png)",
    ]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path
