"""Recordings as ObsPy writes them come back sample by sample, and damage is named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest
import soundfile
from obspy import Stream, Trace, UTCDateTime

from rarewave.base.errors import DataError
from rarewave.recordings import reading, seismic

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
    (found,) = seismic.read_file(path)
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
    (found,) = seismic.read_file(tmp_path / "g.mseed")
    wanted = counts.astype(np.float64)
    wanted[1000:1400] = np.nan
    np.testing.assert_array_equal(found.samples, wanted)


def test_traces_out_of_order_are_put_in_order(tmp_path: Path, counts: np.ndarray) -> None:
    """An archive may be written in any order."""
    Stream([trace(counts[1500:], 1500), trace(counts[:1500])]).write(
        str(tmp_path / "o.mseed"), format="MSEED"
    )
    (found,) = seismic.read_file(tmp_path / "o.mseed")
    np.testing.assert_array_equal(found.samples, counts)


def test_overlapping_traces_count_once(tmp_path: Path, counts: np.ndarray) -> None:
    """Time that is stored twice is there once."""
    Stream([trace(counts[:2000]), trace(counts[1500:], 1500)]).write(
        str(tmp_path / "o.mseed"), format="MSEED"
    )
    (found,) = seismic.read_file(tmp_path / "o.mseed")
    np.testing.assert_array_equal(found.samples, counts)


def test_traces_of_different_sample_types_are_one_recording(
    tmp_path: Path, counts: np.ndarray
) -> None:
    """An encoding that changes within a file is no reason to stop."""
    pieces = [trace(counts[:1000]), trace(counts[1000:].astype(np.float32), 1000)]
    with pytest.warns(UserWarning, match="different encodings"):
        Stream(pieces).write(str(tmp_path / "t.mseed"), format="MSEED")
    (found,) = seismic.read_file(tmp_path / "t.mseed")
    np.testing.assert_array_equal(found.samples, counts)


def test_every_channel_is_a_recording_of_its_own_name(tmp_path: Path, counts: np.ndarray) -> None:
    """Sorted by channel; one can be chosen, and then keeps the name of the file."""
    path = tmp_path / "two.mseed"
    Stream([trace(counts), trace(counts[::-1].copy(), channel="MH1")]).write(
        str(path), format="MSEED"
    )
    found = seismic.read_file(path)
    assert [w.channel for w in found] == ["XA.S12.00.MH1", "XA.S12.00.MHZ"]
    assert [w.recording_id for w in found] == ["two.XA.S12.00.MH1", "two.XA.S12.00.MHZ"]
    np.testing.assert_array_equal(found[1].samples, counts)
    (one,) = seismic.read_file(path, "XA.S12.00.MH1")
    np.testing.assert_array_equal(one.samples, counts[::-1])
    with pytest.raises(DataError, match=r"two\.mseed holds no channel XA\.S12\.00\.XXX"):
        seismic.read_file(path, "XA.S12.00.XXX")


def test_channels_are_chosen_by_patterns(tmp_path: Path, counts: np.ndarray) -> None:
    """Of SEED identifiers; where none fits, those that are there are said."""
    path = tmp_path / "three.mseed"
    names = ("MHZ", "MH1", "MH2")
    Stream([trace(counts + k, channel=name) for k, name in enumerate(names)]).write(
        str(path), format="MSEED"
    )
    for patterns, wanted in (
        (["XA.S12.*.MHZ"], ["MHZ"]),
        (["*.MH?"], ["MH1", "MH2", "MHZ"]),
        (["*.MH1", "XA.*.MHZ"], ["MH1", "MHZ"]),
    ):
        found = reading.headers(path, None, None, channels=patterns)
        assert [one.channel[-3:] for one in found] == wanted
    (one,) = reading.headers(path, None, None, channels=["*Z"])
    assert one.recording_id == "three"  # one channel: the name of the file, as where it has one
    with pytest.raises(DataError, match=r"no channel that fits \*BHZ: it has XA\.S12\.00\.MH1, XA"):
        reading.headers(path, None, None, channels=["*BHZ"])


def test_days_of_an_archive_have_no_ending(tmp_path: Path, counts: np.ndarray) -> None:
    """SDS: the number of the day is part of the name, and the format is told from the content."""
    names = [f"XA.S12.00.MHZ.D.1971.{day:03d}" for day in (98, 99)]
    for name in names:
        Stream([trace(counts)]).write(str(tmp_path / name), format="MSEED")
        (found,) = reading.headers(tmp_path / name, None, None)
        assert found.recording_id == name and found.n_samples == len(counts)
        assert seismic.is_called_so(tmp_path / name)
    assert not seismic.is_called_so(Path("XA.S12.00.MHZ.D.1971.xml"))


def test_mixed_rates_are_refused_by_name(tmp_path: Path, counts: np.ndarray) -> None:
    """The message names file, channel, rates and the fix."""
    Stream([trace(counts), trace(counts, 9000, rate=20.0)]).write(
        str(tmp_path / "m.mseed"), format="MSEED"
    )
    with pytest.raises(
        DataError, match=r"m\.mseed: XA\.S12\.00\.MHZ mixes.*6\.625, 20 Hz\): split"
    ):
        seismic.read_file(tmp_path / "m.mseed")


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
        seismic.read_file(path)


@pytest.mark.parametrize("at", [8192, 8192 + 500], ids=["header", "samples"])
def test_a_damaged_record_is_refused(tmp_path: Path, counts: np.ndarray, at: int) -> None:
    """Bytes that were overwritten in the middle of a file."""
    path = tmp_path / "bad.mseed"
    trace(np.tile(counts, 5)).write(str(path), format="MSEED", reclen=4096)
    content = bytearray(path.read_bytes())
    content[at : at + 300] = bytes(300)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.mseed.*copy it again"):
        seismic.read_file(path)


@pytest.mark.parametrize("content", [b"", b"x" * 20, bytes(range(256)) * 20], ids=len)
def test_bytes_that_are_no_recording_are_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, tiny and random files are named, with what to do."""
    path = tmp_path / "junk.mseed"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"junk\.mseed cannot be read.*copy it again"):
        seismic.read_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """As missing, not as unreadable."""
    with pytest.raises(DataError, match=r"gone\.mseed does not exist"):
        seismic.read_file(tmp_path / "gone.mseed")


