"""Seismic folders as people have them: stations with three components each, archives of days."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import obspy
import pandas as pd
import pytest
from obspy.core.inventory import (
    Channel,
    InstrumentSensitivity,
    Inventory,
    Network,
    Response,
    Station,
)
from support import project

from rarewave.base.errors import DataError
from rarewave.experiments import recipes

pytestmark = pytest.mark.slow  # a pipeline of its own, which takes minutes

RATE, DAYS, HOURS = 6.625, 4, 3
COMPONENTS = ("MHZ", "MH1", "MH2")
BEGIN = obspy.UTCDateTime(1971, 4, 8)


def trace(station: str, channel: str, day: int, rate: float = RATE) -> obspy.Trace:
    """Noise with an event in its second hour, fainter on the horizontal components."""
    seed = [day, COMPONENTS.index(channel), int(station[1:])]
    samples = np.random.default_rng(seed).normal(0, 10, round(HOURS * 3600 * rate))
    begin, end = round(3600 * rate), round(4800 * rate)
    time = np.arange(end - begin) / rate
    samples[begin:end] += 200 * np.sin(2 * np.pi * 0.5 * time) / (1 + COMPONENTS.index(channel))
    about = {"network": "XB", "station": station, "channel": channel, "sampling_rate": rate}
    return obspy.Trace(samples.astype(np.int32), about | {"starttime": BEGIN + 86400 * day})


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of three components of two stations, an SDS archive of one, and a catalogue."""
    folder = tmp_path_factory.mktemp("stations") / "project"
    project.copy(folder)
    rows = ["event_id,start,end,type"]
    for day in range(DAYS):
        for station in ("A12", "A15"):
            whole = obspy.Stream([trace(station, name, day) for name in COMPONENTS])
            path = folder / f"data/waveforms/{station}/{station}.{day}.mseed"
            path.parent.mkdir(parents=True, exist_ok=True)
            whole.write(str(path), format="MSEED")
        sds = folder / f"data/1971/XB/A12/MHZ.D/XB.A12..MHZ.D.1971.{98 + day:03d}"
        sds.parent.mkdir(parents=True, exist_ok=True)
        whole.select(channel="MHZ").write(str(sds), format="MSEED")
        start = BEGIN + 86400 * day + 3600
        rows.append(f"q{day},{start},{start + 1200},deep")
    (folder / "data/catalog.csv").write_text("\n".join(rows) + "\n")
    return folder


def ingest(folder: Path, **options: Any) -> tuple[int, str]:
    """Run the stage."""
    changes = {
        "pattern": "waveforms/*/*.mseed", "label_files": ["catalog.csv"], "coda_s": 60,
    } | options  # fmt: skip
    written = {f"ingest.{key}": value for key, value in changes.items()}
    written |= project.FAST | {"split.clock": "shared", "split.purge_s": 0}
    recipes.use("lunar", written, folder / "recipes", folder / "params.yaml")
    done = project.stage(folder, "ingest")
    return done.returncode, done.stdout + done.stderr


def table(folder: Path) -> pd.DataFrame:
    """The recordings."""
    return pd.read_parquet(folder / "artifacts/ingest/recordings.parquet")


def test_several_channels_and_none_chosen_is_one_clear_error(code: Path) -> None:
    """With all identifiers and the line to write, which then does it."""
    status, said = ingest(code)
    assert status == 1 and len(said.strip().splitlines()) == 1
    assert "A12.0.mseed holds 3 channels (there are XB.A12..MH1, XB.A12..MH2, XB.A12..MHZ, " in said
    assert 'choose with  channels: "XB.*..MHZ"  below ingest in params.yaml' in said
    status, said = ingest(code, channels="XB.*..MHZ")
    assert status == 0, said
    assert set(table(code)["channel"]) == {"XB.A12..MHZ", "XB.A15..MHZ"}
    assert set(table(code)["recording_id"]) == {f"{s}.{d}" for s in ("A12", "A15") for d in "0123"}


def test_stations_and_components_are_chosen(code: Path) -> None:
    """Files without them are counted; every channel may be a recording; none is one error."""
    status, said = ingest(code, channels=["XB.A12.*.MHZ", "XB.A12.*.MH1"])
    assert status == 0, said
    assert set(table(code)["channel"]) == {"XB.A12..MHZ", "XB.A12..MH1"}
    assert f"without a chosen channel: {DAYS}: waveforms/A15/A15.0.mseed" in said
    assert json.loads((code / "metrics/ingest.json").read_text())["recordings"] == 2 * DAYS
    status, said = ingest(code, channels="*")
    assert status == 0 and len(table(code)) == 6 * DAYS
    status, said = ingest(code, channels="XA.*.MHZ")
    assert status == 1
    assert "no recording has a channel that fits ingest.channels XA.*.MHZ: there are XB." in said
    with pytest.raises(DataError, match="channels is empty: give a pattern"):
        ingest(code, channels=[])


def test_an_archive_of_days_is_read_by_pattern(code: Path) -> None:
    """No endings: the format is told from the content, the name is whole."""
    status, said = ingest(code, pattern="1971/XB/*/MHZ.D/*")
    assert status == 0, said
    names = [f"XB.A12..MHZ.D.1971.{98 + day:03d}" for day in range(DAYS)]
    assert table(code)["recording_id"].tolist() == names
    assert set(table(code)["group"]) == {f"1971-04-{8 + day:02d}" for day in range(DAYS)}


