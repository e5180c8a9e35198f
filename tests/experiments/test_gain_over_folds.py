"""How much better the network is over parts held out in turn, by `tools.gain_over_folds`."""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from stages.shared import artifacts
from tools import gain_over_folds

NAMES = ("bird", "frog", "rain")


def run(folder: Path, seed: int) -> tuple[str, np.ndarray, np.ndarray, np.ndarray]:
    """A folder whose test part holds forty clips that the network tells better than the forest."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((40, 3)) < 0.3).astype(int)
    truth[:2] = [[1, 1, 1], [0, 0, 0]]
    p, q = (1 / (1 + np.exp(-k * truth - rng.normal(size=truth.shape))) for k in (3, 1))
    clips = [f"{seed}/{number}" for number in range(40)]
    labels = [[name for name, k in zip(NAMES, row, strict=True) if k] for row in truth]
    mine = pd.DataFrame({"window_id": clips, "unit": clips, "labels": labels})
    others = pd.DataFrame({"window_id": clips[::-1], "detector": "forest"})
    for k, name in enumerate(NAMES):
        mine[f"p_{name}"], others[f"p_{name}"] = p[:, k], q[::-1, k]
    others = pd.concat([others, others.assign(detector="linear", p_bird=0.5)])
    for path, table in ((artifacts.EVALUATED, mine), (artifacts.BASELINE_SCORES, others)):
        (folder / path).parent.mkdir(parents=True)
        table.to_parquet(folder / path)
    return str(folder), truth, p, q


def test_the_gain_is_the_mean_over_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As scikit-learn scores each part, with an interval that leaves out 0."""
    runs = [run(tmp_path / f"fold-{seed}", seed) for seed in (1, 2, 3)]
    monkeypatch.setattr(sys, "argv", ["gain_over_folds", *(folder for folder, *_ in runs)])
    gain_over_folds.main()
    said = capsys.readouterr().out
    gains = re.findall(r"gain (\S+) \[(\S+), (\S+)\]", said)
    for score, (value, low, high) in zip(
        (average_precision_score, roc_auc_score), gains, strict=True
    ):
        wanted = [score(y, p) - score(y, q) for _, y, p, q in runs]
        assert float(value) == pytest.approx(np.mean(wanted), abs=1e-3)
        assert 0 < float(low) < float(value) < float(high)
        first = score(runs[0][1], runs[0][2])
        assert f"network (forest): {first:.3f} (" in said
