"""Studies: which experiments run, and what their table says."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score
from support.places import ROOT

from rarewave.base.errors import DataError
from rarewave.base.tables import EVALUATED
from rarewave.experiments import dvc, recipes, studies, study_tables

CLASSES = ["background", "a", "b", "c"]


def test_every_start_gets_every_share() -> None:
    variants = studies.label_efficiency([0.1, 1.0])
    assert list(variants) == [
        "scratch 0.1",
        "scratch 1",
        "frozen 0.1",
        "frozen 1",
        "fine-tuned 0.1",
        "fine-tuned 1",
    ]
    assert variants["scratch 0.1"]["pretrain.epochs"] == 0
    assert variants["frozen 1"] == {"train.frozen": 1.0, "train.labels": 1.0}


def test_a_remedy_alone_is_in_use() -> None:
    """What one remedy sets, the others put back: experiments change params.yaml in place."""
    variants = studies.imbalance()
    assert len(variants) == 2 * len(studies.REMEDIES)
    keys = {frozenset(v) for name, v in variants.items() if name.startswith("fine-tuned")}
    assert variants["scratch focal"]["train.loss"] == "focal"
    assert variants["scratch balanced sampling"]["train.loss"] == "cross_entropy"
    assert all("train.logit_adjustment" in k and "train.imbalance" in k for k in keys)


def test_folds_take_the_seeds_in_turn() -> None:
    """Each named by both, so that the experiments of another fold are others."""
    assert studies.replicates([1, 2], []) == {
        "seed1": {"train.seed": 1},
        "seed2": {"train.seed": 2},
    }
    assert studies.replicates([7, 8], [1, 2, 3]) == {
        "fold1-seed7": {"train.seed": 7, "split.test_fold": 1},
        "fold2-seed8": {"train.seed": 8, "split.test_fold": 2},
        "fold3-seed7": {"train.seed": 7, "split.test_fold": 3},
    }


CLASSES_TO_STUDY = {"clean.target": "label", "pretrain.epochs": 9, "pretrain.seed": 5,
                    "train.frozen": 0.5, "train.encoder_rate": 0.3}  # fmt: skip


@pytest.fixture
def params(tmp_path: Path) -> Path:
    """Parameters of a recipe that can be studied."""
    recipes.use("lunar", CLASSES_TO_STUDY, ROOT / "recipes", tmp_path / "params.yaml")
    return tmp_path / "params.yaml"


def test_experiments_run_with_all_that_is_touched(
    params: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scratch starts from the seed of its replicate, pretraining from its own; params are kept."""
    text = params.read_text()
    ran: dict[str, dict[str, str]] = {}

    def fake(name: str, settings: list[str], target: str, shown: bool) -> None:
        assert target == "evaluate"
        ran[name] = dict(text.split("=", 1) for text in settings)
        params.write_text("changed: by dvc\n")

    monkeypatch.setattr(studies, "dvc", lambda *command: None)
    monkeypatch.setattr(studies, "experiment", fake)
    variants, repeats = studies.label_efficiency([0.1]), studies.replicates([2, 3], [])
    studies.run(variants, repeats, {"train.epochs": 4}, "few", params)
    assert params.read_text() == text
    assert list(ran) == [f"few-{start}-0_1-seed{n}" for n in (2, 3) for start in studies.STARTS]
    names = studies.names_of(variants, repeats, "few")
    assert names["scratch 0.1"] == ["few-scratch-0_1-seed2", "few-scratch-0_1-seed3"]
    scratch, frozen, tuned = list(ran.values())[:3]
    assert (scratch["pretrain.epochs"], scratch["pretrain.seed"]) == ("0", "2")
    assert (frozen["pretrain.epochs"], frozen["pretrain.seed"]) == ("9", "5")
    assert (frozen["train.frozen"], frozen["train.encoder_rate"]) == ("1.0", "0.3")
    assert (tuned["train.frozen"], tuned["train.labels"]) == ("0.0", "0.1")
    assert [run["train.seed"] for run in ran.values()] == ["2"] * 3 + ["3"] * 3
    assert {run["train.epochs"] for run in ran.values()} == {"4"}


