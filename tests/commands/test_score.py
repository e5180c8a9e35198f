"""The commands score and embed, as a user runs them: recordings in, one table out."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest
import soundfile
from numpy.typing import NDArray
from pyarrow import parquet
from support import tasks, tiny

from rarewave.detection import scanning
from rarewave.frontend import cleaning, transform
from rarewave.frontend.spectrogram import spectrograms
from rarewave.model import beside, detector, package
from rarewave.networks import last_layer

Run = Callable[..., str]
NAMES = ["background", "low", "high"]


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a network of windows, of three classes."""
    folder = tmp_path_factory.mktemp("windows") / "detector"
    tiny.package(folder)
    return folder


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a network of segments, of three tags, pooled by attention."""
    folder = tmp_path_factory.mktemp("segments") / "detector"
    made, p = tiny.detector_of_segments(pad_short=True)
    detector.save(made, folder.parent / "model.keras")
    thresholds = {n: float(np.median(p[:, k])) for k, n in enumerate(tasks.TAGS.names)}
    package.save(folder, folder.parent / "model.keras", thresholds, tiny.JOINING, {})
    return folder


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: 20 s, 3 s, too short, cut off, no sound at all, and two that are contiguous."""
    folder = tmp_path_factory.mktemp("recordings")
    tiny.write(folder / "a.wav", tiny.song(20.0))
    tiny.write(folder / "b.wav", tiny.song(3.0, seed=2))
    tiny.write(folder / "c.wav", tiny.noise(100))
    (folder / "d.wav").write_bytes((folder / "a.wav").read_bytes()[:20_044])
    (folder / "e.wav").write_text("no sound")
    about = {"network": "XA", "station": "S12", "channel": "MHZ", "sampling_rate": 1000.0}
    for number in range(2):
        start = obspy.UTCDateTime(2024, 3, 1, 2, 0, 10 * number)
        part = tiny.song(10.0, seed=number).astype(np.float32)
        trace = obspy.Trace(part, about | {"starttime": start})
        trace.write(str(folder / f"f{number}.mseed"), format="MSEED")
    return folder


@pytest.fixture
def score(command: Run) -> Run:
    """The command score in this process."""
    return partial(command, "score")


@pytest.fixture
def embed(command: Run) -> Run:
    """The command embed in this process."""
    return partial(command, "embed")


def scan_of(model: Path, path: Path, folder: Path) -> scanning.Scan:
    """What detect scans of one file."""
    (stream,) = tiny.joined([path])
    scorer = beside.scorer_alone(package.load(str(model)).detector)
    return scanning.scan(scorer, stream, folder / f"{path.name}.f32")


def p_of(table: pd.DataFrame, names: tuple[str, ...] = tiny.CLASSES) -> NDArray[np.float64]:
    """The columns of scores."""
    return table[[f"p_{name}" for name in names]].to_numpy(float)


def test_a_row_a_file(tmp_path: Path, windows: Path, recordings: Path, score: Run) -> None:
    """Means over the windows of detect's scan; what was not read or scored is there, and said."""
    out = tmp_path / "new" / "scores.csv"
    said = score(windows, recordings, "--out", out, code=1)
    table = pd.read_csv(out, keep_default_na=True).fillna({"problem": "", "labels": ""})
    assert list(table) == [
        "file", "channel", "start", "duration_s", "scored_s", "gaps", "p_background", "p_low",
        "p_high", "labels", "problem",
    ]  # fmt: skip
    files = sorted(recordings.iterdir())
    assert table["file"].tolist() == [str(path) for path in files]
    for path, p in zip(files, p_of(table), strict=True):
        if path.name in ("c.wav", "e.wav"):
            assert np.isnan(p).all()
            continue
        wanted = np.asarray(scan_of(windows, path, tmp_path).P, float).mean(axis=0)
        np.testing.assert_allclose(p, wanted, rtol=1e-6)
        (row,) = table[table["file"] == str(path)].to_dict("records")
        best = tiny.CLASSES[int(np.argmax(wanted))]
        assert row["labels"] == (best if best != "background" else "")
    by = table.set_index(table["file"].map(lambda name: Path(name).name))
    assert by.loc["c.wav", "problem"] == "shorter than a window"
    assert "truncated" in by.loc["d.wav", "problem"]
    assert by.loc["d.wav", "duration_s"] == pytest.approx(20.0)
    assert by.loc["d.wav", "scored_s"] == pytest.approx(10.0, abs=0.1)
    assert "e.wav" in by.loc["e.wav", "problem"] and np.isnan(by.loc["e.wav", "duration_s"])
    assert by.loc["f1.mseed", "channel"] == "XA.S12..MHZ"
    assert pd.Timestamp(by.loc["f1.mseed", "start"]) == pd.Timestamp("2024-03-01T02:00:10Z")
    assert (table["gaps"] == 0).all()
    assert "e.wav" in said and f"problem in {out}" in said
    assert "the mean over its windows of 0.128 s" in said and "--aggregate max" in said
    assert [path.name for path in out.parent.iterdir()] == ["scores.csv"]


