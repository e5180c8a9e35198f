"""The command similar, as a user runs it: a query and recordings in, the nearest windows out."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest
import soundfile
from support import tasks, tiny

from rarewave.annotations import reading
from rarewave.commands import finding_similar
from rarewave.frontend import transform
from rarewave.model import detector, package
from rarewave.networks import last_layer

Run = Callable[..., str]
WINDOW_S, HOP_S = 0.128, 0.064


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a network of windows."""
    folder = tmp_path_factory.mktemp("windows") / "detector"
    tiny.package(folder)
    return folder


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a network of segments."""
    folder = tmp_path_factory.mktemp("segments") / "detector"
    made, p = tiny.detector_of_segments(pad_short=True)
    detector.save(made, folder.parent / "model.keras")
    thresholds = {n: float(np.median(p[:, k])) for k, n in enumerate(tasks.TAGS.names)}
    package.save(folder, folder.parent / "model.keras", thresholds, tiny.JOINING, {})
    return folder


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 20 s, 12 s and 10 s."""
    folder = tmp_path_factory.mktemp("recordings")
    for number, seconds in enumerate((20.0, 12.0, 10.0)):
        tiny.write(folder / f"{'abc'[number]}.wav", tiny.song(seconds, seed=number))
    return folder


@pytest.fixture
def similar(command: Run) -> Run:
    """The command similar in this process."""
    return partial(command, "similar")


def found_in(out: Path) -> pd.DataFrame:
    """The table of what was found."""
    return pd.read_csv(out / "events.csv")


def brute(
    features: pd.DataFrame, query: np.ndarray, own: tuple[str, float, float], count: int
) -> list[tuple[str, float, float]]:
    """The nearest windows of what embed wrote: file, begin and cosine, written anew."""
    X = features.filter(regex=r"^f\d+$").to_numpy(float)
    cosine = X @ query / np.linalg.norm(X, axis=1) / np.linalg.norm(query)
    kept = [own]
    for row in np.argsort(-cosine, kind="stable"):
        name, begin, end = features[["file", "start_s", "end_s"]].iloc[row]
        if all(name != file or end <= a or begin >= b for file, a, b in kept):
            kept.append((name, begin, end))
        if len(kept) > count:
            break
    at = features.set_index(["file", "start_s"]).index
    return [(name, begin, cosine[at.get_loc((name, begin))]) for name, begin, _ in kept[1:]]


def test_the_nearest_windows_are_those_of_embed(
    tmp_path: Path, windows: Path, recordings: Path, similar: Run, command: Run
) -> None:
    """As cosines of embed's features say, none over a better one, and not the query itself."""
    query = recordings / "a.wav"
    begin = 50 * HOP_S
    said = similar(
        windows, query, "--from", begin, "--to", begin + WINDOW_S, "--in", recordings,
        "--count", 7, "--out", tmp_path / "out",
    )  # fmt: skip
    command("embed", windows, recordings, "--out", tmp_path / "features.parquet")
    features = pd.read_parquet(tmp_path / "features.parquet")
    mine = features[features["file"] == str(query)].iloc[50]
    own = (str(query), mine["start_s"], mine["end_s"])
    wanted = brute(features, mine.filter(regex=r"^f\d+$").to_numpy(float), own, 7)
    table = found_in(tmp_path / "out")
    assert table["rank"].tolist() == list(range(1, 8))
    np.testing.assert_allclose(table["cosine"], [cosine for *_, cosine in wanted], atol=2e-3)
    alike = dict.fromkeys((Path(name).name, round(at, 3)) for name, at, _ in wanted)
    got = list(zip(table["file"], table["onset_s"], strict=True))
    assert len(set(got) & set(alike)) >= 6  # equals may change places, as cosines are of 16 bits
    assert "7 windows found" in said and "3 recordings, 42.0 s scored" in said
    assert (tmp_path / "out" / "similar.png").stat().st_size > 10_000
    about = json.loads((tmp_path / "out" / "similar.json").read_text())
    assert about["searched"]["exact"] and about["searched"]["files"] == 3
    assert about["query"]["windows_s"] == [[begin, pytest.approx(begin + WINDOW_S)]]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["features.parquet", "out"]


