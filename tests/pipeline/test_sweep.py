"""Many wrong inputs, one tiny world: one message each, in time, and the outputs stay as they were.

Each case changes one file, runs one stage or command, and puts everything back.
"""

import hashlib
import io
import json
import os
import pickle
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest
from support import project, tiny

from rarewave.experiments import recipes

RATE = 6.625
DAY = obspy.UTCDateTime("1971-02-03T00:00:00")
WALL_S = 60.0
CHANGES = project.FAST | {
    "clean.window_samples": 560,
    "clean.hop_samples": 560,
    "spectrogram.n_fft": 128,
    "train.epochs": 1,
}


def trace(
    seed: int, start: obspy.UTCDateTime = DAY, hours: float = 2.0, **header: object
) -> obspy.Trace:
    """Counts of one station."""
    rng = np.random.default_rng(seed)
    samples = (512 + 20 * rng.standard_normal(round(hours * 3600 * RATE))).astype(np.int32)
    about = {"network": "XA", "station": "S12", "location": "00", "channel": "MHZ"}
    return obspy.Trace(samples, about | {"sampling_rate": RATE, "starttime": start})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days of two hours with an event each, every stage run."""
    folder = tmp_path_factory.mktemp("sweep") / "project"
    project.copy(folder)
    recipes.use("lunar", CHANGES, folder / "recipes", folder / "params.yaml")
    (folder / "data/recordings").mkdir(parents=True)
    rows = ["event_id,start,end,type"]
    for day in range(4):
        start = DAY + 86400 * day
        trace(day, start).write(str(folder / f"data/recordings/day{day}.mseed"), format="MSEED")
        rows.append(f"e{day},{start + 3000},{start + 4800},deep_mq".replace("Z", ""))
    (folder / "data/catalog_intervals.csv").write_text("\n".join(rows) + "\n")
    for name in project.STAGES:
        project.good(project.stage(folder, name))
    return folder


@pytest.fixture
def kept(world: Path) -> Iterator[Path]:
    """The world; inputs and outputs are put back when the test is over."""
    saved = world.parent / "saved"
    shutil.rmtree(saved, ignore_errors=True)
    names = ("data", "artifacts", "metrics", "params.yaml", "recipes")
    saved.mkdir()
    for name in names:
        copied = shutil.copytree if (world / name).is_dir() else shutil.copy2
        copied(world / name, saved / name)
    yield world
    for name in names:
        shutil.rmtree(world / name) if (world / name).is_dir() else (world / name).unlink()
        (saved / name).rename(world / name)


def outputs(folder: Path) -> dict[str, str]:
    """A digest of every output."""
    return {
        str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest()
        for top in ("artifacts", "metrics", "plots")
        for path in sorted((folder / top).rglob("*"))
        if path.is_file()
    }


def refused(folder: Path, run: Callable[[], object], *says: str) -> None:
    """It ends with code 1 and one message, in time, without a traceback and without a trace."""
    before = outputs(folder)
    began = time.time()
    done = run()
    assert time.time() - began < WALL_S
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stderr
    assert "Traceback" not in said and "unexpected" not in said, said
    for part in says:
        assert part in said, said
    assert outputs(folder) == before


def change_json(path: Path, **changes: object) -> None:
    """Some values of a JSON file; one that is `...` goes."""
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not ...}))


def table(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """A parquet table changed."""
    change(pd.read_parquet(path)).to_parquet(path, index=False)


def section(f: Path, text: str, new: str) -> None:
    """A line of params.yaml."""
    params = (f / "params.yaml").read_text()
    assert text in params
    (f / "params.yaml").write_text(params.replace(text, new, 1))


def code_in(path: Path) -> None:
    """A pickle that makes a file beside itself when it is read."""

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (path.parent / "CODE_WAS_RUN",))

    path.write_bytes(pickle.dumps(Evil()))


def fifo(path: Path) -> None:
    """A pipe in the place of a file."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def folder_for(path: Path) -> None:
    """A folder in the place of a file."""
    path.unlink()
    path.mkdir()


