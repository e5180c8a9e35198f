"""What people who only detect notice: other units, formats, tables of all, names found again."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest
from support import tiny
from support.places import ROOT

from rarewave.annotations import by_file, reading
from rarewave.annotations.sources import Sources
from rarewave.commands import tables
from rarewave.detection.levels import Trained, trained
from rarewave.frontend import transform
from rarewave.model import package

pytestmark = pytest.mark.filterwarnings("ignore:Skipping variable loading")  # of the optimiser

COUNTS = 1.2e10  # a m/s
Run = Callable[..., str]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a tiny network that looks at m/s: its floor is as low, and it knows levels."""
    folder = tmp_path_factory.mktemp("model") / "detector"
    deep = replace(tiny.FRONT.spectrogram, floor_db=-280.0)
    front = replace(tiny.FRONT, spectrogram=deep)
    made = tiny.package(folder, front=front)
    known = package.load(str(folder))
    X = transform.apply(front, tiny.song(60.0) / COUNTS, tiny.RATE).spectrograms
    seen = trained(front, X, np.arange(len(X)), np.array([tiny.RATE]))
    source = folder.parent / "made/model.keras"
    given = source, known.thresholds, known.joining, known.bands, None, package.Source(), None, seen
    package.save(folder, *given)
    assert made.front_end == front
    return folder


@pytest.fixture
def run(command: Run) -> Run:
    """The command detect in this process."""
    return partial(command, "detect")


