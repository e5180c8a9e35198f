"""Arguments of the commands, as people type them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Command
from support.places import ROOT

from rarewave.__main__ import COMMANDS, parse
from rarewave.experiments import crossvalidation, study_tables
from rarewave.metrics import binary, multiclass, tags


@pytest.mark.parametrize(
    "typed",
    [
        "study few-labels train.epochs=3 split.purge_s=0 --folds 1 2",
        "study few-labels --folds 1 2 train.epochs=3 split.purge_s=0",
        "study few-labels train.epochs=3 --folds 1 2 split.purge_s=0",
        "study train.epochs=3 few-labels split.purge_s=0 --folds 1 2",
    ],
)
def test_settings_stand_anywhere(typed: str) -> None:
    """Behind a list of numbers too, in the order in which they were given."""
    found = parse(typed.split())
    assert (found.name, found.folds) == ("few-labels", [1, 2])
    assert found.changes == ["train.epochs=3", "split.purge_s=0"]


def test_settings_may_be_inside_of_maps() -> None:
    """With a dot more."""
    found = parse(["crossvalidate", "augment.gain.p=0.5", "--folds", "1", "views.noise.low=1"])
    assert found.changes == ["augment.gain.p=0.5", "views.noise.low=1"]


def test_parameters_are_told_with_value_and_meaning(
    command: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one section, where they differ with the default; of all; an unknown one is refused."""
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    monkeypatch.chdir(tmp_path)
    command("use", "calls")
    said = command("params", "train")
    assert "train.network = call_cnn   (recipe lunar: seed_cnn)\n" in said
    assert "train.patience = 30   (recipe lunar: 6)\n      epochs without a better" in said
    assert "      a number, between 0 and 0.5\n" in said
    assert max(map(len, said.splitlines())) <= 88
    assert "pretrain." not in said
    every = command("params")
    for name in ("ingest.data", "augment.gain.db = 6", "compute.threads = 2"):
        assert f"\n{name}" in every
    refused = command("params", "trian", code=1)
    assert "no section trian: there are ingest, eda, clean" in refused


def test_every_file_of_a_command_is_one_and_starts_quickly() -> None:
    """What computes is imported when a command runs, not when one is asked for help."""
    folder = ROOT / "rarewave/commands"
    written = {
        path.stem.replace("_", "-")
        for path in folder.glob("*.py")
        if "def run(" in path.read_text()
    }
    assert written == set(COMMANDS)
    script = "import sys, rarewave.__main__ as m; m.parser(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"numpy", "pandas", "tensorflow", "ruamel.yaml"} & set(done.stdout.split())


def test_files_are_no_settings() -> None:
    """A recording may be called anything."""
    names = ["a.b=1.wav", "x.wav"]
    assert [str(path) for path in parse(["detect", "model", *names]).recordings] == names


@pytest.mark.parametrize(
    "typed",
    [
        "study few-labels --folds 1 epochs=3",
        "times train.epochs=3",
        "study few-labels --shares 10 0",
        "study few-labels --shares 200",
        "study few-labels --shares nan",
    ],
)
def test_other_words_are_refused(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what was not understood."""
    with pytest.raises(SystemExit):
        parse(typed.split())
    assert typed.split()[-1] in capsys.readouterr().err


def test_a_metric_that_no_study_has_is_refused(command: Command) -> None:
    """With those that there are, before anything runs."""
    said = command("study", "few-labels", "--metric", "f1", code=1)
    assert "--metric f1 is none of a study's: accuracy, macro_f1" in said


def test_a_score_is_in_every_table_by_itself() -> None:
    """Those that metrics/ registers are what studies and `collect` show."""
    shown = {key for _, key, _ in crossvalidation._shown()}
    for scores in (binary.SCORES, multiclass.SCORES, tags.SCORES):
        assert {f"network.{name}" for name in scores} <= shown
    assert {*multiclass.SCORES} - {*study_tables.METRICS} == {"macro_average_precision"}