PARAMETERS = [
    (lambda f: (f / "params.yaml").write_bytes(b"\xff\xfea\x00:\x00"), ["params.yaml", "UTF-8"]),
    (lambda f: (f / "params.yaml").write_text("- a\n"), ["params.yaml", "map of sections"]),
    (lambda f: (f / "params.yaml").write_text("a: &a [1,1]\nb: *a\n"), ["line 2", "alias"]),
    (lambda f: (f / "params.yaml").write_text("[" * 5000), ["params.yaml", "YAML"]),
    (lambda f: (f / "params.yaml").write_text("a: !!python/object/apply:os.system [x]"), ["tag"]),
    (lambda f: folder_for(f / "params.yaml"), ["params.yaml is a folder"]),
    (lambda f: fifo(f / "params.yaml"), ["params.yaml is a pipe"]),
    (lambda f: section(f, "eda:", "clene: {order: 2}\neda:"), ["clene", "did you mean clean"]),
    (lambda f: section(f, "pattern: recordings/*.mseed", 'pattern: "**x"'), ["ingest.pattern"]),
    (lambda f: section(f, "coda_s: 600", "coda_s: 1.0e+300"), ["ingest.coda_s", "at most"]),
    (lambda f: section(f, "order: 4", "order: 200"), ["clean.order", "between 1 and 12"]),
    (lambda f: section(f, "sample_rate_hz: 6.625", "sample_rate_hz: 1.0e+9"), ["sample_rate_hz"]),
    (lambda f: section(f, "window_samples: 560", "window_samples: 10000000000"), ["window"]),
]


@pytest.mark.parametrize(("spoil", "says"), PARAMETERS)
def test_parameters(kept: Path, spoil: Callable[[Path], object], says: list[str]) -> None:
    """Encodings, bombs, names and sizes of params.yaml."""
    spoil(kept)
    refused(kept, lambda: project.stage(kept, "ingest"), *says)


SIZES = [
    ("context_samples: 0", "context_samples: 10000000000", ["context_samples", "GiB", "longest"]),
    ("pad_short: false", "pad_short: true", ["window_samples", "37.3 GiB", "longest recording"]),
    ("taper_s: 30", "taper_s: 900000", ["clean.taper_s", "longest recording"]),
]


@pytest.mark.parametrize(("text", "new", "says"), SIZES)
def test_sizes_are_those_of_recordings(kept: Path, text: str, new: str, says: list[str]) -> None:
    """What would fill the memory is refused with the size and what there is."""
    section(kept, text, new)
    if "pad" in text:
        section(kept, "window_samples: 560", "window_samples: 10000000000")
    refused(kept, lambda: project.stage(kept, "clean"), *says)


def test_a_floor_above_everything_is_no_spectrogram(kept: Path) -> None:
    """Black windows teach nothing."""
    section(kept, "floor_db: -20", "floor_db: 300")
    refused(kept, lambda: project.stage(kept, "spectrogram"), "spectrogram.floor_db", "lower it")


def astray(f: Path, year: int) -> None:
    there = obspy.Stream([trace(1), trace(1, obspy.UTCDateTime(year, 1, 1), 0.1)])
    there.write(str(f / "data/recordings/day1.mseed"), format="MSEED")


def log_only(f: Path) -> None:
    text = np.frombuffer(b"the log of a day " * 9, dtype="S1")
    log = obspy.Trace(text, {"station": "S12", "channel": "LOG", "starttime": DAY})
    log.write(str(f / "data/recordings/day1.mseed"), format="MSEED")


RECORDINGS = [
    (lambda f: code_in(f / "data/recordings/day1.mseed"), ["day1.mseed", "pickle"]),
    (lambda f: astray(f, 1870), ["day1.mseed", "1870", "take it out"]),
    (lambda f: astray(f, 2500), ["day1.mseed", "2500", "take that record out"]),
    (lambda f: astray(f, 2071), ["day1.mseed", "2071", "astray"]),
    (log_only, ["day1.mseed", "log"]),
    (lambda f: shutil.copy(f / "data/recordings/day1.mseed", f / "data/recordings/d\udce9.mseed"),
     [r"d\udce9.mseed", "not UTF-8: rename"]),
    (lambda f: shutil.copy(f / "data/recordings/day1.mseed", f / "data/recordings/d\n1.mseed"),
     ["line end", "rename"]),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "says"), RECORDINGS)
def test_recordings(kept: Path, spoil: Callable[[Path], object], says: list[str]) -> None:
    """Files that are no recordings, or of no time."""
    spoil(kept)
    refused(kept, lambda: project.stage(kept, "ingest"), *says)
    assert not list(kept.rglob("CODE_WAS_RUN"))


