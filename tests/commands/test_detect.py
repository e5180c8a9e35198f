"""The command detect, as a user runs it: any recordings in, label files of other programs out."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import obspy
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from obspy.core.inventory import Inventory, Network, Station
from support import project, reference, tiny
from support.places import ROOT

from rarewave import __main__ as command_line
from rarewave import __version__
from rarewave.annotations import reading, writing
from rarewave.annotations.formats import event_table, raven
from rarewave.annotations.reading import read_catalogue
from rarewave.annotations.writing import WRITERS, Listed
from rarewave.base.errors import DataError
from rarewave.commands import detecting, results
from rarewave.detection import scanning
from rarewave.detection.coverage import KINDS
from rarewave.model import package

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipping variable loading"),  # of the optimiser
]

PATTERN = "%Y%m%d_%H%M%S"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a tiny untrained network."""
    folder = tmp_path_factory.mktemp("model") / "detector"
    tiny.package(folder)
    return folder


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 20 s."""
    return tiny.write(tmp_path_factory.mktemp("wav") / "x_20240301_020000.wav", tiny.song(20.0))


def events_of(model: Path, paths: list[Path]) -> pd.DataFrame:
    """What the command must find, in order of time, by `reference`: another way throughout.

    Files of one channel follow one another; an event is of the file in which it begins.
    """
    made = package.load(str(model))
    network, about = made.detector.network, made.detector.normalisation
    assert about.mode == "dataset"

    def score(X: np.ndarray) -> np.ndarray:
        scaled = (X - about.mean[:, None]) / (about.deviation[:, None] + 1e-3)
        return network.predict_on_batch(scaled.astype(np.float32))

    files: dict[str, list[np.ndarray]] = {}
    for path in paths:
        if path.suffix == ".wav":
            files[path.stem] = [soundfile.read(path)[0]]
        else:
            for trace in obspy.read(str(path)):
                files.setdefault(f"{path.stem}.{trace.stats.channel}", []).append(trace.data)
    if len(paths) > 1:
        files = {"joined": [wave for parts in files.values() for wave in parts]}
    tables = []
    for name, parts in files.items():
        classes = {label: k for k, label in enumerate(made.detector.task.names) if k}
        table = reference.events(np.concatenate(parts), score, classes, made.thresholds)
        begins = np.cumsum([0, *map(len, parts[:-1])]) / reference.RATE
        piece = np.searchsorted(begins, table["onset_s"], side="right") - 1
        for column in ("onset_s", "offset_s"):
            table[column] -= begins[piece]
        tables.append(table.assign(recording_id=name, piece=piece))
    return pd.concat(tables, ignore_index=True)


Run = Callable[..., str]


@pytest.fixture
def run(command: Run) -> Run:
    """The command detect in this process."""
    return partial(command, "detect")


def coverage(out: Path) -> pd.DataFrame:
    """The table of coverage, its kinds summing to the length of each file that could be read."""
    table = pd.read_csv(out / "coverage.csv", keep_default_na=True)
    table["problem"] = table["problem"].fillna("")
    known = table[table["duration_s"].notna()]
    kinds = known[list(KINDS)].sum(axis=1)
    np.testing.assert_allclose(kinds, known["duration_s"], atol=1e-3)
    assert not (out / ".partial").exists()
    assert not [p for p in out.iterdir() if p.name.endswith(".part")]
    return table


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    """The same events, whatever the order of rows that begin together."""
    assert len(wanted) > 3
    order = ["onset_s", "offset_s", "label"]
    one, two = (t.sort_values(order, ignore_index=True) for t in (found, wanted))
    assert one["label"].tolist() == two["label"].tolist()
    # Times are written to the millisecond.
    np.testing.assert_allclose(one[order[:2]], two[order[:2]], rtol=0, atol=5.1e-4)
    np.testing.assert_allclose(one[["low_hz", "high_hz"]], two[["low_hz", "high_hz"]])


# Those of seconds in a recording: QuakeML has times of day.
FORMS = [form for form in WRITERS if form not in ("quakeml", "parquet")]
ALWAYS = {"coverage.csv", "detect.json", "events.csv", "recordings.csv"}  # of every run
UNNAMED = ("audacity", "sonic_visualiser")  # have no place for the name of a recording


def told(out: Path, form: str) -> Path:
    """The file of a format that tells of the recording `x_20240301_020000`."""
    return out / WRITERS[form].file.format(stem="x_20240301_020000")


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_of_a_wav_is_read_back(
    tmp_path: Path, model: Path, wav: Path, run: Run, form: str
) -> None:
    """The same events in every format, and the coverage."""
    said = run(model, wav, "--format", form, "--out", tmp_path)
    found, wanted = reading.read(told(tmp_path, form)), events_of(model, [wav])
    if form == "dcase":  # it has no frequencies
        found[["low_hz", "high_hz"]] = wanted[["low_hz", "high_hz"]]
    same(found, wanted)
    assert set(found["file"]) == ({""} if form in UNNAMED else {wav.name})
    (row,) = coverage(tmp_path).to_dict("records")
    assert (row["path"], row["scored_s"], row["problem"]) == (str(wav), pytest.approx(20.0), "")
    assert f"{len(wanted)} events" in said and "1 recordings, 20.0 s" in said
    assert {p.name for p in tmp_path.iterdir()} == ALWAYS | {told(tmp_path, form).name}


def test_formats_named_one_by_one_are_all_written(
    tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """As if they stood together; only the last was, and nothing told."""
    run(model, wav, "--format", "audacity", "--format", "raven,dcase", "--out", tmp_path)
    wanted = {told(tmp_path, form).name for form in ("audacity", "raven", "dcase")}
    assert {p.name for p in tmp_path.iterdir()} == ALWAYS | wanted


@pytest.fixture(scope="module")
def seismic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two contiguous miniSEED files of 10 s."""
    folder = tmp_path_factory.mktemp("seismic")
    wave = tiny.song(20.0).astype(np.float32)
    for number in range(2):
        about = {"network": "XA", "station": "S12", "channel": "MHZ", "sampling_rate": 1000.0}
        about["starttime"] = obspy.UTCDateTime(2024, 3, 1, 2, 0, 10 * number)
        part = wave[10_000 * number : 10_000 * (number + 1)]
        obspy.Trace(part, about).write(str(folder / f"{number}.mseed"), format="MSEED")
    (folder / "notes.txt").write_text("no recording")
    (folder / ".hidden.wav").write_text("no recording")
    return folder


