"""What the stage ingest may be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import pandas as pd

from rarewave.annotations import classes
from rarewave.base.errors import DataError
from rarewave.base.parameters import Above, AtLeast, Between, Seed
from rarewave.recordings import sound

# What columns that label_columns names may hold.
HELD = ("file", "start", "end", "label", "low", "high", "channel", "station", "id")
WEAK = ("clips", "folders", "names")  # labels of whole recordings
LABELS = Literal["catalogues", "files", "tables", "clips", "folders", "names", "none"]


@dataclass(frozen=True)
class Sources:
    """Where recordings and labels are, and what must not be split.

    `data` is a folder; `pattern` (a glob of recordings) and all label files lie below it. `labels`
    says where labels come from: `catalogues` of UTC times; a label file for each recording
    (`files`); `tables` that name the file of each row; tables of whole `clips`; `folders` named
    after what they hold; file `names`; or `none`, where pretraining is all that can be done.
    `label_files` are the catalogues, the tables, or for `files` patterns such as
    `labels/{stem}.txt`. `label_columns` names the columns of a csv by what they hold.
    `label_separator` stands between the labels of a cell that has several; null: a cell is one
    label. `strong_files` are tables of events with times, of recordings whose labels are of the
    whole; they are what events are scored against, and a cell of theirs is one label. `group`: what
    stays together in a split: recordings of one UTC `day`, one `station`, one `folder`, every
    `recording` for itself, what the clip table or the name says (`given`), the part of the file's
    name that `group_pattern` calls so (`name`), or stretches of `block_s` seconds of each recording
    (`block`), for long ones. Times in
    names are of `time_zone` unless they say another. A catalogue speaks of `catalogue_span`, from
    and until; null: of the UTC days from its first to its last event; recordings outside are
    unlabelled. `classes` gives labels, or patterns of labels, another name: of several one class,
    of null uncertain time, of `background` none at all. Events of `uncertain_labels` are neither
    event nor background, and so is what follows an event of `until_label`. `channel` is of sound
    files; `channels` are patterns of the identifiers (NET.STA.LOC.CHA) of seismic files, and files
    without such a channel are left out and counted. `leave_out_unusable`: recordings that are
    broken, too short or of a wrong rate are left out and counted; else they end the stage.
    """

    data: str
    pattern: str
    labels: LABELS
    label_files: tuple[str, ...]
    label_column: str | None
    label_columns: Mapping[str, str]
    label_separator: str | None
    strong_files: tuple[str, ...]
    name_pattern: str | None
    start_pattern: str | None
    time_zone: str
    channel: Annotated[int, AtLeast(1)] | None
    channels: str | tuple[str, ...] | None
    leave_out_unusable: bool
    group: Literal["day", "station", "folder", "recording", "given", "name", "block"]
    group_pattern: str | None
    block_s: Annotated[float, Above(0)]
    folds: Annotated[int, Between(0, 10_000)]
    fold_seed: Seed
    catalogue_span: tuple[str, ...] | None
    classes: Mapping[str, str | None]
    uncertain_labels: tuple[str, ...]
    until_label: str | None

    def __post_init__(self) -> None:
        if not self.pattern or self.pattern.startswith("/") or ".." in self.pattern:
            raise DataError(
                f"pattern is {self.pattern!r}: it must be relative to ingest.data, as in "
                "recordings/*.mseed"
            )
        if not self.label_files and self.labels in ("catalogues", "files", "tables", "clips"):
            raise DataError(
                f"label_files is empty: labels is {self.labels}, which needs at least one file "
                "or pattern below ingest.data"
            )
        if self.labels == "names" and "(?P<label>" not in (self.name_pattern or ""):
            raise DataError(
                f"name_pattern is {self.name_pattern!r}: labels is names, which needs a regular "
                "expression with (?P<label>…), as in (?P<label>[a-z]+)_.*"
            )
        if self.label_separator is not None and self.labels not in ("files", "tables", "clips"):
            raise DataError(
                f"label_separator is {self.label_separator!r}, and labels is {self.labels}: only "
                "cells of files, tables and clips hold several labels; set it to null"
            )
        if self.strong_files and self.labels not in WEAK:
            raise DataError(
                f"strong_files is {list(self.strong_files)}, and labels is {self.labels}, which "
                "have times already: give all tables as label_files, and leave strong_files empty"
            )
        odd = [what for what in self.label_columns if what not in HELD]
        if odd or not all(self.label_columns.values()):
            raise DataError(
                f"label_columns is {dict(self.label_columns)}: give names of columns by what they "
                f"hold, which is {', '.join(HELD)}, as in {{file: name, start: t0, end: t1}}"
            )
        if self.label_separator == "":
            raise DataError("label_separator is empty: give ';', or null where a cell is one label")
        if self.folds == 1:
            raise DataError("folds is 1: give 0 for none, or at least 2")
        if self.start_pattern is not None:
            sound.check_pattern(self.start_pattern)
        sound.zone_of(self.time_zone)
        if self.channels is not None and not all(self.patterns() or ("",)):
            raise DataError(
                'channels is empty: give a pattern as "XA.S12.*.MHZ", a list of them, or null'
            )
        classes.check(self.classes)
        self.span()
        if self.group == "block" and self.folds:
            raise DataError("group is block, and folds are of whole recordings: set folds to 0")
        if (self.group == "name") != (self.group_pattern is not None):
            raise DataError(
                f"group is {self.group}, and group_pattern is {self.group_pattern!r}: group name "
                "needs a regular expression with (?P<group>…), as in (?P<group>[A-Z]+)_.*, and no "
                "other group does"
            )
        if self.group_pattern is not None and "(?P<group>" not in self.group_pattern:
            raise DataError(
                f"group_pattern is {self.group_pattern!r}: write (?P<group>…) around the part of "
                "the name that is the group, as in (?P<group>[A-Z]+)_.*"
            )
        if self.group == "given" and self.labels not in ("clips", "names"):
            raise DataError("group is given, and only labels: clips or names give groups")

    def patterns(self) -> tuple[str, ...] | None:
        """Of the channels of seismic files that are read; None: none is chosen."""
        return (self.channels,) if isinstance(self.channels, str) else self.channels

    def span(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """When the catalogues' span begins and ends (UTC), None where it is not declared.

        Raises
        ------
        DataError
            These are not two times in order.
        """
        if self.catalogue_span is None:
            return None
        try:
            begin, end = (pd.to_datetime(text, utc=True) for text in self.catalogue_span)
        except (ValueError, TypeError):
            begin = end = pd.NaT
        if not begin < end:
            raise DataError(
                f"catalogue_span is {list(self.catalogue_span)}: give two times in order, as "
                '["1971-01-01", "1972-01-01T12:00"]'
            )
        return begin, end