def test_a_name_is_no_pattern(kept: Path) -> None:
    """`day[23].mseed` is itself, though day2 and day3 lie beside it."""
    for name in ("day[23].mseed", "day*.mseed"):
        trace(9, DAY + 86400 * 9).write(str(kept / "x"), format="MSEED")
        (kept / "x").rename(kept / "data/recordings" / name)
    project.good(project.stage(kept, "ingest"))
    recordings = pd.read_parquet(kept / "artifacts/ingest/recordings.parquet")
    assert len(recordings) == 5  # the second of the two repeats the first
    assert recordings["start"].max() == pd.Timestamp("1971-02-12", tz="UTC")


HEAD = "event_id,start,end,type\n"
CATALOGUES = [
    (HEAD + "a,1971,1972,x\n", ["row 2", "'1971'"]),
    (HEAD + "a,2300-01-01T00:00,2300-01-01T01:00,x\n", ["row 2", "2300"]),
    (HEAD + 'a,1971-02-03T00:50,1971-02-03T01:20,"x\ty"\n', ["row 2", "tab"]),
    (HEAD.encode() + b"a,1971-02-03T00:50,1971-02-03T01:20,\xe9\n", ["UTF-8"]),
]


@pytest.mark.parametrize(("content", "says"), CATALOGUES)
def test_catalogues(kept: Path, content: str | bytes, says: list[str]) -> None:
    """Times that are none and names that break tables."""
    path = kept / "data/catalog_intervals.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(kept, lambda: project.stage(kept, "ingest"), "catalog_intervals.csv", *says)


def test_a_catalogue_that_is_listed_twice_has_its_events_once(kept: Path) -> None:
    """By its own name, and as a copy."""
    shutil.copy(kept / "data/catalog_intervals.csv", kept / "data/copy.csv")
    section(
        kept,
        "[catalog_intervals.csv]",
        "[catalog_intervals.csv, copy.csv]",
    )
    said = project.good(project.stage(kept, "ingest"))
    assert json.loads((kept / "metrics/ingest.json").read_text())["events"] == 4
    assert "listed twice: 4" in said


A = "artifacts/"
ARTIFACTS = [
    ("spectrogram", lambda f: (f / A / "clean/X_clean.npy").unlink(), ["X_clean.npy"]),
    ("spectrogram", lambda f: cut(f / A / "clean/X_clean.npy"), ["X_clean.npy is broken"]),
    ("spectrogram", lambda f: np.save(f / A / "clean/X_clean.npy", np.zeros(9, "f4")),
     ["X_clean.npy is of other recordings"]),
    ("spectrogram", lambda f: code_in(f / A / "clean/X_clean.npy"), ["X_clean.npy"]),
    ("spectrogram", lambda f: table(f / A / "clean/waveforms.parquet",
                                    lambda t: t.assign(recording_id="q" + t["recording_id"])),
     ["waveforms.parquet is of other recordings"]),
    ("spectrogram", lambda f: (f / A / "clean/frontend.json").write_text("[1]"),
     ["frontend.json is a list"]),
    ("npz", lambda f: np.save(f / A / "clean/y_all.npy", np.array(["a"], object)), ["y_all.npy"]),
    ("npz", lambda f: cut(f / A / "clean/y_all.npy"), ["y_all.npy"]),
    ("npz", lambda f: (f / A / "spectrogram/X_spec.npy").write_text("x"), ["X_spec.npy is broken"]),
    ("npz", lambda f: (f / A / "spectrogram/frontend.json").write_text("[1]"), ["front end"]),
    ("npz", lambda f: change_json(f / A / "clean/frontend.json", task=...), ["no 'task'"]),
    ("npz", lambda f: table(f / A / "clean/windows.parquet", lambda t: pd.concat([t, t])),
     ["windows.parquet", "twice"]),
    ("split", lambda f: table(f / A / "npz/index.parquet", lambda t: t.iloc[:-1]),
     ["index.parquet is of other windows"]),
    ("split", lambda f: table(f / A / "npz/index.parquet", lambda t: t.iloc[::-1]),
     ["index.parquet is of other windows"]),
    ("split", lambda f: cut(f / A / "npz/index.parquet"), ["index.parquet is not a parquet"]),
    ("split", lambda f: fifo(f / A / "npz/index.parquet"), ["index.parquet is a pipe"]),
    ("split", lambda f: table(f / A / "npz/statistics.parquet", lambda t: t.iloc[::-1]),
     ["statistics.parquet is of other windows"]),
    ("split", lambda f: cut(f / A / "npz/statistics.parquet"), ["statistics.parquet is not a"]),
    ("threshold", lambda f: nan(f / A / "train/scores.parquet", slice(None)), ["score", "nan"]),
    ("threshold", lambda f: nan(f / A / "train/scores.parquet", slice(0, 1)), ["score", "nan"]),
    ("threshold", lambda f: table(f / A / "train/scores.parquet", lambda t: pd.concat([t, t])),
     ["scores.parquet", "stands there twice"]),
    ("threshold", lambda f: change_json(f / A / "clean/frontend.json", grid=...), ["no 'grid'"]),
    ("evaluate", lambda f: (f / A / "threshold/threshold.json").write_text("{}"),
     ["threshold.json", "'network'"]),
    ("evaluate", lambda f: (f / A / "threshold/threshold.json").write_text('{"network": 0.5}'),
     ["threshold.json", "no thresholds"]),
    ("evaluate", lambda f: table(f / A / "split/split.parquet",
                                 lambda t: t.assign(window_id="x" + t["window_id"])),
     ["split.parquet is of other windows"]),
    ("evaluate", lambda f: change_json(f / A / "train/detector.json", front_end_digest="0"),
     ["detector.json", "front end was changed"]),
    ("evaluate", lambda f: deviation(f / A / "train/detector.json"),
     ["detector.json", "cannot be"]),
    ("scan", lambda f: code_in(f / A / "baselines/forest.pickle"), ["forest.pickle", "it names"]),
    ("scan", lambda f: cut(f / A / "baselines/forest.pickle"), ["forest.pickle"]),
    ("detect", lambda f: (f / A / "scan/about.json").write_text("null"), ["about.json"]),
]  # fmt: skip


