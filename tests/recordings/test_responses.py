"""Counts to ground motion: the same as ObsPy, for each kind of response."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest
from numpy.typing import NDArray
from obspy.core.inventory import (
    Channel,
    InstrumentSensitivity,
    Inventory,
    Network,
    Response,
    ResponseStage,
    Station,
)
from support import options

from rarewave.base.errors import DataError
from rarewave.frontend import cleaning
from rarewave.frontend.transform import FrontEnd
from rarewave.recordings import responses

RATE, GAIN = 100.0, 1.2e10
START = pd.Timestamp("2009-08-24T00:20:03", tz="UTC")
STAGED = "BW.RJOB..EHZ"  # of ObsPy's own example: poles and zeros, and two FIR filters


def wave(count: int = 12_000) -> NDArray[np.float64]:
    """Counts: noise, which has every frequency."""
    return np.cumsum(np.random.default_rng(3).normal(0, 100, count)).round()


def trace(samples: NDArray[np.float64], channel: str = STAGED, rate: float = RATE) -> obspy.Trace:
    """The same for ObsPy."""
    about = dict(
        zip(("network", "station", "location", "channel"), channel.split("."), strict=True)
    )
    start = obspy.UTCDateTime(ns=START.value)
    return obspy.Trace(samples.copy(), about | {"sampling_rate": rate, "starttime": start})


def sensitive(folder: Path, units: str = "M/S", gain: float = GAIN) -> Path:
    """StationXML with a sensitivity and no stages."""
    made = Response(instrument_sensitivity=InstrumentSensitivity(gain, 0.5, units, "COUNTS"))
    channel = Channel("MHZ", "", -3, -23, 0, 0, sample_rate=6.625, response=made)
    network = Network("XB", [Station("A12", -3, -23, 0, channels=[channel])])
    path = folder / "stations.xml"
    Inventory([network], created=obspy.UTCDateTime(2024, 1, 1)).write(str(path), "STATIONXML")
    return path


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """StationXML with stages."""
    path = tmp_path_factory.mktemp("stages") / "stations.xml"
    obspy.read_inventory().write(str(path), "STATIONXML")
    return path


@pytest.mark.parametrize(("output", "name"), [("velocity", "VEL"), ("displacement", "DISP")])
def test_stages_are_divided_out_as_obspy_does(staged: Path, output: str, name: str) -> None:
    """Within the same pre-filter, and with no water level."""
    respond = responses.load(staged).of(STAGED, START, output, 1.0, 20.0)
    found = respond(wave() - wave().mean(), RATE)
    corners = responses.pre_filter(1.0, 20.0, RATE)
    assert corners == (0.25, 0.5, 25.0, 30.0)
    wanted = trace(wave() - wave().mean())
    wanted.remove_response(
        obspy.read_inventory(), output=name, pre_filt=corners, water_level=None,
        zero_mean=False, taper=False,
    )  # fmt: skip
    inner = slice(1000, -1000)
    scale = np.abs(wanted.data[inner]).max()
    np.testing.assert_allclose(found[inner] / scale, wanted.data[inner] / scale, atol=1e-5)


def test_resp_files_are_read_too() -> None:
    """Told from their content; a pattern of stations in one file is no matter."""
    path = Path(obspy.__file__).parent / "signal/tests/data/RESP.NZ.CRLZ.10.HHZ"
    name, start = "NZ.CRLZ.10.HHZ", pd.Timestamp("2010-06-01", tz="UTC")
    found = responses.load(path).of(name, start, "velocity", 0.5, 20.0)(wave(), RATE)
    wanted = trace(wave(), name)
    wanted.stats.starttime = obspy.UTCDateTime(2010, 6, 1)
    corners = responses.pre_filter(0.5, 20.0, RATE)
    inventory = obspy.read_inventory(str(path), format="RESP")
    wanted.remove_response(
        inventory, output="VEL", pre_filt=corners, water_level=None, zero_mean=False, taper=False
    )
    inner = slice(1000, -1000)
    scale = np.abs(wanted.data[inner]).max()
    np.testing.assert_allclose(found[inner] / scale, wanted.data[inner] / scale, atol=1e-5)


def test_a_sensitivity_without_stages_is_a_division(tmp_path: Path) -> None:
    """As ObsPy's remove_sensitivity does with a stage; without one it fails, as remove_response."""
    path = sensitive(tmp_path)
    found = responses.load(path).of("XB.A12..MHZ", START, "velocity", None, None)(wave(), 6.625)
    wanted = trace(wave(), "XB.A12..MHZ", 6.625)
    inventory = obspy.read_inventory(str(path))
    with pytest.raises(IndexError):
        wanted.copy().remove_sensitivity(inventory)
    stage = ResponseStage(1, GAIN, 0.5, "M/S", "COUNTS")
    inventory[0][0][0].response.response_stages.append(stage)
    wanted.remove_sensitivity(inventory)
    np.testing.assert_allclose(found, wanted.data, rtol=1e-12)


