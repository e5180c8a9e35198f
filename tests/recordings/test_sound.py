"""Sound files: when they start, and whether they are whole."""

import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from rarewave.base.errors import DataError
from rarewave.recordings import sound


@pytest.mark.parametrize(
    ("name", "pattern", "wanted"),
    [
        ("20240302_041500", "%Y%m%d_%H%M%S", "2024-03-02T04:15:00"),
        ("ice_20240302_041500_left", "%Y%m%d_%H%M%S", "2024-03-02T04:15:00"),
        ("SM4-240302-0415", "%y%m%d-%H%M", "2024-03-02T04:15:00"),
        ("a.b_2024.03.02", "%Y.%m.%d", "2024-03-02T00:00:00"),
        ("5_20240302T041500.125", "%Y%m%dT%H%M%S.%f", "2024-03-02T04:15:00.125"),
        ("2024062", "%Y%j", "2024-03-02T00:00:00"),
        ("99999_20240302", "%Y%m%d", "2024-03-02T00:00:00"),
    ],
)
def test_the_start_is_in_the_name(name: str, pattern: str, wanted: str) -> None:
    """Anywhere in it, in UTC; the file itself need not be opened."""
    found = sound.start_of(Path(f"/nowhere/{name}.wav"), pattern)
    assert found == pd.Timestamp(wanted, tz="UTC")


@given(
    st.datetimes(pd.Timestamp("1970-01-02"), pd.Timestamp("2068-12-31")),
    st.sampled_from(["%Y%m%d_%H%M%S", "%y%m%d-%H%M%S", "%d.%m.%Y %Hh%Mm%S", "%Y%j%H%M%S"]),
)
def test_any_time_comes_back_from_a_name(moment: pd.Timestamp, pattern: str) -> None:
    """Written by strftime between other words."""
    name = f"rec7_{moment.strftime(pattern)}_x.flac"
    found = sound.start_of(Path(name), pattern)
    assert found == pd.Timestamp(moment.replace(microsecond=0), tz="UTC")


@pytest.mark.parametrize(
    ("name", "pattern", "words"),
    [
        ("dawn", "%Y%m%d", r"dawn\.wav: its name holds no time of the start pattern %Y%m%d"),
        ("120240302", "%Y%m%d", "holds no time"),
        ("20241302", "%Y%m%d", "'20241302' is no time"),
        ("20240302", "%Y%b%d", r"%b is not known; use %Y %m %d"),
    ],
)
def test_a_name_without_a_time_is_refused(name: str, pattern: str, words: str) -> None:
    """Which file and which parameter; a longer number holds no date."""
    with pytest.raises(DataError, match=words):
        sound.start_of(Path(f"{name}.wav"), pattern)


def with_comment(path: Path, comment: str, date: str = "") -> Path:
    """A wav with a LIST chunk, as recorders write."""
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        file.comment = comment
        if date:
            file.date = date
        file.write(np.zeros(100))
    return path


@pytest.mark.parametrize(
    ("zone", "wanted"),
    [
        ("UTC", "2023-02-14T19:17:30"),
        ("UTC+1", "2023-02-14T18:17:30"),
        ("UTC-3", "2023-02-14T22:17:30"),
        ("UTC+5:30", "2023-02-14T13:47:30"),
        ("UTC-3:30", "2023-02-14T22:47:30"),
        ("UTC-0:30", "2023-02-14T19:47:30"),
        ("UTC+12", "2023-02-14T07:17:30"),
    ],
)
def test_audiomoths_comment_tells_the_start(tmp_path: Path, zone: str, wanted: str) -> None:
    """Its local time and its offset, in UTC."""
    comment = (
        f"Recorded at 19:17:30 14/02/2023 ({zone}) by AudioMoth 24E144085F256E57 at medium gain "
        "while battery was 4.0V and temperature was 12.3C."
    )
    found = sound.start_of(with_comment(tmp_path / "a.wav", comment), None)
    assert found == pd.Timestamp(wanted, tz="UTC")


def test_a_pattern_goes_before_the_header(tmp_path: Path) -> None:
    """Who gives one knows better."""
    comment = "Recorded at 19:17:30 14/02/2023 (UTC) by AudioMoth 1"
    path = with_comment(tmp_path / "20240302.wav", comment)
    assert sound.start_of(path, "%Y%m%d") == pd.Timestamp("2024-03-02", tz="UTC")


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        ("2021-05-06T07:08:09", pd.Timestamp("2021-05-06T07:08:09", tz="UTC")),
        ("2021-05-06 07:08:09+02:00", pd.Timestamp("2021-05-06T05:08:09", tz="UTC")),
        ("2021", pd.NaT),
        ("", pd.NaT),
        ("2021-99-06T07:08:09", pd.NaT),
    ],
)
def test_the_date_of_a_header_counts_where_it_has_a_time(
    tmp_path: Path, date: str, wanted: pd.Timestamp
) -> None:
    """A year alone is none; no start is no failure."""
    found = sound.start_of(with_comment(tmp_path / "a.wav", "birds", date), None)
    assert found is pd.NaT if wanted is pd.NaT else found == wanted


def test_sound_is_known_by_its_ending() -> None:
    """In any case of letters; seismic formats are none."""
    assert all(sound.is_sound(Path(f"a{e}")) for e in (".wav", ".WAV", ".Flac", ".mp3", ".ogg"))
    assert not any(sound.is_sound(Path(f"a{e}")) for e in (".mseed", ".sac", "", ".txt"))