def cut(path: Path) -> None:
    """The first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def nan(path: Path, rows: slice) -> None:
    """Scores of some rows that are no numbers."""

    def change(found: pd.DataFrame) -> pd.DataFrame:
        found.loc[found.index[rows], "p_event"] = np.nan
        return found

    table(path, change)


def deviation(path: Path) -> None:
    """A normalisation with a mean that is no number."""
    content = json.loads(path.read_text())
    content["normalisation"]["mean"][0] = [float("nan")]
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(("stage", "spoil", "says"), ARTIFACTS)
def test_artifacts(
    kept: Path, stage: str, spoil: Callable[[Path], object], says: list[str]
) -> None:
    """What lies between the stages and was changed, cut or is of another run."""
    spoil(kept)
    refused(kept, lambda: project.stage(kept, stage), *says)
    assert not list(kept.rglob("CODE_WAS_RUN"))


def test_an_output_that_is_a_folder_is_named(kept: Path) -> None:
    """It is not deleted."""
    folder_for(kept / "artifacts/ingest/events.parquet")
    done = project.stage(kept, "ingest")
    assert done.returncode == 1 and "events.parquet cannot be written: a folder" in done.stderr


PACKAGE = "artifacts/detect/detector"


def weights(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Members of a .keras file changed."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def a_lambda(members: dict[str, bytes]) -> None:
    text = members["config.json"].decode()
    members["config.json"] = text.replace('"Conv2D"', '"Lambda"').encode()


def joining(f: Path, **changes: object) -> None:
    change_json(f / PACKAGE / "events.json", **changes)


MODELS = [
    (lambda f: weights(f / PACKAGE / "detector.keras", a_lambda), ["Lambda", "runs code"]),
    (lambda f: weights(f / PACKAGE / "detector.keras", lambda m: m.update({"x.py": b""})),
     ["holds x.py"]),
    (lambda f: cut(f / PACKAGE / "detector.keras"), ["detector.keras is not"]),
    (lambda f: fifo(f / PACKAGE / "detector.json"), ["detector.json is a pipe"]),
    (lambda f: joining(f, thresholds={"event": -0.1}), ["events.json", "probability"]),
    (lambda f: joining(f, thresholds={"event": 1.5}), ["events.json", "probability"]),
    (lambda f: joining(f, thresholds={"quake": 0.5}), ["events.json", "quake"]),
    (lambda f: joining(f, bands={"event": [3, 1]}), ["events.json", "band"]),
    (lambda f: code_in(f / PACKAGE / "examples.npz"), ["examples.npz"]),
    (lambda f: code_in(f / PACKAGE / "statistics.npz"), ["statistics.npz", "stage detect again"]),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "says"), MODELS)
def test_models(kept: Path, spoil: Callable[[Path], object], says: list[str]) -> None:
    """Models from elsewhere that were changed, or run code."""
    spoil(kept)
    found = kept / "data/recordings/day0.mseed"
    out = kept.parent / "out"
    refused(kept, lambda: project.command(kept, "detect", PACKAGE, found, "--out", out), *says)
    assert not list(kept.rglob("CODE_WAS_RUN"))


def test_a_bad_file_costs_itself_and_not_the_scan(kept: Path, tmp_path: Path) -> None:
    """A pickle, a log, a stray record and a Latin-1 name are said; the good file is scanned."""
    found = kept / "data/recordings"
    code_in(found / "day1.mseed")
    astray_file = found / "day2.mseed"
    obspy.Stream([trace(1), trace(1, obspy.UTCDateTime(1870, 1, 1), 0.1)]).write(
        str(astray_file), format="MSEED"
    )
    shutil.copy(found / "day0.mseed", found / "d\udce9.mseed")
    out = tmp_path / "out"
    done = project.command(kept, "detect", PACKAGE, found, "--out", out, "--format", "audacity")
    assert done.returncode == 1 and "Traceback" not in done.stderr + done.stdout
    assert "some recordings were not seen in full" in done.stderr, done.stderr
    covered = pd.read_csv(out / "coverage.csv").set_index("path")
    assert covered["scored_s"].sum() > 7000
    problems = " ".join(covered["problem"].dropna())
    assert all(words in problems for words in ("pickle", "1870", "not UTF-8")), problems
    assert not list(kept.rglob("CODE_WAS_RUN"))


COMMANDS = [
    (["summary"], "artifacts/evaluate/table.csv", b"text", ["table.csv", "no table of scores"]),
    (["times"], ".rarewave/times.jsonl", b"[1]\n", ["no run yet"]),
    (["use", "mine"], "recipes/mine.yaml", b"clean: null\n", ["section clean is None"]),
    (["use", "mine"], "recipes/mine.yaml", b"- a\n", ["mine.yaml", "map"]),
    (["use", "mine"], "recipes/mine.yaml", b"\xe9: 1\n", ["mine.yaml", "UTF-8"]),
    (["use", "mine"], "recipes/mine.yaml", b"\x80\x04\x95", ["mine.yaml", "UTF-8"]),
    (["use", "lunar"], "params.yaml", b"\xe9: 1\n", ["params.yaml", "UTF-8"]),
    (["inspect", "x.keras"], "x.keras", b"x", ["x.keras is not a .keras file"]),
]


@pytest.mark.parametrize(("command", "path", "content", "says"), COMMANDS)
def test_commands(
    kept: Path, command: list[str], path: str, content: bytes, says: list[str]
) -> None:
    """Files that a user edits by hand."""
    (kept / path).parent.mkdir(exist_ok=True)
    (kept / path).write_bytes(content)
    refused(kept, lambda: project.command(kept, *command), *says)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three recordings of ten seconds, labelled by a file each."""
    folder = tmp_path_factory.mktemp("sound") / "project"
    project.copy(folder)
    return folder


