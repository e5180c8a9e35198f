"""Class lists: labels renamed, merged, dropped, and what becomes of the others."""

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

import pandas as pd

from rarewave.annotations.table import bad_label
from rarewave.base.errors import DataError
from rarewave.base.tables import EVENTS, conform
from rarewave.base.tasks import BACKGROUND

UNCERTAIN = "(uncertain)"  # what the table of counts calls the class of dropped labels


def check(classes: Mapping[str, str | None]) -> None:
    """Raise `DataError` where a class has a name that no label may have."""
    for label, name in classes.items():
        mistake = "" if name in (None, BACKGROUND) else bad_label(str(name))
        if mistake:
            raise DataError(f"classes gives {label!r} a class that cannot be: {mistake}")


def applied(
    events: pd.DataFrame, classes: Mapping[str, str | None], doubted: Collection[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table EVENTS under the names of classes, and a table of counts before and after.

    Parameters
    ----------
    classes : label, or a pattern of labels (`*`, `?`), to the name of its class. Null: its time
        is uncertain, neither event nor background. `background`: as if nobody had written it
        down. An exact name counts before patterns, of these the first; other labels stay.
    doubted : labels that say that nobody knows; no class is theirs.

    Returns
    -------
    The events; two of one class at the same times and frequencies are one. And label, events,
    class and events_of_class, of certain events, a row for each label.

    Raises
    ------
    DataError
        A name or pattern fits no label, or names one that is doubted.
    """
    labels = sorted(set(events["label"]) - set(doubted))
    _refuse_unfit(classes, labels, doubted)
    known = {label: _class_of(label, classes) for label in labels}
    became = events["label"].map(lambda label: known.get(label, label))
    dropped = became.isna()
    new = events.assign(
        label=became.where(~dropped, events["label"]), certain=events["certain"] & ~dropped
    )
    gone = (became == BACKGROUND) & ~events["label"].isin(set(doubted))
    same = ["recording_id", "onset_s", "offset_s", "low_hz", "high_hz", "label", "certain"]
    new = conform(new[~gone].drop_duplicates(same), EVENTS, "events")
    before, after = _counts(events), _counts(new)
    named = {label: UNCERTAIN if name is None else name for label, name in known.items()}
    rows = [
        {"label": label, "events": before.get(label, 0), "class": name}
        | {"events_of_class": after.get(name, 0)}
        for label, name in named.items()
    ]
    return new, pd.DataFrame(rows, columns=["label", "events", "class", "events_of_class"])


def _counts(events: pd.DataFrame) -> dict[str, int]:
    certain = events[events["certain"]]
    counted = certain.groupby("label")["event_id"].nunique()
    return {str(label): int(count) for label, count in counted.items()}


def _class_of(label: str, classes: Mapping[str, str | None]) -> str | None:
    if label in classes:
        return classes[label]
    return next((name for fit, name in classes.items() if fnmatchcase(label, fit)), label)


def _refuse_unfit(
    classes: Mapping[str, str | None], labels: list[str], doubted: Collection[str]
) -> None:
    for fit in classes:
        if fit in doubted:
            raise DataError(
                f"ingest.classes names {fit!r}, and so does ingest.uncertain_labels or "
                "ingest.until_label: take it out of one"
            )
    unfit = [fit for fit in classes if not any(fit == k or fnmatchcase(k, fit) for k in labels)]
    if unfit:
        shown = ", ".join(labels[:20]) + (" …" if len(labels) > 20 else "")
        raise DataError(
            f"no label is called {' or '.join(map(repr, unfit))}, which ingest.classes names: "
            f"there are {shown}"
        )
