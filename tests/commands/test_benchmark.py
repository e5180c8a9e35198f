"""The command benchmark, as a user runs it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import tiny

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipping variable loading"),  # of the optimiser
]


def test_speed_of_a_scan_and_of_its_network(tmp_path: Path, command: Callable[..., str]) -> None:
    """All windows of all recordings count, and real time is divided by that of the scan."""
    tiny.package(tmp_path / "detector")
    waves = [tiny.write(tmp_path / f"{name}.wav", tiny.song(20.0)) for name in "ab"]
    said = command("benchmark", tmp_path / "detector", *waves)
    told = {line[:16].strip(): float(line[16:]) for line in said.splitlines() if line[16:].strip()}
    assert told["recorded_s"] == 40.0
    assert told["windows"] == 2 * (20_000 // tiny.FRONT.grid.hop_samples)
    assert told["scan_s"] > 0 and told["times real time"] > 1


def test_a_recording_shorter_than_a_window_is_refused(
    tmp_path: Path, command: Callable[..., str]
) -> None:
    """There is nothing to time."""
    tiny.package(tmp_path / "detector")
    short = tiny.write(tmp_path / "short.wav", tiny.noise(30))
    said = command("benchmark", tmp_path / "detector", short, code=1)
    assert "short.wav is shorter than a window" in said
