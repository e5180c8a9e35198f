"""Windows of whole recordings on the grid, as detectors run, with their labels and scores."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rarewave.base.tables import EVALUATED, OTHERS, Schema, conform, with_scores
from rarewave.base.tasks import Task
from rarewave.baselines.registry import SIGNALS
from rarewave.dataset.labelling import Labelling, label_windows
from rarewave.detection.heldout import Heldout, cleaned_seconds
from rarewave.detection.scanning import Scan
from rarewave.frontend.transform import FrontEnd

# What the stage scan keeps of windows on the grid where training has windows around calls.
SCHEMA: Schema = OTHERS | {"part": "str", "group": "str", "start_s": "float64", "event_id": "str"}


def schema(names: Sequence[str]) -> Schema:
    """The columns of the table, with a score of every name."""
    return with_scores(SCHEMA | EVALUATED, names)


def grid_scores(
    held: Heldout,
    part: str,
    scans: Sequence[Scan],
    front_end: FrontEnd,
    labelling: Labelling,
    task: Task,
    detectors: Sequence[str],
    signals: pd.DataFrame | None,
) -> pd.DataFrame:
    """Used windows of recordings held out whole, a row for each detector: table `schema`.

    Labels are given as in the stage clean; uncertain windows and gaps are left out. `row` is -1,
    for the data set does not hold these windows.

    Parameters
    ----------
    scans : of the streams of `held`, with a column for each name of each detector, in order.
    signals : what `stream_signals` gives for the baselines of the signal; None: there are none.
    """
    rate, tables = front_end.clean.sample_rate_hz, []
    events = pd.concat([held.truth, held.doubtful], ignore_index=True)
    events = events.assign(label=events["kind"])
    for scan in scans:
        P = np.array(scan.P)
        name, first = scan.stream.pieces[0].header.recording_id, scan.first[: len(P)]
        missing, about = (_on_samples(t, scan, front_end) for t in (held.gaps, events))
        gaps = np.rint(missing[["onset_s", "offset_s"]].to_numpy(float) * rate).astype(np.int64)
        rules = labelling, task.kind == "tags"
        windows = label_windows(first, gaps, about, rate, front_end.grid, *rules)
        windows["start_s"] = first / rate
        windows["window_id"] = [f"{name}/{sample:08d}" for sample in first]
        windows["recording_id"] = name
        windows = windows.assign(part=part, row=-1, unit="")
        used = (windows["status"] == "used").to_numpy() & np.isfinite(P).all(axis=1)
        if task.kind == "classes":  # without background it is not known what quiet windows are
            used &= windows["label"].isin(task.names).to_numpy()
        for number, detector in enumerate(detectors):
            mine = P[used, number * len(task.names) :]
            scores = {f"p_{n}": mine[:, k].astype(float) for k, n in enumerate(task.names)}
            tables.append(windows[used].assign(detector=detector, **scores))
        if signals is not None:
            values = signals[signals["recording_id"] == name].reset_index(drop=True)[used]
            unknown = windows[used].assign(**{f"p_{n}": np.nan for n in task.names})
            for detector in SIGNALS:
                known = {f"p_{task.events[0]}": values[detector].to_numpy()}
                tables.append(unknown.assign(detector=detector, **known))
    table = pd.concat(tables, ignore_index=True)
    starts = table[["recording_id", "start_s"]].assign(onset_s=table["start_s"])
    table["group"] = held.groups_of(starts.assign(offset_s=starts["onset_s"]))
    return conform(table, schema(task.names), "windows on the grid")


def _on_samples(table: pd.DataFrame, scan: Scan, front_end: FrontEnd) -> pd.DataFrame:
    """The intervals of one stream, in cleaned samples over the model's rate, as windows are."""
    mine = table[table["recording_id"] == scan.stream.pieces[0].header.recording_id]
    onset, offset = (
        cleaned_seconds(mine[column], scan.stream, front_end) for column in ("onset_s", "offset_s")
    )
    return mine.assign(onset_s=onset, offset_s=offset)
