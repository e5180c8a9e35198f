"""Folders in which something is odd: `new` goes on, or says what cannot be; never a traceback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import obspy
import pandas as pd
import pytest
from support import folders, inprocess, project

from rarewave.base import yaml

Made = tuple[dict[str, Any], str, str]
New = Callable[..., Made]
BOTH = ("low", "high")


@pytest.fixture
def new(tmp_path: Path) -> New:
    """Runs `new` for data; gives the recipe, the terminal's text and the warnings."""
    project.copy_recipes(tmp_path)

    def make(*options: str, fails: bool = False) -> Made:
        done = inprocess.run(tmp_path, "rarewave", "new", "mine", "data", *options)
        assert "Traceback" not in done.stderr and "unexpected" not in done.stderr, done.stderr
        assert (done.returncode != 0) == fails, done.stderr
        written = tmp_path / "recipes/mine.yaml"
        return yaml.read(written, "") if written.exists() else {}, done.stdout, done.stderr

    return make


def stages(folder: Path, *names: str) -> None:
    """What `dvc repro` would begin with goes through."""
    for name in names:
        done = inprocess.run(folder, f"stages.{name}")
        assert not done.returncode, done.stderr


TO_SPLIT = ("ingest", "clean", "spectrogram", "npz", "split")


def quake(root: Path, name: str, start: obspy.UTCDateTime, **header: str) -> None:
    """Two hours at 20 Hz with a quake after 15 and 60 minutes."""
    seed = [start.julday, *"".join([name, *header.values()]).encode()]
    x = np.random.default_rng(seed).normal(0, 10, 20 * 7200)
    for at in (900, 3600):
        t = np.arange(6000) / 20
        x[at * 20 :][:6000] += 100 * np.sin(2 * np.pi * 2 * t) * np.hanning(6000)
    about = {"network": "XX", "station": "AAA", "channel": "BHZ", "sampling_rate": 20.0}
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    trace = obspy.Trace(x.astype(np.int32), about | header | {"starttime": start})
    trace.write(str(root / name), format="MSEED")


def of_stations(root: Path, stations: int, days: int) -> None:
    """A folder for each station, and one catalogue."""
    rows = []
    for day in range(days):
        start = obspy.UTCDateTime(2024, 3, day + 1)
        for n, at in enumerate((900, 3600)):
            rows.append((f"q{day}{n}", str(start + at)[:19], str(start + at + 300)[:19], "quake"))
        for station in "ABCD"[:stations]:
            quake(root, f"S{station}/S{station}_{day}.mseed", start, station=f"S{station}")
    columns = ["event_id", "start", "end", "type"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "quakes.csv", index=False)


def test_label_files_without_any_event(tmp_path: Path, new: New) -> None:
    """Five recordings in which nothing was found."""
    for number in range(5):
        folders.write(tmp_path / f"data/a{number}.wav", folders.sound(4, [], number))
        folders.audacity(tmp_path / f"data/a{number}.txt", [])
    recipe, _, said = new(fails=True)
    assert not recipe and "no event is labelled" in said


def test_onsets_only(tmp_path: Path, new: New) -> None:
    """A catalogue of picks says where ends have to stand."""
    folders.of_catalogue(tmp_path / "data")
    path = tmp_path / "data/quakes.csv"
    pd.read_csv(path).assign(end="").to_csv(path, index=False)
    _, _, said = new(fails=True)
    assert "no event has an end: 12 onsets in quakes.csv" in said


@pytest.mark.parametrize(("task", "what"), [(None, "labelled low"), ("event", "an event")])
def test_nothing_to_tell_events_from(tmp_path: Path, new: New, task: str, what: str) -> None:
    """All clips of one class, or any class is the event: dvc repro would refuse them."""
    rows = []
    for number in range(12):
        folders.clip(tmp_path / "data", f"x{number:02d}.wav", ["low"], number)
        rows.append((f"x{number:02d}.wav", "low" if task is None else BOTH[number % 2]))
    columns = ["filename", "category"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "data/m.csv", index=False)
    recipe, _, said = new(*(["--task", task] if task else []), fails=True)
    assert not recipe and f"all time that is labelled is {what}" in said