def test_files_are_found_sorted_by_path(tmp_path: Path) -> None:
    """Hidden files and folders are none; a folder below counts."""
    for name in ("b/1.mseed", "a.mseed", "b/.hidden.mseed", "c.txt", "a/2.mseed"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.mseed").mkdir()
    found = reading.find_files(tmp_path, "**/*.mseed")
    assert [p.relative_to(tmp_path).as_posix() for p in found] == [
        "a.mseed", "a/2.mseed", "b/1.mseed",
    ]  # fmt: skip


def test_a_broken_link_is_not_dropped_in_silence(tmp_path: Path) -> None:
    """A recording that cannot be followed is an error, not one less."""
    (tmp_path / "a.mseed").touch()
    (tmp_path / "b.mseed").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=r"b\.mseed is a broken link"):
        reading.find_files(tmp_path, "*.mseed")


def test_no_folder_and_no_file_say_which_parameter_to_change(tmp_path: Path) -> None:
    """Both messages name the folder and the parameter."""
    with pytest.raises(DataError, match=r"no folder .*gone.*ingest\.data"):
        reading.find_files(tmp_path / "gone", "*")
    with pytest.raises(DataError, match=r"'\*\.sac'.*ingest\.data.*ingest\.pattern"):
        reading.find_files(tmp_path, "*.sac")


