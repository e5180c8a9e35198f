"""What programs that name species write: BirdNET, Kaleidoscope, Avisoft."""

from pathlib import Path

import pytest

from rarewave.annotations import reading
from rarewave.base.errors import DataError

BIRDNET_RAVEN = (
    "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\t"
    "Common Name\tSpecies Code\tConfidence\tBegin Path\tFile Offset (s)\n"
    "1\tSpectrogram 1\t1\t6.0\t9.0\t0\t15000\tEurasian Blackbird\teurbla\t0.9754\t"
    "F:\\rec\\FRANKO_20260305_170100.wav\t6.0\n"
)
BIRDNET_CSV = (
    "Start (s),End (s),Scientific name,Common name,Confidence,File\n"
    "6.0,9.0,Turdus merula,Eurasian Blackbird,0.9754,F:\\rec\\FRANKO_20260305_170100.wav\n"
    "18.0,21.0,Turdus iliacus,Redwing,0.1036,F:\\rec\\FRANKO_20260305_170100.wav\n"
)
KALEIDOSCOPE = (
    "INDIR,OUTDIR,FOLDER,IN FILE,CHANNEL,OFFSET,DURATION,OUT FILE FS,AUTO ID*,MANUAL ID\n"
    "F:\\rec,,CM-06\\Data,SM4_20240501_060000.wav,0,1.5,2.25,,PIPPYG,PIPNAT\n"
    "F:\\rec,,CM-06\\Data,SM4_20240501_060000.wav,0,9,0.5,,Noise,\n"
)


def written(folder: Path, text: str, name: str = "labels.csv") -> Path:
    """A label file."""
    path = folder / name
    path.write_text(text)
    return path


def rows(path: Path, label_column: str | None = None) -> list[list[object]]:
    """File, times and label."""
    table = reading.read(path, label_column)
    return table[["file", "onset_s", "offset_s", "label"]].to_numpy().tolist()


def test_birdnet_as_raven_tables(tmp_path: Path) -> None:
    """The common name; the code where it is asked for."""
    path = written(tmp_path, BIRDNET_RAVEN, "x.BirdNET.selection.table.txt")
    assert reading.form(path) == "raven"
    name = "FRANKO_20260305_170100.wav"
    assert rows(path) == [[name, 6, 9, "Eurasian Blackbird"]]
    assert rows(path, "Species Code") == [[name, 6, 9, "eurbla"]]


def test_birdnet_as_csv(tmp_path: Path) -> None:
    """Over several recordings, or one for each without a file."""
    path = written(tmp_path, BIRDNET_CSV)
    name = "F:\\rec\\FRANKO_20260305_170100.wav"
    assert rows(path) == [[name, 6, 9, "Eurasian Blackbird"], [name, 18, 21, "Redwing"]]
    assert [row[-1] for row in rows(path, "Scientific name")] == ["Turdus merula", "Turdus iliacus"]
    lines = [line.rsplit(",", 1)[0] for line in BIRDNET_CSV.splitlines()]
    path = written(tmp_path, "\n".join(lines) + "\n")
    assert rows(path)[0] == ["", 6, 9, "Eurasian Blackbird"]
    path = written(tmp_path, lines[0] + "\n")
    assert not len(reading.read(path))


def test_kaleidoscope_what_a_person_wrote_counts(tmp_path: Path) -> None:
    """Where nobody looked, what the program says is uncertain; if nobody did at all, it counts."""
    path = written(tmp_path, KALEIDOSCOPE)
    assert reading.form(path) == "kaleidoscope"
    name = "F:/rec/CM-06/Data/SM4_20240501_060000.wav"
    assert rows(path) == [[name, 1.5, 3.75, "PIPNAT"], [name, 9, 9.5, "Noise"]]
    assert reading.read(path)["certain"].tolist() == [True, False]
    assert reading.named_files(path) == [name]
    assert [row[-1] for row in rows(path, "AUTO ID*")] == ["PIPPYG", "Noise"]
    path = written(tmp_path, KALEIDOSCOPE.replace("PIPNAT", ""))
    assert [row[-1] for row in rows(path)] == ["PIPPYG", "Noise"]
    assert reading.read(path)["certain"].all()
    path = written(tmp_path, KALEIDOSCOPE.replace("Noise", ""))
    with pytest.raises(DataError, match="row 3: column MANUAL ID or AUTO ID has no label"):
        reading.read(path)


def test_sections_of_avisoft_are_start_end_and_label(tmp_path: Path) -> None:
    """Separated by tabs, without a header: as a track of Audacity."""
    path = written(tmp_path, "0.1250\t0.2310\tUSV up\n0.5\t0.62\tUSV down\n", "x.txt")
    assert [row[1:] for row in rows(path)] == [[0.125, 0.231, "USV up"], [0.5, 0.62, "USV down"]]