def test_of_windows_the_largest_may_be_taken(
    tmp_path: Path, windows: Path, recordings: Path, score: Run
) -> None:
    """With --aggregate; a file that is too short is no failure, as for detect."""
    out = tmp_path / "scores.parquet"
    files = [recordings / name for name in ("a.wav", "c.wav")]
    score(windows, *files, "--aggregate", "max", "--out", out)
    table = pd.read_parquet(out)
    wanted = np.asarray(scan_of(windows, files[0], tmp_path).P, float).max(axis=0)
    np.testing.assert_allclose(p_of(table)[0], wanted, rtol=1e-6)
    assert table["problem"].tolist() == ["", "shorter than a window"]
    assert str(table["start"].dtype) == "datetime64[ns, UTC]"


@pytest.mark.parametrize("kind", ["windows", "segments"])
def test_a_row_a_segment_is_the_scan_of_detect(
    tmp_path: Path, recordings: Path, score: Run, kind: str, request: pytest.FixtureRequest
) -> None:
    """The same numbers; each with its times, in UTC where they are known, and what is decided."""
    model, out = request.getfixturevalue(kind), tmp_path / "scores.parquet"
    files = [recordings / name for name in ("a.wav", "f0.mseed", "f1.mseed")]
    score(model, *files, "--segments", "--out", out)
    table, inner = pd.read_parquet(out), package.load(str(model))
    names = inner.detector.task.names
    assert list(table)[:5] == ["file", "channel", "start_s", "end_s", "start"]
    for path in files:
        mine = table[table["file"] == str(path)]
        scan = scan_of(model, path, tmp_path)
        np.testing.assert_array_equal(p_of(mine, names), scan.P.astype(float))
        np.testing.assert_allclose(mine["start_s"], scan.first / 1000)
        length = inner.detector.scans.grid.window_samples
        np.testing.assert_allclose(mine["end_s"], (scan.first + length) / 1000)
        yes = inner.detector.task.decide(scan.P.astype(float), inner.thresholds)
        wanted = [[n for n, y in zip(names, row, strict=True) if y] for row in yes]
        assert mine["labels"].tolist() == [
            ";".join(n for n in row if n != "background") for row in wanted
        ]
    later = table[table["file"].str.endswith("f1.mseed")].iloc[1]
    begin = pd.Timestamp("2024-03-01T02:00:10Z") + pd.to_timedelta(later["start_s"], unit="s")
    assert later["start"] == begin
    assert kind == "windows" or table["labels"].nunique() > 1


def test_a_network_of_segments_pools_as_it_learnt(
    tmp_path: Path, segments: Path, recordings: Path, score: Run
) -> None:
    """The window that stage evaluate scores, one pass over what is longer; nothing else."""
    out = tmp_path / "scores.csv"
    files = [recordings / name for name in ("a.wav", "b.wav", "c.wav")]
    refused = score(segments, *files, "--aggregate", "max", "--out", out, code=1)
    assert "train.pooling attention" in refused and not out.exists()
    score(segments, *files, "--out", out)
    table, inner = pd.read_csv(out), package.load(str(segments)).detector
    for path, p in zip(files[1:], p_of(table, tasks.TAGS.names)[1:], strict=True):
        X = transform.apply(inner.front_end, soundfile.read(path)[0], 1000.0).spectrograms
        assert len(X) == 1
        np.testing.assert_allclose(p, inner.score(X)[0], rtol=1e-7)
    wave = cleaning.clean(soundfile.read(files[0])[0], 1000.0, inner.front_end.clean).samples
    # Up to the last whole hop; the segment that ends with the sound has little weight.
    X = spectrograms(wave[None], 1000.0, inner.front_end.spectrogram)
    np.testing.assert_allclose(p_of(table, tasks.TAGS.names)[0], inner.score(X)[0], atol=5e-3)
    scored = table.set_index(table["file"].map(lambda name: Path(name).name))["scored_s"]
    assert scored.to_dict() == pytest.approx({"a.wav": 20.0, "b.wav": 3.0, "c.wav": 0.1})


def test_files_are_decided_as_windows_are_and_segments_as_events(
    tmp_path: Path, segments: Path, recordings: Path, score: Run
) -> None:
    """The thresholds of the stage threshold are of pooled scores, those of detect of moments."""
    low, high = (dict.fromkeys(tasks.TAGS.names, at) for at in (0.0, 1.0))
    model = segments.parent / "model.keras"
    for name, of_events, of_windows in (("a", low, high), ("b", high, low)):
        folder = tmp_path / name
        package.save(folder, model, of_events, tiny.JOINING, {}, window_thresholds=of_windows)
        for more, all_of_them in (([], of_windows == low), (["--segments"], of_events == low)):
            out = tmp_path / f"{name}{len(more)}.csv"
            score(folder, recordings / "a.wav", *more, "--out", out)
            labels = pd.read_csv(out)["labels"].fillna("")
            assert set(labels) == {";".join(tasks.TAGS.names) if all_of_them else ""}