def test_equal_samples_have_one_digest(tmp_path: Path, counts: np.ndarray) -> None:
    """Whatever the format, and however many blocks; one changed sample changes it."""
    digests = []
    changed = counts.copy()
    changed[1500] += 1
    for name, samples in (("a.mseed", counts), ("b.sac", counts), ("c.mseed", changed)):
        form = {"mseed": "MSEED", "sac": "SAC"}[name[2:]]
        kind = np.int32 if form == "MSEED" else np.float32
        trace(samples.astype(kind)).write(str(tmp_path / name), format=form)
        (header,) = reading.headers(tmp_path / name, None, None)
        digests.append(reading.examine(tmp_path / name, header))
    (one, fine), (two, _), (other, _) = digests
    assert one == two != other
    assert fine == ""


def test_the_digest_does_not_depend_on_the_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: np.ndarray
) -> None:
    """Of 3000 samples in blocks of 700 and in one."""
    path = tmp_path / "a.wav"
    soundfile.write(path, counts.astype(np.int16), 8000, "PCM_16")
    (header,) = reading.headers(path, None, None)
    found = reading.examine(path, header)
    monkeypatch.setattr(reading, "_BLOCK", 700)
    lengths = [len(block) for block in reading.in_blocks(path, header)]
    assert lengths == [700, 700, 700, 700, 200]
    assert reading.examine(path, header) == found


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (np.full(500, np.nan), "every sample is missing (NaN)"),
        (np.where(np.arange(500) < 200, np.nan, 3.0), "every sample is 3"),
        (np.where(np.arange(500) < 499, 3.0, 3.5), ""),
        (np.where(np.arange(500) != 200, 3.0, 3.5), ""),
    ],
    ids=["missing", "constant", "other at the end", "other in the middle"],
)
def test_a_waveform_without_signal_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, samples: np.ndarray, why: str
) -> None:
    """All missing, all equal; a single other sample is enough, also in another block."""
    path = tmp_path / "a.mseed"
    trace(samples).write(str(path), format="MSEED")
    (header,) = reading.headers(path, None, None)
    monkeypatch.setattr(reading, "_BLOCK", 150)
    assert reading.examine(path, header)[1] == why


def test_every_channel_of_a_seismic_file_has_a_header(tmp_path: Path, counts: np.ndarray) -> None:
    """And is read by its name, any part of it."""
    path = tmp_path / "two.mseed"
    Stream([trace(counts), trace(counts[:2000][::-1].copy(), channel="MH1")]).write(
        str(path), format="MSEED"
    )
    found = reading.headers(path, None, None)
    assert [(h.recording_id, h.channel, h.n_samples) for h in found] == [
        ("two.XA.S12.00.MH1", "XA.S12.00.MH1", 2000),
        ("two.XA.S12.00.MHZ", "XA.S12.00.MHZ", 3000),
    ]
    assert {h.sample_rate for h in found} == {RATE}
    start = pd.Timestamp(ORIGIN.ns, tz="UTC")
    assert all(abs(h.start - start) < pd.Timedelta("1ms") for h in found)
    np.testing.assert_array_equal(reading.read(path, "XA.S12.00.MHZ", 700, 900), counts[700:900])


def test_what_is_left_of_a_truncated_seismic_file_can_be_read(
    tmp_path: Path, counts: np.ndarray
) -> None:
    """By who asks for it: the whole records; `headers` refuses the file."""
    path = tmp_path / "cut.mseed"
    long = np.tile(counts, 5)
    trace(long).write(str(path), format="MSEED", reclen=4096)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=r"cut\.mseed is truncated or damaged.*copy it again"):
        reading.headers(path, None, None)
    (header,), _, problem = reading.readable(path, None, None)
    assert "truncated or damaged" in problem
    assert 0 < header.n_samples < len(long)
    found = reading.read(path, header.channel, 0, header.n_samples)
    np.testing.assert_array_equal(found, long[: header.n_samples])


