"""What a user can get wrong: one message, exit code 1, nothing half-written."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest
from support import project
from support.places import ROOT

from rarewave.experiments import recipes

RATE = 6.625
DAY = obspy.UTCDateTime("1971-02-03T00:00:00")


def write(
    path: Path, samples: np.ndarray, start: obspy.UTCDateTime = DAY, rate: float = RATE
) -> None:
    """One miniSEED file of a station."""
    header = {
        "network": "XA", "station": "S12", "location": "00", "channel": "MHZ",
        "sampling_rate": rate, "starttime": start,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    obspy.Trace(samples, header).write(str(path), format="MSEED")


def noise(hours: float, seed: int, rate: float = RATE) -> np.ndarray:
    """Integer counts around 512."""
    rng = np.random.default_rng(seed)
    return (512 + 20 * rng.standard_normal(round(hours * 3600 * rate))).astype(np.int32)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Three days of two hours with an event each, and the code, without Git or DVC."""
    folder = tmp_path / "project"
    project.copy(folder)
    recipes.use("lunar", project.FAST, folder / "recipes", folder / "params.yaml")
    rows = ["event_id,start,end,type,amplitude"]
    for day in range(3):
        start = DAY + 86400 * day
        write(folder / f"data/recordings/day{day}.mseed", noise(2, day), start)
        rows.append(f"e{day},{start + 3000},{start + 4800},deep_mq,1.0".replace("Z", ""))
    (folder / "data/catalog_intervals.csv").write_text("\n".join(rows) + "\n")
    return folder


def edit(folder: Path, **changes: object) -> None:
    """Change single parameters, unchecked, as an editor would."""
    text = (folder / "params.yaml").read_text().splitlines()
    for key, value in changes.items():
        (at,) = [i for i, line in enumerate(text) if line.startswith(f"  {key}:")]
        text[at] = f"  {key}: {value}"
    (folder / "params.yaml").write_text("\n".join(text) + "\n")


def fails(folder: Path, *stages: str, says: list[str]) -> None:
    """All stages but the last run; the last ends in one message, code 1, and no output."""
    for name in stages[:-1]:
        project.good(project.stage(folder, name))
    last = stages[-1]
    done = project.stage(folder, last)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for part in [f"{last}: ", *says]:
        assert part in done.stderr, done.stderr
    left = list((folder / "artifacts" / last).glob("*")) if last != "train" else []
    assert not [p for p in left if p.name.endswith(".part")], left
    assert not (folder / f"metrics/{last}.json").exists()


def catalogue(folder: Path, text: str) -> None:
    """Replace the catalogue."""
    (folder / "data/catalog_intervals.csv").write_text(text)


HEAD = "event_id,start,end,type,amplitude\n"


def no_recordings(f: Path) -> None:
    shutil.rmtree(f / "data/recordings")


def truncated(f: Path) -> None:
    path = f / "data/recordings/day1.mseed"
    path.write_bytes(path.read_bytes()[:-1000])


def random_bytes(f: Path) -> None:
    (f / "data/recordings/day1.mseed").write_bytes(bytes(range(256)) * 40)


def zeros(f: Path) -> None:
    write(f / "data/recordings/day1.mseed", np.zeros(50000, np.int32))


def all_nan(f: Path) -> None:
    write(f / "data/recordings/day1.mseed", np.full(50000, np.nan))


def slow_and_short(f: Path) -> None:
    write(f / "data/recordings/day1.mseed", noise(2, 1, 2.0), DAY + 86400, 2.0)
    write(f / "data/recordings/day2.mseed", noise(0.05, 1), DAY + 2 * 86400)


