"""A task: its names, targets, probabilities, decisions, and what labels make of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import MultiLabelBinarizer

from rarewave.base.errors import DataError
from rarewave.base.tasks import Task, task_of

EVENT = Task("event", ("background", "event"))
SONG = Task("event", ("background", "song"))
CLASSES = Task("classes", ("background", "a", "b", "c d", "é"))
CLIPS = Task("classes", ("dog", "rain"))
TAGS = Task("tags", ("a", "b", "c d", "é"))

SETS = st.lists(st.sets(st.sampled_from(["a", "b", "c d", "é"]), max_size=3), min_size=1)


def lists(sets: list[set[str]]) -> list[list[str]]:
    """Labels of windows, background where there is none."""
    return [sorted(names) or ["background"] for names in sets]


def test_labels_make_the_task() -> None:
    """Sorted, background first; one label beside background is an event task of that name."""
    found = [["song"], ["background"], ["Rupe A", "song"]]
    assert task_of("label", found) == Task("classes", ("background", "Rupe A", "song"))
    assert task_of("event", found) == EVENT
    assert task_of("tags", found) == Task("tags", ("Rupe A", "song"))
    assert task_of("label", [["song"], ["background"]]) == SONG
    assert task_of("label", [["rain"], ["dog"]]) == CLIPS
    assert task_of("tags", [["song"], ["background"]]) == Task("tags", ("song",))


def test_what_is_to_be_found_and_how_many_outputs() -> None:
    """One sigmoid for an event, a softmax over classes, a sigmoid for each tag."""
    assert [t.events for t in (EVENT, SONG, CLIPS)] == [("event",), ("song",), ("dog", "rain")]
    assert [t.outputs for t in (EVENT, SONG, CLASSES, TAGS)] == [1, 1, 5, 4]
    assert [t.activation for t in (SONG, CLASSES, TAGS)] == ["sigmoid", "softmax", "sigmoid"]
    assert [t.background for t in (EVENT, CLASSES, CLIPS, TAGS)] == [0, 0, -1, -1]
    assert SONG.output_of("song") == 0 and CLASSES.output_of("b") == 2 and TAGS.output_of("b") == 1


@given(SETS)
def test_truth_is_that_of_scikit_learn(sets: list[set[str]]) -> None:
    """MultiLabelBinarizer; without a label a window is background, or holds no tag."""
    classes = MultiLabelBinarizer(classes=CLASSES.names)
    wanted = classes.fit_transform([s or {"background"} for s in sets])
    np.testing.assert_array_equal(CLASSES.truth(lists(sets)), wanted)
    tags = MultiLabelBinarizer(classes=TAGS.names).fit_transform(sets)
    np.testing.assert_array_equal(TAGS.truth(lists(sets)), tags)
    np.testing.assert_array_equal(SONG.truth(lists(sets)), [[not s, bool(s)] for s in sets])


@given(SETS)
def test_targets_are_what_the_outputs_should_be(sets: list[set[str]]) -> None:
    """Of classes they sum to 1, halves where two overlap; of tags each is wholly true."""
    truth = CLASSES.truth(lists(sets))
    shares = CLASSES.targets(truth)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(shares > 0, truth > 0)
    np.testing.assert_array_equal(TAGS.targets(TAGS.truth(lists(sets))), TAGS.truth(lists(sets)))
    np.testing.assert_array_equal(
        EVENT.targets(EVENT.truth(lists(sets)))[:, 0], [bool(s) for s in sets]
    )


def test_indices_are_places_among_the_names() -> None:
    """Of the main label; -1 for a window without any tag; an event is any label."""
    labels = ["b", "background", "a", "b"]
    assert CLASSES.index(labels).tolist() == [2, 0, 1, 2]
    assert EVENT.index(labels).tolist() == [1, 0, 1, 1]
    assert TAGS.index(labels).tolist() == [1, -1, 0, 1]
    assert EVENT.index(labels).dtype == CLASSES.index(labels).dtype == np.int8
    with pytest.raises(DataError, match="the label 'x' is none of dog, rain"):
        CLIPS.index(["dog", "x"])
    many = tuple(f"species {number}" for number in range(300))
    np.testing.assert_array_equal(Task("classes", many).index(many), np.arange(300))


def test_a_name_may_hold_any_sign() -> None:
    """Labels are lists, not text joined by a sign."""
    task = task_of("label", [["A+B"], ["background"], ["C, D", "A+B"]])
    assert task.names == ("background", "A+B", "C, D")
    np.testing.assert_array_equal(task.truth([["C, D", "A+B"]]), [[0, 1, 1]])


def test_probabilities_and_decisions() -> None:
    """An event at its threshold, the most probable class, every tag at its own."""
    p = SONG.probabilities(np.array([[0.3], [0.5], [0.9]]))
    np.testing.assert_allclose(p, [[0.7, 0.3], [0.5, 0.5], [0.1, 0.9]])
    np.testing.assert_array_equal(SONG.decide(p)[:, 1], [False, True, True])
    np.testing.assert_array_equal(SONG.decide(p, {"song": 0.9})[:, 1], [False, False, True])
    assert (SONG.decide(p)[:, 0] != SONG.decide(p)[:, 1]).all()
    classes = np.array([[0.2, 0.5, 0.3, 0, 0], [0.4, 0.3, 0.1, 0.1, 0.1]])
    np.testing.assert_array_equal(CLASSES.decide(classes).argmax(axis=1), [1, 0])
    assert (CLASSES.decide(classes, {"a": 0.9}).sum(axis=1) == 1).all()
    tags = np.array([[0.6, 0.1, 0.2, 0.9], [0.1, 0.1, 0.1, 0.1]])
    at = {"a": 0.7, "b": 0.05, "c d": 0.5, "é": 0.5}
    np.testing.assert_array_equal(TAGS.decide(tags, at), [[0, 1, 0, 1], [0, 1, 0, 0]])
    assert not TAGS.decide(tags)[1].any()


@pytest.mark.parametrize("task", [EVENT, SONG, CLASSES, CLIPS, TAGS])
def test_a_stored_task_is_the_same(task: Task) -> None:
    """Through plain values."""
    assert Task.from_dict(task.to_dict()) == task


@pytest.mark.parametrize(
    ("kind", "names", "words"),
    [
        ("event", ("background",), "background and one event"),
        ("event", ("event", "background"), "background and one event"),
        ("classes", ("a",), "at least two"),
        ("classes", ("a", "b", "a"), "named twice"),
        ("tags", (), "tags are what sounds"),
        ("tags", ("a", "background"), "tags are what sounds"),
    ],
)
def test_names_that_do_not_fit_are_refused(kind: str, names: tuple[str, ...], words: str) -> None:
    """With what they should be."""
    with pytest.raises(DataError, match=words):
        Task(kind, names)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="the stored task has no 'names'"):
        Task.from_dict({"kind": kind})


def test_windows_of_each_name() -> None:
    """By their main class; of tags every one that is true."""
    labels = [["a"], ["a", "b"], ["background"]]
    main = ["a", "b", "background"]
    assert CLASSES.counts(CLASSES.index(main), CLASSES.truth(labels)).tolist() == [1, 1, 1, 0, 0]
    assert TAGS.counts(TAGS.index(main), TAGS.truth(labels)).tolist() == [2, 1, 0, 0]