CODINGS = [
    ("wav", "PCM_U8", 2**-7),
    ("wav", "PCM_16", 2**-15),
    ("wav", "PCM_24", 2**-23),
    ("wav", "PCM_32", 2**-31),
    ("wav", "FLOAT", 1e-7),
    ("wav", "DOUBLE", 1e-15),
    ("flac", "PCM_16", 2**-15),
    ("flac", "PCM_24", 2**-23),
    ("aiff", "PCM_16", 2**-15),
    ("w64", "PCM_16", 2**-15),
    ("caf", "PCM_24", 2**-23),
    ("ogg", "VORBIS", None),
    ("mp3", "MPEG_LAYER_III", None),
]


def stereo(count: int = 9000) -> np.ndarray:
    """Two different channels of soft sound."""
    at = np.arange(count) / 8000
    rng = np.random.default_rng(0)
    tones = 0.3 * np.sin(2 * np.pi * np.outer(at, [440.0, 700.0]))
    return tones + 0.001 * rng.standard_normal((count, 2))


@pytest.mark.parametrize(("ending", "coding", "step"), CODINGS)
def test_sound_of_any_coding_is_read_in_parts(
    tmp_path: Path, ending: str, coding: str, step: float | None
) -> None:
    """To half a step of the coding, or close to it where the coding loses; full scale is 1."""
    path = tmp_path / f"dawn.{ending}"
    sound = stereo()
    soundfile.write(path, sound, 8000, coding)
    (header,) = reading.headers(path, None, None)
    assert header[:2] == ("dawn", "mean")
    assert header.start is pd.NaT
    assert header.sample_rate == 8000
    whole = reading.read(path, "mean", 0, header.n_samples)
    for start, stop in ((0, 100), (4000, 4500), (header.n_samples - 7, header.n_samples)):
        part = reading.read(path, "mean", start, stop)
        np.testing.assert_allclose(part, whole[start:stop], atol=1e-3 if step is None else 0)
    if step is None:
        assert abs(header.n_samples - 9000) <= 2304
        both = np.abs(np.fft.rfft(whole[:8000] * np.hanning(8000)))
        assert sorted(np.argsort(both)[-2:]) == [440, 700]
    else:
        assert header.n_samples == 9000
        np.testing.assert_allclose(whole, sound.mean(axis=1), atol=step)
        for number in (1, 2):
            (one,) = reading.headers(path, number, None)
            assert one.channel == str(number)
            found = reading.read(path, one.channel, 100, 9000)
            np.testing.assert_allclose(found, sound[100:, number - 1], atol=step)


def test_mono_sound_is_channel_1(tmp_path: Path) -> None:
    """Whether it was asked for or not; a channel that is not there is refused by number."""
    path = tmp_path / "m.wav"
    soundfile.write(path, stereo()[:, 0], 8000)
    assert [reading.headers(path, c, None)[0].channel for c in (None, 1)] == ["1", "1"]
    with pytest.raises(DataError, match=r"m\.wav has 1 channel\(s\), and channel 2 is wanted"):
        reading.headers(path, 2, None)


def cut_off(path: Path, coding: str, share: float = 0.6) -> None:
    """A sound file of two channels that broke off on the way."""
    soundfile.write(path, stereo(40_000), 8000, coding)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


