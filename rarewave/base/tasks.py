"""What a network is to tell apart: the task, its classes in order, and what follows from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError

BACKGROUND = "background"
EVENT = "event"
UNLABELLED = "unlabelled"  # status of windows of recordings that nobody has looked at
NOTHING = -1  # the class of a window that holds none of the tags

Kind = Literal["event", "classes", "tags"]
KINDS: tuple[Kind, ...] = ("event", "classes", "tags")


@dataclass(frozen=True)
class Task:
    """What a window may be, in the order of all arrays of targets and probabilities.

    `event`: background or one kind of event, one sigmoid. `classes`: one of several, background
    perhaps among them, a softmax. `tags`: any of several at once or none, a sigmoid each; then
    background is no name, but the absence of all of them.

    Raises
    ------
    DataError
        The names do not fit the kind, or one stands there twice.
    """

    kind: Kind
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        names = list(self.names)
        if len(set(names)) < len(names):
            raise DataError(f"a class is named twice among {', '.join(names)}")
        if self.kind == "event" and (len(names) != 2 or names[0] != BACKGROUND):
            raise DataError(f"an event task has background and one event, not {', '.join(names)}")
        if self.kind == "classes" and len(names) < 2:
            raise DataError(f"a task of classes has at least two, not {', '.join(names) or 'none'}")
        if self.kind == "tags" and (not names or BACKGROUND in names):
            raise DataError(f"tags are what sounds, not {', '.join(names) or 'nothing'}")
        if self.kind not in KINDS:
            raise DataError(f"there is no task {self.kind!r}: it is event, classes or tags")

    @property
    def background(self) -> int:
        """Index of background among the names, -1 where it is none of them."""
        return self.names.index(BACKGROUND) if BACKGROUND in self.names else -1

    @cached_property
    def events(self) -> tuple[str, ...]:
        """The names of what is to be found: all but background."""
        return tuple(name for name in self.names if name != BACKGROUND)

    @property
    def outputs(self) -> int:
        """Numbers that a network gives for a window."""
        return 1 if self.kind == "event" else len(self.names)

    @property
    def activation(self) -> str:
        """Of the last layer: sigmoid or softmax."""
        return "softmax" if self.kind == "classes" else "sigmoid"

    @property
    def exclusive(self) -> bool:
        """Whether exactly one name is true of a window, so that probabilities sum to 1."""
        return self.kind != "tags"

    def index(self, labels: Iterable[str]) -> NDArray[Any]:
        """The class (n,) of each main label; of tags NOTHING where it is background.

        int8, or int16 where there are more classes than that counts.

        Raises
        ------
        DataError
            A label is none of the names.
        """
        labels = np.asarray(list(labels), object)
        if self.kind == "event":
            return (labels != BACKGROUND).astype(np.int8)
        at = pd.Index(self.names).get_indexer(pd.Index(labels, dtype=object))
        unknown = (at < 0) & ~((labels == BACKGROUND) & (self.kind == "tags"))
        if unknown.any():
            raise self._unknown(labels[unknown][0])
        return at.astype(np.int8 if len(self.names) <= np.iinfo(np.int8).max else np.int16)

    def truth(self, labels: Iterable[Sequence[str]]) -> NDArray[np.int8]:
        """What is true of windows (n, names): 1 for every label, several where calls overlap."""
        lists = list(labels)
        found = np.zeros((len(lists), len(self.names)), np.int8)
        if self.kind == "event":
            found[:, 1] = [any(name != BACKGROUND for name in names) for names in lists]
            found[:, 0] = 1 - found[:, 1]
            return found
        at = {name: number for number, name in enumerate(self.names)}
        for row, names in enumerate(lists):
            for name in names:
                if name in at:
                    found[row, at[name]] = 1
                elif name != BACKGROUND or self.kind != "tags":
                    raise self._unknown(name)
        return found

    def _unknown(self, label: object) -> DataError:
        return DataError(
            f"the label {label!r} is none of {', '.join(self.names)}: run the stage clean again"
        )

    def counts(self, y: NDArray[Any], truth: NDArray[np.int8]) -> NDArray[np.int64]:
        """Windows of each name (names,): of the class that fills most of each, or of every tag."""
        if self.kind == "tags":
            return truth.sum(axis=0, dtype=np.int64)
        return np.bincount(y, minlength=len(self.names))

    def targets(self, truth: NDArray[np.int8]) -> NDArray[np.float32]:
        """What the network's outputs should be (n, outputs) for truth (n, names).

        A window of two classes is half of each: then the sum of probabilities is 1. Of tags each
        is wholly true.
        """
        wanted = truth.astype(np.float32)
        if self.kind == "event":
            return wanted[:, 1:]
        return wanted / wanted.sum(axis=1, keepdims=True) if self.kind == "classes" else wanted

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Probability of each name (n, names) from the network's outputs (n, outputs).

        A weighed mean of probabilities near 1 may round to just above 1 in float32: it is 1 then.
        """
        p = np.asarray(outputs, np.float64)
        p = np.where((p > 1) & (p < 1 + 1e-5), 1.0, p)
        return np.concatenate([1 - p, p], axis=1) if self.kind == "event" else p

    def decide(
        self, p: NDArray[np.float64], thresholds: Mapping[str, float] | None = None
    ) -> NDArray[np.bool_]:
        """What is decided of windows (n, names) from probabilities (n, names).

        An event at its threshold, else background; the most probable class, whatever the
        thresholds; every tag at its own. Without thresholds they are 0.5.
        """
        at = dict.fromkeys(self.events, 0.5) | dict(thresholds or {})
        if self.kind == "classes":
            return np.argmax(p, axis=1)[:, None] == np.arange(len(self.names))
        over = p >= np.array([at.get(name, np.inf) for name in self.names])
        if self.kind == "event":
            over[:, 0] = ~over[:, 1]
        return over

    def output_of(self, name: str) -> int:
        """Which of the network's outputs speaks of a name; of an event task there is one."""
        return 0 if self.kind == "event" else self.names.index(name)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"kind": self.kind, "names": list(self.names)}

    @staticmethod
    def from_dict(content: Any) -> "Task":
        """The task that `to_dict` described; raises `DataError` where it is none."""
        try:
            names = content["names"]
            if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
                raise TypeError("names that are a list of text")
            return Task(content["kind"], tuple(names))
        except (KeyError, TypeError) as error:
            raise DataError(f"the stored task has no {error}: train again") from None


def task_of(target: str, labels: Iterable[Sequence[str]]) -> Task:
    """The task that `clean.target` and the labels of the used windows make.

    Parameters
    ----------
    target : `event` (any label is an event), `label` (every label is a class, and one label
        beside background is an event task) or `tags`.
    labels : of each window; background where there is none.
    """
    if target == "event":
        return Task("event", (BACKGROUND, EVENT))
    found = {name for names in labels for name in names}
    names = sorted(found - {BACKGROUND})
    if target == "tags":
        return Task("tags", tuple(names))
    if BACKGROUND in found:
        names = [BACKGROUND, *names]
    return Task("event" if len(names) == 2 and BACKGROUND in found else "classes", tuple(names))
