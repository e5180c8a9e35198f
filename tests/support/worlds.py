"""Tiny data of every kind that the stages read, and the recipe that fits each."""

import csv
from pathlib import Path

from rarewave.simulation import lunar_archive, species_clips, underwater_calls
from support import project

RECIPE = {"archive": "lunar", "calls": "calls", "one call": "calls", "clips": "species"}

# Few windows, and what is in which part.
SOUND = {**project.CALLS, "clean.background_ratio": 1.0, "clean.hop_samples": None}
CHANGES: dict[str, dict[str, object]] = {
    "archive": {"baselines.lta_s": 600, "spectrogram.n_fft": 128, "spectrogram.hop": 128},
    "calls": SOUND,
    "one call": SOUND,
    "clips": {
        "clean.sample_rate_hz": 8000, "clean.window_samples": 8000, "clean.hop_samples": 8000,
        "spectrogram.n_fft": 256, "spectrogram.hop": 256, "spectrogram.n_mels": 32,
        "spectrogram.fmax_hz": 4000, "views.frequency_mask.rows": 6, "views.row_shift.rows": 2,
        "augment.frequency_mask.rows": 6,
    },
}  # fmt: skip


def make(kind: str, folder: Path) -> None:
    """The data of a kind below `folder`, where its recipe looks for them."""
    if kind == "archive":
        lunar_archive.make_archive(folder / "data", recordings=6, hours=3.0)
    elif kind == "clips":
        species_clips.make_species(folder / "samples/species", scale=0.01)
    else:
        underwater_calls.make_calls(folder / "samples/calls", recordings=9)
    if kind == "one call":
        for path in (folder / "samples/calls/labels").glob("*.txt"):
            only(path, "Rupe A")


def only(path: Path, label: str) -> None:
    """Leave the calls of one type in a Raven table."""
    with path.open(encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream, delimiter="\t")
    kept = [row for row in rows if label in row]
    text = "".join("\t".join(row) + "\n" for row in [head, *kept])
    path.write_text(text, encoding="utf-8")