def test_a_copy_is_found_wherever_the_query_lies(
    tmp_path: Path, windows: Path, recordings: Path, similar: Run
) -> None:
    """A query off the grid is the window around its middle; its copy is found first."""
    folder = tmp_path / "more"
    tiny.write(folder / "x.wav", np.concatenate([tiny.noise(735), tiny.song(20.0)[: 9 * 1000]]))
    similar(
        windows, recordings / "a.wav", "--from", 5.0, "--to", 5.05, "--in", folder,
        "--count", 1, "--out", tmp_path / "out",
    )  # fmt: skip
    about = json.loads((tmp_path / "out" / "similar.json").read_text())
    np.testing.assert_allclose(about["query"]["windows_s"], [[4.961, 5.089]], atol=1e-3)
    (row,) = found_in(tmp_path / "out").to_dict("records")
    assert row["cosine"] > 0.999  # its windows lie there, too
    assert row["onset_s"] == pytest.approx(4.961 + 0.735, abs=1e-3)


def test_an_index_grows_and_is_searched_alone(
    tmp_path: Path, windows: Path, recordings: Path, similar: Run
) -> None:
    """What it holds is not embedded again; the same is found as without it, also when torn."""
    place, index = tmp_path / "place", tmp_path / "index"
    place.mkdir()
    for name in ("a.wav", "b.wav"):
        shutil.copy(recordings / name, place)
    look = partial(similar, windows, recordings / "c.wav", "--from", 1, "--to", 1.1)
    assert f"{index}: 2 files, 2 of them new" in look(
        "--in", place, "--index", index, "--out", tmp_path / "1"
    )
    size = (index / "features.f16").stat().st_size
    shutil.copy(place / "a.wav", place / "a again.wav")
    shutil.copy(recordings / "c.wav", place)
    with open(index / "features.f16", "ab") as stream:  # a run that was stopped here
        stream.write(b"torn" * 7)
    with open(index / "files.jsonl", "a") as lines:
        lines.write('{"digest": "no')
    before = (index / "features.f16").read_bytes()[:size]
    assert "3 files, 1 of them new" in look(
        "--in", place, "--index", index, "--out", tmp_path / "2"
    )
    assert (index / "features.f16").read_bytes()[:size] == before
    (place / "a again.wav").unlink()
    look("--in", place, "--out", tmp_path / "3")
    look("--in", index, "--out", tmp_path / "4")
    shutil.move(place / "b.wav", tmp_path / "b.wav")
    assert "3 files, 0 of them new" in look(
        "--in", tmp_path / "b.wav", "--index", index, "--out", tmp_path / "5"
    )
    tables = {name: found_in(tmp_path / name) for name in "2345"}
    for name in "345":
        pd.testing.assert_frame_equal(tables[name], tables["2"])
    about = json.loads((tmp_path / "5" / "similar.json").read_text())
    assert {row["path"] for row in about["found"]} <= {
        str(tmp_path / "b.wav"), str(place / "a.wav"), str(place / "c.wav"),
    }  # fmt: skip
    assert not (index / "lock").exists()


def test_what_lies_in_the_place_of_another_is_not_found(
    tmp_path: Path, windows: Path, recordings: Path, similar: Run
) -> None:
    """A file with other content takes the place of what was there; its bytes may come back."""
    place, index = tmp_path / "place", tmp_path / "index"
    place.mkdir()
    for name in ("a.wav", "b.wav"):
        shutil.copy(recordings / name, place)
    look = partial(similar, windows, recordings / "a.wav", "--from", 15, "--to", 15.1, "--count", 4)
    look("--in", place, "--index", index, "--out", tmp_path / "1")
    assert found_in(tmp_path / "1").loc[0, ["file", "cosine"]].tolist() == ["a.wav", 1.0]
    shutil.copy(recordings / "c.wav", place / "a.wav")
    for name in "23":
        said = look("--in", place, "--index", index, "--out", tmp_path / name)
        assert f"2 files, {int(name == '2')} of them new" in said
        table = found_in(tmp_path / name)
        assert (table["offset_s"] <= np.where(table["file"] == "a.wav", 10, 12)).all()
    look("--in", place, "--out", tmp_path / "4")
    pd.testing.assert_frame_equal(table, found_in(tmp_path / "4"))
    about, fresh = (
        json.loads((tmp_path / name / "similar.json").read_text())["searched"] for name in "34"
    )
    assert about == fresh
    shutil.copy(recordings / "a.wav", place / "back.wav")
    said = look("--in", place, "--index", index, "--out", tmp_path / "5")
    assert "3 files, 0 of them new" in said
    assert found_in(tmp_path / "5").loc[0, ["file", "cosine"]].tolist() == ["back.wav", 1.0]


