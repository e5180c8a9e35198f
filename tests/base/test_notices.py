"""Warnings go into metrics as they are and come out again."""

from rarewave.base.notices import Notice, listed, of_metrics, some

ONE = Notice("black_windows", 0.2, "a fifth is black: lower the floor")


def test_a_file_of_metrics_gives_back_what_was_put_in() -> None:
    content = {"windows": 5} | listed([ONE])
    assert content["warnings"] == [
        {"key": "black_windows", "value": 0.2, "says": "a fifth is black: lower the floor"}
    ]
    assert of_metrics(content) == [ONE]
    assert of_metrics(listed([])) == []


def test_files_of_before_there_were_warnings_have_none() -> None:
    for content in ({}, {"warnings": {"a": 1}}, {"warnings": [{"key": "a"}, 3]}, [1], None):
        assert of_metrics(content) == []


def test_many_names_are_cut_short() -> None:
    assert some(["a", "b"]) == "a, b"
    assert some(list("abcdefg")) == "a, b, c, d, e and 2 more"