def test_quakeml_of_a_folder_of_miniseed(
    tmp_path: Path, model: Path, seismic: Path, run: Run
) -> None:
    """Times of day, one catalogue of both files, an event across them being one."""
    run(model, seismic, "--format", "quakeml", "--out", tmp_path)
    found = read_catalogue(tmp_path / "events.xml")
    wanted = events_of(model, sorted(seismic.glob("*.mseed")))
    start = pd.Timestamp("2024-03-01T02:00:00", tz="UTC")
    onset = (found["start"] - start).dt.total_seconds()
    later = wanted["piece"].to_numpy(float) * 10
    np.testing.assert_allclose(onset, wanted["onset_s"] + later, atol=1e-6)
    length = (found["end"] - found["start"]).dt.total_seconds()
    np.testing.assert_allclose(length, wanted["offset_s"] - wanted["onset_s"], atol=2e-6)
    assert found["label"].tolist() == wanted["label"].tolist()
    assert coverage(tmp_path)["scored_s"].tolist() == pytest.approx([10.0, 10.0])


def test_with_a_noise_profile_each_file_is_by_itself(
    tmp_path: Path, seismic: Path, run: Run
) -> None:
    """As in training: the second of two contiguous files is what it is alone."""
    front = replace(tiny.FRONT, clean=replace(tiny.FRONT.clean, noise_s=0.5))
    tiny.package(tmp_path / "detector", front=front)
    run(tmp_path / "detector", seismic, "--out", tmp_path / "both")
    run(tmp_path / "detector", seismic / "1.mseed", "--out", tmp_path / "alone")
    both, alone = (pd.read_csv(tmp_path / name / "events.csv") for name in ("both", "alone"))
    mine = both[both["file"].str.endswith("1.mseed")].reset_index(drop=True)
    assert len(mine) and len(both) > len(mine)
    pd.testing.assert_frame_equal(mine, alone)


def test_a_raven_table_for_each_miniseed_file(
    tmp_path: Path, model: Path, seismic: Path, run: Run
) -> None:
    """Each event in the table of the file in which it begins."""
    run(model, seismic, "--out", tmp_path)
    wanted = events_of(model, sorted(seismic.glob("*.mseed")))
    for number in range(2):
        found = raven.read(tmp_path / f"{number}.Table.1.selections.txt")
        mine = wanted[wanted["piece"] == number].reset_index(drop=True)
        same(found, mine)


def test_csv_tells_scores_and_times(tmp_path: Path, model: Path, wav: Path, run: Run) -> None:
    """Peak, mean and windows of each event, and UTC where the name gives the time."""
    run(model, wav, "--format", "csv", "--out", tmp_path, "--start-pattern", PATTERN)
    found, wanted = pd.read_csv(tmp_path / "events.csv"), events_of(model, [wav])
    np.testing.assert_allclose(
        found[["peak", "mean", "windows"]], wanted[["peak", "mean", "windows"]]
    )
    start = pd.to_datetime(found["start"], format="ISO8601")
    seconds = (start - pd.Timestamp("2024-03-01T02:00:00", tz="UTC")).dt.total_seconds()
    np.testing.assert_allclose(seconds, found["onset_s"], atol=1e-6)