@pytest.mark.parametrize(
    ("units", "output", "factor"),
    [("M/S", "displacement", -1), ("M/S**2", "velocity", -1), ("M", "velocity", 1)],
)
def test_another_unit_is_integrated_or_differentiated(
    tmp_path: Path, units: str, output: str, factor: int
) -> None:
    """Of a sine: divided or multiplied by its angular frequency, a quarter of a period moved."""
    hertz, time = 2.0, np.arange(20_000) / RATE
    respond = responses.load(sensitive(tmp_path, units)).of("XB.A12..MHZ", START, output, 0.5, 10.0)
    found = respond(GAIN * np.sin(2 * np.pi * hertz * time), RATE)
    wanted = factor * np.cos(2 * np.pi * hertz * time) * (2 * np.pi * hertz) ** factor
    inner = slice(2000, -2000)
    np.testing.assert_allclose(found[inner], wanted[inner], atol=2e-3 * np.abs(wanted).max())


def test_what_a_file_cannot_say_is_told(tmp_path: Path, staged: Path) -> None:
    """A channel, an epoch, a unit, the lower end of the band; a file that is none."""
    known = responses.load(staged)
    with pytest.raises(DataError, match=r"no response of BW\.RJOB\.\.BHZ at 2009-08-24"):
        known.of("BW.RJOB..BHZ", START, "velocity", 1.0, None)
    with pytest.raises(DataError, match=r"no response of BW\.RJOB\.\.EHZ at 1971-04-08"):
        known.of(STAGED, pd.Timestamp("1971-04-08", tz="UTC"), "velocity", 1.0, None)
    with pytest.raises(DataError, match=r"no response of mean"):
        known.of("mean", pd.NaT, "velocity", 1.0, None)
    with pytest.raises(DataError, match=r"clean\.low_hz is null, and clean\.output velocity"):
        known.of(STAGED, START, "velocity", None, 10.0)
    with pytest.raises(DataError, match=r"XB\.A12\.\.MHZ measures PA, which is no motion"):
        path = sensitive(tmp_path, "PA")
        responses.load(path).of("XB.A12..MHZ", START, "velocity", 1.0, None)
    (tmp_path / "no.xml").write_text("nothing")
    with pytest.raises(DataError, match=r"no\.xml (is neither StationXML nor RESP|has no)"):
        responses.load(tmp_path / "no.xml").of("XB.A12..MHZ", START, "velocity", 1.0, None)
    with pytest.raises(DataError, match=r"gone\.xml does not exist: correct clean\.response"):
        responses.load(tmp_path / "gone.xml")


def test_output_and_response_go_together() -> None:
    """One without the other is no wish that can be fulfilled."""
    for changes in ({"output": "velocity"}, {"response": "x.xml"}):
        with pytest.raises(DataError, match="name a StationXML or RESP file below ingest"):
            replace(options.CLEANING, **changes)


def test_two_responses_are_two_front_ends() -> None:
    """Of counts nothing is said, so that the digest is as before; a front end comes back whole."""
    about = options.CLEANING, options.GRID, options.SPECTROGRAM
    ends = [FrontEnd(*about)]
    for digest in ("a", "b"):
        moved = replace(options.CLEANING, output="velocity", response=digest)
        ends.append(FrontEnd(moved, *about[1:]))
    assert len({end.digest for end in ends}) == 3
    assert "output" not in ends[0].to_dict()["clean"]
    assert [FrontEnd.from_dict(end.to_dict()) for end in ends] == ends


def test_blocks_are_the_whole(staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording in blocks is cleaned to the same motion; without a response it is refused."""
    settings = replace(
        options.CLEANING, sample_rate_hz=RATE, low_hz=1.0, high_hz=20.0, gap_value=None,
        spike_factor=0.0, flat_s=0.0, output="velocity", response="digest",
    )  # fmt: skip
    samples = np.random.default_rng(4).normal(0, 1000, 80_000)
    respond = responses.load(staged).of(STAGED, START, "velocity", 1.0, 20.0)

    def cleaned() -> NDArray[np.float32]:
        parts = cleaning.blocks(lambda a, b: samples[a:b], len(samples), RATE, settings, respond)
        return np.concatenate([part.samples for part in parts])

    whole = cleaned()
    monkeypatch.setattr(cleaning, "BLOCK", 20_000)
    np.testing.assert_allclose(cleaned(), whole, atol=1e-4 * np.abs(whole).max())
    with pytest.raises(DataError, match="this front end gives velocity, and the response"):
        cleaning.clean(samples, RATE, settings)