def labelled(folder: Path, files: dict[str, str | bytes], **options: object) -> object:
    """The stage ingest over three recordings and some label files."""
    for name in ("data", "artifacts", "metrics"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for number in range(3):
        tiny.write(folder / f"data/rec{number}.wav", tiny.noise(10_000, number))
    for name, content in files.items():
        path = folder / "data" / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    changes = {
        "data": "data", "pattern": "*.wav", "labels": "files", "label_files": ["{stem}.txt"],
        "start_pattern": None,
    }  # fmt: skip
    changes = {f"ingest.{name}": value for name, value in (changes | options).items()}
    changes |= {"clean.sample_rate_hz": 1000, "clean.low_hz": None, "clean.high_hz": None}
    recipes.use("calls", changes, folder / "recipes", folder / "params.yaml")
    return project.stage(folder, "ingest")


RAVEN = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tTag\n"
CLIPS = {"labels": "clips", "label_files": ["meta.csv"], "group": "recording"}
LABELS = [
    ({"rec0.txt": "TODO: listen to it\n"}, {}, ["rec0.txt", "no known form of labels"]),
    ({"rec0.txt": "1.05 1.65 low\n"}, {}, ["rec0.txt", "no known form of labels", "tabs"]),
    ({"rec0.txt": "nan\t1.0\tlow\n"}, {}, ["rec0.txt"]),
    ({"rec0.txt": "1.0\tnan\tlow\n"}, {}, ["rec0.txt, row 1", "not a number"]),
    ({"rec0.txt": RAVEN + "1\tW\t9\t1\t2\tlow\n"}, {}, ["rec0.txt, row 2", "channel 9"]),
    ({"rec0.txt": "1\t2\t" + "x" * 999 + "\n"}, {}, ["rec0.txt, row 1", "shorten"]),
    ({"meta.csv": "filename,category\nrec0,a\nrec0.wav,b\nrec1,a\n"}, CLIPS,
     ["meta.csv", "one clip", "a and b"]),
    ({"meta.csv": 'filename,category\nrec0,"a\nb"\nrec1,c\n'}, CLIPS, ["meta.csv", "line end"]),
    ({"meta.csv": 'filename,category\nrec0,"a\tb"\nrec1,c\n'}, CLIPS, ["meta.csv", "tab"]),
    ({"rec9.wav": b"x" * 100}, {}, ["rec9.wav cannot be read"]),
]  # fmt: skip


@pytest.mark.parametrize(("files", "options", "says"), LABELS)
def test_labels(
    sound: Path, files: dict[str, str | bytes], options: dict[str, object], says: list[str]
) -> None:
    """Label files in no known form are not `listened, no calls`."""
    done = labelled(sound, files, **options)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr and "unexpected" not in done.stderr, done.stderr
    for part in says:
        assert part in done.stderr, done.stderr
    assert not list((sound / "artifacts").rglob("*.parquet"))


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_a_label_file_that_cannot_be_read_is_not_a_missing_one(sound: Path, kind: str) -> None:
    """A missing one says that nobody listened."""
    project.good(labelled(sound, {"rec0.txt": "1\t2\tlow\n"}))
    path = sound / "data/rec1.txt"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("nowhere.txt")
    else:
        path.mkdir()
    done = project.stage(sound, "ingest")
    assert done.returncode == 1 and "rec1.txt" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "unexpected" not in done.stderr, done.stderr


def test_what_is_not_read_is_said(sound: Path) -> None:
    """A label file without a recording, .WAV where .wav is read, one table listed twice."""
    files = {
        "rec0.txt": "1\t2\tlow\n3\t4\thigh\n1\t2\tlow\n",
        "recX.txt": "1\t2\tlow\n",
        "b.WAV": b"",
    }
    said = project.good(labelled(sound, files))
    found = json.loads((sound / "artifacts/ingest/report.json").read_text())
    assert found["label_files_without_a_recording"] == ["recX.txt"]
    assert found["not_read_for_the_case_of_their_names"] == ["b.WAV"]
    assert len(found["listed_twice"]) == 1
    assert json.loads((sound / "metrics/ingest.json").read_text())["events"] == 2
    assert "recX.txt" in said and "b.WAV" in said


@pytest.mark.parametrize(
    "label", ["gap", "uncertain", "$\\foo", "$\\alpha_", "bird \U0001f426", "a, b"]
)
def test_any_name_is_a_class(kept: Path, label: str) -> None:
    """A class may be called as a status is, or as a formula; tables and pictures are made."""
    path = kept / "data/catalog_intervals.csv"
    rows = [row.rsplit(",", 1)[0] for row in path.read_text().splitlines()[1:]]
    out = io.StringIO()
    pd.DataFrame([[*row.split(","), label] for row in rows]).to_csv(out, index=False, header=False)
    path.write_text(HEAD + out.getvalue())
    section(kept, "target: event", "target: label")
    for name in ("ingest", "eda", "clean"):
        project.good(project.stage(kept, name))
    counts = pd.read_csv(kept / "plots/clean/labels.csv")
    assert label in counts["label"].to_list() and not counts["label"].duplicated().any()
    statuses = pd.read_parquet(kept / "artifacts/clean/windows.parquet")["status"]
    used = counts.set_index("label").loc[[label, "background"], "windows"].sum()
    assert used == (statuses == "used").sum()
