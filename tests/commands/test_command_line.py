"""Arguments of the commands, as people type them."""

import pytest

from rarewave.__main__ import parse
from rarewave.experiments import study_tables


@pytest.mark.parametrize(
    "typed",
    [
        "study few-labels train.epochs=3 split.purge_s=0 --folds 1 2",
        "study few-labels --folds 1 2 train.epochs=3 split.purge_s=0",
        "study train.epochs=3 few-labels split.purge_s=0 --folds 1 2",
    ],
)
def test_settings_stand_anywhere(typed: str) -> None:
    """Behind a list of numbers too, in the order in which they were given."""
    found = parse(typed.split())
    assert (found.name, found.folds) == ("few-labels", [1, 2])
    assert found.changes == ["train.epochs=3", "split.purge_s=0"]


def test_files_are_no_settings() -> None:
    """A recording may be called anything."""
    names = ["a.b=1.wav", "x.wav"]
    assert [str(path) for path in parse(["detect", "model", *names]).recordings] == names


@pytest.mark.parametrize("metric", study_tables.METRICS)
def test_a_study_draws_every_metric_that_it_has(metric: str) -> None:
    """The command line lists them again, for it must not wait for pandas."""
    assert parse(["study", "few-labels", "--metric", metric]).metric == metric


@pytest.mark.parametrize(
    "typed",
    [
        "study few-labels --folds 1 epochs=3",
        "times train.epochs=3",
        "study few-labels --shares 10 0",
        "study few-labels --shares 200",
        "study few-labels --shares nan",
        "study few-labels --metric f1",
    ],
)
def test_other_words_are_refused(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what was not understood."""
    with pytest.raises(SystemExit):
        parse(typed.split())
    assert typed.split()[-1] in capsys.readouterr().err