def test_one_wav_or_many(tmp_path: Path, model: Path, wav: Path, run: Run) -> None:
    """Files told by times in their names, or by the order in which they are given."""
    wave = tiny.song(20.0)
    for number, (a, b) in enumerate([(0, 3), (3, 13), (13, 20)]):
        tiny.write(tmp_path / f"in/x_20240301_0200{a:02d}.wav", wave[a * 1000 : b * 1000])
        tiny.write(tmp_path / f"named/{'cab'[number]}.wav", wave[a * 1000 : b * 1000])
    run(model, wav, "--format", "csv", "--out", tmp_path / "one")
    run(model, tmp_path / "in", "--format", "csv", "--out", tmp_path / "two",
        "--start-pattern", PATTERN)  # fmt: skip
    named = [tmp_path / f"named/{name}.wav" for name in "cab"]
    run(model, *named, "--format", "csv", "--out", tmp_path / "three", "--in-order")
    tables = [pd.read_csv(tmp_path / name / "events.csv") for name in ("one", "two", "three")]
    begins = {"00": 0, "03": 3, "13": 13, "c": 0, "a": 3, "b": 13}
    for table in tables[1:]:
        before = table["file"].map(lambda name: begins[name.removesuffix(".wav")[-2:]])
        for column in ("onset_s", "offset_s"):
            table[column] += before
        same(table, tables[0])
        np.testing.assert_allclose(table["peak"], tables[0]["peak"])