def test_an_index_of_another_package_is_refused(
    tmp_path: Path, windows: Path, segments: Path, recordings: Path, similar: Run
) -> None:
    """With one message; and one whose recordings were read otherwise."""
    index, query = tmp_path / "index", recordings / "a.wav"
    similar(windows, query, "--in", recordings, "--index", index, "--out", tmp_path / "1")
    other = similar(segments, query, "--in", index, "--out", tmp_path / "2", code=1)
    assert f"the index {index} is of another package" in other
    assert "Traceback" not in other and not (tmp_path / "2").exists()
    grown = similar(
        segments, query, "--in", recordings, "--index", index, "--out", tmp_path / "2", code=1
    )
    assert "build another index" in grown
    read = similar(windows, query, "--in", index, "--channel", 1, "--out", tmp_path / "2", code=1)
    assert "leave --channel" in read
    twice = similar(windows, query, "--in", index, recordings, "--out", tmp_path / "2", code=1)
    assert "is an index: give it alone" in twice
    (index / "features.f16").write_bytes(b"")
    broken = similar(windows, query, "--in", index, "--out", tmp_path / "2", code=1)
    assert "delete it and build it again" in broken


def test_a_network_of_segments_may_look_at_windows(
    tmp_path: Path, recordings: Path, similar: Run, command: Run
) -> None:
    """Where each window is normalised by itself its features are the mean over its segments."""
    made, _ = tiny.detector_of_segments(pad_short=True, normalise="sample")
    assert made.segments is None
    detector.save(made, tmp_path / "model.keras")
    thresholds = dict.fromkeys(tasks.TAGS.names, 0.5)
    model = tmp_path / "detector"
    package.save(model, tmp_path / "model.keras", thresholds, tiny.JOINING, {})
    command("embed", model, recordings, "--out", tmp_path / "features.parquet")
    table = pd.read_parquet(tmp_path / "features.parquet")
    assert table["end_s"].sub(table["start_s"]).round(3).unique().tolist() == [4.816]
    wave = soundfile.read(recordings / "a.wav")[0]
    X = transform.apply(made.front_end, wave, tiny.RATE).spectrograms
    wanted = last_layer.body(made.network)(made.normalisation(X), training=False)
    mine = table[table["file"] == str(recordings / "a.wav")].filter(regex=r"^f\d+$")
    np.testing.assert_allclose(mine[: len(X)], np.mean(wanted, axis=1), atol=2e-3)
    given = ["--from", 5, "--to", 10, "--in", recordings, "--out", tmp_path / "out"]
    similar(model, recordings / "a.wav", *given, "--count", 2)
    assert len(found_in(tmp_path / "out")) == 2


def test_of_segments_those_on_the_grid_are_looked_for(
    tmp_path: Path, segments: Path, recordings: Path, similar: Run
) -> None:
    """The segment nearest to a span, or all whose middle lies in it."""
    for name, span in (("1", (5.0, 5.1)), ("2", (2.0, 12.0))):
        given = ["--from", span[0], "--to", span[1], "--in", recordings, "--out", tmp_path / name]
        similar(segments, recordings / "a.wav", *given, "--count", 5)
    one, more = (
        np.array(json.loads((tmp_path / name / "similar.json").read_text())["query"]["windows_s"])
        for name in "12"
    )
    assert len(one) == 1 and abs(one.mean() - 5.05) < 1.1
    middle = more.mean(axis=1)
    assert len(more) > 3 and (middle >= 2).all() and (middle <= 12).all()
    table = found_in(tmp_path / "2")
    assert len(table) == 5 and table["cosine"].is_monotonic_decreasing
    mine = table[table["file"] == "a.wav"]
    assert ((mine["offset_s"] <= more.min() + 1e-3) | (mine["onset_s"] >= more.max() - 1e-3)).all()