@given(st.integers(1, 500), st.integers(0, 499))
def test_what_a_wav_lacks_is_counted_in_seconds(
    tmp_path_factory: pytest.TempPathFactory, frames: int, lost: int
) -> None:
    """The frames that its header announces and it does not hold."""
    path = tmp_path_factory.mktemp("cut") / "a.wav"
    lost = min(lost, frames)
    soundfile.write(path, np.zeros((frames, 2)), 8000, "PCM_24")
    content = path.read_bytes()
    assert sound.missing_seconds(path, 8000.0, 6) == 0
    path.write_bytes(content[: len(content) - 6 * lost])
    assert sound.missing_seconds(path, 8000.0, 6) == pytest.approx(lost / 8000)


def test_chunks_round_the_samples_are_none_of_them(tmp_path: Path) -> None:
    """A comment before, an odd chunk after, and a length that was never written."""
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(100), 8000, "PCM_16")
    content = path.read_bytes()
    at = content.index(b"data")
    odd = b"junk" + struct.pack("<I", 3) + b"abc\0"
    path.write_bytes(content[:at] + odd + content[at:] + odd)
    assert sound.missing_seconds(path, 8000.0, 2) == 0
    never = content[: at + 4] + struct.pack("<I", 0xFFFFFFFF) + content[at + 8 :]
    path.write_bytes(never)
    assert sound.missing_seconds(path, 8000.0, 2) == 0
    path.write_bytes((content[:at] + odd + content[at:])[:-20])
    assert sound.missing_seconds(path, 8000.0, 2) == pytest.approx(10 / 8000)


def test_what_is_infinite_is_missing(tmp_path: Path) -> None:
    """As where a recorder wrote no number; the samples beside it are as they were."""
    path, wave = tmp_path / "a.wav", np.linspace(-0.5, 0.5, 100)
    wave[[3, 50]] = np.inf, -np.inf
    soundfile.write(path, wave, 8000, "FLOAT")
    found = sound.read(path, 0, 100, None)
    assert np.flatnonzero(np.isnan(found)).tolist() == [3, 50] and not np.isinf(found).any()


def test_reading_beyond_the_end_is_refused(tmp_path: Path) -> None:
    """And so is a channel that is not there; an open file may be read again and again."""
    path = tmp_path / "a.wav"
    soundfile.write(path, np.linspace(-0.5, 0.5, 100), 8000, "DOUBLE")
    with pytest.raises(DataError, match=r"a\.wav is truncated: it ends at frame 100"):
        sound.read(path, 90, 101, None)
    with pytest.raises(DataError, match=r"a\.wav has 1 channel\(s\), and channel 2 is wanted"):
        sound.read(path, 0, 10, 2)
    with sound.opened(path) as file:
        late = sound.read(path, 90, 100, 1, file)
        early = sound.read(path, 0, 10, None, file)
    wanted = np.linspace(-0.5, 0.5, 100)
    np.testing.assert_allclose(np.concatenate([early, late]), np.r_[wanted[:10], wanted[90:]])


@pytest.mark.parametrize(
    ("name", "pattern", "zone", "utc"),
    [
        ("20240702_120000", "%Y%m%d_%H%M%S", "Europe/Berlin", "2024-07-02T10:00"),
        ("20240102_120000", "%Y%m%d_%H%M%S", "Europe/Berlin", "2024-01-02T11:00"),
        ("20240102_120000", "%Y%m%d_%H%M%S", "UTC", "2024-01-02T12:00"),
        ("20240702T120000+0530", "%Y%m%dT%H%M%S%z", "Europe/Berlin", "2024-07-02T06:30"),
        ("20240702T120000-0800_x", "%Y%m%dT%H%M%S%z", "UTC", "2024-07-02T20:00"),
        ("20240702T120000Z", "%Y%m%dT%H%M%S%z", "America/Lima", "2024-07-02T12:00"),
        # A change of clocks: the first of an hour that comes twice, the end of one that is skipped
        ("20241027_023000", "%Y%m%d_%H%M%S", "Europe/Berlin", "2024-10-27T00:30"),
        ("20240331_023000", "%Y%m%d_%H%M%S", "Europe/Berlin", "2024-03-31T01:00"),
    ],
)
def test_times_in_names_may_be_local(name: str, pattern: str, zone: str, utc: str) -> None:
    """Of a zone that is given, or of their own."""
    sound.check_pattern(pattern)
    found = sound.start_of(Path(f"{name}.wav"), pattern, zone)
    assert found == pd.Timestamp(utc, tz="UTC")


@pytest.mark.parametrize("behind", ["-0001", "+0123", "-2000"])
def test_a_number_behind_a_time_is_no_zone(behind: str) -> None:
    """Serial numbers of recorders stand there."""
    with pytest.raises(DataError, match="its name holds no time"):
        sound.start_of(Path(f"20240702_120000{behind}.wav"), "%Y%m%d_%H%M%S%z")


def test_an_unknown_time_zone_is_refused() -> None:
    """Nothing is guessed."""
    with pytest.raises(DataError, match="there is no time zone 'Berlin'"):
        sound.zone_of("Berlin")