def test_a_truncated_wav_is_scored_and_told(
    tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """What is there is scored, what is missing is unreadable, and the exit code is 1."""
    cut = tmp_path / "cut.wav"
    cut.write_bytes(wav.read_bytes()[: 44 + 2 * 12_000])
    said = run(model, cut, "--out", tmp_path / "out", code=1)
    assert "cut.wav is truncated: at least 8 s" in said and "Traceback" not in said
    (row,) = coverage(tmp_path / "out").to_dict("records")
    found = [row[name] for name in ("duration_s", "scored_s", "unreadable_s")]
    assert found == pytest.approx([20.0, 12.0, 8.0])
    assert len(raven.read(tmp_path / "out/cut.Table.1.selections.txt"))


def test_a_truncated_miniseed_is_told(tmp_path: Path, model: Path, seismic: Path, run: Run) -> None:
    """Its records say nothing of what is missing, but the last one is broken."""
    cut = tmp_path / "cut.mseed"
    cut.write_bytes((seismic / "0.mseed").read_bytes()[:-1000])
    said = run(model, cut, "--out", tmp_path / "out", code=1)
    assert "cut.mseed is truncated" in said and "Traceback" not in said
    (row,) = coverage(tmp_path / "out").to_dict("records")
    assert 5.0 < row["scored_s"] < 10.0


def test_a_truncated_flac_is_told(tmp_path: Path, model: Path, run: Run) -> None:
    """Its header says how long it was; nothing is claimed of the rest."""
    import soundfile

    soundfile.write(tmp_path / "whole.flac", tiny.song(20.0), 1000)
    content = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(content[: len(content) // 2])
    said = run(model, tmp_path / "cut.flac", "--out", tmp_path / "out", code=1)
    assert "cut.flac" in said and "Traceback" not in said
    (row,) = coverage(tmp_path / "out").to_dict("records")
    assert row["unreadable_s"] > 9 and row["duration_s"] == pytest.approx(20.0)


@pytest.mark.parametrize("form", ["raven", "dcase"])
def test_unreadable_files_do_not_stop_the_others(
    tmp_path: Path, model: Path, wav: Path, run: Run, form: str
) -> None:
    """Noise under the name of a wav, an empty file, and a good one."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/bad.wav").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "in/empty.flac").touch()
    (tmp_path / "in" / wav.name).write_bytes(wav.read_bytes())
    tiny.write(tmp_path / "in/none.wav", np.zeros(0))
    said = run(model, tmp_path / "in", "--out", tmp_path / "out", "--format", form, code=1)
    assert "bad.wav cannot be read" in said and "empty.flac is empty" in said
    table = coverage(tmp_path / "out")
    assert [Path(p).name for p in table["path"]] == ["bad.wav", "empty.flac", "none.wav", wav.name]
    assert (table["problem"] != "").tolist() == [True, True, True, False]
    found = reading.read(told(tmp_path / "out", form))
    if form == "raven":
        same(found, events_of(model, [wav]))


def test_a_file_shorter_than_a_window_is_no_failure(tmp_path: Path, model: Path, run: Run) -> None:
    """Its seconds are told as too short; it has no table, which would say that nothing is there."""
    path = tiny.write(tmp_path / "short.wav", tiny.noise(100))
    run(model, path, "--out", tmp_path / "out")
    (row,) = coverage(tmp_path / "out").to_dict("records")
    assert (row["short_s"], row["problem"]) == (pytest.approx(0.1), "shorter than a window")
    assert not (tmp_path / "out/short.Table.1.selections.txt").exists()


@pytest.mark.parametrize("form", list(WRITERS))
def test_nothing_readable_is_told(tmp_path: Path, model: Path, run: Run, form: str) -> None:
    """One message and the coverage, whatever the format."""
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    said = run(model, tmp_path / "bad.wav", "--out", tmp_path / "o", "--format", form, code=1)
    assert "bad.wav cannot be read" in said
    assert len(coverage(tmp_path / "o")) == 1


def test_what_is_not_there_is_refused(tmp_path: Path, model: Path, wav: Path, run: Run) -> None:
    """An empty folder, a missing file, a missing model: one message, nothing written."""
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out"
    assert "no recordings in" in run(model, tmp_path / "empty", "--out", out, code=1)
    assert "gone.wav does not exist" in run(model, tmp_path / "gone.wav", "--out", out, code=1)
    assert "no model" in run(tmp_path / "nomodel", wav, "--out", out, code=1)
    assert "is no detector with thresholds" in run(tmp_path / "empty", wav, "--out", out, code=1)
    assert not out.exists()


def test_channels(tmp_path: Path, model: Path, run: Run) -> None:
    """The second channel alone finds what it holds; a fifth is not there."""
    both = np.stack([tiny.noise(20_000), tiny.song(20.0)], axis=1)
    path = tiny.write(tmp_path / "x_20240301_020000.wav", both)
    alone = tiny.write(tmp_path / "alone" / path.name, both[:, 1])
    run(model, path, "--channel", 2, "--out", tmp_path / "two")
    found = raven.read(told(tmp_path / "two", "raven"))
    same(found, events_of(model, [alone]))
    assert set(found["channel"]) == {2}
    said = run(model, path, "--channel", 5, "--out", tmp_path / "five", code=1)
    assert "has 2 channel(s), and channel 5 is wanted" in said


def test_channel_0_is_refused(tmp_path: Path, model: Path, wav: Path, run: Run) -> None:
    """Channels count from 1."""
    run(model, wav, "--channel", 0, "--out", tmp_path, code=1)


def test_quakeml_needs_times(tmp_path: Path, model: Path, wav: Path, run: Run) -> None:
    """The message names the file and the way out, and no coverage claims that all was well."""
    said = run(model, wav, "--format", "quakeml", "--out", tmp_path / "out", code=1)
    assert "has no start time, and QuakeML needs one" in said
    assert not (tmp_path / "out/coverage.csv").exists()
    assert not (tmp_path / "out/events.xml").exists()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_results_of_an_earlier_run_are_not_written_over(
    tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """One message that tells what to do, before any work; everything stays as it was."""
    run(model, wav, "--out", tmp_path / "out")
    before = contents(tmp_path / "out")
    other = tiny.write(tmp_path / "other.wav", tiny.song(5.0))
    for words in ((wav, "--format", "csv"), (other,), (wav,)):
        said = run(model, *words, "--out", tmp_path / "out", code=1)
        assert "holds the results of an earlier run" in said and "name another --out" in said
        assert contents(tmp_path / "out") == before


def test_a_file_that_is_not_ours_is_not_written_over(
    tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """As labels made by hand beside the recording; told before the work."""
    labels = tmp_path / "out" / wav.with_suffix(".txt").name
    labels.parent.mkdir()
    labels.write_text("by hand")
    said = run(model, wav, "--format", "audacity", "--out", tmp_path / "out", code=1)
    assert f"{labels} is there, and is not of this run" in said
    assert contents(tmp_path / "out") == {labels.name: b"by hand"}


def test_the_manifest_tells_what_a_run_was(
    tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """Model, thresholds, how it was read, and each file written with its recording."""
    run(model, wav, "--out", tmp_path / "out", "--start-pattern", PATTERN)
    about = json.loads((tmp_path / "out/detect.json").read_text())
    made = package.load(str(model))
    assert about["version"] == __version__
    assert about["model"]["digest"] == made.digest and len(made.digest) == 16
    assert about["model"]["thresholds"] == made.thresholds
    assert (about["formats"], about["channel"]) == (["raven"], "mean")
    assert about["start_pattern"] == PATTERN and about["recordings"] == [str(wav)]
    assert about["files"] == {
        told(tmp_path / "out", "raven").name: {"recording": str(wav), "channel": None},
        "events.csv": {"recording": None, "channel": None},
    }


def test_two_runs_in_one_folder_do_not_meet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """The second is refused while the first is at work, whose results are as they are alone."""
    out, wanted, said = tmp_path / "out", tmp_path / "alone", []
    run(model, wav, "--out", wanted)
    scans = scanning.scans

    def meanwhile(*given: Any) -> list[scanning.Scan]:
        monkeypatch.setattr(scanning, "scans", scans)
        command = [sys.executable, "-m", "rarewave", "detect", model, wav, "--out", out]
        said.append(project.run(ROOT, *map(str, command)))
        return scans(*given)

    monkeypatch.setattr(scanning, "scans", meanwhile)
    run(model, wav, "--out", out)
    (second,) = said
    assert second.returncode == 1 and "Traceback" not in second.stderr
    assert f"another run is at work in {out}" in second.stderr
    assert contents(out) == contents(wanted)


def test_a_dead_run_locks_nothing(tmp_path: Path, model: Path, wav: Path, run: Run) -> None:
    """Its lock and scores lie there, and the next run goes on."""
    part = tmp_path / "out/.partial"
    part.mkdir(parents=True)
    (part / "lock").write_text("999999999")
    (part / "0123456789abcdef.f32").write_bytes(b"1234567")
    run(model, wav, "--out", tmp_path / "out")
    assert len(coverage(tmp_path / "out")) == 1


def test_lists_of_a_run_that_was_stopped_do_not_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """Stopped between its lists and the coverage, then run again in another format."""
    finish = results.finish

    def stop(*_: object) -> None:
        raise DataError("the disk is full")

    monkeypatch.setattr(results, "finish", stop)
    run(model, wav, "--out", tmp_path / "out", code=1)
    assert told(tmp_path / "out", "raven").exists()
    monkeypatch.setattr(results, "finish", finish)
    run(model, wav, "--out", tmp_path / "out", "--format", "csv")
    assert set(contents(tmp_path / "out")) == ALWAYS


def test_files_of_equal_names_get_tables_of_their_own(
    tmp_path: Path, model: Path, run: Run
) -> None:
    """In two folders: so are their tables."""
    waves = {name: tiny.song(10.0, seed=k) for k, name in enumerate("ab")}
    for name, wave in waves.items():
        tiny.write(tmp_path / name / "x.wav", wave)
    run(model, tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out")
    for name in "ab":
        found = raven.read(tmp_path / f"out/{name}/x.Table.1.selections.txt")
        wanted = events_of(model, [tmp_path / name / "x.wav"])
        assert found["onset_s"].tolist() == pytest.approx(wanted["onset_s"].tolist())


def test_a_file_that_is_given_twice_is_no_crash(
    tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """Once as it is, once through a link: the coverage of each adds up, the events are those."""
    (tmp_path / "link").symlink_to(wav.parent)
    out = tmp_path / "out"
    run(model, wav, tmp_path / "link" / wav.name, "--out", out)
    assert set(coverage(out)["scored_s"].round(6)) == {20.0}
    for path in out.rglob("*.selections.txt"):
        same(raven.read(path), events_of(model, [wav]))


def test_no_table_replaces_another(tmp_path: Path, model: Path, run: Run) -> None:
    """As many tables as recordings."""
    for name in "ab":
        tiny.write(tmp_path / name / "r/x.wav", tiny.song(5.0))
    run(model, tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out")
    assert len(list((tmp_path / "out").rglob("*.selections.txt"))) == 2


NAMES = ["site/rec.wav", "site_1/rec.wav", "site/1_rec.wav", "rec.wav", "site/rec.flac", "site.wav"]


@given(st.lists(st.sampled_from([*NAMES, "site/rec.wav.wav", "a.b/rec.wav"]), unique=True))
def test_no_two_recordings_share_a_file(names: list[str]) -> None:
    """Whatever folders, endings and channels they have, in every format that has one for each."""
    for several in ((), ("XA.S12..MHZ", "XA.S12..MHN")):
        listed = {f"/d/{name}": Listed(name, several) for name in names}
        for form in ("raven", "audacity", "sonic_visualiser"):
            made = writing.files(form, listed)
            assert list(dict.fromkeys(path for path, _ in made.values())) == list(listed)
            each = 2 if several and form != "raven" else 1
            assert len(made) == each * len(names)
    tricky = {"/a": Listed("day.mseed", several), "/b": Listed("day.XA.S12..MHZ.mseed")}
    tricky["/c"] = Listed("day.mseed.XA.S12..MHZ")
    assert len(writing.files("audacity", tricky)) == 4


def test_names_that_only_a_folder_tells_apart_lose_nothing(
    tmp_path: Path, model: Path, run: Run
) -> None:
    """Three recordings whose paths are one with underscores have three tables."""
    for k, name in enumerate(NAMES[:3]):
        tiny.write(tmp_path / "in" / name, tiny.song(10.0, seed=k))
    run(model, tmp_path / "in", "--out", tmp_path / "out")
    for name in NAMES[:3]:
        found = raven.read(tmp_path / "out" / name.replace(".wav", ".Table.1.selections.txt"))
        wanted = events_of(model, [tmp_path / "in" / name])
        assert found["onset_s"].tolist() == pytest.approx(wanted["onset_s"].tolist())


@pytest.fixture(scope="module")
def two_channels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A miniSEED file with two channels that hold other calls."""
    path = tmp_path_factory.mktemp("channels") / "day.mseed"
    traces = []
    for seed, channel in enumerate(("MHZ", "MHN")):
        about = {"network": "XA", "station": "S12", "channel": channel, "sampling_rate": 1000.0}
        about["starttime"] = obspy.UTCDateTime(2024, 3, 1, 2)
        traces.append(obspy.Trace(tiny.song(20.0, seed=seed).astype(np.float32), about))
    obspy.Stream(traces).write(str(path), format="MSEED")
    return path


def of_channels(model: Path, path: Path) -> dict[str, pd.DataFrame]:
    """The events of each channel."""
    wanted = events_of(model, [path])
    named = dict(list(wanted.groupby("recording_id")))
    return {name.rsplit(".", 1)[-1]: table for name, table in named.items()}


def test_lists_keep_the_channels_of_a_file(
    tmp_path: Path, model: Path, two_channels: Path, run: Run
) -> None:
    """A column in a Raven table, in the order of their names; a track of Audacity for each."""
    wanted = of_channels(model, two_channels)
    assert set(wanted) == {"MHN", "MHZ"}
    run(model, two_channels, "--out", tmp_path / "raven")
    found = raven.read(tmp_path / "raven/day.Table.1.selections.txt")
    text = pd.read_csv(tmp_path / "raven/day.Table.1.selections.txt", sep="\t")
    for number, name in enumerate(("MHN", "MHZ"), start=1):
        mine = found["channel"] == number
        assert set(text["Channel id"][mine]) == {f"XA.S12..{name}"}
        same(found[mine].reset_index(drop=True), wanted[name])
    for form in ("audacity", "sonic_visualiser"):
        run(model, two_channels, "--out", tmp_path / form, "--format", form)
        for name in ("MHN", "MHZ"):
            file = WRITERS[form].file.format(stem=f"day.XA.S12..{name}")
            same(reading.read(tmp_path / form / file), wanted[name])
        assert len(contents(tmp_path / form)) == 6
    run(model, two_channels, "--out", tmp_path / "csv", "--format", "csv")
    table = pd.read_csv(tmp_path / "csv/events.csv")
    assert table.groupby("channel_id")["channel"].unique().map(list).to_dict() == {
        "XA.S12..MHN": [1],
        "XA.S12..MHZ": [2],
    }


def test_a_model_reads_the_channels_that_it_learnt_from(
    tmp_path: Path, model: Path, two_channels: Path, run: Run
) -> None:
    """By pattern; a user may name others; a file without them is said, and not all is well."""
    made, folder = package.load(str(model)), tmp_path / "detector"
    given = (made.thresholds, made.joining, made.bands, None)
    package.save(folder, model / "model.keras", *given, package.Source(channels="XA.*.MHZ"))
    wanted = of_channels(model, two_channels)
    said = run(folder, two_channels, "--out", tmp_path / "own", "--format", "csv")
    assert "channels XA.*.MHZ of seismic files" in said
    found = pd.read_csv(tmp_path / "own/events.csv")
    assert set(found["channel_id"]) == {"XA.S12..MHZ"}
    same(found, wanted["MHZ"])
    run(folder, two_channels, "--channel", "*N", "--out", tmp_path / "other", "--format", "csv")
    same(pd.read_csv(tmp_path / "other/events.csv"), wanted["MHN"])
    pattern = "XB.*.MHZ"
    said = run(folder, two_channels, "--channel", pattern, "--out", tmp_path / "none", code=1)
    assert "holds no channel that fits XB.*.MHZ: it has XA.S12..MHN, XA.S12..MHZ" in said


def test_an_archive_of_days_is_found_in_its_folder(
    tmp_path: Path, model: Path, two_channels: Path, run: Run
) -> None:
    """Files without an ending, a list for each day."""
    folder = tmp_path / "2024/XA/S12/MHZ.D"
    folder.mkdir(parents=True)
    stream = obspy.read(str(two_channels)).select(channel="MHZ")
    for day in ("061", "062"):
        stream.write(str(folder / f"XA.S12..MHZ.D.2024.{day}"), format="MSEED")
        stream[0].stats.starttime += 86400
    run(model, tmp_path / "2024", "--out", tmp_path / "out", "--format", "csv")
    found = pd.read_csv(tmp_path / "out/events.csv")
    assert set(found["file"]) == {"XA.S12..MHZ.D.2024.061", "XA.S12..MHZ.D.2024.062"}


@pytest.mark.parametrize("form", ["raven", "csv", "quakeml"])
def test_a_list_can_be_traced_to_its_model(
    tmp_path: Path, model: Path, seismic: Path, run: Run, form: str
) -> None:
    """Digest, version and threshold stand at every event."""
    run(model, seismic, "--out", tmp_path, "--format", form)
    made = package.load(str(model))
    if form == "quakeml":
        for event in obspy.read_events(str(tmp_path / "events.xml")):
            threshold = made.thresholds[event.event_descriptions[0].text]
            assert event.creation_info.version == __version__
            assert event.creation_info.author == f"rarewave, model {made.digest}"
            (onset, *_) = event.picks
            assert onset.method_id.id.endswith(f"/detector/{made.digest}")
            assert f"threshold: {threshold:.6g}" in [c.text for c in onset.comments]
        return
    columns = ["label", "threshold", "model", "version"]
    if form == "raven":
        columns = ["Annotation", "Threshold", "Model", "Version"]
    files = sorted(tmp_path.glob("events.csv" if form == "csv" else "*.selections.txt"))
    for file in files:
        table = pd.read_csv(file, sep="," if form == "csv" else "\t", dtype={columns[2]: str})
        label, threshold, digest, version = (table[name] for name in columns)
        assert threshold.tolist() == pytest.approx(label.map(made.thresholds).tolist())
        assert set(digest) == {made.digest} and set(version) == {__version__}


def test_events_of_two_stations_have_ids_of_their_own(
    tmp_path: Path, model: Path, seismic: Path, run: Run
) -> None:
    """Two runs can go into one catalogue; the same run gives the same ids."""
    (tmp_path / "other").mkdir()
    for path in seismic.glob("*.mseed"):
        stream = obspy.read(str(path))
        stream[0].stats.station = "S14"
        stream.write(str(tmp_path / "other" / path.name), format="MSEED")
    ids = {}
    for name, folder in (("one", seismic), ("two", tmp_path / "other"), ("again", seismic)):
        run(model, folder, "--out", tmp_path / name, "--format", "quakeml")
        catalogue = obspy.read_events(str(tmp_path / name / "events.xml"))
        ids[name] = [event.resource_id.id for event in catalogue]
        assert len(set(ids[name])) == len(ids[name]) > 3
    assert not set(ids["one"]) & set(ids["two"]) and ids["one"] == ids["again"]


def test_events_get_the_place_of_their_station(
    tmp_path: Path, model: Path, seismic: Path, run: Run
) -> None:
    """From StationXML: an automatic origin. Without it none, and that is said."""
    said = run(model, seismic, "--out", tmp_path / "none", "--format", "quakeml")
    assert "no origin" in said and "--stations" in said
    station = Station("S12", latitude=-3.0126, longitude=-23.4246, elevation=-1424.0)
    inventory = Inventory([Network("XA", [station])], source="test")
    inventory.write(str(tmp_path / "stations.xml"), format="STATIONXML")
    said = run(
        model, seismic, "--out", tmp_path / "out", "--format", "quakeml",
        "--stations", tmp_path / "stations.xml",
    )  # fmt: skip
    assert "no origin" not in said
    catalogue = obspy.read_events(str(tmp_path / "out/events.xml"))
    for event in catalogue:
        origin = event.preferred_origin()
        assert (origin.latitude, origin.longitude) == (-3.0126, -23.4246)
        assert origin.time == event.picks[0].time and origin.evaluation_mode == "automatic"
        assert [a.pick_id for a in origin.arrivals] == [event.picks[0].resource_id]
    one, two = (read_catalogue(tmp_path / name / "events.xml") for name in ("none", "out"))
    pd.testing.assert_frame_equal(one, two)
    bad = run(
        model, seismic, "--out", tmp_path / "bad", "--stations", seismic / "notes.txt", code=1
    )
    assert "notes.txt is not XML" in bad


@pytest.fixture(scope="module")
def of_second(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model, learnt from second channels of files with times in their names."""
    folder = tmp_path_factory.mktemp("second") / "detector"
    made = package.load(str(model))
    given = (made.thresholds, made.joining, made.bands, None)
    package.save(folder, model / "model.keras", *given, package.Source(2, PATTERN))
    return folder


def test_a_model_reads_the_channel_that_it_learnt_from(
    tmp_path: Path, model: Path, of_second: Path, run: Run
) -> None:
    """Also the times in names; a user may say otherwise."""
    both = np.stack([tiny.noise(20_000), tiny.song(20.0)], axis=1)
    path = tiny.write(tmp_path / "x_20240301_020000.wav", both)
    alone = tiny.write(tmp_path / "alone" / path.name, both[:, 1])
    wanted = events_of(model, [alone])
    said = run(of_second, path, "--out", tmp_path / "two", "--format", "csv")
    assert "channel 2 of sound files" in said
    found = pd.read_csv(tmp_path / "two/events.csv")
    same(found, wanted)
    assert set(found["channel"]) == {2} and set(found["start"].str[:10]) == {"2024-03-01"}
    run(model, path, "--out", tmp_path / "mean", "--format", "csv")
    run(of_second, path, "--channel", "mean", "--out", tmp_path / "as_mean", "--format", "csv")
    tables = [pd.read_csv(tmp_path / name / "events.csv") for name in ("mean", "as_mean")]
    assert tables[0]["onset_s"].tolist() == tables[1]["onset_s"].tolist()
    run(of_second, path, "--channel", 1, "--out", tmp_path / "one", "--format", "csv")
    assert len(pd.read_csv(tmp_path / "one/events.csv")) != len(wanted)
    said = run(of_second, alone, "--out", tmp_path / "mono", code=1)
    assert "has 1 channel(s), and channel 2 is wanted" in said


def test_names_without_the_time_of_the_model_are_read(
    tmp_path: Path, of_second: Path, run: Run
) -> None:
    """The pattern is the model's wish; the user's own must fit."""
    both = np.stack([tiny.noise(20_000), tiny.song(20.0)], axis=1)
    path = tiny.write(tmp_path / "song.wav", both)
    said = run(of_second, path, "--out", tmp_path / "out")
    assert "1 names hold no time of the model's start pattern" in said
    assert len(raven.read(tmp_path / "out/song.Table.1.selections.txt")) > 3
    run(of_second, path, "--out", tmp_path / "own", "--start-pattern", PATTERN, code=1)


def test_tables_tell_files_of_equal_names_apart(tmp_path: Path, model: Path, run: Run) -> None:
    """Two recordings, two names."""
    for k, name in enumerate("ab"):
        tiny.write(tmp_path / name / "x.wav", tiny.song(10.0, seed=k))
    run(model, tmp_path / "a", tmp_path / "b", "--format", "dcase", "--out", tmp_path / "out")
    assert event_table.read(tmp_path / "out/events.tsv")["file"].nunique() == 2


def test_formats_are_those_of_the_command_line() -> None:
    """No format that cannot be chosen, and none that cannot be written."""
    (commands,) = command_line.parser()._subparsers._group_actions  # type: ignore[union-attr]
    options = cast(dict[str, argparse.ArgumentParser], commands.choices)["detect"]._actions
    (action,) = [option for option in options if option.dest == "format"]
    assert action.type("raven, csv,parquet") == ("raven", "csv", "parquet")  # type: ignore[operator]
    for form in WRITERS:
        assert form in (action.help or "")


def test_the_names_of_the_files_are_those_people_know() -> None:
    """Scripts look for them; a new format brings its own."""
    names = {form: writer.file for form, writer in WRITERS.items()}
    assert names.items() >= {
        ("raven", "{stem}.Table.1.selections.txt"),
        ("audacity", "{stem}.txt"),
        ("csv", "events.csv"),
        ("dcase", "events.tsv"),
        ("quakeml", "events.xml"),
    }


# A model and recordings that are large enough for memory and for being killed.
LONG = replace(
    tiny.FRONT,
    clean=replace(tiny.CLEANING, sample_rate_hz=8000.0),
    grid=replace(tiny.FRONT.grid, window_samples=4096, hop_samples=4096),
    spectrogram=replace(tiny.FRONT.spectrogram, n_fft=128, hop=512),
)
SCRIPT = (
    "from rarewave.__main__ import main; main();"
    "print('peak', [w.split()[1] for w in open('/proc/self/status') if w.startswith('VmHWM')][0])"
)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model at 8 kHz, 10 and 60 minutes, and what the command says and writes of both."""
    folder = tmp_path_factory.mktemp("long")
    made = replace(tiny.network_detector(LONG), front_end=LONG)
    part = tiny.song(60.0, 8000.0)
    p = made.score_recording(part, 8000.0)
    at = {name: float(p[f"p_{name}"].quantile(0.9)) for name in tiny.CLASSES[1:]}
    from rarewave.model import detector

    detector.save(made, folder / "model.keras")
    package.save(folder / "detector", folder / "model.keras", at, tiny.JOINING, tiny.BANDS)
    for minutes in (10, 60):
        tiny.write(folder / f"x{minutes}.wav", np.tile(part, minutes), 8000.0)
    return folder


def command(long: Path, minutes: int, out: str) -> list[str]:
    """The command in a process of its own, which tells its peak of memory at the end."""
    given = [str(long / "detector"), str(long / f"x{minutes}.wav"), "--out", str(long / out)]
    return [sys.executable, "-c", SCRIPT, "detect", *given]


@pytest.fixture(scope="module")
def whole(long: Path) -> dict[int, str]:
    """What the command says of each length."""
    return {m: project.good(project.run(ROOT, *command(long, m, f"out{m}"))) for m in (10, 60)}


@pytest.mark.slow
def test_memory_is_flat_in_the_length_of_the_recording(long: Path, whole: dict[int, str]) -> None:
    """An hour needs no more than ten minutes: 190 MB more samples, less than 60 MB more memory."""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc to read the peak of memory from")
    peak = {
        minutes: int(said.split("peak")[1].split()[0]) / 1024 for minutes, said in whole.items()
    }
    assert peak[60] - peak[10] < 60, peak
    assert coverage(long / "out60")["scored_s"].tolist() == pytest.approx([3600.0])


@pytest.mark.slow
def test_a_killed_scan_goes_on_and_writes_the_same(
    long: Path, whole: dict[int, str], run: Run
) -> None:
    """kill -9 in the middle: no event list and no coverage yet; then the same bytes."""
    running = subprocess.Popen(
        command(long, 60, "killed"), cwd=ROOT, env=project.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    out = long / "killed"
    until = time.time() + 60
    while not [p for p in out.glob(".partial/*.f32") if p.stat().st_size]:
        assert time.time() < until and running.poll() is None
        time.sleep(0.005)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert [p.name for p in out.iterdir()] == [".partial"]
    (scores,) = (out / ".partial").glob("*.f32")
    count = 3600 * 8000 // 4096
    assert 0 < scores.stat().st_size < 12 * (count - 1)
    run(long / "detector", long / "x60.wav", "--out", out)
    names = sorted(p.name for p in out.iterdir())
    assert names == [*sorted(ALWAYS), "x60.Table.1.selections.txt"]
    for name in names:
        assert (out / name).read_bytes() == (long / "out60" / name).read_bytes()
    assert len(raven.read(out / names[-1])) > 100


def test_coverage_is_written_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: Path, wav: Path
) -> None:
    """Where it stands, everything else does; scores are kept until then."""

    def stop(*_: object, **__: object) -> None:
        raise DataError("the disk is full")

    monkeypatch.setattr(raven, "write", stop)
    out = tmp_path / "out"
    with pytest.raises(DataError, match="full"), results.opened(out) as part:
        detecting.detect(str(model), [wav], out, part, detecting.Wishes())
    assert [p.name for p in (tmp_path / "out").iterdir()] == [".partial"]
