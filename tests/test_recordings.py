"""Recordings as ObsPy writes them come back sample by sample, and damage is named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime

from rarewave import recordings
from rarewave.errors import DataError

RATE = 6.625
ORIGIN = UTCDateTime(1971, 4, 8, 1, 2, 3)


def trace(
    samples: np.ndarray, at_sample: int = 0, rate: float = RATE, channel: str = "MHZ"
) -> Trace:
    """A trace of station S12 that begins `at_sample` after the origin."""
    header = {
        "network": "XA", "station": "S12", "location": "00", "channel": channel,
        "sampling_rate": rate, "starttime": ORIGIN + at_sample / rate,
    }  # fmt: skip
    return Trace(samples, header)


@pytest.fixture
def counts(noise: Callable[..., np.ndarray]) -> np.ndarray:
    """Whole counts of one channel."""
    return noise(3000).astype(np.int32)


@pytest.mark.parametrize(
    ("form", "kind"),
    [("MSEED", np.int32), ("MSEED", np.float64), ("SAC", np.float32), ("GSE2", np.int32)],
)
def test_a_file_of_any_format_gives_its_samples(
    tmp_path: Path, counts: np.ndarray, form: str, kind: type
) -> None:
    """Samples exactly, rate and start to the precision of the format."""
    path = tmp_path / f"one.{form.lower()}"
    trace(counts.astype(kind)).write(str(path), format=form)
    (found,) = recordings.read_file(path)
    np.testing.assert_array_equal(found.samples, counts.astype(np.float64))
    assert found.samples.dtype == np.float64
    assert found.sample_rate == pytest.approx(RATE, rel=1e-5)
    assert abs(found.start - pd.Timestamp(ORIGIN.ns, tz="UTC")) < pd.Timedelta("2ms")
    assert found.recording_id == "one"


def test_a_gap_between_traces_is_nan(tmp_path: Path, counts: np.ndarray) -> None:
    """Two traces of one channel are one recording with missing samples between."""
    Stream([trace(counts[:1000]), trace(counts[1400:], 1400)]).write(
        str(tmp_path / "g.mseed"), format="MSEED"
    )
    (found,) = recordings.read_file(tmp_path / "g.mseed")
    wanted = counts.astype(np.float64)
    wanted[1000:1400] = np.nan
    np.testing.assert_array_equal(found.samples, wanted)


def test_traces_out_of_order_are_put_in_order(tmp_path: Path, counts: np.ndarray) -> None:
    """An archive may be written in any order."""
    Stream([trace(counts[1500:], 1500), trace(counts[:1500])]).write(
        str(tmp_path / "o.mseed"), format="MSEED"
    )
    (found,) = recordings.read_file(tmp_path / "o.mseed")
    np.testing.assert_array_equal(found.samples, counts)


def test_overlapping_traces_count_once(tmp_path: Path, counts: np.ndarray) -> None:
    """Time that is stored twice is there once."""
    Stream([trace(counts[:2000]), trace(counts[1500:], 1500)]).write(
        str(tmp_path / "o.mseed"), format="MSEED"
    )
    (found,) = recordings.read_file(tmp_path / "o.mseed")
    np.testing.assert_array_equal(found.samples, counts)


def test_traces_of_different_sample_types_are_one_recording(
    tmp_path: Path, counts: np.ndarray
) -> None:
    """An encoding that changes within a file is no reason to stop."""
    pieces = [trace(counts[:1000]), trace(counts[1000:].astype(np.float32), 1000)]
    with pytest.warns(UserWarning, match="different encodings"):
        Stream(pieces).write(str(tmp_path / "t.mseed"), format="MSEED")
    (found,) = recordings.read_file(tmp_path / "t.mseed")
    np.testing.assert_array_equal(found.samples, counts)


def test_every_channel_is_a_recording_of_its_own_name(tmp_path: Path, counts: np.ndarray) -> None:
    """Sorted by channel; one can be chosen, and then keeps the name of the file."""
    path = tmp_path / "two.mseed"
    Stream([trace(counts), trace(counts[::-1].copy(), channel="MH1")]).write(
        str(path), format="MSEED"
    )
    found = recordings.read_file(path)
    assert [w.channel for w in found] == ["XA.S12.00.MH1", "XA.S12.00.MHZ"]
    assert [w.recording_id for w in found] == ["two.XA.S12.00.MH1", "two.XA.S12.00.MHZ"]
    np.testing.assert_array_equal(found[1].samples, counts)
    (one,) = recordings.read_file(path, "XA.S12.00.MH1")
    np.testing.assert_array_equal(one.samples, counts[::-1])
    with pytest.raises(DataError, match=r"two\.mseed holds no channel XA\.S12\.00\.XXX"):
        recordings.read_file(path, "XA.S12.00.XXX")


def test_mixed_rates_are_refused_by_name(tmp_path: Path, counts: np.ndarray) -> None:
    """The message names file, channel, rates and the fix."""
    Stream([trace(counts), trace(counts, 9000, rate=20.0)]).write(
        str(tmp_path / "m.mseed"), format="MSEED"
    )
    with pytest.raises(
        DataError, match=r"m\.mseed: XA\.S12\.00\.MHZ mixes.*6\.625, 20 Hz\): split"
    ):
        recordings.read_file(tmp_path / "m.mseed")


@pytest.mark.parametrize("lost", [10, 1000, 4000, 4090])
def test_a_file_cut_within_a_record_is_refused(
    tmp_path: Path, counts: np.ndarray, lost: int
) -> None:
    """A download that broke off must not pass for a short recording."""
    path = tmp_path / "cut.mseed"
    trace(np.tile(counts, 5)).write(str(path), format="MSEED", reclen=4096)
    content = path.read_bytes()
    assert len(content) > 2 * 4096
    path.write_bytes(content[:-lost])
    with pytest.raises(DataError, match=r"cut\.mseed is truncated or damaged.*copy it again"):
        recordings.read_file(path)


@pytest.mark.parametrize("at", [8192, 8192 + 500], ids=["header", "samples"])
def test_a_damaged_record_is_refused(tmp_path: Path, counts: np.ndarray, at: int) -> None:
    """Bytes that were overwritten in the middle of a file."""
    path = tmp_path / "bad.mseed"
    trace(np.tile(counts, 5)).write(str(path), format="MSEED", reclen=4096)
    content = bytearray(path.read_bytes())
    content[at : at + 300] = bytes(300)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.mseed.*copy it again"):
        recordings.read_file(path)


@pytest.mark.parametrize("content", [b"", b"x" * 20, bytes(range(256)) * 20], ids=len)
def test_bytes_that_are_no_recording_are_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, tiny and random files are named, with what to do."""
    path = tmp_path / "junk.mseed"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"junk\.mseed cannot be read.*copy it again"):
        recordings.read_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """As missing, not as unreadable."""
    with pytest.raises(DataError, match=r"gone\.mseed does not exist"):
        recordings.read_file(tmp_path / "gone.mseed")


