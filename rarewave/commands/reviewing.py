"""The command label-errors: a review table of labels that scores of other folds contradict."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave import __version__
from rarewave.annotations import writing
from rarewave.base.errors import DataError
from rarewave.base.files import shown
from rarewave.commands import detecting, tables
from rarewave.experiments import label_errors as doubts
from rarewave.experiments.dvc import WORKSPACE


def label_errors(
    experiments: Sequence[str],
    name: str | None,
    out: Path,
    forms: Sequence[str],
    most: int | None,
) -> None:
    """Write event tables of labels that are likely wrong, the most doubtful first.

    Parameters
    ----------
    experiments : none: the folds of `name`; without that the workspace.
    forms : names in `writing.WRITERS`.
    most : so many labels; None: those that cleanlab calls errors.

    Raises
    ------
    DataError
        As `doubts.scored`; no label is doubtful, or a format cannot hold them.
    """
    chosen = list(experiments) or (doubts.of_folds(name) if name else [WORKSPACE])
    windows = doubts.scored(chosen)
    found = doubts.stretches(windows, most)
    count = len(windows.table)
    print(f"{count} of {windows.labelled} windows scored by a network that did not learn them")
    if not len(found):
        raise DataError("no label is doubtful: --count N lists the N that scores contradict most")
    events = _events(found)
    _write(out, events, forms)
    for row in events.head(5).to_dict("records"):
        print(
            f"{row['quality']:.3f}  {shown(row['path'])}  {row['onset_s']:g} to "
            f"{row['offset_s']:g} s  {row['label']}"
        )
    print(f"{len(events)} doubtful labels, written to {out}")


def _events(found: pd.DataFrame) -> pd.DataFrame:
    """What event tables hold of the stretches, the most doubtful first."""
    pairs = list(zip(map(Path, found["path"]), found["channel"], strict=True))
    listed = detecting.listed_of(list(dict.fromkeys(pairs)))
    onset = found["onset_s"].round(3)
    offset = np.floor(found["offset_s"] * 1000 + 1e-6) / 1000  # not after the recording
    good = onset < offset
    table = found.assign(
        quality=found["quality"].round(4),
        label=found["given"] + " -> " + found["suggested"],
        onset_s=onset.where(good, found["onset_s"]),
        offset_s=offset.where(good, found["offset_s"]),
        low_hz=np.nan,
        high_hz=np.nan,
        nyquist_hz=found["sample_rate"] / 2,
        file="",  # as lists name it: of `writing.write`
        path=[str(path) for path, _ in pairs],
        channel_id=found["channel"],
        channel=[
            detecting.number_of(channel, listed[str(path)].channels) for path, channel in pairs
        ],
        version=__version__,
    )
    start = found["start"].astype("datetime64[ns, UTC]")
    for side in ("start", "end"):
        at = table["onset_s" if side == "start" else "offset_s"]
        table[side] = start + pd.to_timedelta(at, unit="s")
    first = ["rank", "file", "onset_s", "offset_s", "given", "suggested", "quality", "label"]
    return table[[*first, *(name for name in table if name not in first)]]


def _write(out: Path, events: pd.DataFrame, forms: Sequence[str]) -> None:
    """Event tables in every form that is wanted, and as csv."""
    pairs = events[["path", "channel_id"]].drop_duplicates().itertuples(index=False, name=None)
    listed = detecting.listed_of([(Path(path), channel) for path, channel in pairs])
    kept = events.drop(columns=["recording_id", "sample_rate"])
    known = [(Path(e["path"]), e["start"], e["channel_id"]) for e in events.to_dict("records")]
    for form in dict.fromkeys([*forms, tables.COMBINED]):
        writing.check_recordings(form, known)
    for form in dict.fromkeys([*forms, tables.COMBINED]):
        writing.write(out, form, kept, listed)
