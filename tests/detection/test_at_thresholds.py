"""Thresholds of labels that do not say when: which recordings hold what."""

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score

from rarewave.base.tables import DETECTED, EVENTS, conform
from rarewave.detection import at_thresholds
from rarewave.detection.heldout import Heldout


def test_the_threshold_tells_best_which_recordings_hold_a_class() -> None:
    """As scikit-learn scores recordings by the highest score in each; however many events."""
    rng = np.random.default_rng(0)
    names, held = [f"r{k:02d}" for k in range(40)], rng.random(40) < 0.3
    scores = [np.clip(rng.normal(0.3 + 0.3 * holds, 0.2, 6), 0, 1) for holds in held]
    truth = pd.DataFrame({"recording_id": np.array(names)[held], "label": "a"})
    truth = truth.assign(
        event_id=truth["recording_id"], onset_s=0.0, offset_s=6.0, certain=True, low_hz=np.nan,
        high_hz=np.nan, weak=True,
    )  # fmt: skip

    def find(label: str, threshold: float) -> pd.DataFrame:
        rows = [
            {"recording_id": name, "onset_s": float(at), "offset_s": at + 1.0, "label": label}
            for name, mine in zip(names, scores, strict=True)
            for at in np.flatnonzero(mine >= threshold)
        ]
        table = pd.DataFrame(rows, columns=["recording_id", "onset_s", "offset_s", "label"])
        more = table.assign(peak=1.0, mean=1.0, windows=1, low_hz=0.0, high_hz=1.0)
        return conform(more, DETECTED, "events")

    truth = conform(truth, EVENTS, "events")
    recordings = Heldout(pd.DataFrame(), [], truth, *[pd.DataFrame()] * 3)
    known = {"a": np.concatenate(scores), "b": np.concatenate(scores)}
    found = at_thresholds.best_of_recordings(recordings, find, known, 1000)
    highest = np.array([mine.max() for mine in scores])
    best = max(f1_score(held, highest >= at) for at in np.unique(known["a"]))
    assert f1_score(held, highest >= found["a"]) == best > 0.5
    assert found["b"] == known["b"].max()  # no recording holds it
    # Of those without it nobody can tell: none is a false alarm, and the lowest finds all.
    rest = pd.DataFrame({"recording_id": np.array(names)[~held], "onset_s": 0.0, "offset_s": 7.0})
    open_to_doubt = recordings._replace(doubtful=rest)
    at = at_thresholds.best_of_recordings(open_to_doubt, find, {"a": known["a"]}, 1000)["a"]
    assert (highest[held] >= at).all() and at < found["a"]
