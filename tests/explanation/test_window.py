"""What is occluded, chosen and said, by hand."""

import json
import re
from typing import Any

import numpy as np
import pytest
from support import tiny

from rarewave.detection import scanning
from rarewave.explanation import candidates, occlusion, recording, report, window
from rarewave.explanation.candidates import Chosen
from rarewave.explanation.layers import Evidence
from rarewave.frontend import normalisation
from rarewave.model.package import Package
from rarewave.recordings import streams


def test_bands_share_the_rows() -> None:
    """Equal up to one row, together all; fewer rows than bands: a row each."""
    found = occlusion.equal_bands(17)
    assert [b.stop - b.start for b in found] == [3, 2, 2, 2, 2, 2, 2, 2]
    assert [found[0].start, *(b.stop for b in found)] == [0, 3, 5, 7, 9, 11, 13, 15, 17]
    assert occlusion.equal_bands(3) == [slice(0, 1), slice(1, 2), slice(2, 3)]


def test_edges_lie_between_rows() -> None:
    """Rows at 0, 10, 20, 40: half-way, and half a row beyond the ends, not below 0."""
    hertz = np.array([0.0, 10.0, 20.0, 40.0])
    found = occlusion.band_edges(hertz, [slice(0, 2), slice(2, 4)])
    assert found == [(0.0, 15.0), (15.0, 50.0)]
    assert occlusion.band_edges(hertz[:1] + 5, [slice(0, 1)]) == [(5.0, 5.0)]


def test_an_occluded_band_lies_at_the_quiet_level() -> None:
    """All else stays; the level above a floor falls as far."""
    X = np.random.default_rng(0).normal(10, 3, (4, 5, 2)).astype(np.float32)
    quiet = np.array([1.0, 2.0, 3.0, 4.0])
    bands = [slice(0, 2), slice(2, 4)]
    found = occlusion.occluded(X, quiet, bands)
    assert found.shape == (2, 4, 5, 2)
    np.testing.assert_allclose(found[0, :2, :, 0], np.repeat([[1.0], [2.0]], 5, axis=1), rtol=1e-6)
    np.testing.assert_array_equal(found[0, 2:], X[2:])
    np.testing.assert_array_equal(found[1, :2], X[:2])
    np.testing.assert_allclose(
        found[1, 2:, :, 1] - X[2:, :, 1], found[1, 2:, :, 0] - X[2:, :, 0], atol=1e-5
    )


def test_what_occlusion_takes_from_a_linear_network_is_known() -> None:
    """A weight for each row: the sum loses weight times what the row stood above the level."""
    rng = np.random.default_rng(1)
    X, weight = rng.normal(20, 5, (8, 6, 1)).astype(np.float32), rng.normal(size=8)
    quiet = rng.normal(5, 1, 8)

    def linear(X: np.ndarray) -> Evidence:
        sums = (X[..., 0].sum(axis=2) @ weight)[:, None].astype(np.float64)
        return Evidence(1 / (1 + np.exp(-sums)), sums)

    bands = occlusion.equal_bands(8)
    lost = linear(X[None]).log_odds - linear(occlusion.occluded(X, quiet, bands)).log_odds
    wanted = weight * (X[:, :, 0] - quiet[:, None]).sum(axis=1)
    np.testing.assert_allclose(lost[:, 0], wanted, rtol=1e-4)


def scan(P: np.ndarray) -> scanning.Scan:
    """Scores of windows one after the other, without a recording."""
    first = np.arange(len(P)) * tiny.FRONT.grid.hop_samples
    length = int(first[-1]) + tiny.FRONT.grid.window_samples
    none = np.zeros((0, 2), np.int64)
    return scanning.Scan(_Stream(), first, lambda: P.astype(np.float32), length, "", none)


class _Stream:
    """All that making events asks of a stream."""

    class _Piece:
        first = 0

        class header:  # noqa: N801
            sample_rate, recording_id = 1000.0, "r"

    pieces, sample_rate = (_Piece,), 1000.0
    span, apart_s = streams.Stream.span, streams.Stream.apart_s