def seismic(path: Path, scale: float, seed: int = 0) -> Path:
    """Ten seconds of a song in another unit."""
    wave = (tiny.song(10.0, seed=seed) * scale).astype(np.float32)
    about = {"network": "XA", "station": "S12", "channel": "MHZ", "sampling_rate": tiny.RATE}
    about["starttime"] = obspy.UTCDateTime(2024, 3, 1 + seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    obspy.Trace(wave, about).write(str(path), format="MSEED")
    return path


def test_counts_given_to_a_model_of_metres_a_second_are_refused(
    tmp_path: Path, model: Path, run: Run
) -> None:
    """Before anything is listed, with both levels and what to do; a flag goes on."""
    right = seismic(tmp_path / "ms.mseed", 1 / COUNTS)
    said = run(model, right, "--out", tmp_path / "right", "--format", "csv")
    assert "warning" not in said
    counts = seismic(tmp_path / "counts.mseed", 1.0)
    out = tmp_path / "out"
    said = run(model, counts, "--out", out, code=1)
    for words in ("counts.mseed, XA.S12..MHZ has a level of ", " dB, 1-99 % of its windows)",
                  "another unit", "--any-level scans them all the same"):  # fmt: skip
        assert words in said, said
    assert not out.exists()
    run(model, counts, "--out", out, "--any-level")
    assert (out / "coverage.csv").exists()


def test_one_of_three_in_another_unit_is_a_warning(tmp_path: Path, model: Path, run: Run) -> None:
    """The others are as they should be: all are listed."""
    for day, scale in enumerate((1 / COUNTS, 1.0, 1 / COUNTS)):
        seismic(tmp_path / f"in/day{day}.mseed", scale, seed=day)
    said = run(model, tmp_path / "in", "--out", tmp_path / "out")
    assert "warning: " in said and "day1.mseed, XA.S12..MHZ has a level of" in said
    assert len(pd.read_csv(tmp_path / "out/coverage.csv")) == 3


def test_explain_says_that_the_unit_is_another(tmp_path: Path, model: Path, command: Run) -> None:
    """In its summary, and goes on: what it looks at may show the reason."""
    counts = seismic(tmp_path / "counts.mseed", 1.0)
    said = command("explain", model, counts, "--out", tmp_path / "why")
    assert "Warning: " in said and "another unit or gain" in said
    assert "another unit" in (tmp_path / "why/summary.md").read_text()


def test_what_training_saw_is_kept_and_checked(model: Path) -> None:
    """A package with other numbers than rising ones is refused."""
    found = package.load(str(model)).trained
    assert found is not None and -260 < found.level_db[1] < -200 and found.rates_hz[0] == tiny.RATE
    with pytest.raises(ValueError, match="rising numbers"):
        Trained((1.0, 0.0, 2.0), (1.0, 1.0))


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of before levels were kept, for sound."""
    folder = tmp_path_factory.mktemp("loud") / "detector"
    tiny.package(folder)
    return folder


def test_several_formats_and_one_table_of_all(tmp_path: Path, loud: Path, run: Run) -> None:
    """The table holds the events of the lists of each recording; parquet has types."""
    for k, name in enumerate("ab"):
        tiny.write(tmp_path / f"in/{name}_20240301_02000{k}.wav", tiny.song(10.0, seed=k))
    out = tmp_path / "out"
    forms = "raven, parquet,audacity"
    said = run(loud, tmp_path / "in", "--out", out, "--format", forms)
    assert "warning" not in said
    every = pd.read_csv(out / "events.csv")
    lists = [reading.read(path) for path in sorted(out.glob("*.selections.txt"))]
    assert len(lists) == 2 and len(every) == sum(map(len, lists)) > 4
    np.testing.assert_allclose(every["onset_s"], pd.concat(lists)["onset_s"])
    typed = pd.read_parquet(out / "events.parquet")
    assert typed["onset_s"].tolist() == every["onset_s"].tolist()
    assert str(typed["onset_s"].dtype) == "float64" and str(typed["start"].dtype)[:8] == "datetime"
    assert len(list(out.glob("?_20240301_02000?.txt"))) == 2
    said = run(loud, tmp_path / "in", "--out", tmp_path / "no", "--format", "raven,xls", code=2)
    assert "'xls' is no format: choose from raven" in said and not (tmp_path / "no").exists()


def test_times_are_as_fine_as_the_windows_tell() -> None:
    """A tenth of the hop, at most a millisecond; no event ends behind its recording."""
    hops = {1120 / 6.625: 0, 2.0: 1, 0.5: 2, 0.064: 3, 1e-4: 3}
    for hop_s, wanted in hops.items():
        front = replace(tiny.FRONT, clean=replace(tiny.CLEANING, sample_rate_hz=64 / hop_s))
        assert tables.places(front) == wanted
    events = pd.DataFrame({"onset_s": [1.23456, 9.9996, 2.0], "offset_s": [2.34567, 9.99996, 12.0]})
    found = tables.rounded(events, tiny.FRONT, pd.Series([9.99996] * 3))
    assert found["onset_s"].tolist() == [1.235, 9.9996, 2.0]  # the second is shorter than 1 ms
    assert found["offset_s"].tolist() == [2.346, 9.99996, 12.0]  # the third goes on in a next file


def test_a_recording_without_an_event_is_told_from_one_that_was_not_scanned(
    tmp_path: Path, loud: Path, run: Run
) -> None:
    """Hours, hours scanned and counts of each class; empty where nobody looked."""
    tiny.write(tmp_path / "in/silent.wav", np.zeros(20_000) + 1e-4)
    tiny.write(tmp_path / "in/song.wav", tiny.song(20.0))
    tiny.write(tmp_path / "in/short.wav", tiny.noise(100))
    (tmp_path / "in/bad.wav").write_bytes(b"no sound")
    run(loud, tmp_path / "in", "--out", tmp_path / "out", code=1)
    table = pd.read_csv(tmp_path / "out/recordings.csv")
    columns = ["path", "recording_id", "hours", "hours_scanned", "events", "low", "high", "problem"]
    assert list(table) == columns
    table.index = [Path(path).stem for path in table["path"]]
    events = pd.read_csv(tmp_path / "out/events.csv")
    for name in ("song", "silent"):
        mine = events[events["file"] == f"{name}.wav"]["label"].tolist()
        for column in ("low", "high"):
            assert table.loc[name, column] == mine.count(column)
        assert table.loc[name, "events"] == len(mine)
    assert table.loc["silent", "high"] == 0 and table.loc["song", "high"] > 3
    assert table.loc["song", "hours_scanned"] == pytest.approx(20 / 3600, abs=1e-6)
    assert table.loc["silent", "hours_scanned"] == pytest.approx(20 / 3600, abs=1e-6)
    for name in ("bad", "short"):
        assert np.isnan(table.loc[name, "events"]) and table.loc[name, "hours_scanned"] == 0


def test_explain_knows_the_time_in_a_name_as_detect_does(
    tmp_path: Path, loud: Path, command: Run
) -> None:
    """By the pattern and time zone of the package; a name that does not fit has no time."""
    known, folder = package.load(str(loud)), tmp_path / "detector"
    source = package.Source(None, "%Y%m%d_%H%M%S", "Europe/Berlin")
    given = known.thresholds, known.joining, known.bands, None, source
    package.save(folder, loud / "model.keras", *given)
    for name, wanted in (("x_20240301_020000", "2024-03-01T01:00"), ("song", None)):
        wav = tiny.write(tmp_path / f"{name}.wav", tiny.song(5.0))
        command("explain", folder, wav, "--out", tmp_path / name)
        windows = json.loads((tmp_path / name / "explanation.json").read_text())["windows"]
        starts = {window["start_utc"] and window["start_utc"][:16] for window in windows}
        assert starts == {wanted}


PATTERNS = {
    "raven": "{stem}.Table.1.selections.txt",
    "audacity": "{stem}.txt",
    "sonic_visualiser": "{stem}.layer.csv",
}


@pytest.mark.parametrize("form", PATTERNS)
def test_ingest_finds_the_lists_of_detect_again(
    tmp_path: Path, loud: Path, run: Run, form: str
) -> None:
    """As labels of the same recordings, whatever dots and folders are in their names."""
    names = ("plain", "site.1_20240301_020000", "b/20240301T020000Z")
    for k, name in enumerate(names):
        tiny.write(tmp_path / f"data/{name}.wav", tiny.song(10.0, seed=k))
    run(loud, tmp_path / "data", "--out", tmp_path / "out", "--format", form)
    rows = [
        {"recording_id": Path(name).name, "path": f"{name}.wav", "channel": "1",
         "sample_rate": tiny.RATE, "n_samples": 10_000, "group": ""}
        for name in names
    ]  # fmt: skip
    sources = Sources(
        data="data", pattern="**/*.wav", labels="files", label_column=None, label_columns={},
        label_files=(f"../out/{PATTERNS[form]}",), label_separator=None, strong_files=(),
        name_pattern=None, start_pattern=None, channel=None, channels=None,
        leave_out_unusable=False,
        group="recording", group_pattern=None, folds=0, fold_seed=1, time_zone="UTC",
        block_s=3600.0, catalogue_span=None, classes={}, uncertain_labels=(), until_label=None,
    )  # fmt: skip
    events, recordings, report = by_file.read(sources, tmp_path / "data", pd.DataFrame(rows))
    wanted = pd.read_csv(tmp_path / "out/events.csv")
    assert recordings["labelled"].all() and not report["cut_at_the_end"]
    assert len(events) == len(wanted) > 8
    for column in ("onset_s", "offset_s", "label"):
        assert sorted(events[column]) == sorted(wanted[column])


def test_a_busy_folder_is_refused_before_tensorflow_is_loaded(tmp_path: Path) -> None:
    """Whoever named the folder of yesterday waits for nothing."""
    (tmp_path / "coverage.csv").write_text("path\n")
    script = (
        "import sys; from rarewave.__main__ import main\n"
        f"sys.argv = ['rarewave', 'detect', 'model', 'x.wav', '--out', {str(tmp_path)!r}]\n"
        "try: main()\n"
        "finally: print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout.strip() == "False False"
    assert "holds the results of an earlier run" in done.stderr


def test_a_rate_that_does_not_fit_is_told_in_words_of_the_recording(
    tmp_path: Path, loud: Path, run: Run
) -> None:
    """Who only detects has no params.yaml."""
    slow = tiny.write(tmp_path / "slow.wav", tiny.noise(4000), 400)
    said = run(loud, slow, "--out", tmp_path / "out", code=1)
    assert "slow.wav: wrong sampling rate: it is 400 Hz, and the model looks at up to 500" in said
    assert "needs 1000 Hz or more" in said and "clean." not in said