def test_from_scratch_starts_from_no_other_detector(
    params: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others do, and need no epoch of pretraining then."""
    ran: list[dict[str, str]] = []

    def fake(name: str, settings: list[str], target: str, shown: bool) -> None:
        ran.append(dict(text.split("=", 1) for text in settings))

    monkeypatch.setattr(studies, "dvc", lambda *command: None)
    monkeypatch.setattr(studies, "experiment", fake)
    changes = {"pretrain.epochs": 0, "pretrain.start": "../packed"}
    variants, repeats = studies.label_efficiency([0.1]), studies.replicates([2], [])
    studies.run(variants, repeats, changes, "few", params)
    assert [one["pretrain.start"] for one in ran] == ["null", "../packed", "../packed"]
    assert {one["pretrain.epochs"] for one in ran} == {"0"}


def test_a_failed_experiment_keeps_the_parameters(
    params: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = params.read_text()

    def fails(*arguments: object, **options: object) -> None:
        params.write_text("train: {seed: 9}\n")
        raise DataError("dvc exp run failed")

    monkeypatch.setattr(studies, "dvc", lambda *command: None)
    monkeypatch.setattr(studies, "experiment", fails)
    with pytest.raises(DataError, match="failed"):
        studies.run({"only": {}}, {"seed2": {"train.seed": 2}}, {}, "x", params)
    assert params.read_text() == text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train.labls": 0.1}, r"labls.*labels"),
        ({"train.epochs": -3}, r"train\.epochs is -3"),
        ({"train.labels": 0.1}, r"the study sets train\.labels itself"),
        ({"train.seed": 4}, r"the study sets train\.seed itself"),
        ({"clean.target": "event"}, r"clean\.target is event, and studies are of several"),
        ({"pretrain.epochs": 0}, r"pretrain\.epochs is 0, .* pretrain\.epochs=30 behind"),
    ],
)
def test_what_cannot_be_studied_is_refused_before_anything_runs(
    params: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], said: str
) -> None:
    def runs(*arguments: object, **options: object) -> None:
        raise AssertionError("something ran")

    monkeypatch.setattr(studies, "dvc", runs)
    monkeypatch.setattr(studies, "experiment", runs)
    text = params.read_text()
    variants, repeats = studies.label_efficiency([0.1, 1.0]), studies.replicates([1], [])
    with pytest.raises(DataError, match=said):
        studies.run(variants, repeats, changes, "few", params)
    assert params.read_text() == text
    with pytest.raises(DataError, match=r"params\.yaml does not exist: run this from the folder"):
        studies.run(variants, repeats, {}, "few", params.with_name("none") / "params.yaml")


def stored(accuracy: dict[str, float], seed_of_data: int = 0) -> dict[tuple[str, str], bytes]:
    """What experiments of these names left; each is right with that probability."""
    files = {}
    rng = np.random.default_rng(seed_of_data)
    n = 240
    y = rng.choice(4, n, p=[0.4, 0.4, 0.15, 0.05])
    luck = rng.random(n)
    for name, share in accuracy.items():
        decided = np.where(luck < share, y, (y + 1) % 4)
        frame = pd.DataFrame(
            {
                "window_id": [f"w{i}" for i in range(n)],
                "row": np.arange(n),
                "recording_id": [f"r{i // 4}" for i in range(n)],
                "label": np.array(CLASSES)[y],
                "labels": [[CLASSES[k]] for k in y],
                "unit": [f"u{i // 8}" for i in range(n)],
                "level_db": 0.0,
                "sta_lta": 0.0,
            }
        )[list(EVALUATED)]
        for k, kind in enumerate(CLASSES):
            frame[f"p_{kind}"] = np.where(decided == k, 0.7, 0.1)
        raw = io.BytesIO()
        frame.to_parquet(raw)
        counts = {"background": 400, "a": 300, "b": 50, "c": 8}
        files["artifacts/evaluate/scores.parquet", name] = raw.getvalue()
        content = json.dumps({"training_windows": counts}).encode()
        files["metrics/evaluate.json", name] = content
    return files


@pytest.fixture
def experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    files = stored({"s1": 0.8, "s2": 0.82, "few": 0.5, "tuned": 0.83, "same": 0.8})
    monkeypatch.setattr(dvc, "stored", lambda path, name: files[path, name])


@pytest.mark.usefixtures("experiments")
def test_scores_are_those_of_scikit_learn() -> None:
    test = study_tables.read("s1")
    found = study_tables.draws([test], 0, 1).iloc[0]
    y, decided = test.y, test.decided
    assert found["accuracy"] == pytest.approx((y == decided).mean())
    assert found["macro_f1"] == pytest.approx(f1_score(y, decided, average="macro"))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(y, decided))
    assert test.rare == [3]
    assert found["rare_recall"] == pytest.approx((decided[y == 3] == 3).mean())


@pytest.mark.usefixtures("experiments")
def test_the_mean_over_replicates_is_reported_with_paired_gains() -> None:
    names = {"scratch 1": ["s1", "s2"], "fine-tuned 0.1": ["few", "few"], "frozen 1": ["s1", "s2"]}
    found = study_tables.label_efficiency_table(names).set_index(["variant", "metric"])
    one, two = (study_tables.read(name) for name in ("s1", "s2"))
    mean = ((one.y == one.decided).mean() + (two.y == two.decided).mean()) / 2
    row = found.loc[("scratch 1", "accuracy")]
    assert row["value"] == pytest.approx(mean)
    assert row["low"] < mean < row["high"]
    same = found.loc[("frozen 1", "accuracy")]
    assert (same["gain"], same["gain_low"], same["gain_high"]) == (0, 0, 0)
    worse = found.loc[("fine-tuned 0.1", "accuracy")]
    assert worse["gain_high"] < 0
    assert study_tables.real(worse["gain_low"], worse["gain_high"])
    assert not study_tables.real(same["gain_low"], same["gain_high"])


@pytest.mark.usefixtures("experiments")
def test_the_interval_is_that_of_a_cluster_bootstrap() -> None:
    """One replicate: the two levels are one, and SciPy's standard error of unit means agrees."""
    from scipy.special import expit, logit
    from scipy.stats import bootstrap
    from scipy.stats import t as student

    test = study_tables.read("s1")
    right = (test.y == test.decided).astype(float)
    means = pd.Series(right).groupby(test.unit).mean().to_numpy()  # units of equal size
    error = bootstrap((means,), np.mean, method="percentile", rng=1).standard_error
    count, mean = len(means), means.mean()
    reach = student.ppf(0.975, count - 1) * error * np.sqrt(count / (count - 1))
    reach /= mean * (1 - mean)
    values = study_tables.draws([test], 2000, 3)["accuracy"]
    _, low, high = study_tables.interval(values, count)
    assert low == pytest.approx(expit(logit(mean) - reach), abs=0.02)
    assert high == pytest.approx(expit(logit(mean) + reach), abs=0.02)


@pytest.mark.usefixtures("experiments")
def test_a_study_says_what_it_rests_on() -> None:
    """Replicates and groups below the table, and that few groups tell little."""
    names = {"scratch 1": ["s1", "s2"]}
    found = study_tables.table(names, lambda _: None)
    groups = {unit for name in ("s1", "s2") for unit in study_tables.read(name).groups}
    assert (found["groups"] == len(groups)).all()
    said = study_tables.text(found).splitlines()[-1]
    assert said == f"Intervals rest on 2 replicates with {len(groups)} test groups."
    few = study_tables.text(found.assign(groups=3)).splitlines()[-1]
    assert few.endswith("3 test groups: too few for narrow ones.")
    one = study_tables.text(found.assign(groups=1)).splitlines()[-1]
    assert one.endswith("1 test groups: too few for an interval.")


@pytest.mark.usefixtures("experiments")
def test_more_seeds_on_the_same_test_part_do_not_narrow_its_share_of_the_interval() -> None:
    """The same decisions three times tell as much as once; other test parts tell more."""
    test = study_tables.read("s1")
    others = [test._replace(unit=np.char.add(f"{part} ", test.unit)) for part in range(5)]

    def width(*tests: study_tables.Test) -> float:
        values = study_tables.draws(tests, 500, 1)["accuracy"]
        _, low, high = study_tables.interval(values, len(set(test.unit)))
        return high - low

    assert width(test, test, test) == pytest.approx(width(test), rel=1e-9)
    assert width(*others) < 0.75 * width(test)


@pytest.mark.parametrize(
    ("gain_high", "said"),
    [
        ({0.05: -0.1, 0.1: 0.2, 0.5: 0.1, 1: 0.3}, "frozen: with 10% of the labels and more"),
        ({0.05: 0.1, 0.1: -0.2, 0.5: 0.1, 1: 0.3}, "frozen: with 50% of the labels and more"),
        ({0.05: 0.1, 0.1: -0.2, 0.5: 0.1, 1: -0.3}, ""),
    ],
)
def test_not_worse_holds_for_all_larger_shares(gain_high: dict[float, float], said: str) -> None:
    rows = [("scratch 1", 0.0)] + [(f"frozen {share:g}", high) for share, high in gain_high.items()]
    found = pd.DataFrame(rows, columns=["variant", "gain_high"])
    found = found.assign(metric="accuracy", value=0.8, gain=0.0, gain_low=-0.5)
    lines = [
        line for line in study_tables.verdict(found, "accuracy").splitlines() if "worse" in line
    ]
    assert lines == ([f"{said} it is not really worse"] if said else [])


@pytest.mark.usefixtures("experiments")
def test_the_verdict_says_what_fewer_labels_reach(tmp_path: Path) -> None:
    names = {
        "scratch 0.1": ["few", "few"],
        "scratch 1": ["s1", "s2"],
        "frozen 0.1": ["same", "s2"],
        "frozen 1": ["s1", "s2"],
        "fine-tuned 0.1": ["tuned", "tuned"],
        "fine-tuned 1": ["tuned", "tuned"],
    }
    found = study_tables.label_efficiency_table(names)
    said = study_tables.verdict(found, "accuracy")
    assert "frozen, 10% of the labels: 100% of that [100%, 100%]" in said
    assert "scratch: with" not in said
    assert "fine-tuned: with 10% of the labels and more it is not really worse" in said
    study_tables.draw_curve(tmp_path / "curve.png", found, "accuracy")
    assert (tmp_path / "curve.png").read_bytes()[:4] == b"\x89PNG"
    assert "**real**" in study_tables.text(found)


def test_remedies_are_compared_with_cross_entropy_of_their_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = stored({"a": 0.6, "b": 0.7, "c": 0.8, "d": 0.8})
    monkeypatch.setattr(dvc, "stored", lambda path, name: files[path, name])
    names = {
        "scratch cross-entropy": ["a"],
        "scratch focal": ["b"],
        "fine-tuned cross-entropy": ["c"],
        "fine-tuned focal": ["d"],
    }
    found = study_tables.imbalance_table(names)
    against = found[found["metric"] == "accuracy"].set_index("variant")["against"].to_dict()
    assert against == {
        "scratch cross-entropy": "",
        "scratch focal": "scratch cross-entropy",
        "fine-tuned cross-entropy": "scratch cross-entropy",
        "fine-tuned focal": "fine-tuned cross-entropy",
    }


def test_event_or_not_is_no_study(monkeypatch: pytest.MonkeyPatch) -> None:
    files = stored({"a": 0.6})
    files["metrics/evaluate.json", "a"] = b"{}"
    monkeypatch.setattr(dvc, "stored", lambda path, name: files[path, name])
    with pytest.raises(DataError, match="a is of event or not"):
        study_tables.read("a")