def one_day(f: Path) -> None:
    for day in (1, 2):
        write(f / f"data/recordings/day{day}.mseed", noise(2, day), DAY + 7300 * day)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (no_recordings, ["no recordings", "ingest.pattern"]),
        (lambda f: shutil.rmtree(f / "data"), ["no folder data", "ingest.data"]),
        (truncated, ["day1.mseed", "truncated", "copy it again"]),
        (random_bytes, ["day1.mseed", "cannot be read"]),
        (zeros, ["day1.mseed", "every sample is 0", "take it out"]),
        (all_nan, ["day1.mseed", "NaN"]),
        (lambda f: catalogue(f, "event_id,start,type\na,1971-02-03,x\n"), ["no column end"]),
        (lambda f: catalogue(f, HEAD + "a,1971-02-03T00:50,soon,x,1\n"), ["row 2", "'soon'"]),
        (
            lambda f: catalogue(f, HEAD + "a,1971-02-03T02:00,1971-02-03T01:00,x,1\n"),
            ["row 2", "ends at", "before"],
        ),
        (
            lambda f: catalogue(f, HEAD + "a,1981-02-03T00:00,1981-02-03T01:00,x,1\n"),
            ["no recording lies within", "1981-02-03", "ingest.catalogue_span"],
        ),
        (lambda f: catalogue(f, HEAD), ["no rows"]),
        (
            lambda f: (f / "data/catalog_intervals.csv").unlink(),
            ["no catalogue", "ingest.label_files"],
        ),
        (lambda f: edit(f, group="dya"), ["ingest.group", "did you mean day"]),
        (lambda f: edit(f, coda_s="ten"), ["ingest.coda_s", "must be a number"]),
        (lambda f: edit(f, coda_s=-1), ["ingest.coda_s", "between 0"]),
        (lambda f: edit(f, coda_s="1\n  cuda_s: 2"), ["unknown parameter ingest.cuda_s", "coda_s"]),
        (lambda f: (f / "params.yaml").write_text("a: [1"), ["params.yaml is not YAML"]),
        (slow_and_short, ["2 recordings", "day1.mseed, XA.S12.00.MHZ: wrong sampling rate",
                          "day2.mseed, XA.S12.00.MHZ is shorter than a window", "window_samples",
                          "ingest.leave_out_unusable"]),
        (lambda f: edit(f, high_hz=0.05), ["low_hz", "below high_hz"]),
        (lambda f: edit(f, hop_samples=5000), ["hop_samples", "window_samples"]),
    ],
)  # fmt: skip
def test_ingest_refuses(small: Path, spoil: Callable[[Path], object], says: list[str]) -> None:
    """Bad recordings, catalogues and parameters end in ingest."""
    spoil(small)
    fails(small, "ingest", says=says)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            lambda f: catalogue(f, HEAD + "a,1971-02-01T00:00,1971-02-09T01:00,x,1\n"),
            ["only events", "quiet time"],
        ),
    ],
)
def test_clean_refuses(small: Path, spoil: Callable[[Path], object], says: list[str]) -> None:
    """Labels that cannot work end in clean."""
    spoil(small)
    fails(small, "ingest", "clean", says=says)


def test_what_cannot_be_used_is_left_out_and_counted(small: Path) -> None:
    """Broken, short and slow recordings cost themselves, where the user says so."""
    slow_and_short(small)
    (small / "data/recordings/day7.mseed").write_bytes(bytes(range(256)) * 40)
    edit(small, leave_out_unusable="true")
    said = project.good(project.stage(small, "ingest"))
    assert "left out: 3" in said
    found = json.loads((small / "metrics/ingest.json").read_text())
    assert (found["recordings"], found["found"]["left_out"]) == (1, 3)
    report = json.loads((small / "artifacts/ingest/report.json").read_text())
    assert [line.split(".mseed")[0][-4:] for line in report["left_out"]] == ["day1", "day2", "day7"]


def test_split_refuses_fewer_groups_than_parts(small: Path) -> None:
    """One day cannot make three parts."""
    one_day(small)
    rows = "".join(f"e{i},{DAY + 7300 * i + 2000},{DAY + 7300 * i + 4000},x,1\n" for i in range(3))
    catalogue(small, HEAD + rows.replace("Z", ""))
    fails(
        small, "ingest", "clean", "spectrogram", "npz", "split",
        says=["fewer groups (1) than parts (3)", "ingest.group"],
    )  # fmt: skip


def test_spectrogram_refuses_a_window_shorter_than_a_transform(small: Path) -> None:
    """n_fft beyond the window names both."""
    params = small / "params.yaml"
    params.write_text(params.read_text().replace("n_fft: 256", "n_fft: 4096"))
    fails(small, "ingest", "clean", "spectrogram", says=["2240", "n_fft 4096"])


@pytest.fixture
def full_disk(small: Path) -> Path:
    """The artifacts of clean on a file system of 1 MB."""
    target = small / "artifacts/clean"
    target.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", target], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small file system")
    yield small
    subprocess.run(["umount", target], check=True)


def test_a_full_disk_is_named_and_leaves_nothing(full_disk: Path) -> None:
    """ENOSPC while writing: one message, no part file."""
    fails(full_disk, "ingest", "clean", says=["the disk is full", "free some space"])
    assert list((full_disk / "artifacts/clean").iterdir()) == []


@pytest.mark.parametrize("command", ["inspect", "rebuild"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, command: str) -> None:
    """Text named .keras ends in one message."""
    path = tmp_path / "model.keras"
    path.write_text("no model")
    done = project.command(ROOT, command, path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "model.keras is not a .keras file" in done.stderr