def chosen(P: np.ndarray, top: int = 1) -> list[Chosen]:
    """Of scores (windows, 3), at thresholds of 0.5."""

    class Inner:
        task, front_end, segments = tiny.TASK, tiny.FRONT, None

    package = Package(Inner(), {"low": 0.5, "high": 0.5}, tiny.JOINING, {}, None)  # type: ignore[arg-type]
    rows = np.flatnonzero(np.isfinite(P[:, 0]))
    return candidates.choose(package, [scan(P)], [rows], top)


def scores(**peaks: list[tuple[int, float]]) -> np.ndarray:
    P = np.full((40, 3), 0.1)
    for name, pairs in peaks.items():
        for row, p in pairs:
            P[row, tiny.CLASSES.index(name)] = p
    return P


def test_the_top_window_of_each_class_is_chosen() -> None:
    """The highest; with more, windows of other events that do not overlap."""
    P = scores(low=[(3, 0.7), (4, 0.9), (20, 0.8), (30, 0.4)], high=[(10, 0.6)])
    assert [(c.label, c.window, c.reached) for c in chosen(P)] == [
        ("low", 4, True),
        ("high", 10, True),
    ]
    assert [(c.label, c.window) for c in chosen(P, 3)] == [("low", 4), ("low", 20), ("high", 10)]
    event = chosen(P)[0].event
    assert event is not None and event["onset_s"] <= 4 * 0.064 + 0.064 <= event["offset_s"]


def test_a_window_that_reaches_the_threshold_alone_is_no_event() -> None:
    """As `detect` joins: the mean with the windows beside it stays below; and so it is said."""
    alone, beside = chosen(scores(low=[(3, 0.6)], high=[(20, 0.6), (21, 0.6)]))
    assert alone.reached and alone.event is None
    assert beside.reached and beside.event is not None
    rate = tiny.FRONT.clean.sample_rate_hz
    hop = tiny.FRONT.grid.hop_samples / rate
    # Where the mean is 0.6 x 0.5 or more: with a window on either side that scored low.
    assert beside.event["onset_s"] == pytest.approx(20 * hop)
    assert beside.event["offset_s"] == pytest.approx(23 * hop)
    said = report.summary(CONTENT)
    assert "Reaching the threshold: low. Listed by detect: no event there." in said
    assert "- **Event**: detect lists no low here: joined with the windows around it" in said
    listed = WINDOW | {"event": dict(beside.event)}
    said = report.summary(CONTENT | {"windows": [listed]})
    assert "Reaching the threshold: low. Listed by detect: low." in said
    assert "- **Event**: detect lists low from 1.28 s to 1.47 s, joined from 4 windows" in said


def test_occlusion_holds_the_statistics_of_the_window() -> None:
    """A band of which the network takes no notice is worth nothing, though the rest rescales."""
    rng = np.random.default_rng(3)
    X = rng.normal(-30, 1, (8, 6, 1)).astype(np.float32)
    X[:2] += 30
    quiet, bands = np.full(8, -30.0), [slice(0, 2), slice(2, 8)]
    without = occlusion.occluded(X, quiet, bands)
    for mode in ("sample", "both", "unit", "dataset"):
        scale = normalisation.fit(X[None], mode)
        whole, held = scale(X[None]), scale(without, X[None])
        np.testing.assert_allclose(held[0, 2:], whole[0, 2:], atol=1e-6)
        np.testing.assert_allclose(held[1, :2], whole[0, :2], atol=1e-6)
        np.testing.assert_array_equal(scale(X[None], X[None]), whole)
        if mode in ("sample", "unit"):
            assert np.abs(scale(without)[0, 2:] - whole[0, 2:]).max() > 0.1


def test_of_low_scores_the_highest_is_chosen() -> None:
    """And said to be below its threshold; gaps are never chosen."""
    P = scores(low=[(7, 0.3)], high=[(9, 0.4), (2, 0.45)])
    P[2] = np.nan
    (only,) = chosen(P)
    assert (only.label, only.window, only.reached, only.event) == ("high", 9, False, None)


