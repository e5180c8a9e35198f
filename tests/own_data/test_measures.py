"""What is measured of labelled events: the same in any order of rows, with little memory."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import folders

from rarewave.own_data import measures
from rarewave.recordings import reading


def table(rows: list[folders.Call], move_s: float = 0.0) -> pd.DataFrame:
    """Table EVENTS of one recording, r."""
    unknown = {
        "low_hz": np.nan,
        "high_hz": np.nan,
        "certain": True,
        "weak": False,
        "recording_id": "r",
    }
    return pd.DataFrame(
        {"event_id": str(n), "onset_s": a + move_s, "offset_s": b + move_s, "label": label}
        | unknown
        for n, (a, b, label) in enumerate(rows)
    )


def recording(seconds: float) -> pd.DataFrame:
    """Table RECORDINGS of r.wav."""
    count = round(seconds * folders.RATE)
    row = {"recording_id": "r", "path": "r.wav", "channel": "1", "n_samples": count}
    return pd.DataFrame([row | {"sample_rate": float(folders.RATE)}])


def test_the_shift_does_not_hang_on_the_order_of_rows(tmp_path: Path) -> None:
    """Reversed rows were looked at from the last one on, which told of no other."""
    rows = folders.calls(9, 2, ("low", "high"))
    folders.write(tmp_path / "r.wav", folders.sound(10, rows, 2))
    events = table(rows, 0.3)
    one, other = (
        measures.measure(tmp_path, recording(10), some).recordings["shift_s"].iloc[0]
        for some in (events, events[::-1].reset_index(drop=True))
    )
    assert one == other and one == pytest.approx(-0.3, abs=0.11)


def test_a_label_of_a_whole_night_is_not_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three labels of half a minute each, of which a second is looked at."""
    rows = [(float(at), at + 30.0, "low") for at in (0, 31, 62)]
    folders.write(tmp_path / "r.wav", folders.sound(93, rows, 1))
    monkeypatch.setattr(measures, "_MOST", folders.RATE)
    read, lengths = reading.read, []

    def counted(path: Path, channel: str, start: int, stop: int) -> np.ndarray:
        lengths.append(stop - start)
        return read(path, channel, start, stop)

    monkeypatch.setattr(reading, "read", counted)
    monkeypatch.setenv("RAREWAVE_JOBS", "1")
    found = measures.measure(tmp_path, recording(93), table(rows))
    assert len(found.events) == 3 and max(lengths) <= 4 * folders.RATE