def test_gaps_are_left_out_and_counted(
    tmp_path: Path, windows: Path, score: Run, embed: Run
) -> None:
    """A day with an hour that was not recorded: no row for it, and how many there would be."""
    wave = np.ma.masked_array(tiny.song(20.0), np.zeros(20_000, bool))
    wave[5000:8000] = np.ma.masked
    about = {"network": "XA", "station": "S12", "channel": "MHZ", "sampling_rate": 1000.0}
    path = tmp_path / "x.mseed"
    obspy.Stream([obspy.Trace(wave, about)]).split().write(str(path), format="MSEED")
    lost = int(np.isnan(scan_of(windows, path, tmp_path).P[:, 0]).sum())
    assert 40 < lost < 60
    out = tmp_path / "scores.csv"
    score(windows, path, "--out", out)
    table = pd.read_csv(out)
    assert table["gaps"].tolist() == [lost] and table["scored_s"][0] == pytest.approx(17, abs=0.1)
    said = score(windows, path, "--segments", "--out", tmp_path / "each.csv")
    each = pd.read_csv(tmp_path / "each.csv")
    assert f"{lost} windows or segments lie in gaps" in said
    np.testing.assert_allclose(p_of(each).mean(axis=0), p_of(table)[0], rtol=1e-6)
    embed(windows, path, "--out", tmp_path / "features.csv")
    assert len(pd.read_csv(tmp_path / "features.csv")) == len(each)


def test_nothing_is_written_over_and_nothing_by_halves(
    tmp_path: Path, windows: Path, recordings: Path, score: Run, embed: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A table that is there, another ending, a run that fails in the middle."""
    out = tmp_path / "scores.csv"
    for run in (score, embed):
        assert "end in .csv or .parquet" in run(
            windows, recordings, "--out", tmp_path / "x.txt", code=1
        )
        out.write_text("mine")
        assert f"{out} is there already" in run(windows, recordings, "--out", out, code=1)
        assert out.read_text() == "mine"
        out.unlink()
    score(windows, recordings / "nothing.wav", "--out", out, code=1)

    def full(*given: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / ".scores.csv.part"))

    monkeypatch.setattr("rarewave.model.whole_files.of_recording", full)
    assert "the disk is full" in score(windows, recordings, "--out", out, code=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["windows", "segments"])
def test_features_are_what_the_last_layer_is_given(
    tmp_path: Path, recordings: Path, embed: Run, kind: str, request: pytest.FixtureRequest
) -> None:
    """Of every window or segment, as float32, with its times; the last layer makes its scores."""
    model, out = request.getfixturevalue(kind), tmp_path / "features.parquet"
    said = embed(model, recordings, "--out", out, code=1)
    assert "e.wav" in said and "named above" in said
    table, inner = pd.read_parquet(out), package.load(str(model)).detector
    names = [name for name in table if name.startswith("f") and name != "file"]
    assert list(table) == ["file", "channel", "start_s", "end_s", "start", *names]
    assert {str(table[name].dtype) for name in names} == {"float32"}
    last = last_layer.dense(inner.network)
    path = recordings / "a.wav"
    mine = table[table["file"] == str(path)]
    assert "e.wav" not in set(table["file"].map(lambda name: Path(name).name))
    scan = scan_of(model, path, tmp_path)
    np.testing.assert_allclose(mine["start_s"], scan.first / 1000)
    sums = mine[names].to_numpy() @ np.asarray(last.kernel) + np.asarray(last.bias)
    if kind == "segments":
        np.testing.assert_allclose(1 / (1 + np.exp(-sums)), scan.P, atol=1e-6)
        wave = cleaning.clean(soundfile.read(path)[0], 1000.0, inner.front_end.clean).samples
        X = spectrograms(wave[None], 1000.0, inner.front_end.spectrogram)
        wanted = np.asarray(last_layer.body(inner.network)(inner.normalisation(X)))[0]
        aligned = scan.first % 1024 == 0
        np.testing.assert_allclose(mine[names].to_numpy()[aligned], wanted, atol=1e-4)
    else:
        p = np.exp(sums - sums.max(axis=1, keepdims=True))
        np.testing.assert_allclose(p / p.sum(axis=1, keepdims=True), scan.P, atol=1e-5)


def test_a_long_file_is_written_in_pieces(
    tmp_path: Path, windows: Path, embed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row group for each file, and of a long one for every so many windows."""
    monkeypatch.setattr("rarewave.commands.each_file.CHUNK", 100)
    files = [tiny.write(tmp_path / f"{k}.wav", tiny.song(s)) for k, s in enumerate((3.0, 20.0))]
    out = tmp_path / "features.parquet"
    embed(windows, *files, "--out", out)
    about = parquet.ParquetFile(out).metadata
    groups = [about.row_group(k).num_rows for k in range(about.num_row_groups)]
    counts = pd.read_parquet(out).groupby("file").size().tolist()
    assert groups == [counts[0], 100, 100, 100, counts[1] - 300]
