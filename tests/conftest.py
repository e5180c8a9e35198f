"""What several test files share: a small front end and a recording that suits it."""

import stages  # noqa: F401 isort: skip (sets the threads of OpenBLAS, which numpy reads once)

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import options, properties
from support.places import SHARED

from rarewave import __main__ as command_line
from rarewave.frontend.transform import FrontEnd

properties.load()

LUNAR = SHARED / "data/lunar"


@pytest.fixture(scope="session")
def lunar() -> Path:
    """The folder of real Apollo recordings, where this machine has it."""
    if not LUNAR.is_dir():
        pytest.skip(f"no real Apollo recordings: {LUNAR} does not exist")
    return LUNAR


@pytest.fixture(scope="session")
def small_front_end() -> FrontEnd:
    """Lunar cleaning with small windows: spectrograms of 17 x 29."""
    return FrontEnd(
        options.CLEANING,
        replace(options.GRID, window_samples=256, hop_samples=128),
        replace(options.SPECTROGRAM, n_fft=32, hop=8, floor_db=-20.0),
    )


@pytest.fixture(scope="session")
def noise() -> Callable[[int, int], np.ndarray]:
    """A maker of seeded integer counts, as a seismometer gives them."""

    def make(length: int, seed: int = 0) -> np.ndarray:
        rng = np.random.Generator(np.random.PCG64(seed))
        return np.round(rng.standard_normal(length) * 100) + 500.0

    return make


def make_window_table(
    group: list[str],
    label: list[str],
    start_s: list[float],
    duration_s: float = 100.0,
    event_id: list[str] | None = None,
    utc: bool = True,
) -> pd.DataFrame:
    """The columns of table WINDOWS that splitting looks at."""
    count = len(group)
    seconds = np.array(start_s, float)
    start = pd.Timestamp("1971-04-08", tz="UTC") + pd.to_timedelta(seconds, unit="s")
    unknown = pd.Series(pd.NaT, range(count), "datetime64[ns, UTC]")
    return pd.DataFrame(
        {
            "window_id": [f"w{i}" for i in range(count)],
            "recording_id": [f"r-{g}" for g in group],
            "start_s": seconds,
            "duration_s": duration_s,
            "start": start if utc else unknown,
            "label": label,
            "event_id": event_id
            or ["" if k == "background" else f"e{i}" for i, k in enumerate(label)],
            "group": group,
            "fold": "",
        }
    )


@pytest.fixture(scope="session")
def window_table() -> Callable[..., pd.DataFrame]:
    """A maker of windows for splitting."""
    return make_window_table


@pytest.fixture(scope="session")
def labelled() -> tuple[np.ndarray, np.ndarray]:
    """Small spectrograms (60, 17, 29, 1) in dB and labels that a network can learn."""
    rng = np.random.default_rng(0)
    y = (np.arange(60) % 3 == 0).astype(np.int8)
    X = rng.normal(0, 3, (60, 17, 29, 1)).astype(np.float32)
    X[y == 1, 5:9] += 6
    return X, y


Command = Callable[..., str]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line in this process: what it said; its exit code must be `code`."""

    def run(*arguments: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["rarewave", *map(str, arguments)])
        capsys.readouterr()
        failed = ""
        try:
            command_line.main()
            found = 0
        except SystemExit as stop:
            found = 1 if isinstance(stop.code, str) else int(stop.code or 0)
            failed = str(stop.code)
        said = "".join(capsys.readouterr()) + failed
        assert found == code, said
        return said

    return run