def test_a_wrong_rate_names_its_channel(code: Path, tmp_path: Path) -> None:
    """One of three components of one file is too slow."""
    traces = [trace("A12", name, 0, 2.0 if name == "MH1" else RATE) for name in COMPONENTS]
    path = code / "data/slow/odd.mseed"
    path.parent.mkdir(exist_ok=True)
    obspy.Stream(traces).write(str(path), format="MSEED")
    status, said = ingest(code, pattern="slow/*", channels="*")
    assert status == 1 and "odd.mseed, XB.A12..MH1: wrong sampling rate: it is 2 Hz" in said
    status, said = ingest(code, pattern="slow/*", channels="*Z")
    assert status == 0, said


def test_the_package_knows_the_channels(code: Path, tmp_path: Path) -> None:
    """Every stage with them chosen; `detect` and `explain` read the same, or what a user names."""
    status, said = ingest(code, channels="XB.*..MHZ")
    assert status == 0, said
    for name in project.STAGES[1:]:
        project.good(project.stage(code, name))
    package, day = code / "artifacts/detect/detector", code / "data/waveforms/A15/A15.3.mseed"
    about = json.loads((package / "events.json").read_text())
    assert about["source"]["channels"] == ["XB.*..MHZ"]
    out = tmp_path / "out"
    said = project.good(project.command(code, "detect", package, day, "--out", out))
    coverage = pd.read_csv(out / "coverage.csv")
    assert coverage["recording_id"].tolist() == ["A15.3"]
    project.good(project.command(code, "explain", package, day, "--out", tmp_path / "why"))
    why = json.loads((tmp_path / "why/explanation.json").read_text())
    assert [part["channel"] for part in why["recording"]["parts"]] == ["XB.A15..MHZ"]
    given = ("--channel", "*.MH1", "--out", tmp_path / "horizontal")
    project.good(project.command(code, "explain", package, day, *given))
    why = json.loads((tmp_path / "horizontal/explanation.json").read_text())
    assert [part["channel"] for part in why["recording"]["parts"]] == ["XB.A15..MH1"]


def stations(gain: float) -> Inventory:
    """Both stations, a sensitivity in m/s for each channel and no stages."""
    made = Response(instrument_sensitivity=InstrumentSensitivity(gain, 0.5, "M/S", "COUNTS"))
    channels = [Channel(n, "", -3, -23, 0, 0, sample_rate=RATE, response=made) for n in COMPONENTS]
    named = [Station(name, -3, -23, 0, channels=channels) for name in ("A12", "A15")]
    return Inventory([Network("XB", named)], created=obspy.UTCDateTime(2024, 1, 1))


def test_the_response_is_removed_everywhere_alike(code: Path, tmp_path: Path) -> None:
    """Cleaned samples in m/s, and a package that brings the instruments and knows them again."""
    gain = 1.2e10
    stations(gain).write(str(code / "data/stations.xml"), "STATIONXML")
    ingest(code, channels="XB.*..MHZ")
    project.good(project.stage(code, "clean"))
    counts = np.load(code / "artifacts/clean/X_clean.npy")
    written = {"clean.output": "velocity", "clean.response": "stations.xml"}
    written |= {"ingest.pattern": "waveforms/*/*.mseed", "ingest.label_files": ["catalog.csv"]}
    written |= {"ingest.channels": "XB.*..MHZ", "split.purge_s": 0, "spectrogram.floor_db": -240}
    written |= project.FAST
    recipes.use("lunar", written, code / "recipes", code / "params.yaml")
    for name in project.STAGES:
        project.good(project.stage(code, name))
    moved = np.load(code / "artifacts/clean/X_clean.npy")
    np.testing.assert_allclose(moved * gain, counts, rtol=1e-4, atol=1e-3)
    package, day = code / "artifacts/detect/detector", code / "data/waveforms/A15/A15.3.mseed"
    about = json.loads((package / "detector.json").read_text())["front_end"]["clean"]
    assert about["output"] == "velocity" and len(about["response"]) == 16
    assert (package / "response.xml").read_bytes() == (code / "data/stations.xml").read_bytes()
    out = tmp_path / "out"
    project.good(project.command(code, "detect", package, day, "--out", out))
    assert pd.read_csv(out / "coverage.csv")["scored_s"].sum() > 0
    project.good(project.command(code, "explain", package, day, "--out", tmp_path / "why"))
    other = tmp_path / "other.mseed"
    obspy.Stream([trace("A16", "MHZ", 0)]).write(str(other), format="MSEED")
    done = project.command(code, "detect", package, other, "--out", tmp_path / "no")
    assert done.returncode == 1
    assert "response.xml has no response of XB.A16..MHZ at 1971-04-08" in done.stdout
    stations(1.0).write(str(package / "response.xml"), "STATIONXML")
    done = project.command(code, "detect", package, day, "--out", tmp_path / "bad")
    assert done.returncode == 1 and "response.xml is not what the model learnt with" in done.stderr
