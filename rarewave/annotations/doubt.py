"""Time of which annotators say that they cannot tell."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from rarewave.base.errors import DataError
from rarewave.base.tables import EVENTS, conform


def marked(
    events: pd.DataFrame, recordings: pd.DataFrame, labels: Collection[str], until: str | None
) -> pd.DataFrame:
    """Table EVENTS where some labels are no events, but say that nobody knows.

    Parameters
    ----------
    labels : of events that may be or not be: they are uncertain.
    until : the label that ends what was annotated: all that follows its onset in the recording
        is uncertain, and what else begins there is left out.

    Raises
    ------
    DataError
        No event has such a label.
    """
    known = set(events["label"])
    for name in sorted({*labels, *([until] if until else [])} - known):
        raise DataError(
            f"no event is called {name!r}, which ingest.uncertain_labels or ingest.until_label "
            f"names: there are {', '.join(sorted(known)[:20])}"
        )
    unsure = events["label"].isin(set(labels))
    events = events.assign(certain=events["certain"] & ~unsure)
    if until is None:
        return events
    seconds = recordings["n_samples"] / recordings["sample_rate"]
    length = dict(zip(recordings["recording_id"], seconds, strict=True))
    ends = events[events["label"] == until].groupby("recording_id")["onset_s"].min()
    end = events["recording_id"].map(ends).fillna(np.inf)
    kept = events[(events["onset_s"] < end) & (events["label"] != until)]
    rest = [
        {"event_id": f"{name}/{until}", "recording_id": name, "onset_s": onset, "certain": False}
        | {"offset_s": length[name], "low_hz": np.nan, "high_hz": np.nan, "label": until}
        | {"weak": False}
        for name, onset in ends.items()
    ]
    both = [kept, pd.DataFrame(rest, columns=list(EVENTS))] if rest else [kept]
    return conform(pd.concat(both, ignore_index=True), EVENTS, "events")