def test_files_are_found_sorted_by_path(tmp_path: Path) -> None:
    """Hidden files and folders are none; a folder below counts."""
    for name in ("b/1.mseed", "a.mseed", "b/.hidden.mseed", "c.txt", "a/2.mseed"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.mseed").mkdir()
    found = recordings.find_files(tmp_path, "**/*.mseed")
    assert [p.relative_to(tmp_path).as_posix() for p in found] == [
        "a.mseed", "a/2.mseed", "b/1.mseed",
    ]  # fmt: skip


def test_a_broken_link_is_not_dropped_in_silence(tmp_path: Path) -> None:
    """A recording that cannot be followed is an error, not one less."""
    (tmp_path / "a.mseed").touch()
    (tmp_path / "b.mseed").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=r"b\.mseed is a broken link"):
        recordings.find_files(tmp_path, "*.mseed")


def test_no_folder_and_no_file_say_which_parameter_to_change(tmp_path: Path) -> None:
    """Both messages name the folder and the parameter."""
    with pytest.raises(DataError, match=r"no folder .*gone.*ingest\.data"):
        recordings.find_files(tmp_path / "gone", "*")
    with pytest.raises(DataError, match=r"'\*\.sac'.*ingest\.data.*ingest\.pattern"):
        recordings.find_files(tmp_path, "*.sac")


def test_equal_samples_have_one_digest() -> None:
    """Whatever the memory layout; one changed sample changes it."""
    wave = np.arange(100.0)
    assert recordings.digest(wave) == recordings.digest(np.repeat(wave, 2)[::2])
    changed = wave.copy()
    changed[50] += 1e-9
    assert recordings.digest(wave) != recordings.digest(changed)


def test_a_waveform_without_signal_is_told() -> None:
    """All missing, all equal; a single other sample is enough to pass."""
    assert recordings.unusable(np.full(5, np.nan)) == "every sample is missing (NaN)"
    assert recordings.unusable(np.array([np.nan, 3.0, 3.0])) == "every sample is 3"
    assert recordings.unusable(np.array([np.nan, 3.0, 3.5])) is None


def test_a_real_apollo_recording_reads_as_obspy_reads_it(lunar: Path) -> None:
    """Rate, start, channel and every sample."""
    path = recordings.find_files(lunar / "recordings", "**/*.mseed")[0]
    (found,) = recordings.read_file(path)
    (wanted,) = obspy.read(str(path))
    assert found.sample_rate == RATE
    assert found.channel == "XA.S12.00.MHZ"
    assert found.start == pd.Timestamp(str(wanted.stats.starttime))
    np.testing.assert_array_equal(found.samples, wanted.data)
    assert len(found.samples) / RATE == pytest.approx(7000, rel=0.05)