def test_every_format_of_detect_holds_them(tmp_path: Path, windows: Path, similar: Run) -> None:
    """And is read again; what QuakeML lacks is said before anything is embedded."""
    folder = tmp_path / "place"
    folder.mkdir()
    about = {"network": "XA", "station": "S12", "channel": "MHZ", "sampling_rate": 1000.0}
    for number in range(2):
        start = obspy.UTCDateTime(2024, 3, 1, number)
        part = tiny.song(10.0, seed=number).astype(np.float32)
        trace = obspy.Trace(part, about | {"starttime": start})
        trace.write(str(folder / f"f{number}.mseed"), format="MSEED")
    forms = "raven,audacity,sonic_visualiser,csv,parquet,dcase,quakeml"
    look = partial(similar, windows, folder / "f0.mseed", "--from", 1, "--to", 1.1, "--count", 6)
    look("--in", folder, "--format", forms, "--out", tmp_path / "out")
    table = found_in(tmp_path / "out")
    names = set(table["file"])
    for suffix in (".Table.1.selections.txt", ".txt", ".layer.csv"):
        count = 0
        for name in names:
            listed = reading.read(tmp_path / "out" / f"{Path(name).stem}{suffix}")
            count += len(listed)
            assert set(listed["label"]) == {"similar"}
        assert count == 6
    catalogue = obspy.read_events(str(tmp_path / "out" / "events.xml"))
    texts = [event.picks[0].comments[0].text for event in catalogue]
    assert [float(text.split()[-1]) for text in texts] == table["cosine"].tolist()
    begins = [pd.Timestamp(event.picks[0].time.ns, tz="UTC") for event in catalogue]
    assert begins == pd.to_datetime(table["start"]).tolist()
    tiny.write(folder / "g.wav", tiny.song(3.0))
    refused = look("--in", folder, "--format", "quakeml", "--out", tmp_path / "2", code=1)
    assert "QuakeML needs one" in refused and not (tmp_path / "2").exists()


def test_beyond_a_million_windows_a_graph_finds_them(
    tmp_path: Path, windows: Path, recordings: Path, similar: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same windows as the exact search, with the recall beside; it grows with the index."""
    pytest.importorskip("usearch", reason="pip install -r requirements.txt")
    index = tmp_path / "index"
    look = partial(similar, windows, recordings / "c.wav", "--from", 1, "--to", 1.1)
    few = [recordings / "a.wav", recordings / "b.wav"]
    look("--in", *few, "--index", index, "--out", tmp_path / "0")
    look("--in", recordings, "--out", tmp_path / "exact")
    monkeypatch.setattr(finding_similar, "EXACT", 10)
    look("--in", index, "--out", tmp_path / "1")
    look("--in", recordings, "--index", index, "--out", tmp_path / "2")
    about = json.loads((tmp_path / "2" / "similar.json").read_text())["searched"]
    assert not about["exact"] and about["recall_at_10"] >= 0.95
    pd.testing.assert_series_equal(
        found_in(tmp_path / "2")["cosine"], found_in(tmp_path / "exact")["cosine"], atol=1e-3
    )
    assert json.loads((index / "graph.json").read_text())["windows"] == about["windows"]
    (index / "graph.usearch").write_bytes(b"no graph")
    broken = look("--in", index, "--out", tmp_path / "3", code=1)
    assert "graph.usearch" in broken and "Traceback" not in broken


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--from", 1], "--from and --to go together"),
        (["--count", 0], "--count is 0"),
        (["--from", 3, "--to", 2], "is no span"),
        (["--from", 3, "--to", 200], "--to 200 lies outside of"),
        (["--in", "nowhere"], "nowhere does not exist"),
        (["--index", "{recordings}"], "holds something else"),
    ],
)
def test_what_cannot_be_is_said(
    tmp_path: Path, windows: Path, recordings: Path, similar: Run, given: list, message: str
) -> None:
    """With one message, and nothing is left behind."""
    given = [str(part).format(recordings=recordings) for part in given]
    places = [] if "--in" in given else ["--in", recordings]
    out = tmp_path / "out"
    said = similar(windows, recordings / "a.wav", *places, *given, "--out", out, code=1)
    assert message in said and "Traceback" not in said
    assert not any(tmp_path.iterdir())


def test_a_query_must_be_a_recording_with_a_window(
    tmp_path: Path, windows: Path, recordings: Path, similar: Run
) -> None:
    """Not a folder, not too short; results are not written over."""
    short = tiny.write(tmp_path / "short.wav", tiny.noise(100))
    out = ["--in", recordings, "--out", tmp_path / "out"]
    assert "has no window" in similar(windows, short, *out, code=1)
    assert "is a folder" in similar(windows, recordings, *out, code=1)
    similar(windows, recordings / "a.wav", *out)
    assert "is no empty folder" in similar(windows, recordings / "a.wav", *out, code=1)


def test_what_cannot_be_read_is_named(
    tmp_path: Path, windows: Path, recordings: Path, similar: Run
) -> None:
    """The rest is searched, and the exit code is 1."""
    (tmp_path / "e.wav").write_text("no sound")
    given = [recordings / "a.wav", "--in", recordings, tmp_path / "e.wav"]
    said = similar(windows, *given, "--out", tmp_path / "out", code=1)
    assert "e.wav" in said and "not seen in full" in said
    assert len(found_in(tmp_path / "out")) == 20
