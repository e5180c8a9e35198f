"""The recordings of one part of a split, whole, and what is true of them."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tables import DETECTED, conform
from rarewave.base.tasks import Task
from rarewave.detection import postprocessing
from rarewave.detection.operating_points import without_doubtful
from rarewave.detection.postprocessing import Joining
from rarewave.frontend.transform import FrontEnd
from rarewave.recordings import streams
from rarewave.recordings.reading import Header
from rarewave.recordings.streams import Stream

PARTS = ("validation", "test")


class Heldout(NamedTuple):
    """Recordings that lie in one part as a whole."""

    recordings: pd.DataFrame  # rows of table RECORDINGS
    truth: pd.DataFrame  # rows of table EVENTS, certain ones; of an event task all of one label
    doubtful: pd.DataFrame  # the uncertain ones
    windows: pd.DataFrame  # rows of table WINDOWS

    @property
    def files(self) -> list[tuple[Path, Header]]:
        """Path below the folder of recordings, and header, of each."""
        return [
            (Path(row["path"]), Header(*(row[name] for name in Header._fields)))
            for row in self.recordings.to_dict("records")
        ]

    def work(self, folder: Path, scores: Path) -> list[tuple[Stream, Path]]:
        """The recordings joined to streams, and the file of scores of each below `scores`."""
        joined = streams.join([(folder / path, header) for path, header in self.files])
        return [(stream, scores / f"{number}.f32") for number, stream in enumerate(joined)]

    @property
    def durations(self) -> dict[str, float]:
        """Seconds of each recording."""
        seconds = self.recordings["n_samples"] / self.recordings["sample_rate"]
        return dict(zip(self.recordings["recording_id"], seconds, strict=True))

    @property
    def hours(self) -> float:
        """Of all recordings."""
        return sum(self.durations.values()) / 3600

    @property
    def grid(self) -> bool:
        """Whether the windows cover the recordings, and baselines were scored everywhere."""
        covered = self.windows.groupby("recording_id")["new_s"].sum()
        seconds = pd.Series(self.durations)
        return bool((covered.reindex(seconds.index) > 0.99 * seconds).all())

    def with_signals(self, signals: pd.DataFrame) -> "Heldout":
        """With the columns of a table of window_id and scores beside the windows."""
        return self._replace(windows=self.windows.merge(signals, on="window_id", how="left"))

    def scored(self, found: pd.DataFrame) -> pd.DataFrame:
        """Detections without those in uncertain time, as table DETECTED."""
        table = without_doubtful(found.reset_index(drop=True), self.doubtful)
        order = ["recording_id", "onset_s", "offset_s", "label"]
        return conform(table.sort_values(order, ignore_index=True), DETECTED, "events")

    def from_windows(
        self, column: str, front_end: FrontEnd, how: Joining
    ) -> tuple[Callable[[str, float], pd.DataFrame], NDArray[np.float64]]:
        """Events of a baseline that is a column of the windows, and thresholds to try.

        An event ends where the score falls below its threshold: a level in dB has no half.
        """
        rate, length = front_end.clean.sample_rate_hz, front_end.grid.window_samples
        how = dataclasses.replace(how, off_ratio=1.0)
        tables = dict(list(self.windows.groupby("recording_id")))

        def find(label: str, threshold: float) -> pd.DataFrame:
            rows = []
            for name, seconds in self.durations.items():
                mine = tables[name]
                first = np.rint(mine["start_s"] * rate).to_numpy(np.int64)
                p = mine[column].where(mine["status"] != "gap").to_numpy(float)
                found = postprocessing.spans(
                    p, first, length, round(seconds * rate), rate, threshold, how
                )
                rows += [row | {"recording_id": name, "label": label} for row in found]
            return self.scored(pd.DataFrame(rows, columns=list(DETECTED)))

        values = self.windows[column][self.windows["status"] != "gap"].to_numpy(float)
        return find, np.unique(np.quantile(values, np.linspace(0, 1, 301)))


def heldout(
    part: str,
    recordings: pd.DataFrame,
    events: pd.DataFrame,
    windows: pd.DataFrame,
    split: pd.DataFrame,
    task: Task,
) -> Heldout:
    """The labelled recordings all of whose windows are of one part, or purged.

    Raises
    ------
    DataError
        There is none.
    """
    named = split.merge(windows[["window_id", "recording_id"]], on="window_id")
    inside = named.groupby("recording_id")["part"].agg(set)
    whole = inside.index[[part in p and p <= {part, "purged"} for p in inside]]
    mine = recordings[recordings["recording_id"].isin(whole) & recordings["labelled"]]
    if not len(mine):
        raise DataError(
            f"no recording lies in the {part} part as a whole: events can only be scored in whole "
            "recordings; choose an ingest.group that keeps them whole"
        )
    truth = events[events["recording_id"].isin(mine["recording_id"])]
    if task.kind == "event":
        truth = truth.assign(label=task.events[0])
    seconds = dict(zip(mine["recording_id"], mine["n_samples"] / mine["sample_rate"], strict=True))
    ends = truth["recording_id"].map(seconds)
    truth = truth.assign(
        offset_s=truth["offset_s"].clip(upper=ends), onset_s=truth["onset_s"].clip(0)
    )
    truth = truth[truth["offset_s"] > truth["onset_s"]]
    certain = truth["certain"]
    return Heldout(
        mine.reset_index(drop=True),
        truth[certain].reset_index(drop=True),
        truth[~certain].reset_index(drop=True),
        windows[windows["recording_id"].isin(mine["recording_id"])],
    )
