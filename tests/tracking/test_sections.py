"""What MLflow shows of a run: few numbers in sections, a name that says what it is, its page."""

import json
from pathlib import Path

import pytest
from support.places import ROOT

from rarewave.metrics import binary, multiclass, tags
from rarewave.tracking import page, runs
from stages.shared.naming import run_name
from stages.shared.sections import CURVES, wanted

SCORES = {"event": binary.SCORES, "classes": multiclass.SCORES, "tags": tags.SCORES}
CURVE = 6 + 5  # of training and pretraining


def of_the_default_run() -> dict[str, float]:
    """All that is logged of the run whose metrics are kept."""
    found: dict[str, float] = {}
    for path in (ROOT / "metrics").glob("*.json"):
        mine = wanted(path.stem, runs.flat(json.loads(path.read_text())))
        assert not found.keys() & mine.keys()
        found |= mine
    return found


def test_a_run_has_at_most_forty_metrics_in_sections() -> None:
    """No value stands there twice."""
    found = of_the_default_run()
    assert len(found) + CURVE <= 40
    for name in ("test/average_precision", "test/f1", "events/f1", "gain/value", "data/hours",
                 "baselines/forest", "threshold/threshold"):  # fmt: skip
        assert name in found
    sections = {name.split("/")[0] for name in found}
    assert sections == {"test", "events", "gain", "data", "baselines", "threshold"}
    assert not sections & {prefix.strip("/") for prefix in CURVES.values()}


@pytest.mark.parametrize("kind", SCORES)
def test_every_task_shows_its_headline(kind: str) -> None:
    """And that of its baselines; thousands of classes make no metric more."""
    names = [*SCORES[kind], *(f"recall_per_class.c{k}" for k in range(3000))]
    names += ["average_precision", "macro_average_precision"][kind == "tags" :][:1]
    content = {f"{who}.{name}": 0.5 for who in ("network", "forest", "linear") for name in names}
    found = wanted("evaluate", content)
    assert 4 < len(found) <= 14
    assert {"baselines/forest", "baselines/linear"} <= found.keys()


def test_a_run_is_called_by_recipe_and_experiment() -> None:
    """A star where values of the recipe were changed; the nearest recipe counts."""
    from rarewave.base import yaml

    default = yaml.read(ROOT / "recipes/lunar.yaml", "")
    folder = ROOT / "recipes"
    assert run_name(default, "state-12345678", folder) == "lunar state-12345678"
    default["train"]["learning_rate"] = 0.5
    assert run_name(default, "brisk-mole", folder) == "lunar* brisk-mole"
    for section, values in yaml.read(folder / "calls.yaml", "").items():
        default[section] |= values
    assert run_name(default, "brisk-mole", folder).startswith("calls")
    assert run_name(default, "brisk-mole", Path("/nowhere")) == "brisk-mole"


def test_the_page_is_that_of_the_runs_with_charts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the experiment, whatever its number."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run = runs.open_run(tmp_path, "f", "name", {})
    assert run is not None
    number = run.client.get_run(run.run_id).info.experiment_id
    wanted = f"http://127.0.0.1:5000/#/experiments/{number}/runs?compareRunsMode=CHART"
    assert page.address(tmp_path) == wanted