WINDOW: dict[str, Any] = {
    "class": "low", "probability": 0.93, "log_odds": 2.59, "threshold": 0.52, "reached": True,
    "probabilities": {"background": 0.02, "low": 0.93, "high": 0.05}, "recording": "r",
    "start_s": 12.3, "end_s": 13.1, "start_utc": None, "time_step_s": 0.016,
    "frequency_step_hz": 15.6, "top_hz": 4000.0, "event": None,
    "bands": [
        {"low_hz": 0.0, "high_hz": 1000.0, "probability": 0.95, "log_odds": 2.9,
         "probability_lost": -0.02, "log_odds_lost": -0.31},
        {"low_hz": 1000.0, "high_hz": 1900.0, "probability": 0.21, "log_odds": -1.32,
         "probability_lost": 0.72, "log_odds_lost": 3.91},
    ],
    "gradcam": None, "relevance": None, "layers": [],
    "has_samples": True, "measured": None, "similar": None, "picture": "window_low.png",
}  # fmt: skip
CONTENT: dict[str, Any] = {
    "model": {"network": "tiny", "classes": list(tiny.CLASSES), "thresholds": {}},
    "recording": {
        "file": "x.wav", "problem": "", "odd": [], "at_s": None,
        "parts": [{"recording": "r", "duration_s": 20.0, "windows": 9, "windows_scored": 8}],
    },
    "criteria": window.criteria(), "reached": True, "windows": [WINDOW],
}  # fmt: skip


def test_the_words_of_a_sparse_explanation() -> None:
    """What is not known is said to be unknown, and nothing else is said."""
    said = report.summary(CONTENT)
    assert "low with probability 0.930, which reaches the threshold 0.520" in said
    assert "from 12.30 s to 13.10 s" in said
    assert "occluding 1.00-1.90 kHz lowers the probability most (0.930 to 0.210" in said
    assert "occluding 0.00-1.00 kHz raises the probability most (0.930 to 0.950" in said
    assert "nothing stands out of the quiet level" in said
    picture = report.summary(CONTENT | {"windows": [WINDOW | {"has_samples": False}]})
    assert "a picture has no samples" in picture and "quiet level" not in picture
    assert "not stored in this package" in said
    assert "modulated" not in said and "UTC" not in said and "detect lists no low here" in said


def test_the_words_of_sound_and_slope() -> None:
    """Rising and falling, modulated and not, as the numbers have it."""
    sound = {
        "onset_s": 12.5, "offset_s": 12.9, "duration_s": 0.4, "low_hz": 1200.0, "high_hz": 2400.0,
        "peak_hz": 1800.0, "snr_db": 14.2, "modulation_hz": 25.3, "modulation_depth": 0.6,
        "slope_hz_s": -312.0, "slope_fit": 0.91,
    }  # fmt: skip
    said = report.summary(CONTENT | {"windows": [WINDOW | {"measured": sound}]})
    assert "between 1.20 and 2.40 kHz (5-95 %), strongest at 1.80 kHz" in said
    assert "0.40 s), 14 dB over that level" in said
    assert "rises and falls 25 times a second, by 60% of its mean" in said
    assert "Its strongest frequency falls by 312 Hz a second (R² 0.91)" in said
    plain = sound | {"modulation_hz": None, "slope_hz_s": None}
    said = report.summary(CONTENT | {"windows": [WINDOW | {"measured": plain}]})
    assert "No regular modulation" in said and "No straight rise or fall" in said
    assert "falls by" not in said


def test_numbers_are_rounded_alike() -> None:
    """Six digits, nine of seconds; what is no number is null."""
    found = window.rounded(
        {"p": np.float32(1 / 3), "start_s": 1234567.8901, "x": [np.nan, np.int64(3)], "ok": True}
    )
    assert found == {"p": 0.333333, "start_s": 1234567.89, "x": [None, 3], "ok": True}
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("labels", [["a b", "a b", "a_b"], ["a/b", "a.b"]])
def test_every_window_has_a_picture_of_its_own(labels: list[str]) -> None:
    """Whatever the labels are called."""
    found = recording._pictures(labels)
    assert len(set(found)) == len(labels)
    assert all(re.fullmatch(r"window_a_b(_\d)?\.png", name) for name in found)