@pytest.mark.parametrize("coding", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE", "ALAW"])
def test_a_truncated_wav_is_refused(tmp_path: Path, coding: str) -> None:
    """The header says how much is missing, and what is there can be read by who asks."""
    path = tmp_path / "cut.wav"
    cut_off(path, coding)
    with pytest.raises(DataError, match=r"cut\.wav is truncated.*copy it again"):
        reading.headers(path, None, None)
    (header,), lacking, problem = reading.readable(path, None, None)
    assert "truncated" in problem
    if coding != "ALAW":
        assert header.n_samples / 8000 + lacking == pytest.approx(5.0, abs=2 / 8000)
    assert header.n_samples == pytest.approx(24_000, rel=0.01)
    found = reading.read(path, "mean", 0, header.n_samples)
    wanted = stereo(40_000)[: header.n_samples].mean(axis=1)
    np.testing.assert_allclose(found, wanted, atol=0.02)


def test_a_truncated_ogg_is_refused(tmp_path: Path) -> None:
    """Its last page lacks the mark of the end."""
    path = tmp_path / "cut.ogg"
    cut_off(path, "VORBIS")
    with pytest.raises(DataError, match=r"cut\.ogg is truncated.*copy it again"):
        reading.headers(path, None, None)


def test_a_truncated_flac_is_refused(tmp_path: Path) -> None:
    """Where its samples are read, as ingest does of all."""
    path = tmp_path / "cut.flac"
    cut_off(path, "PCM_16")
    with pytest.raises(DataError, match=r"cut\.flac.*(truncated|damaged).*"):
        (header,) = reading.headers(path, None, None)
        reading.examine(path, header)


@pytest.mark.parametrize("ending", [pytest.param("w64"), pytest.param("aiff"), "caf"])
def test_other_truncated_sound_is_refused(tmp_path: Path, ending: str) -> None:
    """Its header says how long it is."""
    path = tmp_path / f"cut.{ending}"
    cut_off(path, "PCM_16")
    with pytest.raises(DataError, match=rf"cut\.{ending}.*(truncated|damaged|cannot be read)"):
        (header,) = reading.headers(path, None, None)
        reading.examine(path, header)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("content", [b"", b"no sound at all" * 9], ids=["empty", "text"])
def test_files_that_are_no_sound_are_named(tmp_path: Path, ending: str, content: bytes) -> None:
    """Empty ones as empty; with what to do."""
    path = tmp_path / f"junk.{ending}"
    path.write_bytes(content)
    words = "is empty" if not content else r"cannot be read \("
    with pytest.raises(DataError, match=rf"junk\.{ending} {words}.*copy it again"):
        reading.headers(path, None, None)
    with pytest.raises(DataError, match=rf"gone\.{ending} does not exist"):
        reading.headers(tmp_path / f"gone.{ending}", None, None)


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_sound_without_a_sample_is_refused(tmp_path: Path, ending: str) -> None:
    """A recorder that was switched off at once leaves a header."""
    path = tmp_path / f"none.{ending}"
    soundfile.write(path, np.zeros((0, 1)), 8000)
    with pytest.raises(DataError, match=rf"none\.{ending}.*copy it again"):
        reading.headers(path, None, None)


def test_silence_is_told(tmp_path: Path) -> None:
    """As for any waveform."""
    path = tmp_path / "silent.wav"
    soundfile.write(path, np.zeros(5000), 8000)
    (header,) = reading.headers(path, None, None)
    assert reading.examine(path, header)[1] == "every sample is 0"


def test_a_real_apollo_recording_reads_as_obspy_reads_it(lunar: Path) -> None:
    """Rate, start, channel and every sample."""
    path = reading.find_files(lunar / "recordings", "**/*.mseed")[0]
    (found,) = seismic.read_file(path)
    (wanted,) = obspy.read(str(path))
    assert found.sample_rate == RATE
    assert found.channel == "XA.S12.00.MHZ"
    assert found.start == pd.Timestamp(str(wanted.stats.starttime))
    np.testing.assert_array_equal(found.samples, wanted.data)
    assert len(found.samples) / RATE == pytest.approx(7000, rel=0.05)


def test_endings_in_braces(tmp_path: Path) -> None:
    """As a shell has them; what only case keeps out is told."""
    for name in ("a.wav", "b.flac", "c.txt", "D.FLAC"):
        (tmp_path / name).write_bytes(b"x")
    found = reading.find_files(tmp_path, "*.{flac,wav}")
    assert [path.name for path in found] == ["a.wav", "b.flac"]
    assert reading.overlooked(tmp_path, "*.{flac,wav}", found) == ["D.FLAC"]