def test_folds_that_are_words(tmp_path: Path, new: New) -> None:
    """A column fold with train and test: not used, and said."""
    rows = []
    for number in range(16):
        folders.clip(tmp_path / "data", f"x{number:02d}.wav", [BOTH[number % 2]], number)
        rows.append((f"x{number:02d}.wav", BOTH[number % 2], ("train", "test")[number // 8]))
    columns = ["filename", "category", "fold"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "data/m.csv", index=False)
    recipe, _, said = new()
    assert "test_fold" not in recipe["split"] and "folds test, train, which are not used" in said


def test_a_class_of_one_clip(tmp_path: Path, new: New) -> None:
    """Folders of clips are labels though one holds a single clip."""
    folders.of_clips(tmp_path / "data", "folders")
    folders.clip(tmp_path / "data", "owl/c99.wav", ["low"], 99)
    recipe, said, _ = new()
    assert recipe["ingest"]["labels"] == "folders" and "owl" in said


@pytest.mark.parametrize(("label", "says"), [("low", "is a point"), ("background", "background")])
def test_a_mistake_in_each_label_file(tmp_path: Path, new: New, label: str, says: str) -> None:
    """File, row and fix are named; nobody is told that there are no labels."""
    folders.beside(tmp_path / "data")
    for path in (tmp_path / "data").glob("*.txt"):
        end = 9.5 if label == "low" else 9.8
        path.write_text(path.read_text() + f"9.5\t{end}\t{label}\n")
    _, _, said = new(fails=True)
    assert "song00.txt, row" in said and says in said


def test_why_a_table_is_not_read(tmp_path: Path, new: New) -> None:
    """Labels as a spreadsheet in Germany saves them: not a word of it was said."""
    root = folders.of_table(tmp_path / "data")
    path = root / "events.csv"
    path.write_text(path.read_text().replace(",", ";"))
    recipe, _, said = new(fails=True)
    assert not recipe and "--labels none" in said
    assert "events.csv is not read as labels" in said and "semicolons" in said
    recipe, said, _ = new("--labels=none")
    assert recipe["ingest"]["labels"] == "none" and "no labels" in said


def test_settings_of_a_recorder_are_no_labels(tmp_path: Path, new: New) -> None:
    """Its text is no table, so it does not stand in the way."""
    folders.write(tmp_path / "data/a.wav", folders.sound(20, [], 7))
    (tmp_path / "data/CONFIG.TXT").write_text("Device ID : 24\nGain : Medium\nSleep : 5\n")
    recipe, _, _ = new()
    assert recipe["ingest"]["labels"] == "none"


def test_columns_of_other_names(tmp_path: Path, new: New) -> None:
    """They are named by what they hold, and `ingest` reads them so."""
    path = folders.of_table(tmp_path / "data") / "events.csv"
    table = pd.read_csv(path)
    count = len(table.dropna(subset=["onset"]))
    table.columns = ["wavfile", "t_begin_sec", "t_stop_sec", "what"]
    table.to_csv(path, index=False)
    _, _, said = new(fails=True)
    assert "--columns start=t0" in said
    _, _, said = new("--columns=begin=t_begin_sec", fails=True)
    assert "one of file, start, end, label" in said
    recipe, _, _ = new("--columns=file=wavfile,start=t_begin_sec,end=t_stop_sec,label=what")
    assert recipe["ingest"]["labels"] == "tables"
    stages(tmp_path, "ingest")
    assert len(pd.read_parquet(tmp_path / "artifacts/ingest/events.parquet")) == count


def test_a_column_of_labels_of_another_name(tmp_path: Path, new: New) -> None:
    """In tables of Raven."""
    rows = [(1.0, 1.2, "low"), (3.0, 3.2, "low"), (5.0, 5.2, "high"), (7.0, 7.2, "high")]
    for number in range(6):
        folders.write(tmp_path / f"data/s{number}.wav", folders.sound(10, rows, number))
        path = tmp_path / f"data/s{number}.selections.txt"
        folders.raven(path, rows)
        path.write_text(path.read_text().replace("Annotation", "Ruftyp"))
    _, _, said = new(fails=True)
    assert "Ruftyp" in said
    recipe, _, _ = new("--columns", "label=Ruftyp")
    assert recipe["ingest"]["label_column"] == "Ruftyp"
    stages(tmp_path, "ingest")


def test_sites_that_recorded_at_one_time(tmp_path: Path, new: New) -> None:
    """Six recorders on three mornings: the parts are of sites, each with its own clock."""
    for number in range(18):
        rows, name = folders.calls(8, number, BOTH), f"{'ABCDEF'[number % 6]}site_2024030"
        name += f"{number // 6 + 1}_060000"
        folders.write(tmp_path / f"data/{name}.wav", folders.sound(8, rows, number))
        folders.audacity(tmp_path / f"data/{name}.txt", rows)
    recipe, _, _ = new()
    assert recipe["ingest"]["group"] == "name" and recipe["split"]["clock"] == "group"
    stages(tmp_path, *TO_SPLIT)


def test_stations_that_recorded_one_quake(tmp_path: Path, new: New) -> None:
    """Four stations on three days: days are dealt, as each quake is at all stations."""
    of_stations(tmp_path / "data", 4, 3)
    recipe, _, _ = new()
    assert recipe["ingest"]["group"] == "day"
    stages(tmp_path, *TO_SPLIT)
    _, _, said = new("--force", "--group", "station", fails=True)
    assert "an event of the ground reaches them all: day would" in said


def test_too_few_groups_for_three_parts(tmp_path: Path, new: New) -> None:
    """Two days of many files are dealt by stretches."""
    folders.of_catalogue(tmp_path / "data", 2)
    for path in sorted((tmp_path / "data/waveforms").iterdir()):
        trace = obspy.read(str(path))[0]
        for part in range(8):
            begin = trace.stats.starttime + part * 900
            piece = trace.slice(begin, begin + 899.9)
            piece.data = np.ascontiguousarray(piece.data)
            piece.write(str(path.with_name(f"{path.stem}_{part}.mseed")), format="MSEED")
        path.unlink()
    recipe, _, _ = new()
    assert recipe["ingest"]["group"] == "block"


def test_one_recording_with_two_events(tmp_path: Path, new: New) -> None:
    """No three parts can have an event each."""
    rows = [(5.0, 6.0, "low"), (20.0, 21.0, "low")]
    folders.write(tmp_path / "data/a.wav", folders.sound(60, rows, 1))
    folders.audacity(tmp_path / "data/a.txt", rows)
    recipe, _, said = new(fails=True)
    assert not recipe and "lie in 2 stretches" in said


def test_blocks_are_shorter_than_the_recording(tmp_path: Path, new: New) -> None:
    """Events of 8 s in a minute: several stretches, and that parts cannot be apart is said."""
    rows = [(a, a + 8, "low") for a in (5.0, 20.0, 35.0, 48.0)]
    folders.write(tmp_path / "data/a.wav", folders.sound(60, rows, 1))
    folders.audacity(tmp_path / "data/a.txt", rows)
    recipe, _, said = new()
    assert recipe["ingest"]["block_s"] < 10 and "parts must be" in said
    assert "(ingest.group: block) hold labelled events" in said


def test_one_class_is_counted_once(tmp_path: Path, new: New) -> None:
    """Quakes of a catalogue are one class, event, and not two."""
    folders.of_catalogue(tmp_path / "data")
    _, _, said = new()
    assert "1 of 1 classes have fewer than 20 examples: event (12)" in said


def test_label_folders_like_those_of_recordings(tmp_path: Path, new: New) -> None:
    """labels/siteA/r0.txt is of audio/siteA/r0.wav, and not of audio/siteB/r0.wav."""
    for number in range(8):
        rows, name = folders.calls(8, number, BOTH), f"site{'AB'[number % 2]}/r{number // 2}"
        folders.write(tmp_path / f"data/audio/{name}.wav", folders.sound(8, rows, number))
        folders.audacity(tmp_path / f"data/labels/{name}.txt", rows)
    new()
    stages(tmp_path, "ingest")
    events = pd.read_parquet(tmp_path / "artifacts/ingest/events.parquet")
    for number in range(8):
        name = f"audio/site{'AB'[number % 2]}/r{number // 2}"
        mine = events[events["recording_id"] == name].sort_values("onset_s")
        assert mine["onset_s"].tolist() == [row[0] for row in folders.calls(8, number, BOTH)]


def test_label_files_of_days_of_an_archive(tmp_path: Path, new: New) -> None:
    """XX.AAA..BHZ.D.2024.061 has no ending: its day is part of the name."""
    rows = [(900.0, 1200.0, "quake"), (3600.0, 3900.0, "quake")]
    for day in range(4):
        start = obspy.UTCDateTime(2024, 3, day + 1)
        name = f"XX.AAA..BHZ.D.2024.{start.julday:03d}"
        quake(tmp_path / "data", f"sds/{name}", start)
        folders.audacity(tmp_path / f"data/labels/{name}.txt", rows)
    recipe, _, _ = new()
    assert recipe["ingest"]["label_files"] == ["labels/{stem}.txt"]
    stages(tmp_path, "ingest")
    events = pd.read_parquet(tmp_path / "artifacts/ingest/events.parquet")
    assert len(events) == 8 and events["recording_id"].nunique() == 4


def test_every_channel_has_the_labels_of_its_file(tmp_path: Path, new: New) -> None:
    """Three components of one file, asked for all."""
    rows = [(900.0, 1200.0, "quake"), (3600.0, 3900.0, "quake")]
    for day in range(4):
        start = obspy.UTCDateTime(2024, 3, day + 1)
        stream = obspy.Stream()
        for channel in ("BHN", "BHZ"):
            quake(tmp_path / "data", "one", start, channel=channel)
            stream += obspy.read(str(tmp_path / "data/one"))
        (tmp_path / "data/one").unlink()
        stream.write(str(tmp_path / f"data/d{day}.mseed"), format="MSEED")
        folders.audacity(tmp_path / f"data/d{day}.txt", rows)
    new("--channels", "*")
    stages(tmp_path, "ingest")
    events = pd.read_parquet(tmp_path / "artifacts/ingest/events.parquet")
    assert len(events) == 16 and events["recording_id"].nunique() == 8


def test_short_quakes_of_a_narrow_band(tmp_path: Path, new: New) -> None:
    """Events of 2 s at 3 Hz, recorded at 100 Hz: there are rows between 2 and 5 Hz."""
    rows = []
    for day in range(6):
        start = obspy.UTCDateTime(2024, 3, day + 1)
        x = np.random.default_rng(day).normal(0, 10, 100 * 900)
        for k in range(10):
            at, t = 60 + 80 * k, np.arange(200) / 100
            x[at * 100 :][:200] += 100 * np.sin(2 * np.pi * 3 * t) * np.hanning(200)
            rows.append((f"q{day}{k}", str(start + at)[:23], str(start + at + 2)[:23], "ice"))
        header = {"network": "XX", "station": "A", "channel": "HHZ", "sampling_rate": 100.0}
        (tmp_path / "data").mkdir(exist_ok=True)
        trace = obspy.Trace(x.astype(np.int32), header | {"starttime": start})
        trace.write(str(tmp_path / f"data/{day}.mseed"), format="MSEED")
    columns = ["event_id", "start", "end", "type"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "data/q.csv", index=False)
    recipe, _, _ = new()
    look = recipe["spectrogram"]
    assert (look["fmax_hz"] - look["fmin_hz"]) / (100 / look["n_fft"]) > 3
    seen = recipe["clean"]["window_samples"] + 2 * recipe["clean"]["context_samples"]
    assert (seen - look["n_fft"]) / look["hop"] > 20


def test_names_with_all_signs(tmp_path: Path, new: New) -> None:
    """Braces, brackets, commas, quotes and umlauts in folder, files and labels."""
    place = tmp_path / "data/My, birds' {2024} [x] #1 ü%"
    for number in range(6):
        rows = [
            (a, b, 'a | "q", x' if c == "low" else c) for a, b, c in folders.calls(8, number, BOTH)
        ]
        name = f"söng, {number} 'a' 50%"
        folders.write(
            place / f"{name}.wav", folders.sound(8, folders.calls(8, number, BOTH), number)
        )
        folders.audacity(place / f"{name}.txt", rows)
    new()
    stages(tmp_path, "ingest")
    report = (tmp_path / "reports/mine.md").read_text()
    assert 'a \\| "q", x' in report
    rows_of = [line for line in report.splitlines() if line.startswith("| `")]
    assert all(line.replace("\\|", "").count("|") == 4 for line in rows_of)


def test_a_time_zone_that_is_none(tmp_path: Path, new: New) -> None:
    """Also where no name holds a time."""
    folders.beside(tmp_path / "data")
    _, _, said = new("--time-zone", "Foo/Bar", fails=True)
    assert "no time zone 'Foo/Bar'" in said
    _, out, _ = new("--time-zone", "Europe/Berlin")
    assert "--time-zone says nothing here" in out


def test_the_labels_of_the_only_recording(tmp_path: Path, new: New) -> None:
    """They need not be called as it is; of several recordings that is said."""
    folders.one_long(tmp_path / "data")
    (tmp_path / "data/night.txt").rename(tmp_path / "data/my {labels}.txt")
    new()
    stages(tmp_path, "ingest")
    assert len(pd.read_parquet(tmp_path / "artifacts/ingest/events.parquet")) > 100
    (tmp_path / "recipes/mine.yaml").unlink()
    folders.write(tmp_path / "data/other.wav", folders.sound(5, [], 7))
    recipe, _, said = new(fails=True)
    assert not recipe and "my {labels}.txt holds" in said and "no recording is called so" in said


def test_a_cell_without_a_label(tmp_path: Path, new: New) -> None:
    """A table of events stays one: it was taken for labels of whole recordings, without times."""
    path = folders.of_table(tmp_path / "data") / "events.csv"
    table = pd.read_csv(path)
    table.loc[3, "event_label"] = ""
    table.to_csv(path, index=False)
    recipe, _, said = new(fails=True)
    assert not recipe and "events.csv, row 5: column event_label has no label" in said


def test_a_catalogue_with_a_mistake(tmp_path: Path, new: New) -> None:
    """Which row it is stands beside that there are no labels."""
    path = folders.of_catalogue(tmp_path / "data") / "quakes.csv"
    path.write_text(path.read_text().replace("2024-03-02T01:05:00", "2024-03-01T01:05:00"))
    recipe, _, said = new(fails=True)
    assert not recipe and "quakes.csv is not read as labels" in said and "row 5" in said


def test_geophones_that_write_sound_files(tmp_path: Path, new: New) -> None:
    """Sound of 500 Hz is read: its rate is the highest that the recipe may have."""
    rows = [(10.0, 12.0, "low"), (30.0, 32.0, "low"), (50.0, 52.0, "low")]
    for number in range(6):
        wave = np.random.default_rng(number).normal(0, 0.01, 60 * 500)
        for onset, _, _ in rows:
            wave[round(onset * 500) :][:1000] += 0.3 * np.sin(
                2 * np.pi * 20 * np.arange(1000) / 500
            )
        folders.write(tmp_path / f"data/geo{number}.wav", wave, 500)
        folders.audacity(tmp_path / f"data/geo{number}.txt", rows)
    recipe, text, _ = new()
    assert "at 500 Hz" in text and recipe["clean"]["sample_rate_hz"] <= 500
    stages(tmp_path, "ingest", "clean", "spectrogram")
